//! A running system made of a few maps, and a client of the API.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use genlock_archive::Archive;
use genlock_control_api::hook_targets::{
    HookTargetError, HookTargetPut, KnownHookTarget, WantedHookTarget,
};
use genlock_control_api::live::{
    CameraState, CameraStatus, Check, Compatibility, Cut, CutReason, CutStyle, Difference,
    Discontinuity, EventStatus, Forecast, Happening, Happenings, Health, Issue, Opened, Pairing,
    PlaybackGrant, ProgramState, Severity, TakeError, Totals, Track, UndoError, Undone, Verdict,
};
use genlock_control_api::preview::{PreviewRequest, PreviewSession, Previews};
use genlock_control_api::slates::{Kept, Slates, SlatesError, Uploaded};
use genlock_control_api::telemetry::{
    CameraReading, EventReading, EventsReading, IssueCounts, ServerReading,
};
use genlock_control_api::thumbnails::{Jpeg, Thumbnails};
use genlock_control_api::{
    Access, AccessRules, Addresses, ApiState, Change, Changes, CreatorLimits, Hooks, JwtRules,
    JwtVerifier, Live, Observers, RtmpPort, Telemetry, router,
};
use genlock_feed::clock::EventClock;
use genlock_media::{EventTime, VideoConfig};
use genlock_recorder::{Recorder, RecorderConfig};
use genlock_store::{
    AdminToken, CameraId, EventId, HookDelivery, HookDeliveryId, HookQueue, HookTargetName, Life,
    ScheduledTake, ScheduledTakeId, SqliteStore, Store, StoreError, Timestamp,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Notify, mpsc};
use tower::ServiceExt;

use crate::described;

/// Clients that may follow events at once.
pub(crate) const FOLLOWERS_MAX: usize = 64;

pub(crate) const TOKEN: &str = "correct-horse-battery";

/// The recorder's clock: an hour after its zero, which is 2026-01-01.
pub(crate) const RECORDER_ZERO_MICROS: i64 = 1_767_225_600_000_000;
pub(crate) const RECORDER_NOW_MS: i64 = 3_600_000;

/// What creators' tokens are signed with.
const JWT_SECRET: &str = "0123456789abcdef0123456789abcdef";

fn creators() -> JwtVerifier {
    let rules = JwtRules { cameras_claim: Some("premium".to_owned()), ..JwtRules::default() };
    JwtVerifier::with_secret(JWT_SECRET, rules).unwrap()
}

fn limits() -> CreatorLimits {
    CreatorLimits {
        events: 3,
        cameras: 2,
        cameras_claim: Some("premium".to_owned()),
        cameras_without_claim: 1,
    }
}

/// A token of the creator `sub`, with more claims.
pub(crate) fn creator_token(sub: &str, more: &Value) -> String {
    let mut claims = json!({ "sub": sub, "exp": 4_000_000_000_u64 });
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let key = jsonwebtoken::EncodingKey::from_secret(JWT_SECRET.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap()
}

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
    /// Key hashes that the system was told.
    /// What the creators have decided about events.
    pub(crate) lives: HashMap<EventId, Life>,
    /// The event of each camera.
    pub(crate) events_of: HashMap<CameraId, EventId>,
    pub(crate) playback_keys: Option<genlock_store::PlaybackKeys>,
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

/// Tells a client what it said.
#[derive(Debug)]
struct FakePreviews;

struct Echo(Vec<String>);

impl Previews for FakePreviews {
    fn open(&self, _event: &EventId) -> Option<Box<dyn PreviewSession>> {
        Some(Box::new(Echo(vec!["hello".to_owned()])))
    }
}

#[async_trait]
impl PreviewSession for Echo {
    fn hear(&mut self, said: PreviewRequest) -> Result<(), &'static str> {
        if matches!(said, PreviewRequest::Subscribe { sub: 999, .. }) {
            return Err("too many subscriptions");
        }
        self.0.push(format!("{said:?}"));
        Ok(())
    }

    async fn next(&mut self) -> Bytes {
        match self.0.pop() {
            Some(said) => said.into(),
            None => std::future::pending().await,
        }
    }
}

/// Slates that are pictures unless they say that they are broken.
#[derive(Debug, Default)]
struct FakeSlates(Mutex<HashMap<EventId, Bytes>>);

#[async_trait]
impl Slates for FakeSlates {
    async fn check(&self, picture: Bytes) -> Result<Uploaded, SlatesError> {
        if picture == "broken" {
            return Err(SlatesError::Unusable("this is no picture".to_owned()));
        }
        Ok(Uploaded { media_type: "image/png", width: 40, height: 30, bytes: picture.len() })
    }

