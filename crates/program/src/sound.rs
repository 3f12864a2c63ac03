//! The pass's part for sound: which access unit takes the grid's next place, and when a place that
//! nothing came for is filled.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use genlock_feed::Joint;
use genlock_media::{AudioConfig, EventTime, Sample, TrackConfig};

use crate::advance::paced;
use crate::audio::Fit;
use crate::audio_source::{AudioSource, Fixed, Sound};
use crate::camera::CameraId;
use crate::cut::{Stage, video_time};
use crate::error::AudioSourceError;
use crate::event::{Discontinuity, ProgramEvent};
use crate::limits::{AUDIO_GRACE, AUDIO_TAIL_GRACE};
use crate::planner::{self, TargetView};
use crate::program_core::ProgramCore;
use crate::source::Source;
use crate::splicer::Held;

impl ProgramCore {
    /// Chooses where the sound comes from, from now on. Answers what the change costs in the playlist:
    /// another audio configuration is a discontinuity, once now and once for each later change.
    ///
    /// A fixed camera need not be live: until it has sound, the next one by priority stands in for it.
    /// Removing it from the event makes the sound follow the picture again.
    ///
    /// # Errors
    /// When the event has no such camera.
    pub fn set_audio_source(
        &mut self,
        now: EventTime,
        source: &AudioSource,
    ) -> Result<Discontinuity, AudioSourceError> {
        let AudioSource::Camera(id) = source else {
            self.follow_audio();
            let on_air = self.on_air.as_ref().filter(|on_air| on_air.expects_audio);
            let config = on_air.and_then(|on_air| on_air.source.feed.status().audio);
            return Ok(self.audio_discontinuity(config.as_deref()));
        };
        let camera =
            self.roster.get(id).ok_or_else(|| AudioSourceError::UnknownCamera(id.clone()))?;
        let config = camera.feed.status().audio;
        if self.sound.source() != *source {
            self.sound = Sound::Fixed(Box::new(Fixed::new(now, camera)));
            self.seam = None;
            self.change_heard();
        }
        Ok(self.audio_discontinuity(config.as_deref()))
    }

    /// Whether the sound of `camera` is heard while it is on air.
    pub(crate) fn is_followed(&self, camera: &CameraId) -> bool {
        self.sound.follows() && !camera.is_slate()
    }

    /// The configuration of the sound that follows a cut from `old` to `new`, if it may be another than the one
    /// before it: the grid's, or the old camera's where that has not passed the cut before.
    pub(crate) fn other_sound(
        &self,
        old: Option<&Source>,
        new: &Source,
    ) -> Option<Arc<TrackConfig>> {
        let running = self.grid.config().filter(|_| self.sound.follows())?;
        let audio_of =
            |source: &Source| source.feed.status().audio.filter(|_| !source.camera.is_slate());
        let before = old.filter(|_| self.joining).and_then(audio_of);
        let behind = audio_of(new)?;
        (behind != *running || before.is_some_and(|before| before != *running)).then_some(behind)
    }

    /// Whose sound is heard.
    pub(crate) fn heard(&self) -> Option<&CameraId> {
        match &self.sound {
            Sound::Fixed(fixed) => fixed.heard().map(|ear| &ear.camera),
            Sound::Follow => {
                let on_air = self.on_air.as_ref().filter(|on_air| on_air.expects_audio);
                on_air.map(|on_air| &on_air.source.camera)
            }
        }
    }

    pub(crate) fn follow_audio(&mut self) {
        if self.sound.follows() {
            return;
        }
        self.sound = Sound::Follow;
        if let Some(on_air) = &mut self.on_air {
            let has_audio = on_air.source.feed.status().audio.is_some();
            on_air.expects_audio = has_audio && !on_air.source.camera.is_slate();
        }
        self.change_heard();
    }

    /// Reads a fixed source, and chooses who stands in for it.
    pub(crate) fn listen(&mut self, now: EventTime) {
        let Some(fixed) = self.sound.fixed_mut() else { return };
        fixed.pull(self.config.hold_back);
        let may_act = self.automation.lock.is_none();
        let stand_ins = self.roster.iter().filter(move |_| may_act);
        if fixed.choose(now, stand_ins, self.grid.config()) {
            self.change_heard();
        }
    }

