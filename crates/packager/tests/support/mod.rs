//! Samples and configurations for the muxers' tests.

#![allow(dead_code, reason = "each test binary uses its own share of this module")]

pub(crate) mod ts;

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use genlock_media::{AudioConfig, Dependency, Sample, TrackConfig, VideoConfig};
use genlock_packager::TimedSample;

/// 100 ms at 90 kHz: the composition offset of every sync sample.
pub(crate) const COMPOSITION_OFFSET: i32 = 9_000;
/// One picture at 25 fps, 90 kHz.
pub(crate) const PICTURE: u32 = 3_600;
/// One AAC access unit at its sample rate.
pub(crate) const ACCESS_UNIT: u32 = 1_024;

/// x264, High profile at level 1.2, 320x180, with the chroma format extension.
pub(crate) const AVCC: &str = "0164000cffe1001a6764000cacd941419f9f0110000003001000000303\
    20f142996001000668ebe3cb22c0fdf8f800";
/// x265, Main profile, 320x180; VPS, SPS and PPS.
pub(crate) const HVCC: &str = "0101600000009000000000003cf000fcfdf8f800000f03\
    a00001001840010c01ffff01600000030090000003000003003c959809\
    a10001002b42010101600000030090000003000003003ca00a080b9f796566924caf016808000003000800000300c840\
    a2000100074401c172b46240";
/// SVT-AV1, Main profile, 320x180.
pub(crate) const AV1C: &str = "81000c000a0b000000043cfecc02f80040";
/// Stereo, 312 samples to skip, 48 kHz.
pub(crate) const OPUS_HEAD: &str = "4f707573486561640102380180bb0000000000";

/// Bytes from hexadecimal digits.
pub(crate) fn hex(digits: &str) -> Bytes {
    let digit =
        |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..digits.len()).step_by(2).map(|at| digit(at).expect("hexadecimal")).collect()
}

/// The High profile configuration.
pub(crate) fn avc() -> VideoConfig {
    VideoConfig::from_avcc(&hex(AVCC)).expect("a valid avcC")
}

/// The HEVC configuration.
pub(crate) fn hevc() -> VideoConfig {
    VideoConfig::from_hvcc(&hex(HVCC)).expect("a valid hvcC")
}

/// The AV1 configuration.
pub(crate) fn av1() -> VideoConfig {
    VideoConfig::from_av1c(&hex(AV1C)).expect("a valid av1C")
}

/// AAC LC, 48 kHz, stereo.
pub(crate) fn aac() -> AudioConfig {
    AudioConfig::default_aac()
}

/// Opus, stereo.
pub(crate) fn opus() -> AudioConfig {
    AudioConfig::from_opus_head(&hex(OPUS_HEAD)).expect("a valid OpusHead")
}

/// One NAL unit of `bytes` bytes (at least 2) with its length in front, no byte of it zero.
pub(crate) fn nal_unit(header: u8, bytes: usize) -> Bytes {
    let mut out = BytesMut::with_capacity(4 + bytes);
    out.put_u32(u32::try_from(bytes).expect("a small unit"));
    out.put_u8(header);
    out.put_bytes(0xA5, bytes - 1);
    out.freeze()
}

/// An access unit of `bytes` bytes with its length field: an IDR slice for a sync sample.
pub(crate) fn picture(dependency: Dependency, bytes: usize) -> Bytes {
    let header = match dependency {
        Dependency::Sync => 0x65,
        Dependency::Reference => 0x41,
        Dependency::Disposable => 0x01,
    };
    nal_unit(header, bytes.saturating_sub(4).max(2))
}

/// A video sample.
pub(crate) fn video(
    config: &Arc<TrackConfig>,
    dts: i64,
    duration: u32,
    dependency: Dependency,
    bytes: usize,
) -> TimedSample {
    let sample = Sample {
        config: Arc::clone(config),
        dts,
        composition_offset: COMPOSITION_OFFSET,
        duration: None,
        dependency,
        payload: picture(dependency, bytes),
    };
    TimedSample { sample, duration }
}

/// An audio sample.
pub(crate) fn audio(
    config: &Arc<TrackConfig>,
    dts: i64,
    duration: u32,
    bytes: usize,
) -> TimedSample {
    let sample = Sample {
        config: Arc::clone(config),
        dts,
        composition_offset: 0,
        duration: Some(duration),
        dependency: Dependency::Sync,
        payload: std::iter::repeat_n(0x5A, bytes).collect(),
    };
    TimedSample { sample, duration }
}

/// `count` pictures from `start` on at 25 fps, the first one a sync sample of 6 kB.
pub(crate) fn group_of_pictures(
    config: &Arc<TrackConfig>,
    start: i64,
    count: u32,
) -> Vec<TimedSample> {
    (0..count)
        .map(|index| {
            let (dependency, bytes) = match index {
                0 => (Dependency::Sync, 6_000),
                _ => (Dependency::Reference, 1_500),
            };
            video(config, start + i64::from(index * PICTURE), PICTURE, dependency, bytes)
        })
        .collect()
}

/// `count` access units of AAC from `start` on, in ticks of the sample rate.
pub(crate) fn access_units(config: &Arc<TrackConfig>, start: i64, count: u32) -> Vec<TimedSample> {
    (0..count)
        .map(|index| audio(config, start + i64::from(index * ACCESS_UNIT), ACCESS_UNIT, 340))
        .collect()
}
