//! Where segments and parts end: the decision, as a pure function.
//!
//! The rules, in the order in which they win (positions on the [line](crate::line)):
//!
//! | at a sample that | the part ends | and the segment |
//! |---|---|---|
//! | changes the configuration | before it | ends |
//! | is a sync sample at or after the segment target | before it | ends |
//! | is a sync sample after which the next one may come too late for the target duration | before it | ends |
//! | is a sync sample at 85 % of the part target or more | before it | goes on |
//! | starts a splice, in a part that is long enough or independent | before it | goes on |
//! | starts a splice, in another part | before it | ends |
//! | would cross the part target | before the mini-GOP that it is in; if the part were shorter than 85 %, before it; or else on the target; earlier if too short a part were left of the segment | goes on |
//! | would cross the longest segment that rounds to the target duration | before it | ends, mid-GOP |
//!
//! rfc8216bis-22 §4.4.4.9: "The duration of a Partial Segment MUST be less than or equal to the Part
//! Target Duration. The duration of each Partial Segment MUST be at least 85% of the Part Target
//! Duration, with the exception of" parts that are independent, gaps, before a gap, or the last of
//! their segment. RFC 8216 §4.3.3.1: "The EXTINF duration of each Media Segment in the Playlist file,
//! when rounded to the nearest integer, MUST be less than or equal to the target duration".
//!
//! A part of whole mini-GOPs needs no picture that comes later, so a cut can be made right behind it; most
//! cameras leave room for that between 85 % and 100 % of the target.
//!
//! The last part of a segment is as long as what is left. hls.js up to 1.6 takes one of less than 100 ms for loaded
//! when the part before it is, and stands still in the hole: 80 ms remain at 25 fps of each GOP of two
//! seconds. Where the end of the segment can be foreseen, the part before it leaves more.
//!
//! A sample belongs to the part in which it starts. Where frames are so long that no frame boundary
//! lies between 85 % and 100 % of the part target, the part ends on the target and its last frame
//! hangs over into the next part, as access units of audio always do.

use std::time::Duration;

use crate::config::PackagerConfig;
use crate::limits::{LAST_PART_MIN, SPLICE_PART_MIN};
use crate::line::ticks_90k;

/// The configured lengths on the line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) part_target_90k: i64,
    part_min_90k: i64,
    pub(crate) segment_target_90k: i64,
    segment_max_90k: i64,
    splice_part_90k: i64,
}

/// What is open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position {
    pub(crate) segment_start_90k: i64,
    pub(crate) part_start_90k: i64,
    /// Where the sync sample is expected that the segment ends at.
    pub(crate) segment_end_90k: Option<i64>,
}

/// A sample of the track that leads: video if there is any.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lead {
    pub(crate) start_90k: i64,
    /// Known once the next sample is there.
    pub(crate) end_90k: Option<i64>,
    /// Decoding can start here: a segment may.
    pub(crate) starts_segment: bool,
    /// A picture that decoding can start at: a part should begin with it.
    pub(crate) sync_picture: bool,
    /// Of such a picture: how far away the next one is expected, if that is known.
    pub(crate) gop_90k: Option<i64>,
    /// It needs another init section, or follows a hole.
    pub(crate) renews: bool,
    /// Another camera's pictures begin, and viewers wait for them.
    pub(crate) splice: bool,
    /// All that comes before it in decoding order is shown before it, too.
    pub(crate) complete: bool,
}

/// What the open part begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opening {
    /// A sync sample that a splice starts with.
    Splice,
    /// Another sync sample.
    Sync,
    Inter,
}

impl Opening {
    fn of(at: Position, first: &Lead) -> Self {
        if first.start_90k > at.part_start_90k || !first.sync_picture {
            Self::Inter
        } else if first.splice {
            Self::Splice
        } else {
            Self::Sync
        }
    }
}

/// Where the open part ends, and whether its segment ends with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Part(i64),
    Segment(i64),
}

impl Rules {
    pub(crate) fn new(config: &PackagerConfig) -> Self {
        let part_target_90k = ticks_90k(config.part_target);
        Self {
            part_target_90k,
            part_min_90k: (part_target_90k * 85 + 99) / 100,
            segment_target_90k: ticks_90k(config.segment_target),
            segment_max_90k: ticks_90k(config.target_duration() + SEGMENT_OVERRUN),
            splice_part_90k: ticks_90k(SPLICE_PART_MIN),
        }
    }

