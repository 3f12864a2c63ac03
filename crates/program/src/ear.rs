//! A camera that is only listened to: the sound of its Feed, whatever its picture does.

use std::collections::VecDeque;
use std::time::Duration;

use genlock_feed::{Entry, Epoch, FeedReader, Read, Start};
use genlock_media::{EventTime, TrackKind};

use crate::camera::{Camera, CameraId};
use crate::limits::{AHEAD_MAX, EAR_QUEUE_MAX, SOUND_LOST, SOUND_STEADY};
use crate::source::{Lag, drop_ended};
use crate::splicer::Held;

#[derive(Debug)]
pub(crate) struct Ear {
    pub(crate) camera: CameraId,
    reader: FeedReader,
    epoch: Option<Epoch>,
    /// Access units that wait for their place.
    pub(crate) queue: VecDeque<Held>,
    lag: Lag,
    /// When the newest access unit came; before the first, since when one is listened for.
    heard_at: EventTime,
    /// Since when they have come without a pause.
    steady_since: Option<EventTime>,
}

impl Ear {
    /// Listens to `camera`, from the sound of its newest GOP on, so that what is missing at `now` is
    /// there if it was sent.
    pub(crate) fn new(now: EventTime, camera: &Camera) -> Self {
        Self {
            camera: camera.id.clone(),
            reader: camera.feed.reader(Start::NewestSync),
            epoch: None,
            queue: VecDeque::new(),
            lag: Lag::default(),
            heard_at: now,
            steady_since: None,
        }
    }

    /// Takes everything that has arrived. `late_max` is the viewers' hold-back.
    pub(crate) fn pull(&mut self, late_max: Duration) {
        while let Some(read) = self.reader.try_next() {
            if let Read::Entry(entry) = read
                && entry.sample.kind() == TrackKind::Audio
            {
                self.accept(entry, late_max);
            }
        }
    }

    /// Nothing has come for [`SOUND_LOST`].
    pub(crate) fn is_lost(&self, now: EventTime) -> bool {
        now >= self.lost_at()
    }

    /// When it counts as lost if nothing comes.
    pub(crate) fn lost_at(&self) -> EventTime {
        self.heard_at + SOUND_LOST
    }

    /// It has come without a pause for [`SOUND_STEADY`].
    pub(crate) fn is_steady(&self, now: EventTime) -> bool {
        let steady = |since| now >= since + SOUND_STEADY;
        !self.is_lost(now) && self.steady_since.is_some_and(steady)
    }

    pub(crate) fn drop_before(&mut self, instant: EventTime) {
        drop_ended(&mut self.queue, instant);
    }

    fn accept(&mut self, entry: Entry, late_max: Duration) {
        let Entry { arrived, epoch, sample, .. } = entry;
        if self.epoch != Some(epoch) {
            self.epoch = Some(epoch);
            self.lag = Lag::default();
            self.steady_since = None;
        }
        let time = sample.pts_event();
        if self.lag.note(arrived, time) > late_max || time > arrived + AHEAD_MAX {
            return;
        }
        let paused = arrived >= self.heard_at + SOUND_LOST;
        self.steady_since = self.steady_since.filter(|_| !paused).or(Some(arrived));
        self.heard_at = self.heard_at.max(arrived);
        self.queue.push_back(Held { arrived, sample });
        if self.queue.len() > EAR_QUEUE_MAX {
            self.queue.pop_front();
        }
    }
}
