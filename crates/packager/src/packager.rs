//! The packager: samples in, snapshots out.

use std::sync::Arc;

use genlock_media::{EventTime, Sample, TrackConfig};

use crate::config::PackagerConfig;
use crate::intake::Dropped;
use crate::mux::MuxError;
use crate::publisher::Publisher;
use crate::segmenter::Segmenter;
use crate::snapshot::Snapshot;

/// Turns one Feed's samples into LL-HLS and, once wanted, MPEG-TS HLS.
///
/// Sans-IO: time is passed in, [`Packager::poll_timeout`] says when
/// [`Packager::handle_timeout`] wants to be called, and after each call [`Packager::snapshot`] is
/// what viewers are to see. A snapshot that is another `Arc` than the last one has something new.
/// Samples of both tracks may come in any interleaving, each track in decoding order.
#[derive(Debug)]
pub struct Packager {
    segmenter: Segmenter,
    publisher: Publisher,
    snapshot: Arc<Snapshot>,
}

/// What is known of a cut when its first picture comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// When the new camera's pictures are back on the event clock: where that is later than the first of
    /// them, those before it may be moved.
    pub settled: EventTime,
    /// The configuration of the sound that follows up to half a second behind the cut, if it may be another. Where
    /// it is, the segment ends at the cut, and the old sound up to the change goes into it, so that no sound is
    /// lost.
    pub sound: Option<Arc<TrackConfig>>,
}

/// What did not go well so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackagerStats {
    /// Samples that did not get into a part.
    pub dropped: Dropped,
    /// Parts, init sections and MPEG-TS segments that could not be written.
    pub mux_failures: u64,
    /// Why the last of them could not.
    pub last_mux_failure: Option<MuxError>,
}

impl Packager {
    /// A packager that has published nothing. `now` is the event clock's time.
    #[must_use]
    pub fn new(config: PackagerConfig, now: EventTime) -> Self {
        let config = config.normalised();
        let publisher = Publisher::new(&config);
        let snapshot = Arc::new(publisher.snapshot());
        let mut packager = Self { segmenter: Segmenter::new(&config), publisher, snapshot };
        packager.handle_timeout(now);
        packager
    }

    /// Takes one sample. What cannot be used is dropped and counted in [`Packager::stats`].
    pub fn push(&mut self, now: EventTime, sample: Sample) {
        if self.publisher.is_over_budget() {
            self.segmenter.refuse(&sample);
            self.segmenter.advance(now);
        } else {
            self.segmenter.push(now, sample);
        }
        self.publish(now);
    }

    /// Takes a sync sample with which another camera's pictures begin, as somebody has cut. It begins a
    /// part, and that is published as soon as it can be.
    pub fn splice(&mut self, now: EventTime, sample: Sample, splice: Splice) {
        if self.publisher.is_over_budget() {
            self.push(now, sample);
            return;
        }
        self.segmenter.splice(now, sample, splice);
        self.publish(now);
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: EventTime) {
        self.segmenter.advance(now);
        self.publish(now);
    }

    /// When [`Packager::handle_timeout`] is to be called if no sample arrives before.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<EventTime> {
        self.segmenter.wake()
    }

    /// Makes MPEG-TS from now on, and of the segments that are listed. Calling it again does nothing.
    pub fn enable_ts(&mut self) {
        if !self.publisher.ts_enabled() {
            self.publisher.enable_ts();
            self.snapshot = Arc::new(self.publisher.snapshot());
        }
    }

    /// Publishes what is there and closes the playlists with `EXT-X-ENDLIST`. Samples that come later
    /// are dropped.
    pub fn end(&mut self, now: EventTime) {
        self.segmenter.end(now);
        self.publisher.end();
        while let Some(step) = self.segmenter.poll_step() {
            self.publisher.apply(now, step);
        }
        self.snapshot = Arc::new(self.publisher.snapshot());
    }

    /// What is published.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot)
    }

    /// Counters since the start.
    #[must_use]
    pub fn stats(&self) -> PackagerStats {
        let failures = self.publisher.failures();
        PackagerStats {
            dropped: self.segmenter.dropped(),
            mux_failures: failures.count,
            last_mux_failure: failures.last.clone(),
        }
    }

    fn publish(&mut self, now: EventTime) {
        let mut changed = false;
        while let Some(step) = self.segmenter.poll_step() {
            self.publisher.apply(now, step);
            changed = true;
        }
        if changed {
            self.snapshot = Arc::new(self.publisher.snapshot());
        }
    }
}
