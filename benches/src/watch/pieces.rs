//! Which parts and segments a viewer downloads, and where it starts. Pure.

use crate::playlist::{Media, Position, Segment};

/// A part or segment to download.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Piece<'a> {
    /// Where it stands; a whole segment is at part 0.
    pub(super) position: Position,
    /// Reference to it.
    pub(super) uri: &'a str,
    /// Duration in seconds.
    pub(super) duration: f64,
    /// The init section it needs.
    pub(super) map: Option<&'a str>,
    /// Whether there is nothing to download.
    pub(super) gap: bool,
}

/// Pieces of a playlist from a position on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Listed<'a> {
    /// In order.
    pub(super) pieces: Vec<Piece<'a>>,
    /// Where the next playlist continues.
    pub(super) next: Position,
    /// Segments that were wanted and are no longer listed, or no longer part by part.
    pub(super) skipped: u64,
}

/// Where a new viewer starts: at least the hold-back away from the edge, on a part that can start.
pub(super) fn start(media: &Media, low_latency: bool, distance_s: f64) -> Position {
    let mut collected = 0.0;
    let mut earliest = Position { msn: media.media_sequence, part: 0 };
    for segment in media.segments.iter().rev() {
        if !low_latency || segment.parts.is_empty() {
            earliest = Position { msn: segment.msn, part: 0 };
            if segment.uri.is_some() {
                collected += segment.duration;
            }
            if collected >= distance_s {
                break;
            }
            continue;
        }
        for (index, part) in segment.parts.iter().enumerate().rev() {
            collected += part.duration;
            earliest = Position { msn: segment.msn, part: index };
            if collected >= distance_s && (part.independent || index == 0) {
                return earliest;
            }
        }
    }
    earliest
}

/// What is listed from `next` on.
pub(super) fn listed_from(media: &Media, next: Position, low_latency: bool) -> Listed<'_> {
    let mut listed = Listed { pieces: Vec::new(), next, skipped: 0 };
    for segment in media.segments.iter().filter(|segment| segment.msn >= next.msn) {
        listed.skipped += segment.msn.saturating_sub(listed.next.msn);
        let first = if segment.msn == listed.next.msn { listed.next.part } else { 0 };
        match low_latency && !segment.parts.is_empty() {
            true => listed.pieces.extend(parts(segment, first)),
            false if first > 0 => listed.skipped += 1,
            false => listed.pieces.extend(whole(segment)),
        }
        listed.next = match &segment.uri {
            Some(_) => Position { msn: segment.msn + 1, part: 0 },
            None if low_latency => Position { msn: segment.msn, part: segment.parts.len() },
            None => Position { msn: segment.msn, part: 0 },
        };
    }
    listed
}

fn parts(segment: &Segment, first: usize) -> impl Iterator<Item = Piece<'_>> {
    segment.parts.iter().enumerate().skip(first).map(|(index, part)| Piece {
        position: Position { msn: segment.msn, part: index },
        uri: &part.uri,
        duration: part.duration,
        map: segment.map.as_deref(),
        gap: part.gap || segment.gap,
    })
}

fn whole(segment: &Segment) -> Option<Piece<'_>> {
    Some(Piece {
        position: Position { msn: segment.msn, part: 0 },
        uri: segment.uri.as_deref()?,
        duration: segment.duration,
        map: segment.map.as_deref(),
        gap: segment.gap,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playlist::{Playlist, parse};

    /// Segments 5 (no parts), 6 (parts 0 to 3) and the open 7 (part 0), half a second a part, two a segment.
    const PLAYLIST: &str = r#"#EXTM3U
#EXT-X-TARGETDURATION:2
#EXT-X-PART-INF:PART-TARGET=0.5
#EXT-X-MEDIA-SEQUENCE:5
#EXTINF:2,
s5
#EXT-X-PART:DURATION=0.5,URI="s6.0",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.5,URI="s6.1"
#EXT-X-PART:DURATION=0.5,URI="s6.2",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.5,URI="s6.3"
#EXTINF:2,
s6
#EXT-X-PART:DURATION=0.5,URI="s7.0",INDEPENDENT=YES
"#;

    fn media() -> Media {
        match parse(PLAYLIST).unwrap() {
            Playlist::Media(media) => media,
            other => panic!("{other:?}"),
        }
    }

    fn at(msn: u64, part: usize) -> Position {
        Position { msn, part }
    }

    fn uris<'a>(listed: &Listed<'a>) -> Vec<&'a str> {
        listed.pieces.iter().map(|piece| piece.uri).collect()
    }

    #[test]
    fn a_viewer_starts_on_an_independent_part_behind_the_hold_back() {
        let media = media();
        assert_eq!(start(&media, true, 0.5), at(7, 0));
        assert_eq!(start(&media, true, 1.5), at(6, 2));
        assert_eq!(start(&media, true, 2.0), at(6, 0));
        assert_eq!(start(&media, true, 4.5), at(5, 0));
        assert_eq!(start(&media, true, 60.0), at(5, 0));
        assert_eq!(start(&media, false, 2.0), at(6, 0));
        assert_eq!(start(&media, false, 3.0), at(5, 0));
    }

    #[test]
    fn parts_are_taken_where_they_are_listed_and_segments_elsewhere() {
        let media = media();
        let all = listed_from(&media, at(5, 0), true);
        assert_eq!(uris(&all), ["s5", "s6.0", "s6.1", "s6.2", "s6.3", "s7.0"]);
        assert_eq!((all.next, all.skipped), (at(7, 1), 0));
        let rest = listed_from(&media, at(6, 3), true);
        assert_eq!(uris(&rest), ["s6.3", "s7.0"]);
        let none = listed_from(&media, at(7, 1), true);
        assert_eq!((uris(&none).len(), none.next), (0, at(7, 1)));
    }

    #[test]
    fn a_plain_viewer_takes_whole_segments() {
        let media = media();
        let all = listed_from(&media, at(5, 0), false);
        assert_eq!(uris(&all), ["s5", "s6"]);
        assert_eq!(all.next, at(7, 0));
        assert_eq!(uris(&listed_from(&media, at(7, 0), false)).len(), 0);
    }

    #[test]
    fn what_fell_out_of_the_window_is_skipped() {
        let media = media();
        let listed = listed_from(&media, at(3, 2), true);
        assert_eq!((listed.skipped, uris(&listed).first().copied()), (2, Some("s5")));
        let listed = listed_from(&media, at(5, 1), true);
        assert_eq!((listed.skipped, uris(&listed).first().copied()), (1, Some("s6.0")));
    }
}
