//! Where fragments end: samples in, groups of samples that become fragments out.
//!
//! A fragment ends before a sync sample, and before it would be longer than [`FRAGMENT_MAX`]; then it
//! waits for the sound of its time, but not beyond [`HELD_MAX`] from its first picture on. Both tracks lie on one line:
//! sound by presentation time, pictures by decoding time plus the composition offset of their sync samples.
//!
//! ```text
//! pictures  S─P─P─P│P─P─P─P│S─P─P
//! sound     ═══════╪═══════╪══
//!                  └ cut 1 └ cut 2, written when the sound has come here
//! ```
//!
//! Times that go back, or lie far from their arrival, are refused and counted: what leaves here has
//! strictly increasing decoding times in each track. Pictures after a loss wait for a sync sample.

mod times;

use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

use genlock_feed::{Entry, Epoch};
use genlock_media::{Dependency, EventTime, MediaTime, Sample, Timescale, TrackConfig, TrackKind};
use genlock_packager::TimedSample;

use self::times::{access_unit, is_plausible, is_same, pts_90k, ticks, timed};
use crate::index::GapReason;
use crate::limits::{
    FRAGMENT_MAX, HELD_BYTES_MAX, HELD_MAX, HELD_SAMPLES_MAX, SOUND_ONLY_AFTER, STALL,
    STRAGGLERS_MAX,
};

/// Duration of a picture that nothing says anything about: 30 fps.
const USUAL_PICTURE_90K: i64 = 3_000;

/// What the samples became.
#[derive(Debug)]
pub(crate) enum Step {
    /// A fragment is complete.
    Fragment(Group),
    /// Something is missing before what follows.
    Gap { reason: GapReason, lost: u64 },
}

/// The samples of one fragment. One of the tracks may be empty.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) video: Vec<TimedSample>,
    pub(crate) audio: Vec<TimedSample>,
}

impl Closing {
    fn begins_before(&self, dts: i64) -> bool {
        self.video.first().is_some_and(|first| first.sample.dts < dts)
    }
}

impl Group {
    /// Whether decoding can start here.
    pub(crate) fn is_sync(&self) -> bool {
        self.video.first().is_none_or(|first| first.sample.is_video_sync())
    }
}

/// Pictures that are complete and wait for the sound before `boundary_90k`.
#[derive(Debug)]
struct Closing {
    video: Vec<TimedSample>,
    boundary_90k: i64,
    deadline: EventTime,
}

/// See the module documentation.
#[derive(Debug)]
pub(crate) struct Cutter {
    epoch: Option<Epoch>,
    /// When the session's first sample came.
    since: EventTime,
    group: Vec<Sample>,
    group_bytes: usize,
    /// When the first picture of the group came.
    group_since: EventTime,
    closing: VecDeque<Closing>,
    audio: VecDeque<Sample>,
    audio_bytes: usize,
    awaiting_sync: bool,
    /// Whether this session has had pictures.
    has_video: bool,
    /// Whether this session's sound has been written without pictures.
    has_sound_alone: bool,
    /// Composition offset of the newest sync sample.
    shift_90k: i64,
    /// Distance of the newest two pictures.
    picture_90k: i64,
    video_end: Option<MediaTime>,
    audio_end: Option<MediaTime>,
    /// Configuration of the sound that was written last: another one needs a fragment that begins with a
    /// sync sample.
    sound: Option<Arc<TrackConfig>>,
    last_video: EventTime,
    last_audio: EventTime,
    refused: u64,
    steps: VecDeque<Step>,
}

impl Default for Cutter {
    fn default() -> Self {
        Self {
            epoch: None,
            since: EventTime::ZERO,
            group: Vec::new(),
            group_bytes: 0,
            group_since: EventTime::ZERO,
            closing: VecDeque::new(),
            audio: VecDeque::new(),
            audio_bytes: 0,
            awaiting_sync: true,
            has_video: false,
            has_sound_alone: false,
            shift_90k: 0,
            picture_90k: USUAL_PICTURE_90K,
            video_end: None,
            audio_end: None,
            sound: None,
            last_video: EventTime::ZERO,
            last_audio: EventTime::ZERO,
            refused: 0,
            steps: VecDeque::new(),
        }
    }
}

impl Cutter {
    /// Takes the next sample of the Feed.
    pub(crate) fn push(&mut self, entry: Entry) {
        let Entry { epoch, arrived, sample, .. } = entry;
        if self.epoch != Some(epoch) {
            self.begin_session(epoch);
            self.since = arrived;
        }
        if !is_plausible(&sample, arrived) {
            self.refuse(sample.kind());
            return;
        }
        match sample.kind() {
            TrackKind::Video => self.push_video(arrived, sample),
            TrackKind::Audio => self.push_audio(arrived, sample),
        }
        self.handle_timeout(arrived);
    }