    /// Drops the sound of the camera on air that nobody will hear: all but what a change of the source
    /// could still use.
    pub(crate) fn drop_unheard(&mut self) {
        let next = self.grid.next_place();
        let Some(on_air) = &mut self.on_air else { return };
        if on_air.source.camera.is_slate() {
            on_air.source.audio.clear();
        } else if let (false, Some(place)) = (self.sound.follows(), next) {
            on_air.source.drop_audio_before(place.start);
        }
    }

    /// Moves the sound before `until` that may leave at `now`.
    pub(crate) fn release_audio(&mut self, now: EventTime, until: EventTime) {
        let limit = self.audio_limit(now).min(until);
        self.start_grid();
        while let Some(place) = self.grid.next_place() {
            self.close_seam(now, place.middle);
            if place.middle >= limit || !self.fill_place(now, place.middle) {
                return;
            }
        }
    }

    /// How a picture follows the one before it: a sync sample takes the sound along that waits for one.
    pub(crate) fn turn_at(&mut self, picture: &Sample) -> Joint {
        let settled = picture.pts_event();
        let wanted = self.turns.wanted_at(settled).filter(|_| picture.is_video_sync()).cloned();
        if wanted.is_none() {
            return Joint::Continues;
        }
        self.turns.tell(settled);
        Joint::Splice { settled, sound: wanted }
    }

    fn change_heard(&mut self) {
        self.turns.forget_wish();
        self.grid.begin_seam();
        self.joining = true;
        let camera = self.heard().cloned();
        self.events.push_back(ProgramEvent::Heard { camera });
    }

    fn audio_discontinuity(&self, config: Option<&TrackConfig>) -> Discontinuity {
        let target = TargetView { syncs: &[], video: None, audio: config };
        planner::discontinuity(&self.view(), &target)
    }

    /// Instant up to which the sound may leave. Without a camera and a slate it stands still with the
    /// picture: a playlist has no sound in a gap. A cut holds the sound that it will cross, and no other.
    fn audio_limit(&self, now: EventTime) -> EventTime {
        let shown = self.edge.map_or(EventTime::ZERO, |edge| video_time(edge.pts));
        if self.on_air.is_none() {
            return shown;
        }
        let line = self.line(now);
        let by_gap = if self.has_slate() { shown + self.config.hold_back } else { EventTime::MAX };
        let by_cut = match &self.incoming {
            Some(incoming) if self.sound.follows() => match incoming.stage {
                Stage::Waiting => incoming.limit(now, line),
                Stage::Completing { .. } => shown,
                Stage::Found { pts, .. } | Stage::Committed { pts, .. } => video_time(pts),
            },
            _ => EventTime::MAX,
        };
        paced(line).min(by_gap).min(by_cut)
    }

    /// Starts the grid with the first sound, or with silence once that has not come.
    fn start_grid(&mut self) {
        let Some(since) = self.on_air.as_ref().map(|on_air| on_air.since) else {
            return;
        };
        if self.grid.config().is_some() {
            return;
        }
        if let Some(ear) = self.sound.fixed_mut().and_then(Fixed::heard_mut) {
            ear.drop_before(since);
        }
        if let Some(first) = self.waiting_audio().and_then(|queue| queue.front()) {
            let first = first.sample.clone();
            self.grid.start_with(&first, since);
        } else if self.is_overdue(since) {
            let usual = self
                .usual_audio()
                .unwrap_or_else(|| Arc::new(TrackConfig::Audio(AudioConfig::default_aac())));
            self.grid.start(&usual, since.to_media(usual.timescale()));
        }
    }

    /// The access units that wait for the next place.
    fn waiting_audio(&mut self) -> Option<&mut VecDeque<Held>> {
        match (&mut self.sound, &mut self.seam, &mut self.on_air) {
            (Sound::Fixed(fixed), ..) => fixed.heard_mut().map(|ear| &mut ear.queue),
            (_, Some(seam), _) => seam.tail.as_mut().map(|tail| &mut tail.audio),
            (_, None, on_air) => on_air.as_mut().map(|on_air| &mut on_air.source.audio),
        }
    }

