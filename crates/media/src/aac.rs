//! AAC: `AudioSpecificConfig`, ADTS headers, silence.
//!
//! ISO/IEC 14496-3 §1.6.2.1 for the configuration, §1.A.2.2 for ADTS, §4.4.2 for the syntax of an
//! access unit. Nothing is decoded.
//!
//! Carried: AAC LC alone or under SBR and PS, with channel configurations 1 to 7. A configuration of 0
//! (a program config element says what the channels are) is unsupported: no live encoder sends it, and
//! ADTS would need the element inside every access unit.

use bytes::Bytes;

use crate::bits::BitReader;
use crate::config::{AudioCodec, AudioConfig};
use crate::error::MediaError;
use crate::time::Timescale;

const WHAT: &str = "AudioSpecificConfig";

/// Sampling rates by `samplingFrequencyIndex` (table 1.18).
const RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];
/// The index that is followed by the rate itself.
const EXPLICIT_RATE: u8 = 15;

mod object_type {
    pub(super) const LC: u8 = 2;
    pub(super) const SBR: u8 = 5;
    pub(super) const PS: u8 = 29;
    pub(super) const ESCAPE: u8 = 31;
}

/// Bytes of an ADTS header without CRC.
pub const ADTS_HEADER: usize = 7;

/// What the configuration says of the tools above AAC LC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extension {
    /// None is signalled; a decoder may still find SBR in the access units (implicit signalling).
    None,
    /// Spectral band replication.
    Sbr,
    /// SBR and parametric stereo.
    Ps,
}

/// Reads an `AudioSpecificConfig`.
///
/// Times count at the core rate, also under SBR: an access unit is 1024 samples of it.
///
/// # Errors
/// When it does not parse, names another object type than LC, SBR or PS, or a channel configuration
/// outside of 1 to 7.
pub fn config_from_asc(asc: &Bytes) -> Result<AudioConfig, MediaError> {
    let mut reader = BitReader::new(WHAT, asc);
    let outer = object_type(&mut reader)?;
    let rate = sampling_rate(&mut reader)?;
    let channels = channels(reader.small(4)?)?;
    let hierarchical = match outer {
        object_type::SBR => Some(Extension::Sbr),
        object_type::PS => Some(Extension::Ps),
        _ => None,
    };
    let core = if hierarchical.is_some() {
        sampling_rate(&mut reader)?; // extensionSamplingFrequency
        object_type(&mut reader)?
    } else {
        outer
    };
    if core != object_type::LC {
        return Err(MediaError::Unsupported {
            what: "audio object type",
            value: core.into(),
        });
    }
    let short_frames = reader.flag()?;
    if reader.flag()? {
        reader.skip(14)?; // coreCoderDelay
    }
    reader.flag()?; // extensionFlag
    let extension = hierarchical.unwrap_or_else(|| appended_extension(&mut reader));
    Ok(AudioConfig {
        codec: AudioCodec::Aac,
        record: asc.clone(),
        timescale: rate,
        channels,
        samples_per_access_unit: if short_frames { 960 } else { 1024 },
        codec_string: codec_string(extension).to_owned(),
    })
}

/// AAC LC, 48 kHz, stereo: what a programme without any audio source uses.
#[must_use]
pub fn default_config() -> AudioConfig {
    // Object type 2 in 5 bits, rate index 3 and channel configuration 2 in 4 each, 3 zero flags.
    config_from_asc(&Bytes::from_static(&[0x11, 0x90])).expect("the constant is valid")
}

/// An AAC LC access unit that decodes to silence at any sampling rate, `None` for more than two
/// channels.
///
/// One element with `max_sfb` 0, so that no scale factor and no coefficient follows:
///
/// ```text
/// mono    SCE 000 | tag 0000 | global_gain | ics_info (11 zero bits) | 3 zero flags | END 111
/// stereo  CPE 001 | tag 0000 | common_window 1 | ics_info | ms_mask 00 | 2 x (gain, 3 flags) | END 111
/// ```
#[must_use]
pub const fn silent_access_unit(channels: u8) -> Option<Bytes> {
    match channels {
        1 => Some(Bytes::from_static(&[0x00, 0x00, 0x00, 0x07])),
        2 => Some(Bytes::from_static(&[0x21, 0x00, 0x00, 0x00, 0x00, 0x1c])),
        _ => None,
    }
}

