//! The `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15 §5.3.3.1), read and written.

use bytes::{BufMut, Bytes, BytesMut};

use crate::avc::{Sps, nal_type, unit};
use crate::bits::ByteReader;
use crate::config::{VideoCodec, VideoConfig};
use crate::error::MediaError;
use crate::nal;

const WHAT: &str = "avcC";
/// Where `lengthSizeMinusOne` stands, in the low two bits below six reserved ones.
const LENGTH_SIZE_AT: usize = 4;

/// Size in bytes of the NAL unit lengths that go with `record`, as the publisher sent it.
///
/// # Errors
/// When the record is too short or names a size of 3.
pub fn length_size(record: &[u8]) -> Result<usize, MediaError> {
    let byte = record.get(LENGTH_SIZE_AT).ok_or(MediaError::malformed(WHAT, "ends early"))?;
    nal::length_size_from(*byte)
}

/// Reads a record into a configuration. The record is kept with `lengthSizeMinusOne` 3.
///
/// # Errors
/// When the record does not parse, or has no SPS or no PPS, or its first SPS does not parse.
pub fn config_from_record(record: &Bytes) -> Result<VideoConfig, MediaError> {
    length_size(record)?;
    let mut reader = ByteReader::new(WHAT, record.clone());
    let [version, _profile, _compatibility, _level, _length_size] = reader.array()?;
    if version != 1 {
        return Err(MediaError::Unsupported { what: "avcC version", value: u64::from(version) });
    }
    let sps_count = reader.u8()? & 0x1f;
    let mut sets = read_sets(&mut reader, sps_count, unit::SPS)?;
    let pps_count = reader.u8()?;
    sets.extend(read_sets(&mut reader, pps_count, unit::PPS)?);
    config(with_four_byte_lengths(record), sets)
}

/// Builds a configuration and its record from parameter sets.
///
/// # Errors
/// When there is no SPS or no PPS, too many of either for a record, or the first SPS does not parse.
pub fn config_from_parameter_sets(sets: &[Bytes]) -> Result<VideoConfig, MediaError> {
    let of_type = |kind| sets.iter().filter(move |set| nal_type(set) == Some(kind)).cloned();
    let sps: Vec<Bytes> = of_type(unit::SPS).collect();
    let pps: Vec<Bytes> = of_type(unit::PPS).collect();
    let record = write_record(&sps, &pps)?;
    config(record, [sps, pps].concat())
}

fn config(record: Bytes, parameter_sets: Vec<Bytes>) -> Result<VideoConfig, MediaError> {
    let has = |kind| parameter_sets.iter().any(|set| nal_type(set) == Some(kind));
    let sps = match parameter_sets.first() {
        Some(sps) if has(unit::SPS) && has(unit::PPS) => Sps::parse(sps)?,
        _ => return Err(MediaError::malformed(WHAT, "lacks an SPS or a PPS")),
    };
    Ok(VideoConfig {
        codec: VideoCodec::Avc,
        record,
        parameter_sets,
        width: sps.width,
        height: sps.height,
        codec_string: codec_string(&sps),
        frame_rate_hint: sps.frame_rate,
        max_reorder_frames: sps.max_reorder_frames,
    })
}

/// RFC 6381 §3.3: `avc1.` and the three bytes that follow the SPS's NAL unit header.
fn codec_string(sps: &Sps) -> String {
    format!("avc1.{:02x}{:02x}{:02x}", sps.profile_idc, sps.constraint_flags, sps.level_idc)
}

/// `count` parameter sets with 16-bit lengths. Empty ones, and what is not of type `kind`, are left
/// out: neither configures a decoder.
fn read_sets(reader: &mut ByteReader, count: u8, kind: u8) -> Result<Vec<Bytes>, MediaError> {
    let mut sets = Vec::new();
    for _ in 0..count {
        let length = usize::from(reader.u16()?);
        let set = reader.take(length)?;
        if nal_type(&set) == Some(kind) {
            sets.push(set);
        }
    }
    Ok(sets)
}

fn with_four_byte_lengths(record: &Bytes) -> Bytes {
    if record.get(LENGTH_SIZE_AT) == Some(&0xff) {
        return record.clone();
    }
    let mut bytes = record.to_vec();
    if let Some(byte) = bytes.get_mut(LENGTH_SIZE_AT) {
        *byte = 0xff;
    }
    Bytes::from(bytes)
}

