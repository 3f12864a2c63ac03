//! A table of pairs, one for each field, and the promise that verdict and cost agree.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use genlock_media::{AudioConfig, FrameRate, TrackConfig, TrackKind, VideoCodec, VideoConfig};

use super::*;
use crate::testing::{audio_config, video_config};

const GOP_WANTED: Duration = Duration::from_secs(4);

/// A stream of 30 fps, two B-frames and a sync sample each two seconds.
struct Stream {
    video: TrackConfig,
    audio: Option<Arc<TrackConfig>>,
    cadence: Cadence,
}

impl Stream {
    fn new() -> Self {
        let cadence = Cadence {
            frames_per_second: Some(30.0),
            reorder_frames: Some(2),
            gop: Some(Duration::from_secs(2)),
        };
        Self { video: (*video_config(1)).clone(), audio: Some(audio_config(0x1190)), cadence }
    }

    fn with_video(change: impl FnOnce(&mut VideoConfig)) -> Self {
        let mut stream = Self::new();
        let TrackConfig::Video(video) = &mut stream.video else { panic!("is video") };
        change(video);
        stream
    }

    fn with_audio(asc: u16) -> Self {
        Self { audio: Some(audio_config(asc)), ..Self::new() }
    }

    fn with_cadence(change: impl FnOnce(&mut Cadence)) -> Self {
        let mut stream = Self::new();
        change(&mut stream.cadence);
        stream
    }

    fn view(&self) -> StreamView<'_> {
        let audio = self.audio.as_deref();
        StreamView { live: true, video: Some(&self.video), audio, cadence: self.cadence }
    }
}

/// Other parameter sets of H.264, with everything that follows from them.
fn other_sps(video: &mut VideoConfig, record: &str) {
    let digit = |at: usize| u8::from_str_radix(&record[at..at + 2], 16).unwrap();
    let record: Bytes = (0..record.len()).step_by(2).map(digit).collect();
    *video = VideoConfig::from_avcc(&record).unwrap();
}

/// Compares with [`Stream::new`] and expects exactly one difference.
#[track_caller]
fn check(camera: &Stream, field: Field, verdict: Verdict, words: (&str, &str), setting: &str) {
    let program = Stream::new();
    let got = compare(&program.view(), &camera.view(), GOP_WANTED);
    let [difference] = got.differences.as_slice() else { panic!("one difference: {got:#?}") };
    assert_eq!((difference.field, got.verdict), (field, verdict), "{got:#?}");
    assert_eq!((difference.expected.as_str(), difference.got.as_str()), words);
    assert_eq!(difference.setting, setting);
    assert!(setting.starts_with(field.setting_path()), "{}", field.setting_path());
    assert_eq!(difference.cost, got.discontinuity);
    let sentence = format!("{}; the programme has {}.", words.1, words.0);
    assert!(difference.sentence().contains(&sentence), "{}", difference.sentence());
}

#[test]
fn equal_streams_are_seamless() {
    let got = compare(&Stream::new().view(), &Stream::new().view(), GOP_WANTED);
    assert_eq!((got.verdict, got.discontinuity), (Verdict::Seamless, Discontinuity::None));
    assert_eq!((got.differences, got.lost_in_ts), (vec![], vec![]));
}

#[test]
fn one_picture_difference_each() {
    use Verdict::{Discontinuity, Seamless};
    let hevc = Stream::with_video(|video| video.codec = VideoCodec::Hevc);
    let setting = "Settings > Output > Streaming > Video Encoder: x264 or another H.264 encoder";
    check(&hevc, Field::VideoCodec, Discontinuity, ("H.264", "HEVC"), setting);

    let large = Stream::with_video(|video| (video.width, video.height) = (1920, 1080));
    let setting = "Settings > Video > Output (Scaled) Resolution: 1280x720";
    check(&large, Field::Resolution, Discontinuity, ("1280x720", "1920x1080"), setting);

    let fast = Stream::with_cadence(|cadence| cadence.frames_per_second = Some(50.03));
    let setting = "Settings > Video > Common FPS Values: 30";
    check(&fast, Field::FrameRate, Seamless, ("30", "50 PAL"), setting);

    let written = Stream {
        cadence: Cadence { frames_per_second: Some(25.0), ..Stream::new().cadence },
        ..Stream::with_video(|video| video.frame_rate_hint = FrameRate::new(25, 1))
    };
    check(&written, Field::FrameRate, Discontinuity, ("30", "25 PAL"), setting);

    let flat = Stream::with_video(|video| video.max_reorder_frames = Some(0));
    let setting = "Settings > Output > Streaming > B-Frames: 3 (x264 Options: bframes=3)";
    check(&flat, Field::BFrames, Discontinuity, ("2 deep", "none"), setting);

    let long = Stream::with_cadence(|cadence| cadence.gop = Some(Duration::from_millis(8300)));
    let setting = "Settings > Output > Streaming > Keyframe Interval: 2 s";
    check(&long, Field::Gop, Seamless, ("2.0 s", "8.3 s"), setting);

    let other = Stream { video: (*video_config(2)).clone(), ..Stream::new() };
    let setting = "Settings > Output > Streaming: the same Video Encoder, Rate Control, Preset, Profile and Tune";
    let words = ("its own parameter sets", "others");
    check(&other, Field::VideoParameters, Discontinuity, words, setting);
}

