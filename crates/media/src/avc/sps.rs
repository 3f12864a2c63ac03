//! The AVC sequence parameter set (ISO/IEC 14496-10 §7.3.2.1.1, VUI §E.1.1).

use crate::avc::{nal_type, unit};
use crate::bits::BitReader;
use crate::config::FrameRate;
use crate::error::MediaError;

const WHAT: &str = "AVC SPS";

/// The fields of a sequence parameter set that something in Genlock needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sps {
    /// `seq_parameter_set_id`, 0 to 31.
    pub id: u8,
    /// `profile_idc`.
    pub profile_idc: u8,
    /// The byte of `constraint_set0_flag` to `constraint_set5_flag` and two reserved bits.
    pub constraint_flags: u8,
    /// `level_idc`.
    pub level_idc: u8,
    /// `chroma_format_idc`: 1 is 4:2:0.
    pub chroma_format_idc: u8,
    /// Bits of a luma sample.
    pub bit_depth_luma: u8,
    /// Bits of a chroma sample.
    pub bit_depth_chroma: u8,
    /// Every picture is a frame; otherwise there may be fields (interlace).
    pub frame_mbs_only: bool,
    /// Luma samples per row after cropping.
    pub width: u32,
    /// Rows of a frame after cropping.
    pub height: u32,
    /// From the VUI's timing, where it has one.
    pub frame_rate: Option<FrameRate>,
    /// `max_num_reorder_frames`, or 0 where profile or picture order count type exclude reordering.
    pub max_reorder_frames: Option<u8>,
}

impl Sps {
    /// Reads a NAL unit of type 7, header byte included.
    ///
    /// # Errors
    /// When a field up to the cropping rectangle is missing or out of its range. A broken VUI only
    /// loses the hints that it holds.
    pub fn parse(nal: &[u8]) -> Result<Self, MediaError> {
        let Some(body) = nal.get(1..).filter(|_| nal_type(nal) == Some(unit::SPS)) else {
            return Err(MediaError::malformed(WHAT, "is not a NAL unit of type 7"));
        };
        let mut reader = BitReader::rbsp(WHAT, body);
        let profile_idc = reader.byte()?;
        let constraint_flags = reader.byte()?;
        let level_idc = reader.byte()?;
        let id = reader.ue_max(31)?;
        let chroma = Chroma::parse(&mut reader, profile_idc)?;
        reader.ue()?; // log2_max_frame_num_minus4
        let order_count_type = picture_order_count_type(&mut reader)?;
        reader.ue()?; // max_num_ref_frames
        reader.flag()?; // gaps_in_frame_num_value_allowed_flag
        let frame = Frame::parse(&mut reader, &chroma)?;
        let vui = Vui::parse(&mut reader).unwrap_or_default();
        let never_reorders = order_count_type == 2 || profile_idc == BASELINE;
        Ok(Self {
            id,
            profile_idc,
            constraint_flags,
            level_idc,
            chroma_format_idc: chroma.format_idc,
            bit_depth_luma: chroma.bit_depth_luma,
            bit_depth_chroma: chroma.bit_depth_chroma,
            frame_mbs_only: frame.mbs_only,
            width: frame.width,
            height: frame.height,
            frame_rate: vui.frame_rate,
            max_reorder_frames: if never_reorders { Some(0) } else { vui.max_reorder_frames },
        })
    }

    /// Whether the profile is one of those that carry chroma format and bit depth, here and in the
    /// decoder configuration record.
    pub(super) const fn has_chroma_fields(profile_idc: u8) -> bool {
        matches!(
            profile_idc,
            100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135
        )
    }
}

const BASELINE: u8 = 66;

struct Chroma {
    format_idc: u8,
    bit_depth_luma: u8,
    bit_depth_chroma: u8,
}

impl Chroma {
    fn parse(reader: &mut BitReader<'_>, profile_idc: u8) -> Result<Self, MediaError> {
        if !Sps::has_chroma_fields(profile_idc) {
            return Ok(Self { format_idc: 1, bit_depth_luma: 8, bit_depth_chroma: 8 });
        }
        let format_idc = reader.ue_max(3)?;
        if format_idc == 3 {
            reader.flag()?; // separate_colour_plane_flag
        }
        let bit_depth_luma = 8 + reader.ue_max(6)?;
        let bit_depth_chroma = 8 + reader.ue_max(6)?;
        reader.flag()?; // qpprime_y_zero_transform_bypass_flag
        if reader.flag()? {
            skip_scaling_matrix(reader, if format_idc == 3 { 12 } else { 8 })?;
        }
        Ok(Self { format_idc, bit_depth_luma, bit_depth_chroma })
    }

