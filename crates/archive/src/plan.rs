//! What is to be done next with a recording: a pure function of its ledger, what is on the disk, and the time.
//!
//! ```text
//!             ┌──────────── small, or a store without uploads ────────────┐
//!  (nothing) ─┴▶ Begin ─▶ Part … Part ─▶ Complete ─┬─ Put ◀───────────────┘
//!      ▲             │ changed    │ lost           ▼
//!      └── Abort ◀───┘ ◀──────────┴────────────  Verify ─▶ PutIndex ─▶ LetGo, if wanted and late enough
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ledger::{Ledger, Progress, SentPart};
use crate::limits::{PART_BYTES, PARTS_MAX};

/// A recording as it is on the disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Its own media files that are on the disk: number and length.
    pub files: BTreeMap<u32, u64>,
    /// Whether nothing will be added to it.
    pub over: bool,
    /// Length of its index.
    pub index_bytes: u64,
    /// Whether it is made of other recordings. Its own file is small, and stays on the disk.
    pub recut: bool,
}

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How long after its verification a file is removed from the disk; `None`: never.
    pub let_go_after: Option<Duration>,
    /// Whether the store takes uploads that can be gone on with.
    pub resumable: bool,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send a file in one go.
    Put {
        /// Its number.
        file: u32,
        /// Its length.
        bytes: u64,
        /// Length of the stretches whose checksums are to be told.
        part_bytes: u64,
    },
    /// Begin an upload in parts.
    Begin {
        /// The file's number.
        file: u32,
        /// Its length.
        bytes: u64,
        /// Length of a part.
        part_bytes: u64,
    },
    /// Send the next part.
    Part {
        /// The file's number.
        file: u32,
        /// The store's name of the upload.
        upload: String,
        /// The part's place, counted from 0.
        part: usize,
        /// Where it begins in the file.
        offset: u64,
        /// Its length.
        bytes: u64,
    },
    /// Make an object of the parts.
    Complete {
        /// The file's number.
        file: u32,
        /// The store's name of the upload.
        upload: String,
        /// Length of a part.
        part_bytes: u64,
        /// The parts.
        parts: Vec<SentPart>,
    },
    /// Compare the object with what was sent.
    Verify {
        /// The file's number.
        file: u32,
        /// Its length.
        bytes: u64,
        /// Length of a part.
        part_bytes: u64,
        /// What was sent.
        parts: Vec<SentPart>,
    },
    /// Give an upload up: the file is another one by now.
    Abort {
        /// The file's number.
        file: u32,
        /// The store's name of the upload.
        upload: String,
    },
    /// Send the index, and compare it.
    PutIndex,
    /// Remove a file from the disk, and keep its heads.
    LetGo {
        /// Its number.
        file: u32,
    },
    /// Nothing before this time in milliseconds since 1970, or as long as the disk has nothing new.
    Rest(Option<i64>),
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// An upload has begun; the store's name of it.
    Begun(String),
    /// The store has the part.
    PartSent(SentPart),
    /// The store has the file; what it was made of.
    Sent(Vec<SentPart>),
    /// The store has an index of this length, and it is what was sent.
    IndexSent {
        /// Its length.
        bytes: u64,
    },
    /// It is done.
    Done,
    /// The store does not know the upload, or has something else than was sent.
    Lost,
}

/// What is to be done next.
#[must_use]
pub fn next(ledger: &Ledger, facts: &Facts, policy: Policy, now: i64) -> Step {
    let newest = facts.files.keys().next_back().copied();
    let is_finished = |number: u32| facts.over || Some(number) != newest;
    for (&file, &bytes) in &facts.files {
        if is_finished(file)
            && let Some(step) = of_file(ledger, file, bytes, policy)
        {
            return step;
        }
    }
    if needs_index(ledger, facts) {
        return Step::PutIndex;
    }
    match let_go(ledger, facts, policy) {
        Some((file, at)) if at <= now => Step::LetGo { file },
        next => Step::Rest(next.map(|(_, at)| at)),
    }
}

/// Length of the parts of a file of `bytes` bytes.
#[must_use]
pub const fn part_bytes(bytes: u64) -> u64 {
    let most = bytes.div_ceil(PARTS_MAX);
    if most > PART_BYTES { most.next_multiple_of(1 << 20) } else { PART_BYTES }
}

/// What is to be done with a file that is finished; `None` when it is verified.
fn of_file(ledger: &Ledger, file: u32, bytes: u64, policy: Policy) -> Option<Step> {
    let part_bytes = part_bytes(bytes);
    let from_the_start = match policy.resumable && bytes > part_bytes {
        true => Step::Begin { file, bytes, part_bytes },
        false => Step::Put { file, bytes, part_bytes },
    };
    let Some(known) = ledger.files.get(&file) else { return Some(from_the_start) };
    match &known.progress {
        Progress::Uploading { upload, .. } if known.bytes != bytes => {
            Some(Step::Abort { file, upload: upload.clone() })
        }
        // A file that was cut after a crash, say.
        _ if known.bytes != bytes => Some(from_the_start),
        Progress::Uploading { upload, part_bytes, parts } => {
            Some(go_on(file, bytes, upload, *part_bytes, parts))
        }
        Progress::Sent { part_bytes, parts } => {
            Some(Step::Verify { file, bytes, part_bytes: *part_bytes, parts: parts.clone() })
        }
        Progress::Verified { .. } => None,
    }
}

fn go_on(file: u32, bytes: u64, upload: &str, part_bytes: u64, parts: &[SentPart]) -> Step {
    let offset = part_bytes.saturating_mul(parts.len() as u64);
    let upload = upload.to_owned();
    match bytes.saturating_sub(offset).min(part_bytes) {
        0 => Step::Complete { file, upload, part_bytes, parts: parts.to_vec() },
        bytes => Step::Part { file, upload, part: parts.len(), offset, bytes },
    }
}

/// Whether the store has media that its index does not tell of, or the index has come to its end.
fn needs_index(ledger: &Ledger, facts: &Facts) -> bool {
    let has_all = |index: crate::ledger::Index| {
        index.files >= ledger.verified() && (!facts.over || index.bytes == facts.index_bytes)
    };
    // A re-cut whose cuts all fall between fragments has no media of its own.
    let has_media = ledger.verified() > 0 || (facts.recut && facts.over);
    has_media && !ledger.index.is_some_and(has_all)
}

/// The file that is to be removed from the disk first, and when.
fn let_go(ledger: &Ledger, facts: &Facts, policy: Policy) -> Option<(u32, i64)> {
    let after = policy.let_go_after.filter(|_| !facts.recut)?;
    let after = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
    let due = ledger.files.iter().filter_map(|(&number, file)| match file.progress {
        Progress::Verified { at_unix_millis, here: true } => {
            Some((number, at_unix_millis.saturating_add(after)))
        }
        _ => None,
    });
    due.min_by_key(|(_, at)| *at)
}