    /// The end of the open part, or `None` while it cannot be told from `leads`: the samples that are
    /// in no part yet, in order, the first of them at or after the start of the part. The last one
    /// probably lasts `frame_90k`. Nothing continuous follows them if `content_end_90k` is given.
    pub(crate) fn next_cut(
        &self,
        at: Position,
        leads: impl IntoIterator<Item = Lead>,
        frame_90k: i64,
        content_end_90k: Option<i64>,
    ) -> Option<Cut> {
        let limit = self.limit(at);
        let mut opening = None;
        let (mut complete_90k, mut spacious_90k) = (None, None);
        for lead in leads {
            let opening = *opening.get_or_insert_with(|| Opening::of(at, &lead));
            // The last frame of the part before hangs over this whole part.
            if lead.start_90k > limit {
                return Some(self.cut_at(at, limit, frame_90k));
            }
            if lead.starts_segment && self.segment_starts(at, &lead) {
                return Some(Cut::Segment(lead.start_90k));
            }
            let long_enough = lead.start_90k - at.part_start_90k >= self.part_min_90k;
            if lead.sync_picture && long_enough {
                return Some(Cut::Part(lead.start_90k));
            }
            if lead.splice && lead.start_90k > at.part_start_90k {
                let start = lead.start_90k;
                let exempt = opening != Opening::Inter;
                return Some(if exempt { Cut::Part(start) } else { Cut::Segment(start) });
            }
            let shortest = at.part_start_90k + self.splice_part_90k;
            if opening == Opening::Splice && lead.start_90k >= shortest {
                return Some(Cut::Part(lead.start_90k));
            }
            if lead.complete && long_enough {
                complete_90k = Some(lead.start_90k);
            }
            let crosses = match lead.end_90k {
                Some(end) => end > limit,
                None => long_enough && lead.start_90k + frame_90k > limit + ROUNDING_90K,
            };
            if crosses {
                let whole_90k = complete_90k.unwrap_or(lead.start_90k);
                let cramped = !leaves_room(at, whole_90k) && !at.ends_at(whole_90k);
                let end_90k = spacious_90k.filter(|_| cramped).unwrap_or(whole_90k);
                return Some(self.cut_before(at, end_90k, frame_90k));
            }
            if long_enough && leaves_room(at, lead.start_90k) {
                spacious_90k = Some(lead.start_90k);
            }
        }
        let content_end_90k = content_end_90k?.max(at.part_start_90k);
        if content_end_90k > limit {
            return Some(self.cut_at(at, limit, frame_90k));
        }
        Some(Cut::Segment(content_end_90k))
    }

    /// Where the segment that starts at `segment_start_90k` probably ends: at a sync sample that comes
    /// `gop_90k` after the one at `sync_90k`, or some of them later.
    pub(crate) fn probable_end_90k(
        &self,
        segment_start_90k: i64,
        sync_90k: i64,
        gop_90k: i64,
    ) -> Option<i64> {
        let (last_90k, gop_90k) = (segment_start_90k + self.segment_max_90k, gop_90k.max(1));
        let wanted_90k = segment_start_90k + self.segment_target_90k - SEGMENT_SLACK_90K;
        let missing_90k = (wanted_90k - sync_90k - gop_90k).max(0);
        let end_90k = sync_90k + gop_90k * (1 + (missing_90k + gop_90k - 1) / gop_90k);
        // The last sync sample that the target duration leaves room for.
        let end_90k = if end_90k > last_90k { end_90k - gop_90k } else { end_90k };
        (sync_90k < end_90k && end_90k <= last_90k).then_some(end_90k)
    }

    /// The farthest that the open part may reach.
    fn limit(&self, at: Position) -> i64 {
        let part = at.part_start_90k + self.part_target_90k;
        part.min(at.segment_start_90k + self.segment_max_90k)
    }

    fn segment_starts(&self, at: Position, lead: &Lead) -> bool {
        let length = lead.start_90k - at.segment_start_90k;
        if length <= 0 {
            return false;
        }
        let long_enough = length >= self.segment_target_90k - SEGMENT_SLACK_90K;
        // A segment that closed only at the next sync sample might break the target duration.
        let next_fits = lead.gop_90k.is_some_and(|gop| length + gop <= self.segment_max_90k);
        let last_chance = lead.sync_picture && !next_fits && length >= self.part_target_90k;
        lead.renews || long_enough || last_chance
    }

    /// Ends the part before the sample at `start`, which does not fit into it whole, or as late as
    /// possible if the part were too short.
    fn cut_before(&self, at: Position, start: i64, frame_90k: i64) -> Cut {
        let length = start - at.part_start_90k;
        let last = self.limit(at) == at.segment_start_90k + self.segment_max_90k;
        let long_enough = length >= self.part_min_90k || (last && length > 0);
        self.cut_at(at, if long_enough { start } else { self.limit(at) }, frame_90k)
    }

