//! HEVC (H.265): access units and their place in the group of pictures.
//!
//! ISO/IEC 23008-2 §7.3.1.2 and table 7-1 for NAL units, ISO/IEC 14496-15 §8.4 for what a sample holds
//! and which samples are sync samples. Slice headers are not read; nothing is decoded.
//!
//! A picture that nothing of its own temporal sub-layer refers to counts as disposable. The standard
//! lets pictures of *higher* sub-layers refer to it all the same; encoders with sub-layers mark only
//! the highest so, which is where the rule is exact.

mod record;
mod sps;

use bytes::Bytes;

use crate::bits::BitReader;
use crate::error::MediaError;
use crate::nal::{self, SetKey};
use crate::sample::Dependency;

pub use record::{config_from_parameter_sets, config_from_record, length_size};
pub use sps::{ProfileTierLevel, Sps};

/// Values of `nal_unit_type` (ISO/IEC 23008-2 table 7-1) that Genlock tells apart.
mod unit {
    pub(super) const RADL_N: u8 = 6;
    pub(super) const RADL_R: u8 = 7;
    pub(super) const RASL_N: u8 = 8;
    pub(super) const RASL_R: u8 = 9;
    /// The last of the types where an even value means "not referenced in its sub-layer".
    pub(super) const RESERVED_VCL_R15: u8 = 15;
    pub(super) const BLA_W_LP: u8 = 16;
    pub(super) const BLA_N_LP: u8 = 18;
    pub(super) const IDR_W_RADL: u8 = 19;
    pub(super) const IDR_N_LP: u8 = 20;
    pub(super) const CRA: u8 = 21;
    pub(super) const LAST_VCL: u8 = 31;
    pub(super) const VPS: u8 = 32;
    pub(super) const SPS: u8 = 33;
    pub(super) const PPS: u8 = 34;
    pub(super) const DELIMITER: u8 = 35;
    pub(super) const END_OF_SEQUENCE: u8 = 36;
    pub(super) const END_OF_BITSTREAM: u8 = 37;
    pub(super) const FILLER: u8 = 38;
}

/// Bytes of a NAL unit header.
const NAL_HEADER: usize = 2;

/// One access unit, ready to be the payload of a [`crate::Sample`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessUnit {
    /// NAL units with 4-byte lengths, without parameter sets, delimiters, end markers and filler.
    /// Shares the memory of the input when nothing had to change. Empty when the input holds no
    /// picture (only parameter sets or SEI): no sample then.
    pub payload: Bytes,
    /// [`Dependency::Sync`] for every IRAP picture (ISO/IEC 14496-15 §8.4.3), also for a CRA picture
    /// whose RASL pictures have to be dropped by who starts there. [`Dependency::Disposable`] for a
    /// sub-layer non-reference picture.
    pub dependency: Dependency,
    /// VPS, SPS and PPS that stood in band, in their order.
    pub parameter_sets: Vec<Bytes>,
    /// Which kind of random access picture this is.
    pub irap: Option<Irap>,
    /// Which kind of leading picture this is.
    pub leading: Option<Leading>,
}

/// A picture at which decoding can start ("intra random access point").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Irap {
    /// Instantaneous decoding refresh: nothing after it refers to anything before it.
    Idr,
    /// Clean random access: its RASL pictures cannot be decoded by who starts here.
    Cra,
    /// Broken link: as CRA, and its RASL pictures are never decodable.
    Bla,
}

/// A picture that follows its IRAP picture in decoding order and precedes it in output order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Leading {
    /// Random access decodable: can be shown after starting at the IRAP picture.
    Radl,
    /// Random access skipped: refers to what came before the IRAP picture.
    Rasl,
}

/// `nal_unit_type` of a NAL unit, `None` for an empty one.
#[must_use]
pub fn nal_type(nal: &[u8]) -> Option<u8> {
    nal.first().map(|header| (header >> 1) & 0x3f)
}

/// Reads an access unit whose NAL units have lengths of `length_size` bytes.
///
/// # Errors
/// When a length runs past the end, there are too many NAL units, or `length_size` is not 1, 2 or 4.
pub fn access_unit(payload: &Bytes, length_size: usize) -> Result<AccessUnit, MediaError> {
    let mut kept = Vec::new();
    let mut parameter_sets = Vec::new();
    let mut slice_type = None;
    for nal in nal::length_prefixed(payload, length_size) {
        let nal = nal?;
        match nal_type(&nal) {
            Some(unit::VPS | unit::SPS | unit::PPS) => parameter_sets.push(nal),
            Some(
                unit::DELIMITER | unit::END_OF_SEQUENCE | unit::END_OF_BITSTREAM | unit::FILLER,
            ) => {}
            // All slices of a picture have the same type (§7.4.2.2).
            kind => {
                slice_type = slice_type.or_else(|| kind.filter(|kind| *kind <= unit::LAST_VCL));
                kept.push(nal);
            }
        }
    }
    let payload = match slice_type {
        None => Bytes::new(),
        Some(_) => nal::assemble(payload, length_size, &kept)?,
    };
    Ok(AccessUnit {
        payload,
        dependency: slice_type.map_or(Dependency::Reference, dependency),
        parameter_sets,
        irap: slice_type.and_then(irap),
        leading: slice_type.and_then(leading),
    })
}