    async fn keep(&self, event: &EventId, picture: Bytes) -> Result<(), SlatesError> {
        if picture == "no space" {
            return Err(std::io::Error::other("no space left").into());
        }
        self.0.lock().unwrap().insert(event.clone(), picture);
        Ok(())
    }

    async fn picture(&self, event: &EventId) -> Result<Kept, SlatesError> {
        let card = Kept { media_type: "image/jpeg", picture: "card".into() };
        let kept = self.0.lock().unwrap().get(event).cloned();
        Ok(kept.map_or(card, |picture| Kept { media_type: "image/png", picture }))
    }

    async fn remove(&self, event: &EventId) -> Result<(), SlatesError> {
        self.0.lock().unwrap().remove(event);
        Ok(())
    }
}

/// Hooks that keep what was given up in the store, and deliver nothing. One target is configured.
struct FakeHooks {
    store: Arc<SqliteStore>,
    targets: Mutex<Vec<KnownHookTarget>>,
}

impl FakeHooks {
    fn new(store: Arc<SqliteStore>) -> Self {
        let configured = KnownHookTarget {
            name: "fixed".to_owned(),
            origin: "http://fixed".to_owned(),
            events: vec!["*".to_owned()],
            configured: true,
        };
        Self { store, targets: Mutex::new(vec![configured]) }
    }
}

#[async_trait]
impl Hooks for FakeHooks {
    async fn replay(&self, id: HookDeliveryId) -> Result<bool, StoreError> {
        let dead = self.store.hook_deliveries(HookQueue::Dead, 100).await?;
        let Some(found) = dead.into_iter().find(|delivery| delivery.id == id) else {
            return Ok(false);
        };
        self.store.put_hook_delivery(HookDelivery { dead: false, ..found }).await?;
        Ok(true)
    }

    async fn discard(&self, id: HookDeliveryId) -> Result<bool, StoreError> {
        Ok(self.store.delete_hook_delivery(&id).await?.is_some())
    }

    async fn targets(&self) -> Result<Vec<KnownHookTarget>, StoreError> {
        Ok(self.targets.lock().unwrap().clone())
    }

    async fn put_target(
        &self,
        name: HookTargetName,
        wanted: WantedHookTarget,
    ) -> Result<HookTargetPut, HookTargetError> {
        if wanted.url.contains("169.254") {
            let why = "an address that may not be called".to_owned();
            return Err(HookTargetError::Invalid { field: "url", why });
        }
        let mut targets = self.targets.lock().unwrap();
        let known = targets.iter().position(|target| target.name == name.as_str());
        if known.is_some_and(|at| targets[at].configured) {
            return Err(HookTargetError::Configured);
        }
        let target = KnownHookTarget {
            name: name.into(),
            origin: "http://told".to_owned(),
            events: wanted.events,
            configured: false,
        };
        match known {
            Some(at) => targets[at] = target.clone(),
            None => targets.push(target.clone()),
        }
        let made = wanted.secret.is_none().then(|| "made here".to_owned());
        Ok(HookTargetPut { target, is_new: known.is_none(), secret: made })
    }

    async fn remove_target(&self, name: &HookTargetName) -> Result<bool, HookTargetError> {
        let mut targets = self.targets.lock().unwrap();
        let Some(at) = targets.iter().position(|target| target.name == name.as_str()) else {
            return Ok(false);
        };
        if targets[at].configured {
            return Err(HookTargetError::Configured);
        }
        targets.remove(at);
        Ok(true)
    }
}

/// The API with what is behind it.
pub(crate) struct Api {
    pub(crate) router: Router,
    pub(crate) live: Arc<FakeLive>,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) recorder: Recorder,
    pub(crate) clock: EventClock,
    /// Removed with the client.
    pub(crate) recordings: TempDir,
    pub(crate) access: Access,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// A problem without what tells its request from others.
    pub(crate) fn without_id(&self) -> Value {
        let mut body = self.json();
        body.as_object_mut().unwrap().remove("request_id");
        body
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Checks that the answer is a problem, and which.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str, field: Option<&str>) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(body["type"], "about:blank");
        assert_eq!(body["title"], self.status.canonical_reason().unwrap());
        assert_eq!(body["status"], status);
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["field"].as_str(), field, "{body}");
        assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{body}");
    }
}

