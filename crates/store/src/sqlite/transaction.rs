//! One change of what is kept: a transaction of the writer's connection.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::TransactionBehavior;

use super::SqliteStore;
use super::outbox::{Noting, Outbox};
use crate::error::StoreError;
use crate::status::{StoreState, StoreStatus};

impl SqliteStore {
    /// Runs `change` in a transaction: all of it or, when it fails, nothing. What it notes is in it.
    pub(super) async fn write<T, F>(&self, change: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Noting<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.transact(self.outbox.clone(), change).await
    }

    /// The same for what comes from the shared database, which need not be told of it.
    pub(super) async fn unnoted<T, F>(&self, change: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Noting<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.transact(None, change).await
    }

    async fn transact<T, F>(&self, outbox: Option<Arc<Outbox>>, change: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Noting<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        let memory = Arc::clone(&self.memory);
        let changed = self
            .writer
            .call(move |connection| {
                let transaction =
                    connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
                let noting = Noting::new(&transaction, outbox.as_deref());
                let answer = change(&noting)?;
                let (noted, news) = (noting.noted(), noting.news()?);
                transaction.commit()?;
                memory.apply(news);
                if let Some(outbox) = outbox {
                    outbox.added(noted);
                }
                Ok(answer)
            })
            .await;
        self.faults.note(changed.as_ref().err());
        changed
    }
}

/// Why the last write failed, if the disk is to blame.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<Option<String>>);

impl Faults {
    fn note(&self, error: Option<&StoreError>) {
        let fault = match error {
            Some(error @ (StoreError::Backend(_) | StoreError::TimedOut)) => {
                Some(error.to_string())
            }
            // Refused for what it was: that says nothing of the disk.
            Some(_) => return,
            None => None,
        };
        *self.last() = fault;
    }

    /// How the store is, which would be `well` if the disk were.
    pub(super) fn status(&self, well: StoreStatus) -> StoreStatus {
        match self.last().clone() {
            Some(fault) => {
                StoreStatus { state: StoreState::Failing, last_error: Some(fault), ..well }
            }
            None => well,
        }
    }

    fn last(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
