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
        return Err(MediaError::Unsupported { what: "audio object type", value: core.into() });
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
    let frame_len = u32::try_from(payload_len.checked_add(ADTS_HEADER)?).ok()?;
    if config.codec != AudioCodec::Aac || frame_len > 0x1fff {
        return None;
    }
    let rate = rate_index(config.timescale.get());
    let channels = if config.channels == 8 { 7 } else { config.channels & 7 };
    // 13 bits that end 5 bits before the end of the sixth byte.
    let [_, len_high, len_middle, len_low] = (frame_len << 5).to_be_bytes();
    Some([
        0xff,
        0xf1, // end of the sync word, MPEG-4, layer 0, no CRC
        PROFILE_LC << 6 | rate << 2 | channels >> 2,
        channels << 6 | len_high,
        len_middle,
        len_low | 0x1f, // buffer fullness 0x7ff: variable bit rate
        0xfc,           // and one access unit
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
    const LOWEST_OF_INDEX: [u32; 11] =
        [92_017, 75_132, 55_426, 46_009, 37_566, 27_713, 23_004, 18_783, 13_856, 11_502, 9_391];
    let exact = RATES.iter().position(|known| *known == rate);
    let index = exact.unwrap_or_else(|| {
        LOWEST_OF_INDEX.iter().position(|lowest| rate >= *lowest).unwrap_or(LOWEST_OF_INDEX.len())
    });
    u8::try_from(index).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{garbage, hex};
    use proptest::prelude::*;

    fn config(asc: &str) -> AudioConfig {
        config_from_asc(&hex(asc)).unwrap()
    }

    #[test]
    fn configurations_of_real_encoders() {
        let cases = [
            // FFmpeg's `-c:a aac -ar RATE -ac N`: announces that there is no SBR.
            ("120856e500", 44_100, 1, "mp4a.40.2"),
            ("121056e500", 44_100, 2, "mp4a.40.2"),
            ("118856e500", 48_000, 1, "mp4a.40.2"),
            ("119056e500", 48_000, 2, "mp4a.40.2"),
            // OBS and phones.
            ("1190", 48_000, 2, "mp4a.40.2"),
            // Fraunhofer's HE-AAC at 44.1 kHz: hierarchical, with PS, backward compatible.
            ("2b920800", 22_050, 2, "mp4a.40.5"),
            ("eb8a0800", 22_050, 1, "mp4a.40.29"),
            ("139056e5a0", 22_050, 2, "mp4a.40.5"),
            ("138856e5a54880", 22_050, 1, "mp4a.40.29"),
        ];
        for (asc, rate, channels, codec_string) in cases {
            let config = config(asc);
            assert_eq!(config.timescale.get(), rate, "{asc}");
            assert_eq!(config.channels, channels, "{asc}");
            assert_eq!(config.codec_string, codec_string, "{asc}");
            assert_eq!(config.samples_per_access_unit, 1024, "{asc}");
            assert_eq!(config.record, hex(asc));
        }
    }

    #[test]
    fn short_frames_explicit_rate_and_seven_one() {
        // LC, index 3, configuration 2, frameLengthFlag 1.
        assert_eq!(config("1194").samples_per_access_unit, 960);
        // LC, index 15, 50 000 Hz (0x00c350), configuration 7.
        let config = config("178061a838");
        assert_eq!((config.timescale.get(), config.channels), (50_000, 8));
    }

    #[test]
    fn what_is_not_carried_is_named() {
        let unsupported = |asc, what, value| {
            let expected = MediaError::Unsupported { what, value };
            assert_eq!(config_from_asc(&hex(asc)), Err(expected), "{asc}");
        };
        unsupported("0990", "audio object type", 1);
        unsupported("f84640", "audio object type", 34);
        unsupported("1180", "audio channel configuration", 0);
        unsupported("11c0", "audio channel configuration", 8);
    }

    #[test]
    fn broken_configurations_are_refused() {
        for asc in ["", "11", "1690", "1780000010"] {
            assert!(config_from_asc(&hex(asc)).is_err(), "{asc:?}");
        }
    }

    #[test]
    fn adts_header_as_ffmpeg_writes_it() {
        // `ffmpeg -f lavfi -i sine=r=48000 -ac 2 -c:a aac -f adts`: a frame of 0x127 bytes.
        let header = adts_header(&default_config(), 0x127 - ADTS_HEADER);
        assert_eq!(header, Some([0xff, 0xf1, 0x4c, 0x80, 0x24, 0xff, 0xfc]));
    }

    #[test]
    fn adts_header_carries_length_rate_and_channels() {
        let mono = config("120856e500");
        let [.., profile_and_rate, channels_and_length, low, rest, _] =
            adts_header(&mono, 0x1fff - ADTS_HEADER).unwrap();
        assert_eq!(profile_and_rate, 0b0101_0000, "LC, index 4");
        assert_eq!(channels_and_length, 0b0100_0011, "configuration 1, length above 2047");
        assert_eq!((low, rest), (0xff, 0xff));
        assert_eq!(adts_header(&mono, 0x2000 - ADTS_HEADER), None);
        assert_eq!(adts_header(&mono, usize::MAX), None);
        let eight = adts_header(&config("11b8"), 100).unwrap();
        assert_eq!((eight[2] & 1, eight[3] >> 6), (1, 3), "configuration 7");
    }

    #[test]
    fn odd_rates_use_the_tables_of_their_neighbours() {
        for (rate, index) in
            [(96_000, 0), (50_000, 3), (44_056, 4), (46_009, 3), (7_350, 12), (1, 11)]
        {
            assert_eq!(rate_index(rate), index, "{rate} Hz");
        }
    }

    #[test]
    fn silence_is_one_element_without_coefficients() {
        let mut mono = BitReader::new("mono", &[0, 0, 0, 7]);
        assert_eq!(mono.bits(3), Ok(0), "single channel element");
        assert_eq!(mono.bits(4 + 8 + 11 + 3), Ok(0));
        assert_eq!(mono.bits(3), Ok(7), "end");
        assert_eq!(silent_access_unit(1).unwrap().as_ref(), [0, 0, 0, 7]);

        let bytes = silent_access_unit(2).unwrap();
        let mut stereo = BitReader::new("stereo", &bytes);
        assert_eq!(stereo.bits(3), Ok(1), "channel pair element");
        assert_eq!(stereo.bits(4), Ok(0));
        assert_eq!(stereo.flag(), Ok(true), "common window");
        stereo.skip(11 + 2).unwrap();
        assert_eq!(stereo.bits(2 * (8 + 3)), Ok(0));
        assert_eq!(stereo.bits(3), Ok(7), "end");
        assert_eq!(silent_access_unit(6), None);
    }

    #[test]
    fn the_default_is_48_khz_stereo() {
        let config = default_config();
        assert_eq!((config.timescale.get(), config.channels), (48_000, 2));
        assert_eq!(config.record.as_ref(), [0x11, 0x90]);
    }

    proptest! {
        #[test]
        fn hostile_configurations_never_panic(asc in garbage(), len in any::<usize>()) {
            if let Ok(config) = config_from_asc(&asc) {
                let _ = adts_header(&config, len);
            }
        }
    }
}
