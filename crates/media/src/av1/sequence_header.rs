//! The AV1 sequence header OBU (AV1 specification §5.5).

use crate::bits::BitReader;
use crate::config::FrameRate;
use crate::error::MediaError;

const WHAT: &str = "AV1 sequence header";

/// The fields of a sequence header that something in Genlock needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequenceHeader {
    /// `seq_profile`: 0 Main, 1 High, 2 Professional.
    pub profile: u8,
    /// `reduced_still_picture_header`: a single picture, whose frame header has no frame type.
    pub reduced_still_picture: bool,
    /// `seq_level_idx[0]`.
    pub level_idx: u8,
    /// `seq_tier[0]`: High tier instead of Main tier.
    pub high_tier: bool,
    /// `max_frame_width_minus_1` plus one.
    pub width: u32,
    /// `max_frame_height_minus_1` plus one.
    pub height: u32,
    /// From the timing information, where pictures come at equal intervals.
    pub frame_rate: Option<FrameRate>,
    /// Sample format.
    pub color: ColorConfig,
}

/// The part of `color_config()` (§5.5.2) that an `av1C` repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColorConfig {
    /// 8, 10 or 12.
    pub bit_depth: u8,
    /// No chroma planes.
    pub monochrome: bool,
    /// Chroma is halved horizontally.
    pub subsampling_x: bool,
    /// Chroma is halved vertically.
    pub subsampling_y: bool,
    /// `chroma_sample_position`.
    pub chroma_sample_position: u8,
}

impl SequenceHeader {
    /// Reads the body of an OBU of type 1.
    ///
    /// # Errors
    /// When a field is missing or reserved.
    pub fn parse(body: &[u8]) -> Result<Self, MediaError> {
        let mut reader = BitReader::new(WHAT, body);
        let profile = reader.small(3)?;
        if profile > 2 {
            return Err(MediaError::Unsupported { what: "AV1 profile", value: profile.into() });
        }
        reader.flag()?; // still_picture
        let reduced_still_picture = reader.flag()?;
        let operation = if reduced_still_picture {
            Operation { level_idx: reader.small(5)?, ..Operation::default() }
        } else {
            Operation::parse(&mut reader)?
        };
        let (width, height) = frame_size(&mut reader)?;
        skip_tools(&mut reader, reduced_still_picture)?;
        let color = ColorConfig::parse(&mut reader, profile)?;
        Ok(Self {
            profile,
            reduced_still_picture,
            level_idx: operation.level_idx,
            high_tier: operation.high_tier,
            width,
            height,
            frame_rate: operation.frame_rate,
            color,
        })
    }
}

/// Timing and the first operating point.
#[derive(Default)]
struct Operation {
    level_idx: u8,
    high_tier: bool,
    frame_rate: Option<FrameRate>,
}

impl Operation {
    fn parse(reader: &mut BitReader<'_>) -> Result<Self, MediaError> {
        let mut first = Self::default();
        let mut delay_bits = None;
        if reader.flag()? {
            first.frame_rate = frame_rate(reader)?;
            if reader.flag()? {
                delay_bits = Some(reader.bits(5)? + 1); // buffer_delay_length_minus_1
                reader.skip(32 + 5 + 5)?; // rest of decoder_model_info()
            }
        }
        let has_display_delay = reader.flag()?;
        for point in 0..=reader.small(5)? {
            reader.skip(12)?; // operating_point_idc
            let level_idx = reader.small(5)?;
            let high_tier = level_idx > 7 && reader.flag()?;
            if point == 0 {
                first = Self { level_idx, high_tier, ..first };
            }
            if let Some(bits) = delay_bits
                && reader.flag()?
            {
                reader.skip(2 * bits + 1)?; // operating_parameters_info()
            }
            if has_display_delay && reader.flag()? {
                reader.skip(4)?; // initial_display_delay_minus_1
            }
        }
        Ok(first)
    }
}

/// `timing_info()` (§5.5.3).
fn frame_rate(reader: &mut BitReader<'_>) -> Result<Option<FrameRate>, MediaError> {
    let units_in_tick = reader.bits(32)?;
    let time_scale = reader.bits(32)?;
    if !reader.flag()? {
        return Ok(None);
    }
    let ticks_per_picture = reader.ue()?.checked_add(1);
    Ok(ticks_per_picture
        .and_then(|ticks| ticks.checked_mul(units_in_tick))
        .and_then(|units| FrameRate::new(time_scale, units)))
}

fn frame_size(reader: &mut BitReader<'_>) -> Result<(u32, u32), MediaError> {
    let width_bits = reader.bits(4)? + 1;
    let height_bits = reader.bits(4)? + 1;
    Ok((reader.bits(width_bits)? + 1, reader.bits(height_bits)? + 1))
}

/// From `frame_id_numbers_present_flag` to `enable_restoration`.
fn skip_tools(reader: &mut BitReader<'_>, reduced_still_picture: bool) -> Result<(), MediaError> {
    if !reduced_still_picture && reader.flag()? {
        reader.skip(4 + 3)?; // lengths of frame ids
    }
    reader.skip(3)?; // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
    if !reduced_still_picture {
        reader.skip(4)?; // interintra compound, masked compound, warped motion, dual filter
        let order_hint = reader.flag()?;
        if order_hint {
            reader.skip(2)?; // enable_jnt_comp, enable_ref_frame_mvs
        }
        let screen_content_tools = reader.flag()? || reader.flag()?;
        if screen_content_tools && !reader.flag()? {
            reader.skip(1)?; // seq_force_integer_mv
        }
        if order_hint {
            reader.skip(3)?; // order_hint_bits_minus_1
        }
    }
    reader.skip(3) // enable_superres, enable_cdef, enable_restoration
}

impl ColorConfig {
    fn parse(reader: &mut BitReader<'_>, profile: u8) -> Result<Self, MediaError> {
        let bit_depth = match (profile, reader.flag()?) {
            (_, false) => 8,
            (2, true) if reader.flag()? => 12,
            _ => 10,
        };
        let monochrome = profile != 1 && reader.flag()?;
        let description = if reader.flag()? { reader.bits(24)? } else { UNSPECIFIED };
        let (subsampling_x, subsampling_y) = if monochrome {
            reader.flag()?; // color_range
            (true, true)
        } else if description == SRGB {
            (false, false)
        } else {
            reader.flag()?; // color_range
            subsampling(reader, profile, bit_depth)?
        };
        let has_position = !monochrome && subsampling_x && subsampling_y;
        let chroma_sample_position = if has_position { reader.small(2)? } else { 0 };
        Ok(Self { bit_depth, monochrome, subsampling_x, subsampling_y, chroma_sample_position })
    }
}

/// Primaries, transfer and matrix "unspecified".
const UNSPECIFIED: u32 = 0x02_02_02;
/// BT.709 primaries, sRGB transfer, identity matrix: implies 4:4:4.
const SRGB: u32 = 0x01_0d_00;

fn subsampling(
    reader: &mut BitReader<'_>,
    profile: u8,
    bit_depth: u8,
) -> Result<(bool, bool), MediaError> {
    Ok(match (profile, bit_depth) {
        (0, _) => (true, true),
        (1, _) => (false, false),
        (_, 12) => {
            let x = reader.flag()?;
            (x, x && reader.flag()?)
        }
        _ => (true, false),
    })
}
