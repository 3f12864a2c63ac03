//! Behaviour of a Feed as its writers and readers see it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use genlock_feed::{Entry, Feed, FeedLimits, FeedReader, FeedWriter, Read, Start, Superseded};
use genlock_media::{
    AudioConfig, Dependency, EventTime, Sample, TrackConfig, TrackKind, VideoCodec, VideoConfig,
};
use proptest::prelude::*;

fn video_config() -> Arc<TrackConfig> {
    Arc::new(TrackConfig::Video(VideoConfig {
        codec: VideoCodec::Avc,
        record: Bytes::from_static(b"record"),
        parameter_sets: Vec::new(),
        width: 640,
        height: 360,
        codec_string: "avc1.64001f".to_owned(),
        frame_rate_hint: None,
        max_reorder_frames: None,
    }))
}

fn audio_config() -> Arc<TrackConfig> {
    Arc::new(TrackConfig::Audio(AudioConfig::default_aac()))
}

struct Source {
    video: Arc<TrackConfig>,
    audio: Arc<TrackConfig>,
}

impl Source {
    fn new() -> Self {
        Self { video: video_config(), audio: audio_config() }
    }

    fn video(&self, ms: i64, dependency: Dependency) -> Sample {
        self.sample(&self.video, ms * 90, dependency)
    }

    fn audio(&self, ms: i64) -> Sample {
        self.sample(&self.audio, ms * 48, Dependency::Sync)
    }

    fn sample(&self, config: &Arc<TrackConfig>, dts: i64, dependency: Dependency) -> Sample {
        Sample {
            config: Arc::clone(config),
            dts,
            composition_offset: 0,
            duration: None,
            dependency,
            payload: Bytes::from_static(&[0; 100]),
        }
    }
}

fn ms(value: i64) -> EventTime {
    EventTime::from_millis(value)
}

fn drain(reader: &mut FeedReader) -> Vec<Entry> {
    std::iter::from_fn(|| reader.try_next())
        .map(|read| match read {
            Read::Entry(entry) => entry,
            Read::Lagged { samples } => panic!("lagged by {samples}"),
        })
        .collect()
}

fn kinds_and_ms(entries: &[Entry]) -> Vec<(TrackKind, i64)> {
    entries.iter().map(|e| (e.sample.kind(), e.sample.pts_event().as_millis())).collect()
}

#[test]
fn a_reader_at_a_sync_sample_gets_audio_that_arrived_before_it_and_none_from_before_it() {
    let feed = Feed::new(FeedLimits::default());
    let source = Source::new();
    let mut writer = feed.open(ms(0));
    for sample in [
        source.video(0, Dependency::Sync),
        source.audio(960),
        source.audio(1000),
        source.audio(1020),
        source.video(1000, Dependency::Sync),
        source.audio(990),
        source.video(1040, Dependency::Reference),
        source.audio(1040),
    ] {
        writer.push(ms(1100), sample).unwrap();
    }
    let entries = drain(&mut feed.reader(Start::NewestSync));
    use TrackKind::{Audio, Video};
    assert_eq!(
        kinds_and_ms(&entries),
        [(Audio, 1000), (Audio, 1020), (Video, 1000), (Audio, 990), (Video, 1040), (Audio, 1040)]
    );
}

#[test]
fn a_reader_that_starts_next_waits_for_a_sync_sample() {
    let feed = Feed::new(FeedLimits::default());
    let source = Source::new();
    let mut writer = feed.open(ms(0));
    writer.push(ms(0), source.video(0, Dependency::Sync)).unwrap();
    let mut reader = feed.reader(Start::Next);
    writer.push(ms(40), source.video(40, Dependency::Reference)).unwrap();
    assert!(reader.try_next().is_none());
    writer.push(ms(80), source.video(80, Dependency::Sync)).unwrap();
    assert_eq!(kinds_and_ms(&drain(&mut reader)), [(TrackKind::Video, 80)]);
}

#[test]
fn a_slow_reader_is_told_its_loss_and_resumes_at_the_newest_sync_sample() {
    let feed = Feed::new(FeedLimits { samples: 4, ..FeedLimits::default() });
    let source = Source::new();
    let mut writer = feed.open(ms(0));
    writer.push(ms(0), source.video(0, Dependency::Sync)).unwrap();
    let mut reader = feed.reader(Start::NewestSync);
    for frame in 1..10 {
        let dependency = if frame == 8 { Dependency::Sync } else { Dependency::Reference };
        writer.push(ms(frame), source.video(frame * 40, dependency)).unwrap();
    }
    assert!(matches!(reader.try_next(), Some(Read::Lagged { samples: 8 })));
    assert_eq!(
        kinds_and_ms(&drain(&mut reader)),
        [(TrackKind::Video, 320), (TrackKind::Video, 360)]
    );
}

#[test]
fn a_newer_session_supersedes_the_older_writer() {
    let feed = Feed::new(FeedLimits::default());
    let source = Source::new();
    let mut old = feed.open(ms(0));
    old.push(ms(0), source.video(0, Dependency::Sync)).unwrap();
    let new = feed.open(ms(10));
    assert_eq!(old.push(ms(20), source.video(40, Dependency::Sync)), Err(Superseded));
    drop(old);
    assert!(feed.status().live, "closing a superseded session must not end the newer one");
    assert!(feed.newest_sync().is_none(), "sync samples of an older session are not the newest");
    new.close(ms(30));
    assert!(!feed.status().live);
    assert_eq!(feed.status().live_changed, Some(ms(30)));
}

