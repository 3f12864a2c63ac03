//! A recording as its index tells it: files, init sections, fragments and gaps, in order.

use genlock_media::{EventTime, MediaTime, Timescale};

use crate::index::{Entry, Fragment, Gap, GapReason, Init, Records, Repaired, TrackSpan};

/// Distance of two fragments from which on something is missing between them. A camera's rounded times
/// and the sound's grid leave less.
const HOLE_MICROS: i64 = 100_000;

/// See the module documentation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    began: Option<EventTime>,
    zero_unix_micros: i64,
    files: Vec<File>,
    inits: Vec<PlacedInit>,
    fragments: Vec<Placed>,
    notes: Vec<Noted>,
    repairs: Vec<Repaired>,
    ended: Option<EventTime>,
}

/// A media file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// Its number, counted from 1.
    pub number: u32,
    /// Bytes that the index tells of.
    pub bytes: u64,
}

/// An init section and the file that it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedInit {
    /// The file's number.
    pub file: u32,
    /// The init section.
    pub init: Init,
}

/// A fragment, with the file that it is in and the init section that describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The file's number.
    pub file: u32,
    /// Its init section, as a place among [`Timeline::inits`].
    pub init: usize,
    /// The fragment.
    pub fragment: Fragment,
    /// Where it begins on the event clock: the presentation time of its first picture, or of its sound.
    pub begin: EventTime,
    /// Where what follows without a gap begins.
    pub end: EventTime,
}

/// A gap that was noted, and the fragment that follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Noted {
    gap: Gap,
    before: usize,
}

/// Media that is missing, or a seam between sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hole {
    /// The fragment that follows, as a place among [`Timeline::fragments`]; their number at the end.
    pub before: usize,
    /// Why, where that was noted.
    pub reason: Option<GapReason>,
    /// Where the fragment before ends.
    pub from: EventTime,
    /// Where the fragment behind begins. Not before `from`.
    pub to: EventTime,
    /// Samples that are known to be lost.
    pub lost: u64,
}

impl Timeline {
    /// Reads an index until its end, or to where it is torn.
    #[must_use]
    pub fn read(index: &[u8]) -> Self {
        let mut timeline = Self::default();
        for entry in Records::new(index) {
            timeline.apply(entry);
        }
        timeline
    }

    /// Adds what an entry tells.
    pub fn apply(&mut self, entry: Entry) {
        match entry {
            Entry::Began { at, zero_unix_micros } => {
                self.began = Some(at);
                self.zero_unix_micros = zero_unix_micros;
            }
            Entry::File { number } => self.files.push(File { number, bytes: 0 }),
            Entry::Init(init) => self.apply_init(init),
            Entry::Fragment(fragment) => self.apply_fragment(fragment),
            Entry::Gap(gap) => self.notes.push(Noted { gap, before: self.fragments.len() }),
            Entry::Repaired(repaired) => self.repairs.push(repaired),
            Entry::Ended { at } => self.ended = Some(at),
        }
    }

    fn apply_init(&mut self, init: Init) {
        let Some(file) = self.files.last_mut() else { return };
        file.bytes = init.offset.saturating_add(init.bytes.into());
        let file = file.number;
        self.inits.push(PlacedInit { file, init });
    }

    /// A fragment without a file or an init section before it cannot be read by anybody.
    fn apply_fragment(&mut self, fragment: Fragment) {
        let (Some(file), Some(described)) = (self.files.last_mut(), self.inits.last()) else {
            return;
        };
        file.bytes = fragment.offset.saturating_add(fragment.bytes.into());
        let rate = described.init.audio.as_ref().and_then(|audio| Timescale::new(audio.timescale));
        let video = fragment.video.map(|span| times(span, Timescale::VIDEO));
        let audio = fragment.audio.zip(rate).map(|(span, rate)| times(span, rate));
        let Some((begin, end)) = video.or(audio) else { return };
        let (file, init) = (file.number, self.inits.len() - 1);
        self.fragments.push(Placed { file, init, fragment, begin, end });
    }

    /// When the recording began, on the event clock.
    #[must_use]
    pub const fn began(&self) -> Option<EventTime> {
        self.began
    }

    /// When it was ended for good.
    #[must_use]
    pub const fn ended(&self) -> Option<EventTime> {
        self.ended
    }

    /// The wall time of the event clock's zero, in microseconds since 1970.
    #[must_use]
    pub const fn zero_unix_micros(&self) -> i64 {
        self.zero_unix_micros
    }

    /// The media files, in order.
    #[must_use]
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The init sections, in order.
    #[must_use]
    pub fn inits(&self) -> &[PlacedInit] {
        &self.inits
    }

    /// The fragments, in order.
    #[must_use]
    pub fn fragments(&self) -> &[Placed] {
        &self.fragments
    }

    /// Torn ends that were cut off.
    #[must_use]
    pub fn repairs(&self) -> &[Repaired] {
        &self.repairs
    }

    /// Bytes of media in all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// From the first picture to the end of the last, gaps included. `None` without any media.
    #[must_use]
    pub fn span(&self) -> Option<(EventTime, EventTime)> {
        Some((self.fragments.first()?.begin, self.fragments.last()?.end))
    }

    /// What is missing, and where sessions meet, in order.
    #[must_use]
    pub fn holes(&self) -> Vec<Hole> {
        let mut holes = Vec::new();
        let mut notes = self.notes.iter().peekable();
        for (before, placed) in self.fragments.iter().enumerate() {
            let (mut reason, mut lost, mut noted) = (None, 0u64, false);
            while let Some(note) = notes.next_if(|note| note.before <= before) {
                reason = Some(note.gap.reason);
                lost = lost.saturating_add(note.gap.lost);
                noted = true;
            }
            // What was noted before the first fragment is missing from nothing.
            let Some(previous) = before.checked_sub(1).and_then(|at| self.fragments.get(at)) else {
                continue;
            };
            let from = previous.end;
            if noted || placed.begin.as_micros() - from.as_micros() > HOLE_MICROS {
                holes.push(Hole { before, reason, from, to: placed.begin.max(from), lost });
            }
        }
        holes
    }
}

fn times(span: TrackSpan, timescale: Timescale) -> (EventTime, EventTime) {
    let shift = i64::from(span.composition_offset);
    let at = |ticks: i64| MediaTime::new(ticks.saturating_add(shift), timescale).to_event();
    (at(span.dts), at(span.end()))
}
