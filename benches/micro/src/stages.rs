//! One function for each stage. Each returns something that depends on all of its work, so that none of it is left out.

use std::sync::Arc;

use bytes::Bytes;
use genlock_feed::{Feed, FeedLimits, Position, Read, Start};
use genlock_ingest::demux::Demuxer;
use genlock_media::{EventTime, Sample};
use genlock_packager::cmaf;
use genlock_packager::ts::TsMuxer;
use genlock_packager::{
    Dialect, Encoding, Flavour, Packager, PackagerConfig, PlaylistRequest, Skip, Snapshot,
    TimedSample,
};
use genlock_program::planner::{self, Plan, ProgramView, SyncTime, TargetView, Terms};
use genlock_program::{CameraId, CutStyle, Priority, ProgramConfig, ProgramCore, StylePolicy};
use genlock_rtmp::Limits;
use genlock_rtmp::chunk::{ChunkReader, Phase};
use genlock_rtmp::message::{Message, MessageType};

use crate::camera::CHUNK_SIZE;

/// RTMP bytes to messages; their number.
#[must_use]
pub fn read_chunks(pieces: &[Bytes]) -> usize {
    let mut reader = ChunkReader::new(Limits::default(), 0);
    reader.set_phase(Phase::Publishing);
    reader.set_chunk_size(CHUNK_SIZE);
    let mut messages = 0;
    for piece in pieces {
        let mut input = piece.clone();
        while let Ok(Some(_)) = reader.next_message(&mut input) {
            messages += 1;
        }
    }
    messages
}

/// FLV tags to access units; their bytes.
#[must_use]
pub fn demux(messages: &[Message]) -> usize {
    let mut demuxer = Demuxer::new();
    let mut bytes = 0;
    for message in messages {
        let ms = message.timestamp.0;
        let now = EventTime::from_millis(i64::from(ms));
        let unit = match message.kind {
            MessageType::VIDEO => demuxer.video(now, ms, &message.payload),
            _ => demuxer.audio(now, ms, &message.payload),
        };
        bytes += unit.ok().flatten().map_or(0, |unit| unit.payload.len());
    }
    bytes
}

/// Samples into a Feed and out of it by one reader; their number.
#[must_use]
pub fn pass_through_feed(samples: &[(EventTime, Sample)]) -> usize {
    let feed = Feed::new(FeedLimits::default());
    let mut writer = feed.open(EventTime::from_millis(0));
    let mut reader = feed.reader(Start::NewestSync);
    let mut read = 0;
    for (now, sample) in samples {
        let _ = writer.push(*now, sample.clone());
        while let Some(Read::Entry(_)) = reader.try_next() {
            read += 1;
        }
    }
    read
}

/// A camera's sync samples of half a minute, as the planner sees them.
#[must_use]
pub fn sync_times() -> Vec<SyncTime> {
    (0..15)
        .map(|index| SyncTime {
            position: Position(index * 154),
            pts: EventTime::from_millis(i64::try_from(index).unwrap_or_default() * 2_000),
            arrived: EventTime::from_millis(i64::try_from(index).unwrap_or_default() * 2_000 + 120),
        })
        .collect()
}

/// Plans an instant cut in the middle of a GOP.
#[must_use]
pub fn plan_a_cut(syncs: &[SyncTime]) -> Plan {
    let now = EventTime::from_millis(29_000);
    let styles = StylePolicy::default();
    let terms = Terms { now, fresh: std::time::Duration::from_millis(900), styles };
    let program = ProgramView { edge: Some(now), video: None, audio: None };
    let target = TargetView { syncs, video: None, audio: None };
    planner::plan(&program, &target, CutStyle::Instant, &terms)
}

/// Two equal cameras through a programme that takes the other one every two seconds; entries of its Feed.
#[must_use]
pub fn splice(samples: &[(EventTime, Sample)]) -> u64 {
    let start = EventTime::from_millis(0);
    let (output, feeds) =
        (Feed::new(FeedLimits::default()), [(); 2].map(|()| Feed::new(FeedLimits::default())));
    let mut program = ProgramCore::new(ProgramConfig::default(), &output, start);
    let names = ["a", "b"].map(CameraId::from);
    let mut writers = feeds.each_ref().map(|feed| feed.open(start));
    for (name, feed) in names.iter().zip(&feeds) {
        program.add_camera(name.clone(), feed.clone(), Priority::default());
    }
    let (mut next_take, mut turn) = (EventTime::from_millis(1_500), 1);
    for (now, sample) in samples {
        for writer in &mut writers {
            let _ = writer.push(*now, sample.clone());
        }
        if *now >= next_take {
            next_take = *now + std::time::Duration::from_secs(2);
            if let Some(name) = names.get(turn % 2) {
                let _ = program.take(*now, name, Some(CutStyle::Instant));
            }
            turn += 1;
        }
        program.advance(*now);
        while program.poll_event().is_some() {}
    }
    output.reader(Start::OldestSync).behind()
}

/// One part: `moof`, header of `mdat`, and payloads by reference; its bytes.
#[must_use]
pub fn mux_cmaf(video: &[TimedSample], audio: &[TimedSample]) -> usize {
    cmaf::fragment(1, video, audio).map_or(0, |chain| chain.len())
}

/// One segment of MPEG-TS; its bytes.
#[must_use]
pub fn mux_ts(video: &[TimedSample], audio: &[TimedSample]) -> usize {
    TsMuxer::new().segment(video, audio).map_or(0, |segment| segment.len())
}

/// Samples through a packager; its last snapshot, of which nothing has been rendered.
#[must_use]
pub fn package(samples: &[(EventTime, Sample)]) -> Arc<Snapshot> {
    let mut packager = Packager::new(PackagerConfig::new("micro", 1, 0), EventTime::from_millis(0));
    for (now, sample) in samples {
        packager.push(*now, sample.clone());
        if packager.poll_timeout().is_some_and(|deadline| deadline <= *now) {
            packager.handle_timeout(*now);
        }
    }
    packager.snapshot()
}

/// The media playlist in one form; its bytes.
#[must_use]
pub fn render(snapshot: &Snapshot, encoding: Encoding) -> usize {
    let request = PlaylistRequest {
        flavour: Flavour::Cmaf,
        dialect: Dialect::Strict,
        skip: Skip::No,
        encoding,
    };
    snapshot.media_playlist(&request).map_or(0, |playlist| playlist.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera;

    #[test]
    fn every_stage_does_its_work() {
        let (seconds, samples) = (4, camera::samples(4));
        assert_eq!(read_chunks(&camera::wire(seconds)), samples.len() + 2);
        let bytes: usize = samples.iter().map(|(_, sample)| sample.payload.len()).sum();
        assert_eq!(demux(&camera::messages(seconds)), bytes);
        assert_eq!(pass_through_feed(&samples), samples.len());
        assert_eq!(plan_a_cut(&sync_times()).forecast.style, CutStyle::Instant);
        assert!(splice(&samples) > 200, "{}", splice(&samples));
        let (video, audio) = (camera::pictures(0, 15), camera::access_units(0, 23));
        assert!(mux_cmaf(&video, &audio) > 450_000);
        assert!(mux_ts(&video, &audio) > 480_000);
        let snapshot = package(&samples);
        assert!(render(&snapshot, Encoding::Identity) > render(&snapshot, Encoding::Gzip));
    }
}
