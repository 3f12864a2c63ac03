//! Playlists of recordings: `EVENT` while something may be added, `VOD` after (RFC 8216 §4.3.3.5).
//!
//! Segments are byte ranges of the media files. They end at sync samples from `SEGMENT_MIN` on, and in
//! any case before `TARGET_S`, so that the target duration is known before the recording is over. What
//! was listed never changes: a segment's end depends on nothing behind it, and the newest segment of an
//! `EVENT` playlist is listed when the next one begins.

use std::fmt::Write as _;
use std::time::Duration;

use genlock_media::EventTime;

use crate::clip::Clip;
use crate::timeline::{Placed, Timeline, between_micros};

/// `EXT-X-TARGETDURATION`: longest segment in seconds.
const TARGET_S: i64 = 10;

/// Length from which on a segment ends at the next sync sample. Default 4 s: two GOPs as OBS makes them.
const SEGMENT_MIN: Duration = Duration::from_secs(4);

/// Distance of two fragments from which on players are told of a discontinuity.
const HOLE_MICROS: i64 = 100_000;

/// Fragments that follow each other in one file.
#[derive(Debug, Clone, Copy)]
struct Segment {
    first: Placed,
    last: Placed,
}

impl Segment {
    fn micros(&self) -> i64 {
        between_micros(self.first.begin, self.last.end)
    }

    /// Whether `next` belongs to it.
    fn takes(&self, next: &Placed) -> bool {
        let end = self.last.fragment.end();
        let joins = next.file == self.last.file
            && next.fragment.offset == end
            && next.init == self.last.init
            && next.shift_90k == self.last.shift_90k
            && between_micros(self.last.end, next.begin) <= HOLE_MICROS;
        let length = between_micros(self.first.begin, next.end);
        let ends = next.fragment.sync && self.micros() >= micros(SEGMENT_MIN);
        joins && !ends && length <= TARGET_S * 1_000_000
    }
}

/// The playlist of `clip`; `None` without a clip is an empty one. `is_over` says that nothing will be added to
/// the recording.
#[must_use]
pub fn render(timeline: &Timeline, clip: Option<&Clip>, is_over: bool) -> String {
    let fragments = clip.and_then(|clip| timeline.fragments().get(clip.fragments.clone()));
    let mut segments = segments(fragments.unwrap_or_default());
    if !is_over {
        segments.pop();
    }
    let kind = if is_over { "VOD" } else { "EVENT" };
    let mut text = String::with_capacity(256 + segments.len() * 80);
    let mut line = |arguments: std::fmt::Arguments<'_>| {
        writeln!(text, "{arguments}").expect("writing to a string does not fail");
    };
    line(format_args!("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{TARGET_S}"));
    line(format_args!("#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:{kind}"));
    let mut before: Option<Segment> = None;
    for segment in segments {
        let same_map = before.is_some_and(|before| before.last.init == segment.first.init);
        let breaks = before.is_some_and(|before| is_break(timeline, &before.last, &segment.first));
        if breaks {
            line(format_args!("#EXT-X-DISCONTINUITY"));
        }
        if !same_map && let Some(placed) = timeline.inits().get(segment.first.init) {
            let (file, bytes, offset) = (placed.file, placed.init.bytes, placed.init.offset);
            line(format_args!("#EXT-X-MAP:URI=\"{file}.mp4\",BYTERANGE=\"{bytes}@{offset}\""));
        }
        if before.is_none() || breaks {
            let date = date_time(timeline.zero_unix_micros(), segment.first.begin);
            line(format_args!("#EXT-X-PROGRAM-DATE-TIME:{date}"));
        }
        let Placed { file, fragment: first, .. } = segment.first;
        let last = segment.last.fragment;
        let bytes = last.end().saturating_sub(first.offset);
        let length = segment.micros().max(1);
        line(format_args!("#EXTINF:{}.{:06},", length / 1_000_000, length % 1_000_000));
        line(format_args!("#EXT-X-BYTERANGE:{bytes}@{}\n{file}.mp4", first.offset));
        before = Some(segment);
    }
    if is_over {
        line(format_args!("#EXT-X-ENDLIST"));
    }
    text
}

fn segments(fragments: &[Placed]) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    for &placed in fragments {
        match segments.last_mut() {
            Some(open) if open.takes(&placed) => open.last = placed,
            _ => segments.push(Segment { first: placed, last: placed }),
        }
    }
    segments
}

/// Whether players must be told that `next` does not follow `last` (RFC 8216 §4.3.2.3). Another file with
/// an init section of the same bytes is no change. Clips of a re-cut are shown at other times than the media says.
fn is_break(timeline: &Timeline, last: &Placed, next: &Placed) -> bool {
    let crc = |placed: &Placed| timeline.inits().get(placed.init).map(|init| init.init.crc);
    between_micros(last.end, next.begin) > HOLE_MICROS
        || next.shift_90k != last.shift_90k
        || crc(last) != crc(next)
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

/// RFC 3339 in UTC with milliseconds.
#[must_use]
pub fn date_time(zero_unix_micros: i64, at: EventTime) -> String {
    let unix = zero_unix_micros.saturating_add(at.as_micros());
    let (seconds, micros) = (unix.div_euclid(1_000_000), unix.rem_euclid(1_000_000));
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let millis = micros / 1000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// The date of a day counted from 1970-01-01, in the proleptic Gregorian calendar: eras of 400 years, and
/// years that begin in March, so that the leap day is the last.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        let check = |unix: i64, expect: &str| {
            assert_eq!(date_time(unix * 1_000_000, EventTime::from_millis(7)), expect);
        };
        check(0, "1970-01-01T00:00:00.007Z");
        check(951_782_400, "2000-02-29T00:00:00.007Z");
        check(1_764_104_406, "2025-11-25T21:00:06.007Z");
        check(4_107_542_399, "2100-02-28T23:59:59.007Z");
        check(4_107_542_400, "2100-03-01T00:00:00.007Z");
    }
}
