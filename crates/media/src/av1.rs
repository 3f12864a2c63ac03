//! AV1: temporal units, their OBUs and key frames.
//!
//! AV1 Bitstream & Decoding Process Specification §5.3 (OBU), §5.9 (frame header), AV1-ISOBMFF §2.4 for
//! what a sample holds. Only the first fields of frame headers are read; nothing is decoded. Whether a
//! frame is never referred to is not read either (it stands deep in the header): no temporal unit is
//! [`Dependency::Disposable`] by itself.

mod record;
mod sequence_header;

use bytes::{BufMut, Bytes, BytesMut};

use crate::bits::BitReader;
use crate::error::MediaError;
use crate::limits::NAL_UNITS_PER_ACCESS_UNIT;
use crate::sample::Dependency;

pub(crate) use record::newest_sequence_header;
pub use record::{config_from_parameter_sets, config_from_record};
pub use sequence_header::SequenceHeader;

const WHAT: &str = "AV1 OBUs";

/// Values of `obu_type` (§6.2.2) that Genlock tells apart.
mod unit {
    pub(super) const SEQUENCE_HEADER: u8 = 1;
    pub(super) const TEMPORAL_DELIMITER: u8 = 2;
    pub(super) const FRAME_HEADER: u8 = 3;
    pub(super) const METADATA: u8 = 5;
    pub(super) const FRAME: u8 = 6;
    pub(super) const TILE_LIST: u8 = 8;
    pub(super) const PADDING: u8 = 15;
}

/// One temporal unit, ready to be the payload of a [`crate::Sample`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemporalUnit {
    /// OBUs without temporal delimiters, sequence headers, padding and tile lists. Shares the memory
    /// of the input unless one of those stood between the others. Empty when the input holds no
    /// frame: no sample then.
    pub payload: Bytes,
    /// [`Dependency::Sync`] when the first frame is a key frame that is shown.
    pub dependency: Dependency,
    /// The sequence header OBU that stood in band, with its size.
    pub parameter_sets: Vec<Bytes>,
}

/// Reads a temporal unit in the low-overhead format (§5.2).
///
/// # Errors
/// When an OBU breaks the framing, or there are too many of them.
pub fn temporal_unit(payload: &Bytes) -> Result<TemporalUnit, MediaError> {
    let mut kept = Vec::new();
    let mut parameter_sets = Vec::new();
    let mut reduced_still = false;
    let mut first_frame = None;
    for obu in obus(payload) {
        let obu = obu?;
        match obu.kind {
            unit::SEQUENCE_HEADER => {
                reduced_still = SequenceHeader::parse(&obu.body)?.reduced_still_picture;
                parameter_sets.push(obu.sized());
            }
            unit::TEMPORAL_DELIMITER | unit::TILE_LIST | unit::PADDING => {}
            kind => {
                if matches!(kind, unit::FRAME | unit::FRAME_HEADER) && first_frame.is_none() {
                    first_frame = Some(shown_key_frame(&obu.body, reduced_still)?);
                }
                kept.push(obu);
            }
        }
    }
    Ok(TemporalUnit {
        payload: first_frame.map_or_else(Bytes::new, |_| assemble(payload, &kept)),
        dependency: match first_frame {
            Some(true) => Dependency::Sync,
            _ => Dependency::Reference,
        },
        parameter_sets,
    })
}

/// The frame header says key frame and to be shown (§5.9.2).
fn shown_key_frame(header: &[u8], reduced_still: bool) -> Result<bool, MediaError> {
    const KEY_FRAME: u8 = 0;
    if reduced_still {
        return Ok(true);
    }
    let mut reader = BitReader::new("AV1 frame header", header);
    let show_existing_frame = reader.flag()?;
    if show_existing_frame {
        return Ok(false);
    }
    let frame_type = reader.small(2)?;
    let show_frame = reader.flag()?;
    Ok(frame_type == KEY_FRAME && show_frame)
}

/// One open bitstream unit.
#[derive(Debug, Clone)]
struct Obu {
    kind: u8,
    /// Header, size and body as they stood in the input.
    whole: Bytes,
    /// Header and extension, without the size.
    header: Bytes,
    body: Bytes,
}

