//! What every [`Store`] does, whatever is behind it.
//!
//! A back end's tests call [`run`] with a function that makes an empty store. Each check gets one of its own.

use std::sync::Arc;

use crate::limits::{
    CAMERAS_PER_EVENT_MAX, HOOK_BODY_BYTES_MAX, RECORDING_FILES_MAX, SCHEDULED_PER_EVENT_MAX,
    SWITCH_PAGE_MAX, TOKENS_PER_EVENT_MAX,
};
use crate::{
    AccessRole, AccessToken, AudioSource, Camera, CameraId, CameraPatch, CreatorId, Discontinuity,
    DisplayName, Event, EventId, EventPatch, EventPolicy, EventWithCameras, HookDelivery,
    HookDeliveryId, HookQueue, Ledger, Life, Lock, LockedBy, LoggedSwitch, MetaKey, Placed,
    Playback, PolicyPatch, Recording, RecordingId, RecordingState, ScheduledTake, ScheduledTakeId,
    SecretHash, Store, StoreError, SwitchOutcome, SwitchPage, SwitchReason, SwitchRecord,
    SwitchSeq, SwitchStyle, Timestamp, TokenId, UnknownFields,
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
    the_log_is_paged_newest_first(&make()).await;
    tokens_come_back_as_written_oldest_first(&make()).await;
    a_token_is_found_by_its_hash_until_it_is_removed(&make()).await;
    a_token_and_its_id_are_taken_once(&make()).await;
    ended_tokens_make_room_for_new_ones(&make()).await;
    the_ledger_of_an_entry_is_filled_in_later(&make()).await;
    scheduled_takes_come_in_the_order_of_their_times(&make()).await;
    a_scheduled_take_is_removed_once(&make()).await;
    an_event_has_a_limited_number_of_scheduled_takes(&make()).await;
    an_entry_keeps_its_place_and_comes_into_the_log_once(&make()).await;
    recordings_are_replaced_and_listed_by_their_start(&make()).await;
    a_recording_stays_in_its_event(&make()).await;
    hook_deliveries_keep_their_place_in_the_queue(&make()).await;
    hook_deliveries_outlive_their_event(&make()).await;
    a_token_of_a_camera_goes_with_it(&make()).await;
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

/// A recording for tests.
pub(crate) fn recording(event: &str, id: &str, started_at: i64) -> Recording {
    Recording {
        id: RecordingId::parse(id).unwrap(),
        event: EventId::parse(event).unwrap(),
        camera: None,
        started_at: Timestamp::from_millis(started_at),
        ended_at: None,
        state: RecordingState::Recording,
        bytes: 1 << 40,
        duration_ms: 4000,
        files: vec!["a/program-1.mp4".to_owned()],
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
    store.put_recording(recording("a", "r", 5)).await.unwrap();
    store.create_token(token("a", "k", 100), Timestamp::from_millis(0)).await.unwrap();
    assert_eq!(store.delete_event(&event.id).await.unwrap(), Some(event.clone()));
    assert_eq!(store.delete_event(&event.id).await.unwrap(), None);
    assert_eq!(store.camera_by_key(&camera.key_hash).await.unwrap(), None);
    store.create_event(event.clone()).await.unwrap();
    assert!(store.cameras(&event.id).await.unwrap().is_empty());
    assert!(store.scheduled_takes(&event.id).await.unwrap().is_empty());
    assert!(store.recordings(&event.id).await.unwrap().is_empty());
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

async fn the_log_is_paged_newest_first(store: &impl Store) {
    let (event, other) = (event("a"), event("b"));
    store.create_event(event.clone()).await.unwrap();
    store.create_event(other).await.unwrap();
    let mut seqs = Vec::new();
    for at in 0..5 {
        seqs.push(store.append_switch(switch("a", at)).await.unwrap());
        store.append_switch(switch("b", at)).await.unwrap();
    }
    assert!(seqs.is_sorted(), "{seqs:?}");
    let page = |before: Option<SwitchSeq>, limit| SwitchPage { before, limit };
    let newest = store.switches(&event.id, page(None, 2)).await.unwrap();
    assert_eq!(newest.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [seqs[4], seqs[3]]);
    assert_eq!(newest[0].record, switch("a", 4));
    let rest = store.switches(&event.id, page(Some(seqs[3]), SWITCH_PAGE_MAX)).await.unwrap();
    assert_eq!(rest.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [seqs[2], seqs[1], seqs[0]]);
    let before_all = store.switches(&event.id, page(Some(SwitchSeq(0)), 10)).await.unwrap();
    assert!(before_all.is_empty());
    let far = store.switches(&event.id, page(Some(SwitchSeq(u64::MAX)), 10)).await.unwrap();
    assert_eq!(far.len(), 5);
}

async fn tokens_come_back_as_written_oldest_first(store: &impl Store) {
    store.create_event(event("a")).await.unwrap();
    store.create_event(event("b")).await.unwrap();
    let later = AccessToken { created_at: Timestamp::from_millis(5), ..token("a", "x", 100) };
    let earlier = AccessToken {
        camera: Some(CameraId::parse("altar").unwrap()),
        role: AccessRole::Operator,
        name: Some(DisplayName::parse("Tally").unwrap()),
        ..token("a", "y", 100)
    };
    for token in [&later, &earlier, &token("b", "z", 100)] {
        store.create_token(token.clone(), Timestamp::from_millis(0)).await.unwrap();
    }
    assert_eq!(store.tokens(&later.event).await.unwrap(), [earlier, later]);
    let orphan = store.create_token(token("c", "o", 100), Timestamp::from_millis(0)).await;
    assert!(matches!(orphan, Err(StoreError::NotFound { what: "event" })), "{orphan:?}");
    assert!(store.tokens(&EventId::parse("c").unwrap()).await.unwrap().is_empty());
}

async fn a_token_is_found_by_its_hash_until_it_is_removed(store: &impl Store) {
    let (here, elsewhere) = (event("a"), event("b"));
    store.create_event(here.clone()).await.unwrap();
    store.create_event(elsewhere.clone()).await.unwrap();
    let (first, second) = (token("a", "x", 100), token("a", "y", 100));
    for token in [&first, &second] {
        store.create_token(token.clone(), Timestamp::from_millis(0)).await.unwrap();
    }
    assert_eq!(store.token_by_hash(&first.hash).await.unwrap(), Some(first.clone()));
    assert_eq!(store.token_by_hash(&SecretHash::of("other")).await.unwrap(), None);
    assert_eq!(store.delete_token(&elsewhere.id, &first.id).await.unwrap(), None);
    assert_eq!(store.delete_token(&here.id, &first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(store.delete_token(&here.id, &first.id).await.unwrap(), None);
    assert_eq!(store.token_by_hash(&first.hash).await.unwrap(), None);
    store.delete_event(&here.id).await.unwrap();
    assert_eq!(store.token_by_hash(&second.hash).await.unwrap(), None);
}

async fn a_token_and_its_id_are_taken_once(store: &impl Store) {
    store.create_event(event("a")).await.unwrap();
    let first = token("a", "x", 100);
    store.create_token(first.clone(), Timestamp::from_millis(0)).await.unwrap();
    let same_id = AccessToken { hash: SecretHash::of("new"), ..first.clone() };
    let same_hash = AccessToken { hash: first.hash, ..token("a", "y", 100) };
    for again in [same_id, same_hash] {
        let refused = store.create_token(again, Timestamp::from_millis(0)).await;
        assert!(matches!(refused, Err(StoreError::AlreadyExists { what: "token" })), "{refused:?}");
    }
}

async fn ended_tokens_make_room_for_new_ones(store: &impl Store) {
    store.create_event(event("a")).await.unwrap();
    let at = Timestamp::from_millis;
    for number in 0..TOKENS_PER_EVENT_MAX {
        let ends = if number == 0 { 50 } else { 100 };
        store.create_token(token("a", &format!("x{number}"), ends), at(0)).await.unwrap();
    }
    let refused = store.create_token(token("a", "y", 100), at(49)).await;
    assert!(matches!(refused, Err(StoreError::LimitExceeded { .. })), "{refused:?}");
    store.create_token(token("a", "y", 100), at(50)).await.unwrap();
    assert_eq!(store.token_by_hash(&SecretHash::of("x0")).await.unwrap(), None);
}

async fn the_ledger_of_an_entry_is_filled_in_later(store: &impl Store) {
    let (here, elsewhere) = (event("a"), event("b"));
    store.create_event(here.clone()).await.unwrap();
    store.create_event(elsewhere.clone()).await.unwrap();
    let seq = store.append_switch(switch("a", 0)).await.unwrap();
    let other = store.append_switch(switch("a", 1)).await.unwrap();
    let ledger = Ledger {
        published_at: Some(Timestamp::from_millis(40)),
        video_gap_us: Some(-33),
        ..Ledger::default()
    };
    assert!(store.set_ledger(&here.id, seq, ledger).await.unwrap());
    assert!(!store.set_ledger(&elsewhere.id, seq, ledger).await.unwrap());
    assert!(!store.set_ledger(&here.id, SwitchSeq(u64::MAX), ledger).await.unwrap());
    let page = SwitchPage { before: None, limit: 10 };
    let log = store.switches(&here.id, page).await.unwrap();
    let expect = [(other, switch("a", 1)), (seq, SwitchRecord { ledger, ..switch("a", 0) })];
    let log: Vec<_> = log.into_iter().map(|entry| (entry.seq, entry.record)).collect();
    assert_eq!(log, expect);
}

async fn scheduled_takes_come_in_the_order_of_their_times(store: &impl Store) {
    store.create_event(event("a")).await.unwrap();
    store.create_event(event("b")).await.unwrap();
    let (late, early, same) =
        (scheduled("a", "x", 20), scheduled("a", "y", 10), scheduled("a", "w", 20));
    for take in [&late, &early, &same, &scheduled("b", "z", 15)] {
        store.schedule_take(take.clone()).await.unwrap();
    }
    let takes = store.scheduled_takes(&late.event).await.unwrap();
    assert_eq!(takes, [early, late, same]);
    let orphan = store.schedule_take(scheduled("c", "o", 0)).await;
    assert!(matches!(orphan, Err(StoreError::NotFound { what: "event" })), "{orphan:?}");
    assert!(store.scheduled_takes(&EventId::parse("c").unwrap()).await.unwrap().is_empty());
    let again = store.schedule_take(scheduled("b", "x", 0)).await;
    let what = "scheduled take";
    assert!(matches!(again, Err(StoreError::AlreadyExists { what: w }) if w == what), "{again:?}");
}

async fn a_scheduled_take_is_removed_once(store: &impl Store) {
    let (here, elsewhere) = (event("a"), event("b"));
    store.create_event(here.clone()).await.unwrap();
    store.create_event(elsewhere.clone()).await.unwrap();
    let take = scheduled("a", "x", 20);
    store.schedule_take(take.clone()).await.unwrap();
    assert_eq!(store.delete_scheduled_take(&elsewhere.id, &take.id).await.unwrap(), None);
    let gone = store.delete_scheduled_take(&here.id, &take.id).await.unwrap();
    assert_eq!(gone, Some(take.clone()));
    assert_eq!(store.delete_scheduled_take(&here.id, &take.id).await.unwrap(), None);
    assert!(store.scheduled_takes(&here.id).await.unwrap().is_empty());
}

async fn an_event_has_a_limited_number_of_scheduled_takes(store: &impl Store) {
    store.create_event(event("a")).await.unwrap();
    store.create_event(event("b")).await.unwrap();
    for number in 0..SCHEDULED_PER_EVENT_MAX {
        store.schedule_take(scheduled("a", &format!("x{number}"), 0)).await.unwrap();
    }
    let refused = store.schedule_take(scheduled("a", "y", 0)).await;
    assert!(matches!(refused, Err(StoreError::LimitExceeded { .. })), "{refused:?}");
    store.schedule_take(scheduled("b", "y", 0)).await.unwrap();
}

async fn an_entry_keeps_its_place_and_comes_into_the_log_once(store: &impl Store) {
    let event = event("a");
    store.create_event(event.clone()).await.unwrap();
    let at = |seq, millis| LoggedSwitch { seq: SwitchSeq(seq), record: switch("a", millis) };
    assert!(store.put_switch(at(5000, 5)).await.unwrap());
    assert!(store.put_switch(at(7000, 7)).await.unwrap());
    assert!(!store.put_switch(at(7000, 8)).await.unwrap());
    let next = store.append_switch(switch("a", 6)).await.unwrap();
    assert!(next > SwitchSeq(7000), "{next:?}");
    let log = store.switches(&event.id, SwitchPage { before: None, limit: 10 }).await.unwrap();
    assert_eq!(log, [at(next.0, 6), at(7000, 7), at(5000, 5)]);
    let elsewhere = LoggedSwitch { seq: SwitchSeq(9), record: switch("b", 0) };
    let orphan = store.put_switch(elsewhere).await;
    assert!(matches!(orphan, Err(StoreError::NotFound { what: "event" })), "{orphan:?}");
}

async fn recordings_are_replaced_and_listed_by_their_start(store: &impl Store) {
    store.create_event(event("a")).await.unwrap();
    let (late, early) = (recording("a", "x", 9), recording("a", "y", 3));
    store.put_recording(late.clone()).await.unwrap();
    store.put_recording(early.clone()).await.unwrap();
    let finished = Recording {
        state: RecordingState::Finished,
        ended_at: Some(Timestamp::from_millis(10)),
        camera: Some(CameraId::parse("aisle").unwrap()),
        ..late
    };
    store.put_recording(finished.clone()).await.unwrap();
    let event = finished.event.clone();
    assert_eq!(store.recordings(&event).await.unwrap(), [early, finished.clone()]);
    let files = vec![String::new(); RECORDING_FILES_MAX as usize + 1];
    let refused = store.put_recording(Recording { files, ..finished }).await;
    assert!(matches!(refused, Err(StoreError::LimitExceeded { .. })), "{refused:?}");
}

async fn a_recording_stays_in_its_event(store: &impl Store) {
    store.create_event(event("a")).await.unwrap();
    store.create_event(event("b")).await.unwrap();
    let mine = recording("a", "x", 0);
    store.put_recording(mine.clone()).await.unwrap();
    let moved = store.put_recording(recording("b", "x", 0)).await;
    let what = "recording";
    assert!(matches!(moved, Err(StoreError::AlreadyExists { what: w }) if w == what), "{moved:?}");
    let orphan = store.put_recording(recording("c", "y", 0)).await;
    assert!(matches!(orphan, Err(StoreError::NotFound { what: "event" })), "{orphan:?}");
    let elsewhere = EventId::parse("b").unwrap();
    assert_eq!(store.delete_recording(&elsewhere, &mine.id).await.unwrap(), None);
    let deleted = store.delete_recording(&mine.event, &mine.id).await.unwrap();
    assert_eq!(deleted, Some(mine.clone()));
    assert_eq!(store.delete_recording(&mine.event, &mine.id).await.unwrap(), None);
}

async fn hook_deliveries_keep_their_place_in_the_queue(store: &impl Store) {
    let [first, second, third] = ["z", "y", "x"].map(delivery);
    for delivery in [&first, &second, &third] {
        store.put_hook_delivery(delivery.clone()).await.unwrap();
    }
    let tried =
        HookDelivery { attempts: 2, last_error: Some("it answered 503".to_owned()), ..first };
    store.put_hook_delivery(tried.clone()).await.unwrap();
    let given_up = HookDelivery { dead: true, ..second };
    store.put_hook_delivery(given_up.clone()).await.unwrap();
    let waiting = store.hook_deliveries(HookQueue::Waiting, 10).await.unwrap();
    assert_eq!(waiting, [tried.clone(), third]);
    let first = store.hook_deliveries(HookQueue::Waiting, 1).await.unwrap();
    assert_eq!(first.iter().collect::<Vec<_>>(), [&tried]);
    assert!(store.hook_deliveries(HookQueue::Waiting, 0).await.unwrap().is_empty());
    assert_eq!(store.hook_deliveries(HookQueue::Dead, 10).await.unwrap(), [given_up]);
    assert_eq!(store.delete_hook_delivery(&tried.id).await.unwrap(), Some(tried.clone()));
    assert_eq!(store.delete_hook_delivery(&tried.id).await.unwrap(), None);
    let body = "x".repeat(HOOK_BODY_BYTES_MAX as usize + 1);
    let refused = store.put_hook_delivery(HookDelivery { body, ..tried }).await;
    assert!(matches!(refused, Err(StoreError::LimitExceeded { .. })), "{refused:?}");
}

async fn hook_deliveries_outlive_their_event(store: &impl Store) {
    let event = event("a");
    store.create_event(event.clone()).await.unwrap();
    store.put_hook_delivery(delivery("x")).await.unwrap();
    store.delete_event(&event.id).await.unwrap();
    assert_eq!(store.hook_deliveries(HookQueue::Waiting, 9).await.unwrap(), [delivery("x")]);
}

async fn a_token_of_a_camera_goes_with_it(store: &impl Store) {
    store.create_event(event("a")).await.unwrap();
    let (camera, now) = (camera("a", "x"), Timestamp::from_millis(0));
    store.create_camera(camera.clone()).await.unwrap();
    let narrow = AccessToken { camera: Some(camera.id.clone()), ..token("a", "narrow", 100) };
    let wide = token("a", "wide", 100);
    store.create_token(narrow, now).await.unwrap();
    store.create_token(wide.clone(), now).await.unwrap();
    store.delete_camera(&camera.event, &camera.id).await.unwrap();
    assert_eq!(store.tokens(&camera.event).await.unwrap(), [wide]);
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
