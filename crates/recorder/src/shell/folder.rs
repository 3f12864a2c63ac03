//! Recordings on the disk: `{event}/{source}/{began}/index` and `0001.mp4`, `0002.mp4`, ….

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use genlock_media::EventTime;

use super::media::Remote;
use super::recording::{INDEX, Recording, media_name, read_index};
use crate::name::{RecordingId, Source, is_id};
use crate::timeline::Timeline;

/// What has been recorded. Every call reads the disk and blocks.
#[derive(Debug, Clone)]
pub struct Library {
    folder: PathBuf,
    zero_unix_micros: i64,
    remote: Option<Arc<dyn Remote>>,
    /// Held while a recording is removed, or made of others.
    changing: Arc<Mutex<()>>,
}

/// A recording and the folder that it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelved {
    /// Of what.
    pub source: Source,
    /// Its name within the event.
    pub id: RecordingId,
    /// Its folder.
    pub folder: PathBuf,
}

impl Library {
    pub(super) fn new(
        folder: PathBuf,
        zero_unix_micros: i64,
        remote: Option<Arc<dyn Remote>>,
    ) -> Self {
        Self { folder, zero_unix_micros, remote, changing: Arc::default() }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
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
            match self.read(source, id, folder) {
                Ok(recording) => recordings.push(recording),
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
        self.read(source, id.clone(), folder).map(Some)
    }

    pub(super) fn read(
        &self,
        source: Source,
        id: RecordingId,
        folder: PathBuf,
    ) -> io::Result<Recording> {
        let timeline = Timeline::read(&read_index(&folder)?);
        Ok(Recording { source, id, timeline, folder, remote: self.remote.clone() })
    }

    /// Ids of all recordings of `event`, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn ids(&self, event: &str) -> io::Result<Vec<RecordingId>> {
        let mut ids: Vec<RecordingId> =
            self.find(event)?.into_iter().map(|(_, id, _)| id).collect();
        ids.sort();
        Ok(ids)
    }

    /// Whether there is a recording of this name.
    #[must_use]
    pub fn has(&self, event: &str, id: &RecordingId) -> bool {
        let source = Source::new(event, id.name());
        source.is_some_and(|source| self.folder_of(&source, id.began()).join(INDEX).is_file())
    }

    /// All recordings of all events, without what is in them.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn shelved(&self) -> io::Result<Vec<Shelved>> {
        let mut shelved = Vec::new();
        for event in self.events()? {
            let found = self.find(&event)?.into_iter();
            shelved.extend(found.map(|(source, id, folder)| Shelved { source, id, folder }));
        }
        Ok(shelved)
    }

    /// Writes a file beside the index of a recording, durably and as a whole; `false` if the recording is gone.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write_beside(&self, shelved: &Shelved, name: &str, bytes: &[u8]) -> io::Result<bool> {
        let _changing = self.changing();
        if !shelved.folder.join(INDEX).is_file() {
            return Ok(false);
        }
        let beside = shelved.folder.join(format!("{name}.new"));
        let mut file = File::create(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(beside, shelved.folder.join(name))?;
        File::open(&shelved.folder)?.sync_all()?;
        Ok(true)
    }

    /// Removes a media file from the disk that is elsewhere, and keeps its heads. Done again, it does nothing more;
    /// `false` if the recording is gone.
    ///
    /// # Errors
    /// When the disk refuses, or the file is not what the index tells.
    pub fn let_go(&self, shelved: &Shelved, number: u32) -> io::Result<bool> {
        let _changing = self.changing();
        let Some(recording) = self.get(shelved.source.event(), &shelved.id)? else {
            return Ok(false);
        };
        let media = shelved.folder.join(media_name(number));
        if media.is_file() {
            recording.keep_heads(number)?;
            fs::remove_file(media)?;
        }
        Ok(true)
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
        let is_taken = |began| {
            // A name of which a store still has something would be removed there with it.
            self.folder_of(source, began).exists() || self.removed_folder(source, began).exists()
        };
        while is_taken(began) {
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

/// Names in a folder; none if there is no folder.
pub(super) fn names(folder: &Path) -> io::Result<Vec<String>> {
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
pub(super) fn size(folder: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for name in names(folder)? {
        let path = folder.join(name);
        // What is removed meanwhile has no size.
        let Ok(told) = fs::symlink_metadata(&path) else { continue };
        bytes += if told.is_dir() { size(&path)? } else { told.len() };
    }
    Ok(bytes)
}
