//! Parsing one chunk header out of the bytes at hand.

use super::EXTENDED;
use crate::names::{ChunkStreamId, MessageStreamId};

/// Longest chunk header: 3-byte basic header, 11-byte message header, extended timestamp.
pub(super) const HEADER_BYTES_MAX: usize = 18;

/// The basic header and the fields of the message header, as far as its format has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChunkHeader {
    pub(super) chunk_stream: ChunkStreamId,
    pub(super) fields: Fields,
    /// Bytes of the header, extended timestamp of formats 0 to 2 included.
    pub(super) len: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fields {
    Type0 { time: Time, length: u32, type_id: u8, message_stream: MessageStreamId },
    Type1 { time: Time, length: u32, type_id: u8 },
    Type2 { time: Time },
    Type3,
}

/// A timestamp or delta, and whether it needed the extended field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time {
    pub(super) value: u32,
    pub(super) extended: bool,
}

impl ChunkHeader {
    /// Parses a header, or returns `None` if `bytes` end inside it.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let total = bytes.len();
        let (&[first], rest) = bytes.split_first_chunk::<1>()?;
        let (chunk_stream, rest) = basic_id(first, rest)?;
        let (fields, rest) = match first >> 6 {
            0 => {
                let (&[t0, t1, t2, l0, l1, l2, type_id, s0, s1, s2, s3], rest) =
                    rest.split_first_chunk()?;
                let (time, rest) = time([t0, t1, t2], rest)?;
                let length = u24([l0, l1, l2]);
                let message_stream = MessageStreamId(u32::from_le_bytes([s0, s1, s2, s3]));
                (Fields::Type0 { time, length, type_id, message_stream }, rest)
            }
            1 => {
                let (&[t0, t1, t2, l0, l1, l2, type_id], rest) = rest.split_first_chunk()?;
                let (time, rest) = time([t0, t1, t2], rest)?;
                (Fields::Type1 { time, length: u24([l0, l1, l2]), type_id }, rest)
            }
            2 => {
                let (&field, rest) = rest.split_first_chunk()?;
                let (time, rest) = time(field, rest)?;
                (Fields::Type2 { time }, rest)
            }
            _ => (Fields::Type3, rest),
        };
        Some(Self { chunk_stream, fields, len: total.saturating_sub(rest.len()) })
    }
}

/// The id behind the six low bits: 0 announces one byte, 1 two bytes with the low one first (RTMP
/// 1.0 §5.3.1.1).
fn basic_id(first: u8, rest: &[u8]) -> Option<(ChunkStreamId, &[u8])> {
    let (id, rest) = match first & 0x3F {
        0 => {
            let (&[low], rest) = rest.split_first_chunk()?;
            (u32::from(low).saturating_add(64), rest)
        }
        1 => {
            let (&[low, high], rest) = rest.split_first_chunk()?;
            (u32::from(u16::from_le_bytes([low, high])).saturating_add(64), rest)
        }
        id => (u32::from(id), rest),
    };
    Some((ChunkStreamId::new(id)?, rest))
}

fn time(field: [u8; 3], rest: &[u8]) -> Option<(Time, &[u8])> {
    let value = u24(field);
    if value != EXTENDED {
        return Some((Time { value, extended: false }, rest));
    }
    let (&field, rest) = rest.split_first_chunk()?;
    Some((Time { value: u32::from_be_bytes(field), extended: true }, rest))
}

fn u24([a, b, c]: [u8; 3]) -> u32 {
    u32::from_be_bytes([0, a, b, c])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_header_forms() {
        let check = |bytes: &[u8], id: u32, len: usize| {
            let header = ChunkHeader::parse(bytes).unwrap();
            assert_eq!((header.chunk_stream.get(), header.len), (id, len), "{bytes:02X?}");
            assert_eq!(ChunkHeader::parse(&bytes[..bytes.len() - 1]), None);
        };
        check(&[0xC2], 2, 1);
        check(&[0xFF], 63, 1);
        check(&[0xC0, 0], 64, 2);
        check(&[0xC0, 255], 319, 2);
        check(&[0xC1, 0, 0], 64, 3);
        check(&[0xC1, 0x01, 0x02], 0x0201 + 64, 3);
        check(&[0xC1, 255, 255], 65_599, 3);
    }

    #[test]
    fn every_proper_prefix_is_incomplete() {
        let header = [0x03, 0xFF, 0xFF, 0xFF, 0, 1, 2, 9, 1, 0, 0, 0, 1, 2, 3, 4];
        for len in 0..header.len() {
            assert_eq!(ChunkHeader::parse(&header[..len]), None);
        }
        let parsed = ChunkHeader::parse(&header).unwrap();
        let time = Time { value: 0x0102_0304, extended: true };
        let message_stream = MessageStreamId(1);
        let expect = Fields::Type0 { time, length: 258, type_id: 9, message_stream };
        assert_eq!((parsed.fields, parsed.len), (expect, 16));
    }
}
