//! The sound of one subscription, for level meters: access units as they are, a tenth of a second in each message.
//!
//! Decoding is the client's. Sound waits for nothing: what is older than the subscription, or late, is left out.

use std::sync::Arc;

use bytes::Bytes;
use genlock_feed::Entry;
use genlock_media::{EventTime, TrackConfig, TrackKind};

use crate::limits::{LATE_MAX, SOUND_BYTES_MAX, SOUND_SPAN, SOUND_UNITS_MAX};
use crate::numbering::Numbering;

/// Access units that follow each other, of one configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The configuration's number.
    pub number: u16,
    /// What decodes it.
    pub config: Arc<TrackConfig>,
    /// The client does not know that configuration yet.
    pub new_config: bool,
    /// When the first one is heard.
    pub pts: EventTime,
    /// At least one.
    pub units: Vec<Bytes>,
}

/// Puts the access units of a Feed together.
#[derive(Debug)]
pub(crate) struct Sound {
    /// What arrived before is not wanted: a meter shows what is heard now.
    begun: EventTime,
    numbering: Numbering,
    open: Option<Batch>,
    bytes: usize,
}

impl Sound {
    /// From now on.
    pub(crate) fn new(now: EventTime) -> Self {
        Self { begun: now, numbering: Numbering::default(), open: None, bytes: 0 }
    }

    /// Takes the next entry of the Feed, and gives what is full with it.
    pub(crate) fn take(&mut self, now: EventTime, entry: &Entry) -> Option<Batch> {
        let sample = &entry.sample;
        let late = now.saturating_since(entry.arrived) > LATE_MAX;
        if sample.kind() != TrackKind::Audio
            || entry.arrived < self.begun
            || late
            || sample.payload.len() > usize::from(u16::MAX)
        {
            return None;
        }
        let pts = sample.pts_event();
        // What waits of another configuration is a tenth of a second at most.
        let open = match self.open.take() {
            Some(open) if open.config == sample.config => self.open.insert(open),
            _ => {
                let (number, new_config) = self.numbering.number(&sample.config);
                let config = Arc::clone(&sample.config);
                self.bytes = 0;
                self.open.insert(Batch { number, config, new_config, pts, units: Vec::new() })
            }
        };
        open.units.push(sample.payload.clone());
        self.bytes = self.bytes.saturating_add(sample.payload.len());
        let full = open.units.len() >= SOUND_UNITS_MAX
            || self.bytes >= SOUND_BYTES_MAX
            || pts.saturating_since(open.pts) >= SOUND_SPAN;
        if full { self.open.take() } else { None }
    }
}

/// Sound for the tests of this crate.
#[cfg(test)]
pub(crate) mod testing {
    use genlock_media::{AudioConfig, Dependency, Sample};

    use super::*;

    pub(crate) fn audio(asc: [u8; 2]) -> AudioConfig {
        AudioConfig::from_asc(&Bytes::copy_from_slice(&asc)).unwrap()
    }

    /// AAC LC, 48 kHz, stereo.
    pub(crate) const STEREO: [u8; 2] = [0x11, 0x90];
    /// The same, mono.
    pub(crate) const MONO: [u8; 2] = [0x11, 0x88];

    pub(crate) fn unit(asc: [u8; 2], number: i64) -> Sample {
        Sample {
            config: Arc::new(TrackConfig::Audio(audio(asc))),
            dts: number * 1024,
            composition_offset: 0,
            duration: None,
            dependency: Dependency::Sync,
            payload: Bytes::from(vec![0x21, u8::try_from(number % 256).unwrap()]),
        }
    }
}

#[cfg(test)]
mod tests {
    use genlock_feed::{Feed, FeedLimits, Read, Start};
    use genlock_media::Sample;

    use super::testing::{MONO, STEREO, unit};
    use super::*;

    const fn at(millis: i64) -> EventTime {
        EventTime::from_millis(millis)
    }

    /// What becomes of samples that arrive at these times and are taken at once.
    fn batches(sound: &mut Sound, samples: Vec<(i64, Sample)>) -> Vec<Batch> {
        let feed = Feed::new(FeedLimits::default());
        let mut reader = feed.reader(Start::OldestSync);
        let mut writer = feed.open(at(0));
        let mut full = Vec::new();
        for (millis, sample) in samples {
            writer.push(at(millis), sample).unwrap();
            if let Some(Read::Entry(entry)) = reader.try_next() {
                full.extend(sound.take(at(millis), &entry));
            }
        }
        full
    }

    fn arriving(asc: [u8; 2], numbers: std::ops::Range<i64>) -> Vec<(i64, Sample)> {
        numbers.map(|number| (number * 1024 / 48, unit(asc, number))).collect()
    }

    #[test]
    fn a_tenth_of_a_second_leaves_together_and_nothing_is_missing() {
        let full = batches(&mut Sound::new(at(0)), arriving(STEREO, 0..60));
        let units: Vec<u8> =
            full.iter().flat_map(|batch| &batch.units).map(|unit| unit[1]).collect();
        assert_eq!(units, (0..60).collect::<Vec<u8>>());
        assert!(full.iter().all(|batch| batch.units.len() == 6), "107 ms each");
        let new: Vec<bool> = full.iter().map(|batch| batch.new_config).collect();
        assert_eq!(new[..2], [true, false]);
        assert_eq!(full[1].pts, unit(STEREO, 6).pts_event());
    }

    #[test]
    fn what_was_there_before_is_not_wanted() {
        let mut sound = Sound::new(at(1_000));
        assert_eq!(batches(&mut sound, arriving(STEREO, 0..46)), []);
    }

    #[test]
    fn another_configuration_begins_another_message() {
        let mut samples = arriving(STEREO, 0..8);
        samples.extend(arriving(MONO, 8..16));
        let full = batches(&mut Sound::new(at(0)), samples);
        let told: Vec<_> =
            full.iter().map(|batch| (batch.number, batch.new_config, batch.units[0][1])).collect();
        assert_eq!(told, [(0, true, 0), (1, true, 8)]);
    }

    #[test]
    fn what_is_late_is_left_out() {
        let feed = Feed::new(FeedLimits::default());
        let mut reader = feed.reader(Start::OldestSync);
        let mut writer = feed.open(at(0));
        writer.push(at(0), unit(STEREO, 0)).unwrap();
        let Some(Read::Entry(entry)) = reader.try_next() else { panic!("an entry") };
        let mut sound = Sound::new(at(0));
        sound.take(at(701), &entry);
        assert_eq!(sound.open, None);
    }

    #[test]
    fn a_message_is_bounded_whatever_the_times_say() {
        let standing = (0..SOUND_UNITS_MAX).map(|_| (0, unit(STEREO, 0))).collect();
        let full = batches(&mut Sound::new(at(0)), standing);
        assert_eq!(full.len(), 1);
    }
}
