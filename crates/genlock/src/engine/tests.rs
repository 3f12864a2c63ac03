//! The engine with an embedded store in memory, and cameras that push pictures into their Feeds.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use genlock_control_api::Live;
use genlock_control_api::live::{CutStyle, EventStatus, Opened, PlaybackGrant, UndoError};
use genlock_delivery::OriginLimits;
use genlock_ingest::Refusal;
use genlock_media::{
    AudioConfig, Dependency, EventTime, Sample, Timescale, TrackConfig, VideoConfig,
};
use genlock_packager::PackagerConfig;
use genlock_program::{Lock as ProgramLock, ProgramEvent, StylePolicy};
use genlock_recorder::{PROGRAM as PROGRAM_SOURCE, RecorderConfig, Source};
use genlock_store::{
    AudioSource, DisplayName, EventPatch, EventPolicy, Life, Lock, LockedBy, LoggedSwitch,
    Playback, RecordingPolicy, ScheduledTake, ScheduledTakeId, SecretHash, SqliteStore,
    SwitchOutcome, SwitchPage, SwitchReason, SwitchStyle, Timestamp, UnknownFields,
};
use tempfile::TempDir;
use tokio_util::task::AbortOnDropHandle;

use super::*;

/// 320x180, constrained baseline, as x264 writes it.
const AVCC: &[u8] = &[
    0x01, 0x42, 0xc0, 0x0d, 0xff, 0xe1, 0x00, 0x17, 0x67, 0x42, 0xc0, 0x0d, 0xda, 0x05, 0x06, 0x7e,
    0x7c, 0x04, 0x40, 0x00, 0x00, 0x03, 0x00, 0x40, 0x00, 0x00, 0x0f, 0x03, 0xc5, 0x0a, 0xa8, 0x01,
    0x00, 0x04, 0x68, 0xce, 0x0f, 0xc8,
];

const WALL: WallClock = WallClock::new(1_700_000_000_000_000);

/// A GOP that is over at once, and one that is never over.
const SHORT_GOP: u64 = 5;
const ENDLESS_GOP: u64 = u64::MAX;

fn engine(store: &Arc<SqliteStore>, data: &TempDir) -> Arc<Engine> {
    let clock = EventClock::starting_at(EventTime::from_millis(1_000_000));
    let origin = Origin::new(clock, PackagerConfig::new("t", 0, 0), OriginLimits::default());
    let store: Arc<dyn Store> = store.clone();
    let slates = SlateFolder::in_data_folder(data.path());
    let recordings = RecorderConfig {
        keep_free: 0,
        ..RecorderConfig::new(data.path().join("recordings"), WALL.zero_unix_micros())
    };
    let recorder = Recorder::start(recordings, clock).unwrap();
    let (takeover, hooks) = (TakeoverPolicy::default(), Hooks::default());
    let buffer = FeedLimits::default();
    Engine::new(store, origin, clock, WALL, takeover, buffer, slates, hooks, recorder)
}

fn new_event() -> Event {
    Event {
        id: EventId::parse("e").unwrap(),
        name: DisplayName::parse("Match").unwrap(),
        created_at: Timestamp::from_millis(0),
        creator_id: None,
        life: Life::default(),
        playback: Playback::default(),
        policy: EventPolicy { cut_style: SwitchStyle::Clean, ..EventPolicy::default() },
        lock: None,
        intent: None,
        on_air: None,
        unknown: UnknownFields::default(),
    }
}

fn id(name: &str) -> CameraId {
    CameraId::parse(name).unwrap()
}

fn in_ms(millis: i64) -> Timestamp {
    let now = Timestamp::from(SystemTime::now());
    Timestamp::from_millis(now.as_millis() + millis)
}

fn scheduled(name: &str, camera: &str, at: Timestamp) -> ScheduledTake {
    ScheduledTake {
        id: ScheduledTakeId::parse(name).unwrap(),
        event: new_event().id,
        camera: id(camera),
        style: None,
        at,
        created_at: Timestamp::from_millis(0),
    }
}

/// An event with two cameras, in a store and running.
struct Desk {
    data: TempDir,
    store: Arc<SqliteStore>,
    engine: Arc<Engine>,
}

