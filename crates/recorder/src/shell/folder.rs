//! Recordings on the disk: `{event}/{source}/{began}/index` and `0001.mp4`, `0002.mp4`, ….

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use genlock_media::EventTime;

use super::recording::{INDEX, Recording};
use crate::name::{RecordingId, Source, is_id};

/// Name of the list of what was removed.
const DELETED: &str = "deleted.tsv";

/// Removed recordings of an event that are told.
const DELETED_MAX: usize = 1000;

/// What has been recorded. Every call reads the disk and blocks.
#[derive(Debug, Clone)]
pub struct Library {
    folder: PathBuf,
    zero_unix_micros: i64,
    /// Held while a recording is removed, or made of others.
    changing: Arc<Mutex<()>>,
}

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
    /// Bytes of its files.
    pub bytes: u64,
    /// Who has removed it.
    pub by: String,
}

impl Library {
    pub(super) fn new(folder: PathBuf, zero_unix_micros: i64) -> Self {
        Self { folder, zero_unix_micros, changing: Arc::default() }
    }

    /// Nothing that another call could find is kept under it, so a panic elsewhere leaves it usable.
    pub(super) fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All recordings of `event`, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self, event: &str) -> io::Result<Vec<Recording>> {
        let mut recordings = Vec::new();
        for (source, id, folder) in self.find(event)? {
            // One that cannot be read must not hide the others.
            match Recording::read(source, id, folder) {
                Ok(recording) => recordings.extend(recording),
                Err(error) => tracing::warn!(%error, event, "a recording cannot be read"),
            }
        }
        recordings.sort_by(|left, right| left.id.cmp(&right.id));
        Ok(recordings)
    }

    /// One recording of `event`; `None` if there is none of this name.
    ///
    /// # Errors
    /// When its index cannot be read.
    pub fn get(&self, event: &str, id: &RecordingId) -> io::Result<Option<Recording>> {
        let Some(source) = Source::new(event, id.name()) else { return Ok(None) };
        let folder = self.folder_of(&source, id.began());
        if !folder.join(INDEX).is_file() {
            return Ok(None);
        }
        Recording::read(source, id.clone(), folder)
    }

    /// Whether there is a recording of this name.
    #[must_use]
    pub fn has(&self, event: &str, id: &RecordingId) -> bool {
        let source = Source::new(event, id.name());
        source.is_some_and(|source| self.folder_of(&source, id.began()).join(INDEX).is_file())
    }

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
        let deleted = self.deleted(event, &id.to_string(), size(&folder)?, by, now);
        fs::remove_dir_all(&folder)?;
        self.write_down(&deleted);
        // Whoever was the last leaves no empty folder.
        let _ = fs::remove_dir(self.folder.join(event).join(id.name()));
        Ok(Removal::Removed(deleted))
    }

    /// Removes everything of `event`.
    ///
    /// # Errors
    /// When its files cannot be removed.
    pub fn remove_event(&self, event: &str, now: EventTime) -> io::Result<()> {
        let folder = self.folder.join(event);
        if !is_id(event) || !folder.is_dir() {
            return Ok(());
        }
        let deleted = self.deleted(event, "all", size(&folder)?, "with its event", now);
        fs::remove_dir_all(&folder)?;
        self.write_down(&deleted);
        Ok(())
    }

    /// What was removed of `event`, oldest first; the newest thousand.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub fn deletions(&self, event: &str) -> io::Result<Vec<Deleted>> {
        let text = match fs::read_to_string(self.folder.join(DELETED)) {
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

    fn deleted(&self, event: &str, id: &str, bytes: u64, by: &str, now: EventTime) -> Deleted {
        Deleted {
            at_unix_millis: self.zero_unix_micros.saturating_add(now.as_micros()).div_euclid(1000),
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
        let list = File::options().create(true).append(true).open(self.folder.join(DELETED));
        let written = list.and_then(|mut list| {
            list.write_all(deleted.line().as_bytes())?;
            list.sync_data()
        });
        if let Err(error) = written {
            tracing::error!(%error, "what was removed is written down in this log only");
        }
    }

    /// Wall time of the event clock's zero, in microseconds since 1970.
    #[must_use]
    pub const fn zero_unix_micros(&self) -> i64 {
        self.zero_unix_micros
    }

    pub(super) fn folder_of_event(&self, event: &str) -> PathBuf {
        self.folder.join(event)
    }

    /// The first second from `now` on at which no recording of `source` began.
    pub(super) fn free_second(&self, source: &Source, now: EventTime) -> u64 {
        let micros = self.zero_unix_micros.saturating_add(now.as_micros());
        let mut began = u64::try_from(micros / 1_000_000).unwrap_or(0);
        while self.folder_of(source, began).exists() {
            began += 1;
        }
        began
    }

    pub(super) fn folder_of(&self, source: &Source, began: u64) -> PathBuf {
        self.folder.join(source.event()).join(source.name()).join(began.to_string())
    }

    /// Ids of the events that have a folder.
    pub(super) fn events(&self) -> io::Result<Vec<String>> {
        Ok(names(&self.folder)?.into_iter().filter(|name| is_id(name)).collect())
    }

    pub(super) fn used(&self, event: &str) -> io::Result<u64> {
        size(&self.folder.join(event))
    }

    pub(super) fn find(&self, event: &str) -> io::Result<Vec<(Source, RecordingId, PathBuf)>> {
        let mut found = Vec::new();
        let folder = self.folder.join(event);
        if !is_id(event) {
            return Ok(found);
        }
        for name in names(&folder)? {
            let Some(source) = Source::new(event, &name) else { continue };
            for began in names(&folder.join(&name))? {
                let text = format!("{began}-{name}");
                let Some(id) = RecordingId::parse(&text) else { continue };
                let folder = self.folder_of(&source, id.began());
                if folder.join(INDEX).is_file() {
                    found.push((source.clone(), id, folder));
                }
            }
        }
        Ok(found)
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

/// Names in a folder; none if there is no folder.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().into_string());
    }
    Ok(names)
}

/// Bytes of all files below a folder.
fn size(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for name in names(folder)? {
        let path = folder.join(name);
        // What is removed meanwhile has no size.
        let Ok(told) = fs::symlink_metadata(&path) else { continue };
        bytes += if told.is_dir() { size(&path)? } else { told.len() };
    }
    Ok(bytes)
}
