//! The HEVC sequence parameter set (ISO/IEC 23008-2 §7.3.2.2.1) up to its reordering depth.
//!
//! What follows (reference picture sets, VUI) is not read.

use crate::bits::BitReader;
use crate::error::MediaError;
use crate::hevc::{NAL_HEADER, nal_type, unit};

const WHAT: &str = "HEVC SPS";

/// The fields of a sequence parameter set that something in Genlock needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sps {
    /// `sps_seq_parameter_set_id`, 0 to 15.
    pub id: u8,
    /// `sps_max_sub_layers_minus1` plus one: the number of temporal sub-layers.
    pub sub_layers: u8,
    /// `sps_temporal_id_nesting_flag`.
    pub temporal_id_nesting: bool,
    /// General profile, tier and level.
    pub profile: ProfileTierLevel,
    /// `chroma_format_idc`: 1 is 4:2:0.
    pub chroma_format_idc: u8,
    /// Bits of a luma sample.
    pub bit_depth_luma: u8,
    /// Bits of a chroma sample.
    pub bit_depth_chroma: u8,
    /// Luma samples per row inside the conformance window.
    pub width: u32,
    /// Rows inside the conformance window.
    pub height: u32,
    /// `sps_max_num_reorder_pics` of the highest sub-layer.
    pub max_reorder_frames: u8,
}

/// The general part of `profile_tier_level()` (§7.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProfileTierLevel {
    /// `general_profile_space`, 0 to 3.
    pub space: u8,
    /// High tier instead of Main tier.
    pub high_tier: bool,
    /// `general_profile_idc`.
    pub profile_idc: u8,
    /// `general_profile_compatibility_flag[0..32]`, flag 0 as the most significant bit.
    pub compatibility: u32,
    /// The 48 bits from `general_progressive_source_flag` on.
    pub constraints: [u8; 6],
    /// `general_level_idc`: 30 times the level.
    pub level_idc: u8,
}

impl Sps {
    /// Reads a NAL unit of type 33, header included.
    ///
    /// # Errors
    /// When a field is missing or out of its range.
    pub fn parse(nal: &[u8]) -> Result<Self, MediaError> {
        let Some(body) = nal.get(NAL_HEADER..).filter(|_| nal_type(nal) == Some(unit::SPS)) else {
            return Err(MediaError::malformed(WHAT, "is not a NAL unit of type 33"));
        };
        let mut reader = BitReader::rbsp(WHAT, body);
        reader.skip(4)?; // sps_video_parameter_set_id
        let max_sub_layers_minus1 = reader.small(3)?;
        let temporal_id_nesting = reader.flag()?;
        let profile = ProfileTierLevel::parse(&mut reader, max_sub_layers_minus1)?;
        let id = reader.ue_max(15)?;
        let chroma_format_idc = reader.ue_max(3)?;
        if chroma_format_idc == 3 {
            reader.flag()?; // separate_colour_plane_flag
        }
        let (width, height) = picture_size(&mut reader, chroma_format_idc)?;
        let bit_depth_luma = 8 + reader.ue_max(8)?;
        let bit_depth_chroma = 8 + reader.ue_max(8)?;
        reader.ue_max(12)?; // log2_max_pic_order_cnt_lsb_minus4
        let max_reorder_frames = max_reorder_frames(&mut reader, max_sub_layers_minus1)?;
        Ok(Self {
            id,
            sub_layers: max_sub_layers_minus1 + 1,
            temporal_id_nesting,
            profile,
            chroma_format_idc,
            bit_depth_luma,
            bit_depth_chroma,
            width,
            height,
            max_reorder_frames,
        })
    }
}

impl ProfileTierLevel {
    fn parse(reader: &mut BitReader<'_>, max_sub_layers_minus1: u8) -> Result<Self, MediaError> {
        let space = reader.small(2)?;
        let high_tier = reader.flag()?;
        let profile_idc = reader.small(5)?;
        let compatibility = reader.bits(32)?;
        let mut constraints = [0; 6];
        for byte in &mut constraints {
            *byte = reader.byte()?;
        }
        let level_idc = reader.byte()?;
        skip_sub_layers(reader, max_sub_layers_minus1)?;
        Ok(Self { space, high_tier, profile_idc, compatibility, constraints, level_idc })
    }
}

fn skip_sub_layers(reader: &mut BitReader<'_>, count: u8) -> Result<(), MediaError> {
    const PROFILE_BITS: u32 = 88;
    const LEVEL_BITS: u32 = 8;
    if count == 0 {
        return Ok(());
    }
    let mut bits = 0;
    for _ in 0..count {
        bits += if reader.flag()? { PROFILE_BITS } else { 0 };
        bits += if reader.flag()? { LEVEL_BITS } else { 0 };
    }
    for _ in count..8 {
        reader.skip(2)?; // reserved_zero_2bits
    }
    reader.skip(bits)
}