impl Desk {
    async fn new() -> Self {
        let store = Arc::new(SqliteStore::in_memory().unwrap());
        let data = tempfile::tempdir().unwrap();
        let engine = engine(&store, &data);
        let event = new_event();
        store.create_event(event.clone()).await.unwrap();
        engine.apply(Change::EventCreated(event)).await;
        let desk = Self { data, store, engine };
        for name in ["a", "b"] {
            desk.make_camera(name).await;
        }
        desk
    }

    async fn make_camera(&self, name: &str) {
        let camera = Camera {
            id: id(name),
            event: new_event().id,
            name: DisplayName::parse(name).unwrap(),
            priority: 0,
            sync_offset_ms: 0,
            key_hash: SecretHash::of(name),
            created_at: Timestamp::from_millis(0),
            unknown: UnknownFields::default(),
        };
        self.store.create_camera(camera.clone()).await.unwrap();
        self.engine.apply(Change::CameraCreated(camera)).await;
    }

    /// The same data under another engine.
    async fn restart(self) -> Self {
        self.engine.stop().await;
        let engine = engine(&self.store, &self.data);
        engine.restore().await.unwrap();
        Self { engine, ..self }
    }

    /// Lets a camera send pictures until the handle is dropped.
    fn publish(&self, camera: &str, gop: u64) -> AbortOnDropHandle<()> {
        let camera = self.engine.camera(&new_event().id, &id(camera)).unwrap();
        let task = publish(self.engine.clock, camera.feed(), gop);
        AbortOnDropHandle::new(tokio::spawn(task))
    }

    /// Publishes to both cameras, with `a` on air.
    async fn with_both(&self, gop_of_b: u64) -> [AbortOnDropHandle<()>; 2] {
        let a = self.publish("a", SHORT_GOP);
        let on_air =
            || async { self.engine.program(&new_event().id).active.filter(|it| *it == id("a")) };
        until(on_air).await;
        let b = self.publish("b", gop_of_b);
        // Its first sync sample is to lie behind the programme's newest picture.
        let live = || async {
            let feed = self.engine.camera(&new_event().id, &id("b"))?.feed();
            (feed.status().samples_pushed > 10).then_some(())
        };
        until(live).await;
        [a, b]
    }

    async fn schedule(&self, take: ScheduledTake) {
        self.store.schedule_take(take.clone()).await.unwrap();
        self.engine.apply(Change::TakeScheduled(take)).await;
    }

    /// The log, oldest first.
    async fn log(&self) -> Vec<LoggedSwitch> {
        let page = SwitchPage { before: None, limit: 100 };
        let mut log = self.store.switches(&new_event().id, page).await.unwrap();
        log.reverse();
        log
    }

    /// Waits for the entry of a scheduled take, and for its removal from those that wait.
    async fn over(&self, take: &str) -> LoggedSwitch {
        let take = ScheduledTakeId::parse(take).unwrap();
        until(|| async {
            let waiting = self.store.scheduled_takes(&new_event().id).await.unwrap();
            let gone = waiting.iter().all(|other| other.id != take);
            let of_take =
                |entry: &LoggedSwitch| gone && entry.record.scheduled.as_ref() == Some(&take);
            self.log().await.into_iter().find(of_take)
        })
        .await
    }
}

/// Pushes 25 pictures a second.
async fn publish(clock: EventClock, feed: Feed, gop: u64) {
    let avcc = Bytes::from_static(AVCC);
    let config = Arc::new(TrackConfig::Video(VideoConfig::from_avcc(&avcc).unwrap()));
    let mut writer = feed.open(clock.now());
    for frame in 0.. {
        let now = clock.now();
        let sync = frame % gop == 0;
        let sample = Sample {
            config: Arc::clone(&config),
            dts: now.to_media(Timescale::VIDEO).ticks,
            composition_offset: 9_000,
            duration: None,
            dependency: if sync { Dependency::Sync } else { Dependency::Reference },
            payload: Bytes::from_static(&[0, 0, 0, 1, 0x65]),
        };
        writer.push(now, sample).unwrap();
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}

/// Pushes an access unit every 21 ms.
async fn publish_sound(clock: EventClock, feed: Feed) {
    let sound = AudioConfig::default_aac();
    let payload = sound.silent_access_unit().unwrap();
    let (length, config) = (sound.samples_per_access_unit, Arc::new(TrackConfig::Audio(sound)));
    let mut writer = feed.open(clock.now());
    for unit in clock.now().to_media(config.timescale()).ticks / i64::from(length).. {
        let sample = Sample {
            config: Arc::clone(&config),
            dts: unit * i64::from(length),
            composition_offset: 0,
            duration: Some(length),
            dependency: Dependency::Sync,
            payload: payload.clone(),
        };
        writer.push(clock.now(), sample).unwrap();
        tokio::time::sleep(Duration::from_millis(21)).await;
    }
}

/// Asks until there is an answer.
async fn until<T, F: Future<Output = Option<T>>>(mut ask: impl FnMut() -> F) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asking).await.expect("it happens")
}

