//! Readers for header fields: bits with Exp-Golomb codes, and whole bytes.
//!
//! Exp-Golomb is ISO/IEC 14496-10 §9.1 (the same codes in H.265 §9.2), emulation prevention §7.4.1.1.
//! Both readers name the structure that they read in their errors and never look past its end.

use bytes::Bytes;

use crate::error::MediaError;

const ENDS_EARLY: &str = "ends early";

/// Reads bit fields, most significant bit first.
#[derive(Debug, Clone)]
pub struct BitReader<'a> {
    what: &'static str,
    rest: std::slice::Iter<'a, u8>,
    current: u8,
    unread_bits: u32,
    zero_bytes: u8,
    escaped: bool,
}

impl<'a> BitReader<'a> {
    /// Reads `bytes` as they are; errors speak of `what`.
    #[must_use]
    pub fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { what, rest: bytes.iter(), current: 0, unread_bits: 0, zero_bytes: 0, escaped: false }
    }

    /// Reads the payload of a NAL unit, leaving out emulation prevention bytes (the 3 of 0, 0, 3).
    #[must_use]
    pub fn rbsp(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { escaped: true, ..Self::new(what, bytes) }
    }

    /// The error of a structure that breaks its syntax in a way of its own.
    #[must_use]
    pub const fn malformed(&self, why: &'static str) -> MediaError {
        MediaError::malformed(self.what, why)
    }

    /// One bit.
    ///
    /// # Errors
    /// At the end of the bytes, like every other method.
    pub fn flag(&mut self) -> Result<bool, MediaError> {
        Ok(self.bits(1)? != 0)
    }

    /// An unsigned field of up to 32 bits.
    ///
    /// # Errors
    /// At the end of the bytes.
    pub fn bits(&mut self, count: u32) -> Result<u32, MediaError> {
        debug_assert!(count <= 32, "a field is at most 32 bits wide");
        let mut value = 0u32;
        let mut wanted = count;
        while wanted > 0 {
            if self.unread_bits == 0 {
                self.current = self.next_byte().ok_or_else(|| self.malformed(ENDS_EARLY))?;
                self.unread_bits = 8;
            }
            let taken = wanted.min(self.unread_bits);
            let below = self.unread_bits - taken;
            let field = (u32::from(self.current) >> below) & ((1 << taken) - 1);
            value = (value << taken) | field;
            self.unread_bits = below;
            wanted -= taken;
        }
        Ok(value)
    }

    /// An unsigned field of eight bits.
    ///
    /// # Errors
    /// At the end of the bytes.
    pub fn byte(&mut self) -> Result<u8, MediaError> {
        self.small(8)
    }

    /// An unsigned field of up to eight bits.
    ///
    /// # Errors
    /// At the end of the bytes.
    pub fn small(&mut self, count: u32) -> Result<u8, MediaError> {
        debug_assert!(count <= 8, "a small field is at most 8 bits wide");
        let value = self.bits(count)?;
        u8::try_from(value).map_err(|_| self.malformed("field out of range"))
    }

    /// Passes over `count` bits.
    ///
    /// # Errors
    /// At the end of the bytes.
    pub fn skip(&mut self, count: u32) -> Result<(), MediaError> {
        let begun = count.min(self.unread_bits);
        self.bits(begun)?;
        self.skip_bytes((count - begun) / 8)?;
        self.bits((count - begun) % 8)?;
        Ok(())
    }

    /// Passes over bytes, from the start of one. What has no zero, nearly all of a long payload, is passed over at once.
    fn skip_bytes(&mut self, count: u32) -> Result<(), MediaError> {
        let mut left = count as usize;
        while left > 0 {
            let rest = self.rest.as_slice();
            let near = &rest[..left.min(rest.len())];
            let plain = match (self.escaped, self.zero_bytes) {
                (false, _) => near.len(),
                (true, 0) => memchr::memchr(0, near).unwrap_or(near.len()),
                (true, _) => 0,
            };
            if plain > 0 {
                self.rest = rest[plain..].iter();
                left -= plain;
            } else {
                self.next_byte().ok_or_else(|| self.malformed(ENDS_EARLY))?;
                left -= 1;
            }
        }
        Ok(())
    }

    /// `ue(v)`: an unsigned Exp-Golomb code.
    ///
    /// # Errors
    /// At the end of the bytes, or for a code of more than 31 leading zeros.
    pub fn ue(&mut self) -> Result<u32, MediaError> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return Err(self.malformed("exp-golomb code above 32 bits"));
            }
        }
        let base = (1u32 << zeros) - 1;
        Ok(base + self.bits(zeros)?)
    }

    /// `ue(v)` that the standard bounds by `max`.
    ///
    /// # Errors
    /// As [`BitReader::ue`], and above `max`.
    pub fn ue_max(&mut self, max: u8) -> Result<u8, MediaError> {
        match u8::try_from(self.ue()?) {
            Ok(value) if value <= max => Ok(value),
            _ => Err(self.malformed("value above the standard's maximum")),
        }
    }

    /// `se(v)`: a signed Exp-Golomb code.
    ///
    /// # Errors
    /// As [`BitReader::ue`].
    pub fn se(&mut self) -> Result<i32, MediaError> {
        let code = i64::from(self.ue()?);
        let value = if code % 2 == 1 { (code + 1) / 2 } else { -(code / 2) };
        i32::try_from(value).map_err(|_| self.malformed("value out of range"))
    }

    fn next_byte(&mut self) -> Option<u8> {
        let mut byte = *self.rest.next()?;
        if self.escaped && self.zero_bytes >= 2 && byte == 3 {
            self.zero_bytes = 0;
            byte = *self.rest.next()?;
        }
        self.zero_bytes = if byte == 0 { self.zero_bytes.saturating_add(1) } else { 0 };
        Some(byte)
    }
}

