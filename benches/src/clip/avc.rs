//! A tiny H.264 encoder for pictures of one colour (ISO/IEC 14496-10, Main profile, CAVLC, frames only).
//!
//! An IDR picture is one `I_PCM` macroblock of the colour; every other macroblock is predicted from it without a
//! residual and costs a byte. P and B pictures are one run of skipped macroblocks. Everything decodes; nothing
//! moves. Deblocking is off so that the colour stays exact.

use super::bits::BitWriter;
use super::format::PictureFormat;

const PROFILE_MAIN: u8 = 77;
/// `constraint_set1_flag`: conforms to the Main profile.
const CONSTRAINTS: u8 = 0x40;
const FRAME_NUM_BITS: u32 = 8;
const POC_LSB_BITS: u32 = 10;
const MACROBLOCK: u32 = 16;

const NAL_IDR: u8 = 0x65;
const NAL_REFERENCE: u8 = 0x41;
const NAL_DISPOSABLE: u8 = 0x01;
/// Header byte of an SEI NAL unit.
pub(super) const NAL_SEI: u8 = 0x06;
const NAL_SPS: u8 = 0x67;
const NAL_PPS: u8 = 0x68;

/// One colour, as 8-bit Y, Cb, Cr.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Colour(pub(crate) [u8; 3]);

impl Colour {
    /// A colour that tells cameras apart.
    pub(crate) fn of_camera(camera: usize) -> Self {
        const COLOURS: [[u8; 3]; 8] = [
            [81, 90, 240],
            [145, 54, 34],
            [41, 240, 110],
            [210, 16, 146],
            [170, 166, 16],
            [106, 202, 222],
            [180, 128, 128],
            [60, 128, 128],
        ];
        Self(COLOURS[camera % COLOURS.len()])
    }
}

/// What a slice header says of a picture that is not an IDR picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inter {
    /// `frame_num`: reference pictures since the IDR picture.
    pub(super) frame_num: u32,
    /// Position in display order since the IDR picture.
    pub(super) display: u32,
    /// Whether it is a B picture that nothing refers to.
    pub(super) disposable: bool,
}

/// The sequence parameter set (§7.3.2.1.1).
pub(super) fn sps(format: &PictureFormat) -> Vec<u8> {
    let mut w = BitWriter::default();
    w.bytes(&[PROFILE_MAIN, CONSTRAINTS, level_idc(format)]);
    w.ue(0); // seq_parameter_set_id
    w.ue(FRAME_NUM_BITS - 4);
    w.ue(0); // pic_order_cnt_type
    w.ue(POC_LSB_BITS - 4);
    w.ue(references(format));
    w.bit(false); // gaps_in_frame_num_value_allowed_flag
    w.ue(columns(format) - 1);
    w.ue(rows(format) - 1);
    w.bit(true); // frame_mbs_only_flag
    w.bit(true); // direct_8x8_inference_flag
    put_cropping(&mut w, format);
    w.bit(true); // vui_parameters_present_flag
    put_vui(&mut w, format);
    w.finish_nal(NAL_SPS)
}

/// The picture parameter set (§7.3.2.2).
pub(super) fn pps() -> Vec<u8> {
    let mut w = BitWriter::default();
    w.ue(0); // pic_parameter_set_id
    w.ue(0); // seq_parameter_set_id
    w.bits(0, 2); // CAVLC, no picture order in field pairs
    w.ue(0); // one slice group
    w.ue(0); // one reference in list 0
    w.ue(0); // and one in list 1
    w.bits(0, 3); // no weighted prediction
    w.ue(0); // pic_init_qp_minus26
    w.ue(0); // pic_init_qs_minus26
    w.ue(0); // chroma_qp_index_offset
    w.bits(0b100, 3); // deblocking control, no constrained intra prediction, no redundant pictures
    w.finish_nal(NAL_PPS)
}

