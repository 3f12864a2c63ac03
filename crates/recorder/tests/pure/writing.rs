//! What the writer makes of samples.

use std::sync::Arc;
use std::time::Duration;

use genlock_media::EventTime;
use genlock_recorder::index::GapReason;
use genlock_recorder::media::{read_fragment, read_init};
use genlock_recorder::repair::MediaFiles;
use genlock_recorder::timeline::Placed;
use genlock_recorder::{Rolling, Timeline, Writer};
use proptest::prelude::*;

use crate::support::{Camera, Folder, PICTURE, SECOND, hevc, other_avc, ticks};

/// Every record tells the truth about its file, and files hold nothing else.
fn check_against_files(folder: &Folder) -> Timeline {
    let timeline = folder.timeline();
    for init in timeline.inits() {
        let body = folder.read(init.file, init.init.offset, init.init.bytes).unwrap();
        let tracks = read_init(&body).unwrap();
        assert_eq!(tracks.video.is_some(), init.init.video.is_some());
        assert_eq!(
            tracks.audio.map(|audio| audio.codec_string),
            init.init.audio.as_ref().map(|audio| audio.codec.clone())
        );
    }
    for placed in timeline.fragments() {
        let fragment = placed.fragment;
        let body = folder.read(placed.file, fragment.offset, fragment.bytes).unwrap();
        let samples = read_fragment(&body).unwrap();
        assert_eq!(samples.video.as_ref().map(|run| run.span()), fragment.video);
        assert_eq!(samples.audio.as_ref().map(|run| run.span()), fragment.audio);
        let first = samples.video.and_then(|run| run.samples.first().copied());
        assert_eq!(first.is_none_or(|first| first.sync), fragment.sync);
    }
    for file in timeline.files() {
        assert_eq!(folder.bytes(file.number), Some(file.bytes));
    }
    timeline
}

fn video_lengths(timeline: &Timeline) -> Vec<u32> {
    timeline
        .fragments()
        .iter()
        .filter_map(|placed| placed.fragment.video)
        .map(|span| span.duration)
        .collect()
}

#[test]
fn fragments_end_at_sync_samples_and_after_a_second() {
    let mut camera = Camera::new(Rolling::default());
    camera.gop = 60; // 2.4 s
    camera.run(7_200);
    let timeline = check_against_files(&camera.end());
    let lengths = [[25_200; 8].as_slice(), &[14_400]].concat();
    assert_eq!(video_lengths(&timeline), lengths.repeat(3));
    let syncs: Vec<bool> = timeline.fragments().iter().map(|placed| placed.fragment.sync).collect();
    assert_eq!(syncs, [[true].as_slice(), &[false; 8]].concat().repeat(3));
    assert!(timeline.holes().is_empty());
    assert!(timeline.ended().is_some());
    assert_eq!(timeline.files().len(), 1);
}

#[test]
fn pictures_and_sound_of_a_fragment_cover_the_same_time() {
    for lag in [0, 200, 450] {
        let mut camera = Camera::new(Rolling::default());
        camera.audio_lag_ms = lag;
        camera.run(10_000);
        let timeline = check_against_files(&camera.folder);
        assert!(timeline.fragments().len() >= 9, "lag {lag}");
        for placed in timeline.fragments() {
            let audio = placed.fragment.audio.unwrap();
            let ends = EventTime::from_micros(audio.end() * 1_000_000 / 48_000);
            let apart = ticks(ends) - ticks(placed.end);
            assert!((0..=1_920).contains(&apart), "lag {lag}: {apart} ticks apart");
        }
    }
}

/// What has come and is not written is what a crash loses: at most a second, with the 50 ms between two turns. A picture comes
/// at its end here.
#[test]
fn never_more_than_a_second_is_held() {
    for (lag, gop) in [(0, 50), (200, 12), (450, 250), (900, 50), (5_000, 7)] {
        let mut camera = Camera::new(Rolling::default());
        (camera.audio_lag_ms, camera.gop) = (lag, gop);
        let begin = camera.at;
        for _ in 0..250 {
            camera.run(40);
            let timeline = camera.folder.timeline();
            let pictures = timeline.fragments().iter().filter_map(|placed| placed.fragment.video);
            let written = pictures.map(|span| span.end()).max().unwrap_or(begin);
            let held = (camera.at - written) / 90;
            assert!(held <= 940, "lag {lag}, GOP {gop}: {held} ms of pictures are held");
        }
    }
}

#[test]
fn times_are_those_of_the_event_clock() {
    let mut camera = Camera::new(Rolling::default());
    camera.run(3_000);
    let timeline = check_against_files(&camera.end());
    let first = timeline.fragments()[0];
    assert_eq!(first.fragment.video.unwrap().dts, 3_600 * SECOND);
    assert_eq!(first.begin, EventTime::from_millis(3_600_100));
}

