//! What is told of recordings and their store.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use genlock_recorder::{Recording, RecordingId, Source};
use tokio::sync::Notify;

use super::folder;
use crate::ledger::Stored;
use crate::limits::HAPPENED_MAX;

/// Handle to what is told. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Archive(Arc<Told>);

/// All recordings together, for whoever runs the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ArchiveTotals {
    /// Bytes sent since the server started, parts that were sent again included.
    pub sent_bytes: u64,
    /// Steps that failed since the server started.
    pub failures: u64,
    /// Recordings with files that are not in the store yet.
    pub waiting: u64,
    /// Removed recordings that the store still has.
    pub removals: u64,
}

/// A recording has another state than before, or an error has come or gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// Of what.
    pub source: Source,
    /// The recording.
    pub id: RecordingId,
    /// Where it is.
    pub stored: Stored,
    /// Why the store does not take it, while it does not.
    pub error: Option<String>,
}

#[derive(Debug, Default)]
struct Told {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    configured: bool,
    totals: ArchiveTotals,
    /// Recordings that are not settled.
    recordings: BTreeMap<(Source, RecordingId), (Stored, Option<String>)>,
    happened: VecDeque<Happened>,
}

impl Archive {
    /// Where a recording is, and why the store does not take it, while it does not. Blocks: it reads the disk.
    ///
    /// # Errors
    /// When the ledger cannot be read.
    pub fn stored(&self, recording: &Recording) -> io::Result<(Stored, Option<String>)> {
        let key = (recording.source.clone(), recording.id.clone());
        if let Some(told) = self.lock().recordings.get(&key) {
            return Ok(told.clone());
        }
        let Some(ledger) = folder::ledger(recording.folder())? else {
            return Ok((Stored::Local, None));
        };
        Ok((ledger.stored(&folder::facts(recording, true)?), None))
    }

    /// All recordings together; `None` without a store.
    #[must_use]
    pub fn totals(&self) -> Option<ArchiveTotals> {
        let state = self.lock();
        let waiting = state.recordings.values();
        let waiting =
            waiting.filter(|(stored, error)| *stored == Stored::Uploading || error.is_some());
        let totals = ArchiveTotals { waiting: waiting.count() as u64, ..state.totals };
        state.configured.then_some(totals)
    }

    /// Waits for what happens next. One taker gets each.
    pub async fn happened(&self) -> Happened {
        loop {
            let news = self.0.news.notified();
            if let Some(happened) = self.lock().happened.pop_front() {
                return happened;
            }
            news.await;
        }
    }

    pub(super) fn configure(&self) {
        self.lock().configured = true;
    }

    pub(super) fn count(&self, count: impl FnOnce(&mut ArchiveTotals)) {
        count(&mut self.lock().totals);
    }

    /// Something is done for a recording, or failed.
    pub(super) fn tell(
        &self,
        source: &Source,
        id: &RecordingId,
        stored: Stored,
        error: Option<&str>,
    ) {
        let stored = if stored == Stored::Local { Stored::Uploading } else { stored };
        let now = (stored, error.map(str::to_owned));
        let mut state = self.lock();
        let before = state.recordings.insert((source.clone(), id.clone()), now);
        let before = before.map_or((Stored::Local, false), |(was, error)| (was, error.is_some()));
        if before != (stored, error.is_some()) {
            self.push(state, source, id, stored, error);
        }
    }

    /// Nothing is to be done for a recording: its ledger says everything.
    pub(super) fn settle(&self, source: &Source, id: &RecordingId, stored: Stored) {
        let mut state = self.lock();
        let before = state.recordings.remove(&(source.clone(), id.clone()));
        if before.is_some_and(|(was, error)| was != stored || error.is_some()) {
            self.push(state, source, id, stored, None);
        }
    }

    /// Forgets what is not there any more.
    pub(super) fn retain(&self, is_there: impl Fn(&Source, &RecordingId) -> bool) {
        self.lock().recordings.retain(|(source, id), _| is_there(source, id));
    }

    fn push(
        &self,
        mut state: MutexGuard<'_, State>,
        source: &Source,
        id: &RecordingId,
        stored: Stored,
        error: Option<&str>,
    ) {
        if state.happened.len() >= HAPPENED_MAX {
            state.happened.pop_front();
        }
        let (source, id, error) = (source.clone(), id.clone(), error.map(str::to_owned));
        state.happened.push_back(Happened { source, id, stored, error });
        drop(state);
        self.0.news.notify_one();
    }

    /// Every change is made whole before the next, so a panic elsewhere leaves it usable.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