#[test]
fn profile_level_chroma_and_scan_are_read_from_the_parameter_sets() {
    /// x264, High 4:2:2, 720x576, interlaced.
    const INTERLACED_422: &str = "017a001effe10023677a001ebcd940b424d808800000030080000019302000\
        7a12000f427261807c50a65801000568fbacb22cfef8f800";
    let camera = Stream::with_video(|video| other_sps(video, INTERLACED_422));
    let got = compare(&Stream::new().view(), &camera.view(), GOP_WANTED);
    let found = |field| got.differences.iter().find(|difference| difference.field == field);
    assert_eq!(found(Field::PixelFormat).unwrap().got, "4:2:2 8 bit");
    let setting = "Settings > Advanced > Color Format: NV12";
    assert_eq!(found(Field::PixelFormat).unwrap().setting, setting);
    assert_eq!(found(Field::Scan).unwrap().got, "interlaced");
    assert_eq!(
        found(Field::VideoProfile).unwrap().setting,
        "Settings > Output > Streaming > Profile: high"
    );

    for difference in &got.differences {
        let Difference { field, setting, .. } = difference;
        assert!(setting.starts_with(field.setting_path()), "{difference:?}");
    }

    // The level alone: byte 3 of the SPS.
    let camera = Stream::with_video(|video| {
        let mut sps = video.parameter_sets[0].to_vec();
        sps[3] = 40;
        video.parameter_sets[0] = sps.into();
    });
    let setting = "Settings > Output > Streaming > x264 Options: level=3.1";
    let words = ("High 3.1", "High 4.0");
    check(&camera, Field::VideoProfile, Verdict::Discontinuity, words, setting);
}

#[test]
fn one_sound_difference_each() {
    use Verdict::AudioChange;
    let setting = "Settings > Audio > Sample Rate: 48 kHz";
    let slow = Stream::with_audio(0x1210);
    check(&slow, Field::SampleRate, AudioChange, ("48 kHz", "44.1 kHz"), setting);

    let setting = "Settings > Audio > Channels: Stereo";
    check(&Stream::with_audio(0x1188), Field::Channels, AudioChange, ("Stereo", "Mono"), setting);

    let mut opus = Stream::new();
    let head = Bytes::from_static(b"OpusHead\x01\x02\x38\x01\x80\xbb\0\0\0\0\0");
    opus.audio = Some(Arc::new(TrackConfig::Audio(AudioConfig::from_opus_head(&head).unwrap())));
    let setting = "Settings > Output > Streaming > Audio Encoder: FFmpeg AAC";
    check(&opus, Field::AudioCodec, AudioChange, ("AAC", "Opus"), setting);

    // Explicit SBR over a core of 48 kHz: object type 5, rate 3, channels 2, extension rate 3, core LC.
    let mut he = Stream::new();
    let asc = Bytes::from_static(&[0x29, 0x91, 0x88, 0x00]);
    he.audio = Some(Arc::new(TrackConfig::Audio(AudioConfig::from_asc(&asc).unwrap())));
    let setting = "Settings > Output > Audio > Audio Bitrate: 128 or more (encoder set to AAC LC)";
    check(&he, Field::AudioProfile, AudioChange, ("AAC LC", "HE-AAC"), setting);

    // 960 samples in an access unit.
    let setting = "Settings > Output > Streaming > Audio Encoder: FFmpeg AAC";
    let words = ("its own", "another");
    check(&Stream::with_audio(0x1194), Field::AudioParameters, AudioChange, words, setting);
}