/// The slice of an IDR picture of one colour. Two IDR pictures in a row need different ids.
pub(super) fn idr_slice(format: &PictureFormat, colour: Colour, idr_pic_id: u32) -> Vec<u8> {
    let mut w = BitWriter::default();
    w.ue(0); // first_mb_in_slice
    w.ue(7); // I, in all slices
    w.ue(0); // pic_parameter_set_id
    w.bits(0, FRAME_NUM_BITS);
    w.ue(idr_pic_id);
    w.bits(0, POC_LSB_BITS);
    w.bits(0, 2); // no_output_of_prior_pics_flag, long_term_reference_flag
    put_slice_header_end(&mut w);
    put_pcm_macroblock(&mut w, colour);
    for index in 1..columns(format) * rows(format) {
        put_predicted_macroblock(&mut w, index == 1 || index == columns(format));
    }
    w.finish_nal(NAL_IDR)
}

/// The slice of a picture that repeats what is there: every macroblock skipped.
pub(super) fn skip_slice(format: &PictureFormat, inter: Inter) -> Vec<u8> {
    let mut w = BitWriter::default();
    w.ue(0); // first_mb_in_slice
    w.ue(if inter.disposable { 6 } else { 5 }); // B or P, in all slices
    w.ue(0); // pic_parameter_set_id
    w.bits(inter.frame_num % (1 << FRAME_NUM_BITS), FRAME_NUM_BITS);
    w.bits(2 * inter.display % (1 << POC_LSB_BITS), POC_LSB_BITS);
    if inter.disposable {
        w.bit(true); // direct_spatial_mv_pred_flag
    }
    w.bit(false); // num_ref_idx_active_override_flag
    w.bit(false); // ref_pic_list_modification_flag_l0
    if inter.disposable {
        w.bit(false); // ref_pic_list_modification_flag_l1
    } else {
        w.bit(false); // adaptive_ref_pic_marking_mode_flag
    }
    put_slice_header_end(&mut w);
    w.ue(columns(format) * rows(format)); // mb_skip_run
    w.finish_nal(if inter.disposable { NAL_DISPOSABLE } else { NAL_REFERENCE })
}

/// The `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15 §5.3.3.1) with NAL unit lengths of four bytes.
pub(super) fn configuration_record(format: &PictureFormat) -> Vec<u8> {
    let mut record = vec![1, PROFILE_MAIN, CONSTRAINTS, level_idc(format), 0xFF];
    for (count, set) in [(0xE1, sps(format)), (0x01, pps())] {
        record.push(count);
        record.extend_from_slice(&(set.len() as u16).to_be_bytes());
        record.extend_from_slice(&set);
    }
    record
}

fn put_slice_header_end(w: &mut BitWriter) {
    w.ue(0); // slice_qp_delta
    w.ue(1); // disable_deblocking_filter_idc
}

fn put_pcm_macroblock(w: &mut BitWriter, Colour([y, cb, cr]): Colour) {
    w.ue(25); // I_PCM
    w.align();
    w.bytes(&[y; 256]);
    w.bytes(&[cb; 64]);
    w.bytes(&[cr; 64]);
}

/// An `I_16x16` macroblock predicted by mean value, without a residual.
///
/// The code of "no coefficients" depends on the coefficient counts of the neighbours, which are 16 for `I_PCM`
/// (§9.2.1): the macroblocks right of it and below it use the fixed-length table.
fn put_predicted_macroblock(w: &mut BitWriter, only_neighbour_is_pcm: bool) {
    w.ue(3); // I_16x16_2_0_0
    w.ue(0); // intra_chroma_pred_mode: DC
    w.ue(0); // mb_qp_delta
    if only_neighbour_is_pcm {
        w.bits(0b00_0011, 6);
    } else {
        w.bit(true);
    }
}

fn put_cropping(w: &mut BitWriter, format: &PictureFormat) {
    // Units of two samples in 4:2:0 frames.
    let right = (columns(format) * MACROBLOCK - format.width) / 2;
    let bottom = (rows(format) * MACROBLOCK - format.height) / 2;
    let cropped = right > 0 || bottom > 0;
    w.bit(cropped);
    if cropped {
        for offset in [0, right, 0, bottom] {
            w.ue(offset);
        }
    }
}

