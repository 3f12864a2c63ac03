//! The `HEVCDecoderConfigurationRecord` (ISO/IEC 14496-15 §8.3.3.1), read and written.

use std::fmt::Write as _;

use bytes::{BufMut, Bytes, BytesMut};

use crate::bits::ByteReader;
use crate::config::{VideoCodec, VideoConfig};
use crate::error::MediaError;
use crate::hevc::{ProfileTierLevel, Sps, nal_type, unit};
use crate::nal;

const WHAT: &str = "hvcC";
const MISSING_SET: &str = "lacks a VPS, an SPS or a PPS";
/// Where `lengthSizeMinusOne` stands, in the low two bits.
const LENGTH_SIZE_AT: usize = 21;
/// Bytes before `numOfArrays`.
const FIXED_PART: usize = 22;
/// `array_completeness` in an array's first byte.
const COMPLETE: u8 = 0x80;

/// Size in bytes of the NAL unit lengths that go with `record`, as the publisher sent it.
///
/// # Errors
/// When the record is too short or names a size of 3.
pub fn length_size(record: &[u8]) -> Result<usize, MediaError> {
    let byte = record.get(LENGTH_SIZE_AT).ok_or(MediaError::malformed(WHAT, "ends early"))?;
    nal::length_size_from(*byte)
}

/// Reads a record into a configuration.
///
/// The record is kept with `lengthSizeMinusOne` 3 and `array_completeness` 1 on parameter sets (its
/// mandatory value in `hvc1`; FFmpeg's FLV muxer sends 0). Other arrays (SEI) stay in the record and
/// are no parameter sets.
///
/// # Errors
/// When the record does not parse, or has no VPS, SPS or PPS, or its first SPS does not parse.
pub fn config_from_record(record: &Bytes) -> Result<VideoConfig, MediaError> {
    length_size(record)?;
    let mut reader = ByteReader::new(WHAT, record.clone());
    let mut normalised = BytesMut::with_capacity(record.len());
    normalised.put_slice(&reader.take(FIXED_PART)?);
    if let Some(byte) = normalised.get_mut(LENGTH_SIZE_AT) {
        *byte |= 3;
    }
    let arrays = reader.u8()?;
    normalised.put_u8(arrays);
    let mut sets = Vec::new();
    for _ in 0..arrays {
        read_array(&mut reader, &mut normalised, &mut sets)?;
    }
    config(normalised.freeze(), &sets)
}

/// Builds a configuration and its record from parameter sets.
///
/// # Errors
/// When one of VPS, SPS and PPS is missing, or the first SPS does not parse.
pub fn config_from_parameter_sets(sets: &[Bytes]) -> Result<VideoConfig, MediaError> {
    config(write_record(sets)?, sets)
}

/// Copies one array into `normalised` and its parameter sets, if it has some, into `sets`.
fn read_array(
    reader: &mut ByteReader,
    normalised: &mut BytesMut,
    sets: &mut Vec<Bytes>,
) -> Result<(), MediaError> {
    let header = reader.u8()?;
    let holds_sets = matches!(header & 0x3f, unit::VPS | unit::SPS | unit::PPS);
    normalised.put_u8(if holds_sets { header | COMPLETE } else { header });
    let count = reader.u16()?;
    normalised.put_u16(count);
    for _ in 0..count {
        let length = reader.u16()?;
        let nal = reader.take(usize::from(length))?;
        normalised.put_u16(length);
        normalised.put_slice(&nal);
        if holds_sets && !nal.is_empty() {
            sets.push(nal);
        }
    }
    Ok(())
}

fn config(record: Bytes, sets: &[Bytes]) -> Result<VideoConfig, MediaError> {
    let sps = Sps::parse(of_type(sets, unit::SPS).next().ok_or_else(missing_set)?)?;
    let parameter_sets: Vec<Bytes> = [unit::VPS, unit::SPS, unit::PPS]
        .into_iter()
        .flat_map(|kind| of_type(sets, kind).cloned())
        .collect();
    if [unit::VPS, unit::PPS].into_iter().any(|kind| of_type(sets, kind).next().is_none()) {
        return Err(missing_set());
    }
    Ok(VideoConfig {
        codec: VideoCodec::Hevc,
        record,
        parameter_sets,
        width: sps.width,
        height: sps.height,
        codec_string: codec_string(&sps.profile),
        frame_rate_hint: None,
        max_reorder_frames: Some(sps.max_reorder_frames),
    })
}

fn of_type(sets: &[Bytes], kind: u8) -> impl Iterator<Item = &Bytes> {
    sets.iter().filter(move |set| nal_type(set) == Some(kind))
}

const fn missing_set() -> MediaError {
    MediaError::malformed(WHAT, MISSING_SET)
}

/// ISO/IEC 14496-15 Annex E.3: profile, compatibility flags in reverse bit order, tier and level, and
/// the constraint bytes without the trailing zero ones, numbers in hexadecimal without leading zeros.
fn codec_string(profile: &ProfileTierLevel) -> String {
    let space = match profile.space {
        1 => "A",
        2 => "B",
        3 => "C",
        _ => "",
    };
    let mut text = format!(
        "hvc1.{space}{}.{:X}.{}{}",
        profile.profile_idc,
        profile.compatibility.reverse_bits(),
        if profile.high_tier { 'H' } else { 'L' },
        profile.level_idc,
    );
    let used = profile.constraints.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    for byte in profile.constraints.iter().take(used) {
        write!(text, ".{byte:X}").expect("writing to a string does not fail");
    }
    text
}

