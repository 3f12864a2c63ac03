//! A running system made of a few maps, which tests change at will.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use genlock_control_api::live::{
    CameraState, CameraStatus, Check, Compatibility, Cut, CutReason, CutStyle, Difference,
    Discontinuity, EventStatus, Forecast, Happening, Happenings, Health, Issue, Opened, Pairing,
    PlaybackGrant, ProgramState, Severity, TakeError, Totals, Track, UndoError, Undone, Verdict,
};
use genlock_control_api::telemetry::{
    CameraReading, EventReading, EventsReading, IssueCounts, ServerReading,
};
use genlock_control_api::thumbnails::{Jpeg, Thumbnails};
use genlock_control_api::{Change, Live, Telemetry};
use genlock_media::VideoConfig;
use genlock_store::{CameraId, EventId, Life, ScheduledTake, ScheduledTakeId, Timestamp};
use tokio::sync::{Notify, mpsc};

/// What the fake system is, changed by tests at will.
#[derive(Debug, Default)]
pub(crate) struct FakeLive {
    state: Mutex<FakeState>,
    pub(crate) changed: Notify,
}

#[derive(Debug, Default)]
pub(crate) struct FakeState {
    pub(crate) live: Vec<CameraId>,
    pub(crate) active: HashMap<EventId, CameraId>,
    pub(crate) intent: Option<CameraId>,
    pub(crate) heard: Option<CameraId>,
    /// Takes that wait for their time.
    pub(crate) scheduled: Vec<ScheduledTake>,
    /// What the next undo withdraws.
    pub(crate) undo: Option<Undone>,
    pub(crate) undo_refusal: Option<UndoError>,
    /// The styles of the takes that came, `None` for the event's.
    pub(crate) styles: Vec<Option<CutStyle>>,
    /// What [`Live::apply`] was told, in words.
    pub(crate) changes: Vec<String>,
    pub(crate) problem: Option<String>,
    /// How the next takes end, if not by what is live.
    pub(crate) refusal: Option<TakeError>,
    pub(crate) takes_hang: bool,
    pub(crate) applies_hang: bool,
    /// Where the happenings of followed events come from.
    pub(crate) tellers: HashMap<EventId, mpsc::UnboundedSender<Happening>>,
    /// What the creators have decided about events.
    pub(crate) lives: HashMap<EventId, Life>,
    /// The event of each camera.
    pub(crate) events_of: HashMap<CameraId, EventId>,
    pub(crate) playback_keys: Option<genlock_store::PlaybackKeys>,
    /// Key hashes that the system was told.
    pub(crate) key_hashes: Vec<genlock_store::SecretHash>,
}

impl FakeLive {
    pub(crate) fn state(&self) -> MutexGuard<'_, FakeState> {
        self.state.lock().unwrap()
    }
}

#[async_trait]
impl Live for FakeLive {
    fn event_of(&self, camera: &CameraId) -> Option<EventId> {
        self.state().events_of.get(camera).cloned()
    }

    fn camera(&self, _event: &EventId, camera: &CameraId) -> CameraState {
        if !self.state().live.contains(camera) {
            return CameraState::default();
        }
        CameraState {
            status: CameraStatus::Live,
            since: Some(Timestamp::from_millis(1000)),
            on_air: self.state().active.values().any(|active| active == camera),
            viewers: 2,
            health: Some(Health {
                bitrate_bps: 6_000_000,
                issues: vec![Issue {
                    kind: "gopSizeLong",
                    severity: Severity::Warning,
                    sentence: "Key frames are 8.3 s apart.".to_owned(),
                    setting: "Keyframe Interval: 2 s".to_owned(),
                    since: Timestamp::from_millis(1500),
                }],
                ..Health::default()
            }),
            forecast: Some(Forecast {
                style: CutStyle::Clean,
                wait_ms: Some(700),
                clean_wait_ms: Some(700),
                discontinuity: Discontinuity::None,
                reason: CutReason::Cadence,
            }),
            compatibility: Some(other_sound()),
        }
    }

    /// Every live camera differs from every other one in its sound; in no order.
    fn pairings(&self, _event: &EventId) -> Vec<Pairing> {
        let live = self.state().live.clone();
        let pairs = live.iter().rev().flat_map(|from| live.iter().map(move |to| (from, to)));
        pairs
            .filter(|(from, to)| from != to)
            .map(|(from, to)| Pairing {
                from: from.clone(),
                to: to.clone(),
                compatibility: other_sound(),
            })
            .collect()
    }

