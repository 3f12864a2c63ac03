//! Mending a recording after a crash: [`repair`](crate::repair) carried out on the disk.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use genlock_media::EventTime;

use super::heads;
use super::recording::{CONTINUE_WITHIN, INDEX, Recording, media_name, read_index};
use crate::index::Entry;
use crate::repair::{MediaFiles, Repair, repair, repaired_index};
use crate::timeline::Timeline;

/// How long after its end a recording is still looked at after a crash. Default 1 h, long after its files
/// were made durable.
const SETTLED_AFTER: Duration = Duration::from_secs(3600);

impl Recording {
    /// Mends what a crash has left, and tells what was done; `None` where there is nothing to look at any
    /// more. One that has stood still for too long to go on is ended, so that it is looked at once.
    pub(super) fn mend(
        folder: &Path,
        now: EventTime,
        zero_unix_micros: i64,
    ) -> io::Result<Option<Repair>> {
        let index = read_index(folder)?;
        let timeline = Timeline::read(&index);
        // A re-cut was whole and durable when it came into its place.
        if timeline.is_recut() {
            return Ok(None);
        }
        if timeline.ended().is_some_and(|ended| now.saturating_since(ended) > SETTLED_AFTER) {
            return Ok(None);
        }
        let mut done = repair(&index, &OnDisk(folder), now, zero_unix_micros);
        let stands_since = timeline.span().map_or(now, |(_, end)| end);
        let is_old = now.saturating_since(stands_since) > CONTINUE_WITHIN;
        if is_old && (timeline.ended().is_none() || !done.is_nothing(index.len() as u64)) {
            done.append.push(Entry::Ended { at: now });
        }
        if !done.is_nothing(index.len() as u64) {
            Self::carry_out(folder, &index, &done)?;
        }
        Ok(Some(done))
    }

    fn carry_out(folder: &Path, index: &[u8], done: &Repair) -> io::Result<()> {
        for (file, bytes) in &done.truncate {
            let media = File::options().write(true).open(folder.join(media_name(*file)))?;
            media.set_len(*bytes)?;
            media.sync_data()?;
        }
        // Written beside and put in its place as a whole: another crash finds the old one or the new one.
        let new = folder.join("index.new");
        let mut file = File::create(&new)?;
        file.write_all(&repaired_index(index, done))?;
        file.sync_all()?;
        fs::rename(new, folder.join(INDEX))
    }
}

/// The media files of a folder.
struct OnDisk<'a>(&'a Path);

impl MediaFiles for OnDisk<'_> {
    fn bytes(&self, file: u32) -> Option<u64> {
        fs::metadata(self.0.join(media_name(file))).ok().map(|told| told.len())
    }

    fn read(&self, file: u32, offset: u64, length: u32) -> Option<Bytes> {
        let media = File::open(self.0.join(media_name(file))).ok()?;
        if offset.checked_add(length.into())? > media.metadata().ok()?.len() {
            return None;
        }
        let mut bytes = vec![0; length as usize];
        media.read_exact_at(&mut bytes, offset).ok()?;
        Some(bytes.into())
    }

    fn is_elsewhere(&self, file: u32) -> bool {
        !self.0.join(media_name(file)).exists() && heads::path(self.0, file).is_file()
    }
}
