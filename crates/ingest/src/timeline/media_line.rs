//! The media line: both tracks' timestamps unwrapped and freed of jumps.
//!
//! A publisher's timestamps may jump (an encoder restarts at 0, a phone sets its clock), and the two
//! tracks of some publishers have different origins. Each track therefore carries a correction. A
//! jump changes the correction of the track that jumped so that its line goes on where the event
//! clock stands; when the other track follows with the same jump it takes the same correction, so that
//! sound and picture stay together.

use genlock_media::{EventTime, TrackKind};

use super::unwrap::Unwrapper;

/// A step back that is a jump. Smaller ones are repeated or shuffled timestamps.
const BACKWARD_JUMP_MICROS: i64 = 200_000;
/// A step forward that is a jump, if it also lands this far in the future: a publisher that paused,
/// or dropped pictures while the network was slow, steps forward too, but only up to the present.
const FORWARD_JUMP_MICROS: i64 = 1_000_000;
/// How far the first access unit of the second track may lie from where the first track stands before
/// the tracks are taken to have different origins; also the tolerance for following a jump.
const SAME_ORIGIN_MICROS: i64 = 1_000_000;

/// The smallest step of an RTMP timestamp.
const TICK_MICROS: i64 = 1_000;

/// Unwraps timestamps and takes jumps out of them.
#[derive(Debug, Default)]
pub(super) struct MediaLine {
    unwrapper: Unwrapper,
    video: Track,
    audio: Track,
}

#[derive(Debug, Clone, Copy, Default)]
struct Track {
    correction: i64,
    last: Option<Arrival>,
}

#[derive(Debug, Clone, Copy)]
struct Arrival {
    media: i64,
    at: EventTime,
}

/// Where an access unit stands on the media line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    /// Microseconds.
    pub(super) media: i64,
    pub(super) step: Step,
}

/// How it relates to the one before it on its track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It is the first, or later.
    Onward,
    /// It has the same timestamp, or one that is earlier by less than a jump.
    Repeated,
    /// Its timestamp jumped; the line did not.
    Jumped,
}

impl Track {
    /// Where the track stands by now, if it arrives on time.
    fn expected(&self, now: EventTime) -> Option<i64> {
        let last = self.last?;
        Some(last.media.saturating_add(now.as_micros().saturating_sub(last.at.as_micros())))
    }
}

impl MediaLine {
    /// Places a timestamp. `offset` is event time minus media time as far as it is known.
    pub(super) fn place(
        &mut self,
        now: EventTime,
        kind: TrackKind,
        timestamp: u32,
        offset: Option<i64>,
    ) -> Placed {
        let raw = self.unwrapper.unwrap(timestamp).saturating_mul(TICK_MICROS);
        let (track, other) = match kind {
            TrackKind::Video => (&mut self.video, self.audio),
            TrackKind::Audio => (&mut self.audio, self.video),
        };
        let placed = match track.last {
            None => {
                track.correction = first_correction(raw, now, &other);
                Placed { media: raw.saturating_add(track.correction), step: Step::Onward }
            }
            Some(last) => {
                let media = raw.saturating_add(track.correction);
                let step = classify(media, last.media, now, offset);
                if step == Step::Jumped {
                    let present = offset.map_or(last.media, |o| now.as_micros().saturating_sub(o));
                    let resumed = present.max(last.media.saturating_add(TICK_MICROS));
                    track.correction = resumed_correction(raw, resumed, now, &other);
                    Placed { media: raw.saturating_add(track.correction), step }
                } else {
                    Placed { media, step }
                }
            }
        };
        track.last = Some(Arrival { media: placed.media, at: now });
        placed
    }
}

fn classify(media: i64, last: i64, now: EventTime, offset: Option<i64>) -> Step {
    let step = media.saturating_sub(last);
    let ahead =
        offset.map_or(step, |offset| media.saturating_add(offset).saturating_sub(now.as_micros()));
    if step < -BACKWARD_JUMP_MICROS || (step > FORWARD_JUMP_MICROS && ahead > FORWARD_JUMP_MICROS) {
        Step::Jumped
    } else if step <= 0 {
        Step::Repeated
    } else {
        Step::Onward
    }
}