    fn program(&self, event: &EventId) -> ProgramState {
        let state = self.state();
        let life = state.lives.get(event).copied().unwrap_or_default();
        match state.active.get(event) {
            _ if life == Life::Ended => {
                ProgramState { status: EventStatus::Ended, life, ..ProgramState::default() }
            }
            None => ProgramState { life, ..ProgramState::default() },
            Some(camera) => ProgramState {
                status: EventStatus::Live,
                life,
                viewers: 3,
                active: Some(camera.clone()),
                on_air_since: Some(Timestamp::from_millis(2000)),
                pending: None,
                intent: state.intent.clone(),
                heard: state.heard.clone(),
                slate: false,
            },
        }
    }

    async fn take(
        &self,
        event: &EventId,
        camera: &CameraId,
        style: Option<CutStyle>,
    ) -> Result<Option<Cut>, TakeError> {
        if self.state().takes_hang {
            tokio::time::pause();
            std::future::pending::<()>().await;
        }
        let mut state = self.state();
        state.styles.push(style);
        if let Some(refusal) = state.refusal {
            return Err(refusal);
        }
        if !state.live.contains(camera) {
            return Err(TakeError::NotLive);
        }
        let before = state.active.insert(event.clone(), camera.clone());
        if before.as_ref() == Some(camera) {
            return Ok(None);
        }
        Ok(Some(Cut {
            camera_id: camera.clone(),
            style: style.unwrap_or(CutStyle::Instant),
            cut_at: Some(Timestamp::from_millis(3000)),
            wait_ms: Some(700),
            discontinuity: Discontinuity::Parameters,
            reason: CutReason::Cadence,
        }))
    }

    async fn undo(&self, _event: &EventId) -> Result<Undone, UndoError> {
        let mut state = self.state();
        match state.undo_refusal {
            Some(refusal) => Err(refusal),
            None => state.undo.take().ok_or(UndoError::NothingToUndo),
        }
    }

    fn cancel_take(&self, event: &EventId, id: &ScheduledTakeId) -> Option<ScheduledTake> {
        let scheduled = &mut self.state().scheduled;
        let place = scheduled.iter().position(|take| take.event == *event && take.id == *id)?;
        Some(scheduled.remove(place))
    }

    async fn apply(&self, change: Change) {
        if self.state().applies_hang {
            tokio::time::pause();
            std::future::pending::<()>().await;
        }
        let mut state = self.state();
        let words = match change {
            Change::EventCreated(event) => format!("event created: {}", event.name),
            Change::EventUpdated(event) => {
                state.lives.insert(event.id.clone(), event.life);
                format!("event updated: {} {}", event.name, event.policy.failover_after_ms)
            }
            Change::LockChanged(event) => format!("locked: {}", event.lock.is_some()),
            Change::TakeScheduled(take) => {
                let words = format!("take scheduled: {}", take.camera);
                state.scheduled.push(take);
                words
            }
            Change::EventDeleted(id) => format!("event deleted: {id}"),
            Change::CameraCreated(camera) => {
                state.events_of.insert(camera.id.clone(), camera.event.clone());
                state.key_hashes.push(camera.key_hash);
                format!("camera created: {}", camera.name)
            }
            Change::CameraUpdated(camera) => format!(
                "camera updated: {} {} {}",
                camera.name, camera.priority, camera.sync_offset_ms
            ),
            Change::KeyRotated(camera) => {
                state.key_hashes.push(camera.key_hash);
                format!("key rotated: {}", camera.name)
            }
            Change::PlaybackKeys(keys) => {
                let count = keys.keys().len();
                state.playback_keys = Some(keys);
                format!("{count} playback keys")
            }
            Change::CameraDeleted(camera) => format!("camera deleted: {}", camera.name),
        };
        state.changes.push(words);
        drop(state);
        self.changed.notify_one();
    }

    fn happenings(&self, event: &EventId) -> Option<Happenings> {
        let (teller, told) = mpsc::unbounded_channel();
        self.state().tellers.insert(event.clone(), teller);
        let next =
            async |mut told: mpsc::UnboundedReceiver<Happening>| Some((told.recv().await?, told));
        Some(stream::unfold(told, next).boxed())
    }

    fn kick(&self, _event: &EventId, camera: &CameraId, ban: Duration) -> bool {
        let mut state = self.state();
        state.changes.push(format!("kicked: {camera} {ban:?}"));
        let before = state.live.len();
        state.live.retain(|live| live != camera);
        state.live.len() < before
    }

