//! The last updates of an event, numbered: what a client that was away for a moment has missed.
//!
//! Clients have no queues. Each has a place in the journal and reads at its own pace; one that falls out of it
//! has to look at the whole state again. So a slow client costs nothing, and many clients share every
//! rendered message.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use crate::limits::JOURNAL_UPDATES_MAX;
use crate::socket::TextFrame;

/// Number of an update within its journal, counted from 1. 0 is before the first.
pub(super) type Sequence = u64;

/// Which words a client understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    Own,
    /// Of the NGINX-RTMP plan: `camera_switched` and nothing else.
    Compatible,
}

/// An update as it is sent.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) seq: Sequence,
    /// JSON, which all clients share.
    pub(super) json: TextFrame,
    /// The same for clients of the NGINX-RTMP plan, if they know of such an update.
    pub(super) compatible: Option<TextFrame>,
    /// It tells that viewers' playlists have a cut.
    pub(super) published: bool,
}

impl Entry {
    /// The message in these words, if they have one for it.
    pub(super) const fn message(&self, words: Words) -> Option<&TextFrame> {
        match words {
            Words::Own => Some(&self.json),
            Words::Compatible => self.compatible.as_ref(),
        }
    }
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
        Ok(self.all_after(seen)?.next().cloned())
    }

    /// Everything after `seen` in these words, for one write.
    ///
    /// # Errors
    /// As [`Self::after`].
    pub(super) fn frames_after(&self, seen: Sequence, words: Words) -> Result<Bytes, Lost> {
        let mut frames = self.all_after(seen)?.filter_map(|entry| entry.message(words));
        let Some(first) = frames.next() else { return Ok(Bytes::new()) };
        let Some(second) = frames.next() else { return Ok(first.bytes().clone()) };
        let mut all = BytesMut::from(first.bytes().as_ref());
        std::iter::once(second)
            .chain(frames)
            .for_each(|frame| all.extend_from_slice(frame.bytes()));
        Ok(all.freeze())
    }

    fn all_after(&self, seen: Sequence) -> Result<impl Iterator<Item = &Entry>, Lost> {
        let first = self.entries.front().map_or(self.newest + 1, |entry| entry.seq);
        let index = (seen + 1).checked_sub(first).and_then(|index| usize::try_from(index).ok());
        let index = index.filter(|index| *index <= self.entries.len()).ok_or(Lost)?;
        Ok(self.entries.range(index..))
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
                json: TextFrame::of("{}"),
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
    fn what_a_client_missed_is_one_write_in_its_words() {
        let mut journal = Journal::default();
        for number in 1..=3 {
            let compatible = (number != 2).then(|| TextFrame::of(&format!("c{number}")));
            let json = TextFrame::of(&format!("j{number}"));
            journal.push(|seq| Entry { seq, json, compatible, published: false });
        }
        let frames = |seen, words| journal.frames_after(seen, words);
        assert_eq!(frames(0, Words::Own).unwrap().as_ref(), b"\x81\x02j1\x81\x02j2\x81\x02j3");
        assert_eq!(frames(0, Words::Compatible).unwrap().as_ref(), b"\x81\x02c1\x81\x02c3");
        assert_eq!(frames(2, Words::Own).unwrap().as_ref(), b"\x81\x02j3");
        assert_eq!(frames(3, Words::Own), Ok(Bytes::new()));
        assert_eq!(frames(4, Words::Own), Err(Lost));
    }

    #[test]
    fn nobody_goes_on_after_a_loss() {
        let mut journal = journal(3);
        journal.lose();
        assert_eq!(after(&journal, 3), Err(Lost));
        assert_eq!(after(&journal, 4), Ok(None));
        journal.push(|seq| Entry {
            seq,
            json: TextFrame::of("{}"),
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
