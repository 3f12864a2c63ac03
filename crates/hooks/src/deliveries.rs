//! JSON hooks: every notice to every target that wants it, at least once, in order for each event.
//!
//! ```text
//!  tell ──▶ Notices ──bounded──▶ Deliveries ──▶ Store (first), Queue ──▶ target
//!                                     ▲                                    │ 2xx: forgotten
//!                                     └── again later, or given up ◀───────┘
//! ```
//!
//! A delivery is written to the store before it is sent and removed after it was taken. What was under way when
//! the process died is sent again, with the same id.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use genlock_store::limits::HOOK_DELIVERIES_MAX;
use genlock_store::{HookDelivery, HookDeliveryId, HookQueue, Store, StoreError, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::attempt::deliver;
use crate::backoff::Backoff;
use crate::client::Client;
use crate::counts::{Counts, HookCounts};
use crate::hook_target::HookTarget;
use crate::limits::{DEAD_MAX, IN_FLIGHT_PER_TARGET_MAX, NOTICES_MAX, STOP_TIME_MAX};
use crate::notice::Notice;
use crate::queue::{Lane, Outcome, Queue, Settled};

/// Takes notices. Clones share one queue; when the last one is gone and the queue is told to stop, it ends.
#[derive(Debug, Clone)]
pub struct Notices {
    commands: mpsc::Sender<Command>,
    /// Whether there is any target.
    wanted: Arc<AtomicBool>,
    counts: Arc<Counts>,
}

#[derive(Debug)]
enum Command {
    Tell(Notice),
    Replay(HookDeliveryId, oneshot::Sender<Result<bool, StoreError>>),
    Discard(HookDeliveryId, oneshot::Sender<Result<bool, StoreError>>),
    Targets(Vec<HookTarget>),
    Client(Client),
}

impl Notices {
    /// Whether there is anybody to tell.
    #[must_use]
    pub fn are_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// What waits, what was given up and what was lost.
    #[must_use]
    pub fn counts(&self) -> HookCounts {
        self.counts.read()
    }

    /// Puts a notice into the queue; waits while it is full.
    pub async fn tell(&self, notice: Notice) {
        if self.are_wanted() {
            // Refused only when the server has stopped, and then there is nobody to tell.
            let _ = self.commands.send(Command::Tell(notice)).await;
        }
    }

    /// The same without waiting: a notice that finds the queue full is lost, and logged.
    pub fn try_tell(&self, notice: Notice) {
        if self.are_wanted()
            && let Err(mpsc::error::TrySendError::Full(Command::Tell(lost))) =
                self.commands.try_send(Command::Tell(notice))
        {
            self.counts.lose_one();
            tracing::error!(event = %lost.event, kind = lost.kind, "the store is too slow for hooks, one is lost");
        }
    }

    /// Sends a delivery again that was given up, behind what waits; whether there is such.
    ///
    /// # Errors
    /// When the store fails, or the server is stopping.
    pub async fn replay(&self, id: HookDeliveryId) -> Result<bool, StoreError> {
        self.ask(|answer| Command::Replay(id, answer)).await
    }

    /// Forgets a delivery that was given up; whether there was such.
    ///
    /// # Errors
    /// When the store fails, or the server is stopping.
    pub async fn discard(&self, id: HookDeliveryId) -> Result<bool, StoreError> {
        self.ask(|answer| Command::Discard(id, answer)).await
    }

    /// Tells other targets from the next notice on. What waits for one that is not among them is given up
    /// when its time comes.
    pub async fn set_targets(&self, targets: Vec<HookTarget>) {
        self.wanted.store(!targets.is_empty(), Ordering::Relaxed);
        let _ = self.commands.send(Command::Targets(targets)).await;
    }

    /// Calls by another client from the next try on.
    pub async fn set_client(&self, client: Client) {
        let _ = self.commands.send(Command::Client(client)).await;
    }

    async fn ask(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<bool, StoreError>>) -> Command + Send,
    ) -> Result<bool, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(command(answer)).await.map_err(|_closed| StoreError::Closed)?;
        answered.await.map_err(|_closed| StoreError::Closed)?
    }
}

