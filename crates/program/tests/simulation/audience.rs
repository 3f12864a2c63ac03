//! The programme's viewers: its samples go through the packager, and every snapshot is checked by the
//! packager's own viewer.

use genlock_feed::Joint;
use genlock_media::EventTime;
use genlock_packager::{Dropped, Packager, PackagerConfig, Splice};

use crate::SECOND;
use crate::viewer::{Viewer, WALL_CLOCK_AT_ZERO_MS};
use crate::world::Record;

pub(crate) struct Audience {
    packager: Packager,
    viewer: Viewer,
    /// How many samples it has seen.
    seen: usize,
    /// What had been dropped when the operator began: a first camera without sound is played without until it is
    /// known to have none.
    before: Dropped,
}

/// When the operator begins.
const BEGINS: i64 = 5 * SECOND;

impl Audience {
    pub(crate) fn new() -> Self {
        let mut config = PackagerConfig::new("sim", 1, WALL_CLOCK_AT_ZERO_MS);
        // The longest that there is: the GOPs are up to 10 s long.
        config.target_duration = 10;
        let mut viewer = Viewer::new(&config);
        viewer.long_gops = true;
        let packager = Packager::new(config, EventTime::ZERO);
        Self { packager, viewer, seen: 0, before: Dropped::default() }
    }

    /// Pushes what it has not seen.
    pub(crate) fn watch(&mut self, record: &Record) {
        let forgotten_unseen = "it watches before anything is forgotten";
        let seen = self.seen.checked_sub(record.forgotten).expect(forgotten_unseen);
        for output in &record.outputs[seen..] {
            self.pass(output.at);
            let now = EventTime::from_micros(output.at);
            let sample = output.sample.clone();
            match output.joint.clone() {
                Joint::Continues => self.packager.push(now, sample),
                Joint::Splice { settled, sound } => {
                    self.packager.splice(now, sample, Splice { settled, sound });
                }
            }
            if output.at < BEGINS {
                self.before = self.packager.stats().dropped;
            }
            self.viewer.look(now, &self.packager);
            self.seen += 1;
        }
    }

    /// Samples that got into no part.
    pub(crate) fn dropped(&self) -> Dropped {
        self.packager.stats().dropped
    }

    /// Samples that got into no part since the operator began, without those that a cut took the place of.
    pub(crate) fn lost(&self) -> u64 {
        let lost = |dropped: Dropped| {
            dropped.late + dropped.before_sync + dropped.unpaired_audio + dropped.over_limit
        };
        lost(self.dropped()) - lost(self.before)
    }

    /// How many segments have been listed.
    pub(crate) fn segments(&self) -> usize {
        self.viewer.segments.len()
    }

    /// Lets time pass until `until`.
    fn pass(&mut self, until: i64) {
        while let Some(due) = self.packager.poll_timeout().filter(|due| due.as_micros() < until) {
            self.packager.handle_timeout(due);
            self.viewer.look(due, &self.packager);
        }
    }
}