/// The ADTS header of an access unit of `payload_len` bytes, as MPEG-TS wants one before each.
///
/// The rate is the core rate and the profile LC: SBR and PS stay implicit. `None` if `config` is not
/// AAC, or the frame would not fit into the header's 13 bits of length (no legal one is that long).
#[must_use]
pub fn adts_header(config: &AudioConfig, payload_len: usize) -> Option<[u8; ADTS_HEADER]> {
    const PROFILE_LC: u8 = 1;
    let frame_len = u16::try_from(payload_len.checked_add(ADTS_HEADER)?).ok()?;
    if config.codec != AudioCodec::Aac || frame_len > 0x1fff {
        return None;
    }
    let rate = rate_index(config.timescale.get());
    let channels = if config.channels == 8 {
        7
    } else {
        config.channels & 7
    };
    let [len_high, len_low] = (frame_len << 3).to_be_bytes();
    Some([
        0xff,
        0xf1, // end of the sync word, MPEG-4, layer 0, no CRC
        PROFILE_LC << 6 | rate << 2 | channels >> 2,
        channels << 6 | len_high,
        len_low,
        0x1f,
        0xfc,
    ])
}

fn object_type(reader: &mut BitReader<'_>) -> Result<u8, MediaError> {
    match reader.small(5)? {
        object_type::ESCAPE => Ok(32 + reader.small(6)?),
        kind => Ok(kind),
    }
}

fn sampling_rate(reader: &mut BitReader<'_>) -> Result<Timescale, MediaError> {
    let rate = match reader.small(4)? {
        EXPLICIT_RATE => reader.bits(24)?,
        index => RATES.get(usize::from(index)).copied().unwrap_or(0),
    };
    Timescale::new(rate).ok_or_else(|| reader.malformed("no sampling rate"))
}

const fn channels(configuration: u8) -> Result<u8, MediaError> {
    match configuration {
        1..=6 => Ok(configuration),
        7 => Ok(8),
        other => Err(MediaError::Unsupported {
            what: "audio channel configuration",
            value: other as u64,
        }),
    }
}

/// Explicit, backward compatible signalling at the end of the configuration (§1.6.6.1).
fn appended_extension(reader: &mut BitReader<'_>) -> Extension {
    match (signals_sbr(reader), signals_ps(reader)) {
        (Ok(true), Ok(true)) => Extension::Ps,
        (Ok(true), _) => Extension::Sbr,
        _ => Extension::None,
    }
}

fn signals_sbr(reader: &mut BitReader<'_>) -> Result<bool, MediaError> {
    const SYNC_EXTENSION: u32 = 0x2b7;
    let announced = reader.bits(11)? == SYNC_EXTENSION && object_type(reader)? == object_type::SBR;
    let present = announced && reader.flag()?;
    if present {
        sampling_rate(reader)?; // extensionSamplingFrequency
    }
    Ok(present)
}

fn signals_ps(reader: &mut BitReader<'_>) -> Result<bool, MediaError> {
    const SYNC_EXTENSION: u32 = 0x548;
    Ok(reader.bits(11)? == SYNC_EXTENSION && reader.flag()?)
}

/// RFC 6381 §3.3: `mp4a`, the object type indication of MPEG-4 audio, the audio object type.
const fn codec_string(extension: Extension) -> &'static str {
    match extension {
        Extension::None => "mp4a.40.2",
        Extension::Sbr => "mp4a.40.5",
        Extension::Ps => "mp4a.40.29",
    }
}

/// The index whose tables a decoder uses for `rate` (table 4.82 for rates between those of
/// [`RATES`]).
fn rate_index(rate: u32) -> u8 {
    const LOWEST_OF_INDEX: [u32; 11] = [
        92_017, 75_132, 55_426, 46_009, 37_566, 27_713, 23_004, 18_783, 13_856, 11_502, 9_391,
    ];
    let exact = RATES.iter().position(|known| *known == rate);
    let index = exact.unwrap_or_else(|| {
        LOWEST_OF_INDEX
            .iter()
            .position(|lowest| rate >= *lowest)
            .unwrap_or(LOWEST_OF_INDEX.len())
    });
    u8::try_from(index).unwrap_or(0)
}
