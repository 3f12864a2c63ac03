//! When which picture of the slate leaves.

use std::sync::Arc;

use genlock_media::{Dependency, EventTime, MediaTime, Sample, Timescale};
use genlock_picture::limits::STILL_FRAMES_PER_SECOND;
use genlock_picture::still::StillGop;

use crate::limits::{COMPOSITION_SHIFT_TICKS, LATE_MAX};

/// Ticks from one picture to the next.
const FRAME_TICKS: u32 = Timescale::VIDEO.get() / STILL_FRAMES_PER_SECOND;

/// Gives the pictures of a GOP their times, over and over.
///
/// Pictures stand on a grid of the event clock: decoding times are multiples of the picture's duration,
/// whoever starts when. Drain contract: whenever [`next_at`](Self::next_at) has come, call
/// [`poll`](Self::poll) until it is empty.
#[derive(Debug)]
pub struct Pacer {
    gop: Arc<StillGop>,
    /// Place of the next picture in the GOP.
    picture: usize,
    /// Place of the next picture on the grid.
    place: i64,
}

impl Pacer {
    /// Starts with the GOP's sync sample at the first place after `now`.
    #[must_use]
    pub fn new(gop: Arc<StillGop>, now: EventTime) -> Self {
        Self { gop, picture: 0, place: first_place_after(now) }
    }

    /// Goes on with another GOP, from its sync sample.
    pub fn replace(&mut self, gop: Arc<StillGop>) {
        self.gop = gop;
        self.picture = 0;
    }

    /// When the next picture is due.
    #[must_use]
    pub fn next_at(&self) -> EventTime {
        MediaTime::new(ticks(self.place), Timescale::VIDEO).to_event()
    }

    /// The next picture, if it is due at `now`. Decoding times grow from one to the next.
    pub fn poll(&mut self, now: EventTime) -> Option<Sample> {
        if now.saturating_since(self.next_at()) > LATE_MAX {
            self.place = first_place_after(now) - 1;
            self.picture = 0;
        }
        if self.next_at() > now {
            return None;
        }
        let payload = self.gop.access_units.get(self.picture)?.clone();
        let dependency = if self.picture == 0 { Dependency::Sync } else { Dependency::Reference };
        let sample = Sample {
            config: Arc::clone(&self.gop.config),
            dts: ticks(self.place),
            composition_offset: COMPOSITION_SHIFT_TICKS,
            duration: Some(FRAME_TICKS),
            dependency,
            payload,
        };
        self.place += 1;
        self.picture = (self.picture + 1) % self.gop.access_units.len();
        Some(sample)
    }
}

fn ticks(place: i64) -> i64 {
    place.saturating_mul(i64::from(FRAME_TICKS))
}

fn first_place_after(now: EventTime) -> i64 {
    let ticks = now.to_media(Timescale::VIDEO).ticks;
    ticks.div_euclid(i64::from(FRAME_TICKS)).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use genlock_picture::{Size, card, still};
    use proptest::prelude::*;

    use super::*;

    fn gop() -> Arc<StillGop> {
        static GOP: std::sync::LazyLock<Arc<StillGop>> = std::sync::LazyLock::new(|| {
            let size = Size::near(64, 64);
            Arc::new(still::encode(&card::draw(size), size).unwrap())
        });
        Arc::clone(&GOP)
    }

    fn drain(pacer: &mut Pacer, now: EventTime) -> Vec<Sample> {
        std::iter::from_fn(|| pacer.poll(now)).collect()
    }

    fn start() -> EventTime {
        EventTime::from_millis(3_600_010)
    }

    #[test]
    fn pictures_stand_on_the_event_clocks_grid() {
        let mut pacer = Pacer::new(gop(), start());
        assert_eq!(pacer.poll(start()), None, "none before its time");
        assert_eq!(pacer.next_at(), EventTime::from_millis(3_600_040));
        let first = drain(&mut pacer, EventTime::from_millis(3_600_100));
        let times: Vec<_> = first.iter().map(|sample| sample.dts_time().to_event()).collect();
        assert_eq!(times, [3_600_040, 3_600_080].map(EventTime::from_millis));
        assert_eq!(first[0].pts_event(), EventTime::from_millis(3_600_140));
        assert_eq!(first[0].duration, Some(3_600));
    }

    #[test]
    fn every_second_begins_with_a_sync_sample() {
        let mut pacer = Pacer::new(gop(), start());
        let mut samples = Vec::new();
        for step in 1..=100 {
            samples.extend(drain(&mut pacer, start() + Duration::from_millis(40) * step));
        }
        assert_eq!(samples.len(), 100);
        for (at, sample) in samples.iter().enumerate() {
            assert_eq!(sample.is_video_sync(), at % 25 == 0, "picture {at}");
            assert_eq!(sample.payload, gop().access_units[at % 25]);
        }
    }

    #[test]
    fn another_gop_begins_with_its_sync_sample() {
        let mut pacer = Pacer::new(gop(), start());
        let before = drain(&mut pacer, start() + Duration::from_millis(400));
        pacer.replace(gop());
        let after = drain(&mut pacer, start() + Duration::from_millis(450));
        assert!(after[0].is_video_sync());
        assert_eq!(after[0].dts, before[before.len() - 1].dts + 3_600);
    }

    #[test]
    fn after_a_long_pause_it_goes_on_at_the_present() {
        let mut pacer = Pacer::new(gop(), start());
        let before = drain(&mut pacer, start() + Duration::from_millis(500));
        let late = start() + Duration::from_secs(60);
        let after = drain(&mut pacer, late);
        assert_eq!(after.len(), 1);
        assert!(after[0].is_video_sync());
        assert!(after[0].dts > before[before.len() - 1].dts);
        assert!(late.saturating_since(after[0].dts_time().to_event()) < Duration::from_millis(40));
    }

    #[test]
    fn a_new_start_goes_on_behind_the_last() {
        let now = EventTime::from_millis(3_600_040);
        let mut first = Pacer::new(gop(), start());
        let last = drain(&mut first, now).pop().unwrap();
        let mut second = Pacer::new(gop(), now);
        assert!(drain(&mut second, now + Duration::from_millis(40))[0].dts > last.dts);
    }

    proptest! {
        /// Whatever the clock does between two calls, decoding times grow, nothing is early, and what
        /// follows a sync sample is its own GOP in order.
        #[test]
        fn times_grow_and_nothing_is_early(steps in prop::collection::vec(0_u64..3_000, 1..200)) {
            let mut pacer = Pacer::new(gop(), start());
            let mut now = start();
            let mut last: Option<(i64, usize)> = None;
            for step in steps {
                now = now + Duration::from_millis(step);
                for sample in drain(&mut pacer, now) {
                    prop_assert!(sample.dts_time().to_event() <= now);
                    let at = gop().access_units.iter().position(|unit| *unit == sample.payload);
                    if let Some((dts, _)) = last {
                        prop_assert!(sample.dts > dts);
                        prop_assert!(sample.is_video_sync() || sample.dts == dts + 3_600);
                    } else {
                        prop_assert!(sample.is_video_sync());
                    }
                    last = Some((sample.dts, at.unwrap()));
                }
                prop_assert!(pacer.next_at() > now);
            }
        }
    }
}
