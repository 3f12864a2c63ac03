//! What must hold of a programme's output, whatever the cameras did.

use std::collections::{BTreeSet, HashMap};

use genlock_media::{MediaTime, Sample, TrackKind};
use genlock_program::{CutStyle, ProgramEvent};

use crate::camera::{Tag, VirtualCamera, micros};
use crate::world::{Output, World};

/// A stretch of video that one publish session of one camera is on air without interruption.
#[derive(Debug)]
struct Stretch {
    camera: u8,
    session: u32,
    /// Presentation time of its sync sample as shown, and of its last picture.
    shown: i64,
    shown_last: i64,
    /// Pictures up to this number were caught up with: shown later than their own time.
    caught_up: Option<i64>,
    /// Presentation time of its sync sample as sent, and of its last picture as shown, in ticks.
    first: i64,
    last: i64,
    /// The latest of its pictures' own presentation times.
    own_last: i64,
    first_index: i64,
    indices: BTreeSet<i64>,
    /// When its first sample left.
    at: i64,
    /// Farthest that a picture was from its own time once it should be back at it, in ticks.
    off: i64,
}

/// How strict the checks can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Cameras jitter but neither stall nor drop.
    Calm,
    /// They do.
    Wild,
}

/// The longest catch-up in ticks (500 ms), and 3 ms: a sync sample that replaces the rest of one comes behind
/// a picture that was moved to just before the next place.
const CATCH_UP_MAX: i64 = 45_000 + 270;

type Verdict = Result<(), String>;

/// Numbers that a test may want to judge.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Summary {
    pub(crate) cuts: usize,
    pub(crate) silent: usize,
    /// Farthest that sound was from its own time, in microseconds: at its first access unit behind a
    /// cut, and later, where the camera's clock wanders.
    pub(crate) joined_off: i64,
    pub(crate) sound_off: i64,
    /// Farthest that a picture was from its own time, in ticks, once a catch-up must be over.
    pub(crate) picture_off: i64,
}

impl Summary {
    /// That of two stretches of a run.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            cuts: self.cuts + other.cuts,
            silent: self.silent + other.silent,
            joined_off: self.joined_off.max(other.joined_off),
            sound_off: self.sound_off.max(other.sound_off),
            picture_off: self.picture_off.max(other.picture_off),
        }
    }
}

pub(crate) fn check(world: &World, weather: Weather) -> Result<Summary, String> {
    let outputs = &world.record.outputs;
    let stretches = video(outputs)?;
    for pair in stretches.windows(2) {
        let [stretch, next] = pair else { continue };
        let b_frames = world.cameras[usize::from(stretch.camera)].profile.b_frames;
        // An instant cut waits for the rest of a mini-GOP, but not for long.
        let may_break = weather == Weather::Wild || next.is_late();
        stretch.complete(b_frames, if may_break { b_frames } else { 0 })?;
    }
    if weather == Weather::Calm {
        no_long_seams(&stretches, world)?;
        if world.cameras.iter().all(|camera| camera.profile.latency >= 0) {
            no_lag(world, &stretches)?;
        }
    }
    let summary = audio(outputs, &stretches, world, weather)?;
    commands(world)?;
    let picture_off = stretches.iter().map(|stretch| stretch.off).max().unwrap_or(0);
    Ok(Summary { cuts: stretches.len().saturating_sub(1), picture_off, ..summary })
}

/// Invariants 1 and 2 for video: decoding times grow, every sample has its camera's own time, each
/// stretch starts at a sync sample beyond all that was shown and leaves no picture out.
fn video(outputs: &[Output]) -> Result<Vec<Stretch>, String> {
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut last_dts = i64::MIN;
    for output in outputs.iter().filter(|output| is_video(output)) {
        let sample = &output.sample;
        let tag = Tag::read(&sample.payload).ok_or("a picture nobody sent")?;
        let place = || format!("at {} us: {tag:?}", output.at);
        ensure(sample.dts > last_dts, || format!("dts does not grow {}", place()))?;
        last_dts = sample.dts;
        // One tick for rounding.
        ensure(output.at + 100_012 >= micros(sample.dts), || {
            format!("before its time {}", place())
        })?;
        let same = stretches.last().is_some_and(|open| {
            open.camera == tag.camera
                && open.session == tag.session
                && (!sample.is_video_sync() || open.is_followed_by(tag.index))
        });
        if same {
            let open = stretches.last_mut().expect("there is one");
            open.follow(sample, tag).map_err(|why| format!("{why} {}", place()))?;
            if sample.pts() > open.shown + CATCH_UP_MAX {
                open.off = open.off.max((sample.pts() - tag.pts).abs());
            }
            open.last = open.last.max(sample.pts());
            open.own_last = open.own_last.max(tag.pts);
            open.indices.insert(tag.index);
            continue;
        }
        ensure(sample.is_video_sync(), || format!("no sync sample {}", place()))?;
        if let Some(before) = stretches.last() {
            ensure(sample.pts() > before.shown_last, || format!("repeats the past {}", place()))?;
        }
        stretches.push(Stretch {
            camera: tag.camera,
            session: tag.session,
            shown: sample.pts(),
            shown_last: sample.pts(),
            caught_up: (sample.pts() > tag.pts).then_some(tag.index),
            first: tag.pts,
            last: sample.pts(),
            own_last: tag.pts,
            first_index: tag.index,
            indices: BTreeSet::from([tag.index]),
            at: output.at,
            off: 0,
        });
    }
    Ok(stretches)
}