fn write_record(sps: &[Bytes], pps: &[Bytes]) -> Result<Bytes, MediaError> {
    let first = sps.first().ok_or(MediaError::malformed(WHAT, "lacks an SPS or a PPS"))?;
    let parsed = Sps::parse(first)?;
    let mut out = BytesMut::new();
    out.put_slice(&[1, parsed.profile_idc, parsed.constraint_flags, parsed.level_idc, 0xff]);
    out.put_u8(0xe0 | count(sps, 31)?);
    write_sets(&mut out, sps)?;
    out.put_u8(count(pps, u8::MAX)?);
    write_sets(&mut out, pps)?;
    if Sps::has_chroma_fields(parsed.profile_idc) {
        out.put_u8(0xfc | parsed.chroma_format_idc);
        out.put_u8(0xf8 | (parsed.bit_depth_luma - 8));
        out.put_u8(0xf8 | (parsed.bit_depth_chroma - 8));
        out.put_u8(0); // numOfSequenceParameterSetExt
    }
    Ok(out.freeze())
}

fn count(sets: &[Bytes], limit: u8) -> Result<u8, MediaError> {
    match u8::try_from(sets.len()) {
        Ok(count) if count <= limit => Ok(count),
        _ => Err(MediaError::LimitExceeded {
            what: "parameter sets in an avcC",
            limit: usize::from(limit),
        }),
    }
}

fn write_sets(out: &mut BytesMut, sets: &[Bytes]) -> Result<(), MediaError> {
    for set in sets {
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
    use crate::fixtures::{X264_BASELINE, X264_HIGH, X264_INTERLACED_HRD, hex};

    #[test]
    fn codec_strings_of_real_records() {
        let string = |record| config_from_record(&hex(record)).unwrap().codec_string;
        assert_eq!(string(X264_BASELINE), "avc1.42c01e");
        assert_eq!(string(X264_HIGH), "avc1.640028");
        assert_eq!(string(X264_INTERLACED_HRD), "avc1.7a001e");
    }

    #[test]
    fn a_record_with_four_byte_lengths_is_kept_without_a_copy() {
        let record = hex(X264_HIGH);
        let config = config_from_record(&record).unwrap();
        assert_eq!(config.record.as_ptr(), record.as_ptr());
    }

    #[test]
    fn shorter_lengths_are_normalised_in_the_record_only() {
        let mut short = hex(X264_HIGH).to_vec();
        short[4] = 0xfd;
        let short = Bytes::from(short);
        assert_eq!(length_size(&short), Ok(2));
        assert_eq!(config_from_record(&short), config_from_record(&hex(X264_HIGH)));
        assert_eq!(length_size(&[1, 100, 0, 40, 0xfe]).ok(), None, "a size of 3");
    }

    #[test]
    fn a_record_written_from_its_parameter_sets_is_the_encoders() {
        for record in [X264_BASELINE, X264_HIGH, X264_INTERLACED_HRD] {
            let config = config_from_record(&hex(record)).unwrap();
            assert_eq!(config_from_parameter_sets(&config.parameter_sets), Ok(config));
        }
    }

    #[test]
    fn a_record_without_sps_or_pps_is_malformed() {
        let sets = config_from_record(&hex(X264_HIGH)).unwrap().parameter_sets;
        assert!(config_from_record(&hex("01640028ffe000")).is_err());
        assert!(config_from_parameter_sets(&sets[..1]).is_err());
        assert!(config_from_parameter_sets(&sets[1..]).is_err());
    }

    #[test]
    fn every_truncation_inside_the_parameter_sets_is_refused() {
        let record = hex(X264_BASELINE);
        for len in 0..record.len() {
            assert!(config_from_record(&record.slice(..len)).is_err(), "{len} bytes");
        }
    }

    #[test]
    fn more_sps_than_a_record_can_count_are_refused() {
        let sets = config_from_record(&hex(X264_HIGH)).unwrap().parameter_sets;
        let many = [vec![sets[0].clone(); 32], sets].concat();
        let refused = config_from_parameter_sets(&many);
        assert!(matches!(refused, Err(MediaError::LimitExceeded { limit: 31, .. })));
    }
}
