//! What the API may ask and tell: [`Live`] on top of the engine.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use genlock_control_api::live::{
    AudioHealth, CameraState, CameraStatus, Change, Check, Cut, CutStyle, EventStatus, Forecast,
    Happenings, Health, Issue, Live, Opened, Pairing, PlaybackGrant, ProgramState, Severity,
    TakeError, Totals, UndoError, Undone, VideoHealth,
};
use genlock_delivery::PublicationId;
use genlock_feed::Feed;
use genlock_ingest as ingest;
use genlock_ingest::health::{CameraHealth, CameraState as IngestState};
use genlock_program as program;
use genlock_store::{CameraId, EventId, Life, ScheduledTake, ScheduledTakeId};

use super::event::LiveEvent;
use super::words::{asked_style, millis, store_id, told_cost, told_cut, told_reason, told_style};
use super::{Engine, PROGRAM, WallClock, happenings, program_publication};

#[async_trait]
impl Live for Engine {
    fn event_of(&self, camera: &CameraId) -> Option<EventId> {
        let events = self.all_events();
        events.iter().find(|event| event.camera(camera).is_some()).map(|event| event.id().clone())
    }

    fn camera(&self, event: &EventId, camera: &CameraId) -> CameraState {
        let Some(live) = self.camera(event, camera) else { return CameraState::default() };
        let health = live.health(self.clock.now());
        let status = status_of(health.state);
        let event = self.event(event);
        let on_air = event.as_ref().is_some_and(|event| {
            event.program().status().active.as_ref().and_then(store_id).as_ref() == Some(camera)
        });
        let forecast = event.as_ref().and_then(|event| self.forecast(event, &live.feed()));
        let fit = event.map(|event| self.fit(&event, &live, &health));
        let told = is_known(&health).then(|| {
            let mut told = describe(&health, self.wall);
            told.issues.extend(fit.iter().flat_map(|fit| fit.issues(self.wall)));
            told
        });
        CameraState {
            status,
            since: health.since.map(|since| self.wall.timestamp(since)),
            on_air,
            viewers: self.viewers(live.event(), camera.as_str()),
            health: told,
            forecast,
            compatibility: fit.map(|fit| fit.compatibility()),
        }
    }

    fn program(&self, event: &EventId) -> ProgramState {
        let Some(live) = self.event(event) else { return ProgramState::default() };
        let status = live.program().status();
        let active = status.active.as_ref().and_then(store_id);
        let pending = status.pending.and_then(|pending| self.cut(&pending.to, &pending.forecast));
        ProgramState {
            status: event_status(live.life().get(), active.is_some()),
            life: live.life().get(),
            viewers: self.viewers(event, PROGRAM),
            active,
            on_air_since: status.since.map(|since| self.wall.timestamp(since)),
            pending,
            intent: status.intent.as_ref().and_then(store_id),
            heard: status.heard.as_ref().and_then(store_id),
            slate: status.slate,
        }
    }

    fn pairings(&self, event: &EventId) -> Vec<Pairing> {
        self.pairs(event)
    }

    async fn take(
        &self,
        event: &EventId,
        camera: &CameraId,
        style: Option<CutStyle>,
    ) -> Result<Option<Cut>, TakeError> {
        let live = self.event(event).ok_or(TakeError::UnknownCamera)?;
        let trace = self.trace_take(&live, camera);
        let answer = live.take(camera, style.map(asked_style)).await;
        if let Some(trace) = trace {
            trace.answered(&live, &answer);
        }
        match answer {
            Ok(cut) => Ok(self.cut(&cut.to, &cut.forecast)),
            Err(program::TakeError::AlreadyOnAir(_)) => Ok(None),
            Err(program::TakeError::UnknownCamera(_)) => Err(TakeError::UnknownCamera),
            Err(program::TakeError::NotLive(_)) => Err(TakeError::NotLive),
            Err(program::TakeError::NoVideo(_)) => Err(TakeError::NoVideo),
            Err(_) => Err(TakeError::Stopped),
        }
    }

    async fn undo(&self, event: &EventId) -> Result<Undone, UndoError> {
        let live = self.event(event).ok_or(UndoError::Stopped)?;
        match live.undo().await {
            Ok(undone) => Ok(Undone {
                camera_id: store_id(&undone.to).ok_or(UndoError::Stopped)?,
                stays: undone.stays.as_ref().and_then(store_id),
            }),
            Err(program::UndoError::NothingToUndo) => Err(UndoError::NothingToUndo),
            Err(_) => Err(UndoError::Stopped),
        }
    }

    fn cancel_take(&self, event: &EventId, id: &ScheduledTakeId) -> Option<ScheduledTake> {
        self.event(event)?.scheduled().cancel(id)
    }

    fn happenings(&self, event: &EventId) -> Option<Happenings> {
        let told = self.event(event)?.program().subscribe();
        let listings = program_publication(event).and_then(|id| self.origin.listings(&id));
        Some(happenings::stream(told, listings, self.wall))
    }

    async fn apply(&self, change: Change) {
        self.follow(change).await;
    }