impl Stretch {
    /// Whether the sync sample `index` goes on where the stretch stands.
    fn is_followed_by(&self, index: i64) -> bool {
        self.indices.last().is_some_and(|newest| newest + 1 == index)
    }

    /// The identity map, or on the way to it: within half a second, and never later than before.
    fn follow(&mut self, sample: &Sample, tag: Tag) -> Verdict {
        let late = sample.pts() - tag.pts;
        self.shown_last = self.shown_last.max(sample.pts());
        if late == 0 {
            return Ok(());
        }
        let end = self.shown + CATCH_UP_MAX;
        ensure(late > 0 && late <= self.shown - self.first && sample.pts() <= end, || {
            format!("{} us off the identity", micros(late))
        })?;
        self.caught_up = self.caught_up.max(Some(tag.index));
        Ok(())
    }

    /// The seam to the stretch before: an instant cut, or a sync sample that replaced a catch-up.
    fn is_late(&self) -> bool {
        self.shown > self.first
    }

    /// No picture is left out, except `tolerated` of the last mini-GOP of a camera that was left inside it,
    /// and what nothing refers to while it is caught up with.
    fn complete(&self, b_frames: i64, tolerated: i64) -> Verdict {
        let newest = self.indices.last().copied().unwrap_or(self.first_index);
        let from = self.caught_up.map_or(self.first_index, |caught_up| caught_up + b_frames + 1);
        let mut missing = (from..newest - tolerated).filter(|index| !self.indices.contains(index));
        missing.next().map_or(Ok(()), |first| {
            let Self { camera, at, first_index, caught_up, .. } = self;
            Err(format!(
                "picture {first} is missing in the stretch of camera {camera} at {at} us, from \
                 {first_index}, caught up until {caught_up:?}, to {newest}"
            ))
        })
    }
}

/// The old camera is shown up to its last mini-GOP before the cut, and the new one from there on: a
/// shared boundary, without a hole above one tick.
fn no_long_seams(stretches: &[Stretch], world: &World) -> Verdict {
    for pair in stretches.windows(2) {
        let [old, new] = pair else { continue };
        let profile = &world.cameras[usize::from(old.camera)].profile;
        let end = old.shown_last + profile.frame_ticks();
        if old.camera == new.camera {
            // A sync sample in place of the rest of a catch-up. What it replaces is left out, and the
            // pictures before it are as far apart as what is not disposable.
            let most = end + profile.b_frames * profile.frame_ticks() + 1;
            ensure(old.caught_up.is_some() && new.shown <= most, || {
                let hole = micros(new.shown - end);
                format!("a hole of {hole} us in a catch-up at {} us", new.at)
            })?;
            continue;
        }
        if !new.is_late() {
            // The out-point leaves out what would be cut short, too.
            let most = (profile.b_frames + 2) * (profile.frame_ticks() + 1);
            // One that was to be made at once lets no new pictures of the old camera leave while it waits
            // for the rest of a mini-GOP, and a sync sample may come in that time.
            let most = if is_instant(world, new.at) { most.max(31_500) } else { most };
            let step = new.first - old.own_last.max(old.shown_last);
            ensure(step <= most, || {
                format!("a hole of {} us before the cut at {} us", micros(step), new.at)
            })?;
        }
        // How long the only picture of a camera would have lasted is not known: then it is 33 ms.
        let only = old.indices.len() == 1;
        let end = if only { end.max(old.shown_last + 3_000) } else { end };
        let early = new.shown == new.first || only;
        let meets = (new.shown - end).abs() <= 1 || (early && new.shown <= end);
        ensure(meets, || {
            format!("shown {} us after the end, at {} us", micros(new.shown - end), new.at)
        })?;
    }
    Ok(())
}

