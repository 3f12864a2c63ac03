//! The pass's part for sound: which access unit takes the grid's next place, and when a place that
//! nothing came for is filled.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use genlock_media::{AudioConfig, EventTime, TrackConfig};

use crate::advance::paced;
use crate::audio::Fit;
use crate::cut::{Stage, video_time};
use crate::limits::{AUDIO_GRACE, AUDIO_TAIL_GRACE};
use crate::program_core::ProgramCore;

impl ProgramCore {
    /// Moves the sound that may leave at `now`.
    pub(crate) fn release_audio(&mut self, now: EventTime) {
        let limit = self.audio_limit(now);
        self.start_grid();
        while let Some(place) = self.grid.next_place() {
            self.close_seam(now, place.middle);
            if place.middle >= limit || !self.fill_place(now, place.middle) {
                return;
            }
        }
    }

    /// Instant up to which the sound may leave.
    fn audio_limit(&self, now: EventTime) -> EventTime {
        let Some(incoming) = &self.incoming else {
            return paced(now);
        };
        match incoming.stage {
            Stage::Waiting => incoming.limit(now),
            Stage::Committed { pts, .. } => video_time(pts).min(paced(now)),
        }
    }

    /// Starts the grid with the first camera's sound, or with silence once that has not come.
    fn start_grid(&mut self) {
        let Some(on_air) = &self.on_air else {
            return;
        };
        if self.grid.config().is_some() {
            return;
        }
        if let Some(first) = on_air.source.audio.front() {
            self.grid.start_with(&first.sample, on_air.since);
        } else if self.is_overdue(on_air.since) {
            let usual = self
                .usual_audio()
                .unwrap_or_else(|| Arc::new(TrackConfig::Audio(AudioConfig::default_aac())));
            let since = on_air.since.to_media(usual.timescale());
            self.grid.start(&usual, since);
        }
    }

    /// Ends the seam when the old camera's last place is taken.
    fn close_seam(&mut self, now: EventTime, middle: EventTime) {
        if self.seam.as_ref().is_some_and(|seam| middle >= seam.at) {
            self.seam = None;
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
        let queue = match (&mut self.seam, &mut self.on_air) {
            (Some(seam), _) => seam.tail.as_mut().map(|tail| &mut tail.audio),
            (None, on_air) => on_air.as_mut().map(|on_air| &mut on_air.source.audio),
        };
        let next = queue.as_ref().and_then(|queue| queue.front());
        match next.map(|held| self.grid.fit(&held.sample)) {
            None if !overdue => return false,
            None => {
                self.note_audio(false);
                self.fill(now);
            }
            Some(Fit::Gap) => self.fill(now),
            Some(Fit::Drop) => {
                queue.and_then(VecDeque::pop_front);
                self.note_audio(true);
            }
            Some(Fit::Place | Fit::Restart) => {
                let unit = queue.and_then(VecDeque::pop_front);
                let unit = unit.and_then(|held| self.grid.place(held.sample));
                self.note_audio(true);
                if let Some(unit) = unit {
                    self.push(now, unit);
                }
            }
        }
        true
    }

    fn fill(&mut self, now: EventTime) {
        if let Some(silence) = self.grid.fill() {
            self.push(now, silence);
        }
    }

    /// Notes whether the camera on air has sound.
    fn note_audio(&mut self, heard: bool) {
        if self.seam.is_none()
            && let Some(on_air) = &mut self.on_air
        {
            on_air.expects_audio = heard;
        }
    }

    /// Whether the sound for `middle` is not waited for any longer: the picture is that far ahead.
    fn is_overdue(&self, middle: EventTime) -> bool {
        let grace = match (&self.seam, &self.on_air) {
            (Some(seam), _) if seam.is_waited_for() => AUDIO_TAIL_GRACE,
            (None, Some(on_air)) if on_air.expects_audio => AUDIO_GRACE,
            _ => Duration::ZERO,
        };
        self.edge.is_some_and(|edge| video_time(edge.pts) >= middle + grace)
    }
}