    /// Does what is due at `now`: to be called now and then, also without samples.
    pub(crate) fn handle_timeout(&mut self, now: EventTime) {
        while self.closing.front().is_some_and(|closing| {
            now >= closing.deadline || self.sound_has_come(closing.boundary_90k, now)
        }) {
            self.settle();
        }
        if !self.group.is_empty() && now.saturating_since(self.last_video) >= STALL {
            self.close(None);
            self.settle_all();
        }
        self.write_sound_alone(now);
    }

    /// Writes what is held, as it is, and says that what follows does not join it.
    pub(crate) fn interrupt(&mut self, reason: GapReason, lost: u64) {
        self.flush();
        self.awaiting_sync = true;
        self.steps.push_back(Step::Gap { reason, lost });
    }

    /// Writes what is held, as it is.
    pub(crate) fn flush(&mut self) {
        self.close(None);
        self.settle_all();
        while !self.audio.is_empty() {
            let audio = self.take_audio(i64::MAX);
            self.emit(Vec::new(), audio);
        }
        self.tell_refused();
    }

    /// What became of the samples, oldest first. To be called until it gives `None`.
    pub(crate) fn poll(&mut self) -> Option<Step> {
        self.steps.pop_front()
    }

    fn begin_session(&mut self, epoch: Epoch) {
        if self.epoch.is_some() {
            self.interrupt(GapReason::Reconnect, 0);
        }
        self.epoch = Some(epoch);
        self.awaiting_sync = true;
        self.has_video = false;
        self.has_sound_alone = false;
    }

    fn push_video(&mut self, arrived: EventTime, sample: Sample) {
        let is_sync = sample.is_video_sync();
        let increases = self.video_end.is_none_or(|end| sample.dts_time() > end);
        if !increases || (self.awaiting_sync && !is_sync) {
            // Pictures before the first sync sample of a session are nobody's loss.
            if !increases {
                self.refuse(TrackKind::Video);
            }
            return;
        }
        if mem::take(&mut self.awaiting_sync) {
            self.drop_sound_before(sample.pts());
        }
        if let Some(last) = self.group.last() {
            self.picture_90k = sample.dts.saturating_sub(last.dts).max(1);
        }
        if self.ends_group(&sample) {
            self.close(Some(&sample));
        }
        if self.group.is_empty() {
            self.group_since = arrived;
        }
        // What comes in a burst is not held for longer than what comes in time.
        let oldest = sample.dts.saturating_sub(ticks(HELD_MAX, Timescale::VIDEO));
        while self.closing.front().is_some_and(|closing| closing.begins_before(oldest)) {
            self.settle();
        }
        if is_sync {
            self.shift_90k = i64::from(sample.composition_offset);
        }
        self.has_video = true;
        self.last_video = arrived;
        self.video_end = Some(sample.dts_time());
        self.group_bytes += sample.payload.len();
        self.group.push(sample);
    }

    /// Whether `next` begins another fragment.
    fn ends_group(&self, next: &Sample) -> bool {
        let Some(first) = self.group.first() else { return false };
        let max = ticks(FRAGMENT_MAX, Timescale::VIDEO);
        next.dependency == Dependency::Sync
            || next.dts.saturating_sub(first.dts).saturating_add(self.picture_90k) > max
            || self.group.len() >= HELD_SAMPLES_MAX
            || self.group_bytes >= HELD_BYTES_MAX
    }

    fn push_audio(&mut self, arrived: EventTime, sample: Sample) {
        self.last_audio = arrived;
        if self.audio_end.is_some_and(|end| sample.dts_time() <= end) {
            self.refuse(TrackKind::Audio);
            return;
        }
        self.audio_end = Some(sample.dts_time());
        self.audio_bytes += sample.payload.len();
        self.audio.push_back(sample);
        while self.audio.len() > HELD_SAMPLES_MAX || self.audio_bytes > HELD_BYTES_MAX {
            self.drop_oldest_sound();
            self.refuse(TrackKind::Audio);
        }
    }

    /// Ends the group of pictures before `next`, or where it has come to.
    fn close(&mut self, next: Option<&Sample>) {
        let Some(last) = self.group.last().map(|last| last.dts) else { return };
        let end = match next {
            Some(next) => next.dts,
            None => last.saturating_add(self.picture_90k),
        };
        self.group_bytes = 0;
        let video = timed(mem::take(&mut self.group), end);
        let boundary_90k = match next {
            Some(next) if next.is_video_sync() => next.pts(),
            _ => end.saturating_add(self.shift_90k),
        };
        let deadline = self.group_since + HELD_MAX;
        self.closing.push_back(Closing { video, boundary_90k, deadline });
    }

