//! A shared database with a copy of it here.
//!
//! ```text
//!  API, engine ──▶ copy (SQLite, data folder) ──outbox──▶ Replica::run ──▶ shared database
//!                   ▲ answers every call                                   │
//!                   └────────── adopt ◀── Replica::fetch ──────────────────┘
//! ```
//!
//! Every call is answered by the copy, so nothing waits for a database that is slow, down or refusing: a write is durable
//! here, with its note in the outbox, when it is answered, and follows there in the order in which it was made. A server
//! that is killed and started again in that time knows everything and goes on.
//!
//! Doing a write twice is doing it once (records have ids of their own, entries of the log their places), so the answer
//! of the database may be lost between the write there and the deletion of the note here.
//!
//! What other programs change in the database is fetched while the outbox is empty. Then the database is right.

mod backoff;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use self::backoff::Backoff;
use crate::error::StoreError;
use crate::id::EventId;
use crate::limits::RETRY_TIME_MAX;
use crate::policy::AudioSource;
use crate::sqlite::outbox::Outbox;
use crate::sqlite::{Fetched, SqliteStore};
use crate::status::StoreState;
use crate::store::{EventWithCameras, MetaKey, Store};
use crate::transfer;

/// Wait before the first new attempt; each further one waits twice as long, up to [`RETRY_TIME_MAX`].
const RETRY_TIME_FIRST: Duration = Duration::from_millis(100);

/// Keeps a shared database and the copy of it equal.
pub struct Replica {
    copy: Arc<SqliteStore>,
    shared: Arc<dyn Store>,
    first_retry: Duration,
}

impl Replica {
    /// `copy` was opened by [`SqliteStore::open_copy`].
    #[must_use]
    pub fn new(copy: Arc<SqliteStore>, shared: Arc<dyn Store>) -> Self {
        Self { copy, shared, first_retry: RETRY_TIME_FIRST }
    }

    /// Copies the shared database if that was never done. Afterwards nothing here needs it to answer.
    ///
    /// A fill that was broken off is done again; it finds what it has already.
    pub async fn fill(&self) -> Result<(), StoreError> {
        if self.copy.meta(MetaKey::StoreId).await?.is_some() {
            return Ok(());
        }
        let id = match self.shared.meta(MetaKey::StoreId).await? {
            Some(id) => id,
            None => self.name_shared().await?,
        };
        let outbox = self.outbox()?;
        outbox.set_filling(true);
        let copied = transfer::copy(self.shared.as_ref(), self.copy.as_ref()).await;
        let named = match copied {
            Ok(()) => self.copy.set_meta(MetaKey::StoreId, id).await,
            Err(error) => Err(error),
        };
        outbox.set_filling(false);
        named
    }

    /// Gives the shared database a name by which it is known again.
    async fn name_shared(&self) -> Result<String, StoreError> {
        let id = EventId::random().map_err(|error| StoreError::Backend(Box::new(error)))?;
        self.shared.set_meta(MetaKey::StoreId, id.as_str().to_owned()).await?;
        Ok(id.into())
    }

    /// Carries out what waits, as it comes, until `stop`. What still waits then is carried out after the next start.
    pub async fn run(&self, stop: impl Future<Output = ()>) {
        tokio::select! {
            () = stop => {}
            () = self.carry_out() => {}
        }
    }

    async fn carry_out(&self) {
        let Ok(outbox) = self.outbox() else { return };
        let mut backoff = Backoff::new(self.first_retry, RETRY_TIME_MAX);
        loop {
            match self.flush().await {
                Ok(()) => {
                    backoff.succeeded();
                    outbox.news().await;
                }
                Err(StoreError::Closed) => return,
                Err(_) => tokio::time::sleep(backoff.next()).await,
            }
        }
    }

    /// Carries out everything that waits; stops at the first attempt that fails for now.
    pub async fn flush(&self) -> Result<(), StoreError> {
        let outbox = self.outbox()?;
        let flushed = self.try_flush(outbox).await;
        note(outbox, flushed.as_ref().err());
        flushed
    }

