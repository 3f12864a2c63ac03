//! The index of a re-cut, and the heads of the fragments at its seams.

use bytes::{BufMut, BytesMut};
use genlock_media::{EventTime, MediaTime, Timescale};

use super::plan::{End, Planned, point};
use super::{AskedClip, Fault, Field, Made, ReadSamples, RecutError, SEAM_HOLE_90K, seam};
use crate::index::{Borrowed, ClipMark, Entry, Fragment, Init, MAGIC, Origin, encode};
use crate::limits::FRAGMENTS_MAX;
use crate::media::{FragmentSamples, Run, fragment_head};
use crate::name::RecordingId;
use crate::timeline::{OWN_FILE, Placed, PlacedInit};

/// Distance of pictures that is no hole, in ticks of 90 kHz.
const ROUNDING_90K: i64 = 2;

pub(super) fn build(
    title: &str,
    clips: &[AskedClip],
    planned: &[Planned<'_>],
    now: EventTime,
    read: &mut ReadSamples<'_>,
) -> Result<Made, RecutError> {
    let zero_unix_micros = planned.first().map_or(0, |plan| plan.timeline.zero_unix_micros());
    let mut builder = Builder::default();
    builder.index.put_slice(MAGIC);
    builder.tell(&Entry::Began { at: now, zero_unix_micros });
    builder.tell(&Entry::Title(title.to_owned()));
    let mut before = None;
    for (at, (clip, plan)) in clips.iter().zip(planned).enumerate() {
        let placed = Placing { clip, plan, before };
        let end_90k = builder.clip(&placed, read)?;
        let Some(end_90k) = end_90k else {
            let why = "nothing is left of it: no picture ends before that".to_owned();
            return Err(Fault { clip: at, field: Field::To, why }.into());
        };
        if builder.fragments > FRAGMENTS_MAX {
            let why = format!("the re-cut has more than {FRAGMENTS_MAX} fragments with it");
            return Err(Fault { clip: at, field: Field::To, why }.into());
        }
        let joins = matches!(plan.end, End::Cut(_));
        before = Some(Before { end_90k, shift_90k: placed.shift_90k(), joins });
    }
    builder.tell(&Entry::Ended { at: now });
    Ok(Made { index: builder.index.freeze(), heads: builder.heads.freeze() })
}

/// The clip before.
#[derive(Debug, Clone, Copy)]
struct Before {
    /// Where its last picture ends, in its own time.
    end_90k: i64,
    shift_90k: i64,
    /// Whether it ends where the next begins.
    joins: bool,
}

/// A clip and what it follows.
struct Placing<'a> {
    clip: &'a AskedClip,
    plan: &'a Planned<'a>,
    before: Option<Before>,
}

impl Placing<'_> {
    /// How much later than in its recording it is shown.
    fn shift_90k(&self) -> i64 {
        match self.before {
            None => 0,
            Some(before) if before.joins => before.shift_90k,
            Some(before) => before.end_90k + before.shift_90k - self.plan.begin.pts,
        }
    }

    /// By how much its first picture is shown early.
    fn hole_90k(&self) -> i64 {
        let Some(before) = self.before.filter(|before| before.joins) else { return 0 };
        let hole = self.plan.begin.pts - before.end_90k;
        if (ROUNDING_90K + 1..=SEAM_HOLE_90K).contains(&hole) { hole } else { 0 }
    }

    /// The fragments among which it ends.
    fn window(&self) -> std::ops::Range<usize> {
        let fragments = self.plan.timeline.fragments();
        let end = MediaTime::new(self.plan.end.pts(), Timescale::VIDEO).to_event();
        let past = fragments.partition_point(|placed| placed.begin < end).max(self.plan.first + 1);
        // A fragment that does not begin with a sync sample may have pictures that are shown before it.
        let more = fragments.get(past).is_some_and(|placed| !placed.fragment.sync);
        past.saturating_sub(2).max(self.plan.first)..past + usize::from(more)
    }

    /// The fragment before which it ends, if its own recording has a sync sample exactly where the next clip begins: then
    /// all before that is shown, at whatever distances.
    fn own_sync(&self) -> Option<usize> {
        let End::Cut(cut) = self.plan.end else { return None };
        let fragments = self.plan.timeline.fragments();
        let end = MediaTime::new(cut.pts - ROUNDING_90K, Timescale::VIDEO).to_event();
        let at = fragments.partition_point(|placed| placed.begin < end);
        let placed = fragments.get(at).filter(|placed| placed.fragment.sync)?;
        let is_there = (point(placed).pts - cut.pts).abs() <= ROUNDING_90K;
        (is_there && at > self.plan.first).then_some(at)
    }

    fn audio_rate(&self, placed: &Placed) -> Timescale {
        let init = self.plan.timeline.inits().get(placed.init);
        let rate = init.and_then(|placed| placed.init.audio.as_ref());
        rate.and_then(|audio| Timescale::new(audio.timescale)).unwrap_or(Timescale::VIDEO)
    }
}

