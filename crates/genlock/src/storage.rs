//! Where everything is kept: the embedded store, or a MongoDB with a copy of it in the data folder.

use std::sync::Arc;

use genlock_store::{Replica, SqliteStore, Store, StoreError};

use crate::config::{Settings, SharedStore};
use crate::server::StartError;

/// The store that answers every call, and what keeps it equal with MongoDB, if there is one.
#[derive(Debug, Clone)]
pub(crate) struct Storage {
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) replica: Option<Arc<Replica>>,
}

impl Storage {
    /// Opens the data folder. With MongoDB it must answer once, when the folder has no copy of it yet; afterwards the
    /// server starts without it, too.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, StartError> {
        let failed = |error| StartError::Store { path: settings.data_dir.clone(), error };
        let Some(shared) = &settings.shared_store else {
            let store = SqliteStore::open(&settings.data_dir).map_err(failed)?;
            let store = Arc::new(store.with_events_max(settings.events_max));
            return Ok(Self { store, replica: None });
        };
        let remote = connect(shared, settings)?;
        let copy = SqliteStore::open_copy(&settings.data_dir, shared.plain_keys).map_err(failed)?;
        let store = Arc::new(copy.with_events_max(settings.events_max));
        let replica = Arc::new(Replica::new(Arc::clone(&store), remote));
        replica.fill().await.map_err(StartError::SharedStore)?;
        Ok(Self { store, replica: Some(replica) })
    }

    /// Makes the shared database and the copy of it equal, for once.
    pub(crate) async fn catch_up(&self) -> Result<(), StoreError> {
        let Some(replica) = &self.replica else { return Ok(()) };
        replica.flush().await?;
        if let Some(fetched) = replica.fetch().await? {
            self.store.adopt(fetched).await?;
        }
        Ok(())
    }
}

/// A door to the shared database; it connects when it is first used.
#[cfg(feature = "mongodb")]
fn connect(shared: &SharedStore, settings: &Settings) -> Result<Arc<dyn Store>, StartError> {
    Ok(Arc::new(mongo(shared, settings)))
}

#[cfg(not(feature = "mongodb"))]
fn connect(_shared: &SharedStore, _settings: &Settings) -> Result<Arc<dyn Store>, StartError> {
    Err(StartError::NoMongo)
}

/// The store in MongoDB itself, without a copy.
#[cfg(feature = "mongodb")]
pub(crate) fn mongo(shared: &SharedStore, settings: &Settings) -> genlock_store::MongoStore {
    let defaults = genlock_store::MongoOptions::new(shared.uri.clone());
    genlock_store::MongoStore::new(genlock_store::MongoOptions {
        database: shared.database.clone(),
        collection: shared.collection.clone().unwrap_or(defaults.collection),
        own_prefix: shared.own_prefix.clone().unwrap_or(defaults.own_prefix),
        plain_keys: shared.plain_keys,
        public_url: settings.http_public_url.clone(),
        events_max: settings.events_max,
        uri: defaults.uri,
    })
}
