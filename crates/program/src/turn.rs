//! Where the sound may become another configuration: at a sync sample of the picture that viewers are told
//! of, because a segment has one configuration of sound and begins at a sync sample.
//!
//! ```text
//!   picture   ──S──────────────S───────────▶   S: sync sample
//!   sound     ═══ old ═╪▒▒▒▒▒▒▒╪═══ new ═══     ▒: silence of the old configuration
//!                     new       told with S
//! ```
//!
//! A cut brings its own. Where a source changes without one (a desk that comes back at another rate, a stand-in),
//! the sound waits for the next sync sample of whatever is on air.

use std::collections::VecDeque;
use std::sync::Arc;

use genlock_media::{EventTime, TrackConfig};

use crate::limits::{SOUND_LOST, TURN_MAX};

/// See the module documentation.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// The newest place that sound of another configuration had to wait at, and the configuration.
    wanted: Option<(EventTime, Arc<TrackConfig>)>,
    /// Sync samples behind which the sound may change: that of a cut, and of one right behind it.
    told: VecDeque<EventTime>,
}

impl Turns {
    /// Sound of another configuration would have taken the place at `middle`.
    pub(crate) fn want(&mut self, middle: EventTime, config: &Arc<TrackConfig>) {
        self.wanted = Some((middle, Arc::clone(config)));
    }

    /// Nothing waits any more.
    pub(crate) fn forget_wish(&mut self) {
        self.wanted = None;
    }

    /// The configuration of the sound that waits for a sync sample that is shown at `at`.
    pub(crate) fn wanted_at(&self, at: EventTime) -> Option<&Arc<TrackConfig>> {
        let (wanted, config) = self.wanted.as_ref()?;
        (at < *wanted + SOUND_LOST).then_some(config)
    }

    /// Viewers are told that the sound changes behind the sync sample at `at`.
    pub(crate) fn tell(&mut self, at: EventTime) {
        self.wanted = None;
        self.told.push_back(at);
        if self.told.len() > TOLD_MAX {
            self.told.pop_front();
        }
    }

    /// Whether the sound may change at the place whose middle is `middle`. Much later the segment has begun
    /// with the old configuration.
    pub(crate) fn permit(&self, middle: EventTime) -> bool {
        self.told.iter().any(|at| (*at..*at + TURN_MAX).contains(&middle))
    }

    /// The sound goes on at `middle`, in whichever configuration.
    pub(crate) fn pass(&mut self, middle: EventTime) {
        self.told.retain(|at| *at > middle);
    }
}

/// A cut, and the one that may be made before the sound has passed it.
const TOLD_MAX: usize = 2;

#[cfg(test)]
mod tests {
    use genlock_media::AudioConfig;

    use super::*;

    fn ms(millis: i64) -> EventTime {
        EventTime::from_millis(millis)
    }

    #[test]
    fn the_sound_changes_once_behind_each_sync_sample_that_was_told() {
        let mut turns = Turns::default();
        assert!(!turns.permit(ms(5_000)));
        turns.tell(ms(5_000));
        turns.tell(ms(6_000));
        let permitted = [4_999, 5_000, 5_149, 5_150, 6_000].map(|at| turns.permit(ms(at)));
        assert_eq!(permitted, [false, true, true, false, true]);
        turns.pass(ms(5_010));
        assert!(!turns.permit(ms(5_020)), "it has changed");
        assert!(turns.permit(ms(6_010)), "the next cut");
    }

    #[test]
    fn a_wish_ends_with_the_sync_sample_or_when_the_sound_stops() {
        let mut turns = Turns::default();
        let desk = Arc::new(TrackConfig::Audio(AudioConfig::default_aac()));
        turns.want(ms(5_000), &desk);
        assert_eq!(turns.wanted_at(ms(4_900)), Some(&desk), "a picture that is behind its sound");
        assert_eq!(turns.wanted_at(ms(5_999)), Some(&desk));
        assert_eq!(turns.wanted_at(ms(6_000)), None, "nothing has come for a second");
        turns.tell(ms(5_500));
        assert_eq!(turns.wanted_at(ms(5_600)), None);
    }
}
