//! Removing recordings, and writing down who did.
//!
//! What an object store has of a recording is removed there later, by whoever carries recordings there: until then the
//! recording's [`LEDGER`] stays, in a folder of its own.
//!
//! ```text
//! {event}/{source}/{began}/stored.json           it is in a store, or on its way
//! .removed/{event}/{source}/{began}/stored.json  it is to be removed there
//! ```

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use genlock_media::EventTime;

use super::folder::{Library, names, size};
use super::recording::Recording;
use crate::name::{RecordingId, Source, is_id};

/// Name of what is written beside a recording that is in an object store, or on its way.
pub const LEDGER: &str = "stored.json";

/// Folder of what is still to be removed from a store. No event has this name.
const REMOVED: &str = ".removed";

/// Name of the list of what was removed.
const DELETED: &str = "deleted.tsv";

/// Removed recordings of an event that are told.
const DELETED_MAX: usize = 1000;

/// What became of a recording that was to be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removal {
    /// It is gone.
    Removed(Deleted),
    /// A re-cut, the one of this name, is made of it.
    Used(RecordingId),
    /// There is none of this name.
    Unknown,
}

/// A recording that was removed, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    /// When, in milliseconds since 1970.
    pub at_unix_millis: i64,
    /// The event's id.
    pub event: String,
    /// The recording's name.
    pub recording: String,
    /// Bytes of its files, here or in a store.
    pub bytes: u64,
    /// Who has removed it.
    pub by: String,
}

/// A recording that was removed here and not yet in its store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// What the names of its objects begin with: `{event}/{source}/{began}`.
    pub objects: String,
    /// The folder that its ledger is in.
    pub folder: PathBuf,
}

impl Library {
    /// Removes a recording that is closed, and writes down who did. One that a re-cut is made of stays.
    ///
    /// # Errors
    /// When its files cannot be removed.
    pub fn remove(
        &self,
        event: &str,
        id: &RecordingId,
        by: &str,
        now: EventTime,
    ) -> io::Result<Removal> {
        let Some(source) = Source::new(event, id.name()) else { return Ok(Removal::Unknown) };
        let folder = self.folder_of(&source, id.began());
        let _changing = self.changing();
        if !self.has(event, id) {
            return Ok(Removal::Unknown);
        }
        if let Some(recut) = self.used_by(event, id)? {
            return Ok(Removal::Used(recut));
        }
        let bytes = size(&folder)? + self.get(event, id)?.map_or(0, |it| it.bytes_elsewhere());
        let deleted = self.deleted(event, &id.to_string(), bytes, by, now);
        self.take_away(&source, id, &folder)?;
        self.write_down(&deleted);
        // Whoever was the last leaves no empty folder.
        let _ = fs::remove_dir(self.folder_of_event(event).join(id.name()));
        Ok(Removal::Removed(deleted))
    }

    /// Removes everything of `event`.
    ///
    /// # Errors
    /// When its files cannot be removed.
    pub fn remove_event(&self, event: &str, now: EventTime) -> io::Result<()> {
        let folder = self.folder_of_event(event);
        if !is_id(event) || !folder.is_dir() {
            return Ok(());
        }
        let _changing = self.changing();
        let recordings = self.list(event)?;
        let elsewhere: u64 = recordings.iter().map(Recording::bytes_elsewhere).sum();
        let deleted = self.deleted(event, "all", size(&folder)? + elsewhere, "with its event", now);
        for (source, id, folder) in self.find(event)? {
            self.take_away(&source, &id, &folder)?;
        }
        fs::remove_dir_all(&folder)?;
        self.write_down(&deleted);
        Ok(())
    }

    /// What was removed of `event`, oldest first; the newest thousand.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub fn deletions(&self, event: &str) -> io::Result<Vec<Deleted>> {
        let text = match fs::read_to_string(self.folder().join(DELETED)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let of_event =
            text.lines().rev().filter_map(Deleted::parse).filter(|one| one.event == event);
        let mut deleted: Vec<Deleted> = of_event.take(DELETED_MAX).collect();
        deleted.reverse();
        Ok(deleted)
    }

