//! What a store has of a recording, and how far what is on its way has come.
//!
//! Kept as JSON beside the recording's index, and replaced as a whole after every step: a server that is killed goes on with
//! the part that it was sending.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::plan::{Facts, Outcome, Step};

/// See the module documentation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Which store: its address, without credentials.
    pub store: String,
    /// Media files by number.
    pub files: BTreeMap<u32, File>,
    /// The index, as it was sent last.
    pub index: Option<Index>,
}

/// A media file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its length when it was begun.
    pub bytes: u64,
    /// How far it is.
    pub progress: Progress,
}

/// How far a media file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Progress {
    /// Its parts are sent, one after the other.
    Uploading {
        /// The store's name of the upload.
        upload: String,
        /// Length of a part; the last may be shorter.
        part_bytes: u64,
        /// Parts that the store has.
        parts: Vec<SentPart>,
    },
    /// It is there, and not verified.
    Sent {
        /// Length of a part; the last may be shorter.
        part_bytes: u64,
        /// What it was made of.
        parts: Vec<SentPart>,
    },
    /// It is there, and is what was sent.
    Verified {
        /// When that was found, in milliseconds since 1970.
        at_unix_millis: i64,
        /// Whether it is still on the disk.
        here: bool,
    },
}

/// A part that a store has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentPart {
    /// The store's name of it.
    pub etag: String,
    /// MD5 of its bytes, in hexadecimal digits.
    pub md5: String,
}

/// An index that a store has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Its length.
    pub bytes: u64,
    /// How many media files were verified when it was sent.
    pub files: usize,
}

/// Where a recording is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stored {
    /// On the disk alone.
    #[default]
    Local,
    /// On the disk; some of it is in the store, or on its way there.
    Uploading,
    /// On the disk and in the store.
    Both,
    /// In the store; what lists and opens it is on the disk.
    Remote,
}

impl Ledger {
    /// An empty one, for a store.
    #[must_use]
    pub fn new(store: &str) -> Self {
        Self { store: store.to_owned(), ..Self::default() }
    }

    /// Media files that are verified.
    #[must_use]
    pub fn verified(&self) -> usize {
        let is_verified = |file: &&File| matches!(file.progress, Progress::Verified { .. });
        self.files.values().filter(is_verified).count()
    }

    /// Media files that are on the disk no more.
    #[must_use]
    pub fn gone(&self) -> usize {
        let is_gone =
            |file: &&File| matches!(file.progress, Progress::Verified { here: false, .. });
        self.files.values().filter(is_gone).count()
    }

    /// Uploads that have begun and are not complete: number of the file, and the store's name of the upload.
    pub fn uploads(&self) -> impl Iterator<Item = (u32, &str)> {
        self.files.iter().filter_map(|(&number, file)| match &file.progress {
            Progress::Uploading { upload, .. } => Some((number, upload.as_str())),
            Progress::Sent { .. } | Progress::Verified { .. } => None,
        })
    }

    /// Bytes that the store has, as far as is known.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let bytes = |file: &File| match &file.progress {
            Progress::Uploading { part_bytes, parts, .. } => {
                file.bytes.min(part_bytes.saturating_mul(parts.len() as u64))
            }
            Progress::Sent { .. } | Progress::Verified { .. } => file.bytes,
        };
        self.files.values().map(bytes).sum()
    }

    /// Where the recording is of which `facts` tell.
    #[must_use]
    pub fn stored(&self, facts: &Facts) -> Stored {
        if self.files.is_empty() && self.index.is_none() {
            return Stored::Local;
        }
        let is_verified = |number: &u32| {
            let progress = self.files.get(number).map(|file| &file.progress);
            matches!(progress, Some(Progress::Verified { .. }))
        };
        let all = facts.over && facts.files.keys().all(is_verified);
        let index = self.index.is_some_and(|index| index.bytes == facts.index_bytes);
        match () {
            () if !all || !index => Stored::Uploading,
            () if self.gone() > 0 && facts.files.is_empty() => Stored::Remote,
            () => Stored::Both,
        }
    }

    /// Writes down what came of a step. `now` is in milliseconds since 1970.
    pub fn apply(&mut self, step: &Step, outcome: Outcome, now: i64) {
        match (step, outcome) {
            (Step::Begin { file, bytes, part_bytes }, Outcome::Begun(upload)) => {
                let progress =
                    Progress::Uploading { upload, part_bytes: *part_bytes, parts: Vec::new() };
                self.files.insert(*file, File { bytes: *bytes, progress });
            }
            (Step::Part { file, .. }, Outcome::PartSent(sent)) => {
                let known = self.files.get_mut(file).map(|file| &mut file.progress);
                if let Some(Progress::Uploading { parts, .. }) = known {
                    parts.push(sent);
                }
            }
            (Step::Put { file, bytes, part_bytes }, Outcome::Sent(parts)) => {
                let progress = Progress::Sent { part_bytes: *part_bytes, parts };
                self.files.insert(*file, File { bytes: *bytes, progress });
            }
            // An upload that the store does not know may have been completed before a crash: that is seen when it is verified.
            (Step::Complete { file, part_bytes, parts, .. }, Outcome::Done | Outcome::Lost) => {
                if let Some(known) = self.files.get_mut(file) {
                    known.progress =
                        Progress::Sent { part_bytes: *part_bytes, parts: parts.clone() };
                }
            }
            (Step::Verify { file, .. }, Outcome::Done) => {
                if let Some(known) = self.files.get_mut(file) {
                    known.progress = Progress::Verified { at_unix_millis: now, here: true };
                }
            }
            (Step::LetGo { file }, Outcome::Done) => {
                let known = self.files.get_mut(file).map(|file| &mut file.progress);
                if let Some(Progress::Verified { here, .. }) = known {
                    *here = false;
                }
            }
            (Step::PutIndex, Outcome::IndexSent { bytes }) => {
                self.index = Some(Index { bytes, files: self.verified() });
            }
            (Step::Part { file, .. } | Step::Verify { file, .. }, Outcome::Lost)
            | (Step::Abort { file, .. }, Outcome::Done) => {
                self.files.remove(file);
            }
            _ => debug_assert!(false, "no outcome of {step:?}"),
        }
    }
}