    async fn try_flush(&self, outbox: &Outbox) -> Result<(), StoreError> {
        self.check_identity().await?;
        while let Some(waiting) = self.copy.first_waiting().await? {
            match waiting.write.apply(self.shared.as_ref()).await {
                Ok(()) => self.copy.carried_out(waiting.seq).await?,
                Err(error) if is_final(&error) => {
                    tracing::error!(%error, place = waiting.seq, "a write was refused and is put aside");
                    self.copy.put_aside(waiting.seq, error.to_string()).await?;
                }
                Err(error) => return Err(error),
            }
        }
        self.tell_presence(outbox).await
    }

    async fn tell_presence(&self, outbox: &Outbox) -> Result<(), StoreError> {
        let mut outcome = Ok(());
        for (event, camera, presence) in outbox.take_presence() {
            if outcome.is_ok() {
                outcome = match self.shared.tell_presence(&event, &camera, presence).await {
                    Err(error) if is_final(&error) => Ok(()),
                    told => told,
                };
            }
            if outcome.is_err() {
                outbox.put_back(event, camera, presence);
            }
        }
        outcome
    }

    /// Writing into a database that is not the one that was copied would mix two installations.
    async fn check_identity(&self) -> Result<(), StoreError> {
        let here = self.copy.meta(MetaKey::StoreId).await?;
        let there = self.shared.meta(MetaKey::StoreId).await?;
        if here.is_some() && here == there { Ok(()) } else { Err(StoreError::OtherDatabase) }
    }

    /// What the shared database holds, `None` while something waits here that it does not have.
    pub async fn fetch(&self) -> Result<Option<Fetched>, StoreError> {
        let Some(mark) = self.copy.outbox_mark().await? else { return Ok(None) };
        let found = self.find_all().await;
        note(self.outbox()?, found.as_ref().err());
        Ok(Some(Fetched { mark, events: found? }))
    }

    async fn find_all(&self) -> Result<Vec<EventWithCameras>, StoreError> {
        self.check_identity().await?;
        let mut events = self.shared.snapshot().await?;
        leave_out_doubles(&mut events);
        events.iter_mut().for_each(follow_instead_of_nobody);
        Ok(events)
    }

    fn outbox(&self) -> Result<&Outbox, StoreError> {
        self.copy.outbox().ok_or(StoreError::Closed)
    }
}

impl fmt::Debug for Replica {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replica").field("shared", &self.shared).finish_non_exhaustive()
    }
}

/// Remembers, and says once, how the shared database took the last attempt.
fn note(outbox: &Outbox, error: Option<&StoreError>) {
    let was = outbox.status().state;
    let state = match error {
        None => StoreState::Ok,
        Some(StoreError::OtherDatabase) => StoreState::Foreign,
        Some(_) => StoreState::Behind,
    };
    match error {
        Some(error) if was != state => {
            tracing::warn!(%error, "writes are kept here until the shared database takes them");
        }
        None if was != state => tracing::info!("the shared database answers again"),
        _ => {}
    }
    outbox.set_state(state, error.map(ToString::to_string));
}

/// Whether the same write would get the same answer again, for what it is.
const fn is_final(error: &StoreError) -> bool {
    matches!(
        error,
        StoreError::Rejected(_)
            | StoreError::NotFound { .. }
            | StoreError::AlreadyExists { .. }
            | StoreError::LimitExceeded { .. }
            | StoreError::Corrupt { .. }
    )
}

/// Other programs may give two cameras one id or one key. The older event's is the one that counts.
fn leave_out_doubles(events: &mut [EventWithCameras]) {
    let (mut ids, mut keys) = (HashSet::new(), HashSet::new());
    for EventWithCameras { cameras, .. } in events {
        cameras.retain(|camera| {
            let is_first =
                ids.insert(camera.id.clone()) && keys.insert(*camera.key_hash.as_bytes());
            if !is_first {
                tracing::debug!(camera = %camera.id, "another camera has its id or its key: left out");
            }
            is_first
        });
    }
}

/// Other programs remove cameras without a thought for the event's sound: it follows the picture then.
fn follow_instead_of_nobody(found: &mut EventWithCameras) {
    let source = &mut found.event.policy.audio_source;
    if let AudioSource::Camera(id) = source
        && !found.cameras.iter().any(|camera| camera.id == *id)
    {
        *source = AudioSource::Follow;
    }
}