    /// Ends the part at `end`, and the segment rather than leave no room in it for another frame.
    fn cut_at(&self, at: Position, end: i64, frame_90k: i64) -> Cut {
        let segment_end = at.segment_start_90k + self.segment_max_90k;
        let last = self.limit(at) == segment_end;
        if last || segment_end - end < frame_90k.max(self.part_target_90k / 4) {
            Cut::Segment(end)
        } else {
            Cut::Part(end)
        }
    }
}

impl Position {
    /// The segment is expected to end at `place_90k`, give or take the rounding of times.
    fn ends_at(&self, place_90k: i64) -> bool {
        self.segment_end_90k.is_some_and(|end_90k| (end_90k - place_90k).abs() <= ROUNDING_90K)
    }
}

/// A part of the segment that is long enough for all players can follow one that ends at `end_90k`.
fn leaves_room(at: Position, end_90k: i64) -> bool {
    at.segment_end_90k.is_none_or(|segment_end_90k| {
        let left_90k = segment_end_90k - end_90k;
        left_90k < 0 || left_90k >= ticks_90k(LAST_PART_MIN)
    })
}

/// How far a segment may exceed the target duration: 4.4 s rounds to 4.
const SEGMENT_OVERRUN: Duration = Duration::from_millis(400);
/// A sync sample this much (50 ms) before the segment target is taken: encoders' clocks drift and RTMP
/// rounds to milliseconds, and waiting would double the segment.
const SEGMENT_SLACK_90K: i64 = 4_500;
/// A frame is only expected to cross the part target when it would by more than 1.5 ms: the error of
/// a difference of two times that RTMP rounded to milliseconds, and some.
const ROUNDING_90K: i64 = 135;

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: i64 = 3_000;

    fn rules() -> Rules {
        Rules::new(&PackagerConfig::new("s", 0, 0))
    }

    fn frames(from: i64, count: i64, frame: i64, sync_at: &[i64]) -> Vec<Lead> {
        let lead = |index: i64| {
            let start_90k = from + index * frame;
            let sync = sync_at.contains(&start_90k);
            Lead {
                start_90k,
                end_90k: (index + 1 < count).then_some(start_90k + frame),
                starts_segment: sync,
                sync_picture: sync,
                gop_90k: Some(180_000),
                renews: false,
                splice: false,
                complete: true,
            }
        };
        (0..count).map(lead).collect()
    }

    fn cut(segment: i64, part: i64, leads: Vec<Lead>, frame: i64) -> Option<Cut> {
        let at =
            Position { segment_start_90k: segment, part_start_90k: part, segment_end_90k: None };
        rules().next_cut(at, leads, frame, None)
    }

    #[test]
    fn a_part_of_whole_frames_ends_when_the_next_frame_arrives() {
        assert_eq!(cut(0, 0, frames(0, 15, FRAME, &[0]), FRAME), None);
        assert_eq!(cut(0, 0, frames(0, 16, FRAME, &[0]), FRAME), Some(Cut::Part(45_000)));
    }

    #[test]
    fn a_frame_that_will_cross_is_not_waited_for() {
        // 25 fps: the 13th frame would end at 520 ms.
        let frame = 3_600;
        assert_eq!(cut(0, 0, frames(0, 12, frame, &[0]), frame), None);
        assert_eq!(cut(0, 0, frames(0, 13, frame, &[0]), frame), Some(Cut::Part(12 * frame)));
    }

    #[test]
    fn a_part_that_would_be_too_short_ends_on_the_target() {
        // 5 fps: 400 ms are 80 %, 600 ms are too long.
        let frame = 18_000;
        assert_eq!(cut(0, 0, frames(0, 4, frame, &[0]), frame), Some(Cut::Part(45_000)));
    }

    /// With B-frames: the last picture of each mini-GOP comes first.
    #[test]
    fn a_part_ends_with_a_mini_gop_where_one_ends_late_enough() {
        for (mini, first, ends_at) in
            [(3, 1, 13), (3, 0, 15), (4, 1, 13), (4, 2, 14), (7, 5, 15), (1, 0, 15)]
        {
            let mut leads = frames(0, 16, FRAME, &[]);
            for (index, lead) in leads.iter_mut().enumerate() {
                lead.complete = index % mini == first;
            }
            assert_eq!(cut(0, 0, leads, FRAME), Some(Cut::Part(ends_at * FRAME)), "{mini} {first}");
        }
    }

    /// 25 fps, a GOP of two seconds: four parts of 480 ms leave 80 ms.
    #[test]
    fn the_part_before_the_last_leaves_enough_for_it() {
        let frame = 3_600;
        let end_of = |part_start: i64, segment_end_90k| {
            let at = Position { segment_start_90k: 0, part_start_90k: part_start, segment_end_90k };
            rules().next_cut(at, frames(part_start, 13, frame, &[]), frame, None)
        };
        let segment = Some(50 * frame);
        assert_eq!(end_of(36 * frame, None), Some(Cut::Part(48 * frame)));
        assert_eq!(end_of(36 * frame, segment), Some(Cut::Part(47 * frame)), "120 ms are left");
        assert_eq!(end_of(24 * frame, segment), Some(Cut::Part(36 * frame)), "another part fits");
        assert_eq!(end_of(38 * frame, segment), Some(Cut::Part(50 * frame)), "nothing is left");
    }

    #[test]
    fn the_end_of_a_segment_is_foreseen() {
        // Segments of 2 s, at most 4.4 s.
        for (sync, gop, end) in [
            (0, 180_000, Some(180_000)),
            (0, 90_000, Some(180_000)),
            (90_000, 90_000, Some(180_000)),
            (0, 45_000, Some(180_000)),
            (0, 126_000, Some(252_000)),
            (0, 360_000, Some(360_000)),
            (0, 400_000, None),
            (100_000, 360_000, None),
        ] {
            assert_eq!(rules().probable_end_90k(0, sync, gop), end, "{sync} {gop}");
        }
    }

    #[test]
    fn a_frame_may_hang_over_whole_parts() {
        // 0.8 fps: frames at 0, 1.25 s, 2.5 s.
        let frame = 112_500;
        assert_eq!(cut(0, 0, frames(0, 2, frame, &[0]), frame), Some(Cut::Part(45_000)));
        for part_start in [45_000, 90_000] {
            let found = cut(0, part_start, frames(112_500, 2, frame, &[]), frame);
            assert_eq!(found, Some(Cut::Part(part_start + 45_000)));
        }
    }

    #[test]
    fn content_ends_its_segment_where_it_ends_but_parts_keep_their_length() {
        let at = Position { segment_start_90k: 0, part_start_90k: 45_000, segment_end_90k: None };
        let end = |end| rules().next_cut(at, frames(45_000, 2, FRAME, &[]), FRAME, Some(end));
        assert_eq!(end(51_000), Some(Cut::Segment(51_000)));
        assert_eq!(end(45_000), Some(Cut::Segment(45_000)));
        assert_eq!(end(100_000), Some(Cut::Part(90_000)));
    }

    #[test]
    fn a_segment_ends_at_the_sync_sample_at_its_target() {
        let leads = frames(135_000, 16, FRAME, &[180_000]);
        assert_eq!(cut(0, 135_000, leads, FRAME), Some(Cut::Segment(180_000)));
    }

    #[test]
    fn a_sync_sample_just_before_the_target_is_taken() {
        let leads = frames(134_910, 16, FRAME, &[179_910]);
        assert_eq!(cut(0, 134_910, leads, FRAME), Some(Cut::Segment(179_910)));
    }

    #[test]
    fn an_early_sync_sample_stays_inside_and_starts_a_part_if_the_part_is_long_enough() {
        let leads = frames(45_000, 16, FRAME, &[45_000 + 14 * FRAME]);
        assert_eq!(cut(0, 45_000, leads, FRAME), Some(Cut::Part(45_000 + 14 * FRAME)));
        let leads = frames(45_000, 16, FRAME, &[45_000 + 5 * FRAME]);
        assert_eq!(cut(0, 45_000, leads, FRAME), Some(Cut::Part(90_000)));
    }

    #[test]
    fn a_sync_sample_is_taken_when_the_next_may_come_too_late() {
        for gop_90k in [None, Some(360_000)] {
            let mut leads = frames(90_000, 16, FRAME, &[90_000 + 5 * FRAME]);
            leads[5].gop_90k = gop_90k;
            assert_eq!(cut(0, 90_000, leads, FRAME), Some(Cut::Segment(90_000 + 5 * FRAME)));
        }
    }

    #[test]
    fn without_a_sync_sample_the_segment_ends_mid_gop_and_still_rounds_to_the_target_duration() {
        let leads = frames(360_000, 16, FRAME, &[]);
        assert_eq!(cut(0, 360_000, leads, FRAME), Some(Cut::Segment(396_000)));
    }
}