#[tokio::test]
async fn a_scheduled_take_is_made_at_its_time_and_logged_as_one() {
    let desk = Desk::new().await;
    let _cameras = desk.with_both(SHORT_GOP).await;
    let at = in_ms(100);
    desk.schedule(scheduled("t", "b", at)).await;
    let made = desk.over("t").await.record;
    assert_eq!((made.from, made.to), (Some(id("a")), Some(id("b"))));
    assert_eq!(made.outcome, SwitchOutcome::Cut);
    assert_eq!(made.reason, SwitchReason::Scheduled);
    assert_eq!(made.style, SwitchStyle::Clean, "the event's");
    assert!(made.switched_at.is_some() && made.ledger.committed_at.is_some());
    let kept = until(|| async {
        let event = desk.store.event(&new_event().id).await.unwrap()?;
        event.on_air.filter(|placed| placed.camera == id("b")).zip(event.intent)
    });
    assert_eq!(kept.await.1.camera, id("b"));
}

#[tokio::test]
async fn scheduled_takes_are_made_in_the_order_of_their_times() {
    let desk = Desk::new().await;
    let _cameras = desk.with_both(SHORT_GOP).await;
    let (first, second) = (in_ms(100), in_ms(1500));
    desk.schedule(scheduled("second", "a", second)).await;
    desk.schedule(scheduled("first", "b", first)).await;
    let (second, first) = (desk.over("second").await, desk.over("first").await);
    assert!(first.seq < second.seq);
    assert_eq!((first.record.to, second.record.to), (Some(id("b")), Some(id("a"))));
}

#[tokio::test]
async fn a_take_that_cannot_be_made_is_in_the_log_with_its_reason() {
    let desk = Desk::new().await;
    desk.schedule(scheduled("offline", "b", in_ms(0))).await;
    desk.schedule(scheduled("unknown", "c", in_ms(0))).await;
    desk.schedule(scheduled("late", "b", in_ms(-60_000))).await;
    for (take, outcome) in [
        ("offline", SwitchOutcome::CameraNotLive),
        ("unknown", SwitchOutcome::CameraUnknown),
        ("late", SwitchOutcome::Late),
    ] {
        let missed = desk.over(take).await.record;
        assert_eq!(missed.outcome, outcome, "{take}");
        assert_eq!(missed.switched_at, None);
        assert_eq!(missed.reason, SwitchReason::Scheduled);
    }
    let _cameras = desk.with_both(SHORT_GOP).await;
    desk.schedule(scheduled("needless", "a", in_ms(0))).await;
    assert_eq!(desk.over("needless").await.record.outcome, SwitchOutcome::AlreadyOnAir);
    let locked =
        Event { lock: Some(Lock { at: in_ms(0), by: LockedBy::Human, name: None }), ..new_event() };
    desk.engine.apply(Change::LockChanged(locked)).await;
    until(|| async { desk.engine.event(&new_event().id)?.program().status().lock }).await;
    desk.schedule(scheduled("locked", "b", in_ms(0))).await;
    assert_eq!(desk.over("locked").await.record.outcome, SwitchOutcome::Locked);
}