#[test]
fn old_entries_leave_by_span_and_by_bytes() {
    let limits = FeedLimits { span: Duration::from_secs(1), bytes: 1000, ..FeedLimits::default() };
    let feed = Feed::new(limits);
    let source = Source::new();
    let mut writer = feed.open(ms(0));
    for frame in 0..30 {
        writer.push(ms(0), source.video(frame, Dependency::Sync)).unwrap();
    }
    assert_eq!(feed.status().bytes_held, 1000);
    writer.push(ms(2000), source.video(2000, Dependency::Sync)).unwrap();
    assert_eq!(feed.status().samples_held, 1);
    assert_eq!(feed.sync_points().len(), 1);
}

/// A Feed that keeps a second, and three for who needs it.
fn two_spans() -> (Feed, FeedWriter, Source) {
    let span = Duration::from_secs(1);
    let held_span = Duration::from_secs(3);
    let feed = Feed::new(FeedLimits { span, held_span, ..FeedLimits::default() });
    let writer = feed.open(ms(0));
    (feed, writer, Source::new())
}

fn oldest_ms(feed: &Feed) -> Option<i64> {
    let first = drain(&mut feed.reader(Start::OldestSync)).into_iter().next()?;
    Some(kinds_and_ms(&[first])[0].1)
}

#[test]
fn what_a_holding_reader_has_not_read_stays_longer_and_not_for_ever() {
    let (feed, mut writer, source) = two_spans();
    let mut holder = feed.reader(Start::Next).holding();
    for tick in 0..=20 {
        writer.push(ms(tick * 100), source.video(tick * 100, Dependency::Sync)).unwrap();
    }
    assert_eq!(oldest_ms(&feed), Some(0));
    assert_eq!(drain(&mut holder).len(), 21, "nothing was lost");
    writer.push(ms(2100), source.video(2100, Dependency::Sync)).unwrap();
    assert_eq!(oldest_ms(&feed), Some(1100), "what is read goes as it does without a holder");
    for tick in 22..=60 {
        writer.push(ms(tick * 100), source.video(tick * 100, Dependency::Sync)).unwrap();
    }
    assert_eq!(oldest_ms(&feed), Some(3000));
    assert!(matches!(holder.try_next(), Some(Read::Lagged { .. })));
    drop(holder);
    writer.push(ms(6100), source.video(6100, Dependency::Sync)).unwrap();
    assert_eq!(oldest_ms(&feed), Some(5100));
}

#[test]
fn the_newest_group_of_pictures_stays_whole() {
    let (feed, mut writer, source) = two_spans();
    writer.push(ms(0), source.video(0, Dependency::Sync)).unwrap();
    for tick in 1..=25 {
        writer.push(ms(tick * 100), source.video(tick * 100, Dependency::Reference)).unwrap();
    }
    assert_eq!(feed.newest_sync().map(|sync| sync.pts), Some(ms(0)));
    writer.push(ms(2600), source.video(2600, Dependency::Sync)).unwrap();
    assert_eq!(feed.sync_points().len(), 1, "and goes with the next one");
    assert_eq!(oldest_ms(&feed), Some(2600));
}

#[tokio::test]
async fn a_waiting_reader_is_woken_by_a_push() {
    let feed = Feed::new(FeedLimits::default());
    let source = Source::new();
    let mut writer = feed.open(ms(0));
    let mut reader = feed.reader(Start::Next);
    let waiting = tokio::spawn(async move { reader.next().await });
    tokio::task::yield_now().await;
    writer.push(ms(0), source.video(7, Dependency::Sync)).unwrap();
    let Read::Entry(entry) = waiting.await.unwrap() else { panic!("lagged") };
    assert_eq!(entry.sample.pts_event(), ms(7));
}

#[tokio::test]
async fn a_watch_tells_what_changed_since_it_was_made_or_last_asked() {
    let feed = Feed::new(FeedLimits::default());
    let mut watch = feed.watch();
    let mut other = watch.clone();
    let writer = feed.open(ms(0));
    watch.changed().await;
    let waiting = tokio::spawn(async move { watch.changed().await });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished(), "it was told already");
    writer.close(ms(5));
    waiting.await.unwrap();
    other.changed().await;
    drop(feed);
    let again = tokio::spawn(async move { other.changed().await });
    tokio::task::yield_now().await;
    assert!(!again.is_finished(), "nobody is left who could change it");
    again.abort();
}

proptest! {
    /// Whatever the order of pushes and reads, a reader sees positions that only grow, and its losses
    /// plus its entries account for everything between.
    #[test]
    fn positions_only_grow_and_losses_are_counted(
        steps in proptest::collection::vec((any::<bool>(), any::<bool>()), 1..300),
        capacity in 2usize..20,
    ) {
        let feed = Feed::new(FeedLimits { samples: capacity, ..FeedLimits::default() });
        let source = Source::new();
        let mut writer = feed.open(ms(0));
        let mut reader = feed.reader(Start::OldestSync);
        let mut last = None;
        for (tick, (push, sync)) in steps.into_iter().enumerate() {
            let tick = i64::try_from(tick).unwrap();
            if push {
                let dependency = if sync { Dependency::Sync } else { Dependency::Reference };
                writer.push(ms(tick), source.video(tick, dependency)).unwrap();
            } else if let Some(Read::Entry(entry)) = reader.try_next() {
                prop_assert!(last.is_none_or(|last| entry.position > last));
                last = Some(entry.position);
            }
            prop_assert!(feed.status().samples_held <= capacity);
        }
    }
}