/// The correction for the first access unit of a track.
fn first_correction(raw: i64, now: EventTime, other: &Track) -> i64 {
    match other.expected(now) {
        None => 0,
        Some(expected) if follows(raw, other.correction, expected) => other.correction,
        Some(expected) => expected.saturating_sub(raw),
    }
}

/// The correction after a jump that should land at `resumed`.
fn resumed_correction(raw: i64, resumed: i64, now: EventTime, other: &Track) -> i64 {
    match other.expected(now) {
        Some(expected) if follows(raw, other.correction, expected) => other.correction,
        _ => resumed.saturating_sub(raw),
    }
}

fn follows(raw: i64, correction: i64, expected: i64) -> bool {
    raw.saturating_add(correction).saturating_sub(expected).saturating_abs() <= SAME_ORIGIN_MICROS
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlock_media::TrackKind::{Audio, Video};

    fn place(line: &mut MediaLine, at_ms: i64, kind: TrackKind, timestamp: u32) -> Placed {
        // The event clock runs 1000 s ahead of the media line.
        let now = EventTime::from_millis(1_000_000 + at_ms);
        line.place(now, kind, timestamp, Some(1_000_000_000))
    }

    #[test]
    fn tracks_with_one_origin_keep_their_timestamps() {
        let mut line = MediaLine::default();
        assert_eq!(place(&mut line, 10, Video, 0).media, 0);
        assert_eq!(place(&mut line, 12, Audio, 23).media, 23_000);
        assert_eq!(place(&mut line, 45, Video, 33).media, 33_000);
    }

    #[test]
    fn tracks_with_different_origins_are_joined_by_arrival() {
        let mut line = MediaLine::default();
        place(&mut line, 0, Video, 3_600_000);
        let audio = place(&mut line, 5, Audio, 0);
        assert_eq!(audio, Placed { media: 3_600_005_000, step: Step::Onward });
        assert_eq!(place(&mut line, 26, Audio, 21).media, 3_600_026_000);
    }

    #[test]
    fn a_restart_at_zero_goes_on_at_the_present_and_keeps_the_tracks_together() {
        let mut line = MediaLine::default();
        place(&mut line, 100_000, Video, 100_000);
        place(&mut line, 100_000, Audio, 100_000);
        let video = place(&mut line, 100_040, Video, 0);
        assert_eq!(video, Placed { media: 100_040_000, step: Step::Jumped });
        // A last access unit with the old timestamps may still follow.
        assert_eq!(place(&mut line, 100_045, Audio, 100_021).step, Step::Onward);
        let audio = place(&mut line, 100_060, Audio, 5);
        assert_eq!(audio, Placed { media: 100_045_000, step: Step::Jumped });
    }

    #[test]
    fn a_jump_into_the_future_is_taken_out() {
        let mut line = MediaLine::default();
        place(&mut line, 0, Video, 0);
        let jumped = place(&mut line, 33, Video, 3_600_033);
        assert_eq!(jumped, Placed { media: 33_000, step: Step::Jumped });
    }

    #[test]
    fn a_pause_of_the_publisher_is_not_a_jump() {
        let mut line = MediaLine::default();
        place(&mut line, 0, Video, 0);
        assert_eq!(place(&mut line, 9_000, Video, 9_000).step, Step::Onward);
    }

    #[test]
    fn pictures_dropped_while_the_network_stalled_are_not_a_jump() {
        let mut line = MediaLine::default();
        place(&mut line, 0, Video, 0);
        assert_eq!(place(&mut line, 9_000, Video, 33).step, Step::Onward);
        assert_eq!(place(&mut line, 9_001, Video, 8_900).step, Step::Onward);
    }

    #[test]
    fn equal_and_slightly_earlier_timestamps_are_repeats() {
        let mut line = MediaLine::default();
        place(&mut line, 186, Video, 186);
        assert_eq!(place(&mut line, 190, Video, 186).step, Step::Repeated);
        assert_eq!(place(&mut line, 200, Video, 100).step, Step::Repeated);
    }
}
