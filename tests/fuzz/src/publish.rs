//! A publisher's audio and video messages all the way to playlists and a recording.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use bytes::Bytes;
use genlock_feed::{Feed, FeedLimits, Read, Start};
use genlock_ingest::CameraMonitor;
use genlock_ingest::intake::Intake;
use genlock_ingest::timeline::SYNC_COMPOSITION_OFFSET;
use genlock_media::{EventTime, Sample, TrackKind};
use genlock_packager::{Packager, PackagerConfig};
use genlock_recorder::{Output, Rolling, Timeline, Writer};

use crate::choices::Choices;
use crate::viewer;

/// Most messages of one input: more only make it slow.
const MESSAGES_MAX: usize = 400;

/// `messages: kind, milliseconds since the last, timestamp, payload`.
pub(crate) fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let samples = samples(&mut choices);
    check_times(&samples);
    package(&samples);
    record(&samples);
}

/// A sample, and when it came.
type Arrival = (EventTime, Sample);

fn samples(choices: &mut Choices<'_>) -> Vec<Arrival> {
    let monitor = Arc::new(CameraMonitor::default());
    let session = monitor.open(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let mut now = EventTime::from_micros(1_000_000);
    let mut intake = Intake::new(now, 0, session);
    let mut timestamp = 0_u32;
    let mut samples = Vec::new();
    for _ in 0..MESSAGES_MAX {
        if choices.is_empty() {
            break;
        }
        let kind = choices.below(8);
        now = now + std::time::Duration::from_millis(choices.u8().into());
        match kind {
            // A timestamp of its own, else so much later than the one before.
            6 | 7 => timestamp = choices.u32(),
            _ => timestamp = timestamp.wrapping_add(choices.u8().into()),
        }
        let payload = Bytes::copy_from_slice(choices.chunk());
        let taken = match kind {
            0 | 1 | 2 | 6 => intake.video(now, timestamp, &payload),
            3 | 4 | 7 => intake.audio(now, timestamp, &payload),
            _ => {
                intake.set_sync_offset(i64::from(timestamp) * 1_000);
                Ok(())
            }
        };
        samples.extend(std::iter::from_fn(|| intake.poll_sample()).map(|sample| (now, sample)));
        while intake.poll_notice().is_some() {}
        drop(monitor.health(now));
        if taken.is_err() {
            break;
        }
    }
    samples
}

/// What the timeline promises, whatever the timestamps.
fn check_times(samples: &[Arrival]) {
    for kind in [TrackKind::Video, TrackKind::Audio] {
        let mut last = i64::MIN;
        for (_, sample) in samples.iter().filter(|(_, sample)| sample.kind() == kind) {
            let at = sample.dts_time().to_event().as_micros();
            assert!(at > last, "{kind:?} goes back from {last} to {at}");
            last = at;
            if sample.is_video_sync() {
                assert_eq!(sample.composition_offset, SYNC_COMPOSITION_OFFSET);
            }
        }
    }
}

fn package(samples: &[Arrival]) {
    let mut packager = Packager::new(PackagerConfig::new("f", 0, 0), EventTime::ZERO);
    packager.enable_ts();
    let mut viewer = viewer::Viewer::default();
    for (now, sample) in samples {
        packager.push(*now, sample.clone());
        viewer.look(&packager.snapshot());
    }
    if let Some((now, _)) = samples.last() {
        packager.end(*now);
        viewer.look(&packager.snapshot());
    }
}

/// The recording tells of as many fragments as it has, and they follow each other in the file.
fn record(samples: &[Arrival]) {
    let feed = Feed::new(FeedLimits::default());
    let mut reader = feed.reader(Start::Next);
    let mut source = feed.open(EventTime::ZERO);
    let mut writer = Writer::new(Rolling::default(), EventTime::ZERO, 0);
    let (mut index, mut media, mut file) = (Vec::new(), Vec::new(), 0);
    let mut now = EventTime::ZERO;
    for (at, sample) in samples {
        now = *at;
        source.push(now, sample.clone()).expect("nobody else writes");
        while let Some(read) = reader.try_next() {
            if let Read::Entry(entry) = read {
                writer.push(entry);
            }
        }
    }
    writer.end(now);
    while let Some(output) = writer.poll() {
        match output {
            Output::File(number) => (file, media) = (number, Vec::new()),
            Output::Media(bytes) => media.extend_from_slice(&bytes.to_bytes()),
            Output::Index(bytes) => index.extend_from_slice(&bytes),
        }
    }
    let timeline = Timeline::read(&index);
    let told =
        timeline.files().iter().find(|told| told.number == file).map_or(0, |told| told.bytes);
    assert_eq!(told, media.len() as u64, "the index tells of other bytes than there are");
}
