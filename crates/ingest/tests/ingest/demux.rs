//! The demuxer against what real encoders send.

use bytes::Bytes;
use genlock_ingest::demux::{DemuxError, Demuxer, Notice};
use genlock_ingest::limits::{CONFIG_CHANGES_PER_MINUTE_MAX, MALFORMED_IN_A_ROW_MAX};
use genlock_ingest::unit::Unit;
use genlock_media::{Dependency, EventTime, TrackKind, VideoCodec};
use genlock_rtmp::flv::{AudioCodecId, AudioPacket, FourCc, VideoCodecId, VideoPacket};

use crate::fixtures::*;

const NOW: EventTime = EventTime::ZERO;
const AVC: VideoCodecId = VideoCodecId::Avc;
const AAC: AudioCodecId = AudioCodecId::Aac;

/// A demuxer whose messages all arrive at once, with what came out of it.
#[derive(Default)]
struct Bench {
    demuxer: Demuxer,
    units: Vec<Unit>,
}

impl Bench {
    fn video(&mut self, payload: &Bytes) -> &mut Self {
        self.units.extend(self.demuxer.video(NOW, 0, payload).expect("the session goes on"));
        self
    }

    fn audio(&mut self, payload: &Bytes) -> &mut Self {
        self.units.extend(self.demuxer.audio(NOW, 0, payload).expect("the session goes on"));
        self
    }

    fn notices(&mut self) -> Vec<Notice> {
        std::iter::from_fn(|| self.demuxer.poll_notice()).collect()
    }

    fn widths(&self) -> Vec<u32> {
        self.units.iter().filter_map(|unit| Some(unit.config.as_video()?.width)).collect()
    }
}

#[test]
fn avc_and_aac_come_through() {
    let mut bench = Bench::default();
    bench
        .video(&video_header(AVC, AVCC))
        .audio(&audio_header(AAC, ASC))
        .video(&picture(AVC, 67, &[AVC_IDR]))
        .audio(&sound(AAC))
        .video(&picture(AVC, 133, &[AVC_P]))
        .video(&picture(AVC, -5, &[AVC_B]));
    let got: Vec<_> = bench
        .units
        .iter()
        .map(|unit| (unit.kind(), unit.composition_micros, unit.dependency))
        .collect();
    assert_eq!(
        got,
        [
            (TrackKind::Video, 67_000, Dependency::Sync),
            (TrackKind::Audio, 0, Dependency::Sync),
            (TrackKind::Video, 133_000, Dependency::Reference),
            (TrackKind::Video, -5_000, Dependency::Disposable),
        ]
    );
    assert_eq!(bench.notices(), []);
}

#[test]
fn hevc_comes_through_both_headers() {
    for codec in [HEVC, VideoCodecId::HevcLegacy] {
        let mut bench = Bench::default();
        bench.video(&video_header(codec, HVCC)).video(&picture(codec, 0, &[HEVC_IDR]));
        let config = bench.units[0].config.as_video().expect("video");
        assert_eq!((config.codec, config.width), (VideoCodec::Hevc, 64));
    }
}

#[test]
fn av1_and_opus_come_through() {
    let mut bench = Bench::default();
    // A temporal delimiter and a frame OBU with a shown key frame.
    let key = Bytes::from_static(&[0x12, 0, 0x32, 3, 0x10, 0, 0]);
    let frames = VideoPacket::CodedFrames { composition_time_ms: 0 };
    bench
        .video(&video_header(AV1, AV1C))
        .video(&video_tag(AV1, frames, key))
        .audio(&audio_header(OPUS, OPUS_HEAD))
        .audio(&sound(OPUS));
    let codecs: Vec<_> = bench.units.iter().map(|unit| unit.config.codec_string()).collect();
    assert_eq!(codecs.len(), 2);
    assert!(codecs[0].starts_with("av01."), "{codecs:?}");
    assert_eq!(codecs[1], "opus");
    assert_eq!(bench.units[0].dependency, Dependency::Sync);
}

