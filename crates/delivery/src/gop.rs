//! How long the GOPs of a Feed are: what the target duration is chosen by.

use std::time::Duration;

use genlock_feed::{FeedReader, Read};
use genlock_media::{EventTime, Sample, TrackKind};

/// Measures the longest GOP among the samples it is shown.
#[derive(Debug, Default)]
pub(crate) struct GopMeter {
    /// Decoding time of the newest video sample.
    newest: Option<EventTime>,
    /// Length of the open GOP so far.
    open: Duration,
    longest: Duration,
}

impl GopMeter {
    /// A meter that has seen everything that `reader` finds in its Feed now.
    pub(crate) fn of(mut reader: FeedReader) -> Self {
        let mut meter = Self::default();
        while let Some(read) = reader.try_next() {
            if let Read::Entry(entry) = read {
                meter.note(&entry.sample);
            }
        }
        meter
    }

    pub(crate) fn note(&mut self, sample: &Sample) {
        if sample.kind() != TrackKind::Video {
            return;
        }
        let at = sample.dts_time().to_event();
        let step =
            self.newest.replace(at).map_or(Duration::ZERO, |newest| at.saturating_since(newest));
        if step > HOLE {
            self.open = Duration::ZERO;
            return;
        }
        self.open += step;
        self.longest = self.longest.max(self.open);
        if sample.is_video_sync() {
            self.open = Duration::ZERO;
        }
    }

    /// The longest GOP seen, an open one as far as it has come.
    pub(crate) const fn longest(&self) -> Duration {
        self.longest
    }
}

/// Pictures further apart are a hole in the Feed, not a long GOP.
const HOLE: Duration = Duration::from_secs(1);

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use genlock_media::{Dependency, Timescale, TrackConfig, VideoConfig};

    use super::*;

    /// 320x180, constrained baseline.
    const AVCC: &[u8] = b"\x01\x42\xc0\x0d\xff\xe1\x00\x17\x67\x42\xc0\x0d\xda\x05\x06\x7e\x7c\x04\
        \x40\x00\x00\x03\x00\x40\x00\x00\x0f\x03\xc5\x0a\xa8\x01\x00\x04\x68\xce\x0f\xc8";

    /// A picture at `at_ms` of the event clock.
    pub(crate) fn picture(at_ms: i64, sync: bool) -> Sample {
        let config = VideoConfig::from_avcc(&Bytes::from_static(AVCC)).expect("x264 wrote it");
        Sample {
            config: Arc::new(TrackConfig::Video(config)),
            dts: EventTime::from_millis(at_ms).to_media(Timescale::VIDEO).ticks,
            composition_offset: 0,
            duration: None,
            dependency: if sync { Dependency::Sync } else { Dependency::Reference },
            payload: Bytes::new(),
        }
    }

    fn longest(pictures: &[(i64, bool)]) -> u128 {
        let mut meter = GopMeter::default();
        for (at_ms, sync) in pictures {
            meter.note(&picture(*at_ms, *sync));
        }
        meter.longest().as_millis()
    }

    #[test]
    fn a_gop_lasts_from_sync_sample_to_sync_sample() {
        assert_eq!(longest(&[(0, true), (500, false), (900, true), (1300, true)]), 900);
    }

    #[test]
    fn an_open_gop_counts_as_far_as_it_has_come() {
        assert_eq!(longest(&[(0, true), (800, false), (1600, false)]), 1600);
    }

    #[test]
    fn a_hole_is_not_a_gop() {
        assert_eq!(longest(&[(0, true), (400, false), (60_000, true), (60_300, true)]), 400);
    }
}