    /// Ends the seam when the old camera's last place is taken.
    fn close_seam(&mut self, now: EventTime, middle: EventTime) {
        if self.seam.take_if(|seam| middle >= seam.at).is_some() {
            self.joining = true;
            self.grid.begin_seam();
        } else if let Some(seam) = &mut self.seam
            && now >= seam.deadline
        {
            seam.tail = None;
        }
    }

    /// Takes one step for the next place. Returns whether there may be another.
    fn fill_place(&mut self, now: EventTime, middle: EventTime) -> bool {
        let overdue = self.is_overdue(middle);
        let next =
            self.waiting_audio().and_then(|queue| queue.front()).map(|held| held.sample.clone());
        let fit = next.as_ref().map(|unit| self.grid.fit(unit));
        let running = self.grid.config().is_some();
        match fit {
            None if !overdue => return false,
            None => {
                self.note_audio(false);
                self.settle_silent();
                self.fill(now);
            }
            Some(Fit::Gap) => {
                self.settle_silent();
                self.fill(now);
            }
            Some(Fit::Restart) if running && !self.turns.permit(middle) => {
                if let Some(unit) = &next {
                    self.turns.want(middle, &unit.config);
                }
                self.settle_silent();
                self.fill(now);
            }
            Some(Fit::Drop) => {
                self.waiting_audio().and_then(VecDeque::pop_front);
                self.note_audio(true);
            }
            Some(Fit::Place | Fit::Restart) => {
                self.waiting_audio().and_then(VecDeque::pop_front);
                self.note_audio(true);
                self.turns.pass(middle);
                self.place(now, next);
            }
        }
        true
    }

    fn place(&mut self, now: EventTime, unit: Option<Sample>) {
        if self.joining
            && self.seam.is_none()
            && let Some(unit) = &unit
        {
            self.joining = false;
            self.close_entry(Some(self.grid.shift_of(unit)));
        }
        if let Some(unit) = unit.and_then(|unit| self.grid.place(unit)) {
            self.push(now, unit);
        }
    }

    /// The first place after a seam gets silence.
    fn settle_silent(&mut self) {
        if self.seam.is_none() {
            self.close_entry(None);
        }
    }

    fn fill(&mut self, now: EventTime) {
        if let Some(silence) = self.grid.fill() {
            self.push(now, silence);
        }
    }

    /// Notes whether the camera on air has sound.
    fn note_audio(&mut self, heard: bool) {
        if self.sound.follows()
            && self.seam.is_none()
            && let Some(on_air) = &mut self.on_air
        {
            on_air.expects_audio = heard;
        }
    }

    /// Whether the sound for `middle` is not waited for any longer: the picture is that far ahead.
    fn is_overdue(&self, middle: EventTime) -> bool {
        let grace = match (&self.sound, &self.seam, &self.on_air) {
            (Sound::Fixed(fixed), ..) if fixed.heard().is_some() => AUDIO_GRACE,
            (Sound::Fixed(_), ..) => Duration::ZERO,
            // The picture is the new camera's already, which may be ahead of the old one's sound.
            (_, Some(seam), Some(on_air)) if seam.is_waited_for() => {
                let behind = seam.tail.as_ref().map(|tail| tail.sound_behind(&on_air.source));
                AUDIO_TAIL_GRACE + behind.unwrap_or_default()
            }
            (_, None, Some(on_air)) if on_air.expects_audio => AUDIO_GRACE,
            _ => Duration::ZERO,
        };
        self.edge.is_some_and(|edge| video_time(edge.pts) >= middle + grace)
    }

    /// Audio configuration for a programme whose first camera has no sound: that of the first camera by
    /// priority that has, so that a later cut to it costs nothing. It must have a silence.
    fn usual_audio(&self) -> Option<Arc<TrackConfig>> {
        let has_silence = |config: &Arc<TrackConfig>| {
            config.as_audio().and_then(AudioConfig::silent_access_unit).is_some()
        };
        let mut configs = self.roster.iter().filter_map(|camera| camera.feed.status().audio);
        configs.find(has_silence)
    }
}