#[tokio::test]
async fn scheduled_takes_and_locks_survive_a_restart() {
    let desk = Desk::new().await;
    desk.schedule(scheduled("later", "b", in_ms(3_600_000))).await;
    let desk = desk.restart().await;
    // What fell due while the server was down.
    desk.store.schedule_take(scheduled("missed", "b", in_ms(-60_000))).await.unwrap();
    let lock = Some(Some(Lock { at: in_ms(0), by: LockedBy::Flapping, name: None }));
    let patch = genlock_store::EventPatch { lock, ..Default::default() };
    desk.store.update_event(&new_event().id, patch).await.unwrap();
    let desk = desk.restart().await;
    assert_eq!(desk.over("missed").await.record.outcome, SwitchOutcome::Late);
    let event = desk.engine.event(&new_event().id).unwrap();
    until(|| async { event.program().status().lock }).await;
    let later = ScheduledTakeId::parse("later").unwrap();
    assert!(desk.engine.cancel_take(&new_event().id, &later).is_some());
    assert!(desk.engine.cancel_take(&new_event().id, &later).is_none());
}

#[tokio::test]
async fn the_camera_that_was_chosen_goes_on_air_again_after_a_restart() {
    let desk = Desk::new().await;
    let cameras = desk.with_both(SHORT_GOP).await;
    desk.schedule(scheduled("t", "b", in_ms(0))).await;
    desk.over("t").await;
    let kept = || async {
        let event = desk.store.event(&new_event().id).await.unwrap()?;
        event.intent.filter(|placed| placed.camera == id("b"))
    };
    until(kept).await;
    drop(cameras);
    let desk = desk.restart().await;
    // `with_both` waits until the other camera is on air, which comes first.
    let _cameras = desk.with_both(SHORT_GOP).await;
    let state = || async { Some(desk.engine.program(&new_event().id)) };
    let back = || async { state().await.filter(|state| state.active == Some(id("b"))) };
    assert_eq!(until(back).await.intent, Some(id("b")));
}

#[tokio::test]
async fn a_lock_comes_and_goes_by_the_api_alone() {
    let desk = Desk::new().await;
    let event = desk.engine.event(&new_event().id).unwrap();
    let lock = Lock { at: in_ms(0), by: LockedBy::Human, name: None };
    let locked = Event { lock: Some(lock), ..new_event() };
    desk.engine.apply(Change::LockChanged(locked)).await;
    let by = until(|| async { event.program().status().lock }).await;
    assert_eq!(by, ProgramLock::Operator);
    // A change of something else leaves it.
    desk.engine.apply(Change::EventUpdated(new_event())).await;
    assert!(event.program().status().lock.is_some());
    desk.engine.apply(Change::LockChanged(new_event())).await;
    until(|| async { event.program().status().lock.is_none().then_some(()) }).await;
}

#[tokio::test]
async fn a_policy_reaches_the_programme() {
    let desk = Desk::new().await;
    let policy = EventPolicy {
        cut_style: SwitchStyle::Instant,
        auto_wait_ms: 250,
        lookahead_ms: 2000,
        audio_source: AudioSource::Camera(id("b")),
        ..EventPolicy::default()
    };
    desk.engine.apply(Change::EventUpdated(Event { policy, ..new_event() })).await;
    let event = desk.engine.event(&new_event().id).unwrap();
    let wanted = StylePolicy {
        style: genlock_program::CutStyle::Instant,
        auto_wait: Duration::from_millis(250),
        lookahead: Duration::from_secs(2),
    };
    let status = || async { Some(event.program().status()) };
    let source = genlock_program::AudioSource::Camera("b".into());
    until(|| async { status().await.filter(|status| status.policy == wanted) }).await;
    until(|| async { status().await.filter(|status| status.audio_source == source) }).await;
}

#[tokio::test]
async fn whose_sound_is_heard_is_the_fixed_source_until_it_is_lost() {
    let desk = Desk::new().await;
    let policy =
        EventPolicy { audio_source: AudioSource::Camera(id("b")), ..EventPolicy::default() };
    desk.engine.apply(Change::EventUpdated(Event { policy, ..new_event() })).await;
    let _pictures = desk.publish("a", SHORT_GOP);
    let b = desk.engine.camera(&new_event().id, &id("b")).unwrap();
    let sound = AbortOnDropHandle::new(tokio::spawn(publish_sound(desk.engine.clock, b.feed())));
    until_on_air(&desk, Some("a")).await;
    let heard = async |camera: Option<CameraId>| {
        until(|| async { (desk.engine.program(&new_event().id).heard == camera).then_some(()) })
            .await;
    };
    heard(Some(id("b"))).await;
    drop(sound);
    heard(None).await;
}