#[test]
fn an_identical_sequence_header_changes_nothing() {
    let mut bench = Bench::default();
    bench.video(&video_header(AVC, AVCC)).audio(&audio_header(AAC, ASC));
    bench.video(&picture(AVC, 0, &[AVC_IDR])).audio(&sound(AAC));
    bench.video(&video_header(AVC, AVCC)).audio(&audio_header(AAC, ASC));
    bench.video(&picture(AVC, 0, &[AVC_IDR])).audio(&sound(AAC));
    assert!(std::sync::Arc::ptr_eq(&bench.units[0].config, &bench.units[2].config));
    assert!(std::sync::Arc::ptr_eq(&bench.units[1].config, &bench.units[3].config));
    assert_eq!(bench.notices(), []);
}

#[test]
fn a_changed_sequence_header_takes_effect_at_the_next_sync_sample() {
    let mut bench = Bench::default();
    bench.video(&video_header(AVC, AVCC)).video(&picture(AVC, 0, &[AVC_IDR]));
    bench.video(&video_header(AVC, AVCC_WIDE)).video(&picture(AVC, 0, &[AVC_P]));
    bench.video(&picture(AVC, 0, &[AVC_IDR])).video(&picture(AVC, 0, &[AVC_P]));
    assert_eq!(bench.widths(), [64, 64, 96, 96]);
    assert_eq!(bench.notices(), [Notice::Reconfigured(TrackKind::Video)]);
}

#[test]
fn parameter_sets_changed_only_in_band_are_noticed() {
    let mut bench = Bench::default();
    let (sps, pps) = (hex(SPS_WIDE), hex(PPS));
    bench.video(&video_header(AVC, AVCC)).video(&picture(AVC, 0, &[AVC_IDR]));
    bench.video(&picture(AVC, 0, &[&sps, &pps, AVC_IDR])).video(&picture(AVC, 0, &[AVC_P]));
    // The header as it was is repeated: what came in band since is newer.
    bench.video(&video_header(AVC, AVCC)).video(&picture(AVC, 0, &[&sps, &pps, AVC_IDR]));
    assert_eq!(bench.widths(), [64, 96, 96, 96]);
    assert_eq!(bench.units[1].payload, nals(&[AVC_IDR]), "without the parameter sets");
    assert_eq!(bench.notices(), [Notice::Reconfigured(TrackKind::Video)]);
}

#[test]
fn parameter_sets_in_a_message_of_their_own_count_for_the_next_sync_sample() {
    let mut bench = Bench::default();
    bench.video(&video_header(AVC, AVCC)).video(&picture(AVC, 0, &[AVC_IDR]));
    bench.video(&picture(AVC, 0, &[&hex(SPS_WIDE), &hex(PPS)]));
    bench.video(&picture(AVC, 0, &[AVC_P])).video(&picture(AVC, 0, &[AVC_IDR]));
    assert_eq!(bench.widths(), [64, 64, 96]);
}

#[test]
fn video_before_its_header_and_before_a_sync_sample_is_dropped() {
    let mut bench = Bench::default();
    bench.video(&picture(AVC, 0, &[AVC_IDR])).video(&picture(AVC, 0, &[AVC_P]));
    bench.video(&video_header(AVC, AVCC)).video(&picture(AVC, 0, &[AVC_P]));
    assert!(bench.units.is_empty());
    bench.video(&picture(AVC, 0, &[AVC_IDR]));
    assert_eq!(bench.units.len(), 1);
    assert_eq!(bench.notices(), [Notice::HeaderMissing(TrackKind::Video)]);
    assert_eq!(bench.demuxer.counters().dropped, 3);
}

#[test]
fn raw_aac_before_its_header_is_dropped_and_joins_when_the_header_comes() {
    let mut bench = Bench::default();
    bench.audio(&sound(AAC)).audio(&sound(AAC));
    assert!(bench.units.is_empty());
    bench.audio(&audio_header(AAC, ASC)).audio(&sound(AAC));
    assert_eq!(bench.units.len(), 1);
    assert_eq!(bench.notices(), [Notice::HeaderMissing(TrackKind::Audio)]);
}

