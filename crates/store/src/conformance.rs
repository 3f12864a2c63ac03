//! What every [`Store`] does, whatever is behind it.
//!
//! A back end's tests call [`run`] with a function that makes an empty store. Each check gets one of its own.

mod log;
mod records;

use std::sync::Arc;

use crate::limits::CAMERAS_PER_EVENT_MAX;
use crate::{
    AccessRole, AccessToken, AudioSource, Camera, CameraId, CameraPatch, CreatorId, Discontinuity,
    DisplayName, Event, EventId, EventPatch, EventPolicy, EventWithCameras, HookDelivery,
    HookDeliveryId, Ledger, Life, Lock, LockedBy, MetaKey, Placed, Playback, PolicyPatch,
    ScheduledTake, ScheduledTakeId, SecretHash, Store, StoreError, SwitchOutcome, SwitchPage,
    SwitchReason, SwitchRecord, SwitchStyle, Timestamp, TokenId, UnknownFields,
};

/// Runs all checks against stores that `make` makes.
pub(crate) async fn run<S: Store>(make: impl Fn() -> S) {
    events_come_back_as_written(&make()).await;
    an_event_changes_only_where_patched(&make()).await;
    an_id_is_taken_once(&make()).await;
    cameras_come_in_failover_order(&make()).await;
    a_camera_is_found_only_in_its_event(&make()).await;
    a_camera_needs_its_event(&make()).await;
    a_camera_is_found_by_its_key_until_it_is_rotated(&make()).await;
    a_key_belongs_to_one_camera(&make()).await;
    an_event_has_a_limited_number_of_cameras(&make()).await;
    an_event_takes_everything_in_it_with_it(&make()).await;
    sound_of_a_removed_camera_follows_the_picture(&make()).await;
    log::the_log_is_paged_newest_first(&make()).await;
    records::tokens_come_back_as_written_oldest_first(&make()).await;
    records::a_token_is_found_by_its_hash_until_it_is_removed(&make()).await;
    records::a_token_and_its_id_are_taken_once(&make()).await;
    records::ended_tokens_make_room_for_new_ones(&make()).await;
    log::the_ledger_of_an_entry_is_filled_in_later(&make()).await;
    log::scheduled_takes_come_in_the_order_of_their_times(&make()).await;
    log::a_scheduled_take_is_removed_once(&make()).await;
    log::an_event_has_a_limited_number_of_scheduled_takes(&make()).await;
    log::an_entry_keeps_its_place_and_comes_into_the_log_once(&make()).await;
    records::hook_deliveries_keep_their_place_in_the_queue(&make()).await;
    records::hook_deliveries_outlive_their_event(&make()).await;
    records::a_token_of_a_camera_goes_with_it(&make()).await;
    a_snapshot_has_events_with_their_cameras(&make()).await;
    meta_values_are_replaced(&make()).await;
    writers_do_not_lose_each_others_changes(make()).await;
    a_closed_store_says_so(&make()).await;
}

/// An event for tests, made at 0.
pub(crate) fn event(id: &str) -> Event {
    Event {
        id: EventId::parse(id).unwrap(),
        name: DisplayName::parse("Ann & Bob").unwrap(),
        created_at: Timestamp::from_millis(0),
        creator_id: None,
        life: Life::Open,
        playback: Playback::Public,
        policy: EventPolicy::default(),
        lock: None,
        intent: None,
        on_air: None,
        unknown: UnknownFields::default(),
    }
}

/// A camera for tests, made at 0, whose key is its id.
pub(crate) fn camera(event: &str, id: &str) -> Camera {
    Camera {
        id: CameraId::parse(id).unwrap(),
        event: EventId::parse(event).unwrap(),
        name: DisplayName::parse("Aisle").unwrap(),
        priority: Camera::PRIORITY_DEFAULT,
        sync_offset_ms: -40,
        key_hash: SecretHash::of(id),
        created_at: Timestamp::from_millis(0),
        unknown: UnknownFields::default(),
    }
}