    fn sound_has_come(&self, boundary_90k: i64, now: EventTime) -> bool {
        match self.audio.back() {
            Some(newest) => pts_90k(newest) >= boundary_90k,
            // Whoever has no sound is not waited for; who is only late is, until the deadline. At the begin nobody knows.
            None => self.audio_end.is_none() && now.saturating_since(self.since) >= HELD_MAX,
        }
    }

    fn settle_all(&mut self) {
        while !self.closing.is_empty() {
            self.settle();
        }
    }

    /// Makes a fragment of what was closed first.
    fn settle(&mut self) {
        let Some(closing) = self.closing.pop_front() else { return };
        let begins_sync = closing.video.first().is_some_and(|first| first.sample.is_video_sync());
        if begins_sync {
            self.drop_stragglers();
        }
        let same = match (self.audio.front(), &self.sound) {
            (Some(first), Some(written)) => is_same(&first.config, written),
            (Some(_), None) => false,
            (None, _) => true,
        };
        let audio =
            if same || begins_sync { self.take_audio(closing.boundary_90k) } else { Vec::new() };
        self.emit(closing.video, audio);
    }

    fn emit(&mut self, video: Vec<TimedSample>, audio: Vec<TimedSample>) {
        if video.is_empty() && audio.is_empty() {
            return;
        }
        self.tell_refused();
        if let Some(first) = audio.first() {
            self.sound = Some(Arc::clone(&first.sample.config));
        }
        self.steps.push_back(Step::Fragment(Group { video, audio }));
    }

    /// Sound of one configuration that lies before `boundary_90k`.
    fn take_audio(&mut self, boundary_90k: i64) -> Vec<TimedSample> {
        let Some(first) = self.audio.front() else { return Vec::new() };
        let config = Arc::clone(&first.config);
        let mut run = Vec::new();
        while let Some(sample) = self.audio.pop_front_if(|sample| {
            pts_90k(sample) < boundary_90k && is_same(&sample.config, &config)
        }) {
            self.audio_bytes -= sample.payload.len();
            run.push(sample);
        }
        let Some(last) = run.last() else { return Vec::new() };
        let usual = last.dts.saturating_add(access_unit(last).into());
        let end = match self.audio.front() {
            // Rounded times of neighbours differ by a tick or two; a hole stays a hole.
            Some(next) if is_same(&next.config, &config) && (next.dts - usual).abs() <= 2 => {
                next.dts
            }
            _ => usual,
        };
        timed(run, end)
    }

    /// Sound that belongs to no picture is written when it has gone on for some time.
    fn write_sound_alone(&mut self, now: EventTime) {
        if !self.group.is_empty() || !self.closing.is_empty() {
            return;
        }
        let (Some(first), Some(last)) = (self.audio.front(), self.audio.back()) else { return };
        let span = pts_90k(last).saturating_sub(pts_90k(first));
        let is_alone = self.has_video || self.has_sound_alone;
        let wanted = if is_alone { FRAGMENT_MAX } else { SOUND_ONLY_AFTER };
        let stalled = now.saturating_since(self.last_audio) >= STALL.saturating_mul(2);
        if span >= ticks(wanted, Timescale::VIDEO) || stalled {
            let boundary = pts_90k(first).saturating_add(ticks(FRAGMENT_MAX, Timescale::VIDEO));
            let audio = self.take_audio(boundary);
            self.has_sound_alone = true;
            self.emit(Vec::new(), audio);
        }
    }

    /// Sound from before the first picture of a session is nobody's loss.
    fn drop_sound_before(&mut self, pts_90k_of_sync: i64) {
        while self.audio.front().is_some_and(|sample| pts_90k(sample) < pts_90k_of_sync) {
            self.drop_oldest_sound();
        }
    }

    /// A few access units of an old configuration would keep all that follow from their pictures.
    fn drop_stragglers(&mut self) {
        let Some(first) = self.audio.front() else { return };
        let config = Arc::clone(&first.config);
        let old = self.audio.iter().take_while(|sample| is_same(&sample.config, &config)).count();
        if old < self.audio.len() && old <= STRAGGLERS_MAX {
            for _ in 0..old {
                self.drop_oldest_sound();
                self.refused += 1;
            }
        }
    }

    fn drop_oldest_sound(&mut self) {
        if let Some(dropped) = self.audio.pop_front() {
            self.audio_bytes -= dropped.payload.len();
        }
    }

    fn refuse(&mut self, kind: TrackKind) {
        self.refused += 1;
        if kind == TrackKind::Video {
            self.awaiting_sync = true;
        }
    }

    fn tell_refused(&mut self) {
        let lost = mem::take(&mut self.refused);
        if lost > 0 {
            self.steps.push_back(Step::Gap { reason: GapReason::Refused, lost });
        }
    }
}