    fn sign_playback(&self, grant: &PlaybackGrant) -> Option<String> {
        let state = self.state();
        let keys = state.playback_keys.as_ref()?;
        let PlaybackGrant { event, opens, expires_at, address } = grant;
        let opens = format!("{opens:?}").to_lowercase();
        let ends = expires_at.as_millis() / 1000;
        let address = address.map_or("any".to_owned(), |address| address.to_string());
        Some(format!("{}-{event}-{opens}-{ends}-{address}", keys.keys()[0].id))
    }

    /// Reads what [`Self::sign_playback`] writes, for anybody.
    fn opened_by(&self, event: &EventId, token: &str, _peer: IpAddr) -> Option<Opened> {
        let state = self.state();
        let [key, of, opens, ends, _] = token.splitn(5, '-').collect::<Vec<_>>()[..] else {
            return None;
        };
        let now = jsonwebtoken::get_current_timestamp();
        let good = state.playback_keys.as_ref()?.keys()[0].id == key
            && of == event.as_str()
            && ends.parse::<u64>().is_ok_and(|ends| now < ends);
        let opened = match opens {
            "archive" => Opened::Archive,
            "event" => Opened::Event,
            _ => Opened::Program,
        };
        good.then_some(opened)
    }

    fn checks(&self) -> Vec<Check> {
        vec![Check { name: "rtmp", problem: self.state().problem.clone() }]
    }

    fn totals(&self) -> Totals {
        Totals { cameras_live: self.state().live.len() as u64, ..Totals::default() }
    }
}

impl Telemetry for FakeLive {
    fn server(&self) -> ServerReading {
        ServerReading::default()
    }

    /// One series for each camera that is live.
    fn events(&self) -> EventsReading {
        let state = self.state();
        let live = state.live.iter().filter_map(|id| Some((state.events_of.get(id)?, id)));
        let events = live.map(|(event, camera)| EventReading {
            event: event.clone(),
            status: EventStatus::Live,
            active: Some(camera.clone()),
            on_air: None,
            slate: false,
            locked: false,
            cuts: 0,
            bytes: 0,
            samples: 0,
            bitrate_bps: 0,
            viewers: 0,
            playlist: None,
            cameras: vec![CameraReading {
                camera: camera.clone(),
                status: CameraStatus::Live,
                since: None,
                on_air: true,
                peer: None,
                encoder: None,
                bytes: 1,
                samples: 1,
                buffer_bytes: 1,
                bitrate_bps: 6_000_000,
                video: None,
                audio: None,
                sound_ahead_ms: None,
                dropped: 0,
                timestamp_jumps: 0,
                reconnects: 0,
                issues: IssueCounts::default(),
                viewers: 0,
            }],
        });
        EventsReading { events: events.collect(), left_out: 0 }
    }
}

fn other_sound() -> Compatibility {
    Compatibility {
        verdict: Verdict::AudioChange,
        obstacle: None,
        discontinuity: Discontinuity::Codec,
        differences: vec![Difference {
            field: "sample_rate",
            severity: Severity::Warning,
            cost: Discontinuity::Codec,
            expected: "48 kHz".to_owned(),
            got: "44.1 kHz".to_owned(),
            meaning: "Sound clicks.",
            setting: "Settings > Audio > Sample Rate: 48 kHz".to_owned(),
        }],
        lost_in_ts: vec![Track::Video],
    }
}

/// Cameras that are live have a picture of their own; programmes show their camera.
#[async_trait]
impl Thumbnails for FakeLive {
    async fn camera(&self, camera: &CameraId) -> Option<Jpeg> {
        let is_live = self.state().live.contains(camera);
        is_live.then(|| Jpeg { bytes: format!("of {camera}").into(), tag: "17".to_owned() })
    }

    async fn program(&self, event: &EventId) -> Option<Jpeg> {
        let active = self.state().active.get(event).cloned();
        Some(Jpeg { bytes: format!("programme {active:?}").into(), tag: "card".to_owned() })
    }

    async fn recorded(&self, picture: Option<(VideoConfig, Bytes)>) -> Jpeg {
        let told =
            picture.map(|(config, bytes)| format!("{} {}", config.codec_string, bytes.len()));
        Jpeg { bytes: format!("recorded {told:?}").into(), tag: "recorded".to_owned() }
    }
}