/// An access token for tests, made at 0, whose hash is that of its id.
pub(crate) fn token(event: &str, id: &str, expires_at_millis: i64) -> AccessToken {
    AccessToken {
        id: TokenId::parse(id).unwrap(),
        event: EventId::parse(event).unwrap(),
        camera: None,
        role: AccessRole::Viewer,
        name: None,
        hash: SecretHash::of(id),
        created_at: Timestamp::from_millis(0),
        expires_at: Timestamp::from_millis(expires_at_millis),
    }
}

/// An entry of the log for tests.
pub(crate) fn switch(event: &str, at_millis: i64) -> SwitchRecord {
    SwitchRecord {
        event: EventId::parse(event).unwrap(),
        from: None,
        to: Some(CameraId::parse("aisle").unwrap()),
        requested_at: Timestamp::from_millis(at_millis),
        switched_at: Some(Timestamp::from_millis(at_millis)),
        style: SwitchStyle::Clean,
        wait_ms: 0,
        discontinuity: Discontinuity::Parameters,
        reason: SwitchReason::Take,
        scheduled: None,
        outcome: SwitchOutcome::Cut,
        ledger: Ledger::default(),
        unknown: UnknownFields::default(),
    }
}

/// A hook delivery for tests.
pub(crate) fn delivery(id: &str) -> HookDelivery {
    HookDelivery {
        id: HookDeliveryId::parse(id).unwrap(),
        event: Some(EventId::parse("a").unwrap()),
        sequence: 1,
        target: "back-end".to_owned(),
        body: "{}".to_owned(),
        attempts: 0,
        next_attempt_at: Timestamp::from_millis(9),
        last_error: None,
        dead: false,
        created_at: Timestamp::from_millis(0),
    }
}

/// A scheduled take for tests.
pub(crate) fn scheduled(event: &str, id: &str, at_millis: i64) -> ScheduledTake {
    ScheduledTake {
        id: ScheduledTakeId::parse(id).unwrap(),
        event: EventId::parse(event).unwrap(),
        camera: CameraId::parse("aisle").unwrap(),
        style: Some(SwitchStyle::Instant),
        at: Timestamp::from_millis(at_millis),
        created_at: Timestamp::from_millis(0),
    }
}

async fn events_come_back_as_written(store: &impl Store) {
    let later = Event { created_at: Timestamp::from_millis(5), ..event("a") };
    let policy = EventPolicy { failover_after_ms: 2000, ..EventPolicy::default() };
    let placed = |at| Placed { camera: CameraId::parse("x").unwrap(), at };
    let earlier = Event {
        creator_id: Some(CreatorId::parse("auth0|ann").unwrap()),
        life: Life::Paused,
        playback: Playback::Signed,
        policy,
        lock: Some(Lock {
            at: Timestamp::from_millis(7),
            by: LockedBy::Human,
            name: Some(DisplayName::parse("Ann").unwrap()),
        }),
        intent: Some(placed(Timestamp::from_millis(8))),
        on_air: Some(placed(Timestamp::from_millis(9))),
        ..event("b")
    };
    store.create_event(later.clone()).await.unwrap();
    store.create_event(earlier.clone()).await.unwrap();
    assert_eq!(store.event(&later.id).await.unwrap(), Some(later.clone()));
    assert_eq!(store.events().await.unwrap(), [earlier, later]);
    assert_eq!(store.event(&EventId::parse("c").unwrap()).await.unwrap(), None);
}

