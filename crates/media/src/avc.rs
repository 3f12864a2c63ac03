//! AVC (H.264): access units and their place in the group of pictures.
//!
//! ISO/IEC 14496-10 §7.3.1 and §7.4.1 for NAL units, §D.1.8 for the recovery point, ISO/IEC 14496-15
//! §5.3 for what a sample holds. Only the first fields of slice headers are read; nothing is decoded.
//!
//! An I-picture with a recovery point of zero frames (an open GOP) is reported but stays
//! [`Dependency::Reference`]: pictures that follow it in decoding order may precede it in output order
//! and refer to the previous group, so it is a place to start only for who drops those.

mod record;
mod sps;

use bytes::Bytes;

use crate::bits::BitReader;
use crate::error::MediaError;
use crate::nal::{self, SetKey};
use crate::sample::Dependency;

pub use record::{config_from_parameter_sets, config_from_record, length_size};
pub use sps::Sps;

/// Values of `nal_unit_type` (ISO/IEC 14496-10 table 7-1) that Genlock tells apart.
mod unit {
    pub(super) const SLICE: u8 = 1;
    pub(super) const SLICE_PARTITION_C: u8 = 4;
    pub(super) const SLICE_IDR: u8 = 5;
    pub(super) const SEI: u8 = 6;
    pub(super) const SPS: u8 = 7;
    pub(super) const PPS: u8 = 8;
    pub(super) const DELIMITER: u8 = 9;
    pub(super) const END_OF_SEQUENCE: u8 = 10;
    pub(super) const END_OF_STREAM: u8 = 11;
    pub(super) const FILLER: u8 = 12;
}

/// One access unit, ready to be the payload of a [`crate::Sample`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessUnit {
    /// NAL units with 4-byte lengths, without parameter sets, delimiters, end markers and filler.
    /// Shares the memory of the input when nothing had to change. Empty when the input holds no
    /// picture (only parameter sets or SEI): no sample then.
    pub payload: Bytes,
    /// [`Dependency::Sync`] for an IDR picture, [`Dependency::Disposable`] when all slices have
    /// `nal_ref_idc` 0.
    pub dependency: Dependency,
    /// SPS and PPS that stood in band, in their order.
    pub parameter_sets: Vec<Bytes>,
    /// `recovery_frame_cnt` of a recovery point SEI on a picture that is not IDR: the number of
    /// frames after which output is right. Zero is reported only for a picture of I slices.
    pub recovery_point: Option<u32>,
}

/// `nal_unit_type` of a NAL unit, `None` for an empty one.
#[must_use]
pub fn nal_type(nal: &[u8]) -> Option<u8> {
    nal.first().map(|header| header & 0x1f)
}

/// Reads an access unit whose NAL units have lengths of `length_size` bytes.
///
/// # Errors
/// When a length runs past the end, there are too many NAL units, or `length_size` is not 1, 2 or 4.
pub fn access_unit(payload: &Bytes, length_size: usize) -> Result<AccessUnit, MediaError> {
    let mut kept = Vec::new();
    let mut parameter_sets = Vec::new();
    let mut picture = Picture::default();
    for nal in nal::length_prefixed(payload, length_size) {
        let nal = nal?;
        match nal_type(&nal) {
            Some(unit::SPS | unit::PPS) => parameter_sets.push(nal),
            Some(unit::DELIMITER | unit::END_OF_SEQUENCE | unit::END_OF_STREAM | unit::FILLER) => {}
            _ => {
                picture.observe(&nal);
                kept.push(nal);
            }
        }
    }
    let payload = match picture.slices {
        0 => Bytes::new(),
        _ => nal::assemble(payload, length_size, &kept)?,
    };
    Ok(AccessUnit {
        payload,
        dependency: picture.dependency(),
        parameter_sets,
        recovery_point: picture.recovery_point(),
    })
}

/// Type and identifier of a parameter set.
pub(crate) fn parameter_set_key(set: &[u8]) -> Result<SetKey, MediaError> {
    match (nal_type(set), set.get(1..)) {
        (Some(unit::SPS), _) => Ok((unit::SPS, u32::from(Sps::parse(set)?.id))),
        (Some(unit::PPS), Some(body)) => Ok((unit::PPS, BitReader::rbsp("AVC PPS", body).ue()?)),
        _ => Err(MediaError::malformed(
            "AVC parameter set",
            "neither SPS nor PPS",
        )),
    }
}

/// What the NAL units of a picture say about it.
#[derive(Debug, Default)]
struct Picture {
    slices: usize,
    referenced: bool,
    idr: bool,
    not_intra: bool,
    recovery_frames: Option<u32>,
}

impl Picture {
    fn observe(&mut self, nal: &[u8]) {
        let (Some(kind), Some((header, body))) = (nal_type(nal), nal.split_first()) else {
            return;
        };
        match kind {
            unit::SEI => self.recovery_frames = recovery_point(body).or(self.recovery_frames),
            unit::SLICE..=unit::SLICE_IDR => {
                self.slices += 1;
                self.idr |= kind == unit::SLICE_IDR;
                self.referenced |= header & 0x60 != 0;
                let has_slice_header = !(3..=unit::SLICE_PARTITION_C).contains(&kind);
                self.not_intra |= has_slice_header && !is_intra_slice(body);
            }
            _ => {}
        }
    }

    const fn dependency(&self) -> Dependency {
        match self {
            Self { idr: true, .. } => Dependency::Sync,
            Self {
                slices: 1..,
                referenced: false,
                ..
            } => Dependency::Disposable,
            _ => Dependency::Reference,
        }
    }

    const fn recovery_point(&self) -> Option<u32> {
        match self.recovery_frames {
            _ if self.idr || self.slices == 0 => None,
            Some(0) if self.not_intra => None,
            frames => frames,
        }
    }
}

/// `slice_type` is I or SI (ISO/IEC 14496-10 §7.3.3 and table 7-6). A header that does not parse is
/// not intra.
fn is_intra_slice(body: &[u8]) -> bool {
    let mut reader = BitReader::rbsp("AVC slice header", body);
    let slice_type = reader.ue().and_then(|_first_mb_in_slice| reader.ue());
    matches!(slice_type, Ok(2 | 4 | 7 | 9))
}

/// `recovery_frame_cnt` of the recovery point message, if this SEI has one (§7.3.2.3.1, §D.1.8).
fn recovery_point(body: &[u8]) -> Option<u32> {
    const RECOVERY_POINT: u32 = 6;
    let mut reader = BitReader::rbsp("AVC SEI", body);
    loop {
        let kind = sei_number(&mut reader)?;
        let size = sei_number(&mut reader)?;
        if kind == RECOVERY_POINT {
            return reader.ue().ok();
        }
        reader.skip(size.checked_mul(8)?).ok()?;
    }
}

/// A payload type or size: bytes of 255 and a last one, summed.
fn sei_number(reader: &mut BitReader<'_>) -> Option<u32> {
    let mut sum = 0u32;
    loop {
        let byte = reader.byte().ok()?;
        sum = sum.checked_add(u32::from(byte))?;
        if byte != 0xff {
            return Some(sum);
        }
    }
}