/// Frame rate and reordering (§E.1.1): decoders that are not told assume the deepest reordering.
fn put_vui(w: &mut BitWriter, format: &PictureFormat) {
    w.bits(0, 4); // no aspect ratio, overscan, video signal type, chroma location
    w.bit(true); // timing_info_present_flag
    w.bits(format.rate.den, 32);
    w.bits(2 * format.rate.num, 32);
    w.bit(true); // fixed_frame_rate_flag
    w.bits(0, 3); // no HRD parameters, no picture structure
    w.bit(true); // bitstream_restriction_flag
    w.bit(true); // motion_vectors_over_pic_boundaries_flag
    w.ue(0); // max_bytes_per_pic_denom: no limit
    w.ue(0); // max_bits_per_mb_denom: no limit
    w.ue(10); // log2_max_mv_length_horizontal
    w.ue(10); // log2_max_mv_length_vertical
    w.ue(u32::from(format.b_frames > 0)); // max_num_reorder_frames
    w.ue(references(format)); // max_dec_frame_buffering
}

fn references(format: &PictureFormat) -> u32 {
    if format.b_frames > 0 { 2 } else { 1 }
}

fn columns(format: &PictureFormat) -> u32 {
    format.width.div_ceil(MACROBLOCK)
}

fn rows(format: &PictureFormat) -> u32 {
    format.height.div_ceil(MACROBLOCK)
}

/// The lowest level of table A-1 that carries the picture size and the rate.
fn level_idc(format: &PictureFormat) -> u8 {
    const LEVELS: [(u8, u64, u64); 8] = [
        (30, 40_500, 1_620),
        (31, 108_000, 3_600),
        (32, 216_000, 5_120),
        (40, 245_760, 8_192),
        (42, 522_240, 8_704),
        (50, 589_824, 22_080),
        (51, 983_040, 36_864),
        (52, 2_073_600, 36_864),
    ];
    let size = u64::from(columns(format)) * u64::from(rows(format));
    let rate = size * u64::from(format.rate.num) / u64::from(format.rate.den);
    let fits =
        |(_, most_per_second, most): &&(u8, u64, u64)| rate <= *most_per_second && size <= *most;
    LEVELS.iter().find(fits).map_or(62, |(level, ..)| *level)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clip::format::Rate;

    fn format(width: u32, height: u32, fps: u32) -> PictureFormat {
        PictureFormat { width, height, rate: Rate { num: fps, den: 1 }, gop: 2 * fps, b_frames: 2 }
    }

    #[test]
    fn levels_are_those_that_encoders_choose() {
        assert_eq!(level_idc(&format(1280, 720, 30)), 31);
        assert_eq!(level_idc(&format(1920, 1080, 30)), 40);
        assert_eq!(level_idc(&format(1920, 1080, 60)), 42);
        assert_eq!(level_idc(&format(3840, 2160, 30)), 51);
    }

    #[test]
    fn an_idr_picture_costs_a_byte_per_macroblock() {
        let slice = idr_slice(&format(1920, 1080, 30), Colour([81, 90, 240]), 0);
        assert!((8_160..9_000).contains(&slice.len()), "{}", slice.len());
        assert_eq!(slice[0] & 0x1F, 5);
    }

    #[test]
    fn inter_pictures_cost_next_to_nothing() {
        let inter = Inter { frame_num: 300, display: 700, disposable: true };
        let slice = skip_slice(&format(1920, 1080, 30), inter);
        assert!(slice.len() < 16);
        assert_eq!(slice[0], NAL_DISPOSABLE);
    }

    #[test]
    fn the_configuration_record_holds_both_parameter_sets() {
        let format = format(1280, 720, 25);
        let record = configuration_record(&format);
        let sps = sps(&format);
        assert_eq!(record[5..8], [0xE1, 0, sps.len() as u8]);
        assert_eq!(record[8..8 + sps.len()], sps);
        assert_eq!(record.len(), 8 + sps.len() + 3 + pps().len());
    }
}
