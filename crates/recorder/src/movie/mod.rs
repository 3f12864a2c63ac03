//! Progressive MP4: the `moov` in front of the fragments as they are on the disk.
//!
//! ```text
//! ftyp moov mdat(16 bytes of header, then the fragments of file 1, of file 2, …)
//!  head                              extents
//! ```
//!
//! The sample tables point into the fragments; their `moof` boxes stay where they are, as bytes of the
//! `mdat` that nothing refers to. So only the head is new, and a download is the head and a few stretches
//! of the files: nothing is copied, and any range of it can be read at once.
//!
//! Times: the first picture or sound is at zero, by an edit list. A gap makes the sample before it last
//! longer, so the tracks stay together.

mod boxes;
mod tables;

use bytes::{BufMut, Bytes, BytesMut};
use genlock_media::{EventTime, TrackKind};

use self::tables::TrackTables;
use crate::media::{FragmentSamples, Run, sample_entries};
pub use crate::timeline::Extent;
use crate::timeline::{Placed, PlacedInit};

/// A progressive MP4 file, as what it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movie {
    /// `ftyp`, `moov`, and the header of the `mdat`.
    pub head: Bytes,
    /// What follows, in order.
    pub extents: Vec<Extent>,
}

impl Movie {
    /// Length of the whole file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.extents.iter().map(|extent| extent.bytes).sum::<u64>() + self.head.len() as u64
    }
}

/// Gathers the fragments of a movie.
#[derive(Debug, Default)]
pub struct MovieBuilder {
    video: Option<TrackTables>,
    audio: Option<TrackTables>,
    extents: Vec<Extent>,
    /// Bytes of all extents.
    bytes: u64,
    /// Sample entries of the init section that the newest fragment has, by its place in the timeline.
    init: Option<usize>,
}

impl MovieBuilder {
    /// Adds the next fragment: where it is, its init section in words and as bytes, and its samples.
    pub fn push(
        &mut self,
        placed: &Placed,
        init: &PlacedInit,
        init_section: &[u8],
        samples: &FragmentSamples,
    ) {
        if self.init != Some(placed.init) {
            self.init = Some(placed.init);
            self.describe(init, init_section);
        }
        let base = self.bytes;
        self.extend(placed);
        let tracks = [(&mut self.video, &samples.video), (&mut self.audio, &samples.audio)];
        for (tables, run) in tracks {
            if let (Some(tables), Some(run)) = (tables, run) {
                tables.push(base + u64::from(run.offset), run, placed.shift_90k);
            }
        }
    }

    /// The movie; `None` if it has no samples.
    #[must_use]
    pub fn finish(self) -> Option<Movie> {
        let Self { video, audio, extents, bytes, .. } = self;
        let mut tracks: Vec<TrackTables> =
            video.into_iter().chain(audio).filter(|track| !track.is_empty()).collect();
        let begin = tracks.iter().map(TrackTables::begin).min()?;
        for track in &mut tracks {
            track.finish();
        }
        // All offsets have 64 bits, so the head is as long with those that are right.
        let length = head(&tracks, begin, 0, bytes).len() as u64;
        Some(Movie { head: head(&tracks, begin, length, bytes), extents })
    }

    fn describe(&mut self, init: &PlacedInit, init_section: &[u8]) {
        let mut entries = sample_entries(init_section).into_iter();
        if let Some(video) = &init.init.video
            && let Some(entry) = entries.next()
        {
            let tables =
                self.video.get_or_insert_with(|| TrackTables::video(video.width, video.height));
            tables.describe(entry, genlock_media::Timescale::VIDEO);
        }
        if let Some(audio) = &init.init.audio
            && let Some(entry) = entries.next()
            && let Some(rate) = genlock_media::Timescale::new(audio.timescale)
        {
            self.audio.get_or_insert_with(|| TrackTables::audio(rate)).describe(entry, rate);
        }
    }

    fn extend(&mut self, placed: &Placed) {
        let (offset, bytes) = (placed.fragment.offset, u64::from(placed.fragment.bytes));
        self.bytes += bytes;
        match self.extents.last_mut() {
            Some(last) if last.file == placed.file && last.offset + last.bytes == offset => {
                last.bytes += bytes;
            }
            _ => self.extents.push(Extent { file: placed.file, offset, bytes }),
        }
    }
}

/// Everything in front of the media, whose offsets count from `base`.
fn head(tracks: &[TrackTables], begin: EventTime, base: u64, media_bytes: u64) -> Bytes {
    let mut out = BytesMut::new();
    boxes::file_type(&mut out);
    boxes::movie(&mut out, tracks, begin, base);
    // A 64-bit size, so that there is no limit to come to (ISO/IEC 14496-12 §4.2).
    out.put_u32(1);
    out.put_slice(b"mdat");
    out.put_u64(media_bytes + 16);
    out.freeze()
}

/// Ticks of a run's last sample and all before it.
pub(crate) fn run_end(run: &Run) -> i64 {
    run.span().end()
}

/// Whether pictures or sound.
pub(crate) const fn handler(kind: TrackKind) -> (&'static [u8; 4], &'static [u8]) {
    match kind {
        TrackKind::Video => (b"vide", b"video\0"),
        TrackKind::Audio => (b"soun", b"audio\0"),
    }
}
