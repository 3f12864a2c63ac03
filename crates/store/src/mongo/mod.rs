//! MongoDB, through the official driver: a database that other programs share.
//!
//! ```text
//!  weddings                      {id, creator_id, multi_cameras[], active_camera_id, camera_switches[],
//!                                 composition_config, genlock: {…}, whatever else the back end keeps}
//!  genlock_switches              the whole switch log (the document has its newest entries)
//!  genlock_scheduled_takes, genlock_hook_deliveries, genlock_tokens, genlock_meta
//! ```
//!
//! A document is an event. Its fields have the names and the form of the back ends written for the NGINX-RTMP
//! plan; what Genlock keeps beside them is in the one sub-document `genlock`. Documents change field by field and are
//! never replaced, so that what others keep in them stays. One that another program made, without `genlock` in it, is an event
//! with defaults.
//!
//! The connection is made by the first call and made again by the driver; there is nothing to restart when the database
//! comes back.

mod calls;
mod cameras;
mod connection;
mod document;
mod error;
mod events;
mod migrate;
mod own;
mod switches;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::OnceCell;

pub use self::migrate::{Migration, SkippedDocument};

use self::connection::Collections;
use crate::error::StoreError;
use crate::limits::{CALL_TIME_MAX, EVENTS_DEFAULT};

/// Where the database is, and how its documents are written.
#[derive(Clone)]
pub struct MongoOptions {
    /// `mongodb://…` or `mongodb+srv://…`. May hold a password, so it is never printed.
    pub uri: String,
    /// Database, `None` for the one that the URI names, or else `genlock`.
    pub database: Option<String>,
    /// Collection of the events.
    pub collection: String,
    /// What the names of Genlock's own collections begin with.
    pub own_prefix: String,
    /// Keeps stream keys readable in `stream_key`, for back ends that show them. Else it holds the hash.
    pub plain_keys: bool,
    /// What `hls_url` begins with, without a slash at the end; without it, it is a path.
    pub public_url: Option<String>,
    /// As many of the events, the newest, are read.
    pub events_max: u32,
}

impl MongoOptions {
    /// Collection of the events, unless configured.
    pub const COLLECTION_DEFAULT: &'static str = "weddings";
    /// Beginning of the names of Genlock's own collections, unless configured.
    pub const OWN_PREFIX_DEFAULT: &'static str = "genlock_";

    /// The defaults, for the database at `uri`.
    #[must_use]
    pub fn new(uri: String) -> Self {
        Self {
            uri,
            database: None,
            collection: Self::COLLECTION_DEFAULT.to_owned(),
            own_prefix: Self::OWN_PREFIX_DEFAULT.to_owned(),
            plain_keys: false,
            public_url: None,
            events_max: EVENTS_DEFAULT,
        }
    }
}

impl fmt::Debug for MongoOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoOptions")
            .field("database", &self.database)
            .field("collection", &self.collection)
            .field("plain_keys", &self.plain_keys)
            .finish_non_exhaustive()
    }
}

/// The store in MongoDB.
#[derive(Debug)]
pub struct MongoStore {
    options: MongoOptions,
    collections: OnceCell<Collections>,
    closed: AtomicBool,
}

impl MongoStore {
    /// A store that connects when it is first used.
    #[must_use]
    pub fn new(options: MongoOptions) -> Self {
        Self { options, collections: OnceCell::new(), closed: AtomicBool::new(false) }
    }

    /// Runs a call against the database, in bounded time.
    async fn call<'a, T, F, C>(&'a self, call: C) -> Result<T, StoreError>
    where
        C: FnOnce(&'a Collections) -> F,
        F: Future<Output = Result<T, StoreError>>,
    {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        let answered = tokio::time::timeout(CALL_TIME_MAX, async {
            let connect = || Collections::open(&self.options);
            call(self.collections.get_or_try_init(connect).await?).await
        });
        answered.await.unwrap_or(Err(StoreError::TimedOut))
    }
}
