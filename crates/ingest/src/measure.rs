//! What the timestamps of a session show: frame rate, B-frame depth, unsteady arrival.
//!
//! Each measure keeps a bounded past and is pure: time comes in as `now`.

use std::collections::VecDeque;
use std::time::Duration;

use genlock_media::EventTime;

/// Pictures that a frame rate is measured over: two seconds of 30 fps.
const INTERVALS: usize = 60;
/// Fewer say nothing.
const INTERVALS_MIN: usize = 20;
/// A frame rate that differs by less from the one that is known is the same: 3 %.
const RATE_TOLERANCE: f64 = 0.03;
/// For how long another frame rate must last before it is believed.
const RATE_SETTLES_AFTER: Duration = Duration::from_secs(3);
/// Pictures among which reordering is looked for: H.264 and HEVC allow 16.
const REORDER_WINDOW: usize = 16;
/// Seconds over which arrival is compared.
const JITTER_SECONDS: i64 = 10;

/// The rate that the encoder makes pictures at, whether they all arrive or not.
#[derive(Debug, Default)]
pub(crate) struct FrameRate {
    last: Option<i64>,
    /// Distances of decoding times, in ticks.
    intervals: VecDeque<i64>,
    settled: Option<(f64, EventTime)>,
    differs_since: Option<EventTime>,
}

impl FrameRate {
    /// Takes note of a picture decoded at `dts` ticks of 1/90000 s.
    pub(crate) fn note(&mut self, dts: i64) {
        let Some(last) = self.last.replace(dts) else { return };
        if self.intervals.len() == INTERVALS {
            self.intervals.pop_front();
        }
        self.intervals.push_back(dts.saturating_sub(last));
    }

    /// Believes a new rate once it lasts. To be called about once a second.
    pub(crate) fn settle(&mut self, now: EventTime) {
        let Some(rate) = self.measure() else { return };
        match self.settled {
            None => self.settled = Some((rate, now)),
            Some((known, since)) if (rate - known).abs() <= known * RATE_TOLERANCE => {
                self.settled = Some((rate, since));
                self.differs_since = None;
            }
            Some(_) => {
                let differs_since = *self.differs_since.get_or_insert(now);
                if now.saturating_since(differs_since) >= RATE_SETTLES_AFTER {
                    self.settled = Some((rate, differs_since));
                    self.differs_since = None;
                }
            }
        }
    }

    /// Pictures per second and since when it is so.
    pub(crate) const fn settled(&self) -> Option<(f64, EventTime)> {
        self.settled
    }

    /// From the mean of those intervals that are near the median, so that lost pictures do not count and
    /// rounding to milliseconds averages out.
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    fn measure(&self) -> Option<f64> {
        if self.intervals.len() < INTERVALS_MIN {
            return None;
        }
        let mut sorted: Vec<_> = self.intervals.iter().copied().collect();
        sorted.sort_unstable();
        let median = *sorted.get(sorted.len() / 2)?;
        let near = |interval: &&i64| (**interval - median).abs() <= median / 4;
        let usual: Vec<_> = sorted.iter().filter(near).collect();
        let ticks: i64 = usual.iter().copied().sum();
        (ticks > 0).then(|| usual.len() as f64 * 90_000.0 / ticks as f64)
    }
}

/// How many pictures come before one that is shown earlier than they are.
#[derive(Debug, Default)]
pub(crate) struct ReorderDepth {
    recent: VecDeque<i64>,
    depth: u8,
    seen: bool,
}

impl ReorderDepth {
    /// Takes note of a picture presented at `pts`, in decoding order.
    pub(crate) fn note(&mut self, pts: i64, is_sync: bool) {
        if is_sync {
            self.seen |= !self.recent.is_empty();
            self.recent.clear();
        }
        let later = self.recent.iter().filter(|earlier| **earlier > pts).count();
        self.depth = self.depth.max(u8::try_from(later).unwrap_or(u8::MAX));
        if self.recent.len() == REORDER_WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(pts);
    }

    /// The depth, once a whole group of pictures was seen.
    pub(crate) fn depth(&self) -> Option<u8> {
        self.seen.then_some(self.depth)
    }
}

/// By how much the delay of arrival varies.
#[derive(Debug, Default)]
pub(crate) struct Jitter {
    /// Second of arrival, least and greatest delay in microseconds.
    seconds: VecDeque<(i64, i64, i64)>,
}

