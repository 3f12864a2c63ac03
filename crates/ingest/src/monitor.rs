//! Measures a camera's input while it flows and keeps the result for whoever asks.
//!
//! One [`CameraMonitor`] lives as long as its camera, over all publish sessions. The session writes,
//! the control plane reads; the lock is held for a few counters' time.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use genlock_media::{EventTime, Sample};

use crate::demux::{DemuxCounters, Notice};
use crate::health::{CameraHealth, CameraState};
use crate::limits::ENCODER_NAME_CHARS;
use crate::session::Session;
use crate::timeline::TimelineCounters;

/// A group of pictures longer than this is an issue by default: the target duration of a playlist
/// that was not made for longer ones.
pub const GOP_LONG_DEFAULT: Duration = Duration::from_secs(4);

/// Health of one camera's input, written by its publish sessions.
#[derive(Debug)]
pub struct CameraMonitor {
    gop_long: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    camera: CameraState,
    since: Option<EventTime>,
    peer: Option<IpAddr>,
    encoder: Option<String>,
    sessions: u64,
    last_error: Option<String>,
    session: Session,
}

impl Default for CameraMonitor {
    fn default() -> Self {
        Self::new(GOP_LONG_DEFAULT)
    }
}

impl CameraMonitor {
    /// A monitor of a camera that nobody has published to, which holds groups of pictures longer than
    /// `gop_long` to be an issue.
    #[must_use]
    pub fn new(gop_long: Duration) -> Self {
        Self { gop_long, state: Mutex::default() }
    }

    /// The camera's health at `now`.
    #[must_use]
    pub fn health(&self, now: EventTime) -> CameraHealth {
        let mut state = self.lock();
        if state.camera == CameraState::Live {
            state.session.look(now, self.gop_long);
        }
        let session = &state.session;
        CameraHealth {
            state: state.camera,
            since: state.since,
            peer: state.peer,
            encoder: state.encoder.clone(),
            video: session.video_health(now),
            audio: session.audio_health(now),
            bits_per_second: session.bits_per_second(now),
            samples: session.samples(),
            dropped: session.dropped(),
            timestamp_jumps: session.timestamp_jumps(),
            reconnects: state.sessions.saturating_sub(1),
            issues: session.issues(now),
            last_error: state.last_error.clone(),
        }
    }

    /// Opens a publish session. An older session of this camera that is still running is not heard
    /// any more.
    #[must_use]
    pub fn open(self: &Arc<Self>, peer: IpAddr) -> SessionMonitor {
        let mut state = self.lock();
        state.peer = Some(peer);
        state.encoder = None;
        state.sessions += 1;
        state.session = Session::default();
        let number = state.sessions;
        drop(state);
        SessionMonitor { monitor: Arc::clone(self), number }
    }

    /// A publish was refused, for a reason in a sentence for people.
    pub fn refused(&self, reason: &str) {
        self.lock().last_error = Some(reason.to_owned());
    }

    /// Counters are whole after every statement, so a panic elsewhere leaves them usable.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pen of one publish session.
#[derive(Debug)]
pub struct SessionMonitor {
    monitor: Arc<CameraMonitor>,
    number: u64,
}

impl SessionMonitor {
    /// What the encoder calls itself.
    pub fn encoder(&self, name: &str) {
        let short = name.chars().take(ENCODER_NAME_CHARS).collect();
        self.write(|state| state.encoder = Some(short));
    }

    /// The session ended, in error if there is a reason.
    pub fn close(self, now: EventTime, reason: Option<&str>) {
        self.write(|state| {
            if state.camera == CameraState::Live {
                state.camera = CameraState::Offline;
                state.since = Some(now);
            }
            if let Some(reason) = reason {
                state.last_error = Some(reason.to_owned());
            }
        });
    }

    pub(crate) fn sample(&self, now: EventTime, sample: &Sample) {
        let gop_long = self.monitor.gop_long;
        self.write(|state| {
            if state.camera != CameraState::Live {
                state.camera = CameraState::Live;
                state.since = Some(now);
            }
            state.session.sample(now, sample, gop_long);
        });
    }

    pub(crate) fn counters(
        &self,
        now: EventTime,
        timeline: TimelineCounters,
        demux: DemuxCounters,
    ) {
        self.write(|state| state.session.counters(now, timeline, demux));
    }

    pub(crate) fn notice(&self, now: EventTime, notice: &Notice) {
        self.write(|state| state.session.notice(now, notice));
    }

    /// Changes the state, unless a newer session has it.
    fn write(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.monitor.lock();
        if state.sessions == self.number {
            change(&mut state);
        }
    }
}
