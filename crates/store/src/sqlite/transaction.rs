//! One change of what is kept: a transaction of the writer's connection.

use std::sync::Arc;

use rusqlite::TransactionBehavior;

use super::SqliteStore;
use super::outbox::{Noting, Outbox};
use crate::error::StoreError;

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
        self.writer
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
            .await
    }
}
