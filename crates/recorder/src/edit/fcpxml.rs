//! FCPXML 1.9: assets and a spine of clips, times as fractions of a second, a chapter at each cut.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Clip, EditList, Media};

pub(super) fn render(edit: &EditList) -> String {
    let rate = edit.rate;
    let mut assets: BTreeMap<&str, (usize, &Media)> = BTreeMap::new();
    for media in edit.clips.iter().filter_map(|clip| clip.media.as_ref()) {
        let next = assets.len() + 2;
        assets.entry(&media.file).or_insert((next, media));
    }
    let mut text = String::from(concat!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE fcpxml>\n",
        "<fcpxml version=\"1.9\">\n  <resources>\n"
    ));
    let mut line = |arguments: std::fmt::Arguments<'_>| {
        writeln!(text, "{arguments}").expect("writing to a string does not fail");
    };
    line(format_args!("    <format id=\"r1\" frameDuration=\"{}\"/>", rate.seconds_text(1)));
    for (file, (id, media)) in &assets {
        let (name, duration) = (escaped(&media.id.to_string()), rate.seconds_text(media.length));
        let file = escaped(file);
        line(format_args!(
            "    <asset id=\"r{id}\" name=\"{name}\" start=\"0s\" duration=\"{duration}\" \
             hasVideo=\"1\" hasAudio=\"1\" format=\"r1\">"
        ));
        line(format_args!(
            "      <media-rep kind=\"original-media\" src=\"./{file}\"/>\n    </asset>"
        ));
    }
    let whole = edit.clips.last().map_or(0, |clip| clip.begin + clip.frames);
    let (title, duration) = (escaped(&edit.title), rate.seconds_text(whole));
    line(format_args!("  </resources>\n  <project name=\"{title}\">"));
    line(format_args!("    <sequence format=\"r1\" duration=\"{duration}\" tcFormat=\"NDF\">"));
    line(format_args!("      <spine>"));
    for clip in &edit.clips {
        let asset = clip.media.as_ref().and_then(|media| assets.get(media.file.as_str()));
        line(format_args!("{}", element(edit, clip, asset.map(|(id, _)| *id))));
    }
    line(format_args!("      </spine>\n    </sequence>\n  </project>\n</fcpxml>"));
    text
}

fn element(edit: &EditList, clip: &Clip, asset: Option<usize>) -> String {
    let (begin, frames) = (edit.rate.seconds_text(clip.begin), edit.rate.seconds_text(clip.frames));
    let name = escaped(&clip.name);
    let Some((media, id)) = clip.media.as_ref().zip(asset) else {
        return format!("        <gap name=\"{name}\" offset=\"{begin}\" duration=\"{frames}\"/>");
    };
    let (start, frame) = (edit.rate.seconds_text(media.offset), edit.rate.seconds_text(1));
    format!(
        "        <asset-clip ref=\"r{id}\" name=\"{name}\" offset=\"{begin}\" start=\"{start}\" \
         duration=\"{frames}\" format=\"r1\">\n          <chapter-marker start=\"{start}\" \
         duration=\"{frame}\" value=\"{name}\"/>\n        </asset-clip>"
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}
