//! The vocabulary that every other crate speaks: time, tracks, samples and codec configuration.
//!
//! Pure: no IO, no clock reads, no randomness. Nothing here decodes pictures or sound; it reads the
//! headers that a splicer and a packager need (parameter sets, sync samples, profile and size).
//!
//! | module | owns | standard |
//! |---|---|---|
//! | [`time`] | timescales, media time, the event clock | ISO/IEC 14496-12 §8.8.12 for the arithmetic |
//! | [`sample`] | one timed access unit of one track | ISO/IEC 14496-12 §3.1 "sample" |
//! | [`config`] | what a decoder must know before the first sample | RFC 6381 for the codec strings |
//! | [`picture`] | profile, chroma and scan in words | annexes A of the codecs |
//! | [`avc`], [`hevc`], [`av1`] | parameter sets, access units, sync samples | ISO/IEC 14496-10, 23008-2, AV1 |
//! | [`nal`], [`bits`] | what those three share: NAL units with lengths, bit fields | ISO/IEC 14496-15 §5.3.2 |
//! | [`aac`], [`opus`] | audio configuration and silent access units | ISO/IEC 14496-3, RFC 7845 |

pub mod aac;
pub mod av1;
pub mod avc;
pub mod bits;
pub mod config;
pub mod error;
#[cfg(test)]
mod fixtures;
pub mod hevc;
pub mod limits;
pub mod nal;
pub mod opus;
pub mod picture;
pub mod sample;
pub mod time;

pub use config::{
    AudioCodec, AudioConfig, FrameRate, TrackConfig, TrackKind, VideoCodec, VideoConfig,
};
pub use error::MediaError;
pub use picture::{Chroma, PictureFormat};
pub use sample::{Dependency, Sample};
pub use time::{EventTime, MediaTime, Timescale};
