//! The sample tables of one track, gathered fragment by fragment.

use bytes::Bytes;
use genlock_media::{EventTime, MediaTime, Timescale, TrackKind};

use super::run_end;
use crate::media::Run;

/// How often a value follows itself: what `stts` and `ctts` hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Repeated {
    pub(super) count: u32,
    pub(super) value: i32,
}

/// The samples of one run, which lie behind each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunk {
    /// In bytes from the start of the media.
    pub(super) offset: u64,
    pub(super) samples: u32,
    /// Place among the sample entries, counted from 1.
    pub(super) description: u32,
}

/// See the module documentation. Times are in ticks of the track's first timescale.
#[derive(Debug)]
pub(super) struct TrackTables {
    pub(super) kind: TrackKind,
    pub(super) timescale: Timescale,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) entries: Vec<Bytes>,
    pub(super) chunks: Vec<Chunk>,
    pub(super) sizes: Vec<u32>,
    pub(super) durations: Vec<Repeated>,
    pub(super) offsets: Vec<Repeated>,
    /// Numbers of the sync samples, counted from 1.
    pub(super) syncs: Vec<u32>,
    /// Presentation minus decoding time of the first sample.
    pub(super) first_offset: i64,
    /// Sample entry and timescale of what comes.
    description: u32,
    source: Timescale,
    /// Decoding time of the first sample, and of the next one if nothing is missing.
    first_dts: Option<i64>,
    next_dts: i64,
    /// The newest sample, whose duration is known when the next one comes.
    last: Option<i64>,
}

impl TrackTables {
    pub(super) const fn video(width: u32, height: u32) -> Self {
        Self::new(TrackKind::Video, Timescale::VIDEO, width, height)
    }

    pub(super) const fn audio(timescale: Timescale) -> Self {
        Self::new(TrackKind::Audio, timescale, 0, 0)
    }

    const fn new(kind: TrackKind, timescale: Timescale, width: u32, height: u32) -> Self {
        Self {
            kind,
            timescale,
            width,
            height,
            entries: Vec::new(),
            chunks: Vec::new(),
            sizes: Vec::new(),
            durations: Vec::new(),
            offsets: Vec::new(),
            syncs: Vec::new(),
            first_offset: 0,
            description: 0,
            source: timescale,
            first_dts: None,
            next_dts: 0,
            last: None,
        }
    }

    /// What follows has this sample entry, and times in this timescale.
    pub(super) fn describe(&mut self, entry: &[u8], timescale: Timescale) {
        self.source = timescale;
        let known = self.entries.iter().position(|known| known == entry).unwrap_or_else(|| {
            self.entries.push(Bytes::copy_from_slice(entry));
            self.entries.len() - 1
        });
        self.description = u32::try_from(known + 1).unwrap_or(u32::MAX);
    }

    /// Adds a run whose payload begins at `offset` of the media, and which is shown so much later than it says.
    pub(super) fn push(&mut self, offset: u64, run: &Run, shift_90k: i64) {
        let samples = u32::try_from(run.samples.len()).unwrap_or(u32::MAX);
        self.chunks.push(Chunk { offset, samples, description: self.description });
        let shift = MediaTime::new(shift_90k, Timescale::VIDEO).rescale(self.timescale).ticks;
        let mut source_dts = run.dts;
        for sample in &run.samples {
            let dts = self.here(source_dts).saturating_add(shift);
            source_dts = source_dts.saturating_add(sample.duration.into());
            self.place(dts);
            let composition = self.here(sample.composition_offset.into());
            if self.sizes.is_empty() {
                self.first_offset = composition;
            }
            self.sizes.push(sample.bytes);
            repeat(&mut self.offsets, composition);
            if sample.sync {
                self.syncs.push(u32::try_from(self.sizes.len()).unwrap_or(u32::MAX));
            }
        }
        self.next_dts = self.here(run_end(run)).saturating_add(shift);
    }

    /// Closes the last sample. To be called once, after all runs.
    pub(super) fn finish(&mut self) {
        self.place(self.next_dts);
        self.last = None;
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    /// When the first sample is shown or heard.
    pub(super) fn begin(&self) -> EventTime {
        let dts = self.first_dts.unwrap_or(0);
        MediaTime::new(dts.saturating_add(self.first_offset), self.timescale).to_event()
    }

    /// Ticks from the first sample to the end of the last.
    pub(super) fn ticks(&self) -> u64 {
        let sum = |entry: &Repeated| u64::from(entry.count) * u64::from(entry.value.unsigned_abs());
        self.durations.iter().map(sum).sum()
    }

    fn here(&self, ticks: i64) -> i64 {
        MediaTime::new(ticks, self.source).rescale(self.timescale).ticks
    }

    /// A sample is decoded at `dts`: the one before it lasts until then.
    fn place(&mut self, dts: i64) {
        match self.last {
            Some(last) => {
                let ticks = dts.saturating_sub(last).max(0);
                repeat(&mut self.durations, ticks);
                self.last = Some(last.saturating_add(ticks));
            }
            None => {
                self.first_dts = Some(dts);
                self.last = Some(dts);
            }
        }
    }
}

fn repeat(table: &mut Vec<Repeated>, value: i64) {
    let value = i32::try_from(value).unwrap_or(i32::MAX);
    match table.last_mut() {
        Some(last) if last.value == value => last.count += 1,
        _ => table.push(Repeated { count: 1, value }),
    }
}
