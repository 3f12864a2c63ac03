//! The outbox: writes that a shared database does not have yet.
//!
//! A store that is the copy of a shared database notes every write of its own here, in the transaction of the
//! write itself: there is no instant at which one is durable and the other is not. The table lives in the store's
//! file, so a torn tail after a crash is SQLite's to recover, and what it recovers is whole.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension};
use tokio::sync::Notify;

use super::SqliteStore;
use super::documents::{read, write};
use super::memory::{Known, News};
use crate::error::StoreError;
use crate::id::{CameraId, EventId};
use crate::limits::OUTBOX_MAX;
use crate::status::{CameraPresence, StoreState, StoreStatus};
use crate::write::Write;

/// What a copy of a shared database has beside its tables.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// Whether keys are to be readable in the shared database.
    pub(crate) plain_keys: bool,
    /// What is written comes from the shared database.
    filling: AtomicBool,
    pending: AtomicU64,
    rejected: AtomicU64,
    told: Mutex<Told>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Told {
    state: StoreState,
    last_error: Option<String>,
    /// What has to be told of publishers; only the newest of each camera.
    presence: HashMap<(EventId, CameraId), CameraPresence>,
}

impl Outbox {
    pub(super) fn new(plain_keys: bool) -> Self {
        Self { plain_keys, ..Self::default() }
    }

    /// Notes nothing while the copy is filled from the shared database, before anybody else writes.
    pub(crate) fn set_filling(&self, filling: bool) {
        self.filling.store(filling, Ordering::Relaxed);
    }

    /// Says that there may be something to carry out.
    pub(super) fn wake(&self) {
        self.news.notify_one();
    }

    /// Waits until there may be something to carry out.
    pub(crate) async fn news(&self) {
        self.news.notified().await;
    }

    /// How the store is.
    pub(crate) fn status(&self) -> StoreStatus {
        let told = self.told();
        StoreStatus {
            state: told.state,
            pending: self.pending.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
            last_error: told.last_error.clone(),
        }
    }

    /// Remembers how the shared database took the last attempt.
    pub(crate) fn set_state(&self, state: StoreState, error: Option<String>) {
        let mut told = self.told();
        told.state = state;
        told.last_error = error;
    }

    pub(super) fn set_presence(
        &self,
        event: &EventId,
        camera: &CameraId,
        presence: CameraPresence,
    ) {
        self.told().presence.insert((event.clone(), camera.clone()), presence);
        self.news.notify_one();
    }

    /// Takes out what is to be told of publishers.
    pub(crate) fn take_presence(&self) -> Vec<(EventId, CameraId, CameraPresence)> {
        let taken = std::mem::take(&mut self.told().presence);
        taken.into_iter().map(|((event, camera), presence)| (event, camera, presence)).collect()
    }

    /// Puts back what could not be told, unless there is newer word.
    pub(crate) fn put_back(&self, event: EventId, camera: CameraId, presence: CameraPresence) {
        self.told().presence.entry((event, camera)).or_insert(presence);
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads how much of it there is, at start.
    pub(super) fn count(&self, db: &Connection) -> Result<(), StoreError> {
        let (pending, rejected) = db.query_row(
            "SELECT count(*) FILTER (WHERE rejected IS NULL), count(rejected) FROM outbox",
            [],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
        )?;
        self.pending.store(pending.unsigned_abs(), Ordering::Relaxed);
        self.rejected.store(rejected.unsigned_abs(), Ordering::Relaxed);
        Ok(())
    }

    /// Counts writes whose transaction is durable.
    pub(super) fn added(&self, count: u64) {
        if count > 0 {
            self.pending.fetch_add(count, Ordering::Relaxed);
            self.news.notify_one();
        }
    }
}

/// A transaction that notes what it does, where there is an outbox.
pub(super) struct Noting<'a> {
    db: &'a Connection,
    outbox: Option<&'a Outbox>,
    noted: Cell<u64>,
    /// Events of which memory is to learn.
    changed: RefCell<BTreeSet<EventId>>,
}

