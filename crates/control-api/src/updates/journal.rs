//! The last updates of an event, numbered: what a client that was away for a moment has missed.
//!
//! Clients have no queues. Each has a place in the journal and reads at its own pace; one that falls out of it
//! has to look at the whole state again. So a slow client costs nothing, and many clients share every
//! rendered message.

use std::collections::VecDeque;

use axum::extract::ws::Utf8Bytes;

use crate::limits::JOURNAL_UPDATES_MAX;

/// Number of an update within its journal, counted from 1. 0 is before the first.
pub(super) type Sequence = u64;

/// An update as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) seq: Sequence,
    /// JSON text, which all clients share.
    pub(super) json: Utf8Bytes,
    /// The same for clients of the NGINX-RTMP plan, if they know of such an update.
    pub(super) compatible: Option<Utf8Bytes>,
    /// It tells that viewers' playlists have a cut.
    pub(super) published: bool,
}

/// A bounded row of updates.
#[derive(Debug, Default)]
pub(super) struct Journal {
    entries: VecDeque<Entry>,
    newest: Sequence,
}

/// The place is not in the journal, or not any more.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lost;

impl Journal {
    /// Number of the newest update.
    pub(super) const fn newest(&self) -> Sequence {
        self.newest
    }

    /// Appends what `render` makes for the next number.
    pub(super) fn push(&mut self, render: impl FnOnce(Sequence) -> Entry) {
        self.newest += 1;
        self.entries.push_back(render(self.newest));
        if self.entries.len() > JOURNAL_UPDATES_MAX {
            self.entries.pop_front();
        }
    }

    /// Forgets everything: something happened that cannot be told, so that every client has to look anew.
    pub(super) fn lose(&mut self) {
        self.entries.clear();
        self.newest += 1;
    }

    /// The update after `seen`, `None` if that is the newest.
    ///
    /// # Errors
    /// When updates after `seen` are gone, or `seen` has not happened.
    pub(super) fn after(&self, seen: Sequence) -> Result<Option<Entry>, Lost> {
        if seen == self.newest {
            return Ok(None);
        }
        let first = self.entries.front().map_or(self.newest, |entry| entry.seq);
        let index = (seen + 1).checked_sub(first).and_then(|index| usize::try_from(index).ok());
        index.and_then(|index| self.entries.get(index)).cloned().map(Some).ok_or(Lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal(updates: usize) -> Journal {
        let mut journal = Journal::default();
        for _ in 0..updates {
            journal.push(|seq| Entry {
                seq,
                json: Utf8Bytes::default(),
                compatible: None,
                published: false,
            });
        }
        journal
    }

    fn after(journal: &Journal, seen: Sequence) -> Result<Option<Sequence>, Lost> {
        journal.after(seen).map(|entry| entry.map(|entry| entry.seq))
    }

    #[test]
    fn each_update_follows_the_one_before() {
        let journal = journal(3);
        assert_eq!(after(&journal, 0), Ok(Some(1)));
        assert_eq!(after(&journal, 2), Ok(Some(3)));
        assert_eq!(after(&journal, 3), Ok(None));
        assert_eq!(after(&Journal::default(), 0), Ok(None));
    }

    #[test]
    fn nobody_goes_on_after_a_loss() {
        let mut journal = journal(3);
        journal.lose();
        assert_eq!(after(&journal, 3), Err(Lost));
        assert_eq!(after(&journal, 4), Ok(None));
        journal.push(|seq| Entry {
            seq,
            json: Utf8Bytes::default(),
            compatible: None,
            published: false,
        });
        assert_eq!(after(&journal, 4), Ok(Some(5)));
        assert_eq!(after(&journal, 3), Err(Lost));
    }

    #[test]
    fn what_is_gone_or_was_never_there_is_lost() {
        let journal = journal(JOURNAL_UPDATES_MAX + 10);
        assert_eq!(after(&journal, 10), Ok(Some(11)));
        assert_eq!(after(&journal, 9), Err(Lost));
        let newest = journal.newest();
        assert_eq!(after(&journal, newest + 1), Err(Lost));
        assert_eq!(after(&journal, Sequence::MAX - 1), Err(Lost));
    }
}
