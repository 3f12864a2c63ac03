//! CMX3600: one track of pictures, reels of eight characters, timecode.

use std::fmt::Write as _;

use super::EditList;

/// Events of the list: the format has three digits for their number; programs read more.
pub(super) fn render(edit: &EditList) -> String {
    let mut text = format!("TITLE: {}\nFCM: NON-DROP FRAME\n\n", one_line(&edit.title));
    let mut reels: Vec<&str> = Vec::new();
    let with_media = edit.clips.iter().filter_map(|clip| Some((clip, clip.media.as_ref()?)));
    for (number, (clip, media)) in with_media.enumerate() {
        let reel = reels.iter().position(|file| *file == media.file).unwrap_or_else(|| {
            reels.push(&media.file);
            reels.len() - 1
        });
        let times =
            [media.offset, media.offset + clip.frames, clip.begin, clip.begin + clip.frames];
        let times = times.map(|frames| edit.rate.timecode(frames)).join(" ");
        let line = format_args!("{:03}  CAM{:<5} V     C        {times}", number + 1, reel + 1);
        writeln!(text, "{line}\n* FROM CLIP NAME: {}", one_line(&clip.name))
            .expect("writing to a string does not fail");
        writeln!(text, "* SOURCE FILE: {}", media.file).expect("writing to a string does not fail");
    }
    text
}

fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
