//! An embedded store that fails on command stands for the shared database.

mod following;

use std::fs;
use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::fake::{Mood, Shared};
use super::*;
use crate::conformance::{camera, delivery, event, scheduled, switch, token};
use crate::sqlite::Adopted;
use crate::{
    AudioSource, Camera, CameraId, CameraPatch, CameraPresence, DisplayName, Event, EventPatch,
    EventPolicy, HookQueue, Ledger, Lock, LockedBy, SecretHash, StreamKey, SwitchPage, Timestamp,
};

/// A copy and the database behind it, filled.
struct Rig {
    shared: Arc<Shared>,
    copy: Arc<SqliteStore>,
    replica: Replica,
}

impl Rig {
    async fn new() -> Self {
        Self::with(SqliteStore::copy_in_memory(false).unwrap(), Shared::new()).await
    }

    async fn with(copy: SqliteStore, shared: Arc<Shared>) -> Self {
        let copy = Arc::new(copy);
        let mut replica = Replica::new(Arc::clone(&copy), Arc::clone(&shared) as Arc<dyn Store>);
        replica.first_retry = Duration::from_millis(1);
        replica.fill().await.unwrap();
        Self { shared, copy, replica }
    }

    /// Both hold the same.
    async fn check_equal(&self) {
        let (here, there) = (&self.copy, &self.shared.inner);
        let events = here.snapshot().await.unwrap();
        assert_eq!(events, there.snapshot().await.unwrap());
        for EventWithCameras { event, .. } in events {
            let (id, page) = (&event.id, SwitchPage { before: None, limit: 500 });
            let log = here.switches(id, page).await.unwrap();
            assert_eq!(log, there.switches(id, page).await.unwrap());
            let takes = here.scheduled_takes(id).await.unwrap();
            assert_eq!(takes, there.scheduled_takes(id).await.unwrap());
            assert_eq!(here.tokens(id).await.unwrap(), there.tokens(id).await.unwrap());
        }
    }

    fn pending(&self) -> (StoreState, u64) {
        let status = self.copy.status();
        (status.state, status.pending)
    }
}

fn rename(name: &str) -> EventPatch {
    EventPatch { name: Some(DisplayName::parse(name).unwrap()), ..EventPatch::default() }
}

fn priority(priority: u16) -> CameraPatch {
    CameraPatch { priority: Some(priority), ..CameraPatch::default() }
}

/// One write of each kind.
async fn write_everything(store: &SqliteStore) {
    let (a, b) = (event("a"), event("b"));
    let (x, y) = (camera("a", "x"), camera("a", "y"));
    store.create_event(a.clone()).await.unwrap();
    store.create_event(b.clone()).await.unwrap();
    store.update_event(&a.id, rename("Cup final")).await.unwrap();
    let lock = Lock { at: Timestamp::from_millis(7), by: LockedBy::Flapping, name: None };
    let locked = EventPatch { lock: Some(Some(lock)), ..EventPatch::default() };
    store.update_event(&a.id, locked).await.unwrap();
    let released = EventPatch { lock: Some(None), ..EventPatch::default() };
    store.update_event(&a.id, released).await.unwrap();
    store.create_camera(x.clone()).await.unwrap();
    store.create_camera(y.clone()).await.unwrap();
    store.update_camera(&a.id, &x.id, priority(3)).await.unwrap();
    store.delete_camera(&a.id, &y.id).await.unwrap();
    store.delete_event(&b.id).await.unwrap();
    let seq = store.append_switch(switch("a", 5)).await.unwrap();
    let ledger = Ledger { video_gap_us: Some(9), ..Ledger::default() };
    assert!(store.set_ledger(&a.id, seq, ledger).await.unwrap());
    store.schedule_take(scheduled("a", "t", 5)).await.unwrap();
    store.schedule_take(scheduled("a", "u", 5)).await.unwrap();
    store.delete_scheduled_take(&a.id, &scheduled("a", "t", 5).id).await.unwrap();
    let now = Timestamp::from_millis(0);
    store.create_token(token("a", "k", 100), now).await.unwrap();
    store.create_token(token("a", "l", 100), now).await.unwrap();
    store.delete_token(&a.id, &token("a", "k", 100).id).await.unwrap();
    store.set_meta(MetaKey::AdminTokenHash, "hash".to_owned()).await.unwrap();
}

#[tokio::test]
async fn what_was_written_while_the_database_was_down_is_there_once_it_is_back() {
    let rig = Rig::new().await;
    rig.shared.set(Mood::Down);
    write_everything(&rig.copy).await;
    assert!(rig.replica.flush().await.is_err());
    assert_eq!(rig.pending(), (StoreState::Behind, 19));
    let told = rig.copy.status().last_error.unwrap();
    assert!(told.contains("unplugged"), "{told}");
    assert!(rig.shared.inner.events().await.unwrap().is_empty());
    rig.shared.set(Mood::Up);
    rig.replica.flush().await.unwrap();
    assert_eq!(rig.pending(), (StoreState::Ok, 0));
    assert_eq!(rig.copy.status().last_error, None);
    rig.check_equal().await;
    let admin = rig.shared.inner.meta(MetaKey::AdminTokenHash).await.unwrap();
    assert_eq!(admin.as_deref(), Some("hash"));
}