async fn an_event_changes_only_where_patched(store: &impl Store) {
    let before = event("a");
    store.create_event(before.clone()).await.unwrap();
    let name = DisplayName::parse("Cup final").unwrap();
    let patch = EventPatch { name: Some(name.clone()), ..EventPatch::default() };
    let after = store.update_event(&before.id, patch).await.unwrap();
    assert_eq!(after, Some(Event { name: name.clone(), ..before.clone() }));
    assert_eq!(store.event(&before.id).await.unwrap(), after);
    let policy = PolicyPatch { lookahead_ms: Some(3000), ..PolicyPatch::default() };
    let lock = Lock { at: Timestamp::from_millis(7), by: LockedBy::Flapping, name: None };
    let patch = EventPatch { policy, lock: Some(Some(lock.clone())), ..EventPatch::default() };
    let locked = store.update_event(&before.id, patch).await.unwrap().unwrap();
    let policy = EventPolicy { lookahead_ms: 3000, ..EventPolicy::default() };
    assert_eq!(locked, Event { name, policy, lock: Some(lock), ..before.clone() });
    let patch = EventPatch { lock: Some(None), ..EventPatch::default() };
    let released = store.update_event(&before.id, patch).await.unwrap();
    assert_eq!(released, Some(Event { lock: None, ..locked }));
    let missing = EventId::parse("b").unwrap();
    assert_eq!(store.update_event(&missing, EventPatch::default()).await.unwrap(), None);
}

async fn an_id_is_taken_once(store: &impl Store) {
    store.create_event(event("a")).await.unwrap();
    store.create_event(event("b")).await.unwrap();
    let again = store.create_event(event("a")).await;
    assert!(matches!(again, Err(StoreError::AlreadyExists { what: "event" })), "{again:?}");
    store.create_camera(camera("a", "x")).await.unwrap();
    let elsewhere = Camera { key_hash: SecretHash::of("other"), ..camera("b", "x") };
    let again = store.create_camera(elsewhere).await;
    assert!(matches!(again, Err(StoreError::AlreadyExists { what: "camera" })), "{again:?}");
}

async fn cameras_come_in_failover_order(store: &impl Store) {
    store.create_event(event("a")).await.unwrap();
    let last = Camera { priority: 200, ..camera("a", "u") };
    let newer = Camera { created_at: Timestamp::from_millis(1), ..camera("a", "v") };
    let older = camera("a", "w");
    let first = Camera { priority: 0, ..camera("a", "x") };
    for camera in [&last, &newer, &older, &first] {
        store.create_camera(camera.clone()).await.unwrap();
    }
    let order = store.cameras(&last.event).await.unwrap();
    assert_eq!(order, [first, older, newer.clone(), last]);
    let patch = CameraPatch { priority: Some(0), ..CameraPatch::default() };
    store.update_camera(&newer.event, &newer.id, patch).await.unwrap();
    let order: Vec<_> = store.cameras(&newer.event).await.unwrap();
    let ids: Vec<_> = order.iter().map(|camera| camera.id.as_str()).collect();
    assert_eq!(ids, ["x", "v", "w", "u"]);
}

async fn a_camera_is_found_only_in_its_event(store: &impl Store) {
    let (here, elsewhere) = (event("a"), event("b"));
    store.create_event(here.clone()).await.unwrap();
    store.create_event(elsewhere.clone()).await.unwrap();
    let camera = camera("a", "x");
    store.create_camera(camera.clone()).await.unwrap();
    assert_eq!(store.camera(&here.id, &camera.id).await.unwrap(), Some(camera.clone()));
    assert_eq!(store.camera(&elsewhere.id, &camera.id).await.unwrap(), None);
    let patch = CameraPatch { priority: Some(1), ..CameraPatch::default() };
    assert_eq!(store.update_camera(&elsewhere.id, &camera.id, patch).await.unwrap(), None);
    assert_eq!(store.delete_camera(&elsewhere.id, &camera.id).await.unwrap(), None);
    assert_eq!(store.delete_camera(&here.id, &camera.id).await.unwrap(), Some(camera.clone()));
    assert_eq!(store.camera(&here.id, &camera.id).await.unwrap(), None);
}