#[tokio::test]
async fn an_undo_withdraws_a_take_that_waits_and_says_so_in_the_log() {
    let desk = Desk::new().await;
    let _cameras = desk.with_both(ENDLESS_GOP).await;
    let event = new_event().id;
    assert_eq!(desk.engine.undo(&event).await, Err(UndoError::NothingToUndo));
    let cut = desk.engine.take(&event, &id("b"), Some(CutStyle::Clean)).await.unwrap().unwrap();
    assert_eq!((cut.camera_id, cut.style), (id("b"), CutStyle::Clean));
    let undone = desk.engine.undo(&event).await.unwrap();
    assert_eq!((undone.camera_id, undone.stays), (id("b"), Some(id("a"))));
    assert_eq!(desk.engine.undo(&event).await, Err(UndoError::NothingToUndo));
    let withdrawn = until(|| async {
        let log = desk.log().await;
        log.into_iter().find(|entry| entry.record.outcome == SwitchOutcome::Withdrawn)
    });
    let withdrawn = withdrawn.await.record;
    assert_eq!((withdrawn.to, withdrawn.reason), (Some(id("b")), SwitchReason::Take));
    assert_eq!(desk.engine.program(&event).active, Some(id("a")));
}

#[tokio::test]
async fn what_the_programme_told_last_is_logged_before_the_engine_has_stopped() {
    let desk = Desk::new().await;
    let _cameras = desk.with_both(ENDLESS_GOP).await;
    desk.engine.take(&new_event().id, &id("b"), Some(CutStyle::Clean)).await.unwrap();
    desk.engine.stop().await;
    let last = desk.log().await.pop().unwrap().record;
    assert_eq!((last.to, last.outcome), (Some(id("b")), SwitchOutcome::Stopped));
}

/// Whether the gate lets somebody with the camera's key publish.
fn admitted(desk: &Desk, camera: &str) -> Result<(), Refusal> {
    desk.engine.may_publish(&desk.engine.camera(&new_event().id, &id(camera)).unwrap())
}

async fn become_(desk: &Desk, life: Life) {
    desk.engine.apply(Change::EventUpdated(Event { life, ..new_event() })).await;
}

async fn until_on_air(desk: &Desk, camera: Option<&str>) {
    let wanted = camera.map(id);
    let on_air = || async { (desk.engine.program(&new_event().id).active == wanted).then_some(()) };
    until(on_air).await;
}

#[tokio::test]
async fn a_paused_event_has_nobody_on_air_and_goes_back_to_who_was() {
    let desk = Desk::new().await;
    let _cameras = desk.with_both(SHORT_GOP).await;
    desk.engine.take(&new_event().id, &id("b"), None).await.unwrap();
    until_on_air(&desk, Some("b")).await;
    become_(&desk, Life::Paused).await;
    until_on_air(&desk, None).await;
    assert_eq!(desk.engine.program(&new_event().id).status, EventStatus::Paused);
    assert_eq!(admitted(&desk, "a"), Ok(()), "cameras may come and stay");
    become_(&desk, Life::Open).await;
    until_on_air(&desk, Some("b")).await;
    assert_eq!(desk.engine.program(&new_event().id).status, EventStatus::Live);
}

#[tokio::test]
async fn an_event_that_waits_goes_live_when_it_is_started() {
    let desk = Desk::new().await;
    become_(&desk, Life::Waiting).await;
    let _camera = desk.publish("a", SHORT_GOP);
    until(|| async {
        let feed = desk.engine.camera(&new_event().id, &id("a"))?.feed();
        (feed.status().samples_pushed > 10).then_some(())
    })
    .await;
    let waiting = desk.engine.program(&new_event().id);
    assert_eq!((waiting.status, waiting.active), (EventStatus::Waiting, None));
    become_(&desk, Life::Open).await;
    until_on_air(&desk, Some("a")).await;
}