    /// `CropUnitX` and `CropUnitY` of a frame (§7.4.2.1.1).
    const fn crop_unit(&self) -> (u32, u32) {
        match self.format_idc {
            1 => (2, 2),
            2 => (2, 1),
            _ => (1, 1),
        }
    }
}

/// `seq_scaling_matrix`: lists of 16 values, from the seventh on of 64 (§7.3.2.1.1.1).
fn skip_scaling_matrix(reader: &mut BitReader<'_>, lists: usize) -> Result<(), MediaError> {
    for list in 0..lists {
        if !reader.flag()? {
            continue;
        }
        let mut last = 8i64;
        for _ in 0..if list < 6 { 16 } else { 64 } {
            last = (last + i64::from(reader.se()?)).rem_euclid(256);
            if last == 0 {
                break;
            }
        }
    }
    Ok(())
}

fn picture_order_count_type(reader: &mut BitReader<'_>) -> Result<u8, MediaError> {
    let kind = reader.ue_max(2)?;
    match kind {
        0 => {
            reader.ue()?; // log2_max_pic_order_cnt_lsb_minus4
        }
        1 => {
            reader.flag()?; // delta_pic_order_always_zero_flag
            reader.se()?; // offset_for_non_ref_pic
            reader.se()?; // offset_for_top_to_bottom_field
            for _ in 0..reader.ue_max(255)? {
                reader.se()?; // offset_for_ref_frame
            }
        }
        _ => {}
    }
    Ok(kind)
}

struct Frame {
    mbs_only: bool,
    width: u32,
    height: u32,
}

impl Frame {
    fn parse(reader: &mut BitReader<'_>, chroma: &Chroma) -> Result<Self, MediaError> {
        let width_in_mbs = u64::from(reader.ue()?) + 1;
        let height_in_map_units = u64::from(reader.ue()?) + 1;
        let mbs_only = reader.flag()?;
        if !mbs_only {
            reader.flag()?; // mb_adaptive_frame_field_flag
        }
        reader.flag()?; // direct_8x8_inference_flag
        let fields = if mbs_only { 1 } else { 2 };
        let (crop_x, crop_y) = if reader.flag()? { crop_offsets(reader)? } else { (0, 0) };
        let (unit_x, unit_y) = chroma.crop_unit();
        let width = (width_in_mbs * 16).checked_sub(crop_x * u64::from(unit_x));
        let height =
            (height_in_map_units * 16 * fields).checked_sub(crop_y * u64::from(unit_y) * fields);
        match (width.map(u32::try_from), height.map(u32::try_from)) {
            (Some(Ok(width @ 1..=MAX_SIDE)), Some(Ok(height @ 1..=MAX_SIDE))) => {
                Ok(Self { mbs_only, width, height })
            }
            _ => Err(reader.malformed("picture size out of range")),
        }
    }
}

/// Sample entries hold width and height in 16 bits.
const MAX_SIDE: u32 = 65_535;

/// Left plus right, top plus bottom.
fn crop_offsets(reader: &mut BitReader<'_>) -> Result<(u64, u64), MediaError> {
    let left = u64::from(reader.ue()?);
    let right = u64::from(reader.ue()?);
    let top = u64::from(reader.ue()?);
    let bottom = u64::from(reader.ue()?);
    Ok((left + right, top + bottom))
}

#[derive(Default)]
struct Vui {
    frame_rate: Option<FrameRate>,
    max_reorder_frames: Option<u8>,
}

impl Vui {
    fn parse(reader: &mut BitReader<'_>) -> Result<Self, MediaError> {
        let mut vui = Self::default();
        if reader.flag()? {
            skip_picture_description(reader)?;
            if reader.flag()? {
                vui.frame_rate = frame_rate(reader)?;
            }
            // What was read stands, whatever the rest looks like.
            vui.max_reorder_frames = max_reorder_frames(reader).unwrap_or(None);
        }
        Ok(vui)
    }
}

/// Aspect ratio, overscan, colour and chroma location.
fn skip_picture_description(reader: &mut BitReader<'_>) -> Result<(), MediaError> {
    const EXTENDED_SAR: u8 = 255;
    if reader.flag()? && reader.byte()? == EXTENDED_SAR {
        reader.skip(32)?;
    }
    if reader.flag()? {
        reader.skip(1)?; // overscan_appropriate_flag
    }
    if reader.flag()? {
        reader.skip(4)?; // video_format, video_full_range_flag
        if reader.flag()? {
            reader.skip(24)?; // colour description
        }
    }
    if reader.flag()? {
        reader.ue()?; // chroma_sample_loc_type_top_field
        reader.ue()?; // chroma_sample_loc_type_bottom_field
    }
    Ok(())
}

