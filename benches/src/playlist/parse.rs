//! From text to playlist.

use anyhow::{Context as _, bail, ensure};

use super::attributes::attribute;
use super::{Media, Part, Playlist, Segment, Variant};

/// Reads a playlist.
///
/// # Errors
///
/// If it is no playlist, a number does not parse, or media is given by byte ranges.
pub(crate) fn parse(text: &str) -> anyhow::Result<Playlist> {
    ensure!(text.starts_with("#EXTM3U"), "not a playlist");
    if text.contains("#EXT-X-STREAM-INF:") {
        return multivariant(text).map(Playlist::Multivariant);
    }
    let mut reader = Reader::default();
    for line in text.lines().map(str::trim) {
        reader.line(line).with_context(|| line.to_owned())?;
    }
    Ok(Playlist::Media(reader.finish()))
}

fn multivariant(text: &str) -> anyhow::Result<Vec<Variant>> {
    let mut variants = Vec::new();
    let mut bandwidth = None;
    for line in text.lines().map(str::trim) {
        if let Some(list) = line.strip_prefix("#EXT-X-STREAM-INF:") {
            bandwidth = Some(attribute(list, "BANDWIDTH").unwrap_or("0").parse()?);
        } else if !line.is_empty()
            && !line.starts_with('#')
            && let Some(bandwidth) = bandwidth.take()
        {
            variants.push(Variant { bandwidth, uri: line.to_owned() });
        }
    }
    Ok(variants)
}

#[derive(Default)]
struct Reader {
    media: Media,
    skipped: u64,
    /// The segment whose tags are being read.
    current: Segment,
    map: Option<String>,
}

impl Reader {
    fn line(&mut self, line: &str) -> anyhow::Result<()> {
        if !line.starts_with('#') {
            if !line.is_empty() {
                self.end_segment(Some(line.to_owned()));
            }
            return Ok(());
        }
        let (tag, value) = line.split_once(':').unwrap_or((line, ""));
        match tag {
            "#EXT-X-TARGETDURATION" => self.media.target_duration = value.parse()?,
            "#EXT-X-MEDIA-SEQUENCE" => self.media.media_sequence = value.parse()?,
            "#EXT-X-DISCONTINUITY-SEQUENCE" => self.media.discontinuity_sequence = value.parse()?,
            "#EXT-X-PART-INF" => self.media.part_target = number(value, "PART-TARGET")?,
            "#EXT-X-SERVER-CONTROL" => self.server_control(value)?,
            "#EXT-X-SKIP" => {
                let skipped = attribute(value, "SKIPPED-SEGMENTS").context("SKIPPED-SEGMENTS")?;
                self.skipped = skipped.parse()?;
            }
            "#EXTINF" => {
                self.current.duration = value.split(',').next().unwrap_or(value).parse()?;
            }
            "#EXT-X-DISCONTINUITY" => self.current.discontinuity = true,
            "#EXT-X-GAP" => self.current.gap = true,
            "#EXT-X-MAP" => self.map = attribute(value, "URI").map(str::to_owned),
            "#EXT-X-PART" => self.part(value)?,
            "#EXT-X-PRELOAD-HINT" if attribute(value, "TYPE") == Some("PART") => {
                self.media.hint = attribute(value, "URI").map(str::to_owned);
            }
            "#EXT-X-BYTERANGE" => bail!("byte ranges are not supported"),
            "#EXT-X-ENDLIST" => self.media.ended = true,
            _ => {}
        }
        Ok(())
    }

    fn server_control(&mut self, list: &str) -> anyhow::Result<()> {
        self.media.can_block_reload = attribute(list, "CAN-BLOCK-RELOAD") == Some("YES");
        self.media.can_skip = attribute(list, "CAN-SKIP-UNTIL").is_some();
        self.media.part_hold_back = number(list, "PART-HOLD-BACK")?;
        self.media.hold_back = number(list, "HOLD-BACK")?;
        Ok(())
    }

