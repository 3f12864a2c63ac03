//! Where samples enter: what is accepted, and both tracks' queues.

use std::sync::Arc;

use genlock_media::{EventTime, Sample, TrackConfig, TrackKind};

use crate::gop::GopMeter;
use crate::limits::{AUDIO_LATE_MAX, CONFIG_CHANGE_SPACING, LINE_MAX_90K};
use crate::line::{rescale_90k, ticks_90k};
use crate::packager::Splice;
use crate::queue::{NotLater, Queued, Spliced, TrackQueue, nominal_90k, same_config};
use crate::segmenter::Layout;
use crate::stretch::Stretch;

/// Samples that did not get into a part, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Earlier than what was published already, or not after the sample before.
    pub late: u64,
    /// Pictures before the first sync sample of a stretch or of a configuration.
    pub before_sync: u64,
    /// Sound outside the pictures of its segment, or of a configuration that its segment has not.
    pub unpaired_audio: u64,
    /// Pictures that a cut took the place of before they were published.
    pub replaced: u64,
    /// Beyond a limit of [`limits`](crate::limits).
    pub over_limit: u64,
}

/// The queues and the door to them.
#[derive(Debug)]
pub(crate) struct Intake {
    pub(crate) video: TrackQueue,
    pub(crate) audio: TrackQueue,
    dropped: Dropped,
    gops: GopMeter,
    /// The constant composition offset of sync samples, from the first one.
    shift_90k: Option<i64>,
    /// Pictures are dropped until a sync sample comes.
    needs_sync: bool,
    video_config: Option<Arc<TrackConfig>>,
    /// Where it changed last without a cut.
    config_changed_90k: Option<i64>,
    /// Newest picture that was offered, accepted or not.
    video_offered_90k: Option<i64>,
    /// The stretch or configuration that is open starts here: sound that ends before has no pictures.
    audio_from_90k: i64,
    video_arrival: EventTime,
    audio_arrival: EventTime,
    stretch: Option<Stretch>,
    /// The next picture starts a splice.
    splice: Option<Spliced>,
}

impl Intake {
    pub(crate) fn new(hole_90k: i64) -> Self {
        Self {
            video: TrackQueue::new(hole_90k),
            audio: TrackQueue::new(hole_90k),
            dropped: Dropped::default(),
            gops: GopMeter::default(),
            shift_90k: None,
            needs_sync: true,
            video_config: None,
            config_changed_90k: None,
            video_offered_90k: None,
            audio_from_90k: i64::MIN,
            video_arrival: EventTime::ZERO,
            audio_arrival: EventTime::ZERO,
            stretch: None,
            splice: None,
        }
    }

    pub(crate) const fn dropped(&self) -> Dropped {
        self.dropped
    }

    /// Queues `sample`, or drops and counts it. What lies before `floor_90k` is published.
    pub(crate) fn push(&mut self, now: EventTime, sample: Sample, floor_90k: i64) {
        let times = [sample.dts, sample.pts()].map(|ticks| rescale_90k(ticks, sample.timescale()));
        if times.iter().any(|at_90k| at_90k.unsigned_abs() > LINE_MAX_90K.unsigned_abs()) {
            self.refuse(&sample);
            return;
        }
        let queued = match sample.kind() {
            TrackKind::Video => self.push_video(now, sample, floor_90k),
            TrackKind::Audio => self.push_audio(now, sample, floor_90k),
        };
        self.dropped.over_limit += queued.unwrap_or(0);
    }

    /// Queues the sync sample of a splice.
    pub(crate) fn splice(
        &mut self,
        now: EventTime,
        sample: Sample,
        splice: Splice,
        floor_90k: i64,
    ) {
        let Splice { sound, .. } = splice;
        if sound.is_some() {
            // Its picture belongs to where the sound changes, whatever the one before it is on its way from.
            self.stretch = None;
        }
        self.splice = Some(Spliced { shown: sample.pts_event(), sound });
        self.push(now, sample, floor_90k);
        self.splice = None;
    }

    /// Drops all pictures; those of a splice take their place.
    pub(crate) fn replace_pictures(&mut self, stretch: Stretch) {
        self.dropped.replaced += self.video.clear();
        self.stretch = Some(stretch);
    }

    /// Drops `sample` because of a limit.
    pub(crate) fn refuse(&mut self, sample: &Sample) {
        self.dropped.over_limit += 1;
        self.needs_sync |= sample.kind() == TrackKind::Video;
    }