/// Addresses that are taken from each request.
fn derived_addresses() -> Addresses {
    Addresses { public_url: None, rtmp_public_url: None, rtmp_port: RtmpPort::Plain(1935) }
}

impl Api {
    pub(crate) fn new() -> Self {
        Self::with(derived_addresses())
    }

    pub(crate) fn with(addresses: Addresses) -> Self {
        Self::made_of(addresses, Arc::new(SqliteStore::in_memory().unwrap()))
    }

    /// The API over a store of the test's own.
    pub(crate) fn over(store: Arc<SqliteStore>) -> Self {
        let addresses = derived_addresses();
        Self::made_of(addresses, store)
    }

    /// The API as these observers read it.
    pub(crate) fn observed_by(observers: Observers) -> Self {
        let addresses = derived_addresses();
        Self::made(addresses, Arc::new(SqliteStore::in_memory().unwrap()), observers)
    }

    fn made_of(addresses: Addresses, store: Arc<SqliteStore>) -> Self {
        Self::made(addresses, store, Observers::default())
    }

    fn made(addresses: Addresses, store: Arc<SqliteStore>, observers: Observers) -> Self {
        let creators = Some(creators());
        let rules = AccessRules { creators, creator_limits: limits(), observers };
        let access = Access::new(rules);
        let live = Arc::new(FakeLive::default());
        let recordings = tempfile::tempdir().unwrap();
        let config = RecorderConfig {
            keep_free: 0,
            ..RecorderConfig::new(recordings.path().to_owned(), RECORDER_ZERO_MICROS)
        };
        let clock = EventClock::starting_at(EventTime::from_millis(RECORDER_NOW_MS));
        let recorder = Recorder::start(config, clock).unwrap();
        let router = router(ApiState {
            store: Arc::clone(&store) as Arc<dyn Store>,
            live: Arc::clone(&live) as Arc<dyn Live>,
            slates: Arc::new(FakeSlates::default()),
            hooks: Arc::new(FakeHooks::new(Arc::clone(&store))),
            recorder: recorder.clone(),
            archive: Archive::default(),
            thumbnails: Arc::clone(&live) as Arc<dyn Thumbnails>,
            previews: Arc::new(FakePreviews),
            admin_token: AdminToken::parse(TOKEN).unwrap().hash(),
            telemetry: Arc::clone(&live) as Arc<dyn Telemetry>,
            access: access.clone(),
            addresses,
            changes: Changes::default(),
            followers_max: FOLLOWERS_MAX,
        });
        Self { router, live, store, recorder, clock, recordings, access }
    }

    /// Sends a request and holds the answer against the description.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.into()).unwrap();
        let answer = Answer { status: parts.status, headers: parts.headers, text };
        described::check(&method, &path, &answer);
        answer
    }

    /// A call by whoever holds `token`.
    pub(crate) async fn by(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        self.send(request_as(token, method, path, body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(request("GET", path, None)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(request("POST", path, Some(body))).await
    }

    pub(crate) async fn call(&self, method: &str, path: &str) -> Answer {
        self.send(request(method, path, None)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(request("PUT", path, Some(body))).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(request("PATCH", path, Some(body))).await
    }

    /// Makes an event and returns its path.
    pub(crate) async fn event(&self) -> String {
        let made = self.post("/api/events", json!({ "name": "Ann & Bob" })).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        made.header("location").to_owned()
    }

    /// Makes a camera and returns its path.
    pub(crate) async fn camera(&self, event: &str, name: &str) -> String {
        let made = self.post(&format!("{event}/cameras"), json!({ "name": name })).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        made.header("location").to_owned()
    }

    /// Lets something happen in a followed event.
    pub(crate) fn happen(&self, event: &str, happening: Happening) {
        let event = EventId::parse(last_segment(event)).unwrap();
        self.live.state().tellers[&event].send(happening).unwrap();
    }

    /// Lets a publisher come to a camera.
    pub(crate) fn publish(&self, camera: &str) {
        self.live.state().live.push(CameraId::parse(last_segment(camera)).unwrap());
    }
}

/// A request with the administrator's token.
pub(crate) fn request(method: &str, path: &str, body: Option<Value>) -> Request<Body> {
    request_as(TOKEN, method, path, body)
}

/// A request with a token.
pub(crate) fn request_as(
    token: &str,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> Request<Body> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::HOST, "genlock.test:8080");
    match body {
        None => request.body(Body::empty()),
        Some(body) => request
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string())),
    }
    .unwrap()
}

/// The id at the end of a path.
pub(crate) fn last_segment(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}
