//! One recording on the disk: its index, and its media files as they are asked for.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use genlock_media::{EventTime, VideoConfig};

use super::heads::Heads;
use super::media::{MediaFile, OpenMedia, Remote};
use crate::clip::Clip;
use crate::edit::Rate;
use crate::index::Fragment;
use crate::limits::FRAGMENT_BYTES_MAX;
use crate::media::{FragmentSamples, header, read_fragment, read_init};
use crate::movie::{Movie, MovieBuilder};
use crate::name::{RecordingId, Source};
use crate::timeline::{Placed, Timeline};

/// Name of a recording's index.
pub(super) const INDEX: &str = "index";

/// Fragments by which the frame rate is measured. Default 30, half a minute or less.
const RATE_FRAGMENTS: usize = 30;

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

/// A recording as its index tells it now.
#[derive(Debug, Clone)]
pub struct Recording {
    /// Of what.
    pub source: Source,
    /// Its name within the event.
    pub id: RecordingId,
    /// What the index tells.
    pub timeline: Timeline,
    pub(super) folder: PathBuf,
    pub(super) remote: Option<Arc<dyn Remote>>,
}

impl Recording {
    /// The media file with this number: of a re-cut, of the recording that it is of.
    #[must_use]
    pub fn media(&self, number: u32) -> MediaFile {
        let (id, folder, number) = self.owner(number);
        let name = media_name(number);
        let object = format!("{}/{}/{}/{name}", self.source.event(), id.name(), id.began());
        MediaFile { path: folder.join(name), object, remote: self.remote.clone() }
    }

    /// The folder that its index is in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The recording whose file this is, its folder, and the number of the file there.
    fn owner(&self, number: u32) -> (&RecordingId, PathBuf, u32) {
        let origin = self.timeline.origins().iter().find(|origin| origin.number == number);
        match (origin, self.folder.ancestors().nth(2)) {
            (Some(origin), Some(event)) => {
                let (name, began) = (origin.recording.name(), origin.recording.began());
                (&origin.recording, event.join(name).join(began.to_string()), origin.file)
            }
            _ => (&self.id, self.folder.clone(), number),
        }
    }

    /// Bytes of its own files that are not on the disk.
    pub(super) fn bytes_elsewhere(&self) -> u64 {
        let is_own = |number| self.timeline.origins().iter().all(|origin| origin.number != number);
        let files = self.timeline.files().iter().filter(|file| is_own(file.number));
        let files = files.filter(|file| !self.folder.join(media_name(file.number)).exists());
        files.map(|file| file.bytes).sum()
    }

    /// Until when there is something; when it began, if there is nothing; when it was made, if it is a re-cut.
    pub(super) fn newest(&self) -> Option<EventTime> {
        if self.timeline.is_recut() {
            return self.timeline.ended();
        }
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
        let mut files = MediaReader::new(self);
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

    /// Pictures per second, by the first half minute of them: by the middle half of its fragments, so that what was played
    /// faster behind an instant cut, or is missing, changes nothing.
    ///
    /// # Errors
    /// When a file is not there, or holds something else than the index tells.
    pub fn rate(&self) -> io::Result<Rate> {
        let mut files = MediaReader::new(self);
        let mut runs = Vec::new();
        let fragments = self.timeline.fragments().iter();
        for placed in
            fragments.filter(|placed| placed.fragment.video.is_some()).take(RATE_FRAGMENTS)
        {
            if let Some(run) = files.samples(placed)?.video {
                runs.push((run.samples.len() as u64, u64::from(run.span().duration)));
            }
        }
        Ok(Rate::of_most(runs))
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
        let mut files = MediaReader::new(self);
        let described = self.timeline.inits().get(placed.init).ok_or_else(differs)?;
        let init = files.read(described.file, described.init.offset, described.init.bytes)?;
        let run = files.samples(placed)?.video.ok_or_else(differs)?;
        let first = run.samples.first().ok_or_else(differs)?;
        let offset = placed.fragment.offset + u64::from(run.offset);
        let body = files.read(placed.file, offset, first.bytes)?;
        let config = read_init(&init).and_then(|tracks| tracks.video).ok_or_else(differs)?;
        Ok(Some((config, body)))
    }
}

/// Reads one media file after the other.
#[derive(Debug)]
pub(super) struct MediaReader<'a> {
    recording: &'a Recording,
    open: Option<(u32, Readable)>,
}

/// A media file, and its heads where it is elsewhere.
#[derive(Debug)]
struct Readable {
    media: OpenMedia,
    heads: Option<Heads>,
}

impl<'a> MediaReader<'a> {
    pub(super) const fn new(recording: &'a Recording) -> Self {
        Self { recording, open: None }
    }

    pub(super) fn read(&mut self, number: u32, offset: u64, length: u32) -> io::Result<Bytes> {
        if length > FRAGMENT_BYTES_MAX {
            return Err(differs());
        }
        let stretches = self.recording.timeline.stretches(number, offset, length.into());
        if let [stretch] = stretches[..] {
            return self.file(stretch.file)?.read(stretch.offset, stretch.bytes);
        }
        let mut bytes = BytesMut::with_capacity(length as usize);
        for stretch in stretches {
            bytes.extend_from_slice(&self.file(stretch.file)?.read(stretch.offset, stretch.bytes)?);
        }
        Ok(bytes.freeze())
    }

    fn file(&mut self, number: u32) -> io::Result<&Readable> {
        if self.open.as_ref().is_none_or(|(open, _)| *open != number) {
            self.open = Some((number, Readable::open(self.recording, number)?));
        }
        self.open.as_ref().map(|(_, file)| file).ok_or_else(differs)
    }

    /// The `moof` of a fragment of `bytes` bytes.
    pub(super) fn head(&mut self, file: u32, offset: u64, bytes: u32) -> io::Result<Bytes> {
        let head = header(&self.read(file, offset, bytes.min(8))?).ok_or_else(differs)?;
        self.read(file, offset, head.bytes.min(bytes))
    }

    /// The samples of a fragment, from its `moof` alone.
    pub(super) fn samples(&mut self, placed: &Placed) -> io::Result<FragmentSamples> {
        let Fragment { offset, bytes, .. } = placed.fragment;
        read_fragment(&self.head(placed.file, offset, bytes)?).ok_or_else(differs)
    }
}

impl Readable {
    fn open(recording: &Recording, number: u32) -> io::Result<Self> {
        let media = recording.media(number).open()?;
        let (_, folder, number) = recording.owner(number);
        let heads = if media.is_here() { None } else { Heads::open(&folder, number)? };
        Ok(Self { media, heads })
    }

    fn read(&self, offset: u64, length: u64) -> io::Result<Bytes> {
        let kept = self.heads.as_ref().map(|heads| heads.read(offset, length)).transpose()?;
        kept.flatten().map_or_else(|| self.media.read(offset, length), Ok)
    }
}

pub(super) fn differs() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "a media file holds something else than its index tells",
    )
}

pub(super) fn read_index(folder: &Path) -> io::Result<Vec<u8>> {
    let mut index = Vec::new();
    File::open(folder.join(INDEX))?.take(INDEX_BYTES_MAX).read_to_end(&mut index)?;
    Ok(index)
}
