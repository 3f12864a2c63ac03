//! From samples to bytes: which file, which init section, which fragment, and what the index tells.
//!
//! Pure: samples and `now` in, [`Output`] out. A codec or a track that the file's init section does not
//! have begins another file. Other parameters of the same codec get an init section of their own inside
//! the file; the parameter sets are in band before every sync sample, so readers that pass over the
//! second init section decode on.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use genlock_feed::Entry as FeedEntry;
use genlock_media::{EventTime, Timescale, TrackConfig};
use genlock_packager::{ByteChain, MuxError, TimedSample, cmaf};

use crate::cutter::{Cutter, Group, Step};
use crate::index::{
    AudioTrack, Entry, Fragment, Gap, GapReason, Init, MAGIC, TrackSpan, VideoTrack, encode,
};
use crate::limits::{FILE_SPACING, FILES_MAX, FRAGMENTS_MAX};
use crate::timeline::Timeline;

/// When a recording goes on in another file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rolling {
    /// Bytes after which the next sync sample begins another file. Default 4 GiB.
    pub bytes: u64,
    /// Media time after which the next sync sample begins another file. Default 1 h.
    pub span: Duration,
}

impl Default for Rolling {
    fn default() -> Self {
        Self { bytes: 4 << 30, span: Duration::from_secs(3600) }
    }
}

/// What is to be written, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Media files from here on have this number.
    File(u32),
    /// To be appended to the newest media file.
    Media(ByteChain),
    /// To be appended to the index, after the media before it.
    Index(Bytes),
}

/// The recording of one Feed. [`Writer::poll`] is to be called until it gives `None` after every other
/// call.
#[derive(Debug)]
pub struct Writer {
    cutter: Cutter,
    rolling: Rolling,
    layout: Layout,
    file: u32,
    /// Length of the newest file.
    offset: u64,
    file_began: Option<i64>,
    fragments: usize,
    /// Fragments of the newest file, for the fragments' own numbers.
    sequence: u32,
    outputs: VecDeque<Output>,
}

/// The configurations of the newest init section.
#[derive(Debug, Clone, Default)]
struct Layout {
    video: Option<Arc<TrackConfig>>,
    audio: Option<Arc<TrackConfig>>,
}

impl Writer {
    /// A recording that begins at `now`. `zero_unix_micros` is the wall time of the event clock's zero.
    #[must_use]
    pub fn new(rolling: Rolling, now: EventTime, zero_unix_micros: i64) -> Self {
        let mut writer = Self::empty(rolling);
        let mut index = BytesMut::from(MAGIC.as_slice());
        encode(&Entry::Began { at: now, zero_unix_micros }, &mut index);
        writer.outputs.push_back(Output::Index(index.freeze()));
        writer
    }

    /// Goes on with the recording that `timeline` tells of, in another file.
    #[must_use]
    pub fn resume(rolling: Rolling, now: EventTime, timeline: &Timeline) -> Self {
        let mut writer = Self::empty(rolling);
        writer.file = timeline.files().last().map_or(0, |file| file.number);
        writer.fragments = timeline.fragments().len();
        writer.tell(&Entry::Gap(Gap { at: now, reason: GapReason::Restart, lost: 0 }));
        writer
    }

    fn empty(rolling: Rolling) -> Self {
        Self {
            cutter: Cutter::default(),
            rolling,
            layout: Layout::default(),
            file: 0,
            offset: 0,
            file_began: None,
            fragments: 0,
            sequence: 0,
            outputs: VecDeque::new(),
        }
    }

    /// Takes the next sample.
    pub fn push(&mut self, entry: FeedEntry) {
        let now = entry.arrived;
        self.cutter.push(entry);
        self.write(now);
    }

    /// Does what is due at `now`. To be called a few times a second.
    pub fn handle_timeout(&mut self, now: EventTime) {
        self.cutter.handle_timeout(now);
        self.write(now);
    }

    /// What follows does not join what was before: `lost` samples are known to be missing.
    pub fn interrupt(&mut self, now: EventTime, reason: GapReason, lost: u64) {
        self.cutter.interrupt(reason, lost);
        self.write(now);
    }

    /// Writes what is held. The recording may go on afterwards.
    pub fn flush(&mut self, now: EventTime) {
        self.cutter.flush();
        self.write(now);
    }

    /// Writes what is held, and that nothing follows.
    pub fn end(&mut self, now: EventTime) {
        self.flush(now);
        self.tell(&Entry::Ended { at: now });
    }