#[test]
fn another_session_goes_on_behind_a_gap() {
    let mut camera = Camera::new(Rolling::default());
    camera.run(3_000);
    camera.pause(7_000);
    camera.reconnect();
    camera.run(3_000);
    let timeline = check_against_files(&camera.end());
    let [hole] = timeline.holes()[..] else { panic!("one gap: {:?}", timeline.holes()) };
    assert_eq!(hole.reason, Some(GapReason::Reconnect));
    assert_eq!(hole.to.saturating_since(hole.from), Duration::from_secs(7));
    assert!(timeline.fragments()[hole.before].fragment.sync);
    assert_eq!((timeline.files().len(), timeline.inits().len()), (1, 1));
}

#[test]
fn other_parameters_get_an_init_section_and_another_codec_a_file() {
    let mut camera = Camera::new(Rolling::default());
    camera.run(3_000);
    camera.video = other_avc();
    camera.sync_next();
    camera.run(3_000);
    camera.video = hevc();
    camera.sync_next();
    camera.run(3_000);
    let timeline = check_against_files(&camera.end());
    let places: Vec<u32> = timeline.inits().iter().map(|init| init.file).collect();
    assert_eq!(places, [1, 1, 2]);
    assert!(timeline.holes().is_empty(), "{:?}", timeline.holes());
    let lengths: i64 = video_lengths(&timeline).iter().map(|&ticks| i64::from(ticks)).sum();
    assert_eq!(lengths, 9 * SECOND);
}

#[test]
fn sound_that_comes_later_gets_a_file_that_begins_with_a_sync_sample() {
    let mut camera = Camera::new(Rolling::default());
    let sound = camera.audio.take();
    camera.run(5_000);
    camera.audio = sound;
    camera.pause(0);
    camera.run(5_000);
    let timeline = check_against_files(&camera.end());
    assert_eq!(timeline.files().len(), 2);
    let first = timeline.fragments().iter().find(|placed| placed.file == 2).unwrap();
    assert!(first.fragment.sync && first.fragment.audio.is_some());
    let lengths: i64 = video_lengths(&timeline).iter().map(|&ticks| i64::from(ticks)).sum();
    assert_eq!(lengths, 10 * SECOND);
}

#[test]
fn files_roll_at_sync_samples() {
    let rolling = Rolling { span: Duration::from_secs(3), ..Rolling::default() };
    let mut camera = Camera::new(rolling);
    camera.run(12_000);
    let timeline = check_against_files(&camera.end());
    let begins: Vec<(u32, i64)> = timeline
        .files()
        .iter()
        .map(|file| {
            let first = timeline.fragments().iter().find(|placed| placed.file == file.number);
            assert!(first.unwrap().fragment.sync);
            (file.number, ticks(first.unwrap().begin) / SECOND - 3_600)
        })
        .collect();
    assert_eq!(begins, [(1, 0), (2, 4), (3, 8)]);
    assert!(timeline.holes().is_empty());
}

#[test]
fn a_camera_that_hangs_leaves_nothing_in_memory() {
    let mut camera = Camera::new(Rolling::default());
    camera.run(2_400);
    let now = camera.now() + Duration::from_secs(2);
    camera.writer.handle_timeout(now);
    camera.folder.drain(&mut camera.writer);
    let timeline = check_against_files(&camera.folder);
    let lengths: i64 = video_lengths(&timeline).iter().map(|&ticks| i64::from(ticks)).sum();
    assert_eq!(lengths, 60 * PICTURE);
}

#[test]
fn times_that_go_back_or_cannot_be_are_refused_and_told() {
    let mut camera = Camera::new(Rolling::default());
    camera.run(4_000);
    let mut stray = genlock_media::Sample {
        config: Arc::clone(&camera.video),
        dts: camera.at - SECOND,
        composition_offset: 9_000,
        duration: None,
        dependency: genlock_media::Dependency::Reference,
        payload: vec![0, 0, 0, 1, 0x41].into(),
    };
    camera.push(stray.clone());
    stray.dts = camera.at + 3_600 * SECOND;
    camera.push(stray);
    camera.run(6_000);
    let timeline = check_against_files(&camera.end());
    let [hole] = timeline.holes()[..] else { panic!("one gap: {:?}", timeline.holes()) };
    assert_eq!((hole.reason, hole.lost), (Some(GapReason::Refused), 2));
    assert!(timeline.fragments()[hole.before..].iter().any(|placed| placed.fragment.sync));
}

