//! Transport packets (ISO/IEC 13818-1 §2.4.3): header, adaptation field, continuity, stuffing.
//!
//! A payload unit (one PES packet) is announced with its whole length, then written in pieces of any
//! size straight into the segment's buffer: a packet is opened when the one before it is full, and
//! the length tells the last one how much stuffing its adaptation field takes. Nothing is allocated
//! per packet.

/// Bytes of a transport packet.
pub(super) const PACKET_BYTES: usize = 188;
/// Bytes of a packet after its header.
pub(super) const PAYLOAD_BYTES: usize = 184;

const SYNC_BYTE: u8 = 0x47;
const STUFFING: u8 = 0xFF;
/// `transport_scrambling_control` 0, `adaptation_field_control`: payload only.
const PAYLOAD_ONLY: u8 = 0x10;
const ADAPTATION_ONLY: u8 = 0x20;
const ADAPTATION_AND_PAYLOAD: u8 = 0x30;

/// One PID and what must be remembered about it from segment to segment.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    pub(super) pid: u16,
    /// `continuity_counter` of the next packet with payload.
    continuity: u8,
    /// The next packet with an adaptation field says `discontinuity_indicator`.
    discontinuity: bool,
}

impl Stream {
    pub(super) const fn new(pid: u16) -> Self {
        Self { pid, continuity: 0, discontinuity: false }
    }

    pub(super) const fn mark_discontinuity(&mut self) {
        self.discontinuity = true;
    }

    /// Starts a payload unit of exactly `bytes` bytes, whose first packet carries `adaptation`.
    pub(super) fn unit<'a>(
        &'a mut self,
        out: &'a mut Vec<u8>,
        bytes: usize,
        mut adaptation: Adaptation,
    ) -> UnitWriter<'a> {
        adaptation.discontinuity |= std::mem::take(&mut self.discontinuity);
        UnitWriter { out, stream: self, pending: bytes, room: 0, first: Some(adaptation) }
    }

    /// Writes a section in one packet, padded as §2.4.4 asks for.
    pub(super) fn section(&mut self, out: &mut Vec<u8>, section: &[u8]) {
        debug_assert!(section.len() < PAYLOAD_BYTES, "our sections fit one packet");
        let end = out.len() + PACKET_BYTES;
        self.header(out, UnitStart::Yes, PAYLOAD_ONLY);
        out.push(0); // pointer_field: the section starts at once
        out.extend_from_slice(section);
        out.resize(end, STUFFING);
    }

    /// Writes a packet without payload that only carries `adaptation`. The continuity counter
    /// repeats that of the last packet with payload (§2.4.3.3).
    pub(super) fn adaptation_only(&mut self, out: &mut Vec<u8>, mut adaptation: Adaptation) {
        adaptation.discontinuity |= std::mem::take(&mut self.discontinuity);
        self.continuity = self.continuity.wrapping_sub(1);
        self.header(out, UnitStart::No, ADAPTATION_ONLY);
        adaptation.write(out, PAYLOAD_BYTES);
    }

    fn header(&mut self, out: &mut Vec<u8>, start: UnitStart, control: u8) {
        let [pid_high, pid_low] = self.pid.to_be_bytes();
        let counter = self.continuity & 0x0F;
        out.extend_from_slice(&[SYNC_BYTE, start as u8 | pid_high, pid_low, control | counter]);
        self.continuity = self.continuity.wrapping_add(1);
    }
}

/// `payload_unit_start_indicator`, at its place in the header.
#[derive(Debug, Clone, Copy)]
enum UnitStart {
    No = 0x00,
    Yes = 0x40,
}

/// Contents of an adaptation field apart from stuffing (§2.4.3.4).
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Adaptation {
    /// Decoding can start at this unit.
    pub(super) random_access: bool,
    /// Program clock reference in 90 kHz ticks.
    pub(super) pcr: Option<u64>,
    /// Set by [`Stream`] on the first packet after a discontinuity.
    pub(super) discontinuity: bool,
}

impl Adaptation {
    const DISCONTINUITY: u8 = 0x80;
    const RANDOM_ACCESS: u8 = 0x40;
    const PCR: u8 = 0x10;

    pub(super) const fn with_pcr(pcr: u64) -> Self {
        Self { random_access: false, pcr: Some(pcr), discontinuity: false }
    }

    const fn flags(self) -> u8 {
        let mut flags = 0;
        if self.discontinuity {
            flags |= Self::DISCONTINUITY;
        }
        if self.random_access {
            flags |= Self::RANDOM_ACCESS;
        }
        if self.pcr.is_some() {
            flags |= Self::PCR;
        }
        flags
    }

    /// Bytes with the length byte, without stuffing.
    const fn len(self) -> usize {
        match (self.flags(), self.pcr) {
            (0, _) => 0,
            (_, None) => 2,
            (_, Some(_)) => 8,
        }
    }

    /// Writes the field stuffed to `total` bytes, at least [`Adaptation::len`] and at least 1.
    fn write(self, out: &mut Vec<u8>, total: usize) {
        let end = out.len() + total;
        debug_assert!((1..=PAYLOAD_BYTES).contains(&total), "one packet holds the field");
        out.push(u8::try_from(total - 1).unwrap_or(u8::MAX));
        if total > 1 {
            out.push(self.flags());
        }
        if let Some(pcr) = self.pcr {
            out.extend_from_slice(&program_clock_reference(pcr));
        }
        out.resize(end, STUFFING);
    }
}

/// A 33-bit base at 90 kHz, six reserved bits and a 27 MHz extension of 0 (§2.4.3.5).
fn program_clock_reference(ticks: u64) -> [u8; 6] {
    const RESERVED: u64 = 0x3F << 9;
    let field = (ticks & super::TIMESTAMP_MASK) << 15 | RESERVED;
    let [_, _, bytes @ ..] = field.to_be_bytes();
    bytes
}

/// Writes one payload unit; made by [`Stream::unit`].
#[derive(Debug)]
pub(super) struct UnitWriter<'a> {
    out: &'a mut Vec<u8>,
    stream: &'a mut Stream,
    /// Bytes of the unit that are still to come.
    pending: usize,
    /// Payload bytes left in the open packet.
    room: usize,
    /// The adaptation field of the first packet, until that packet is open.
    first: Option<Adaptation>,
}

impl UnitWriter<'_> {
    /// Appends the next piece of the unit.
    pub(super) fn write(&mut self, mut piece: &[u8]) {
        debug_assert!(piece.len() <= self.pending, "the unit is longer than announced");
        while !piece.is_empty() {
            if self.room == 0 {
                self.open_packet();
            }
            let (now, later) = piece.split_at(piece.len().min(self.room));
            self.out.extend_from_slice(now);
            self.room -= now.len();
            self.pending = self.pending.saturating_sub(now.len());
            piece = later;
        }
    }

    fn open_packet(&mut self) {
        let (start, adaptation) = match self.first.take() {
            Some(adaptation) => (UnitStart::Yes, adaptation),
            None => (UnitStart::No, Adaptation::default()),
        };
        // A packet is either full or the unit's last one, whose adaptation field takes up the rest.
        self.room = self.pending.min(PAYLOAD_BYTES - adaptation.len()).max(1);
        let field = PAYLOAD_BYTES - self.room;
        if field == 0 {
            self.stream.header(self.out, start, PAYLOAD_ONLY);
        } else {
            self.stream.header(self.out, start, ADAPTATION_AND_PAYLOAD);
            adaptation.write(self.out, field);
        }
    }
}
