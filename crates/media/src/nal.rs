//! NAL units with lengths (ISO/IEC 14496-15 §5.3.2), as FLV and MP4 carry them.
//!
//! Splitting shares the payload's memory. Start codes (Annex B) are not read here: no input of Genlock
//! has them.

use bytes::{BufMut, Bytes, BytesMut};

use crate::error::MediaError;
use crate::limits::NAL_UNITS_PER_ACCESS_UNIT;

/// Bytes of the length that precedes a NAL unit in a [`crate::Sample`].
pub const LENGTH_SIZE: usize = 4;

/// The NAL units of `payload`, each preceded by its length in `length_size` (1, 2 or 4) bytes.
///
/// Zero-length units, which some encoders send, are passed over. After an error the iterator ends.
#[must_use]
pub fn length_prefixed(payload: &Bytes, length_size: usize) -> LengthPrefixed {
    LengthPrefixed { rest: payload.clone(), length_size, budget: NAL_UNITS_PER_ACCESS_UNIT }
}

/// Iterator of [`length_prefixed`].
#[derive(Debug, Clone)]
pub struct LengthPrefixed {
    rest: Bytes,
    length_size: usize,
    budget: usize,
}

impl LengthPrefixed {
    fn take(&mut self) -> Result<Option<Bytes>, MediaError> {
        while !self.rest.is_empty() {
            let length = self.length()?;
            if length > self.rest.len() {
                return Err(MediaError::malformed("NAL units", "length runs past the end"));
            }
            if length > 0 {
                self.spend()?;
                return Ok(Some(self.rest.split_to(length)));
            }
        }
        Ok(None)
    }

    fn length(&mut self) -> Result<usize, MediaError> {
        if !matches!(self.length_size, 1 | 2 | 4) {
            return Err(unsupported_length_size(self.length_size));
        }
        if self.length_size > self.rest.len() {
            return Err(MediaError::malformed("NAL units", "ends inside a length"));
        }
        let length = self.rest.split_to(self.length_size);
        Ok(length.iter().fold(0, |value, byte| (value << 8) | usize::from(*byte)))
    }

    fn spend(&mut self) -> Result<(), MediaError> {
        self.budget = self.budget.checked_sub(1).ok_or(MediaError::LimitExceeded {
            what: "NAL units in an access unit",
            limit: NAL_UNITS_PER_ACCESS_UNIT,
        })?;
        Ok(())
    }
}

impl Iterator for LengthPrefixed {
    type Item = Result<Bytes, MediaError>;

    fn next(&mut self) -> Option<Self::Item> {
        let taken = self.take();
        if taken.is_err() {
            self.rest.clear();
        }
        taken.transpose()
    }
}

/// The size of a NAL unit's length in bytes from a record's `lengthSizeMinusOne`.
pub(crate) fn length_size_from(minus_one: u8) -> Result<usize, MediaError> {
    match usize::from(minus_one & 3) + 1 {
        3 => Err(unsupported_length_size(3)),
        size => Ok(size),
    }
}

fn unsupported_length_size(size: usize) -> MediaError {
    MediaError::Unsupported {
        what: "NAL unit length size",
        value: u64::try_from(size).unwrap_or(u64::MAX),
    }
}

/// The access unit of those NAL units of `payload` that were kept, with 4-byte lengths.
///
/// Shares `payload` when that is already it: the usual case, and then nothing is copied.
pub(crate) fn assemble(
    payload: &Bytes,
    length_size: usize,
    kept: &[Bytes],
) -> Result<Bytes, MediaError> {
    let size: usize = kept.iter().map(|nal| nal.len() + LENGTH_SIZE).sum();
    if length_size == LENGTH_SIZE && size == payload.len() {
        return Ok(payload.clone());
    }
    let mut out = BytesMut::with_capacity(size);
    for nal in kept {
        let length = u32::try_from(nal.len())
            .map_err(|_| MediaError::malformed("NAL units", "longer than 4 GiB"))?;
        out.put_u32(length);
        out.put_slice(nal);
    }
    Ok(out.freeze())
}

