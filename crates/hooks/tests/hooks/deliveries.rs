//! JSON hooks over a real store.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use genlock_hooks::{
    AddressPolicy, Backoff, Client, Deliveries, HookTarget, Notice, Notices, Secret, Target,
};
use genlock_store::{EventId, HookDeliveryId, HookQueue, SqliteStore, Store, Timestamp};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::server::{Asked, BackEnd, status};

const SECRET: &str = "a secret of both ends";

/// Quick enough for tests; two tries.
const BACKOFF: Backoff =
    Backoff { first: Duration::from_millis(20), max: Duration::from_millis(20), attempts: 2 };

struct Running {
    store: Arc<SqliteStore>,
    notices: Notices,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    async fn start(folder: &Path, url: &str, wants: &str, backoff: Backoff) -> Self {
        let store = Arc::new(SqliteStore::open(folder).unwrap());
        let client = Client::new(AddressPolicy::default(), None).unwrap();
        let targets = vec![HookTarget {
            name: "back-end".to_owned(),
            target: Target::parse(url).unwrap(),
            secret: Secret::new(SECRET.to_owned()).unwrap(),
            wants: vec![wants.parse().unwrap()],
        }];
        let opened = Deliveries::open(store.clone(), client, targets, backoff).await;
        let (notices, deliveries) = opened.unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(deliveries.run(stop.clone()));
        Self { store, notices, stop, task }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
        self.store.close().await.unwrap();
    }

    async fn tell(&self, event: &str, number: u64) {
        let (event, at) = (EventId::parse(event).unwrap(), Timestamp::from_millis(0));
        let data = json!({ "number": number });
        self.notices.tell(Notice { event, kind: "camera.live", at, data }).await;
    }