    /// Returns how many samples had to go to make room, `None` if this one did not get in.
    fn push_video(&mut self, now: EventTime, mut sample: Sample, floor_90k: i64) -> Option<u64> {
        if let Some(stretch) = &self.stretch {
            stretch.apply(&mut sample, self.shift_90k.unwrap_or(0));
        }
        let sync = sample.is_video_sync();
        let offset_90k = rescale_90k(sample.composition_offset.into(), sample.timescale());
        if sync && self.shift_90k.is_none() {
            self.shift_90k = Some(offset_90k.clamp(0, SHIFT_MAX_90K));
        }
        let dts_90k = rescale_90k(sample.dts, sample.timescale());
        let start_90k = dts_90k + self.shift_90k.unwrap_or(0);
        self.video_offered_90k = Some(start_90k);
        if !self.admits_config(&sample, start_90k) || (self.needs_sync && !sync) {
            self.needs_sync = true;
            self.dropped.before_sync += 1;
            return None;
        }
        if start_90k < floor_90k {
            self.needs_sync = true;
            self.dropped.late += 1;
            return None;
        }
        let config = Arc::clone(&sample.config);
        let evicted = self.enqueue(sample, start_90k, now)?;
        self.needs_sync = false;
        if self.video_config.as_ref().is_some_and(|last| !same_config(last, &config))
            && self.splice.is_none()
        {
            self.config_changed_90k = Some(start_90k);
        }
        self.video_config = Some(config);
        self.video_arrival = now;
        Some(evicted)
    }

    fn push_audio(&mut self, now: EventTime, sample: Sample, floor_90k: i64) -> Option<u64> {
        let start_90k = rescale_90k(sample.pts(), sample.timescale());
        if start_90k < floor_90k.saturating_sub(ticks_90k(AUDIO_LATE_MAX)) {
            self.dropped.late += 1;
            return None;
        }
        if start_90k + nominal_90k(&sample).unwrap_or(0) <= self.audio_from_90k {
            self.dropped.unpaired_audio += 1;
            return None;
        }
        let evicted = self.enqueue(sample, start_90k, now)?;
        self.audio_arrival = now;
        Some(evicted)
    }

    fn enqueue(&mut self, sample: Sample, start_90k: i64, arrived: EventTime) -> Option<u64> {
        let splice = self.splice.clone();
        let (queue, gop_90k) = match sample.kind() {
            TrackKind::Video if sample.is_video_sync() => {
                (&mut self.video, self.gops.sync_at(start_90k))
            }
            TrackKind::Video => (&mut self.video, None),
            TrackKind::Audio => (&mut self.audio, None),
        };
        let queued = queue.push(Queued { sample, start_90k, arrived, gop_90k, splice });
        queued.map_err(|NotLater| self.dropped.late += 1).ok()
    }

    /// A configuration may change at a sync sample, and not too soon after it last did by itself. Where somebody
    /// cuts it may always, and a change behind that counts as the first.
    fn admits_config(&self, sample: &Sample, start_90k: i64) -> bool {
        let spacing_90k = ticks_90k(CONFIG_CHANGE_SPACING);
        let spaced = self.config_changed_90k.is_none_or(|since| start_90k - since >= spacing_90k);
        self.video_config.as_ref().is_none_or(|config| same_config(config, &sample.config))
            || self.splice.is_some()
            || (sample.is_video_sync() && spaced)
    }

    /// The queue whose samples decide where parts end.
    pub(crate) fn lead_queue(&self, layout: &Layout) -> &TrackQueue {
        if layout.video.is_some() { &self.video } else { &self.audio }
    }

    pub(crate) fn last_lead_arrival(&self, layout: &Layout) -> EventTime {
        if layout.video.is_some() { self.video_arrival } else { self.audio_arrival }
    }

    /// When audio came last.
    pub(crate) const fn audio_arrival(&self) -> EventTime {
        self.audio_arrival
    }

    /// Where the audio that is there ends.
    pub(crate) fn audio_end_90k(&self) -> i64 {
        let last = self.audio.len().checked_sub(1);
        last.and_then(|last| self.audio.probable_end_90k(last)).unwrap_or(i64::MIN)
    }

