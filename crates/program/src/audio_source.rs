//! Who is heard: the camera on air, or a fixed one whose access units no cut touches.
//!
//! ```text
//!              nothing comes for SOUND_LOST
//!   chosen ──────────────────────────────────▶ silence on the grid
//!     ▲                                            │ a camera by priority has sound
//!     │  it has come without a pause               ▼
//!     └──────── for SOUND_STEADY ─────────────  stand-in ──▶ lost too: the next
//! ```
//!
//! The pause before a return is the hysteresis: a source that stutters is heard at most once in
//! [`SOUND_STEADY`](crate::limits::SOUND_STEADY), and each change is one seam of the grid. Pure.

use std::sync::Arc;
use std::time::Duration;

use genlock_media::{EventTime, TrackConfig};

use crate::camera::{Camera, CameraId};
use crate::ear::Ear;
use crate::limits::SOUND_LOST;

/// Where the programme's sound comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum AudioSource {
    /// From the camera on air.
    #[default]
    Follow,
    /// From this camera, whichever is on air.
    Camera(CameraId),
}

/// The source of the sound at work.
#[derive(Debug, Default)]
pub(crate) enum Sound {
    #[default]
    Follow,
    Fixed(Box<Fixed>),
}

/// A fixed source, and who stands in for it.
#[derive(Debug)]
pub(crate) struct Fixed {
    chosen: Ear,
    lost: bool,
    stand_in: Option<Ear>,
}

impl Sound {
    pub(crate) const fn follows(&self) -> bool {
        matches!(self, Self::Follow)
    }

    pub(crate) fn source(&self) -> AudioSource {
        match self {
            Self::Follow => AudioSource::Follow,
            Self::Fixed(fixed) => AudioSource::Camera(fixed.chosen.camera.clone()),
        }
    }

    pub(crate) const fn fixed(&self) -> Option<&Fixed> {
        match self {
            Self::Follow => None,
            Self::Fixed(fixed) => Some(fixed),
        }
    }

    pub(crate) const fn fixed_mut(&mut self) -> Option<&mut Fixed> {
        match self {
            Self::Follow => None,
            Self::Fixed(fixed) => Some(fixed),
        }
    }
}

impl Fixed {
    pub(crate) fn new(now: EventTime, chosen: &Camera) -> Self {
        Self { chosen: Ear::new(now, chosen), lost: false, stand_in: None }
    }

    /// Takes everything that has arrived.
    pub(crate) fn pull(&mut self, late_max: Duration) {
        for ear in std::iter::once(&mut self.chosen).chain(&mut self.stand_in) {
            ear.pull(late_max);
        }
    }

    /// Chooses who is heard at `now`. `stand_ins` are the cameras by priority, empty where the programme
    /// may not act by itself; `running` is the grid's configuration. Returns whether it is another one.
    pub(crate) fn choose<'a>(
        &mut self,
        now: EventTime,
        stand_ins: impl Iterator<Item = &'a Camera> + Clone,
        running: Option<&Arc<TrackConfig>>,
    ) -> bool {
        if !self.lost && !self.chosen.is_lost(now) {
            return false;
        }
        let before = self.heard().map(|ear| ear.camera.clone());
        self.lost = !self.chosen.is_steady(now);
        self.stand_in.take_if(|ear| !self.lost || ear.is_lost(now));
        if self.lost && self.stand_in.is_none() {
            let others = stand_ins.filter(|camera| camera.id != self.chosen.camera);
            self.stand_in = best(now, others, running).map(|camera| Ear::new(now, camera));
        }
        self.heard().map(|ear| &ear.camera) != before.as_ref()
    }

    /// When the choice may be another although nothing arrives.
    pub(crate) fn next_look(&self, now: EventTime) -> Option<EventTime> {
        self.heard().map(Ear::lost_at).filter(|at| *at > now)
    }

    /// The cameras that the choice depends on, `None` for all.
    pub(crate) fn watched(&self) -> Option<impl Iterator<Item = &CameraId>> {
        let heard = self.heard()?;
        Some([&self.chosen.camera, &heard.camera].into_iter())
    }

    /// Whose access units take the places.
    pub(crate) const fn heard(&self) -> Option<&Ear> {
        if self.lost { self.stand_in.as_ref() } else { Some(&self.chosen) }
    }

    pub(crate) const fn heard_mut(&mut self) -> Option<&mut Ear> {
        if self.lost { self.stand_in.as_mut() } else { Some(&mut self.chosen) }
    }
}

/// The first camera that sends sound now: of those that need no discontinuity, or else of all.
fn best<'a>(
    now: EventTime,
    cameras: impl Iterator<Item = &'a Camera> + Clone,
    running: Option<&Arc<TrackConfig>>,
) -> Option<&'a Camera> {
    let mut sounding = cameras.filter_map(|camera| {
        let status = camera.feed.status();
        let fresh = |at: EventTime| now < at + SOUND_LOST;
        let sounds = status.live && status.audio_arrival.is_some_and(fresh);
        sounds.then_some((camera, status.audio))
    });
    let first = sounding.clone().next();
    let equal = sounding.find(|(_, config)| config.as_ref() == running);
    equal.or(first).map(|(camera, _)| camera)
}