/// Takes whole bytes off the front of a record, sharing its memory.
#[derive(Debug, Clone)]
pub(crate) struct ByteReader {
    what: &'static str,
    rest: Bytes,
}

impl ByteReader {
    /// Reads `bytes`; errors speak of `what`.
    pub(crate) const fn new(what: &'static str, bytes: Bytes) -> Self {
        Self { what, rest: bytes }
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<Bytes, MediaError> {
        if count > self.rest.len() {
            return Err(MediaError::malformed(self.what, ENDS_EARLY));
        }
        Ok(self.rest.split_to(count))
    }

    pub(crate) fn u8(&mut self) -> Result<u8, MediaError> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u16(&mut self) -> Result<u16, MediaError> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], MediaError> {
        let taken = self.take(N)?;
        <[u8; N]>::try_from(taken.as_ref())
            .map_err(|_| MediaError::malformed(self.what, ENDS_EARLY))
    }

    pub(crate) const fn remaining(&self) -> &Bytes {
        &self.rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn exp_golomb_codes_of_the_standards_table() {
        // 1 | 010 | 011 | 00100 | 00101 = 0, 1, 2, 3, 4 (ISO/IEC 14496-10 table 9-2).
        let mut reader = BitReader::new("test", &[0b1010_0110, 0b0100_0010, 0b1000_0000]);
        for expected in 0..5 {
            assert_eq!(reader.ue(), Ok(expected));
        }
    }

    #[test]
    fn signed_codes_alternate_around_zero() {
        let mut reader = BitReader::new("test", &[0b1010_0110, 0b0100_0010, 0b1000_0000]);
        for expected in [0, 1, -1, 2, -2] {
            assert_eq!(reader.se(), Ok(expected));
        }
    }

    #[test]
    fn the_longest_code_is_read_and_a_longer_one_refused() {
        let longest = [0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(BitReader::new("test", &longest).ue(), Ok(u32::MAX - 1));
        assert_eq!(BitReader::new("test", &longest).se(), Ok(-i32::MAX));
        let longer = [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert!(BitReader::new("test", &longer).ue().is_err());
    }

    #[test]
    fn emulation_prevention_is_left_out_only_in_an_rbsp() {
        let bytes = [0, 0, 3, 1, 0, 0, 3];
        let mut rbsp = BitReader::rbsp("test", &bytes);
        assert_eq!(rbsp.bits(24), Ok(1));
        assert_eq!(rbsp.bits(16), Ok(0));
        assert!(rbsp.flag().is_err(), "a trailing 3 carries nothing");
        assert_eq!(BitReader::new("test", &bytes).bits(24), Ok(3));
    }

    proptest! {
        #[test]
        fn skipping_comes_to_where_reading_comes(
            bytes in proptest::collection::vec(prop_oneof![3 => Just(0_u8), 2 => Just(3), 3 => any::<u8>()], 0..80),
            first in 0_u32..20,
            count in 0_u32..600,
            escaped: bool,
        ) {
            let new = if escaped { BitReader::rbsp } else { BitReader::new };
            let (mut skips, mut reads) = (new("test", &bytes), new("test", &bytes));
            let skipped = skips.skip(first).and_then(|()| skips.skip(count));
            let read = (0..first + count).try_for_each(|_| reads.flag().map(|_| ()));
            prop_assert_eq!(&skipped, &read);
            if read.is_ok() {
                prop_assert_eq!(skips.bits(9), reads.bits(9));
            }
        }
    }

    #[test]
    fn fields_cross_bytes() {
        let mut reader = BitReader::new("test", &[0xab, 0xcd, 0xef, 0x01, 0x23]);
        assert_eq!(reader.bits(4), Ok(0xa));
        assert_eq!(reader.bits(32), Ok(0xbcde_f012));
        assert_eq!(reader.small(4), Ok(3));
        assert!(reader.skip(1).is_err());
    }

    proptest! {
        #[test]
        fn any_sequence_of_reads_ends_without_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
            widths in proptest::collection::vec(0u32..=34, 0..40),
        ) {
            let mut reader = BitReader::rbsp("test", &bytes);
            for width in widths {
                let read = match width {
                    33 => reader.ue().map(drop),
                    34 => reader.se().map(drop),
                    bits => reader.bits(bits).map(drop),
                };
                if read.is_err() {
                    break;
                }
            }
        }
    }
}