    /// Whether another recording has to begin, because this one is as large as one may be.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.file >= FILES_MAX || self.fragments >= FRAGMENTS_MAX
    }

    /// What is to be written next.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn write(&mut self, now: EventTime) {
        while let Some(step) = self.cutter.poll() {
            match step {
                Step::Gap { reason, lost } => self.tell(&Entry::Gap(Gap { at: now, reason, lost })),
                Step::Fragment(group) => self.write_group(now, &group),
            }
        }
    }

    fn write_group(&mut self, now: EventTime, group: &Group) {
        if self.try_group(group).is_err() {
            let lost = (group.video.len() + group.audio.len()) as u64;
            self.tell(&Entry::Gap(Gap { at: now, reason: GapReason::Refused, lost }));
        }
    }

    fn try_group(&mut self, group: &Group) -> Result<(), Refused> {
        self.prepare(group)?;
        self.write_fragment(group)?;
        Ok(())
    }

    /// Sees to it that the newest file can take `group`.
    fn prepare(&mut self, group: &Group) -> Result<(), Refused> {
        let layout = self.layout.with(group);
        let begins = begin_micros(group);
        let age = self.file_began.map(|began| begins.saturating_sub(began));
        let needs_file = self.file_began.is_none() || !self.layout.is_in_band(&layout);
        if needs_file && age.is_some_and(|age| age < micros(FILE_SPACING)) {
            return Err(Refused);
        }
        let is_long = self.offset >= self.rolling.bytes
            || age.is_some_and(|age| age >= micros(self.rolling.span));
        let rolls = needs_file || (is_long && group.is_sync());
        if rolls || !self.layout.is_same(&layout) {
            // Made before anything changes: a configuration that no container takes must leave no mark.
            let (body, video, audio) = layout.init_section()?;
            if rolls {
                self.begin_file(begins);
            }
            self.layout = layout;
            self.write_init(body, video, audio);
        }
        Ok(())
    }

    fn begin_file(&mut self, begins: i64) {
        self.file += 1;
        self.offset = 0;
        self.sequence = 0;
        self.file_began = Some(begins);
        self.outputs.push_back(Output::File(self.file));
        self.tell(&Entry::File { number: self.file });
    }

    fn write_init(&mut self, body: Bytes, video: Option<VideoTrack>, audio: Option<AudioTrack>) {
        let bytes = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let init = Init { offset: self.offset, bytes, crc: crc32fast::hash(&body), video, audio };
        self.append(body.into(), &Entry::Init(init));
    }

    fn write_fragment(&mut self, group: &Group) -> Result<(), MuxError> {
        let body = cmaf::fragment(self.sequence + 1, &group.video, &group.audio)?;
        self.sequence += 1;
        self.fragments += 1;
        let fragment = Fragment {
            offset: self.offset,
            bytes: u32::try_from(body.len()).unwrap_or(u32::MAX),
            crc: checksum(&body),
            sync: group.is_sync(),
            video: span(&group.video),
            audio: span(&group.audio),
        };
        self.append(body, &Entry::Fragment(fragment));
        Ok(())
    }

    fn append(&mut self, body: ByteChain, entry: &Entry) {
        self.offset += body.len() as u64;
        self.outputs.push_back(Output::Media(body));
        self.tell(entry);
    }

    fn tell(&mut self, entry: &Entry) {
        let mut record = BytesMut::new();
        encode(entry, &mut record);
        self.outputs.push_back(Output::Index(record.freeze()));
    }
}

/// The container cannot take a group of samples, or not yet.
#[derive(Debug)]
struct Refused;

impl From<MuxError> for Refused {
    fn from(_: MuxError) -> Self {
        Self
    }
}

impl Layout {
    /// The layout that holds `group`, too. A track that pauses stays.
    fn with(&self, group: &Group) -> Self {
        let config =
            |samples: &[TimedSample]| samples.first().map(|first| &first.sample.config).cloned();
        Self {
            video: config(&group.video).or_else(|| self.video.clone()),
            audio: config(&group.audio).or_else(|| self.audio.clone()),
        }
    }

    /// The init section, and its tracks in words.
    fn init_section(&self) -> Result<(Bytes, Option<VideoTrack>, Option<AudioTrack>), MuxError> {
        let video = self.video.as_ref().and_then(|config| config.as_video());
        let audio = self.audio.as_ref().and_then(|config| config.as_audio());
        let body = cmaf::init_section(video, audio)?;
        Ok((body, video.map(VideoTrack::of), audio.map(AudioTrack::of)))
    }

    fn is_same(&self, other: &Self) -> bool {
        self.video == other.video && self.audio == other.audio
    }

    /// Whether a reader that knows only this one can decode what `other` describes.
    fn is_in_band(&self, other: &Self) -> bool {
        let codec = |layout: &Self| {
            layout.video.as_ref().and_then(|config| config.as_video()).map(|video| video.codec)
        };
        self.audio == other.audio && codec(self) == codec(other)
    }
}

fn span(samples: &[TimedSample]) -> Option<TrackSpan> {
    let (first, last) = (samples.first()?, samples.last()?);
    let end = last.sample.dts.saturating_add(last.duration.into());
    Some(TrackSpan {
        dts: first.sample.dts,
        duration: u32::try_from(end.saturating_sub(first.sample.dts)).unwrap_or(u32::MAX),
        composition_offset: first.sample.composition_offset,
    })
}

/// Where a group begins, in microseconds on the event clock.
fn begin_micros(group: &Group) -> i64 {
    let first = group.video.first().or_else(|| group.audio.first());
    first.map_or(0, |first| first.sample.pts_time().rescale(Timescale::MICROSECONDS).ticks)
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

fn checksum(body: &ByteChain) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for slice in body {
        hasher.update(slice);
    }
    hasher.finalize()
}