    fn part(&mut self, list: &str) -> anyhow::Result<()> {
        ensure!(attribute(list, "BYTERANGE").is_none(), "byte ranges are not supported");
        self.current.parts.push(Part {
            duration: number(list, "DURATION")?.context("DURATION")?,
            uri: attribute(list, "URI").context("URI")?.to_owned(),
            independent: attribute(list, "INDEPENDENT") == Some("YES"),
            gap: attribute(list, "GAP") == Some("YES"),
        });
        Ok(())
    }

    fn end_segment(&mut self, uri: Option<String>) {
        let mut segment = std::mem::take(&mut self.current);
        segment.msn = self.media.media_sequence + self.skipped + self.media.segments.len() as u64;
        segment.map.clone_from(&self.map);
        segment.uri = uri;
        self.media.segments.push(segment);
    }

    fn finish(mut self) -> Media {
        if !self.current.parts.is_empty() {
            self.current.duration = self.current.parts.iter().map(|part| part.duration).sum();
            self.end_segment(None);
        }
        self.media
    }
}

fn number(list: &str, name: &str) -> anyhow::Result<Option<f64>> {
    attribute(list, name).map(|value| Ok(value.parse()?)).transpose()
}

#[cfg(test)]
mod tests {
    use super::super::Position;
    use super::*;

    const LOW_LATENCY: &str = r#"#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:4
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5,CAN-SKIP-UNTIL=24.0
#EXT-X-PART-INF:PART-TARGET=0.5
#EXT-X-MEDIA-SEQUENCE:10
#EXT-X-SKIP:SKIPPED-SEGMENTS=3
#EXT-X-MAP:URI="init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00Z
#EXTINF:2.00000,
s13.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="init2.mp4"
#EXT-X-PART:DURATION=0.5,URI="s14.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.4,URI="s14.1.m4s"
#EXTINF:0.90000,
s14.m4s
#EXT-X-PART:DURATION=0.5,URI="s15.0.m4s",INDEPENDENT=YES,GAP=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="s15.1.m4s"
"#;

    fn media(text: &str) -> Media {
        match parse(text).unwrap() {
            Playlist::Media(media) => media,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_low_latency_playlist_is_read_whole() {
        let media = media(LOW_LATENCY);
        assert!(media.is_low_latency() && media.can_skip);
        assert_eq!(media.distance_from_edge(true), 1.5);
        assert_eq!(media.distance_from_edge(false), 12.0);
        assert_eq!(media.segments.iter().map(|s| s.msn).collect::<Vec<_>>(), [13, 14, 15]);
        assert_eq!(media.segments[0].map.as_deref(), Some("init.mp4"));
        let changed = &media.segments[1];
        assert!(changed.discontinuity);
        assert_eq!(changed.map.as_deref(), Some("init2.mp4"));
        assert_eq!(changed.parts.len(), 2);
        let open = &media.segments[2];
        assert_eq!((open.uri.as_ref(), open.duration), (None, 0.5));
        assert!(open.parts[0].gap && !open.discontinuity);
        assert_eq!(media.hint.as_deref(), Some("s15.1.m4s"));
        assert_eq!(media.next_unlisted(), Position { msn: 15, part: 1 });
    }

    #[test]
    fn a_plain_playlist_waits_for_the_next_segment() {
        let media =
            media("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:2,\na.ts\n");
        assert!(!media.is_low_latency());
        assert_eq!(media.distance_from_edge(false), 6.0);
        assert_eq!(media.next_unlisted(), Position { msn: 8, part: 0 });
        let empty = parse("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:7\n").unwrap();
        let Playlist::Media(empty) = empty else { panic!() };
        assert_eq!(empty.next_unlisted(), Position { msn: 7, part: 0 });
    }

    #[test]
    fn variants_are_listed() {
        let text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=5,CODECS=\"a,b\"\nv.m3u8?x=1\n";
        let expect = Variant { bandwidth: 5, uri: "v.m3u8?x=1".to_owned() };
        assert_eq!(parse(text).unwrap(), Playlist::Multivariant(vec![expect]));
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for text in [
            "<html>",
            "#EXTM3U\n#EXT-X-TARGETDURATION:x\n",
            "#EXTM3U\n#EXT-X-BYTERANGE:5@0\n",
            "#EXTM3U\n#EXT-X-PART:DURATION=1\n",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
