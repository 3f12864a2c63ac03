//! Samples and configurations for the tests of this crate.

use std::sync::Arc;

use bytes::Bytes;
use genlock_media::{AudioConfig, Dependency, Sample, TrackConfig, VideoConfig};

/// H.264 High 1280x720; cameras differ in a byte of the PPS.
pub(crate) fn video_config(number: u8) -> Arc<TrackConfig> {
    const SPS: [u8; 26] = [
        0x67, 0x64, 0x00, 0x1f, 0xac, 0xd9, 0x40, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03,
        0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xc0, 0xf1, 0x83, 0x19, 0x60,
    ];
    let mut record = vec![1, 0x64, 0x00, 0x1f, 0xff, 0xe1, 0, 26];
    record.extend(SPS);
    record.extend([1, 0, 7, 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0, number]);
    Arc::new(TrackConfig::Video(VideoConfig::from_avcc(&Bytes::from(record)).unwrap()))
}

/// AAC LC at 48 kHz (`0x1190` is stereo, `0x1188` mono) or 44.1 kHz (`0x1210`).
pub(crate) fn audio_config(asc: u16) -> Arc<TrackConfig> {
    let config = AudioConfig::from_asc(&Bytes::copy_from_slice(&asc.to_be_bytes()));
    Arc::new(TrackConfig::Audio(config.unwrap()))
}

/// A sample of `config` that is decoded at `dts` and shown at `pts`.
pub(crate) fn sample(config: &Arc<TrackConfig>, dts: i64, pts: i64) -> Sample {
    Sample {
        config: Arc::clone(config),
        dts,
        composition_offset: i32::try_from(pts - dts).unwrap(),
        duration: None,
        dependency: Dependency::Reference,
        payload: Bytes::from_static(&[0xA5]),
    }
}