/// `num_units_in_tick` counts fields: a frame lasts two of them.
fn frame_rate(reader: &mut BitReader<'_>) -> Result<Option<FrameRate>, MediaError> {
    let units_in_tick = reader.bits(32)?;
    let time_scale = reader.bits(32)?;
    reader.flag()?; // fixed_frame_rate_flag
    Ok(units_in_tick.checked_mul(2).and_then(|units| FrameRate::new(time_scale, units)))
}

fn max_reorder_frames(reader: &mut BitReader<'_>) -> Result<Option<u8>, MediaError> {
    let nal_hrd = skip_hrd(reader)?;
    let vcl_hrd = skip_hrd(reader)?;
    if nal_hrd || vcl_hrd {
        reader.flag()?; // low_delay_hrd_flag
    }
    reader.flag()?; // pic_struct_present_flag
    if !reader.flag()? {
        return Ok(None);
    }
    reader.flag()?; // motion_vectors_over_pic_boundaries_flag
    for _ in 0..4 {
        reader.ue()?; // bytes per picture, bits per macroblock, lengths of motion vectors
    }
    reader.ue_max(16).map(Some)
}

/// `hrd_parameters_present_flag` and what follows it (§E.1.2). Returns the flag.
fn skip_hrd(reader: &mut BitReader<'_>) -> Result<bool, MediaError> {
    let present = reader.flag()?;
    if present {
        let cpb_cnt = reader.ue_max(31)? + 1;
        reader.skip(8)?; // bit_rate_scale, cpb_size_scale
        for _ in 0..cpb_cnt {
            reader.ue()?; // bit_rate_value_minus1
            reader.ue()?; // cpb_size_value_minus1
            reader.flag()?; // cbr_flag
        }
        reader.skip(20)?; // lengths of delays and time offset
    }
    Ok(present)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::avc::config_from_record;
    use crate::fixtures::{X264_BASELINE, X264_HIGH, X264_INTERLACED_HRD, hex};

    fn sps(record: &str) -> Sps {
        Sps::parse(&config_from_record(&hex(record)).unwrap().parameter_sets[0]).unwrap()
    }

    #[test]
    fn progressive_with_b_frames() {
        let expected = Sps {
            id: 0,
            profile_idc: 100,
            constraint_flags: 0,
            level_idc: 40,
            chroma_format_idc: 1,
            bit_depth_luma: 8,
            bit_depth_chroma: 8,
            frame_mbs_only: true,
            width: 1920,
            height: 1080,
            frame_rate: FrameRate::new(30, 1),
            max_reorder_frames: Some(2),
        };
        assert_eq!(sps(X264_HIGH), expected);
    }

    #[test]
    fn baseline_never_reorders() {
        let sps = sps(X264_BASELINE);
        assert_eq!((sps.width, sps.height), (640, 360));
        assert_eq!(sps.constraint_flags, 0xc0);
        assert_eq!(sps.max_reorder_frames, Some(0));
    }

    #[test]
    fn interlaced_with_hrd_in_4_2_2() {
        let sps = sps(X264_INTERLACED_HRD);
        assert_eq!((sps.width, sps.height), (720, 576));
        assert!(!sps.frame_mbs_only);
        assert_eq!((sps.profile_idc, sps.chroma_format_idc), (122, 2));
        assert_eq!(sps.frame_rate, FrameRate::new(25, 1));
        assert_eq!(sps.max_reorder_frames, Some(2));
    }

    #[test]
    fn a_vui_cut_short_loses_only_its_hints() {
        let config = config_from_record(&hex(X264_HIGH)).unwrap();
        let cut = config.parameter_sets[0].slice(..16);
        let sps = Sps::parse(&cut).unwrap();
        assert_eq!((sps.width, sps.height), (1920, 1080));
        assert_eq!((sps.frame_rate, sps.max_reorder_frames), (None, None));
    }

    #[test]
    fn what_ends_before_the_size_is_refused() {
        let config = config_from_record(&hex(X264_HIGH)).unwrap();
        for len in 0..9 {
            assert!(Sps::parse(&config.parameter_sets[0].slice(..len)).is_err(), "{len} bytes");
        }
        assert!(Sps::parse(&config.parameter_sets[1]).is_err(), "a PPS");
    }
}
