//! PES packet headers (ISO/IEC 13818-1 §2.4.3.6, §2.4.3.7).

use super::TIMESTAMP_MASK;

/// `stream_id` of the first video stream.
pub(super) const STREAM_ID_VIDEO: u8 = 0xE0;
/// `stream_id` of the first audio stream.
pub(super) const STREAM_ID_AUDIO: u8 = 0xC0;

/// Bytes before the optional fields are counted: start code, stream id, length.
const PREFIX_BYTES: usize = 6;
const TIMESTAMP_BYTES: usize = 5;
const HEADER_BYTES_MAX: usize = PREFIX_BYTES + 3 + 2 * TIMESTAMP_BYTES;
/// Marker bits, and `data_alignment_indicator`: the payload starts with an access unit.
const ALIGNED: u8 = 0x84;
/// `PTS_DTS_flags`; shifted right by two they are also the PTS's prefix.
const PTS_ONLY: u8 = 0x80;
const PTS_AND_DTS: u8 = 0xC0;
const DTS_PREFIX: u8 = 0x10;

/// Presentation and decoding time in 90 kHz ticks, before the wrap to 33 bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timestamps {
    pub(super) pts: u64,
    pub(super) dts: u64,
}

/// A PES header of 14 or 19 bytes.
#[derive(Debug)]
pub(super) struct PesHeader {
    bytes: [u8; HEADER_BYTES_MAX],
    len: usize,
}

impl PesHeader {
    /// The header of a PES packet with `payload_bytes` of payload. The DTS is written only where it
    /// differs from the PTS. A video packet whose length does not fit 16 bits has none, which the
    /// standard allows for video alone.
    pub(super) fn new(stream_id: u8, times: Timestamps, payload_bytes: usize) -> Self {
        let (flags, fields) = if times.pts == times.dts {
            (PTS_ONLY, TIMESTAMP_BYTES)
        } else {
            (PTS_AND_DTS, 2 * TIMESTAMP_BYTES)
        };
        let [length_high, length_low] =
            u16::try_from(3 + fields + payload_bytes).unwrap_or(0).to_be_bytes();
        let [p0, p1, p2, p3, p4] = timestamp(flags >> 2, times.pts);
        let [d0, d1, d2, d3, d4] = timestamp(DTS_PREFIX, times.dts);
        let bytes = [
            0,
            0,
            1,
            stream_id,
            length_high,
            length_low,
            ALIGNED,
            flags,
            u8::try_from(fields).unwrap_or(0),
            p0,
            p1,
            p2,
            p3,
            p4,
            d0,
            d1,
            d2,
            d3,
            d4,
        ];
        Self { bytes, len: PREFIX_BYTES + 3 + fields }
    }

    /// The header's bytes.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&self.bytes)
    }
}

/// 33 bits in three groups, each followed by a marker bit; `prefix` fills the upper four bits.
fn timestamp(prefix: u8, ticks: u64) -> [u8; TIMESTAMP_BYTES] {
    const MARKERS: u64 = 0x01_0001_0001;
    let ticks = ticks & TIMESTAMP_MASK;
    let spread = (ticks >> 30) << 33 | (ticks >> 15 & 0x7FFF) << 17 | (ticks & 0x7FFF) << 1;
    let [_, _, _, bytes @ ..] = (u64::from(prefix) << 32 | spread | MARKERS).to_be_bytes();
    bytes
}
