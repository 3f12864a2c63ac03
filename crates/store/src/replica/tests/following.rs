//! What comes from the shared database, and what is told there beside the outbox.

use super::*;

#[tokio::test]
async fn a_new_copy_is_filled_with_everything_and_notes_nothing_of_it() {
    let shared = Shared::new();
    write_everything(&shared.inner).await;
    shared.inner.put_hook_delivery(delivery("d")).await.unwrap();
    let rig = Rig::with(SqliteStore::copy_in_memory(false).unwrap(), Arc::clone(&shared)).await;
    assert_eq!(rig.pending(), (StoreState::Ok, 0));
    rig.check_equal().await;
    let admin = rig.copy.meta(MetaKey::AdminTokenHash).await.unwrap();
    assert_eq!(admin.as_deref(), Some("hash"));
    // Another server's queue.
    assert!(rig.copy.hook_deliveries(HookQueue::Waiting, 9).await.unwrap().is_empty());
    rig.copy.create_event(event("c")).await.unwrap();
    assert_eq!(rig.pending(), (StoreState::Ok, 1));
}

#[tokio::test]
async fn a_copy_that_was_never_filled_says_that_the_database_is_missing() {
    let shared = Shared::new();
    shared.set(Mood::Down);
    let copy = Arc::new(SqliteStore::copy_in_memory(false).unwrap());
    let replica = Replica::new(copy, shared as Arc<dyn Store>);
    let failed = replica.fill().await;
    assert!(matches!(failed, Err(StoreError::Unavailable(_))), "{failed:?}");
}

