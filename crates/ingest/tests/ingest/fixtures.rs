//! Records and access units of real encoders (x264, x265, SVT-AV1 at 64x64), and tags around them.

use std::sync::Arc;

use bytes::Bytes;
use genlock_ingest::unit::Unit;
use genlock_media::{AudioConfig, Dependency, TrackConfig, VideoConfig};
use genlock_rtmp::flv::{
    AudioCodecId, AudioPacket, AudioTag, FourCc, FrameType, VideoCodecId, VideoPacket, VideoTag,
};

/// `avcC` of x264, 64x64.
pub(crate) const AVCC: &str =
    "01f4000affe1001867f4000a91968426c044000003000400000300c83c489a8001000568ce0f1920fff8f800";
/// `avcC` of x264, 96x64.
pub(crate) const AVCC_WIDE: &str =
    "01f4000affe1001867f4000a91968626c044000003000400000300c83c489a8001000568ce0f1920fff8f800";
/// The SPS in [`AVCC_WIDE`].
pub(crate) const SPS_WIDE: &str = "67f4000a91968626c044000003000400000300c83c489a80";
/// The PPS in both.
pub(crate) const PPS: &str = "68ce0f1920";
/// `hvcC` of x265, 64x64.
pub(crate) const HVCC: &str = "0104080000009e08000000001ef000fcfff8f800000f03a00001001740010c01ffff0408000003009e0800000300001e959409a10001002c4201010408000003009e0800000300001e90041020b2caca94985e02dc080800100000030010000003019080a2000100084401c07318300890";
/// `av1C` of SVT-AV1, 64x64.
pub(crate) const AV1C: &str = "81000c000a0a00000002afff805f0008";
/// `AudioSpecificConfig`: AAC LC, 48 kHz, stereo.
pub(crate) const ASC: &str = "1190";
/// `AudioSpecificConfig`: AAC LC, 44.1 kHz, stereo.
pub(crate) const ASC_44: &str = "1210";
/// `OpusHead`: stereo, 48 kHz.
pub(crate) const OPUS_HEAD: &str = "4f707573486561640102380180bb0000000000";

pub(crate) fn hex(text: &str) -> Bytes {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hex digits");
    (0..text.len()).step_by(2).map(digit).collect()
}

/// NAL units with 4-byte lengths.
pub(crate) fn nals(units: &[&[u8]]) -> Bytes {
    let with_length = |unit: &&[u8]| {
        let length = u32::try_from(unit.len()).expect("a short unit").to_be_bytes();
        [&length, *unit].concat()
    };
    units.iter().flat_map(with_length).collect()
}

/// First bytes of an IDR slice (I), and of a P slice that others refer to.
pub(crate) const AVC_IDR: &[u8] = &[0x65, 0xb8, 1, 2, 3];
pub(crate) const AVC_P: &[u8] = &[0x41, 0xe0, 1, 2, 3];
pub(crate) const AVC_B: &[u8] = &[0x01, 0xe0, 1, 2, 3];
/// HEVC NAL units by type: IDR_N_LP, CRA, RASL_R, RADL_R, TRAIL_R.
pub(crate) const HEVC_IDR: &[u8] = &[20 << 1, 1, 0x80, 1];
pub(crate) const HEVC_CRA: &[u8] = &[21 << 1, 1, 0x80, 1];
pub(crate) const HEVC_RASL: &[u8] = &[9 << 1, 1, 0x80, 1];
pub(crate) const HEVC_RADL: &[u8] = &[7 << 1, 1, 0x80, 1];
pub(crate) const HEVC_TRAIL: &[u8] = &[1 << 1, 1, 0x80, 1];

pub(crate) const HEVC: VideoCodecId = VideoCodecId::FourCc(FourCc::HEVC);
pub(crate) const AV1: VideoCodecId = VideoCodecId::FourCc(FourCc::AV1);
pub(crate) const OPUS: AudioCodecId = AudioCodecId::FourCc(FourCc::OPUS);

pub(crate) fn video_tag(codec: VideoCodecId, packet: VideoPacket, body: Bytes) -> Bytes {
    let frame_type = FrameType::Key;
    VideoTag { frame_type, codec, packet, track: 0, timestamp_nano_offset: 0, body }.to_bytes()
}

pub(crate) fn video_header(codec: VideoCodecId, record: &str) -> Bytes {
    video_tag(codec, VideoPacket::SequenceStart, hex(record))
}

pub(crate) fn picture(codec: VideoCodecId, composition_time_ms: i32, units: &[&[u8]]) -> Bytes {
    video_tag(codec, VideoPacket::CodedFrames { composition_time_ms }, nals(units))
}

pub(crate) fn audio_tag(codec: AudioCodecId, packet: AudioPacket, body: Bytes) -> Bytes {
    AudioTag { codec, packet, track: 0, timestamp_nano_offset: 0, body }.to_bytes()
}

pub(crate) fn audio_header(codec: AudioCodecId, record: &str) -> Bytes {
    audio_tag(codec, AudioPacket::SequenceStart, hex(record))
}

pub(crate) fn sound(codec: AudioCodecId) -> Bytes {
    audio_tag(codec, AudioPacket::CodedFrames, Bytes::from_static(&[0x21, 0x10, 0x05]))
}

pub(crate) fn avc_config() -> Arc<TrackConfig> {
    Arc::new(TrackConfig::Video(VideoConfig::from_avcc(&hex(AVCC)).expect("a real record")))
}

pub(crate) fn aac_config(asc: &str) -> Arc<TrackConfig> {
    Arc::new(TrackConfig::Audio(AudioConfig::from_asc(&hex(asc)).expect("a real record")))
}

/// A picture as the demuxer hands it on.
pub(crate) fn video_unit(
    config: &Arc<TrackConfig>,
    timestamp: u32,
    composition_ms: i64,
    is_sync: bool,
) -> Unit {
    Unit {
        config: Arc::clone(config),
        timestamp,
        composition_micros: composition_ms * 1000,
        dependency: if is_sync { Dependency::Sync } else { Dependency::Reference },
        payload: Bytes::from_static(&[0, 0, 0, 1, 0x65]),
    }
}

/// An AAC access unit as the demuxer hands it on.
pub(crate) fn audio_unit(config: &Arc<TrackConfig>, timestamp: u32) -> Unit {
    Unit {
        config: Arc::clone(config),
        timestamp,
        composition_micros: 0,
        dependency: Dependency::Sync,
        payload: Bytes::from_static(&[0x21, 0x10, 0x05]),
    }
}
