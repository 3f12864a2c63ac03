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
        _ => Err(MediaError::malformed("AVC parameter set", "neither SPS nor PPS")),
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
            Self { slices: 1.., referenced: false, .. } => Dependency::Disposable,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{X264_HIGH, damaged, garbage, hex, with_lengths};
    use proptest::prelude::*;

    // The first bytes of what x264 wrote with open-gop=1:bframes=2: an IDR slice, a P slice, a B slice
    // that is not referenced, and the I slice of an open GOP with its recovery point SEI.
    const IDR: &str = "65888400dfd4d446411a4c3e";
    const P: &str = "419a236c447fb78fecb3fd96";
    const DISPOSABLE_B: &str = "019e626a42dff10ff84fe96c";
    const OPEN_GOP_I: &str = "4188d3cfd1b76d6278ad4017";
    const RECOVERY_POINT: &str = "060601c480";
    // And with intra-refresh=1: 21 frames until the picture is whole.
    const RECOVERY_AFTER_21: &str = "0606020b4480";
    const SPS: &str = "67640028acd940780227e5c044000003000400000300f03c60c658";
    const PPS: &str = "68ebe3cb22c0";

    fn unit_of(nals: &[&str]) -> (Bytes, AccessUnit) {
        let payload = with_lengths(nals);
        let unit = access_unit(&payload, 4).unwrap();
        (payload, unit)
    }

    #[test]
    fn pictures_are_told_apart() {
        let cases = [
            (&[IDR][..], Dependency::Sync),
            (&[P], Dependency::Reference),
            (&[DISPOSABLE_B, DISPOSABLE_B], Dependency::Disposable),
            (&[DISPOSABLE_B, P], Dependency::Reference),
            (&[RECOVERY_POINT, OPEN_GOP_I], Dependency::Reference),
        ];
        for (nals, dependency) in cases {
            assert_eq!(unit_of(nals).1.dependency, dependency, "{nals:?}");
        }
    }

    #[test]
    fn a_recovery_point_of_zero_counts_on_an_intra_picture_only() {
        let cases = [
            (&[RECOVERY_POINT, OPEN_GOP_I][..], Some(0)),
            (&[RECOVERY_POINT, OPEN_GOP_I, P], None),
            (&[RECOVERY_AFTER_21, P], Some(21)),
            (&[RECOVERY_POINT, IDR], None),
            (&[OPEN_GOP_I], None),
        ];
        for (nals, recovery_point) in cases {
            assert_eq!(unit_of(nals).1.recovery_point, recovery_point, "{nals:?}");
        }
    }

    #[test]
    fn a_recovery_point_behind_another_message_is_found() {
        // Pic_timing of three bytes, then the recovery point.
        let (_, unit) = unit_of(&["060103aabbcc0601c480", OPEN_GOP_I]);
        assert_eq!(unit.recovery_point, Some(0));
    }

    #[test]
    fn an_unchanged_access_unit_shares_the_memory_of_its_input() {
        let (payload, unit) = unit_of(&[RECOVERY_POINT, OPEN_GOP_I]);
        assert_eq!(unit.payload, payload);
        assert_eq!(unit.payload.as_ptr(), payload.as_ptr());
    }

    #[test]
    fn parameter_sets_and_delimiters_leave_the_payload() {
        let end_and_filler = ["0a", "0b", "0cff80"];
        let nals = ["09f0", SPS, PPS, "", IDR].iter().chain(&end_and_filler).copied();
        let (_, unit) = unit_of(&nals.collect::<Vec<_>>());
        assert_eq!(unit.payload, with_lengths(&[IDR]));
        assert_eq!(unit.parameter_sets, [hex(SPS), hex(PPS)]);
        assert_eq!(unit.dependency, Dependency::Sync);
    }

    #[test]
    fn short_lengths_become_four_bytes() {
        let idr = hex(IDR);
        let payload = Bytes::from([&[12][..], &idr].concat());
        assert_eq!(access_unit(&payload, 1).unwrap().payload, with_lengths(&[IDR]));
    }

    #[test]
    fn without_a_slice_there_is_no_payload() {
        let (_, unit) = unit_of(&[SPS, PPS, RECOVERY_POINT]);
        assert!(unit.payload.is_empty());
        assert_eq!(unit.parameter_sets.len(), 2);
        assert_eq!(unit.recovery_point, None);
    }

    #[test]
    fn a_truncated_access_unit_is_refused() {
        let payload = with_lengths(&[IDR]);
        assert!(access_unit(&payload.slice(..payload.len() - 1), 4).is_err());
        assert!(access_unit(&payload, 3).is_err());
    }

    proptest! {
        #[test]
        fn hostile_access_units_never_panic(
            payload in prop_oneof![
                garbage(),
                damaged(with_lengths(&["09f0", SPS, PPS, RECOVERY_AFTER_21, IDR, P])),
            ],
            length_size in 0usize..6,
        ) {
            if let Ok(unit) = access_unit(&payload, length_size) {
                // What was made of it needs no further change.
                let again = access_unit(&unit.payload, 4).unwrap();
                prop_assert_eq!(again.payload.as_ptr(), unit.payload.as_ptr());
                prop_assert_eq!(again.dependency, unit.dependency);
                for set in &unit.parameter_sets {
                    let _ = parameter_set_key(set);
                }
            }
        }

        #[test]
        fn hostile_records_never_panic(
            record in prop_oneof![garbage(), damaged(hex(X264_HIGH))],
        ) {
            if let Ok(config) = config_from_record(&record) {
                prop_assert_eq!(length_size(&config.record), Ok(4));
                let _ = config.updated_by(&[hex(SPS)]);
            }
        }
    }
}