    /// Start of the audio if it has come without pictures for `patience_90k`.
    pub(crate) fn audio_alone_since(&self, patience_90k: i64) -> Option<i64> {
        let (first, last) = (self.audio.front()?, self.audio.back()?);
        let since = self.video_offered_90k.unwrap_or(i64::MIN).max(first.start_90k);
        (last.start_90k - since >= patience_90k).then_some(first.start_90k)
    }

    /// The sound at a seam: the last access unit that starts before it or hardly after it, else the first one
    /// there is.
    pub(crate) fn audio_at(&self, seam_90k: i64) -> Option<&Queued> {
        let near = |start_90k: i64| start_90k <= seam_90k + SEAM_90K;
        let last_near = self.audio.iter().take_while(|queued| near(queued.start_90k)).last();
        last_near.or_else(|| self.audio.front())
    }

    /// Another audio configuration than `config` is there by the seam.
    pub(crate) fn audio_changes_by(
        &self,
        seam_90k: i64,
        config: Option<&Arc<TrackConfig>>,
    ) -> bool {
        self.audio_change_90k(config).is_some_and(|change_90k| change_90k <= seam_90k + SEAM_90K)
    }

    /// Where the first sound starts that has another configuration than `config`.
    pub(crate) fn audio_change_90k(&self, config: Option<&Arc<TrackConfig>>) -> Option<i64> {
        self.audio_change(config).map(|queued| queued.start_90k)
    }

    /// The first sound that has another configuration than `config`.
    pub(crate) fn audio_change(&self, config: Option<&Arc<TrackConfig>>) -> Option<&Queued> {
        let other = |queued: &&Queued| {
            config.is_none_or(|config| !same_config(config, &queued.sample.config))
        };
        self.audio.iter().find(other)
    }

    /// The constant composition offset of sync samples.
    pub(crate) fn shift_90k(&self) -> i64 {
        self.shift_90k.unwrap_or(0)
    }

    /// Drops what cannot start a stretch at or after `floor_90k`.
    pub(crate) fn drop_unstartable(&mut self, floor_90k: i64) {
        self.drop_unstartable_pictures(floor_90k);
        let newest_90k = self.audio.back().map_or(i64::MIN, |last| last.start_90k);
        while let Some(front) = self.audio.front() {
            let waits = newest_90k - front.start_90k <= AUDIO_KEPT_90K;
            if waits && self.audio.probable_end_90k(0).is_some_and(|end| end > floor_90k) {
                break;
            }
            self.audio.pop();
            self.dropped.unpaired_audio += 1;
        }
    }

    /// Drops pictures that do not start with a sync sample at or after `floor_90k`.
    pub(crate) fn drop_unstartable_pictures(&mut self, floor_90k: i64) {
        while let Some(front) = self.video.front() {
            if front.start_90k >= floor_90k && front.sample.is_video_sync() {
                break;
            }
            self.video.pop();
            self.dropped.before_sync += 1;
        }
        self.needs_sync |= self.video.is_empty();
    }

    /// Drops audio that ends before `start_90k`, also what comes later, or has another configuration
    /// than `config`.
    pub(crate) fn drop_audio_before(&mut self, start_90k: i64, config: Option<&Arc<TrackConfig>>) {
        let Some(config) = config else { return };
        self.audio_from_90k = start_90k;
        while let Some(front) = self.audio.front() {
            let overlaps = self.audio.probable_end_90k(0).is_some_and(|end| end > start_90k);
            if overlaps && same_config(config, &front.sample.config) {
                break;
            }
            self.audio.pop();
            self.dropped.unpaired_audio += 1;
        }
    }

    /// Drops audio too far before the open part to be put into it.
    pub(crate) fn drop_stale_audio(&mut self, part_start_90k: i64) {
        let oldest_90k = part_start_90k.saturating_sub(ticks_90k(AUDIO_LATE_MAX));
        while self.audio.front().is_some_and(|front| front.start_90k < oldest_90k) {
            self.audio.pop();
            self.dropped.unpaired_audio += 1;
        }
    }
}

/// A composition offset of more than 1 s is an encoder's mistake.
const SHIFT_MAX_90K: i64 = 90_000;
/// Two access units of the longest frame in use (1024 at 32 kHz) around a seam.
const SEAM_90K: i64 = 5_760;
/// Audio that waits for a first picture: 5 s.
const AUDIO_KEPT_90K: i64 = 450_000;