/// What is kept of a fragment: so many pictures, sound up to there, and the hole before it that it fills.
#[derive(Debug, Clone, Copy)]
struct Keep {
    shown: usize,
    heard_until: i64,
    hole_90k: i64,
}

#[derive(Debug, Default)]
struct Builder {
    index: BytesMut,
    heads: BytesMut,
    /// Length of the own file, with what it has borrowed.
    own_bytes: u64,
    /// Files of the re-cut from number 2 on: whose they are.
    origins: Vec<(RecordingId, u32)>,
    file: Option<u32>,
    /// File and offset of the init section of what follows.
    init: Option<(u32, u64)>,
    sequence: u32,
    fragments: usize,
}

impl Builder {
    /// Adds a clip and tells where its last picture ends; `None` if nothing of it is left.
    fn clip(
        &mut self,
        placing: &Placing<'_>,
        read: &mut ReadSamples<'_>,
    ) -> Result<Option<i64>, RecutError> {
        let Placing { clip, plan, .. } = placing;
        let (fragments, own_sync) = (plan.timeline.fragments(), placing.own_sync());
        let window = own_sync.map_or_else(|| placing.window(), |at| at..at);
        let ending = fragments.get(window.clone()).unwrap_or_default();
        let ending: Vec<FragmentSamples> = ending
            .iter()
            .map(|placed| read(&clip.recording, placed))
            .collect::<Result<_, std::io::Error>>()?;
        let kept = seam::keep(ending.iter().filter_map(|samples| samples.video.as_ref()), plan.end);
        let end_90k = match own_sync {
            Some(_) => Some(plan.end.pts()),
            None => kept.end_90k.or_else(|| end_without(placing, &window, &ending)),
        };
        let Some(end_90k) = end_90k else { return Ok(None) };
        let heard_until = if let End::Cut(cut) = plan.end { cut.pts } else { end_90k };
        self.tell(&Entry::Clip(mark(placing, end_90k)));
        let mut pictures = kept.pictures;
        for (at, placed) in fragments.iter().enumerate().take(window.end).skip(plan.first) {
            let (is_first, ends) = (at == plan.first, at.checked_sub(window.start));
            let samples = match ends.and_then(|at| ending.get(at)) {
                Some(samples) => samples.clone(),
                None if is_first => read(&clip.recording, placed)?,
                None => {
                    self.whole(placing, placed);
                    continue;
                }
            };
            let has = samples.video.as_ref().map_or(0, |run| run.samples.len());
            let shown = if ends.is_some() { pictures.min(has) } else { has };
            pictures -= if ends.is_some() { shown } else { 0 };
            let hole_90k = if is_first { placing.hole_90k() } else { 0 };
            self.edge(placing, placed, &samples, Keep { shown, heard_until, hole_90k });
        }
        Ok(Some(end_90k))
    }

    /// A fragment of which some may be left out.
    fn edge(
        &mut self,
        placing: &Placing<'_>,
        placed: &Placed,
        samples: &FragmentSamples,
        keep: Keep,
    ) {
        let Keep { shown, heard_until, hole_90k } = keep;
        let (rate, from) = (placing.audio_rate(placed), placing.plan.begin.pts);
        let heard = |run: &Run| seam::heard(run, rate, from, heard_until);
        let sound = samples.audio.as_ref().map_or(0..0, heard);
        let units = samples.audio.as_ref().map_or(0, |run| run.samples.len());
        let has = samples.video.as_ref().map_or(0, |run| run.samples.len());
        if shown == has && sound == (0..units) && hole_90k == 0 {
            self.whole(placing, placed);
        } else {
            self.seam(placing, placed, &seam::cut(samples, shown, sound, hole_90k));
        }
    }

    /// A fragment as it is.
    fn whole(&mut self, placing: &Placing<'_>, placed: &Placed) {
        let number = self.number_of(&placing.clip.recording, placed.file);
        self.describe(placing, placed);
        self.go_to(number);
        self.tell(&Entry::Fragment(placed.fragment));
        self.fragments += 1;
    }