    async fn wait_for_dead(&self) -> HookDeliveryId {
        for _ in 0..4000 {
            let dead = self.store.hook_deliveries(HookQueue::Dead, 10).await.unwrap();
            if let Some(dead) = dead.first() {
                return dead.id.clone();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("nothing was given up");
    }
}

fn body(asked: &Asked) -> Value {
    serde_json::from_str(&asked.body).unwrap()
}

fn numbers(asked: &[Asked]) -> Vec<u64> {
    asked.iter().map(|asked| body(asked)["data"]["number"].as_u64().unwrap()).collect()
}

fn is_signed(asked: &Asked) -> bool {
    let header = asked.header("genlock-signature");
    let at = header.trim_start_matches("t=").split(',').next().unwrap_or_default();
    let secret = Secret::new(SECRET.to_owned()).unwrap();
    at.parse().is_ok_and(|at| secret.sign(at, asked.body.as_bytes()) == header)
}

#[tokio::test]
async fn notices_arrive_signed_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let back_end = BackEnd::start(|_| status("200 OK", "")).await;
    let running = Running::start(folder.path(), &back_end.url, "camera.*", BACKOFF).await;
    for number in 0..20 {
        running.tell("ev", number).await;
    }
    let asked = back_end.wait_for(20).await;
    assert_eq!(numbers(&asked), (0..20).collect::<Vec<_>>());
    assert!(asked.iter().all(is_signed));
    let sequences: Vec<_> = asked.iter().map(|asked| body(asked)["sequence"].as_u64()).collect();
    assert!(sequences.is_sorted_by(|a, b| a < b), "{sequences:?}");
    assert_eq!(body(&asked[0])["type"], "camera.live");
    assert_eq!(asked[0].header("genlock-attempt"), "1");
    running.stop().await;
    let store = SqliteStore::open(folder.path()).unwrap();
    assert!(store.hook_deliveries(HookQueue::Waiting, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_target_gets_what_it_wants_only() {
    let folder = tempfile::tempdir().unwrap();
    let back_end = BackEnd::start(|_| status("200 OK", "")).await;
    let running = Running::start(folder.path(), &back_end.url, "take.*", BACKOFF).await;
    running.tell("ev", 1).await;
    running.stop().await;
    assert!(back_end.asked().is_empty());
}

#[tokio::test]
async fn what_waits_survives_a_restart_with_its_id_and_order() {
    let folder = tempfile::tempdir().unwrap();
    let up = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&up);
    let back_end = BackEnd::start(move |_| match switch.load(Ordering::Relaxed) {
        true => status("200 OK", ""),
        false => status("503 Busy", ""),
    })
    .await;
    let patient = Backoff { attempts: 1000, ..BACKOFF };
    let running = Running::start(folder.path(), &back_end.url, "*", patient).await;
    for number in 0..3 {
        running.tell("ev", number).await;
    }
    let refused = back_end.wait_for(1).await;
    running.stop().await;
    up.store(true, Ordering::Relaxed);
    let tried = back_end.asked().len();
    let running = Running::start(folder.path(), &back_end.url, "*", patient).await;
    running.tell("ev", 3).await;
    let asked = back_end.wait_for(tried + 4).await;
    let taken = &asked[tried..];
    assert_eq!(numbers(taken), [0, 1, 2, 3]);
    assert_eq!(body(&taken[0])["id"], body(&refused[0])["id"]);
    let sequence = |asked| body(asked)["sequence"].as_u64();
    assert!(sequence(&taken[3]) > sequence(&taken[2]), "goes on where it was");
    running.stop().await;
}

#[tokio::test]
async fn what_is_given_up_is_kept_and_sent_again_on_demand() {
    let folder = tempfile::tempdir().unwrap();
    let up = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&up);
    let back_end = BackEnd::start(move |_| match switch.load(Ordering::Relaxed) {
        true => status("200 OK", ""),
        false => status("500 Oops", ""),
    })
    .await;
    let running = Running::start(folder.path(), &back_end.url, "*", BACKOFF).await;
    running.tell("ev", 7).await;
    let id = running.wait_for_dead().await;
    let dead = &running.store.hook_deliveries(HookQueue::Dead, 10).await.unwrap()[0];
    assert_eq!((dead.attempts, dead.last_error.as_deref()), (2, Some("it answered 500")));
    up.store(true, Ordering::Relaxed);
    let tried = back_end.asked().len();
    assert!(running.notices.replay(id.clone()).await.unwrap());
    let asked = back_end.wait_for(tried + 1).await;
    assert_eq!(body(&asked[tried])["id"], id.as_str());
    assert!(!running.notices.replay(id).await.unwrap(), "it is not among them any more");
    running.stop().await;
}

#[tokio::test]
async fn what_is_given_up_can_be_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let back_end = BackEnd::start(|_| status("410 Gone", "")).await;
    let running = Running::start(folder.path(), &back_end.url, "*", BACKOFF).await;
    running.tell("ev", 7).await;
    let id = running.wait_for_dead().await;
    assert_eq!(back_end.asked().len(), 1, "gone is gone");
    assert!(running.notices.discard(id.clone()).await.unwrap());
    assert!(!running.notices.discard(id).await.unwrap());
    assert!(running.store.hook_deliveries(HookQueue::Dead, 10).await.unwrap().is_empty());
    running.stop().await;
}

#[tokio::test]
async fn targets_come_and_go_while_it_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (
        BackEnd::start(|_| status("200 OK", "")).await,
        BackEnd::start(|_| status("200 OK", "")).await,
    );
    let running = Running::start(folder.path(), &first.url, "*", BACKOFF).await;
    running.tell("ev", 1).await;
    first.wait_for(1).await;
    let kinds = ["camera.*".to_owned()];
    let policy = AddressPolicy::default();
    let other = HookTarget::check("other", &second.url, SECRET, &kinds, &policy).unwrap();
    running.notices.set_targets(vec![other]).await;
    running.tell("ev", 2).await;
    assert_eq!(numbers(&second.wait_for(1).await), [2]);
    running.notices.set_targets(Vec::new()).await;
    assert!(!running.notices.are_wanted());
    running.tell("ev", 3).await;
    running.stop().await;
    assert_eq!((first.asked().len(), second.asked().len()), (1, 1));
    let store = SqliteStore::open(folder.path()).unwrap();
    assert!(store.hook_deliveries(HookQueue::Waiting, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_fails_at_a_target_that_was_taken_away_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let back_end = BackEnd::start(|_| status("503 Busy", "")).await;
    let patient = Backoff { attempts: 1000, ..BACKOFF };
    let running = Running::start(folder.path(), &back_end.url, "*", patient).await;
    running.tell("ev", 1).await;
    back_end.wait_for(2).await;
    running.notices.set_targets(Vec::new()).await;
    running.wait_for_dead().await;
    running.stop().await;
}

#[tokio::test]
async fn what_waits_for_a_target_that_is_gone_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path(), "http://127.0.0.1:9/", "*", BACKOFF).await;
    running.tell("ev", 7).await;
    let patient =
        Backoff { first: Duration::from_secs(60), max: Duration::from_secs(60), ..BACKOFF };
    running.stop().await;
    let store = Arc::new(SqliteStore::open(folder.path()).unwrap());
    let client = Client::new(AddressPolicy::default(), None).unwrap();
    let opened = Deliveries::open(store.clone(), client, Vec::new(), patient).await;
    drop(opened.unwrap());
    let dead = store.hook_deliveries(HookQueue::Dead, 10).await.unwrap();
    assert_eq!(dead.len(), 1);
}
