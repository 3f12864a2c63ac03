//! Which samples of a Feed a client gets.

use genlock_feed::{Entry, Epoch};
use genlock_media::{Dependency, EventTime, TrackKind};

use crate::limits::LATE_MAX;
use crate::message::{BURST, DISPOSABLE, NEW_EPOCH, SYNC};
use crate::numbering::Numbering;

/// How much of a Feed a client wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Every picture.
    #[default]
    All,
    /// Pictures that others refer to.
    References,
    /// Sync samples.
    Sync,
    /// No pictures.
    None,
}

/// What becomes of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// It is passed over.
    Pass,
    /// It is sent.
    Send {
        /// As in a SAMPLE message.
        flags: u8,
        /// The configuration's number.
        config: u16,
        /// The client does not know that configuration yet.
        new_config: bool,
        /// Samples that were too late since the last one that was sent.
        skipped: u32,
    },
}

/// The samples of one subscription, one after the other.
#[derive(Debug)]
pub struct Selection {
    mode: Mode,
    /// What arrived before is a burst for decoding: the subscription began then.
    begun: EventTime,
    /// Nothing can be decoded before a sync sample.
    wants_sync: bool,
    epoch: Option<Epoch>,
    numbering: Numbering,
    skipped: u32,
}

impl Selection {
    /// A subscription that begins now.
    #[must_use]
    pub fn new(mode: Mode, now: EventTime) -> Self {
        Self {
            mode,
            begun: now,
            wants_sync: true,
            epoch: None,
            numbering: Numbering::default(),
            skipped: 0,
        }
    }

    /// From now on so much of it. More than before begins at the next sync sample.
    pub fn set_mode(&mut self, mode: Mode) {
        if matches!(self.mode, Mode::Sync | Mode::None) && mode != self.mode {
            self.wants_sync = true;
        }
        self.mode = mode;
    }

    /// The reader fell out of the ring by so many samples.
    pub fn lagged(&mut self, samples: u64) {
        if self.mode == Mode::None {
            return;
        }
        self.wants_sync = true;
        self.skip(u32::try_from(samples).unwrap_or(u32::MAX));
    }

    /// What becomes of the next entry of the Feed.
    pub fn choose(&mut self, now: EventTime, entry: &Entry) -> Choice {
        let sample = &entry.sample;
        if sample.kind() != TrackKind::Video || self.mode == Mode::None {
            return Choice::Pass;
        }
        let sync = sample.dependency == Dependency::Sync;
        let burst = entry.arrived < self.begun;
        if !burst && now.saturating_since(entry.arrived) > LATE_MAX {
            self.wants_sync = true;
            self.skip(1);
            return Choice::Pass;
        }
        if self.wants_sync && !sync {
            return Choice::Pass;
        }
        let disposable = sample.dependency == Dependency::Disposable;
        let wanted = match self.mode {
            Mode::All => true,
            Mode::References => !disposable,
            Mode::Sync => sync,
            Mode::None => false,
        };
        if !wanted {
            return Choice::Pass;
        }
        self.wants_sync = false;
        let (config, new_config) = self.numbering.number(&sample.config);
        let new_epoch = self.epoch.replace(entry.epoch) != Some(entry.epoch);
        let flag = |flag, set| if set { flag } else { 0 };
        Choice::Send {
            flags: flag(SYNC, sync)
                | flag(DISPOSABLE, disposable)
                | flag(NEW_EPOCH, new_epoch)
                | flag(BURST, burst),
            config,
            new_config,
            skipped: std::mem::take(&mut self.skipped),
        }
    }

    const fn skip(&mut self, samples: u32) {
        self.skipped = self.skipped.saturating_add(samples);
    }
}

/// Samples for the tests of this crate.
#[cfg(test)]
pub(crate) mod testing {
    use std::sync::Arc;

    use bytes::Bytes;
    use genlock_media::{Sample, TrackConfig, VideoCodec, VideoConfig};

    use super::*;

    pub(crate) fn video(number: u8) -> VideoConfig {
        VideoConfig {
            codec: VideoCodec::Avc,
            record: Bytes::from(vec![1, 100, 0, 31, number]),
            parameter_sets: Vec::new(),
            width: 1280,
            height: 720,
            codec_string: "avc1.64001f".to_owned(),
            frame_rate_hint: None,
            max_reorder_frames: Some(2),
        }
    }