#[test]
fn what_is_not_worth_a_word() {
    let program = Stream::new();
    let silent = Stream { audio: None, ..Stream::new() };
    let near = Stream::with_cadence(|cadence| cadence.frames_per_second = Some(29.97));
    let unmeasured = Stream { cadence: Cadence::default(), ..Stream::new() };
    let rounded = Duration::from_millis(4_001);
    let four = Stream::with_cadence(|cadence| cadence.gop = Some(rounded));
    let got = compare(&StreamView::default(), &four.view(), GOP_WANTED);
    assert_eq!((got.differences, got.gop_too_long), (vec![], false), "4 s, rounded");
    for camera in [silent, near, unmeasured] {
        let got = compare(&program.view(), &camera.view(), GOP_WANTED);
        assert_eq!((got.verdict, got.differences), (Verdict::Seamless, vec![]));
    }
    let idle = StreamView::default();
    let got = compare(&idle, &program.view(), GOP_WANTED);
    assert_eq!((got.verdict, got.differences), (Verdict::Seamless, vec![]), "nothing on air yet");
}

#[test]
fn a_long_gop_is_named_without_a_programme_and_beside_a_longer_one() {
    let long = Stream::with_cadence(|cadence| cadence.gop = Some(Duration::from_millis(8300)));
    for program in [StreamView::default(), long.view()] {
        let got = compare(&program, &long.view(), GOP_WANTED);
        assert_eq!(got.verdict, Verdict::Seamless);
        let [gop] = got.differences.as_slice() else { panic!("{got:#?}") };
        assert_eq!((gop.field, gop.expected.as_str()), (Field::Gop, "at most 4.0 s"));
    }
}

#[test]
fn a_camera_without_a_picture_cannot_be_taken() {
    let program = Stream::new();
    let got = compare(&program.view(), &StreamView::default(), GOP_WANTED);
    assert_eq!((got.verdict, got.obstacle), (Verdict::NotPossible, Some(Obstacle::NotLive)));
    let audio_only = StreamView { video: None, ..program.view() };
    let got = compare(&program.view(), &audio_only, GOP_WANTED);
    assert_eq!((got.verdict, got.obstacle), (Verdict::NotPossible, Some(Obstacle::NoPicture)));
}

#[test]
fn mpeg_ts_carries_h264_and_aac_only() {
    let mut camera = Stream::with_video(|video| video.codec = VideoCodec::Av1);
    let head = Bytes::from_static(b"OpusHead\x01\x02\x38\x01\x80\xbb\0\0\0\0\0");
    camera.audio = Some(Arc::new(TrackConfig::Audio(AudioConfig::from_opus_head(&head).unwrap())));
    let got = compare(&Stream::new().view(), &camera.view(), GOP_WANTED);
    assert_eq!(got.lost_in_ts, [TrackKind::Video, TrackKind::Audio]);
    assert_eq!((got.verdict, got.discontinuity), (Verdict::AudioChange, Discontinuity::Codec));
}

#[test]
fn the_dearest_difference_costs_what_the_cut_costs() {
    let videos = [
        Stream::new(),
        Stream { video: (*video_config(2)).clone(), ..Stream::new() },
        Stream::with_video(|video| video.codec = VideoCodec::Hevc),
        Stream::with_video(|video| video.width = 640),
        Stream::with_cadence(|cadence| cadence.reorder_frames = Some(0)),
        Stream::with_video(|video| video.max_reorder_frames = None),
    ];
    let audios = [Some(0x1190), Some(0x1210), Some(0x1188), Some(0x1194), None];
    for (old, new) in videos.iter().flat_map(|old| videos.iter().map(move |new| (old, new))) {
        for asc in audios {
            let audio = asc.map(audio_config);
            let camera = StreamView { audio: audio.as_deref(), ..new.view() };
            let got = compare(&old.view(), &camera, GOP_WANTED);
            let dearest = got.differences.iter().map(|difference| difference.cost).max();
            assert_eq!(dearest.unwrap_or(Discontinuity::None), got.discontinuity, "{got:#?}");
        }
    }
}

#[test]
fn the_list_of_fields_is_whole_and_its_names_differ() {
    let names: std::collections::BTreeSet<_> = Field::ALL.map(Field::as_str).into();
    let issues: std::collections::BTreeSet<_> = Field::ALL.map(Field::issue_type).into();
    assert_eq!((names.len(), issues.len()), (Field::ALL.len(), Field::ALL.len()));
}