#[tokio::test]
async fn a_lost_answer_makes_no_write_twice() {
    let rig = Rig::new().await;
    write_everything(&rig.copy).await;
    // Every write takes effect without anybody hearing of it, and is made again by the next attempt.
    for _ in 0..30 {
        // The last counts first: to know the database again, the write of before, the next write.
        *rig.shared.script.lock().unwrap() = vec![Mood::Deaf, Mood::Up, Mood::Up];
        if rig.replica.flush().await.is_ok() {
            break;
        }
    }
    rig.shared.script.lock().unwrap().clear();
    rig.replica.flush().await.unwrap();
    rig.check_equal().await;
    assert_eq!(rig.copy.status().rejected, 0);
}

#[tokio::test]
async fn switches_of_an_outage_come_in_order_and_once() {
    let rig = Rig::new().await;
    rig.copy.create_event(event("a")).await.unwrap();
    rig.shared.set(Mood::Down);
    let _ = rig.replica.flush().await;
    for at in 0..100 {
        rig.copy.append_switch(switch("a", at)).await.unwrap();
        if at % 10 == 0 {
            let _ = rig.replica.flush().await;
        }
    }
    rig.shared.set(Mood::Up);
    rig.replica.flush().await.unwrap();
    let page = SwitchPage { before: None, limit: 500 };
    let log = rig.shared.inner.switches(&event("a").id, page).await.unwrap();
    let times: Vec<_> = log.iter().map(|entry| entry.record.requested_at.as_millis()).collect();
    assert_eq!(times, (0..100).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_kill_in_the_middle_of_an_outage_loses_nothing() {
    let (folder, after_kill) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let shared = Shared::new();
    let copy = SqliteStore::open_copy(folder.path(), false).unwrap();
    let rig = Rig::with(copy, Arc::clone(&shared)).await;
    shared.set(Mood::Down);
    write_everything(&rig.copy).await;
    // What the disk holds when the process is killed: no call of it is running, none was closed.
    copy_files(folder.path(), after_kill.path());
    let copy = SqliteStore::open_copy(after_kill.path(), false).unwrap();
    let rig = Rig::with(copy, Arc::clone(&shared)).await;
    assert_eq!(rig.copy.status().pending, 19);
    assert_eq!(
        rig.copy.events().await.unwrap().len(),
        1,
        "it knows everything without the database"
    );
    shared.set(Mood::Up);
    rig.replica.flush().await.unwrap();
    rig.check_equal().await;
}

#[tokio::test]
async fn a_torn_tail_loses_the_write_in_flight_with_its_note_or_neither() {
    let (folder, after_kill) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let shared = Shared::new();
    let rig =
        Rig::with(SqliteStore::open_copy(folder.path(), false).unwrap(), Arc::clone(&shared)).await;
    rig.copy.create_event(event("a")).await.unwrap();
    let journal = |folder: &Path| folder.join("genlock-copy.db-wal");
    let whole = fs::metadata(journal(folder.path())).unwrap().len();
    rig.copy.append_switch(switch("a", 1)).await.unwrap();
    let grown = fs::metadata(journal(folder.path())).unwrap().len();
    for cut in (whole..grown).step_by(509) {
        copy_files(folder.path(), after_kill.path());
        let torn = OpenOptions::new().write(true).open(journal(after_kill.path())).unwrap();
        torn.set_len(cut).unwrap();
        let copy = SqliteStore::open_copy(after_kill.path(), false).unwrap();
        let page = SwitchPage { before: None, limit: 9 };
        let entries = copy.switches(&event("a").id, page).await.unwrap().len() as u64;
        assert_eq!(copy.status().pending, 1 + entries, "cut at {cut}");
        assert_eq!(copy.events().await.unwrap().len(), 1, "cut at {cut}");
        drop(copy);
        fs::remove_dir_all(after_kill.path()).unwrap();
        fs::create_dir(after_kill.path()).unwrap();
    }
}

fn copy_files(from: &Path, to: &Path) {
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[tokio::test]
async fn whatever_fails_when_both_end_up_equal() {
    for seed in 1..=20 {
        let rig = Rig::new().await;
        let mut random = Random(seed);
        for step in 0..60 {
            random_write(&rig.copy, &mut random, step).await;
            let moods = [Mood::Up, Mood::Up, Mood::Down, Mood::Deaf];
            let script = (0..random.below(6)).map(|_| moods[random.below(4)]).collect();
            *rig.shared.script.lock().unwrap() = script;
            if random.below(2) == 0 {
                let _ = rig.replica.flush().await;
            }
        }
        rig.shared.script.lock().unwrap().clear();
        rig.replica.flush().await.unwrap();
        assert_eq!(rig.copy.status().rejected, 0, "seed {seed}");
        rig.check_equal().await;
    }
}

/// Numbers by a linear congruential generator (Knuth, MMIX), so that a failure is repeatable.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// A write that may find nothing to change.
async fn random_write(store: &SqliteStore, random: &mut Random, step: i64) {
    let event = event(["a", "b"][random.below(2)]);
    let camera = camera(event.id.as_str(), &format!("{}{}", event.id, random.below(3)));
    match random.below(7) {
        0 => drop(store.create_event(event).await),
        1 => drop(store.update_event(&event.id, rename(&format!("at {step}"))).await),
        2 => drop(store.create_camera(camera).await),
        3 => drop(store.update_camera(&event.id, &camera.id, priority(step as u16)).await),
        4 if random.below(4) == 0 => drop(store.delete_camera(&event.id, &camera.id).await),
        5 if random.below(8) == 0 => drop(store.delete_event(&event.id).await),
        _ => drop(store.append_switch(switch(event.id.as_str(), step)).await),
    }
}

#[tokio::test]
async fn a_write_that_is_refused_is_put_aside_and_the_rest_goes_on() {
    let rig = Rig::new().await;
    rig.copy.create_event(event("a")).await.unwrap();
    rig.copy.create_event(event("b")).await.unwrap();
    *rig.shared.script.lock().unwrap() = vec![Mood::Refusing, Mood::Up];
    rig.replica.flush().await.unwrap();
    let status = rig.copy.status();
    assert_eq!((status.pending, status.rejected), (0, 1));
    assert_eq!(rig.shared.inner.events().await.unwrap(), [event("b")]);
    let refused = rig.copy.rejected_writes().await.unwrap();
    let told: Vec<_> = refused.iter().map(|write| (write.kind.as_str(), &write.event)).collect();
    assert_eq!(told, [("create_event", &Some(event("a").id))]);
    assert!(refused[0].why.contains("unplugged"), "{refused:?}");
}

#[tokio::test]
async fn what_was_refused_is_tried_again_or_forgotten_on_demand() {
    let rig = Rig::new().await;
    rig.copy.create_event(event("a")).await.unwrap();
    rig.copy.create_event(event("b")).await.unwrap();
    *rig.shared.script.lock().unwrap() = vec![Mood::Refusing, Mood::Refusing, Mood::Up];
    rig.replica.flush().await.unwrap();
    assert_eq!(rig.copy.status().rejected, 2);
    assert_eq!(rig.copy.retry_rejected().await.unwrap(), 2);
    assert_eq!((rig.copy.status().pending, rig.copy.status().rejected), (2, 0));
    *rig.shared.script.lock().unwrap() = vec![Mood::Refusing, Mood::Up];
    rig.replica.flush().await.unwrap();
    assert_eq!(rig.shared.inner.events().await.unwrap(), [event("b")]);
    assert_eq!(rig.copy.discard_rejected().await.unwrap(), 1);
    assert_eq!((rig.copy.status().pending, rig.copy.status().rejected), (0, 0));
    assert!(rig.copy.rejected_writes().await.unwrap().is_empty());
}

#[tokio::test]
async fn nothing_is_written_into_another_database() {
    let rig = Rig::new().await;
    rig.copy.create_event(event("a")).await.unwrap();
    let id = "another".to_owned();
    rig.shared.inner.set_meta(MetaKey::StoreId, id).await.unwrap();
    let refused = rig.replica.flush().await;
    assert!(matches!(refused, Err(StoreError::OtherDatabase)), "{refused:?}");
    assert_eq!(rig.pending(), (StoreState::Foreign, 1));
    assert!(rig.shared.inner.events().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_database_that_answers_is_told_at_once_and_one_that_comes_back_soon_after() {
    let rig = Rig::new().await;
    let replica = rig.replica;
    let run = tokio::spawn(async move { replica.run(std::future::pending()).await });
    rig.copy.create_event(event("a")).await.unwrap();
    until_empty(&rig.copy).await;
    rig.shared.set(Mood::Down);
    rig.copy.create_event(event("b")).await.unwrap();
    while rig.copy.status().state != StoreState::Behind {
        tokio::task::yield_now().await;
    }
    rig.shared.set(Mood::Up);
    until_empty(&rig.copy).await;
    assert_eq!(rig.shared.inner.events().await.unwrap(), [event("a"), event("b")]);
    run.abort();
}

async fn until_empty(copy: &SqliteStore) {
    while copy.status().pending > 0 || copy.status().state != StoreState::Ok {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
