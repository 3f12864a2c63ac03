//! How much room there is, and who has to stop when there is too little.

use std::collections::BTreeMap;
use std::path::Path;

use super::desk::{RecorderConfig, State};
use crate::name::Source;

/// Room and use, as they were seen last.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// Bytes of the disk that are free; `None` if that cannot be told.
    pub(super) free: Option<u64>,
    /// Bytes of each event's recordings.
    pub(super) used: BTreeMap<String, u64>,
}

impl Room {
    /// Why `source` must not be recorded now. What was stopped goes on with a tenth more room, so that it
    /// does not flap.
    pub(super) fn refuses(
        &self,
        config: &RecorderConfig,
        source: &Source,
        was_refused: bool,
    ) -> Option<State> {
        let program = source.is_program();
        let floor = if program { config.keep_free / 4 } else { config.keep_free };
        let floor = if was_refused { floor.saturating_add(floor / 10) } else { floor };
        if self.free.is_some_and(|free| free < floor) {
            return Some(State::DiskLow);
        }
        let full = |quota: u64, used: u64| {
            let mine = if program { quota } else { quota / 10 * 9 };
            let mine = if was_refused { mine - mine / 10 } else { mine };
            used >= mine
        };
        // Added up only for who has a quota: this is asked for every source at every turn.
        let event = || self.used.get(source.event()).copied().unwrap_or(0);
        let all = || self.used.values().copied().fold(0, u64::saturating_add);
        let is_full = config.event_quota.is_some_and(|quota| full(quota, event()))
            || config.quota.is_some_and(|quota| full(quota, all()));
        is_full.then_some(State::QuotaReached)
    }

    /// Whether somebody who has not been refused may be now.
    pub(super) fn is_tight(&self, config: &RecorderConfig) -> bool {
        let has_quota = config.quota.is_some() || config.event_quota.is_some();
        has_quota || self.free.is_some_and(|free| free < config.keep_free)
    }

    /// Counts what was written since the folder was looked at.
    pub(super) fn add(&mut self, source: &Source, bytes: u64) {
        if bytes > 0 {
            *self.used.entry(source.event().to_owned()).or_default() += bytes;
        }
    }
}

/// Bytes that are free where `folder` is, or will be.
pub(super) fn free(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|folder| folder.is_dir())?;
    let told = rustix::fs::statvfs(there).ok()?;
    Some(told.f_bavail.saturating_mul(told.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn check(room: &Room, config: &RecorderConfig, expect: [Option<State>; 2]) {
        let sources = ["cam", crate::name::PROGRAM].map(|name| Source::new("e", name).unwrap());
        let got = sources.map(|source| room.refuses(config, &source, false));
        assert_eq!(got, expect, "{room:?}");
    }

    #[test]
    fn cameras_stop_before_the_programme() {
        let config = RecorderConfig {
            quota: Some(100 * GIB),
            event_quota: Some(10 * GIB),
            ..RecorderConfig::new("x".into(), 0)
        };
        let mut room = Room::default();
        check(&room, &config, [None, None]);
        for (free, expect) in [
            (3 * GIB, [None, None]),
            (GIB, [Some(State::DiskLow), None]),
            (GIB / 4, [Some(State::DiskLow), Some(State::DiskLow)]),
        ] {
            room.free = Some(free);
            check(&room, &config, expect);
        }
        room.free = None;
        let full = Some(State::QuotaReached);
        room.add(&Source::new("e", "cam").unwrap(), 9 * GIB);
        check(&room, &config, [full.clone(), None]);
        room.add(&Source::new("e", "cam").unwrap(), GIB);
        check(&room, &config, [full.clone(), full.clone()]);
        room.used = [("other".to_owned(), 95 * GIB)].into();
        check(&room, &config, [full, None]);
    }

    #[test]
    fn what_was_stopped_wants_a_tenth_more() {
        let config = RecorderConfig::new("x".into(), 0);
        let camera = Source::new("e", "cam").unwrap();
        let room = Room { free: Some(2 * GIB + 1), ..Room::default() };
        assert_eq!(room.refuses(&config, &camera, false), None);
        assert_eq!(room.refuses(&config, &camera, true), Some(State::DiskLow));
    }

    #[test]
    fn the_room_of_a_folder_that_is_not_there_yet_is_that_of_its_parent() {
        let parent = tempfile::tempdir().unwrap();
        assert!(free(&parent.path().join("a/b")).is_some_and(|bytes| bytes > 0));
    }
}