#[tokio::test]
async fn hook_deliveries_stay_here() {
    let rig = Rig::new().await;
    rig.copy.put_hook_delivery(delivery("d")).await.unwrap();
    rig.replica.flush().await.unwrap();
    assert!(rig.shared.inner.hook_deliveries(HookQueue::Waiting, 9).await.unwrap().is_empty());
    assert_eq!(rig.copy.hook_deliveries(HookQueue::Waiting, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_others_change_is_adopted_and_told() {
    let rig = Rig::new().await;
    let there = &rig.shared.inner;
    rig.copy.create_event(event("a")).await.unwrap();
    rig.copy.create_event(event("gone")).await.unwrap();
    for id in ["x", "y", "z"] {
        rig.copy.create_camera(camera("a", id)).await.unwrap();
    }
    rig.replica.flush().await.unwrap();
    there.update_event(&event("a").id, rename("Theirs")).await.unwrap();
    there.delete_event(&event("gone").id).await.unwrap();
    there.create_event(event("new")).await.unwrap();
    there.create_camera(camera("new", "w")).await.unwrap();
    let id = |id| CameraId::parse(id).unwrap();
    let rotated = CameraPatch { key_hash: Some(SecretHash::of("n")), ..CameraPatch::default() };
    there.update_camera(&event("a").id, &id("x"), rotated).await.unwrap();
    there.update_camera(&event("a").id, &id("y"), priority(1)).await.unwrap();
    there.delete_camera(&event("a").id, &id("z")).await.unwrap();
    let fetched = rig.replica.fetch().await.unwrap().unwrap();
    let adopted = rig.copy.adopt(fetched).await.unwrap();
    let renamed = Event { name: DisplayName::parse("Theirs").unwrap(), ..event("a") };
    let other_key = Camera { key_hash: SecretHash::of("n"), ..camera("a", "x") };
    let expect = [
        Adopted::EventDeleted(event("gone").id),
        Adopted::CameraDeleted(camera("a", "z")),
        Adopted::EventUpdated(renamed),
        Adopted::CameraUpdated(Camera { priority: 1, ..camera("a", "y") }),
        Adopted::KeyRotated(other_key.clone()),
        Adopted::CameraUpdated(other_key),
        Adopted::EventCreated(event("new")),
        Adopted::CameraCreated(camera("new", "w")),
    ];
    assert_eq!(adopted, expect);
    rig.check_equal().await;
    assert_eq!(rig.pending(), (StoreState::Ok, 0), "what came from there is not sent there");
    let again = rig.replica.fetch().await.unwrap().unwrap();
    assert!(rig.copy.adopt(again).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_event_whose_writes_were_refused_stays_as_it_is_here() {
    let rig = Rig::new().await;
    let there = &rig.shared.inner;
    rig.copy.create_event(event("refused")).await.unwrap();
    *rig.shared.script.lock().unwrap() = vec![Mood::Refusing, Mood::Up];
    rig.replica.flush().await.unwrap();
    there.create_event(event("new")).await.unwrap();
    let fetched = rig.replica.fetch().await.unwrap().unwrap();
    let adopted = rig.copy.adopt(fetched).await.unwrap();
    assert_eq!(adopted, [Adopted::EventCreated(event("new"))]);
    assert!(rig.copy.event(&event("refused").id).await.unwrap().is_some());
}

#[tokio::test]
async fn keys_and_cameras_that_change_places_are_followed() {
    let rig = Rig::new().await;
    let there = &rig.shared.inner;
    for event_id in ["a", "b"] {
        rig.copy.create_event(event(event_id)).await.unwrap();
    }
    for (event_id, id) in [("a", "x"), ("a", "y"), ("a", "z")] {
        rig.copy.create_camera(camera(event_id, id)).await.unwrap();
    }
    rig.replica.flush().await.unwrap();
    let key = |key| CameraPatch { key_hash: Some(SecretHash::of(key)), ..CameraPatch::default() };
    let id = |id| CameraId::parse(id).unwrap();
    for (id, patch) in [(id("x"), key("spare")), (id("y"), key("x")), (id("x"), key("y"))] {
        there.update_camera(&event("a").id, &id, patch).await.unwrap();
    }
    there.delete_camera(&event("a").id, &id("z")).await.unwrap();
    there.create_camera(camera("b", "z")).await.unwrap();
    let fetched = rig.replica.fetch().await.unwrap().unwrap();
    let adopted = rig.copy.adopt(fetched).await.unwrap();
    assert_eq!(adopted[0], Adopted::CameraDeleted(camera("a", "z")));
    assert_eq!(adopted.last(), Some(&Adopted::CameraCreated(camera("b", "z"))));
    rig.check_equal().await;
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_told_though_nothing_waits() {
    let rig = Rig::new().await;
    rig.shared.set(Mood::Down);
    assert!(rig.replica.fetch().await.is_err());
    assert_eq!(rig.pending(), (StoreState::Behind, 0));
    rig.shared.set(Mood::Up);
    rig.replica.fetch().await.unwrap();
    assert_eq!(rig.pending(), (StoreState::Ok, 0));
}

#[tokio::test]
async fn what_waits_here_is_newer_than_what_is_there() {
    let rig = Rig::new().await;
    rig.copy.create_event(event("a")).await.unwrap();
    assert!(rig.replica.fetch().await.unwrap().is_none());
    rig.replica.flush().await.unwrap();
    let before = rig.replica.fetch().await.unwrap().unwrap();
    rig.copy.update_event(&event("a").id, rename("Ours")).await.unwrap();
    assert!(rig.copy.adopt(before).await.unwrap().is_empty());
    let before = rig.replica.fetch().await.unwrap();
    assert!(before.is_none(), "the change waits");
    rig.replica.flush().await.unwrap();
    assert_eq!(rig.copy.event(&event("a").id).await.unwrap().unwrap().name.as_str(), "Ours");
    rig.check_equal().await;
}

#[test]
fn sound_of_a_camera_that_others_removed_follows_the_picture() {
    let policy = EventPolicy {
        audio_source: AudioSource::Camera(CameraId::parse("x").unwrap()),
        ..EventPolicy::default()
    };
    let event = Event { policy, ..event("a") };
    let mut found = EventWithCameras { event: event.clone(), cameras: vec![camera("a", "x")] };
    follow_instead_of_nobody(&mut found);
    assert_eq!(found.event, event);
    found.cameras.clear();
    follow_instead_of_nobody(&mut found);
    assert_eq!(found.event.policy.audio_source, AudioSource::Follow);
}

#[test]
fn two_cameras_with_one_key_or_one_id_are_one() {
    let (older, newer) = (event("a"), event("b"));
    let same_key = Camera { key_hash: SecretHash::of("x"), ..camera("b", "y") };
    let mut found = vec![
        EventWithCameras { event: older, cameras: vec![camera("a", "x")] },
        EventWithCameras {
            event: newer,
            cameras: vec![same_key, camera("b", "x"), camera("b", "z")],
        },
    ];
    leave_out_doubles(&mut found);
    assert_eq!(found[0].cameras, [camera("a", "x")]);
    assert_eq!(found[1].cameras, [camera("b", "z")]);
}

#[tokio::test]
async fn the_newest_word_of_a_publisher_is_told_when_the_database_is_back() {
    let rig = Rig::new().await;
    let (event, camera) = (event("a").id, CameraId::parse("x").unwrap());
    rig.shared.set(Mood::Down);
    rig.copy.tell_presence(&event, &camera, CameraPresence::Live).await.unwrap();
    assert!(rig.replica.flush().await.is_err());
    rig.copy.tell_presence(&event, &camera, CameraPresence::Offline).await.unwrap();
    rig.shared.set(Mood::Up);
    rig.replica.flush().await.unwrap();
    rig.replica.flush().await.unwrap();
    assert_eq!(*rig.shared.told.lock().unwrap(), [(camera, CameraPresence::Offline)]);
}

#[tokio::test]
async fn keys_are_shown_only_where_the_operator_wants_them_to_be_readable() {
    for readable in [false, true] {
        let copy = SqliteStore::copy_in_memory(readable).unwrap();
        let rig = Rig::with(copy, Shared::new()).await;
        let key = StreamKey::random().unwrap();
        rig.copy.show_key(&event("a").id, &camera("a", "x").id, &key).await.unwrap();
        rig.replica.flush().await.unwrap();
        let shown = rig.shared.shown.lock().unwrap().clone();
        assert_eq!(shown, if readable { vec![key.reveal().to_owned()] } else { Vec::new() });
    }
}