/// What makes two parameter sets stand for each other: NAL unit type and identifier.
pub(crate) type SetKey = (u8, u32);

/// `known` with each of `found` put in the place of the set of the same key, ordered by type and
/// identifier; `None` if all of `found` were there already.
pub(crate) fn merge(
    known: &[Bytes],
    found: &[Bytes],
    key: fn(&[u8]) -> Result<SetKey, MediaError>,
) -> Result<Option<Vec<Bytes>>, MediaError> {
    if found.iter().all(|set| known.contains(set)) {
        return Ok(None);
    }
    let mut merged = std::collections::BTreeMap::new();
    for set in known.iter().chain(found) {
        merged.insert(key(set)?, set.clone());
    }
    Ok(Some(merged.into_values().collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn units(payload: &'static [u8], length_size: usize) -> Vec<Vec<u8>> {
        length_prefixed(&Bytes::from_static(payload), length_size)
            .map(|nal| nal.unwrap().to_vec())
            .collect()
    }

    #[test]
    fn lengths_of_one_two_and_four_bytes() {
        assert_eq!(units(&[2, 7, 7, 1, 8], 1), [vec![7, 7], vec![8]]);
        assert_eq!(units(&[0, 2, 7, 7, 0, 1, 8], 2), [vec![7, 7], vec![8]]);
        assert_eq!(units(&[0, 0, 0, 2, 7, 7, 0, 0, 0, 1, 8], 4), [vec![7, 7], vec![8]]);
    }

    #[test]
    fn zero_length_units_are_passed_over() {
        assert_eq!(units(&[0, 0, 0, 1, 8, 0, 0], 2), [vec![8]]);
    }

    #[test]
    fn a_length_past_the_end_is_an_error_and_the_last_item() {
        let mut nals = length_prefixed(&Bytes::from_static(&[0, 1, 9, 0, 5, 1]), 2);
        assert!(nals.next().unwrap().is_ok());
        assert!(nals.next().unwrap().is_err());
        assert!(nals.next().is_none());
    }

    #[test]
    fn a_length_size_of_three_is_unsupported() {
        let mut nals = length_prefixed(&Bytes::from_static(&[0, 0, 1, 9]), 3);
        assert!(matches!(nals.next(), Some(Err(MediaError::Unsupported { value: 3, .. }))));
    }

    #[test]
    fn too_many_units_are_refused() {
        let payload = Bytes::from([1, 9].repeat(NAL_UNITS_PER_ACCESS_UNIT + 1));
        let last = length_prefixed(&payload, 1).last().unwrap();
        assert!(matches!(last, Err(MediaError::LimitExceeded { .. })));
    }

    #[test]
    fn units_share_the_memory_of_the_payload() {
        let payload = Bytes::from(vec![0, 0, 0, 2, 7, 7]);
        let nal = length_prefixed(&payload, 4).next().unwrap().unwrap();
        assert_eq!(nal.as_ptr(), payload[4..].as_ptr());
    }

    proptest! {
        #[test]
        fn what_is_assembled_splits_into_the_same_units(
            nals in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..50), 0..20),
        ) {
            let nals: Vec<Bytes> = nals.into_iter().map(Bytes::from).collect();
            let joined = assemble(&Bytes::from_static(&[0; 3]), 2, &nals).unwrap();
            let split: Result<Vec<_>, _> = length_prefixed(&joined, 4).collect();
            prop_assert_eq!(split.unwrap(), nals);
        }

        #[test]
        fn garbage_never_panics(
            bytes in proptest::collection::vec(any::<u8>(), 0..100),
            length_size in 0usize..6,
        ) {
            let payload = Bytes::from(bytes);
            for nal in length_prefixed(&payload, length_size).flatten() {
                prop_assert!(!nal.is_empty());
            }
        }
    }
}