impl Deref for Noting<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.db
    }
}

impl<'a> Noting<'a> {
    pub(super) fn new(db: &'a Connection, outbox: Option<&'a Outbox>) -> Self {
        Self { db, outbox, noted: Cell::new(0), changed: RefCell::new(BTreeSet::new()) }
    }

    /// Whether the store is the copy of a shared database.
    pub(super) const fn is_copy(&self) -> bool {
        self.outbox.is_some()
    }

    /// Notes a write that has been made.
    pub(super) fn note(&self, made: impl FnOnce() -> Write) -> Result<(), StoreError> {
        let Some(outbox) = self.outbox else { return Ok(()) };
        if outbox.filling.load(Ordering::Relaxed) {
            return Ok(());
        }
        if outbox.pending.load(Ordering::Relaxed) + self.noted.get() >= u64::from(OUTBOX_MAX) {
            let what = "writes that wait for the shared database";
            return Err(StoreError::LimitExceeded { what, limit: OUTBOX_MAX });
        }
        let sql = "INSERT INTO outbox (doc) VALUES (?1)";
        self.db.prepare_cached(sql)?.execute([write("write", &made())?])?;
        self.noted.set(self.noted.get() + 1);
        Ok(())
    }

    /// Remembers that an event, one of its cameras or one of its tokens is another one than before, or gone.
    pub(super) fn changed(&self, event: &EventId) {
        self.changed.borrow_mut().insert(event.clone());
    }

    /// The events that were changed, as they are now.
    pub(super) fn news(&self) -> Result<Vec<News>, StoreError> {
        let changed = self.changed.take().into_iter();
        changed.map(|id| Known::read(self.db, &id).map(|known| (id, known))).collect()
    }

    /// How many writes it has noted.
    pub(super) fn noted(&self) -> u64 {
        self.noted.get()
    }
}

/// A write that waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) seq: i64,
    pub(crate) write: Write,
}

/// How far the outbox had come at some instant: a later write shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxMark(i64);

impl SqliteStore {
    /// The outbox, `None` unless the store is the copy of a shared database.
    pub(crate) fn outbox(&self) -> Option<&Outbox> {
        self.outbox.as_deref()
    }

    /// The oldest write that waits.
    pub(crate) async fn first_waiting(&self) -> Result<Option<Waiting>, StoreError> {
        self.writer
            .call(|db| {
                let sql = "SELECT seq, doc FROM outbox WHERE rejected IS NULL ORDER BY seq LIMIT 1";
                let row: Option<(i64, String)> = db
                    .prepare_cached(sql)?
                    .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?;
                row.map(|(seq, doc)| Ok(Waiting { seq, write: read("write", &doc)? })).transpose()
            })
            .await
    }

    /// Forgets a write that the shared database has.
    pub(crate) async fn carried_out(&self, seq: i64) -> Result<(), StoreError> {
        let outbox = self.outbox.clone();
        self.writer
            .call(move |db| {
                let sql = "DELETE FROM outbox WHERE seq = ?1 AND rejected IS NULL";
                let gone = db.prepare_cached(sql)?.execute([seq])?;
                if let Some(outbox) = outbox {
                    outbox.pending.fetch_sub(gone as u64, Ordering::Relaxed);
                }
                Ok(())
            })
            .await
    }

    /// How far the outbox has come, `None` while something waits in it.
    pub(crate) async fn outbox_mark(&self) -> Result<Option<OutboxMark>, StoreError> {
        self.writer.call(|db| mark(db)).await
    }
}

pub(super) fn mark(db: &Connection) -> Result<Option<OutboxMark>, StoreError> {
    let waits: bool = db
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM outbox WHERE rejected IS NULL)")?
        .query_row([], |row| row.get(0))?;
    let sql = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'outbox'";
    let last = db.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok((!waits).then_some(OutboxMark(last)))
}