fn write_record(sets: &[Bytes]) -> Result<Bytes, MediaError> {
    let sps = Sps::parse(of_type(sets, unit::SPS).next().ok_or_else(missing_set)?)?;
    let profile = &sps.profile;
    let tier = if profile.high_tier { 0x20 } else { 0 };
    let nesting = if sps.temporal_id_nesting { 4 } else { 0 };
    let mut out = BytesMut::new();
    out.put_u8(1); // configurationVersion
    out.put_u8(profile.space << 6 | tier | profile.profile_idc);
    out.put_u32(profile.compatibility);
    out.put_slice(&profile.constraints);
    out.put_u8(profile.level_idc);
    out.put_u16(0xf000); // min_spatial_segmentation_idc: unknown
    out.put_u8(0xfc); // parallelismType: unknown
    out.put_u8(0xfc | sps.chroma_format_idc);
    out.put_u8(0xf8 | ((sps.bit_depth_luma - 8) & 7));
    out.put_u8(0xf8 | ((sps.bit_depth_chroma - 8) & 7));
    out.put_u16(0); // avgFrameRate: unspecified
    out.put_u8(sps.sub_layers << 3 | nesting | 3);
    out.put_u8(3); // numOfArrays
    for kind in [unit::VPS, unit::SPS, unit::PPS] {
        write_array(&mut out, kind, sets)?;
    }
    Ok(out.freeze())
}

fn write_array(out: &mut BytesMut, kind: u8, sets: &[Bytes]) -> Result<(), MediaError> {
    out.put_u8(COMPLETE | kind);
    let count = of_type(sets, kind).count();
    out.put_u16(u16::try_from(count).map_err(|_| MediaError::LimitExceeded {
        what: "parameter sets of one kind in an hvcC",
        limit: usize::from(u16::MAX),
    })?);
    for set in of_type(sets, kind) {
        let length = u16::try_from(set.len())
            .map_err(|_| MediaError::malformed(WHAT, "parameter set above 64 KiB"))?;
        out.put_u16(length);
        out.put_slice(set);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{X265_MAIN, X265_MAIN_10, hex};

    #[test]
    fn real_records_give_size_and_codec_string() {
        let config = config_from_record(&hex(X265_MAIN)).unwrap();
        assert_eq!((config.width, config.height), (640, 360));
        assert_eq!(config.codec_string, "hvc1.1.6.L63.90");
        assert_eq!(config.max_reorder_frames, Some(2));
        let config = config_from_record(&hex(X265_MAIN_10)).unwrap();
        assert_eq!(config.codec_string, "hvc1.2.4.L123.90");
    }

    #[test]
    fn codec_string_with_space_and_high_tier_and_inner_zero_constraints() {
        let profile = ProfileTierLevel {
            space: 1,
            high_tier: true,
            profile_idc: 3,
            compatibility: 0x1000_0000,
            constraints: [0xb0, 0, 0x0c, 0, 0, 0],
            level_idc: 120,
        };
        assert_eq!(codec_string(&profile), "hvc1.A3.8.H120.B0.0.C");
        let none = ProfileTierLevel { space: 0, constraints: [0; 6], ..profile };
        assert_eq!(codec_string(&none), "hvc1.3.8.H120");
    }

    #[test]
    fn a_record_written_from_its_parameter_sets_is_the_encoders() {
        for record in [X265_MAIN, X265_MAIN_10] {
            let config = config_from_record(&hex(record)).unwrap();
            assert_eq!(config_from_parameter_sets(&config.parameter_sets), Ok(config));
        }
    }

    #[test]
    fn lengths_and_completeness_are_normalised() {
        // As FFmpeg's FLV muxer writes it (arrays 0x20, 0x21, 0x22), with 2-byte lengths.
        let flv = X265_MAIN
            .replacen("0f03a0", "0d0320", 1)
            .replace("a10001002a", "210001002a")
            .replace("a20001", "220001");
        assert_eq!(length_size(&hex(&flv)), Ok(2));
        assert_eq!(config_from_record(&hex(&flv)), config_from_record(&hex(X265_MAIN)));
    }

    #[test]
    fn an_sei_array_stays_in_the_record_and_is_no_parameter_set() {
        let with_sei = X265_MAIN.replacen("0f03", "0f04", 1) + "270001" + "00044e0105ff";
        let config = config_from_record(&hex(&with_sei)).unwrap();
        assert_eq!(config.record, hex(&with_sei));
        assert_eq!(config.parameter_sets.len(), 3);
    }

    #[test]
    fn a_record_without_one_of_the_sets_is_malformed() {
        let sets = config_from_record(&hex(X265_MAIN)).unwrap().parameter_sets;
        for missing in 0..3 {
            let mut some = sets.clone();
            some.remove(missing);
            assert!(config_from_parameter_sets(&some).is_err(), "without set {missing}");
        }
    }

    #[test]
    fn every_truncation_is_refused() {
        let record = hex(X265_MAIN);
        for len in 0..record.len() {
            assert!(config_from_record(&record.slice(..len)).is_err(), "{len} bytes");
        }
    }
}