    pub(crate) fn picture(config: u8, dts: i64, dependency: Dependency) -> Sample {
        Sample {
            config: Arc::new(TrackConfig::Video(video(config))),
            dts,
            composition_offset: 0,
            duration: None,
            dependency,
            payload: Bytes::from_static(&[0, 0, 0, 2, 0x65, 0x88]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use genlock_feed::{Feed, FeedLimits, Read, Start};
    use proptest::prelude::*;

    use super::testing::picture;
    use super::*;

    const fn at(millis: i64) -> EventTime {
        EventTime::from_millis(millis)
    }

    /// Entries that were pushed at these times, as a reader of a Feed gets them.
    fn entries(pushed: &[(i64, Dependency)]) -> Vec<Entry> {
        let feed = Feed::new(FeedLimits { span: Duration::MAX, ..FeedLimits::default() });
        let mut reader = feed.reader(Start::OldestSync);
        let mut writer = feed.open(at(0));
        for (millis, dependency) in pushed {
            writer.push(at(*millis), picture(1, millis * 90, *dependency)).unwrap();
        }
        std::iter::from_fn(|| reader.try_next())
            .map(|read| match read {
                Read::Entry(entry) => entry,
                Read::Lagged { .. } => panic!("the ring holds them all"),
            })
            .collect()
    }

    use Dependency::{Disposable, Reference, Sync};

    /// One letter for each entry: `S` sync, `r` reference, `d` disposable, `.` passed over.
    fn chosen(selection: &mut Selection, now: EventTime, entries: &[Entry]) -> String {
        let letter = |entry: &Entry| match (selection.choose(now, entry), entry.sample.dependency) {
            (Choice::Pass, _) => '.',
            (Choice::Send { .. }, Sync) => 'S',
            (Choice::Send { .. }, Reference) => 'r',
            (Choice::Send { .. }, Disposable) => 'd',
        };
        entries.iter().map(letter).collect()
    }

    const GOP: [(i64, Dependency); 6] = [
        (0, Sync),
        (40, Reference),
        (80, Disposable),
        (120, Reference),
        (160, Sync),
        (200, Disposable),
    ];

    #[test]
    fn a_mode_is_what_it_says() {
        let entries = entries(&GOP);
        let of = |mode| chosen(&mut Selection::new(mode, at(300)), at(300), &entries);
        assert_eq!(of(Mode::All), "SrdrSd");
        assert_eq!(of(Mode::References), "Sr.rS.");
        assert_eq!(of(Mode::Sync), "S...S.");
    }

    #[test]
    fn what_is_older_than_the_subscription_is_a_burst_however_old_it_is() {
        let entries = entries(&GOP);
        let mut selection = Selection::new(Mode::All, at(5_000));
        let Choice::Send { flags, new_config: true, .. } = selection.choose(at(5_000), &entries[0])
        else {
            panic!("it is sent")
        };
        assert_eq!(flags, SYNC | NEW_EPOCH | BURST);
        let Choice::Send { flags, new_config: false, .. } =
            selection.choose(at(5_000), &entries[2])
        else {
            panic!("it is sent")
        };
        assert_eq!(flags, DISPOSABLE | BURST);
    }

    #[test]
    fn what_is_late_is_passed_over_up_to_a_sync_sample_and_counted() {
        let entries = entries(&GOP);
        let mut selection = Selection::new(Mode::All, at(0));
        assert_eq!(chosen(&mut selection, at(10), &entries[..1]), "S");
        // Two are too late; the third is not, but cannot be decoded without them.
        assert_eq!(chosen(&mut selection, at(40 + 741), &entries[1..4]), "...");
        let Choice::Send { skipped, .. } = selection.choose(at(790), &entries[4]) else {
            panic!("a sync sample is sent")
        };
        assert_eq!(skipped, 2);
    }

    #[test]
    fn more_of_it_begins_at_a_sync_sample() {
        let entries = entries(&GOP);
        let mut selection = Selection::new(Mode::Sync, at(300));
        assert_eq!(chosen(&mut selection, at(300), &entries[..2]), "S.");
        selection.set_mode(Mode::All);
        assert_eq!(chosen(&mut selection, at(300), &entries[2..]), "..Sd");
        selection.set_mode(Mode::References);
        assert_eq!(chosen(&mut selection, at(300), &entries[1..3]), "r.");
    }

    proptest! {
        #[test]
        fn nothing_is_sent_that_cannot_be_decoded(
            steps in proptest::collection::vec((0_i64..400, 0_u8..4, any::<bool>()), 1..80),
        ) {
            let mut time = 0;
            let pushed: Vec<_> = steps
                .iter()
                .map(|(step, kind, _)| {
                    time += step;
                    (time, [Sync, Reference, Disposable, Reference][usize::from(*kind)])
                })
                .collect();
            let entries = entries(&pushed);
            let mut selection = Selection::new(Mode::All, at(0));
            // Whether all since the last sync sample was sent, so that references are there.
            let mut whole = false;
            for (entry, (_, _, late)) in entries.iter().zip(&steps[steps.len() - entries.len()..]) {
                let now = if *late { entry.arrived + LATE_MAX * 2 } else { entry.arrived };
                match selection.choose(now, entry) {
                    Choice::Send { .. } => {
                        let sync = entry.sample.dependency == Sync;
                        prop_assert!(sync || whole);
                        whole = true;
                    }
                    Choice::Pass => whole = false,
                }
            }
        }
    }
}