    /// What is still to be removed from a store.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn removed(&self) -> io::Result<Vec<Removed>> {
        let (mut removed, root) = (Vec::new(), self.folder().join(REMOVED));
        for event in names(&root)? {
            for source in names(&root.join(&event))? {
                for began in names(&root.join(&event).join(&source))? {
                    let objects = format!("{event}/{source}/{began}");
                    let folder = root.join(&objects);
                    removed.push(Removed { objects, folder });
                }
            }
        }
        Ok(removed)
    }

    /// Nothing of it is in a store any more.
    ///
    /// # Errors
    /// When its folder cannot be removed.
    pub fn forget(&self, removed: &Removed) -> io::Result<()> {
        fs::remove_dir_all(&removed.folder)?;
        // Whoever was the last leaves no empty folders.
        let parents = removed.folder.ancestors().skip(1).take(3);
        let _ = parents.map(fs::remove_dir).find(Result::is_err);
        Ok(())
    }

    /// Carries on with what a crash has interrupted.
    pub(super) fn finish_removals(&self) -> io::Result<()> {
        self.removed()?.iter().try_for_each(|removed| keep_ledger(&removed.folder))
    }

    /// Where the ledger of a removed recording is until its store has heard of it.
    pub(super) fn removed_folder(&self, source: &Source, began: u64) -> PathBuf {
        let root = self.folder().join(REMOVED);
        root.join(source.event()).join(source.name()).join(began.to_string())
    }

    fn take_away(&self, source: &Source, id: &RecordingId, folder: &Path) -> io::Result<()> {
        if !folder.join(LEDGER).is_file() {
            return fs::remove_dir_all(folder);
        }
        let to = self.removed_folder(source, id.began());
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::rename(folder, &to)?;
        keep_ledger(&to)
    }

    fn deleted(&self, event: &str, id: &str, bytes: u64, by: &str, now: EventTime) -> Deleted {
        Deleted {
            at_unix_millis: self
                .zero_unix_micros()
                .saturating_add(now.as_micros())
                .div_euclid(1000),
            event: event.to_owned(),
            recording: id.to_owned(),
            bytes,
            by: by.to_owned(),
        }
    }

    /// Afterwards, because a full disk must not forbid to make room.
    fn write_down(&self, deleted: &Deleted) {
        let Deleted { event, recording, bytes, by, .. } = deleted;
        tracing::info!(event, recording, bytes, by, "recordings were removed");
        let list = File::options().create(true).append(true).open(self.folder().join(DELETED));
        let written = list.and_then(|mut list| {
            list.write_all(deleted.line().as_bytes())?;
            list.sync_data()
        });
        if let Err(error) = written {
            tracing::error!(%error, "what was removed is written down in this log only");
        }
    }
}

impl Deleted {
    /// Fields between tabs, which no name can hold.
    fn line(&self) -> String {
        let Self { at_unix_millis, event, recording, bytes, by } = self;
        let by = by.replace(['\t', '\n', '\r'], " ");
        format!("{at_unix_millis}\t{event}\t{recording}\t{bytes}\t{by}\n")
    }

    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.splitn(5, '\t');
        let mut next = || fields.next().map(str::to_owned);
        Some(Self {
            at_unix_millis: next()?.parse().ok()?,
            event: next()?,
            recording: next()?,
            bytes: next()?.parse().ok()?,
            by: next()?,
        })
    }
}

/// Removes everything in a folder but the ledger.
fn keep_ledger(folder: &Path) -> io::Result<()> {
    for name in names(folder)?.into_iter().filter(|name| name != LEDGER) {
        fs::remove_file(folder.join(name))?;
    }
    Ok(())
}