/// The durable queue and what empties it. Runs with [`Deliveries::run`].
pub struct Deliveries {
    store: Arc<dyn Store>,
    client: Client,
    targets: Arc<[HookTarget]>,
    commands: mpsc::Receiver<Command>,
    queue: Queue,
    under_way: JoinSet<(Lane, Outcome)>,
    /// Those that were given up, oldest first.
    dead: VecDeque<HookDeliveryId>,
    /// Place of the last notice. Counted in microseconds of wall time where that is ahead, so that it goes on
    /// growing after a restart without being written for each.
    sequence: u64,
    seeds: RandomState,
    counts: Arc<Counts>,
}

impl Deliveries {
    /// Reads what waits in `store`. What waits for a target that is not configured any more is given up.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn open(
        store: Arc<dyn Store>,
        client: Client,
        targets: Vec<HookTarget>,
        backoff: Backoff,
    ) -> Result<(Notices, Self), StoreError> {
        let waiting = store.hook_deliveries(HookQueue::Waiting, HOOK_DELIVERIES_MAX).await?;
        let dead = store.hook_deliveries(HookQueue::Dead, HOOK_DELIVERIES_MAX).await?;
        let (sender, commands) = mpsc::channel(NOTICES_MAX);
        let wanted = Arc::new(AtomicBool::new(!targets.is_empty()));
        let counts = Arc::new(Counts::default());
        let mut this = Self {
            counts: Arc::clone(&counts),
            store,
            client,
            targets: targets.into(),
            commands,
            queue: Queue::new(backoff, IN_FLIGHT_PER_TARGET_MAX),
            under_way: JoinSet::new(),
            dead: dead.iter().map(|delivery| delivery.id.clone()).collect(),
            sequence: waiting
                .iter()
                .chain(&dead)
                .map(|delivery| delivery.sequence)
                .max()
                .unwrap_or(0),
            seeds: RandomState::new(),
        };
        let now = now();
        for delivery in waiting {
            if this.targets.iter().any(|target| target.name == delivery.target) {
                this.queue.push(now, delivery);
            } else {
                let last_error = Some("its target is not configured any more".to_owned());
                this.bury(HookDelivery { dead: true, last_error, ..delivery }).await;
            }
        }
        this.count();
        Ok((Notices { commands: sender, wanted, counts }, this))
    }

    /// Delivers until `stop`, after which what was told before is still written, and what is under way gets a
    /// moment to end.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            self.send_what_is_due();
            self.count();
            let due = self.queue.poll_timeout().map(|at| until(at, now()));
            tokio::select! {
                biased;
                Some(settled) = self.under_way.join_next() => self.settle(settled).await,
                command = self.commands.recv() => match command {
                    Some(command) => self.follow(command).await,
                    None => break,
                },
                () = sleep(due.unwrap_or(Duration::MAX)), if due.is_some() => {}
                () = stop.cancelled() => break,
            }
        }
        self.commands.close();
        while let Some(command) = self.commands.recv().await {
            self.follow(command).await;
        }
        let ended = async {
            while let Some(settled) = self.under_way.join_next().await {
                self.settle(settled).await;
            }
        };
        if timeout(STOP_TIME_MAX, ended).await.is_err() {
            tracing::warn!("deliveries under way are made again at the next start");
        }
    }

    fn count(&self) {
        self.counts.set(self.queue.len(), self.dead.len());
    }

    async fn follow(&mut self, command: Command) {
        match command {
            Command::Tell(notice) => self.enqueue(&notice).await,
            Command::Replay(id, answer) => {
                let done = self.replay(&id).await;
                let _ = answer.send(done);
            }
            Command::Discard(id, answer) => {
                let done = self.discard(&id).await;
                let _ = answer.send(done);
            }
            Command::Targets(targets) => self.targets = targets.into(),
            Command::Client(client) => self.client = client,
        }
    }

    async fn enqueue(&mut self, notice: &Notice) {
        let now = now();
        let micros = u64::try_from(now.as_millis()).unwrap_or(0).saturating_mul(1000);
        let targets = Arc::clone(&self.targets);
        self.sequence = micros.max(self.sequence.saturating_add(1));
        for target in targets.iter().filter(|target| target.wants(notice.kind)) {
            let id = match HookDeliveryId::random() {
                Ok(id) => id,
                Err(error) => {
                    self.counts.lose_one();
                    tracing::error!(%error, kind = notice.kind, "a notice is lost");
                    continue;
                }
            };
            let delivery = HookDelivery {
                body: notice.body(&id, self.sequence),
                id,
                event: Some(notice.event.clone()),
                sequence: self.sequence,
                target: target.name.clone(),
                attempts: 0,
                last_error: None,
                next_attempt_at: now,
                dead: false,
                created_at: now,
            };
            match self.store.put_hook_delivery(delivery.clone()).await {
                Ok(()) => self.queue.push(now, delivery),
                Err(error @ StoreError::LimitExceeded { .. }) => {
                    self.counts.lose_one();
                    tracing::error!(%error, target = target.name, kind = notice.kind, "a notice is lost");
                }
                Err(error) => {
                    tracing::error!(%error, target = target.name, kind = notice.kind, "a notice is not kept");
                    self.queue.push(now, delivery);
                }
            }
        }
    }

    fn send_what_is_due(&mut self) {
        while let Some(delivery) = self.queue.poll(now()) {
            let lane = Lane::of(&delivery);
            let target = self.targets.iter().find(|target| target.name == delivery.target).cloned();
            let client = self.client.clone();
            self.under_way.spawn(async move {
                let outcome = match target {
                    Some(target) => {
                        let at = now().as_millis().div_euclid(1000);
                        deliver(&client, &target, &delivery, at).await
                    }
                    None => Outcome::Hopeless { error: "its target is not configured".to_owned() },
                };
                (lane, outcome)
            });
        }
    }

    async fn settle(&mut self, ended: Result<(Lane, Outcome), tokio::task::JoinError>) {
        let (lane, outcome) = ended.expect("a delivery neither panics nor is aborted");
        let seed = self.seeds.hash_one(self.sequence) ^ self.queue.len() as u64;
        let kept = match self.queue.settle(now(), &lane, outcome, seed) {
            Some(Settled::Done(delivery)) => {
                self.store.delete_hook_delivery(&delivery.id).await.map(drop)
            }
            Some(Settled::Again(delivery)) => {
                let error = delivery.last_error.as_deref().unwrap_or_default();
                tracing::warn!(
                    target = delivery.target,
                    attempts = delivery.attempts,
                    error,
                    "a hook failed"
                );
                self.store.put_hook_delivery(delivery).await
            }
            Some(Settled::Dead(delivery)) => {
                self.bury(delivery).await;
                Ok(())
            }
            None => Ok(()),
        };
        if let Err(error) = kept {
            tracing::error!(%error, "a delivery's state is not kept: it may be made again");
        }
    }

    /// Keeps a delivery among those that were given up.
    async fn bury(&mut self, delivery: HookDelivery) {
        let error = delivery.last_error.as_deref().unwrap_or_default();
        let id = delivery.id.clone();
        tracing::error!(target = delivery.target, %id, attempts = delivery.attempts, error, "a hook is given up");
        if let Err(error) = self.store.put_hook_delivery(delivery).await {
            tracing::error!(%error, "a delivery that was given up is not kept");
        }
        self.dead.push_back(id);
        while self.dead.len() > DEAD_MAX {
            let Some(oldest) = self.dead.pop_front() else { break };
            if let Err(error) = self.store.delete_hook_delivery(&oldest).await {
                tracing::error!(%error, "an old delivery is not removed");
            }
        }
    }

    async fn replay(&mut self, id: &HookDeliveryId) -> Result<bool, StoreError> {
        let dead = self.store.hook_deliveries(HookQueue::Dead, HOOK_DELIVERIES_MAX).await?;
        let Some(found) = dead.into_iter().find(|delivery| delivery.id == *id) else {
            return Ok(false);
        };
        let now = now();
        let again = HookDelivery { dead: false, attempts: 0, next_attempt_at: now, ..found };
        self.store.put_hook_delivery(again.clone()).await?;
        self.dead.retain(|dead| dead != id);
        self.queue.push(now, again);
        Ok(true)
    }

    async fn discard(&mut self, id: &HookDeliveryId) -> Result<bool, StoreError> {
        if !self.dead.contains(id) {
            return Ok(false);
        }
        self.store.delete_hook_delivery(id).await?;
        self.dead.retain(|dead| dead != id);
        Ok(true)
    }
}

fn until(at: Timestamp, now: Timestamp) -> Duration {
    let millis = at.as_millis().saturating_sub(now.as_millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

#[expect(clippy::disallowed_methods, reason = "the shell samples the clock")]
fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

impl fmt::Debug for Deliveries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deliveries").field("targets", &self.targets).finish_non_exhaustive()
    }
}