impl Obu {
    /// The OBU with a size field, as all but the last one of a sample must have it.
    fn sized(&self) -> Bytes {
        const HAS_SIZE: u8 = 2;
        let Some((first, extension)) = self.header.split_first() else {
            return self.whole.clone();
        };
        if first & HAS_SIZE != 0 {
            return self.whole.clone();
        }
        let mut out = BytesMut::with_capacity(self.whole.len() + 4);
        out.put_u8(first | HAS_SIZE);
        out.put_slice(extension);
        put_leb128(&mut out, self.body.len());
        out.put_slice(&self.body);
        out.freeze()
    }
}

fn obus(payload: &Bytes) -> Obus {
    Obus { rest: payload.clone(), budget: NAL_UNITS_PER_ACCESS_UNIT }
}

struct Obus {
    rest: Bytes,
    budget: usize,
}

impl Obus {
    fn take(&mut self) -> Result<Obu, MediaError> {
        self.budget = self.budget.checked_sub(1).ok_or(MediaError::LimitExceeded {
            what: "OBUs in a temporal unit",
            limit: NAL_UNITS_PER_ACCESS_UNIT,
        })?;
        let mut reader = BitReader::new(WHAT, &self.rest);
        if reader.flag()? {
            return Err(MediaError::malformed(WHAT, "forbidden bit is set"));
        }
        let kind = reader.small(4)?;
        let has_extension = reader.flag()?;
        let has_size = reader.flag()?;
        reader.skip(if has_extension { 9 } else { 1 })?;
        let header_len = if has_extension { 2 } else { 1 };
        let (body_len, size_len) = match has_size {
            true => leb128(&mut reader)?,
            false => (self.rest.len() - header_len, 0),
        };
        let body_at = header_len + size_len;
        if body_len > self.rest.len() - body_at {
            return Err(MediaError::malformed(WHAT, "size runs past the end"));
        }
        let whole = self.rest.split_to(body_at + body_len);
        Ok(Obu { kind, header: whole.slice(..header_len), body: whole.slice(body_at..), whole })
    }
}

impl Iterator for Obus {
    type Item = Result<Obu, MediaError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let taken = self.take();
        if taken.is_err() {
            self.rest.clear();
        }
        Some(taken)
    }
}

/// The kept OBUs of `payload`, one after the other; a slice of it where they stand so already.
fn assemble(payload: &Bytes, kept: &[Obu]) -> Bytes {
    let size: usize = kept.iter().map(|obu| obu.whole.len()).sum();
    let start = payload.len() - size;
    let tail = payload.slice(start..);
    if kept.first().is_some_and(|first| first.whole.as_ptr() == tail.as_ptr()) {
        return tail;
    }
    let mut out = BytesMut::with_capacity(size + 5);
    for obu in kept {
        out.put_slice(&obu.sized());
    }
    out.freeze()
}

/// A little-endian base 128 number (§4.10.5) and how many bytes it took.
fn leb128(reader: &mut BitReader<'_>) -> Result<(usize, usize), MediaError> {
    let mut value = 0u64;
    for index in 0..8 {
        let byte = reader.byte()?;
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let size = usize::try_from(value).map_err(|_| reader.malformed("size too large"))?;
            return Ok((size, index + 1));
        }
    }
    Err(reader.malformed("size of more than 8 bytes"))
}

