//! Measures a camera's input while it flows and keeps the result for whoever asks.
//!
//! One [`CameraMonitor`] lives as long as its camera, over all publish sessions. The session writes,
//! the control plane reads; the lock is held for a few counters' time.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use genlock_media::{EventTime, MediaTime, Sample, TrackConfig, TrackKind};

use crate::demux::{DemuxCounters, Notice};
use crate::health::{AudioHealth, CameraHealth, CameraState, VideoHealth, Warning, WarningCode};
use crate::limits::{ENCODER_NAME_CHARS, WARNINGS_MAX};
use crate::rate::RateWindow;
use crate::timeline::TimelineCounters;

/// A group of pictures longer than this draws a warning by default: the target duration of a playlist
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

/// What starts anew with every publish session.
#[derive(Debug, Default)]
struct Session {
    video: Track,
    audio: Track,
    last_sync: Option<MediaTime>,
    gop: Option<Duration>,
    gop_max: Option<Duration>,
    samples: u64,
    timeline: TimelineCounters,
    demux: DemuxCounters,
    warnings: Vec<Warning>,
}

#[derive(Debug, Default)]
struct Track {
    config: Option<Arc<TrackConfig>>,
    rate: RateWindow,
}

impl Default for CameraMonitor {
    fn default() -> Self {
        Self::new(GOP_LONG_DEFAULT)
    }
}

impl CameraMonitor {
    /// A monitor of a camera that nobody has published to, which warns of groups of pictures longer
    /// than `gop_long`.
    #[must_use]
    pub fn new(gop_long: Duration) -> Self {
        Self { gop_long, state: Mutex::default() }
    }

    /// The camera's health at `now`.
    #[must_use]
    pub fn health(&self, now: EventTime) -> CameraHealth {
        let state = self.lock();
        let session = &state.session;
        let video = session.video.video_health(now, session);
        let audio = session.audio.audio_health(now);
        let bits = |rate: &RateWindow| rate.bits_per_second(now);
        CameraHealth {
            state: state.camera,
            since: state.since,
            peer: state.peer,
            encoder: state.encoder.clone(),
            video,
            audio,
            bits_per_second: bits(&session.video.rate) + bits(&session.audio.rate),
            samples: session.samples,
            dropped: session.demux.dropped + session.timeline.dropped,
            timestamp_jumps: session.timeline.jumps,
            reconnects: state.sessions.saturating_sub(1),
            warnings: session.warnings.clone(),
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
        let (code, detail) = describe(notice);
        self.write(|state| state.session.warn(now, code, &detail));
    }

    /// Changes the state, unless a newer session has it.
    fn write(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.monitor.lock();
        if state.sessions == self.number {
            change(&mut state);
        }
    }
}

impl Session {
    fn sample(&mut self, now: EventTime, sample: &Sample, gop_long: Duration) {
        self.samples += 1;
        let track = match sample.kind() {
            TrackKind::Video => &mut self.video,
            TrackKind::Audio => &mut self.audio,
        };
        track.rate.note(now, sample.payload.len(), sample.dts);
        if !track.config.as_ref().is_some_and(|known| Arc::ptr_eq(known, &sample.config)) {
            track.config = Some(Arc::clone(&sample.config));
        }
        if sample.is_video_sync() {
            self.sync_sample(now, sample.pts_time(), gop_long);
        }
    }

    fn counters(&mut self, now: EventTime, timeline: TimelineCounters, demux: DemuxCounters) {
        let before = std::mem::replace(&mut self.timeline, timeline);
        self.demux = demux;
        if timeline.jumps > before.jumps {
            self.warn(now, WarningCode::TimestampJump, "the timestamps jumped");
        }
        if timeline.repeats > before.repeats {
            let detail = "video timestamps repeat or go back";
            self.warn(now, WarningCode::TimestampNotMonotonic, detail);
        }
        if timeline.shifts > before.shifts {
            let detail = "everything arrives over a second later than before";
            self.warn(now, WarningCode::DelayShift, detail);
        }
    }

    fn sync_sample(&mut self, now: EventTime, pts: MediaTime, gop_long: Duration) {
        let last = self.last_sync.replace(pts);
        let Some(last) = last else { return };
        let gop = pts.to_event().saturating_since(last.to_event());
        self.gop = Some(gop);
        self.gop_max = self.gop_max.max(Some(gop));
        self.warnings.retain(|warning| warning.code != WarningCode::GopSizeLong);
        if gop > gop_long {
            let detail = format!(
                "a key frame each {:.1} s, at most each {:.1} s is wanted",
                gop.as_secs_f64(),
                gop_long.as_secs_f64()
            );
            self.warn(now, WarningCode::GopSizeLong, &detail);
        }
    }

    fn warn(&mut self, now: EventTime, code: WarningCode, detail: &str) {
        let known = self.warnings.iter().any(|warning| warning.code == code);
        if !known && self.warnings.len() < WARNINGS_MAX {
            self.warnings.push(Warning { code, detail: detail.to_owned(), since: now });
        }
    }
}

impl Track {
    fn video_health(&self, now: EventTime, session: &Session) -> Option<VideoHealth> {
        let config = self.config.as_ref()?;
        let video = config.as_video()?;
        Some(VideoHealth {
            codec: video.codec,
            codec_string: video.codec_string.clone(),
            width: video.width,
            height: video.height,
            frames_per_second: self.rate.samples_per_second(now, config.timescale().get()),
            bits_per_second: self.rate.bits_per_second(now),
            gop: session.gop,
            gop_max: session.gop_max,
        })
    }

    fn audio_health(&self, now: EventTime) -> Option<AudioHealth> {
        let audio = self.config.as_ref()?.as_audio()?;
        Some(AudioHealth {
            codec: audio.codec,
            codec_string: audio.codec_string.clone(),
            sample_rate: audio.timescale.get(),
            channels: audio.channels,
            bits_per_second: self.rate.bits_per_second(now),
        })
    }
}

fn describe(notice: &Notice) -> (WarningCode, String) {
    match notice {
        Notice::Unsupported { track, codec } => {
            let (code, name) = match track {
                TrackKind::Video => (WarningCode::VideoCodec, "video"),
                TrackKind::Audio => (WarningCode::AudioCodec, "audio"),
            };
            (code, format!("{name} codec {codec} is not supported and ignored"))
        }
        Notice::HeaderMissing(TrackKind::Audio) => {
            (WarningCode::NoAudioHeader, "audio without a sequence header is ignored".to_owned())
        }
        Notice::HeaderMissing(TrackKind::Video) => {
            (WarningCode::NoVideoHeader, "video without a sequence header is ignored".to_owned())
        }
        Notice::BadAudioHeader(why) => {
            (WarningCode::AudioCodec, format!("audio is ignored: {why}"))
        }
        Notice::Reconfigured(track) => {
            let name = match track {
                TrackKind::Video => "video",
                TrackKind::Audio => "audio",
            };
            let detail = format!("the {name} configuration changed while publishing");
            (WarningCode::ConfigurationChanged, detail)
        }
        Notice::Multitrack(TrackKind::Video) => {
            (WarningCode::MultipleVideoStreams, "only video track 0 is used".to_owned())
        }
        Notice::Multitrack(TrackKind::Audio) => {
            (WarningCode::MultipleAudioStreams, "only audio track 0 is used".to_owned())
        }
        Notice::Malformed(why) => (WarningCode::MalformedData, format!("a tag was dropped: {why}")),
        Notice::EndlessGop => {
            let detail = "no key frame for so long that video is dropped until the next";
            (WarningCode::GopSizeLong, detail.to_owned())
        }
    }
}
