//! What handlers share, and the one way to change what is kept.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, MutexGuard, PoisonError};

use genlock_archive::Archive;
use genlock_recorder::Recorder;
use genlock_store::{SecretHash, Store};
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::timeout;
use tracing::Instrument;

use crate::access::Access;
use crate::addresses::Addresses;
use crate::auth::Throttle;
use crate::configuration::Configuration;
use crate::hooks::Hooks;
use crate::idempotency::IdempotencyKeys;
use crate::limits::{CHANGE_WAIT_MAX, MOVIES_AT_ONCE};
use crate::live::Live;
use crate::preview::Previews;
use crate::problem::{Problem, ProblemCode};
use crate::recordings::rewatch::Rewatched;
use crate::slates::Slates;
use crate::takes::Take;
use crate::telemetry::Telemetry;
use crate::thumbnails::Thumbnails;
use crate::updates::Hubs;

/// What the API works on.
pub struct ApiState {
    /// What is kept.
    pub store: Arc<dyn Store>,
    /// What runs.
    pub live: Arc<dyn Live>,
    /// Where slates are kept.
    pub slates: Arc<dyn Slates>,
    /// Where thumbnails come from.
    pub thumbnails: Arc<dyn Thumbnails>,
    /// Where live pictures come from.
    pub previews: Arc<dyn Previews>,
    /// What delivers to other systems.
    pub hooks: Arc<dyn Hooks>,
    /// What records.
    pub recorder: Recorder,
    /// Where recordings are.
    pub archive: Archive,
    /// Hash of the administrator's token.
    pub admin_token: SecretHash,
    /// What the configuration says of creators and observers.
    pub access: Access,
    /// What the server was configured with.
    pub configuration: Arc<dyn Configuration>,
    /// What is measured.
    pub telemetry: Arc<dyn Telemetry>,
    /// The addresses that answers name.
    pub addresses: Addresses,
    /// The turns of those who change what is kept.
    pub changes: Changes,
    /// Clients that may follow events at once, by WebSocket or by server-sent events, previews and tally lights included.
    pub followers_max: usize,
}

/// The turns of those who change what is kept: a turn is held from a write to the store until the running system has
/// followed it. The API takes one for each change; whoever else changes the store takes one, too.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    turns: Arc<Mutex<()>>,
    /// Tells that what is kept has changed.
    kept: watch::Sender<()>,
}

/// A turn. The next begins when it is dropped, and clients that follow events are told.
#[derive(Debug)]
pub struct Turn {
    kept: watch::Sender<()>,
    _held: OwnedMutexGuard<()>,
}

impl Changes {
    /// Waits for the next turn, in the order of asking.
    pub async fn turn(&self) -> Turn {
        let held = Arc::clone(&self.turns).lock_owned().await;
        Turn { kept: self.kept.clone(), _held: held }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.kept.send_replace(());
    }
}

impl fmt::Debug for ApiState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiState")
            .field("store", &self.store)
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

/// [`ApiState`] as handlers have it.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) live: Arc<dyn Live>,
    pub(crate) slates: Arc<dyn Slates>,
    pub(crate) thumbnails: Arc<dyn Thumbnails>,
    pub(crate) previews: Arc<dyn Previews>,
    pub(crate) hooks: Arc<dyn Hooks>,
    pub(crate) recorder: Recorder,
    pub(crate) archive: Archive,
    /// One for each progressive file whose index is being made.
    pub(crate) movies: Semaphore,
    pub(crate) admin_token: SecretHash,
    pub(crate) access: Access,
    throttle: std::sync::Mutex<Throttle>,
    pub(crate) configuration: Arc<dyn Configuration>,
    pub(crate) telemetry: Arc<dyn Telemetry>,
    pub(crate) addresses: Addresses,
    /// Who follows which event.
    pub(crate) hubs: Hubs,
    /// One for each client that follows an event.
    followers: Arc<Semaphore>,
    changes: Changes,
    /// Counts the access tokens that were revoked.
    revocations: watch::Sender<u64>,
    /// What viewers of events that have ended are offered.
    pub(crate) rewatched: Rewatched,
    /// Takes that may be repeated by clients that missed the answer.
    pub(crate) takes: IdempotencyKeys<Take>,
}

/// A place among the clients that follow events.
#[derive(Debug)]
pub(crate) struct Place(
    #[expect(dead_code, reason = "held, never looked at")] OwnedSemaphorePermit,
);

impl Shared {
    pub(crate) fn new(state: ApiState) -> Arc<Self> {
        let ApiState {
            store,
            live,
            slates,
            thumbnails,
            previews,
            hooks,
            recorder,
            archive,
            admin_token,
            access,
            configuration,
            telemetry,
            addresses,
            changes,
            followers_max,
        } = state;
        Arc::new(Self {
            store,
            live,
            slates,
            thumbnails,
            previews,
            hooks,
            recorder,
            archive,
            movies: Semaphore::new(MOVIES_AT_ONCE),
            admin_token,
            access,
            throttle: std::sync::Mutex::default(),
            configuration,
            telemetry,
            addresses,
            hubs: Hubs::default(),
            followers: Arc::new(Semaphore::new(followers_max.min(Semaphore::MAX_PERMITS))),
            changes,
            revocations: watch::Sender::default(),
            rewatched: Rewatched::default(),
            takes: IdempotencyKeys::default(),
        })
    }

    /// What wrong tokens have cost so far. Whole after every call, so that a panic elsewhere leaves it usable.
    pub(crate) fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place among the clients that follow events, until it is dropped.
    ///
    /// # Errors
    /// When all are taken.
    pub(crate) fn follower(&self) -> Result<Place, Problem> {
        Arc::clone(&self.followers).try_acquire_owned().map(Place).map_err(|_| {
            let detail = "as many clients follow events as may at once; try again later";
            Problem::new(ProblemCode::Unavailable, detail)
        })
    }

    /// Counts the access tokens that were revoked.
    pub(crate) fn revocations(&self) -> watch::Receiver<u64> {
        self.revocations.subscribe()
    }

    /// Tells open connections that a token was revoked: each looks whether it was its own.
    pub(crate) fn token_revoked(&self) {
        self.revocations.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Resolves whenever what is kept has changed.
    pub(crate) fn kept_changes(&self) -> watch::Receiver<()> {
        self.changes.kept.subscribe()
    }

    /// Runs a change of what is kept, in a task of its own and one at a time.
    ///
    /// The task outlives its request: a client that goes away between the write to the store and the
    /// word to the running system must not leave the two apart. One at a time, because
    /// two changes of the same record must reach both in the same order.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        change: impl Future<Output = Result<T, Problem>> + Send + 'static,
    ) -> Result<T, Problem> {
        let changes = self.changes.clone();
        let change = async move {
            match timeout(CHANGE_WAIT_MAX, changes.turn()).await {
                Ok(_turn) => change.await,
                Err(_) => Err(Problem::new(
                    ProblemCode::Unavailable,
                    "the changes before this one are not done yet",
                )),
            }
        };
        let task = tokio::spawn(change.in_current_span());
        task.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a change of events or cameras broke off");
            Err(Problem::new(ProblemCode::Internal, "the change broke off"))
        })
    }
}
