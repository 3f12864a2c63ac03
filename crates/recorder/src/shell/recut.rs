//! Re-cuts on the disk: `{event}/recut/{began}/index` and `0001.mp4`, as every recording.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use genlock_media::EventTime;

use super::folder::Library;
use super::recording::{INDEX, MediaReader, Recording, media_name};
use crate::limits::RECUTS_MAX;
use crate::name::{RECUT, RecordingId, Source};
use crate::recut::{AskedClip, RecutError, make};
use crate::timeline::{OWN_FILE, Timeline};

/// What stands behind the name of a folder that is not whole yet.
const UNFINISHED: &str = ".new";

/// What became of a list of clips.
#[derive(Debug)]
pub enum Recut {
    /// It was made.
    Made(Recording),
    /// The event has it already: the same title, the same clips.
    Known(Recording),
}

impl Library {
    /// Makes a re-cut of recordings of `event`, as a recording of its own. All of it is there or nothing.
    ///
    /// # Errors
    /// When a clip cannot be had, there are too many re-cuts, or the disk refuses.
    pub fn recut(
        &self,
        event: &str,
        title: &str,
        clips: &[AskedClip],
        now: EventTime,
    ) -> Result<Recut, RecutError> {
        let source = Source::new(event, RECUT).ok_or_else(no_id)?;
        // Nothing is removed meanwhile.
        let _changing = self.changing();
        let recuts = self.recuts(event)?;
        if let Some(known) = recuts.iter().find(|known| is_same(&known.timeline, title, clips)) {
            return Ok(Recut::Known(known.clone()));
        }
        if recuts.len() >= RECUTS_MAX {
            return Err(RecutError::TooMany(RECUTS_MAX));
        }
        let recordings = self.recordings_of(event, clips)?;
        let sources: BTreeMap<RecordingId, Timeline> = recordings
            .iter()
            .map(|(id, recording)| (id.clone(), recording.timeline.clone()))
            .collect();
        let mut readers: BTreeMap<&RecordingId, MediaReader<'_>> =
            recordings.iter().map(|(id, recording)| (id, MediaReader::new(recording))).collect();
        let made = make(title, clips, &sources, now, &mut |id, placed| {
            let reader = readers.get_mut(id).ok_or(io::ErrorKind::NotFound)?;
            reader.samples(placed)
        })?;
        let began = self.free_second(&source, now);
        let id = RecordingId::new(began, RECUT).ok_or_else(no_id)?;
        let folder = self.folder_of(&source, began);
        put(&folder, &[(INDEX, &made.index), (&media_name(OWN_FILE), &made.heads)])?;
        Ok(Recut::Made(self.read(source, id, folder)?))
    }

    /// The re-cuts of `event`, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn recuts(&self, event: &str) -> io::Result<Vec<Recording>> {
        let mut found = self.find(event)?;
        found.retain(|(source, _, _)| source.name() == RECUT);
        found.sort_by(|left, right| left.1.cmp(&right.1));
        let mut recuts = Vec::new();
        for (source, id, folder) in found {
            recuts.push(self.read(source, id, folder)?);
        }
        recuts.retain(|recording| recording.timeline.is_recut());
        Ok(recuts)
    }

    /// The first re-cut that has something of this recording.
    pub(super) fn used_by(&self, event: &str, id: &RecordingId) -> io::Result<Option<RecordingId>> {
        let uses = |recut: &Recording| {
            recut.timeline.origins().iter().any(|origin| origin.recording == *id)
        };
        Ok(self.recuts(event)?.into_iter().find(uses).map(|recut| recut.id))
    }

    /// Removes what a crash has left of re-cuts that were being made.
    pub(super) fn remove_unfinished(&self, event: &str) -> io::Result<()> {
        let _changing = self.changing();
        let entries = match fs::read_dir(self.folder_of_event(event).join(RECUT)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let path = entry?.path();
            if path.to_string_lossy().ends_with(UNFINISHED) {
                fs::remove_dir_all(path)?;
            }
        }
        Ok(())
    }

    fn recordings_of(
        &self,
        event: &str,
        clips: &[AskedClip],
    ) -> io::Result<BTreeMap<RecordingId, Recording>> {
        let mut recordings = BTreeMap::new();
        for clip in clips {
            if !recordings.contains_key(&clip.recording)
                && let Some(recording) = self.get(event, &clip.recording)?
            {
                recordings.insert(clip.recording.clone(), recording);
            }
        }
        Ok(recordings)
    }
}

fn no_id() -> io::Error {
    io::ErrorKind::InvalidInput.into()
}

fn is_same(timeline: &Timeline, title: &str, clips: &[AskedClip]) -> bool {
    let known = timeline.clips().iter().map(|clip| (&clip.name, &clip.recording, clip.asked));
    let wanted = clips.iter().map(|clip| (&clip.name, &clip.recording, (clip.from, clip.to)));
    timeline.title() == Some(title) && known.eq(wanted)
}

/// Writes a folder beside, makes it durable, and puts it in its place as a whole.
fn put(folder: &Path, files: &[(&str, &[u8])]) -> io::Result<()> {
    let mut beside = folder.as_os_str().to_owned();
    beside.push(UNFINISHED);
    let beside = Path::new(&beside);
    fs::create_dir_all(beside)?;
    for (name, bytes) in files {
        let mut file = File::create(beside.join(name))?;
        file.write_all(bytes)?;
        file.sync_all()?;
    }
    fs::rename(beside, folder)
}