#[test]
fn a_changed_audio_header_holds_at_once() {
    let mut bench = Bench::default();
    bench.audio(&audio_header(AAC, ASC)).audio(&sound(AAC));
    bench.audio(&audio_header(AAC, ASC_44)).audio(&sound(AAC));
    let rates: Vec<_> = bench.units.iter().map(|unit| unit.config.timescale().get()).collect();
    assert_eq!(rates, [48_000, 44_100]);
}

#[test]
fn the_end_of_a_sequence_is_not_the_end() {
    let mut bench = Bench::default();
    let end = |codec| video_tag(codec, VideoPacket::SequenceEnd, Bytes::new());
    bench.video(&video_header(AVC, AVCC)).video(&picture(AVC, 0, &[AVC_IDR]));
    bench.video(&end(AVC)).video(&picture(AVC, 0, &[AVC_P]));
    bench.audio(&audio_tag(AAC, AudioPacket::SequenceEnd, Bytes::new()));
    assert_eq!(bench.units.len(), 2);
}

#[test]
fn empty_messages_and_empty_nal_units_are_passed_over() {
    let mut bench = Bench::default();
    bench.video(&Bytes::new()).audio(&Bytes::new());
    bench.video(&video_tag(AVC, VideoPacket::SequenceStart, Bytes::new()));
    bench.audio(&audio_tag(AAC, AudioPacket::SequenceStart, Bytes::new()));
    bench.video(&video_header(AVC, AVCC)).video(&picture(AVC, 0, &[&[], AVC_IDR, &[]]));
    bench.video(&picture(AVC, 0, &[&[]]));
    assert_eq!(bench.units.len(), 1);
    assert_eq!(bench.units[0].payload, nals(&[AVC_IDR]));
    assert_eq!(bench.notices(), []);
}

#[test]
fn metadata_packets_are_passed_over_whatever_their_frame_type() {
    let mut bench = Bench::default();
    // FFmpeg: ExVideoTagHeader with frame type 5 and packet type 4.
    bench.video(&Bytes::from_static(b"\xd4hvc1\x02\x00\x09colorInfo"));
    bench.video(&video_header(HEVC, HVCC)).video(&picture(HEVC, 0, &[HEVC_IDR]));
    assert_eq!(bench.units.len(), 1);
}

#[test]
fn rasl_pictures_of_a_cra_that_starts_the_session_are_dropped() {
    let mut bench = Bench::default();
    bench.video(&video_header(HEVC, HVCC)).video(&picture(HEVC, 0, &[HEVC_CRA]));
    bench.video(&picture(HEVC, 0, &[HEVC_RASL])).video(&picture(HEVC, 0, &[HEVC_RADL]));
    bench.video(&picture(HEVC, 0, &[HEVC_TRAIL])).video(&picture(HEVC, 0, &[HEVC_CRA]));
    bench.video(&picture(HEVC, 0, &[HEVC_RASL]));
    let kinds: Vec<_> = bench.units.iter().map(|unit| unit.payload[4] >> 1).collect();
    assert_eq!(kinds, [21, 7, 1, 21, 9], "only the first CRA picture loses its RASL picture");
}

#[test]
fn only_track_0_of_several_is_used() {
    let mut bench = Bench::default();
    let other = |packet, body: Bytes| {
        let codec = VideoCodecId::FourCc(FourCc::AVC);
        let frame_type = genlock_rtmp::flv::FrameType::Key;
        let tag = genlock_rtmp::flv::VideoTag {
            frame_type,
            codec,
            packet,
            track: 1,
            timestamp_nano_offset: 0,
            body,
        };
        tag.to_bytes()
    };
    let frames = VideoPacket::CodedFrames { composition_time_ms: 0 };
    bench.video(&video_header(AVC, AVCC)).video(&picture(AVC, 0, &[AVC_IDR]));
    bench.video(&other(VideoPacket::SequenceStart, hex(AVCC_WIDE)));
    bench.video(&other(frames, nals(&[AVC_IDR])));
    assert_eq!(bench.widths(), [64]);
    assert_eq!(bench.notices(), [Notice::Multitrack(TrackKind::Video)]);
}