    /// A fragment with some of the samples of another, under a head of its own.
    fn seam(&mut self, placing: &Placing<'_>, placed: &Placed, left: &FragmentSamples) {
        if left.video.is_none() && left.audio.is_none() {
            return;
        }
        self.sequence += 1;
        let head = fragment_head(self.sequence, left);
        let number = self.number_of(&placing.clip.recording, placed.file);
        self.describe(placing, placed);
        self.go_to(OWN_FILE);
        let begins = self.own_bytes;
        self.own_bytes += head.len() as u64;
        for run in left.video.iter().chain(&left.audio) {
            self.borrow(number, placed, run);
        }
        let sync = left.video.as_ref().and_then(|run| run.samples.first());
        self.tell(&Entry::Fragment(Fragment {
            offset: begins,
            bytes: u32::try_from(self.own_bytes - begins).unwrap_or(u32::MAX),
            // Of its head: the rest has checksums where it was recorded.
            crc: crc32fast::hash(&head),
            sync: sync.is_none_or(|first| first.sync),
            video: left.video.as_ref().map(Run::span),
            audio: left.audio.as_ref().map(Run::span),
        }));
        self.heads.put_slice(&head);
        self.fragments += 1;
    }

    fn borrow(&mut self, file: u32, placed: &Placed, run: &Run) {
        let borrowed = Borrowed {
            offset: self.own_bytes,
            file,
            from: placed.fragment.offset + u64::from(run.offset),
            bytes: run.payload_bytes().into(),
        };
        self.own_bytes += borrowed.bytes;
        self.tell(&Entry::Borrowed(borrowed));
    }

    /// Sees to it that the init section of `placed` is the newest.
    fn describe(&mut self, placing: &Placing<'_>, placed: &Placed) {
        let described = placing.plan.timeline.inits().get(placed.init);
        let Some(PlacedInit { file, init }) = described else { return };
        let number = self.number_of(&placing.clip.recording, *file);
        if self.init != Some((number, init.offset)) {
            self.go_to(number);
            self.init = Some((number, init.offset));
            self.tell(&Entry::Init(Init::clone(init)));
        }
    }

    fn go_to(&mut self, number: u32) {
        if self.file != Some(number) {
            self.file = Some(number);
            self.tell(&Entry::File { number });
        }
    }

    /// The number that a file of another recording has here.
    fn number_of(&mut self, recording: &RecordingId, file: u32) -> u32 {
        let is_it = |(of, number): &(RecordingId, u32)| *number == file && of == recording;
        let known = self.origins.iter().position(is_it);
        let at = known.unwrap_or(self.origins.len());
        let number = OWN_FILE + 1 + u32::try_from(at).unwrap_or(u32::MAX - 2);
        if known.is_none() {
            self.origins.push((recording.clone(), file));
            self.tell(&Entry::Origin(Origin { number, recording: recording.clone(), file }));
        }
        number
    }

    fn tell(&mut self, entry: &Entry) {
        encode(entry, &mut self.index);
    }
}

/// Where a clip ends none of whose last fragments has a picture that is kept.
fn end_without(
    placing: &Placing<'_>,
    window: &std::ops::Range<usize>,
    ending: &[FragmentSamples],
) -> Option<i64> {
    let ticks = |at: EventTime| at.to_media(Timescale::VIDEO).ticks;
    let fragments = placing.plan.timeline.fragments();
    let has_pictures = ending.iter().any(|samples| samples.video.is_some());
    if window.start > placing.plan.first {
        return fragments.get(window.start - 1).map(|placed| ticks(placed.end));
    }
    let last = fragments.get(window.clone())?.last()?;
    (!has_pictures).then(|| ticks(last.end).min(placing.plan.end.pts()))
}

fn mark(placing: &Placing<'_>, end_90k: i64) -> ClipMark {
    let at = |ticks| MediaTime::new(ticks, Timescale::VIDEO).to_event();
    let Placing { clip, plan, .. } = placing;
    let end = if let End::Cut(cut) = plan.end { cut.pts } else { end_90k };
    ClipMark {
        name: clip.name.clone(),
        recording: clip.recording.clone(),
        shift_90k: placing.shift_90k(),
        asked: (clip.from, clip.to),
        got: (at(plan.begin.pts), at(end)),
    }
}