/// Width and height inside the conformance window (§7.4.3.2.1).
fn picture_size(
    reader: &mut BitReader<'_>,
    chroma_format_idc: u8,
) -> Result<(u32, u32), MediaError> {
    /// Sample entries hold width and height in 16 bits.
    const MAX_SIDE: u32 = 65_535;
    let coded_width = u64::from(reader.ue()?);
    let coded_height = u64::from(reader.ue()?);
    let (crop_x, crop_y) = if reader.flag()? { window_offsets(reader)? } else { (0, 0) };
    let (unit_x, unit_y) = match chroma_format_idc {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    };
    let width = coded_width.checked_sub(crop_x * unit_x).map(u32::try_from);
    let height = coded_height.checked_sub(crop_y * unit_y).map(u32::try_from);
    match (width, height) {
        (Some(Ok(width @ 1..=MAX_SIDE)), Some(Ok(height @ 1..=MAX_SIDE))) => Ok((width, height)),
        _ => Err(reader.malformed("picture size out of range")),
    }
}

/// Left plus right, top plus bottom.
fn window_offsets(reader: &mut BitReader<'_>) -> Result<(u64, u64), MediaError> {
    let left = u64::from(reader.ue()?);
    let right = u64::from(reader.ue()?);
    let top = u64::from(reader.ue()?);
    let bottom = u64::from(reader.ue()?);
    Ok((left + right, top + bottom))
}

fn max_reorder_frames(
    reader: &mut BitReader<'_>,
    max_sub_layers_minus1: u8,
) -> Result<u8, MediaError> {
    let for_each_sub_layer = reader.flag()?;
    let mut reorder = 0;
    for _ in 0..=if for_each_sub_layer { max_sub_layers_minus1 } else { 0 } {
        reader.ue()?; // sps_max_dec_pic_buffering_minus1
        reorder = reader.ue_max(16)?;
        reader.ue()?; // sps_max_latency_increase_plus1
    }
    Ok(reorder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{X265_MAIN, X265_MAIN_10, hex};
    use crate::hevc::config_from_record;

    fn sps(record: &str) -> Sps {
        Sps::parse(&config_from_record(&hex(record)).unwrap().parameter_sets[1]).unwrap()
    }

    #[test]
    fn main_profile() {
        let expected = Sps {
            id: 0,
            sub_layers: 1,
            temporal_id_nesting: true,
            profile: ProfileTierLevel {
                space: 0,
                high_tier: false,
                profile_idc: 1,
                compatibility: 0x6000_0000,
                constraints: [0x90, 0, 0, 0, 0, 0],
                level_idc: 63,
            },
            chroma_format_idc: 1,
            bit_depth_luma: 8,
            bit_depth_chroma: 8,
            width: 640,
            height: 360,
            max_reorder_frames: 2,
        };
        assert_eq!(sps(X265_MAIN), expected);
    }

    #[test]
    fn main_10_has_a_conformance_window() {
        let sps = sps(X265_MAIN_10);
        assert_eq!((sps.width, sps.height), (1920, 1080));
        assert_eq!((sps.bit_depth_luma, sps.bit_depth_chroma), (10, 10));
        assert_eq!(sps.profile.profile_idc, 2);
    }

    #[test]
    fn sub_layers_are_passed_over() {
        // Three sub-layers; the first with profile and level, the second with a level.
        let mut bits = BitWriter::default();
        bits.put(0, 4).put(2, 3).put(0, 1); // VPS id, max_sub_layers_minus1, nesting
        bits.put(1, 8).put(0x6000_0000, 32).put(0, 24).put(0, 24).put(93, 8);
        bits.put(0b1101, 4).put(0, 12); // presence flags, padding to eight sub-layers
        bits.put(0, 32).put(0, 32).put(0, 24).put(0, 8).put(0, 8);
        bits.put(0b1, 1).put(0b010, 3); // SPS id 0, 4:2:0
        bits.put(0b1_0000_0001, 17).put(0b1000_0001, 15).put(0, 1); // 256x128, no window
        bits.put(0b1_1, 2).put(0b0_0101, 5); // 8 bits, log2_max_pic_order_cnt_lsb 8
        bits.put(1, 1); // ordering info for each sub-layer: (0, 0, 0), (0, 1, 0), (0, 2, 0)
        bits.put(0b111, 3).put(0b10101, 5).put(0b10111, 5);
        let sps = Sps::parse(&[&[0x42, 0x01][..], &bits.escaped()].concat()).unwrap();
        assert_eq!((sps.width, sps.height), (256, 128));
        assert_eq!((sps.sub_layers, sps.max_reorder_frames), (3, 2));
    }

    #[derive(Default)]
    struct BitWriter(Vec<bool>);

    impl BitWriter {
        fn put(&mut self, value: u32, width: u32) -> &mut Self {
            self.0.extend((0..width).rev().map(|bit| value >> bit & 1 == 1));
            self
        }

        /// The bits as bytes with emulation prevention.
        fn escaped(&self) -> Vec<u8> {
            let mut out = Vec::new();
            for bits in self.0.chunks(8) {
                let byte = (0..8).fold(0u8, |byte, at| {
                    byte << 1 | u8::from(bits.get(at).copied().unwrap_or(false))
                });
                if byte <= 3 && out.ends_with(&[0, 0]) {
                    out.push(3);
                }
                out.push(byte);
            }
            out
        }
    }
}
