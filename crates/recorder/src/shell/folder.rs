//! Recordings on the disk: `{event}/{source}/{began}/index` and `0001.mp4`, `0002.mp4`, ….

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use genlock_media::{EventTime, VideoConfig};

use crate::clip::Clip;
use crate::index::Fragment;
use crate::limits::FRAGMENT_BYTES_MAX;
use crate::media::{FragmentSamples, header, read_fragment, read_init};
use crate::movie::{Movie, MovieBuilder};
use crate::name::{RecordingId, Source, is_id};
use crate::repair::{MediaFiles, Repair, repair, repaired_index};
use crate::timeline::{Placed, Timeline};

/// Name of a recording's index.
pub(super) const INDEX: &str = "index";

/// Name of the list of what was removed.
const DELETED: &str = "deleted.tsv";

/// Removed recordings of an event that are told.
const DELETED_MAX: usize = 1000;

/// Longest index that is read. Default 64 MiB, more than twice what the limits of a recording allow.
const INDEX_BYTES_MAX: u64 = 64 << 20;

/// How long a recording may have stood still and still go on after a restart or a reconnect. Default
/// 4 h: breaks of an event do not end its recordings, the rehearsal of the day before does.
pub(super) const CONTINUE_WITHIN: Duration = Duration::from_secs(4 * 3600);

/// Name of the media file with this number.
#[must_use]
pub fn media_name(number: u32) -> String {
    format!("{number:04}.mp4")
}

/// What has been recorded. Every call reads the disk and blocks.
#[derive(Debug, Clone)]
pub struct Library {
    folder: PathBuf,
    zero_unix_micros: i64,
}