/// Whether the cut that was made at `at` had been planned as an instant one.
fn is_instant(world: &World, at: i64) -> bool {
    world.record.events.iter().any(|(made_at, event)| {
        let instant = matches!(event, ProgramEvent::CutCommitted { style, .. } if *style == CutStyle::Instant);
        *made_at == at && instant
    })
}

/// Invariant 2: a sample leaves when it arrives, unless a cut was pending then; it waits no longer than
/// the hold window (300 ms, or the target's lateness and 200 ms) and the tail. What is caught up with has
/// waited for as long as its GOP is old, and ends on the identity. So lag cannot add up.
fn no_lag(world: &World, stretches: &[Stretch]) -> Verdict {
    let most = world.cameras.iter().map(VirtualCamera::lateness_max).max().unwrap_or(0) + 700_000;
    let busy = &world.record.busy;
    for output in world.record.outputs.iter().filter(|output| is_video(output)) {
        let tag = Tag::read(&output.sample.payload).ok_or("a picture nobody sent")?;
        let camera = &world.cameras[usize::from(tag.camera)];
        let arrived = camera.arrival(tag).ok_or("left before it arrived")?;
        let waited = output.at - arrived;
        let next = busy.partition_point(|(_, until)| *until < arrived);
        let pending = busy.get(next).is_none_or(|(since, _)| *since <= output.at);
        let last = stretches.partition_point(|stretch| stretch.at <= output.at);
        // A sync sample that replaces the rest of a catch-up leaves together with what it follows.
        let entered = stretches[last.saturating_sub(2)..last].iter();
        let catching_up = entered
            .filter(|stretch| stretch.is_late())
            .any(|stretch| output.at < stretch.at + 500_000 + most);
        if catching_up && output.sample.pts() > tag.pts {
            continue;
        }
        // A take of a sync sample that is there already may be a cut at once, and is then never pending. What
        // comes behind the sync sample has waited for it.
        let entering = stretches[..last].last().is_some_and(|stretch| stretch.at == output.at);
        let tolerated = if pending || catching_up || entering { most } else { 0 };
        ensure((0..=tolerated).contains(&waited), || {
            format!("waited {waited} us, at {} us: {tag:?}", output.at)
        })?;
    }
    Ok(())
}

/// Invariants 1 and 3 for audio: exact steps, the identity within three quarters of an access unit
/// (half of one just after a cut), sound of the camera that is seen.
fn audio(
    outputs: &[Output],
    stretches: &[Stretch],
    world: &World,
    weather: Weather,
) -> Result<Summary, String> {
    let mut summary = Summary::default();
    let mut before: Option<&Sample> = None;
    let (mut source, mut begins) = (None, true);
    let mut silent = 0;
    let mut silent_by_camera: HashMap<u8, usize> = HashMap::new();
    for output in outputs.iter().filter(|output| !is_video(output)) {
        let sample = &output.sample;
        if let Some(before) = before {
            step(before, sample, stretches).map_err(|why| format!("{why} at {} us", output.at))?;
        }
        before = Some(sample);
        let middle = MediaTime::new(sample.dts + 512, sample.timescale()).to_event().as_micros();
        let Some(tag) = Tag::read(&sample.payload) else {
            silent += 1;
            if let Some(seen) = seen_at(stretches, middle) {
                *silent_by_camera.entry(seen.camera).or_default() += 1;
            }
            source = None;
            continue;
        };
        let error = (sample.dts - tag.pts).abs();
        // What is checked may begin in the middle of a run.
        let begins = std::mem::take(&mut begins);
        let continues = begins || source == Some((tag.camera, tag.session));
        let most = if continues { 768 } else { 512 };
        let off = if continues { &mut summary.sound_off } else { &mut summary.joined_off };
        *off = (*off).max(error * 1_000_000 / i64::from(sample.timescale().get()));
        ensure(error <= most, || {
            format!("sound is {error} ticks off at {} us: {tag:?}", output.at)
        })?;
        source = Some((tag.camera, tag.session));
        if weather == Weather::Calm
            && world.followed
            && let Some(seen) = seen_at(stretches, middle)
        {
            let near = seen_near(stretches, middle).any(|near| near.camera == tag.camera);
            // What has left before the cut was known cannot be taken back.
            let earlier = output.at <= seen.at;
            ensure(seen.camera == tag.camera || near || earlier, || {
                format!("sees {} but hears {tag:?} at {} us", seen.camera, output.at)
            })?;
        }
    }
    if weather == Weather::Calm && world.followed {
        for camera in world.cameras.iter().filter(|camera| camera.profile.audio.is_some()) {
            let silent = silent_by_camera.get(&camera.number).copied().unwrap_or(0);
            let allowed = 3 * stretches.len() + 60;
            ensure(silent <= allowed, || {
                format!("{silent} silent access units on camera {}", camera.number)
            })?;
        }
    }
    Ok(Summary { silent, ..summary })
}

