//! A recording as its index tells it: files, init sections, fragments and gaps, in order.

use genlock_media::{EventTime, MediaTime, Timescale};

use crate::index::{
    Borrowed, ClipMark, Entry, Fragment, Gap, GapReason, Init, Origin, Records, Repaired, TrackSpan,
};

/// Distance of two fragments from which on something is missing between them. A camera's rounded times
/// and the sound's grid leave less.
const HOLE_MICROS: i64 = 100_000;

/// The file of a re-cut that is its own.
pub(crate) const OWN_FILE: u32 = 1;

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
    title: Option<String>,
    origins: Vec<Origin>,
    borrowed: Vec<Borrowed>,
    clips: Vec<ClipMark>,
    /// The file and the init section of what follows, as places among `files` and `inits`.
    file: usize,
    init: usize,
}

/// A media file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// Its number, counted from 1.
    pub number: u32,
    /// Bytes that the index tells of.
    pub bytes: u64,
}

/// A stretch of a media file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The file's number.
    pub file: u32,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// Its length.
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
    /// How much later than its own times say it is shown, in ticks of 90 kHz. 0 but in re-cuts.
    pub shift_90k: i64,
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
            Entry::File { number } => self.apply_file(number),
            Entry::Init(init) => self.apply_init(init),
            Entry::Fragment(fragment) => self.apply_fragment(fragment),
            Entry::Gap(gap) => self.notes.push(Noted { gap, before: self.fragments.len() }),
            Entry::Repaired(repaired) => self.repairs.push(repaired),
            Entry::Ended { at } => self.ended = Some(at),
            Entry::Title(title) => self.title = Some(title),
            Entry::Origin(origin) => self.origins.push(origin),
            Entry::Borrowed(borrowed) => self.borrowed.push(borrowed),
            Entry::Clip(clip) => self.clips.push(clip),
        }
    }

    /// A re-cut comes back to files that it has been in.
    fn apply_file(&mut self, number: u32) {
        let known = self.files.iter().position(|file| file.number == number);
        self.file = known.unwrap_or_else(|| {
            self.files.push(File { number, bytes: 0 });
            self.files.len() - 1
        });
    }

    fn apply_init(&mut self, init: Init) {
        let Some(file) = self.files.get_mut(self.file) else { return };
        file.bytes = file.bytes.max(init.offset.saturating_add(init.bytes.into()));
        let placed = PlacedInit { file: file.number, init };
        let known = self.inits.iter().position(|known| *known == placed);
        self.init = known.unwrap_or_else(|| {
            self.inits.push(placed);
            self.inits.len() - 1
        });
    }

    /// A fragment without a file or an init section before it cannot be read by anybody.
    fn apply_fragment(&mut self, fragment: Fragment) {
        let (Some(file), Some(described)) =
            (self.files.get_mut(self.file), self.inits.get(self.init))
        else {
            return;
        };
        file.bytes = file.bytes.max(fragment.end());
        let shift_90k = self.clips.last().map_or(0, |clip| clip.shift_90k);
        let rate = described.init.audio.as_ref().and_then(|audio| Timescale::new(audio.timescale));
        let video = fragment.video.map(|span| times(span, Timescale::VIDEO, shift_90k));
        let audio = fragment.audio.zip(rate).map(|(span, rate)| times(span, rate, shift_90k));
        let Some((begin, end)) = video.or(audio) else { return };
        let (file, init) = (file.number, self.init);
        self.fragments.push(Placed { file, init, fragment, begin, end, shift_90k });
    }

    /// Whether it is made of other recordings.
    #[must_use]
    pub const fn is_recut(&self) -> bool {
        self.title.is_some()
    }

    /// What a re-cut is called.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// Files of a re-cut that are those of other recordings.
    #[must_use]
    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// The clips of a re-cut, in order.
    #[must_use]
    pub fn clips(&self) -> &[ClipMark] {
        &self.clips
    }

    /// Where `bytes` bytes of a media file from `offset` on really are. They are in the file itself, but for what
    /// a re-cut has borrowed.
    #[must_use]
    pub fn stretches(&self, file: u32, offset: u64, bytes: u64) -> Vec<Extent> {
        let end = offset.saturating_add(bytes);
        let mut stretches = Vec::new();
        let mut add = |file, from: u64, begin: u64, past: u64| {
            let (first, last) = (begin.max(offset), past.min(end));
            if first < last {
                let offset = from.saturating_add(first - begin);
                stretches.push(Extent { file, offset, bytes: last - first });
            }
        };
        let borrowed = if file == OWN_FILE { self.borrowed.as_slice() } else { &[] };
        let (mut at, mut own) = (0, 0);
        for lent in borrowed {
            add(file, own, at, lent.offset);
            own = own.saturating_add(lent.offset.saturating_sub(at));
            at = lent.offset.saturating_add(lent.bytes);
            add(lent.file, lent.from, lent.offset, at);
        }
        add(file, own, at, u64::MAX);
        stretches
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

    /// Bytes of media in all files; of a re-cut, those that it shows.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        if self.is_recut() {
            return self.fragments.iter().map(|placed| u64::from(placed.fragment.bytes)).sum();
        }
        self.files.iter().fold(0, |sum: u64, file| sum.saturating_add(file.bytes))
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
            if noted || between_micros(from, placed.begin) > HOLE_MICROS {
                holes.push(Hole { before, reason, from, to: placed.begin.max(from), lost });
            }
        }
        holes
    }
}

/// From one time to another; an index that is no good may hold any.
pub(crate) fn between_micros(from: EventTime, to: EventTime) -> i64 {
    to.as_micros().saturating_sub(from.as_micros())
}

fn times(span: TrackSpan, timescale: Timescale, shift_90k: i64) -> (EventTime, EventTime) {
    let shift = MediaTime::new(shift_90k, Timescale::VIDEO).rescale(timescale).ticks;
    let shift = i64::from(span.composition_offset).saturating_add(shift);
    let at = |ticks: i64| MediaTime::new(ticks.saturating_add(shift), timescale).to_event();
    (at(span.dts), at(span.end()))
}