async fn a_camera_needs_its_event(store: &impl Store) {
    let orphan = store.create_camera(camera("a", "x")).await;
    assert!(matches!(orphan, Err(StoreError::NotFound { what: "event" })), "{orphan:?}");
    let orphan = store.append_switch(switch("a", 0)).await;
    assert!(matches!(orphan, Err(StoreError::NotFound { what: "event" })), "{orphan:?}");
    assert!(store.cameras(&EventId::parse("a").unwrap()).await.unwrap().is_empty());
}

async fn a_camera_is_found_by_its_key_until_it_is_rotated(store: &impl Store) {
    store.create_event(event("a")).await.unwrap();
    let camera = camera("a", "x");
    store.create_camera(camera.clone()).await.unwrap();
    let (old, new) = (camera.key_hash, SecretHash::of("new"));
    assert_eq!(store.camera_by_key(&old).await.unwrap(), Some(camera.clone()));
    let patch = CameraPatch { key_hash: Some(new), ..CameraPatch::default() };
    store.update_camera(&camera.event, &camera.id, patch).await.unwrap();
    assert_eq!(store.camera_by_key(&old).await.unwrap(), None);
    let rotated = Camera { key_hash: new, ..camera };
    assert_eq!(store.camera_by_key(&new).await.unwrap(), Some(rotated));
}

async fn a_key_belongs_to_one_camera(store: &impl Store) {
    store.create_event(event("a")).await.unwrap();
    let (first, second) = (camera("a", "x"), camera("a", "y"));
    store.create_camera(first.clone()).await.unwrap();
    store.create_camera(second.clone()).await.unwrap();
    let taken = Camera { key_hash: first.key_hash, ..camera("a", "z") };
    let refused = store.create_camera(taken).await;
    assert!(matches!(refused, Err(StoreError::AlreadyExists { what: "key" })), "{refused:?}");
    let patch = CameraPatch { key_hash: Some(first.key_hash), ..CameraPatch::default() };
    let refused = store.update_camera(&second.event, &second.id, patch).await;
    assert!(matches!(refused, Err(StoreError::AlreadyExists { what: "key" })), "{refused:?}");
}

async fn an_event_has_a_limited_number_of_cameras(store: &impl Store) {
    store.create_event(event("a")).await.unwrap();
    store.create_event(event("b")).await.unwrap();
    for number in 0..CAMERAS_PER_EVENT_MAX {
        store.create_camera(camera("a", &format!("x{number}"))).await.unwrap();
    }
    let refused = store.create_camera(camera("a", "y")).await;
    assert!(matches!(refused, Err(StoreError::LimitExceeded { .. })), "{refused:?}");
    store.create_camera(camera("b", "y")).await.unwrap();
}

async fn an_event_takes_everything_in_it_with_it(store: &impl Store) {
    let event = event("a");
    let camera = camera("a", "x");
    store.create_event(event.clone()).await.unwrap();
    store.create_camera(camera.clone()).await.unwrap();
    store.append_switch(switch("a", 0)).await.unwrap();
    store.schedule_take(scheduled("a", "t", 5)).await.unwrap();
    store.create_token(token("a", "k", 100), Timestamp::from_millis(0)).await.unwrap();
    assert_eq!(store.delete_event(&event.id).await.unwrap(), Some(event.clone()));
    assert_eq!(store.delete_event(&event.id).await.unwrap(), None);
    assert_eq!(store.camera_by_key(&camera.key_hash).await.unwrap(), None);
    store.create_event(event.clone()).await.unwrap();
    assert!(store.cameras(&event.id).await.unwrap().is_empty());
    assert!(store.scheduled_takes(&event.id).await.unwrap().is_empty());
    assert!(store.tokens(&event.id).await.unwrap().is_empty());
    assert_eq!(store.token_by_hash(&token("a", "k", 100).hash).await.unwrap(), None);
    let page = SwitchPage { before: None, limit: 10 };
    assert!(store.switches(&event.id, page).await.unwrap().is_empty());
}