/// The stretch that is seen at `instant`.
fn seen_at(stretches: &[Stretch], instant: i64) -> Option<&Stretch> {
    stretches.get(seen_before(stretches, instant).checked_sub(1)?)
}

/// How many stretches have begun to be seen by `instant`.
fn seen_before(stretches: &[Stretch], instant: i64) -> usize {
    stretches.partition_point(|stretch| micros(stretch.shown.max(stretch.first)) <= instant)
}

/// The stretches whose sound an access unit with the middle `middle` may be: a place of the grid that ends
/// belongs to who is seen in its middle, and sound of another configuration begins up to an access unit
/// earlier. A camera may be seen for less than that.
fn seen_near(stretches: &[Stretch], middle: i64) -> impl Iterator<Item = &Stretch> {
    const SLACK: i64 = 22_300;
    let first = seen_before(stretches, middle - SLACK).saturating_sub(1);
    let end = seen_before(stretches, middle + SLACK);
    stretches.get(first..end).unwrap_or_default().iter()
}

fn step(before: &Sample, after: &Sample, stretches: &[Stretch]) -> Verdict {
    let end =
        MediaTime::new(before.dts + i64::from(before.duration.unwrap_or(0)), before.timescale());
    if same_config(before, after) && after.dts == end.ticks {
        return Ok(());
    }
    let hole = after.dts_time().to_event().as_micros() - end.to_event().as_micros();
    if !same_config(before, after) && (-23_300..=1).contains(&hole) {
        return Ok(());
    }
    let from = end.to_event().as_micros();
    let nothing_seen = stretches.windows(2).any(|pair| {
        let [old, new] = pair else { return false };
        let (old_end, new_start) = (micros(old.shown_last), micros(new.shown));
        new_start - old_end > 900_000 && from < new_start + 24_000 && from + hole > old_end
    });
    let whole = !same_config(before, after) || (after.dts - end.ticks) % 1024 == 0;
    ensure(hole > 0 && nothing_seen && whole, || format!("audio steps by {hole} us from {from}"))
}

fn same_config(one: &Sample, other: &Sample) -> bool {
    one.config == other.config
}

/// Invariant 7: every accepted take ends once, in bounded time.
fn commands(world: &World) -> Verdict {
    const BOUND: i64 = 20_000_000;
    ensure(world.record.ended_twice.is_empty(), || {
        format!("ended twice: {:?}", world.record.ended_twice)
    })?;
    for command in world.record.commands.values() {
        let planned = command.cut.planned_at.as_micros();
        match &command.ended {
            Some((ended, _)) => ensure(ended - planned <= BOUND, || {
                format!("took {} us: {:?}", ended - planned, command.cut)
            })?,
            None => {
                ensure(world.now - planned <= BOUND, || format!("never ended: {:?}", command.cut))?
            }
        }
    }
    Ok(())
}

fn is_video(output: &Output) -> bool {
    output.sample.kind() == TrackKind::Video
}

pub(crate) fn ensure(holds: bool, why: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(why()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A camera that is seen from `at` on, in microseconds.
    fn seen(camera: u8, at: i64) -> Stretch {
        let ticks = at * 9 / 100;
        Stretch {
            camera,
            session: 1,
            shown: ticks,
            shown_last: ticks,
            caught_up: None,
            first: ticks,
            last: ticks,
            own_last: ticks,
            first_index: 0,
            indices: BTreeSet::from([0]),
            at,
            off: 0,
        }
    }

    #[test]
    fn a_camera_that_is_seen_for_a_moment_may_be_heard_then() {
        let stretches = [seen(5, 0), seen(1, 387_000), seen(9, 400_000)];
        let near =
            |middle| seen_near(&stretches, middle).map(|near| near.camera).collect::<Vec<_>>();
        assert_eq!(near(379_000), [5, 1, 9]);
        assert_eq!(near(364_000), [5]);
        assert_eq!(near(422_000), [1, 9]);
        assert_eq!(near(423_000), [9]);
    }
}
