//! What codecs are called in messages to people (FLV 10.1 §E.4.2.1 and §E.4.3.1, E-RTMP v2).

use genlock_rtmp::flv::{AudioCodecId, FourCc, VideoCodecId};

/// Name of a video codec.
pub(super) fn video(codec: VideoCodecId) -> String {
    let name = match codec {
        VideoCodecId::Avc => "H.264",
        VideoCodecId::HevcLegacy => "HEVC",
        VideoCodecId::FourCc(four_cc) => return enhanced(four_cc),
        VideoCodecId::Other(2) => "Sorenson H.263",
        VideoCodecId::Other(3) => "Screen Video",
        VideoCodecId::Other(4) => "VP6",
        VideoCodecId::Other(5) => "VP6 with alpha",
        VideoCodecId::Other(6) => "Screen Video 2",
        VideoCodecId::Other(13) => "AV1 with the unofficial codec id 13",
        VideoCodecId::Other(id) => return format!("with FLV id {id}"),
    };
    name.to_owned()
}

/// Name of an audio codec.
pub(super) fn audio(codec: AudioCodecId) -> String {
    let name = match codec {
        AudioCodecId::Aac => "AAC",
        AudioCodecId::FourCc(four_cc) => return enhanced(four_cc),
        AudioCodecId::Other(0 | 3) => "PCM",
        AudioCodecId::Other(1) => "ADPCM",
        AudioCodecId::Other(2 | 14) => "MP3",
        AudioCodecId::Other(4..=6) => "Nellymoser",
        AudioCodecId::Other(7) => "G.711 A-law",
        AudioCodecId::Other(8) => "G.711 mu-law",
        AudioCodecId::Other(11) => "Speex",
        AudioCodecId::Other(id) => return format!("with FLV id {id}"),
    };
    name.to_owned()
}

fn enhanced(four_cc: FourCc) -> String {
    let name = match four_cc {
        FourCc::AVC => "H.264",
        FourCc::HEVC => "HEVC",
        FourCc::VVC => "VVC",
        FourCc::AV1 => "AV1",
        FourCc::VP9 => "VP9",
        FourCc::VP8 => "VP8",
        FourCc::AAC => "AAC",
        FourCc::MP3 => "MP3",
        FourCc::OPUS => "Opus",
        FourCc::FLAC => "FLAC",
        FourCc::AC3 => "AC-3",
        FourCc::EAC3 => "E-AC-3",
        unknown => return format!("with FourCC {unknown}"),
    };
    name.to_owned()
}
