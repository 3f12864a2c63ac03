//! The `AV1CodecConfigurationRecord` (AV1-ISOBMFF §2.3), read and written.

use bytes::{BufMut, Bytes, BytesMut};

use crate::av1::{SequenceHeader, obus, unit};
use crate::bits::ByteReader;
use crate::config::{VideoCodec, VideoConfig};
use crate::error::MediaError;

const WHAT: &str = "av1C";
/// `marker` 1 and `version` 1.
const MARKER_AND_VERSION: u8 = 0x81;

/// Reads a record into a configuration.
///
/// # Errors
/// When the record does not parse, or has no sequence header (it may legally lack one: the
/// configuration then comes from the first key frame, by [`config_from_parameter_sets`]).
pub fn config_from_record(record: &Bytes) -> Result<VideoConfig, MediaError> {
    let mut reader = ByteReader::new(WHAT, record.clone());
    let [first, _profile_and_level, _format, _presentation_delay] = reader.array()?;
    if first != MARKER_AND_VERSION {
        return Err(MediaError::Unsupported { what: "av1C version", value: first.into() });
    }
    let (_, header) = sequence_header(reader.remaining())?;
    let mut parameter_sets = Vec::new();
    for obu in obus(reader.remaining()) {
        let obu = obu?;
        // AV1-ISOBMFF §2.3.4: nothing else may stand here.
        if matches!(obu.kind, unit::SEQUENCE_HEADER | unit::METADATA) {
            parameter_sets.push(obu.sized());
        }
    }
    Ok(config(record.clone(), &header, parameter_sets))
}

/// Builds a configuration and its record from the last sequence header OBU of `sets`.
///
/// # Errors
/// When there is none, or it does not parse.
pub fn config_from_parameter_sets(sets: &[Bytes]) -> Result<VideoConfig, MediaError> {
    let (obu, header) = sequence_header(&Bytes::from(sets.concat()))?;
    Ok(config(write_record(&header, &obu), &header, vec![obu]))
}

/// The last sequence header of `sets`, parsed.
pub(crate) fn newest_sequence_header(sets: &[Bytes]) -> Result<SequenceHeader, MediaError> {
    sequence_header(&Bytes::from(sets.concat())).map(|(_, header)| header)
}

/// The last sequence header of `bytes`, whole and parsed.
fn sequence_header(bytes: &Bytes) -> Result<(Bytes, SequenceHeader), MediaError> {
    let mut last = Err(MediaError::malformed(WHAT, "lacks a sequence header"));
    for obu in obus(bytes) {
        let obu = obu?;
        if obu.kind == unit::SEQUENCE_HEADER {
            last = SequenceHeader::parse(&obu.body).map(|header| (obu.sized(), header));
        }
    }
    last
}

fn config(record: Bytes, header: &SequenceHeader, parameter_sets: Vec<Bytes>) -> VideoConfig {
    VideoConfig {
        codec: VideoCodec::Av1,
        record,
        parameter_sets,
        width: header.width,
        height: header.height,
        codec_string: codec_string(header),
        frame_rate_hint: header.frame_rate,
        max_reorder_frames: None,
    }
}

/// AV1-ISOBMFF §5: profile, level, tier and bit depth; the optional fields are left at their defaults.
fn codec_string(header: &SequenceHeader) -> String {
    let tier = if header.high_tier { 'H' } else { 'M' };
    format!("av01.{}.{:02}{tier}.{:02}", header.profile, header.level_idx, header.color.bit_depth)
}

fn write_record(header: &SequenceHeader, sequence_header_obu: &[u8]) -> Bytes {
    let color = &header.color;
    let flags = [
        header.high_tier,
        color.bit_depth > 8,
        color.bit_depth == 12,
        color.monochrome,
        color.subsampling_x,
        color.subsampling_y,
    ];
    let flags = flags.iter().fold(0u8, |byte, flag| byte << 1 | u8::from(*flag));
    let mut out = BytesMut::with_capacity(4 + sequence_header_obu.len());
    out.put_u8(MARKER_AND_VERSION);
    out.put_u8(header.profile << 5 | header.level_idx);
    out.put_u8(flags << 2 | color.chroma_sample_position);
    out.put_u8(0); // no initial presentation delay
    out.put_slice(sequence_header_obu);
    out.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{AOM_AV1_10, SVT_AV1, hex};

    #[test]
    fn real_records_give_size_and_codec_string() {
        let config = config_from_record(&hex(SVT_AV1)).unwrap();
        assert_eq!((config.width, config.height), (640, 360));
        assert_eq!(config.codec_string, "av01.0.01M.08");
        let config = config_from_record(&hex(AOM_AV1_10)).unwrap();
        assert_eq!((config.width, config.height), (320, 180));
        assert_eq!(config.codec_string, "av01.0.00M.10");
    }

    #[test]
    fn a_record_written_from_the_sequence_header_is_the_encoders() {
        for record in [SVT_AV1, AOM_AV1_10] {
            let config = config_from_record(&hex(record)).unwrap();
            assert_eq!(config_from_parameter_sets(&config.parameter_sets), Ok(config));
        }
    }

    #[test]
    fn metadata_is_a_parameter_set_and_padding_is_not() {
        let metadata = "2a03010203";
        let record = format!("{SVT_AV1}{metadata}7a0180");
        let config = config_from_record(&hex(&record)).unwrap();
        assert_eq!(config.parameter_sets, [hex(&SVT_AV1[8..]), hex(metadata)]);
        let rebuilt = config_from_parameter_sets(&config.parameter_sets).unwrap();
        assert_eq!(rebuilt.record, hex(SVT_AV1));
    }

    #[test]
    fn a_record_without_sequence_header_is_malformed() {
        let record = Bytes::from_static(&[0x81, 0x01, 0x0c, 0x00]);
        assert!(matches!(config_from_record(&record), Err(MediaError::Malformed { .. })));
        assert!(config_from_parameter_sets(&[]).is_err());
    }
}