#[tokio::test]
async fn an_event_is_started_with_the_first_camera_in_failover_order() {
    let desk = Desk::new().await;
    let event = new_event().id;
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    for name in &names[2..] {
        desk.make_camera(name).await;
    }
    for (name, priority) in names.into_iter().zip([2, 2, 1, 3, 0, 2, 0, 3]) {
        desk.engine.event(&event).unwrap().set_priority(&id(name), priority).await;
    }
    become_(&desk, Life::Waiting).await;
    let _publishers = names.map(|name| desk.publish(name, SHORT_GOP));
    let sends = |name| {
        let feed = desk.engine.camera(&event, &id(name)).unwrap().feed();
        feed.status().samples_pushed > 10
    };
    until(|| async { names.iter().all(|name| sends(*name)).then_some(()) }).await;
    let program = desk.engine.event(&event).unwrap().program().clone();
    let mut told = program.subscribe();
    become_(&desk, Life::Open).await;
    let first = async {
        loop {
            if let ProgramEvent::OnAir { camera, .. } = told.recv().await.unwrap() {
                return camera;
            }
        }
    };
    assert_eq!(first.await.as_str(), "e", "the older of the two that come first");
}

#[tokio::test]
async fn an_ended_event_refuses_its_publishers_also_after_a_restart() {
    let desk = Desk::new().await;
    let _cameras = desk.with_both(SHORT_GOP).await;
    become_(&desk, Life::Ended).await;
    let ended = Err(Refusal::Denied("the event has ended".to_owned()));
    assert_eq!(admitted(&desk, "a"), ended);
    assert_eq!(desk.engine.program(&new_event().id).status, EventStatus::Ended);
    let patch = EventPatch { life: Some(Life::Ended), ..EventPatch::default() };
    desk.store.update_event(&new_event().id, patch).await.unwrap();
    let desk = desk.restart().await;
    assert_eq!(admitted(&desk, "a"), ended);
    assert_eq!(desk.engine.program(&new_event().id).status, EventStatus::Ended);
}

#[tokio::test]
async fn a_kicked_camera_is_kept_out_for_as_long_as_was_said() {
    let desk = Desk::new().await;
    let event = new_event().id;
    assert!(!desk.engine.kick(&event, &id("a"), Duration::ZERO), "nobody publishes");
    assert_eq!(admitted(&desk, "a"), Ok(()));
    desk.engine.kick(&event, &id("a"), Duration::from_millis(200));
    let refused = admitted(&desk, "a").unwrap_err();
    assert!(matches!(&refused, Refusal::Denied(why) if why.contains("disconnected")), "{refused}");
    assert_eq!(admitted(&desk, "b"), Ok(()));
    until(|| async { admitted(&desk, "a").ok() }).await;
}

#[tokio::test]
async fn playback_keys_are_made_once_and_kept() {
    let desk = Desk::new().await;
    let grant = PlaybackGrant {
        event: new_event().id,
        opens: Opened::Program,
        expires_at: in_ms(60_000),
        address: None,
    };
    assert_eq!(desk.engine.sign_playback(&grant), None);
    let desk = desk.restart().await;
    let signed = desk.engine.sign_playback(&grant);
    assert!(signed.is_some());
    let desk = desk.restart().await;
    assert_eq!(desk.engine.sign_playback(&grant), signed);
}

#[tokio::test]
async fn the_policy_says_what_is_recorded() {
    let desk = Desk::new().await;
    let sources = |desk: &Desk| {
        let wanted = desk.engine.recorder.wanted();
        wanted.into_iter().map(|source: Source| source.name().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(sources(&desk), ["a", "b", PROGRAM_SOURCE]);
    for (recording, expect) in [
        (RecordingPolicy::Program, &[PROGRAM_SOURCE][..]),
        (RecordingPolicy::Off, &[]),
        (RecordingPolicy::All, &["a", "b", PROGRAM_SOURCE]),
    ] {
        let policy = EventPolicy { recording, ..EventPolicy::default() };
        desk.engine.apply(Change::EventUpdated(Event { policy, ..new_event() })).await;
        assert_eq!(sources(&desk), expect);
    }
    desk.engine.apply(Change::CameraDeleted(camera_b(&desk).await)).await;
    assert_eq!(sources(&desk), ["a", PROGRAM_SOURCE]);
    let ended = Event { life: Life::Ended, ..new_event() };
    desk.engine.apply(Change::EventUpdated(ended)).await;
    assert!(sources(&desk).is_empty());
    desk.engine.stop().await;
}

async fn camera_b(desk: &Desk) -> Camera {
    desk.store.camera(&new_event().id, &id("b")).await.unwrap().unwrap()
}