/// A recording as its index tells it now.
#[derive(Debug, Clone)]
pub struct Recording {
    /// Of what.
    pub source: Source,
    /// Its name within the event.
    pub id: RecordingId,
    /// What the index tells.
    pub timeline: Timeline,
    folder: PathBuf,
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
    pub(super) const fn new(folder: PathBuf, zero_unix_micros: i64) -> Self {
        Self { folder, zero_unix_micros }
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

    /// Removes a recording that is closed, and writes down who did; `None` if there is none of this name.
    ///
    /// # Errors
    /// When its files cannot be removed.
    pub fn remove(
        &self,
        event: &str,
        id: &RecordingId,
        by: &str,
        now: EventTime,
    ) -> io::Result<Option<Deleted>> {
        let Some(source) = Source::new(event, id.name()) else { return Ok(None) };
        let folder = self.folder_of(&source, id.began());
        if !folder.join(INDEX).is_file() {
            return Ok(None);
        }
        let deleted = self.deleted(event, &id.to_string(), size(&folder)?, by, now);
        fs::remove_dir_all(&folder)?;
        self.write_down(&deleted);
        // Whoever was the last leaves no empty folder.
        let _ = fs::remove_dir(self.folder.join(event).join(id.name()));
        Ok(Some(deleted))
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

impl Recording {
    fn read(source: Source, id: RecordingId, folder: PathBuf) -> io::Result<Option<Self>> {
        let timeline = Timeline::read(&read_index(&folder)?);
        Ok(Some(Self { source, id, timeline, folder }))
    }

    /// The path of the media file with this number.
    #[must_use]
    pub fn media_path(&self, number: u32) -> PathBuf {
        self.folder.join(media_name(number))
    }

    /// Until when there is something; when it began, if there is nothing.
    pub(super) fn newest(&self) -> Option<EventTime> {
        match self.timeline.span() {
            Some((_, end)) => Some(end),
            None => self.timeline.began(),
        }
    }

    /// Whether nothing will be added: it was ended, or has stood still for too long at `now`.
    #[must_use]
    pub fn is_over(&self, now: EventTime) -> bool {
        self.timeline.ended().is_some()
            || self.newest().is_none_or(|newest| now.saturating_since(newest) > CONTINUE_WITHIN)
    }

    /// Where `clip` is in the files, as a progressive MP4. Reads the head of every fragment.
    ///
    /// # Errors
    /// When a file is not there, or holds something else than the index tells.
    pub fn movie(&self, clip: &Clip) -> io::Result<Movie> {
        let mut files = MediaReader { recording: self, open: None };
        let (mut builder, mut init_section) = (MovieBuilder::default(), (None, Bytes::new()));
        let fragments = self.timeline.fragments().get(clip.fragments.clone()).unwrap_or_default();
        for placed in fragments {
            let described = self.timeline.inits().get(placed.init).ok_or_else(differs)?;
            if init_section.0 != Some(placed.init) {
                let body =
                    files.read(described.file, described.init.offset, described.init.bytes)?;
                init_section = (Some(placed.init), body);
            }
            let samples = files.samples(placed)?;
            builder.push(placed, described, &init_section.1, &samples);
        }
        builder.finish().ok_or_else(differs)
    }

    /// The sync sample that is shown at `at`, or the first behind it, as the bytes of an access unit, and
    /// what decodes it. `None` where there are no pictures.
    ///
    /// # Errors
    /// When a file is not there, or holds something else than the index tells.
    pub fn sync_sample(&self, at: EventTime) -> io::Result<Option<(VideoConfig, Bytes)>> {
        let has_picture =
            |placed: &&Placed| placed.fragment.sync && placed.fragment.video.is_some();
        let fragments = self.timeline.fragments();
        let before = fragments.iter().filter(has_picture).take_while(|placed| placed.begin <= at);
        let Some(placed) = before.last().or_else(|| fragments.iter().find(has_picture)) else {
            return Ok(None);
        };
        let mut files = MediaReader { recording: self, open: None };
        let described = self.timeline.inits().get(placed.init).ok_or_else(differs)?;
        let init = files.read(described.file, described.init.offset, described.init.bytes)?;
        let run = files.samples(placed)?.video.ok_or_else(differs)?;
        let first = run.samples.first().ok_or_else(differs)?;
        let offset = placed.fragment.offset + u64::from(run.offset);
        let body = files.read(placed.file, offset, first.bytes)?;
        let config = read_init(&init).and_then(|tracks| tracks.video).ok_or_else(differs)?;
        Ok(Some((config, body)))
    }

    /// Mends what a crash has left. Tells what was done.
    pub(super) fn mend(folder: &Path, now: EventTime, zero_unix_micros: i64) -> io::Result<Repair> {
        let index = read_index(folder)?;
        let done = repair(&index, &OnDisk(folder), now, zero_unix_micros);
        if done.is_nothing(index.len() as u64) {
            return Ok(done);
        }
        for (file, bytes) in &done.truncate {
            let media = File::options().write(true).open(folder.join(media_name(*file)))?;
            media.set_len(*bytes)?;
            media.sync_data()?;
        }
        // Written beside and put in its place as a whole: another crash finds the old one or the new one.
        let new = folder.join("index.new");
        let mut file = File::create(&new)?;
        file.write_all(&repaired_index(&index, &done))?;
        file.sync_all()?;
        fs::rename(new, folder.join(INDEX))?;
        Ok(done)
    }
}

/// Reads one media file after the other.
struct MediaReader<'a> {
    recording: &'a Recording,
    open: Option<(u32, File)>,
}

impl MediaReader<'_> {
    fn read(&mut self, number: u32, offset: u64, length: u32) -> io::Result<Bytes> {
        if length > FRAGMENT_BYTES_MAX {
            return Err(differs());
        }
        if self.open.as_ref().is_none_or(|(open, _)| *open != number) {
            self.open = Some((number, File::open(self.recording.media_path(number))?));
        }
        let Some((_, file)) = &self.open else { return Err(differs()) };
        let mut bytes = vec![0; length as usize];
        file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes.into())
    }

    /// The samples of a fragment, from its `moof` alone.
    fn samples(&mut self, placed: &Placed) -> io::Result<FragmentSamples> {
        let (file, Fragment { offset, bytes, .. }) = (placed.file, placed.fragment);
        let head = header(&self.read(file, offset, bytes.min(8))?).ok_or_else(differs)?;
        let moof = self.read(file, offset, head.bytes.min(bytes))?;
        read_fragment(&moof).ok_or_else(differs)
    }
}

fn differs() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "a media file holds something else than its index tells",
    )
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
}

fn read_index(folder: &Path) -> io::Result<Vec<u8>> {
    let mut index = Vec::new();
    File::open(folder.join(INDEX))?.take(INDEX_BYTES_MAX).read_to_end(&mut index)?;
    Ok(index)
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