#[test]
fn sound_alone_is_recorded() {
    let mut camera = Camera::new(Rolling::default());
    for second in 0..6 {
        for unit in 0..47 {
            let dts = 3_600 * 48_000 + (second * 47 + unit) * 1_024;
            camera.at = dts * 90 / 48;
            let config = camera.audio.clone().unwrap();
            camera.push(genlock_media::Sample {
                config,
                dts,
                composition_offset: 0,
                duration: None,
                dependency: genlock_media::Dependency::Sync,
                payload: vec![0x5A; 100].into(),
            });
        }
    }
    let timeline = check_against_files(&camera.end());
    assert!(timeline.fragments().iter().all(|placed| placed.fragment.sync));
    let ticks: u32 = timeline
        .fragments()
        .iter()
        .filter_map(|placed| placed.fragment.audio)
        .map(|span| span.duration)
        .sum();
    assert_eq!(ticks, 6 * 47 * 1_024);
}

#[test]
fn a_restart_goes_on_in_another_file() {
    let mut camera = Camera::new(Rolling::default());
    camera.run(4_000);
    let before = camera.folder.timeline();
    camera.writer = Writer::resume(Rolling::default(), camera.now(), &before);
    camera.pause(5_000);
    camera.epoch = 1;
    camera.sync_next();
    camera.run(4_000);
    let timeline = check_against_files(&camera.end());
    assert_eq!(timeline.files().len(), 2);
    assert_eq!(timeline.holes().len(), 1);
    assert_eq!(timeline.holes()[0].reason, Some(GapReason::Restart));
    assert_eq!(timeline.began(), before.began());
}

/// Bytes beyond payload at a usual rate: 0.3 % of a 6 Mb/s camera.
#[test]
fn a_recording_is_hardly_larger_than_its_media() {
    let mut camera = Camera::new(Rolling::default());
    camera.run(20_000);
    let pushed = 10 * (3_000 + 49 * 700) + 937 * 180;
    let folder = camera.end();
    let written: usize = folder.files.values().map(Vec::len).sum::<usize>() + folder.index.len();
    // This camera has 222 kb/s, a 27th of 6 Mb/s, whose headers weigh as much.
    let overhead = written - pushed;
    assert!(overhead * 100 < 27 * pushed, "{overhead} bytes on {pushed}");
}

#[derive(Debug, Clone)]
enum Step {
    Run(i64),
    Pause(i64),
    Reconnect,
    Parameters,
    Codec,
    Lag(i64),
    Gop(i64),
    Interrupt,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (40i64..6_000).prop_map(Step::Run),
        1 => (0i64..20_000).prop_map(Step::Pause),
        1 => Just(Step::Reconnect),
        1 => Just(Step::Parameters),
        1 => Just(Step::Codec),
        1 => (0i64..900).prop_map(Step::Lag),
        1 => (1i64..300).prop_map(Step::Gop),
        1 => Just(Step::Interrupt),
    ]
}

fn increases(placed: &[Placed]) -> bool {
    let video: Vec<_> = placed.iter().filter_map(|placed| placed.fragment.video).collect();
    let audio: Vec<_> = placed.iter().filter_map(|placed| placed.fragment.audio).collect();
    [video, audio].iter().all(|spans| spans.windows(2).all(|pair| pair[1].dts > pair[0].dts))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_a_camera_does_index_and_files_agree(steps in proptest::collection::vec(step(), 1..12)) {
        let rolling = Rolling { bytes: 200_000, span: Duration::from_secs(10) };
        let mut camera = Camera::new(rolling);
        let (first, second) = (camera.video.clone(), other_avc());
        for step in steps {
            match step {
                Step::Run(millis) => camera.run(millis),
                Step::Pause(millis) => camera.pause(millis),
                Step::Reconnect => camera.reconnect(),
                Step::Parameters => {
                    camera.video = if camera.video == first { second.clone() } else { first.clone() };
                    camera.sync_next();
                }
                Step::Codec => {
                    camera.video = if camera.video == first { hevc() } else { first.clone() };
                    camera.sync_next();
                }
                Step::Lag(millis) => camera.audio_lag_ms = millis,
                Step::Gop(pictures) => camera.gop = pictures,
                Step::Interrupt => {
                    let now = camera.now();
                    camera.writer.interrupt(now, GapReason::Overrun, 3);
                    camera.sync_next();
                }
            }
        }
        let folder = camera.end();
        let timeline = check_against_files(&folder);
        prop_assert!(increases(timeline.fragments()));
        for placed in timeline.fragments() {
            let body = folder.read(placed.file, placed.fragment.offset, placed.fragment.bytes);
            let pictures = read_fragment(&body.unwrap()).unwrap().video.map_or_else(Vec::new, |run| run.samples);
            // The last picture is shown until the next, however long that takes.
            let until_last: u32 = pictures.iter().rev().skip(1).map(|picture| picture.duration).sum();
            prop_assert!(until_last <= 90_000, "{until_last} ticks in a fragment");
        }
    }
}
