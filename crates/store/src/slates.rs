//! Uploaded slates: one file per event in a folder of the data folder, named by the event's id.
//!
//! Ids keep to an alphabet without dots and slashes, so no name can leave the folder, and what is being
//! written (`ID.new`) is never taken for what was. A file is replaced as a whole: after a crash there is
//! the old one or the new one.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::id::EventId;
use crate::limits::SLATE_BYTES_MAX;

/// Folder of the slates within the data folder.
const FOLDER: &str = "slates";

/// The uploaded slates of all events. Every call blocks on the disk.
#[derive(Debug, Clone)]
pub struct SlateFolder {
    path: PathBuf,
}

impl SlateFolder {
    /// The slates in `data_folder`. Touches nothing.
    #[must_use]
    pub fn in_data_folder(data_folder: &Path) -> Self {
        Self { path: data_folder.join(FOLDER) }
    }

    /// Keeps `picture` as the slate of `event`; it is on the disk when this returns.
    ///
    /// # Errors
    /// When the disk refuses; what was there stays.
    pub fn put(&self, event: &EventId, picture: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.path)?;
        let coming = self.path.join(format!("{event}.new"));
        let mut file = File::create(&coming)?;
        file.write_all(picture)?;
        file.sync_all()?;
        fs::rename(&coming, self.file(event))?;
        self.sync()
    }

    /// The slate of `event`, `None` if none was uploaded.
    ///
    /// # Errors
    /// When it cannot be read, or is larger than any that was put here.
    pub fn get(&self, event: &EventId) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(self.file(event)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut picture = Vec::new();
        let bytes = file.take(SLATE_BYTES_MAX as u64 + 1).read_to_end(&mut picture)?;
        if bytes > SLATE_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "larger than a slate may be"));
        }
        Ok(Some(picture))
    }

    /// Forgets the slate of `event`. That there is none is no error.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove(&self, event: &EventId) -> io::Result<()> {
        match fs::remove_file(self.file(event)) {
            Ok(()) => self.sync(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Removes what belongs to none of `events`: left by a crash while an event was removed or a slate
    /// was written.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn keep_only(&self, events: &[EventId]) -> io::Result<()> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            if !events.iter().any(|event| name == event.as_str()) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn file(&self, event: &EventId) -> PathBuf {
        self.path.join(event.as_str())
    }

    /// Makes the folder's own entries durable.
    fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: &str) -> EventId {
        EventId::parse(id).unwrap()
    }

    fn folder() -> (tempfile::TempDir, SlateFolder) {
        let data = tempfile::tempdir().unwrap();
        let slates = SlateFolder::in_data_folder(data.path());
        (data, slates)
    }

    #[test]
    fn a_slate_is_kept_replaced_and_forgotten() {
        let (data, slates) = folder();
        assert_eq!(slates.get(&event("a")).unwrap(), None);
        slates.put(&event("a"), b"one").unwrap();
        slates.put(&event("a"), b"two").unwrap();
        slates.put(&event("b"), b"other").unwrap();
        let reopened = SlateFolder::in_data_folder(data.path());
        assert_eq!(reopened.get(&event("a")).unwrap().as_deref(), Some(&b"two"[..]));
        slates.remove(&event("a")).unwrap();
        slates.remove(&event("a")).unwrap();
        assert_eq!(slates.get(&event("a")).unwrap(), None);
        assert_eq!(slates.get(&event("b")).unwrap().as_deref(), Some(&b"other"[..]));
    }

    #[test]
    fn leftovers_of_crashes_are_removed() {
        let (data, slates) = folder();
        slates.keep_only(&[]).unwrap();
        slates.put(&event("kept"), b"one").unwrap();
        slates.put(&event("gone"), b"two").unwrap();
        fs::write(data.path().join("slates/kept.new"), b"half").unwrap();
        slates.keep_only(&[event("kept")]).unwrap();
        let left: Vec<_> = fs::read_dir(data.path().join("slates"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["kept"]);
    }

    #[test]
    fn what_is_too_large_is_not_read() {
        let (data, slates) = folder();
        slates.put(&event("a"), b"one").unwrap();
        let file = File::options().write(true).open(data.path().join("slates/a")).unwrap();
        file.set_len(SLATE_BYTES_MAX as u64 + 1).unwrap();
        assert!(slates.get(&event("a")).is_err());
    }
}
