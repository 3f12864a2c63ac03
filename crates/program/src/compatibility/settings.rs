//! Settings of encoders, in the words of OBS Studio's windows (its English names since version 28).

use std::time::Duration;

use genlock_media::{AudioCodec, AudioConfig, Chroma, PictureFormat, VideoCodec};

pub(super) const fn codec_name(codec: VideoCodec) -> &'static str {
    match codec {
        VideoCodec::Avc => "H.264",
        VideoCodec::Hevc => "HEVC",
        VideoCodec::Av1 => "AV1",
    }
}

pub(super) const fn audio_codec_name(codec: AudioCodec) -> &'static str {
    match codec {
        AudioCodec::Aac => "AAC",
        AudioCodec::Opus => "Opus",
    }
}

/// What the codec string says of the tools above AAC LC.
pub(super) fn aac_profile(config: &AudioConfig) -> &'static str {
    match config.codec_string.as_str() {
        "mp4a.40.5" => "HE-AAC",
        "mp4a.40.29" => "HE-AAC v2",
        _ => "AAC LC",
    }
}

pub(super) fn video_encoder(codec: VideoCodec) -> String {
    let name = match codec {
        VideoCodec::Avc => "x264 or another H.264 encoder",
        VideoCodec::Hevc => "an HEVC encoder",
        VideoCodec::Av1 => "an AV1 encoder",
    };
    format!("Settings > Output > Streaming > Video Encoder: {name}")
}

pub(super) fn profile(format: &PictureFormat) -> String {
    let name = match format.profile.as_str() {
        "Baseline" | "Constrained Baseline" => "baseline".to_owned(),
        other => other.to_lowercase(),
    };
    format!("Settings > Output > Streaming > Profile: {name}")
}

pub(super) fn level(format: &PictureFormat) -> String {
    format!("Settings > Output > Streaming > x264 Options: level={}", format.level)
}

pub(super) fn resolution(width: u32, height: u32) -> String {
    format!("Settings > Video > Output (Scaled) Resolution: {width}x{height}")
}

pub(super) fn color_format(format: &PictureFormat) -> String {
    let name = match (format.chroma, format.bit_depth) {
        (Chroma::Half, 8) => "NV12",
        (Chroma::Half, _) => "P010",
        (Chroma::HalfRows, _) => "P216",
        (Chroma::Full, 8) => "I444",
        (Chroma::Full, _) => "P416",
        (Chroma::Monochrome, _) => "NV12, with colour",
    };
    format!("Settings > Advanced > Color Format: {name}")
}

pub(super) fn scan(interlaced: bool) -> String {
    if interlaced {
        "Encoder: interlaced scan (better: change the programme's to progressive)".to_owned()
    } else {
        "Encoder: progressive scan; in OBS: the source's menu > Deinterlacing: Yadif 2x".to_owned()
    }
}

pub(super) fn frame_rate(per_second: f64) -> String {
    format!("Settings > Video > Common FPS Values: {}", frame_rate_name(per_second))
}

/// The usual rate that is within half a percent, or else the measured one.
pub(super) fn frame_rate_name(per_second: f64) -> String {
    /// Each with the name that OBS has for it. Rounded timestamps tell 29.97 from 30 over five seconds.
    const USUAL: [(f64, &str); 10] = [
        (23.976, "24 NTSC"),
        (24.0, "24"),
        (25.0, "25 PAL"),
        (29.97, "29.97"),
        (30.0, "30"),
        (48.0, "48"),
        (50.0, "50 PAL"),
        (59.94, "59.94"),
        (60.0, "60"),
        (120.0, "120"),
    ];
    let distance = |rate: f64| (rate - per_second).abs();
    let nearest = USUAL.iter().min_by(|a, b| distance(a.0).total_cmp(&distance(b.0)));
    match nearest {
        Some((rate, name)) if distance(*rate) <= rate * 0.005 => (*name).to_owned(),
        _ => format!("{per_second:.2}"),
    }
}

pub(super) fn b_frames(reorder_frames: u8) -> String {
    match reorder_frames {
        0 => "Settings > Output > Streaming > B-Frames: 0 (x264 Options: bframes=0)".to_owned(),
        1 => "Settings > Output > Streaming > B-Frames: 2 (x264 Options: bframes=2 b-pyramid=none)"
            .to_owned(),
        _ => "Settings > Output > Streaming > B-Frames: 3 (x264 Options: bframes=3)".to_owned(),
    }
}

pub(super) fn keyframe_interval(wanted: Duration) -> String {
    let seconds = wanted.as_secs_f64().round().clamp(1.0, 2.0);
    format!("Settings > Output > Streaming > Keyframe Interval: {seconds} s")
}

pub(super) fn same_video_encoder() -> String {
    "Settings > Output > Streaming: the same Video Encoder, Rate Control, Preset, Profile and Tune"
        .to_owned()
}

pub(super) fn audio_encoder(codec: AudioCodec) -> String {
    format!("Settings > Output > Streaming > Audio Encoder: FFmpeg {}", audio_codec_name(codec))
}

pub(super) fn aac_tools(profile: &str) -> String {
    let bitrate = if profile == "AAC LC" { "128 or more" } else { "64 or less" };
    format!("Settings > Output > Audio > Audio Bitrate: {bitrate} (encoder set to {profile})")
}

pub(super) fn sample_rate(hertz: u32) -> String {
    format!("Settings > Audio > Sample Rate: {}", kilohertz(hertz))
}

pub(super) fn kilohertz(hertz: u32) -> String {
    match hertz % 1000 {
        0 => format!("{} kHz", hertz / 1000),
        _ => format!("{} kHz", f64::from(hertz) / 1000.0),
    }
}

pub(super) fn channels(count: u8) -> String {
    format!("Settings > Audio > Channels: {}", channels_name(count))
}

pub(super) fn channels_name(count: u8) -> String {
    match count {
        1 => "Mono".to_owned(),
        2 => "Stereo".to_owned(),
        3 => "2.1".to_owned(),
        4 => "4.0".to_owned(),
        5 => "4.1".to_owned(),
        6 => "5.1".to_owned(),
        8 => "7.1".to_owned(),
        other => other.to_string(),
    }
}