#[test]
fn unsupported_video_ends_the_session_with_its_name() {
    let refused = |codec: VideoCodecId| {
        let payload = picture(codec, 0, &[AVC_IDR]);
        Demuxer::new().video(NOW, 0, &payload).expect_err("refused").to_string()
    };
    let vp6 = refused(VideoCodecId::Other(4));
    assert_eq!(vp6, "video codec VP6 is not supported, use H.264, HEVC or AV1");
    assert!(refused(VideoCodecId::Other(2)).contains("Sorenson H.263"));
    assert!(refused(VideoCodecId::FourCc(FourCc::VP9)).contains("VP9"));
}

#[test]
fn unsupported_audio_beside_good_video_is_said_once_and_ignored() {
    let mut bench = Bench::default();
    let mp3 = AudioCodecId::Other(2);
    bench.video(&video_header(AVC, AVCC)).video(&picture(AVC, 0, &[AVC_IDR]));
    bench.audio(&sound(mp3)).audio(&sound(mp3));
    let codec = "MP3".to_owned();
    assert_eq!(bench.notices(), [Notice::Unsupported { track: TrackKind::Audio, codec }]);
    assert_eq!(bench.demuxer.counters().dropped, 0, "what is ignored is not lost");
    assert_eq!(bench.units.len(), 1);
}

#[test]
fn unsupported_audio_and_nothing_else_ends_the_session() {
    let mut demuxer = Demuxer::new();
    let flac = sound(AudioCodecId::FourCc(FourCc::FLAC));
    assert_eq!(demuxer.audio(NOW, 0, &flac), Ok(None));
    let refused = demuxer.audio(EventTime::from_millis(3_500), 0, &flac).expect_err("refused");
    assert_eq!(refused.to_string(), "audio codec FLAC is not supported, use AAC or Opus");
}

#[test]
fn a_broken_tag_is_dropped_and_a_session_of_them_is_ended() {
    let mut bench = Bench::default();
    bench.video(&video_header(AVC, AVCC)).video(&picture(AVC, 0, &[AVC_IDR]));
    let frames = VideoPacket::CodedFrames { composition_time_ms: 0 };
    let broken = video_tag(AVC, frames, Bytes::from_static(&[0, 0, 0, 9, 0x65]));
    bench.video(&broken).video(&picture(AVC, 0, &[AVC_P]));
    assert_eq!(bench.units.len(), 2);
    assert!(matches!(bench.notices().as_slice(), [Notice::Malformed(_)]));
    let ended =
        (0..=MALFORMED_IN_A_ROW_MAX).find_map(|_| bench.demuxer.video(NOW, 0, &broken).err());
    assert!(matches!(ended, Some(DemuxError::Malformed { .. })), "{ended:?}");
}

#[test]
fn an_unusable_video_header_ends_the_session() {
    let header = video_tag(AVC, VideoPacket::SequenceStart, Bytes::from_static(&[1, 2, 3]));
    let refused = Demuxer::new().video(NOW, 0, &header).expect_err("refused");
    assert!(matches!(refused, DemuxError::VideoHeader(_)));
}

#[test]
fn endless_changes_of_configuration_end_the_session() {
    let mut demuxer = Demuxer::new();
    let ended = (0..=CONFIG_CHANGES_PER_MINUTE_MAX + 1).find_map(|index| {
        let record = if index % 2 == 0 { AVCC } else { AVCC_WIDE };
        demuxer.video(NOW, 0, &video_header(AVC, record)).err()
    });
    assert!(matches!(ended, Some(DemuxError::LimitExceeded { .. })), "{ended:?}");
}

proptest::proptest! {
    #[test]
    fn garbage_never_panics(
        messages in proptest::collection::vec(
            (proptest::bool::ANY, proptest::collection::vec(proptest::num::u8::ANY, 0..60)), 0..40,
        ),
    ) {
        let mut demuxer = Demuxer::new();
        let _ = demuxer.video(NOW, 0, &video_header(AVC, AVCC));
        for (is_video, bytes) in messages {
            let payload = Bytes::from(bytes);
            let _ = if is_video {
                demuxer.video(NOW, 0, &payload)
            } else {
                demuxer.audio(NOW, 0, &payload)
            };
        }
    }
}
