//! Program specific information: PAT and PMT of the one program (ISO/IEC 13818-1 §2.4.4).
//!
//! The PMT lists only tracks that exist, because players wait for those it lists. A track that was
//! listed stays listed until the next discontinuity, so that a segment without audio changes nothing;
//! a change of the list is a new version.

use super::packet::Stream;
use super::{AUDIO_PID, VIDEO_PID};

const PAT_PID: u16 = 0;
const PMT_PID: u16 = 0x1000;
const TRANSPORT_STREAM_ID: u16 = 1;
const PROGRAM_NUMBER: u16 = 1;
const TABLE_PAT: u8 = 0x00;
const TABLE_PMT: u8 = 0x02;
/// AVC video (ISO/IEC 13818-1 table 2-34).
const STREAM_TYPE_AVC: u8 = 0x1B;
/// AAC with ADTS.
const STREAM_TYPE_ADTS: u8 = 0x0F;
/// Set wherever the syntax has three reserved bits before a PID.
const RESERVED_PID: u16 = 0xE000;
/// Set wherever the syntax has four reserved bits before a 12-bit length.
const RESERVED_LENGTH: u16 = 0xF000;
/// `section_syntax_indicator` 1, `0`, reserved bits.
const SECTION_SYNTAX: u16 = 0xB000;

/// Which tracks there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tracks {
    pub(super) video: bool,
    pub(super) audio: bool,
}

/// The two tables.
#[derive(Debug, Clone)]
pub(super) struct Program {
    pat: Stream,
    pmt: Stream,
    listed: Tracks,
    version: u8,
    /// The next list of tracks replaces the one before it.
    restart: bool,
}

impl Program {
    pub(super) const fn new() -> Self {
        Self {
            pat: Stream::new(PAT_PID),
            pmt: Stream::new(PMT_PID),
            listed: Tracks { video: false, audio: false },
            version: 0,
            restart: false,
        }
    }

    /// Forgets tracks that the next segment does not have.
    pub(super) const fn restart(&mut self) {
        self.restart = true;
    }

    /// Takes up the tracks of the next segment.
    pub(super) fn list(&mut self, present: Tracks) {
        let kept = if std::mem::take(&mut self.restart) { Tracks::default() } else { self.listed };
        let next =
            Tracks { video: kept.video || present.video, audio: kept.audio || present.audio };
        if self.listed != Tracks::default() && next != self.listed {
            self.version = (self.version + 1) & 0x1F;
        }
        self.listed = next;
    }

    /// The PID that carries the PCR.
    pub(super) const fn pcr_pid(&self) -> u16 {
        if self.listed.video { VIDEO_PID } else { AUDIO_PID }
    }

    /// Writes PAT and PMT, one packet each.
    pub(super) fn write(&mut self, out: &mut Vec<u8>) {
        self.pat.section(out, &self.association());
        let map = self.map();
        self.pmt.section(out, &map);
    }

    fn association(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(4);
        body.extend(PROGRAM_NUMBER.to_be_bytes());
        body.extend((RESERVED_PID | PMT_PID).to_be_bytes());
        section(TABLE_PAT, TRANSPORT_STREAM_ID, 0, &body)
    }

    fn map(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(16);
        body.extend((RESERVED_PID | self.pcr_pid()).to_be_bytes());
        body.extend(RESERVED_LENGTH.to_be_bytes()); // program_info_length 0
        let video = self.listed.video.then_some((STREAM_TYPE_AVC, VIDEO_PID));
        let audio = self.listed.audio.then_some((STREAM_TYPE_ADTS, AUDIO_PID));
        for (stream_type, pid) in video.into_iter().chain(audio) {
            body.push(stream_type);
            body.extend((RESERVED_PID | pid).to_be_bytes());
            body.extend(RESERVED_LENGTH.to_be_bytes()); // ES_info_length 0
        }
        section(TABLE_PMT, PROGRAM_NUMBER, self.version, &body)
    }
}

/// A section in long form, the only one of its table, current.
fn section(table_id: u8, id_extension: u16, version: u8, body: &[u8]) -> Vec<u8> {
    const AFTER_LENGTH: usize = 5;
    const CRC_BYTES: usize = 4;
    let length = u16::try_from(AFTER_LENGTH + body.len() + CRC_BYTES).unwrap_or(u16::MAX);
    debug_assert!(length < 0x0400, "section_length is at most 1021");

    let mut section = Vec::with_capacity(3 + usize::from(length));
    section.push(table_id);
    section.extend((SECTION_SYNTAX | length).to_be_bytes());
    section.extend(id_extension.to_be_bytes());
    section.push(0xC1 | version << 1); // reserved bits, version, current_next_indicator
    section.extend([0, 0]); // section_number, last_section_number
    section.extend_from_slice(body);
    section.extend(crc32(&section).to_be_bytes());
    section
}

/// CRC-32/MPEG-2 (ISO/IEC 13818-1 annex A). Two short sections in a segment: a table is not worth it.
fn crc32(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0x04C1_1DB7;
    bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
            let carry = crc >> 31;
            (crc << 1) ^ (carry * POLYNOMIAL)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc_of_the_check_string() {
        assert_eq!(crc32(b"123456789"), 0x0376_E6E7);
    }

    #[test]
    fn version_changes_with_the_list_only() {
        let both = Tracks { video: true, audio: true };
        let video = Tracks { video: true, audio: false };
        let mut program = Program::new();
        program.list(video);
        assert_eq!((program.version, program.listed), (0, video));
        program.list(both);
        assert_eq!((program.version, program.listed), (1, both));
        program.list(video);
        assert_eq!((program.version, program.listed), (1, both), "listed until a discontinuity");
        program.restart();
        program.list(video);
        assert_eq!((program.version, program.listed), (2, video));
        program.restart();
        program.list(video);
        assert_eq!(program.version, 2);
    }
}
