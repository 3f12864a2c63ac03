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