async fn sound_of_a_removed_camera_follows_the_picture(store: &impl Store) {
    let (desk, other) = (camera("a", "desk"), camera("a", "other"));
    store.create_event(event("a")).await.unwrap();
    store.create_camera(desk.clone()).await.unwrap();
    store.create_camera(other.clone()).await.unwrap();
    let source = AudioSource::Camera(desk.id.clone());
    let policy = PolicyPatch { audio_source: Some(source.clone()), ..PolicyPatch::default() };
    let patch = EventPatch { policy, ..EventPatch::default() };
    store.update_event(&desk.event, patch).await.unwrap();
    store.delete_camera(&other.event, &other.id).await.unwrap();
    let kept = store.event(&desk.event).await.unwrap().unwrap();
    assert_eq!(kept.policy.audio_source, source);
    store.delete_camera(&desk.event, &desk.id).await.unwrap();
    let kept = store.event(&desk.event).await.unwrap().unwrap();
    assert_eq!(kept.policy.audio_source, AudioSource::Follow);
}

async fn a_snapshot_has_events_with_their_cameras(store: &impl Store) {
    let later = Event { created_at: Timestamp::from_millis(5), ..event("a") };
    store.create_event(later.clone()).await.unwrap();
    store.create_event(event("b")).await.unwrap();
    let first = Camera { priority: 1, ..camera("a", "y") };
    store.create_camera(camera("a", "x")).await.unwrap();
    store.create_camera(first.clone()).await.unwrap();
    let expect = [
        EventWithCameras { event: event("b"), cameras: Vec::new() },
        EventWithCameras { event: later, cameras: vec![first, camera("a", "x")] },
    ];
    assert_eq!(store.snapshot().await.unwrap(), expect);
}

async fn meta_values_are_replaced(store: &impl Store) {
    assert_eq!(store.meta(MetaKey::AdminTokenHash).await.unwrap(), None);
    store.set_meta(MetaKey::AdminTokenHash, "one".to_owned()).await.unwrap();
    store.set_meta(MetaKey::AdminTokenHash, "two".to_owned()).await.unwrap();
    assert_eq!(store.meta(MetaKey::AdminTokenHash).await.unwrap().as_deref(), Some("two"));
    assert_eq!(store.meta(MetaKey::EventClockOrigin).await.unwrap(), None);
}

async fn writers_do_not_lose_each_others_changes(store: impl Store) {
    let store = Arc::new(store);
    store.create_event(event("a")).await.unwrap();
    let camera = camera("a", "x");
    store.create_camera(camera.clone()).await.unwrap();
    let tasks: Vec<_> = (0..32_i32)
        .map(|number| {
            let (store, camera) = (Arc::clone(&store), camera.clone());
            tokio::spawn(async move {
                let patch = if number % 2 == 0 {
                    CameraPatch { priority: Some(7), ..CameraPatch::default() }
                } else {
                    CameraPatch { sync_offset_ms: Some(70), ..CameraPatch::default() }
                };
                store.update_camera(&camera.event, &camera.id, patch).await.unwrap();
                store.append_switch(switch("a", i64::from(number))).await.unwrap()
            })
        })
        .collect();
    let mut seqs = Vec::new();
    for task in tasks {
        seqs.push(task.await.unwrap());
    }
    seqs.sort();
    seqs.dedup();
    assert_eq!(seqs.len(), 32);
    let after = store.camera(&camera.event, &camera.id).await.unwrap();
    assert_eq!(after, Some(Camera { priority: 7, sync_offset_ms: 70, ..camera }));
}

async fn a_closed_store_says_so(store: &impl Store) {
    store.create_event(event("a")).await.unwrap();
    store.close().await.unwrap();
    assert!(matches!(store.events().await, Err(StoreError::Closed)));
    assert!(matches!(store.create_event(event("b")).await, Err(StoreError::Closed)));
    assert!(matches!(store.close().await, Err(StoreError::Closed)));
}
