//! Samples of made-up cameras, in the shape that the ingest gives them.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use genlock_media::{AudioConfig, Dependency, Sample, TrackConfig, VideoConfig};

/// Presentation time minus decoding time of every sync sample, in ticks of 90 kHz.
const SHIFT: i32 = 9_000;

/// SPS of x264, High, 1280x720.
const SPS: [u8; 26] = [
    0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00,
    0x10, 0x00, 0x00, 0x03, 0x03, 0xc0, 0xf1, 0x83, 0x19, 0x60,
];

/// The configuration of an encoder; encoders differ in bytes of their PPS.
pub(crate) fn video_config(encoder: u8) -> Arc<TrackConfig> {
    let sets = [
        Bytes::from_static(&SPS),
        Bytes::copy_from_slice(&[0x68, 0xeb, 0xe3, 0xcb, 0x22, encoder]),
    ];
    let config = VideoConfig::from_avc_parameter_sets(&sets).expect("the parameter sets are valid");
    Arc::new(TrackConfig::Video(config))
}

/// AAC LC, stereo, 48 or 44.1 kHz.
pub(crate) fn audio_config(other_rate: bool) -> Arc<TrackConfig> {
    let asc: &'static [u8] = if other_rate { &[0x12, 0x10] } else { &[0x11, 0x90] };
    let config = AudioConfig::from_asc(&Bytes::from_static(asc)).expect("the constants are valid");
    Arc::new(TrackConfig::Audio(config))
}

/// A picture of the first encoder that is decoded at `dts`.
pub(crate) fn picture(dts: i64, sync: bool) -> Sample {
    static CONFIG: OnceLock<Arc<TrackConfig>> = OnceLock::new();
    picture_of(CONFIG.get_or_init(|| video_config(0)), dts, sync, 0)
}

/// A picture that says in its last byte whose it is.
pub(crate) fn picture_of(config: &Arc<TrackConfig>, dts: i64, sync: bool, camera: u8) -> Sample {
    let header = if sync { 0x65 } else { 0x41 };
    Sample {
        config: Arc::clone(config),
        dts,
        composition_offset: SHIFT,
        duration: None,
        dependency: if sync { Dependency::Sync } else { Dependency::Reference },
        payload: Bytes::copy_from_slice(&[0, 0, 0, 4, header, 0x88, 0x84, camera]),
    }
}

/// An access unit of sound at `dts`.
pub(crate) fn sound_of(config: &Arc<TrackConfig>, dts: i64, camera: u8) -> Sample {
    Sample {
        config: Arc::clone(config),
        dts,
        composition_offset: 0,
        duration: Some(1024),
        dependency: Dependency::Sync,
        payload: Bytes::copy_from_slice(&[0x21, 0x10, 0x04, camera]),
    }
}