impl Jitter {
    /// Takes note of a sample of event time `due` that arrived at `now`.
    pub(crate) fn note(&mut self, now: EventTime, due: EventTime) {
        let second = now.as_micros().div_euclid(1_000_000);
        let delay = now.as_micros().saturating_sub(due.as_micros());
        match self.seconds.back_mut() {
            Some((last, least, greatest)) if *last == second => {
                (*least, *greatest) = ((*least).min(delay), (*greatest).max(delay));
            }
            _ => self.seconds.push_back((second, delay, delay)),
        }
        while self.seconds.front().is_some_and(|(first, ..)| *first <= second - JITTER_SECONDS) {
            self.seconds.pop_front();
        }
    }

    /// The greatest delay less the least.
    pub(crate) fn spread(&self) -> Duration {
        let least = self.seconds.iter().map(|(_, least, _)| *least).min().unwrap_or(0);
        let greatest = self.seconds.iter().map(|(.., greatest)| *greatest).max().unwrap_or(0);
        Duration::from_micros(u64::try_from(greatest.saturating_sub(least)).unwrap_or(0))
    }

    /// What a new anchor of the timeline makes incomparable.
    pub(crate) fn forget(&mut self) {
        self.seconds.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> EventTime {
        EventTime::from_millis(seconds * 1000)
    }

    /// Feeds a second of pictures at the rate, stamped in whole milliseconds; every `lose`th is lost.
    fn second(rate: &mut FrameRate, from: i64, per_second: i64, lose: i64) {
        for index in 0..per_second {
            if lose == 0 || index % lose != 0 {
                rate.note((from * 1000 + index * 1000 / per_second) * 90);
            }
        }
        rate.settle(at(from + 1));
    }

    #[test]
    fn rounded_timestamps_and_lost_pictures_do_not_change_the_rate() {
        let mut rate = FrameRate::default();
        for from in 0..4 {
            second(&mut rate, from, 30, 0);
        }
        let (measured, since) = rate.settled().unwrap();
        assert!((measured - 30.0).abs() < 0.1, "{measured}");
        for from in 4..12 {
            second(&mut rate, from, 30, 4);
        }
        let (measured, still) = rate.settled().unwrap();
        assert!((measured - 30.0).abs() < 0.2, "{measured}");
        assert_eq!(still, since);
    }

    #[test]
    fn another_rate_is_believed_once_it_lasts() {
        let mut rate = FrameRate::default();
        for from in 0..4 {
            second(&mut rate, from, 30, 0);
        }
        for from in 4..7 {
            second(&mut rate, from, 25, 0);
            assert!((rate.settled().unwrap().0 - 30.0).abs() < 0.2, "not at {from} s");
        }
        for from in 7..11 {
            second(&mut rate, from, 25, 0);
        }
        let (measured, since) = rate.settled().unwrap();
        assert!((measured - 25.0).abs() < 0.1, "{measured}");
        assert!(since > at(4) && since < at(8), "{since:?}");
    }

    #[test]
    fn reorder_depth_of_usual_structures() {
        let depth = |order: &[i64]| {
            let mut depth = ReorderDepth::default();
            for group in [0, 100] {
                for (index, pts) in order.iter().enumerate() {
                    depth.note(group + pts, index == 0);
                }
            }
            depth.depth()
        };
        assert_eq!(depth(&[0, 1, 2, 3]), Some(0));
        assert_eq!(depth(&[0, 3, 1, 2, 6, 4, 5]), Some(1), "two B-frames that nothing refers to");
        assert_eq!(depth(&[0, 4, 2, 1, 3, 8, 6, 5, 7]), Some(2), "a pyramid");
        let mut open = ReorderDepth::default();
        open.note(0, true);
        assert_eq!(open.depth(), None, "no whole group yet");
    }

    #[test]
    fn jitter_is_the_spread_of_the_last_ten_seconds() {
        let mut jitter = Jitter::default();
        jitter.note(at(1), at(0));
        jitter.note(at(3), EventTime::from_millis(1_300));
        assert_eq!(jitter.spread(), Duration::from_millis(700));
        jitter.note(at(12), at(11));
        jitter.note(at(13), at(12));
        assert_eq!(jitter.spread(), Duration::ZERO);
    }
}