/// Type and identifier of a parameter set.
pub(crate) fn parameter_set_key(set: &[u8]) -> Result<SetKey, MediaError> {
    let body = set.get(NAL_HEADER..).unwrap_or_default();
    match nal_type(set) {
        Some(unit::VPS) => Ok((unit::VPS, BitReader::rbsp("HEVC VPS", body).bits(4)?)),
        Some(unit::SPS) => Ok((unit::SPS, u32::from(Sps::parse(set)?.id))),
        Some(unit::PPS) => Ok((unit::PPS, BitReader::rbsp("HEVC PPS", body).ue()?)),
        _ => Err(MediaError::malformed("HEVC parameter set", "neither VPS, SPS nor PPS")),
    }
}

fn dependency(slice_type: u8) -> Dependency {
    match slice_type {
        kind if irap(kind).is_some() => Dependency::Sync,
        kind if kind <= unit::RESERVED_VCL_R15 && kind % 2 == 0 => Dependency::Disposable,
        _ => Dependency::Reference,
    }
}

const fn irap(slice_type: u8) -> Option<Irap> {
    match slice_type {
        unit::IDR_W_RADL | unit::IDR_N_LP => Some(Irap::Idr),
        unit::CRA => Some(Irap::Cra),
        unit::BLA_W_LP..=unit::BLA_N_LP => Some(Irap::Bla),
        _ => None,
    }
}

const fn leading(slice_type: u8) -> Option<Leading> {
    match slice_type {
        unit::RADL_N | unit::RADL_R => Some(Leading::Radl),
        unit::RASL_N | unit::RASL_R => Some(Leading::Rasl),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{X265_MAIN, damaged, garbage, hex, with_lengths};
    use proptest::prelude::*;

    // The first bytes of what x265 wrote with open-gop=1.
    const IDR_N_LP: &str = "2801af084c3193515cb89406";
    const CRA: &str = "2a01ac3c5a235c60c31650c7";
    const RASL_N: &str = "1001e1c22d49fdc61498510a";
    const TRAIL_R: &str = "0201d011578431840616b006";
    const TRAIL_N: &str = "0001e024bf86149851d60481";

    fn unit_of(nals: &[&str]) -> (Bytes, AccessUnit) {
        let payload = with_lengths(nals);
        let unit = access_unit(&payload, 4).unwrap();
        (payload, unit)
    }

    #[test]
    fn pictures_are_told_apart() {
        use Dependency::{Disposable, Reference, Sync};
        let bla = "2001ac3c";
        let radl_r = "0e01e1c2";
        let cases = [
            (IDR_N_LP, Sync, Some(Irap::Idr), None),
            (CRA, Sync, Some(Irap::Cra), None),
            (bla, Sync, Some(Irap::Bla), None),
            (RASL_N, Disposable, None, Some(Leading::Rasl)),
            (radl_r, Reference, None, Some(Leading::Radl)),
            (TRAIL_R, Reference, None, None),
            (TRAIL_N, Disposable, None, None),
        ];
        for (nal, dependency, irap, leading) in cases {
            let (payload, unit) = unit_of(&[nal]);
            assert_eq!(unit.dependency, dependency, "{nal}");
            assert_eq!((unit.irap, unit.leading), (irap, leading), "{nal}");
            assert_eq!(unit.payload.as_ptr(), payload.as_ptr(), "{nal}");
        }
    }

    #[test]
    fn parameter_sets_and_delimiters_leave_the_payload() {
        let sets = config_from_record(&hex(X265_MAIN)).unwrap().parameter_sets;
        let mut nals = vec![hex("460150")];
        nals.extend(sets.iter().cloned());
        nals.extend(["2801af08", "4801", "4a01", "4c01ff80"].map(hex));
        let payload = nal::assemble(&Bytes::new(), 1, &nals).unwrap();
        let unit = access_unit(&payload, 4).unwrap();
        assert_eq!(unit.payload, with_lengths(&["2801af08"]));
        assert_eq!(unit.parameter_sets, sets);
        assert_eq!(unit.irap, Some(Irap::Idr));
    }

    #[test]
    fn sei_stays_and_does_not_make_a_picture() {
        let sei = "4e0105ff";
        assert!(unit_of(&[sei]).1.payload.is_empty());
        let (payload, unit) = unit_of(&[sei, CRA]);
        assert_eq!(unit.payload, payload);
        assert_eq!(unit.irap, Some(Irap::Cra));
    }

    proptest! {
        #[test]
        fn hostile_access_units_never_panic(
            payload in prop_oneof![
                garbage(),
                damaged(with_lengths(&["460150", "40010c01ffff", IDR_N_LP, TRAIL_N])),
            ],
            length_size in 0usize..6,
        ) {
            if let Ok(unit) = access_unit(&payload, length_size) {
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
            record in prop_oneof![garbage(), damaged(hex(X265_MAIN))],
        ) {
            if let Ok(config) = config_from_record(&record) {
                prop_assert_eq!(length_size(&config.record), Ok(4));
                prop_assert_eq!(config_from_record(&config.record), Ok(config));
            }
        }
    }
}