    fn kick(&self, event: &EventId, camera: &CameraId, ban: Duration) -> bool {
        let Some(camera) = self.camera(event, camera) else { return false };
        if !ban.is_zero() {
            camera.refuse_until(self.clock.now() + ban);
        }
        camera.disconnect("disconnected by the event's owner")
    }

    fn sign_playback(&self, grant: &PlaybackGrant) -> Option<String> {
        super::playback::sign(&self.origin, grant)
    }

    fn opened_by(&self, event: &EventId, token: &str, peer: IpAddr) -> Option<Opened> {
        super::playback::opened_by(&self.origin, event, token, peer)
    }

    fn checks(&self) -> Vec<Check> {
        Vec::new()
    }

    fn totals(&self) -> Totals {
        let now = self.clock.now();
        let mut totals = Totals::default();
        let mut viewers = 0;
        for event in self.all_events() {
            let status = event.program().status();
            totals.events_live += u64::from(status.active.is_some());
            totals.cuts += status.cuts;
            viewers += self.viewers(event.id(), PROGRAM);
            for camera in event.cameras() {
                let health = camera.health(now);
                viewers += self.viewers(event.id(), camera.id().as_str());
                totals.ingest_bytes += camera.feed().status().bytes_pushed;
                *match status_of(health.state) {
                    CameraStatus::Waiting => &mut totals.cameras_waiting,
                    CameraStatus::Live => &mut totals.cameras_live,
                    CameraStatus::Offline => &mut totals.cameras_offline,
                } += 1;
            }
        }
        Totals { viewers: Some(viewers), ..totals }
    }
}

impl Engine {
    /// What a take of the camera behind `target` that names no style would be now.
    fn forecast(&self, event: &LiveEvent, target: &Feed) -> Option<Forecast> {
        let (now, status) = (self.clock.now(), event.program().status());
        let of = |style| program::forecast(now, &event.output(), target, style, &status);
        let forecast = of(None)?;
        let clean = of(Some(program::CutStyle::Clean))?;
        Some(Forecast {
            style: told_style(forecast.style),
            wait_ms: forecast.wait.map(millis),
            clean_wait_ms: clean.wait.map(millis),
            discontinuity: told_cost(forecast.discontinuity),
            reason: told_reason(forecast.reason),
        })
    }

    /// Players that reload the playlists of `name`.
    pub(super) fn viewers(&self, event: &EventId, name: &str) -> u64 {
        let id = PublicationId::new(event.as_str(), name);
        id.map_or(0, |id| self.origin.viewers(&id) as u64)
    }

    fn cut(&self, to: &program::CameraId, forecast: &program::Forecast) -> Option<Cut> {
        Some(told_cut(store_id(to)?, forecast, self.wall))
    }
}

/// What is told of an event whose creator has decided `life`.
pub(super) const fn event_status(life: Life, on_air: bool) -> EventStatus {
    match life {
        Life::Ended => EventStatus::Ended,
        Life::Paused => EventStatus::Paused,
        Life::Open if on_air => EventStatus::Live,
        Life::Open | Life::Waiting => EventStatus::Waiting,
    }
}

pub(super) const fn status_of(state: IngestState) -> CameraStatus {
    match state {
        IngestState::Waiting => CameraStatus::Waiting,
        IngestState::Live => CameraStatus::Live,
        IngestState::Offline => CameraStatus::Offline,
    }
}

/// Whether there is something to tell: somebody has published, or was refused.
const fn is_known(health: &CameraHealth) -> bool {
    !matches!(health.state, IngestState::Waiting) || health.last_error.is_some()
}

fn describe(health: &CameraHealth, wall: WallClock) -> Health {
    Health {
        bitrate_bps: health.bits_per_second,
        peer: health.peer.map(|peer| peer.to_string()),
        video: health.video.as_ref().map(|video| VideoHealth {
            codec: video.codec_string.clone(),
            width: video.width,
            height: video.height,
            fps: video.frames_per_second,
            bitrate_bps: video.bits_per_second,
            gop_ms: video.gop.map(millis),
        }),
        audio: health.audio.as_ref().map(|audio| AudioHealth {
            codec: audio.codec_string.clone(),
            sample_rate: audio.sample_rate,
            channels: audio.channels,
            bitrate_bps: audio.bits_per_second,
        }),
        dropped: health.dropped,
        timestamp_jumps: health.timestamp_jumps,
        reconnects: health.reconnects,
        issues: health.issues.iter().map(|issue| describe_issue(issue, wall)).collect(),
        last_error: health.last_error.clone(),
    }
}

fn describe_issue(issue: &ingest::Issue, wall: WallClock) -> Issue {
    let about = issue.kind.about();
    Issue {
        kind: about.name,
        severity: match about.severity {
            ingest::Severity::Info => Severity::Info,
            ingest::Severity::Warning => Severity::Warning,
            ingest::Severity::Error => Severity::Error,
        },
        sentence: issue.sentence.clone(),
        setting: about.setting.to_owned(),
        since: wall.timestamp(issue.since),
    }
}
