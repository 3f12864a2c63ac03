//! One publish session's way from RTMP messages to samples: demuxer, timeline and monitor together.
//!
//! ```text
//!  message ─▶ Demuxer ─▶ Timeline ─▶ samples
//!                │           │
//!                └─ notices ─┴─ counters ─▶ CameraMonitor
//! ```
//!
//! Pure: the shell brings the messages and the time, and takes the samples to the Feed.

use bytes::Bytes;
use genlock_media::{EventTime, Sample};

use crate::demux::{DemuxCounters, DemuxError, Demuxer, Notice};
use crate::monitor::SessionMonitor;
use crate::timeline::{Timeline, TimelineCounters};
use crate::unit::Unit;

/// The core of a publish session.
///
/// After each message drain [`Intake::poll_sample`], then [`Intake::poll_notice`].
#[derive(Debug)]
pub struct Intake {
    demuxer: Demuxer,
    timeline: Timeline,
    monitor: SessionMonitor,
    reported: (TimelineCounters, DemuxCounters),
    now: EventTime,
}

impl Intake {
    /// An intake for a camera with that sync offset in microseconds.
    #[must_use]
    pub fn new(now: EventTime, sync_offset_micros: i64, monitor: SessionMonitor) -> Self {
        let timeline = Timeline::new(sync_offset_micros);
        Self { demuxer: Demuxer::new(), timeline, monitor, reported: Default::default(), now }
    }

    /// Takes the payload of a video message.
    ///
    /// # Errors
    /// When the session cannot go on.
    pub fn video(
        &mut self,
        now: EventTime,
        timestamp: u32,
        payload: &Bytes,
    ) -> Result<(), DemuxError> {
        let unit = self.demuxer.video(now, timestamp, payload)?;
        self.land(now, unit);
        Ok(())
    }

    /// Takes the payload of an audio message.
    ///
    /// # Errors
    /// When the session cannot go on.
    pub fn audio(
        &mut self,
        now: EventTime,
        timestamp: u32,
        payload: &Bytes,
    ) -> Result<(), DemuxError> {
        let unit = self.demuxer.audio(now, timestamp, payload)?;
        self.land(now, unit);
        Ok(())
    }

    /// See [`Timeline::set_sync_offset`].
    pub fn set_sync_offset(&mut self, micros: i64) {
        self.timeline.set_sync_offset(micros);
    }

    /// See [`Timeline::start_after`].
    pub fn start_after(&mut self, end: EventTime) {
        self.timeline.start_after(end);
    }

    /// What the encoder calls itself.
    pub fn encoder(&self, name: &str) {
        self.monitor.encoder(name);
    }

    /// Ends the session, in error if there is a reason.
    pub fn close(self, now: EventTime, reason: Option<&str>) {
        self.monitor.close(now, reason);
    }

    /// The next sample for the Feed.
    pub fn poll_sample(&mut self) -> Option<Sample> {
        let sample = self.timeline.poll()?;
        self.monitor.sample(self.now, &sample);
        Some(sample)
    }

    /// The next thing to log; the monitor knows it already.
    pub fn poll_notice(&mut self) -> Option<Notice> {
        let notice = self.demuxer.poll_notice()?;
        self.monitor.notice(self.now, &notice);
        Some(notice)
    }

    fn land(&mut self, now: EventTime, unit: Option<Unit>) {
        self.now = now;
        if let Some(unit) = unit {
            self.timeline.push(now, unit);
        }
        let counters = (self.timeline.counters(), self.demuxer.counters());
        if counters != self.reported {
            self.reported = counters;
            self.monitor.counters(now, counters.0, counters.1);
        }
    }
}