fn put_leb128(out: &mut BytesMut, value: usize) {
    let mut rest = value;
    loop {
        let low = u8::try_from(rest & 0x7f).unwrap_or(0);
        rest >>= 7;
        if rest == 0 {
            out.put_u8(low);
            return;
        }
        out.put_u8(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{SVT_AV1, damaged, garbage, hex};
    use proptest::prelude::*;

    const DELIMITER: &[u8] = &[0x12, 0x00];
    const SEQUENCE_HEADER: &[u8] =
        &[0x0a, 0x0b, 0, 0, 0, 0x0c, 0xc4, 0xff, 0x67, 0x00, 0xbe, 0x00, 0x10];
    /// The first bytes of SVT-AV1's key frame, of an inter frame and of `show_existing_frame`.
    const KEY_FRAME: &[u8] = &[0x32, 6, 0x14, 0x00, 0x21, 0x60, 0x20, 0x00];
    const INTER_FRAME: &[u8] = &[0x32, 6, 0x29, 0x08, 0x00, 0x12, 0x49, 0x24];
    const SHOW_EXISTING: &[u8] = &[0x1a, 0x01, 0xe8];

    fn unit_of(parts: &[&[u8]]) -> (Bytes, TemporalUnit) {
        let payload = Bytes::from(parts.concat());
        let unit = temporal_unit(&payload).unwrap();
        (payload, unit)
    }

    #[test]
    fn a_key_frame_loses_delimiter_and_sequence_header_without_a_copy() {
        let (payload, unit) = unit_of(&[DELIMITER, SEQUENCE_HEADER, KEY_FRAME]);
        assert_eq!(unit.dependency, Dependency::Sync);
        assert_eq!(unit.parameter_sets, [SEQUENCE_HEADER]);
        assert_eq!(unit.payload, KEY_FRAME);
        assert_eq!(unit.payload.as_ptr(), payload[15..].as_ptr());
    }

    #[test]
    fn inter_frames_and_shown_existing_frames_are_references() {
        for frames in [&[INTER_FRAME, INTER_FRAME][..], &[SHOW_EXISTING]] {
            let (payload, unit) = unit_of(frames);
            assert_eq!(unit.dependency, Dependency::Reference);
            assert_eq!(unit.payload.as_ptr(), payload.as_ptr());
            assert_eq!(unit.payload, payload);
        }
    }

    #[test]
    fn a_key_frame_that_is_not_shown_is_no_sync_sample() {
        let (_, unit) = unit_of(&[&[0x32, 1, 0x00]]);
        assert_eq!(unit.dependency, Dependency::Reference);
    }

    #[test]
    fn what_stands_between_frames_is_cut_out_and_the_last_size_written() {
        let padding: &[u8] = &[0x7a, 2, 0xff, 0x80];
        let without_size: &[u8] = &[0x30, 0x29, 0x08];
        let (_, unit) = unit_of(&[INTER_FRAME, padding, without_size]);
        assert_eq!(unit.payload, [INTER_FRAME, &[0x32, 2, 0x29, 0x08]].concat());
    }

    #[test]
    fn extensions_survive_a_rebuild() {
        let padding: &[u8] = &[0x7a, 0];
        let layered: &[u8] = &[0x34, 0x20, 0x29];
        let (_, unit) = unit_of(&[INTER_FRAME, padding, layered]);
        assert_eq!(unit.payload, [INTER_FRAME, &[0x36, 0x20, 1, 0x29]].concat());
    }

    #[test]
    fn a_unit_without_a_frame_has_no_payload() {
        let (_, unit) = unit_of(&[DELIMITER, SEQUENCE_HEADER]);
        assert!(unit.payload.is_empty());
        assert_eq!(unit.parameter_sets, [SEQUENCE_HEADER]);
    }

    #[test]
    fn broken_framing_is_refused() {
        for broken in [&[0x32, 9, 0][..], &[0x80], &[0x32], &[0x36, 0], &[0x32, 0x80]] {
            assert!(temporal_unit(&Bytes::from_static(broken)).is_err(), "{broken:?}");
        }
        assert!(temporal_unit(&Bytes::from(SHOW_EXISTING.repeat(5000))).is_err());
    }

    #[test]
    fn sizes_of_more_than_one_byte() {
        let mut out = BytesMut::new();
        put_leb128(&mut out, 300);
        assert_eq!(out.as_ref(), [0xac, 0x02]);
        assert_eq!(leb128(&mut BitReader::new("test", &out)), Ok((300, 2)));
    }

    proptest! {
        #[test]
        fn hostile_units_and_records_never_panic(
            unit in prop_oneof![
                garbage(),
                damaged([DELIMITER, SEQUENCE_HEADER, KEY_FRAME, INTER_FRAME].concat().into()),
            ],
            record in prop_oneof![garbage(), damaged(hex(SVT_AV1))],
        ) {
            if let Ok(unit) = temporal_unit(&unit) {
                let _ = config_from_parameter_sets(&unit.parameter_sets);
            }
            if let Ok(config) = config_from_record(&record) {
                prop_assert!(config_from_parameter_sets(&config.parameter_sets).is_ok());
            }
        }
    }
}
