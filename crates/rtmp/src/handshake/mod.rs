//! The handshake, for both sides (RTMP 1.0 §5.2).
//!
//! ```text
//! client: C0 (version) C1 (1536 bytes) ─▶         ◀─ S0 S1 S2 :server
//!         C2 (1536 bytes)              ─▶
//! ```
//!
//! The server answers C1 at once and waits for C2 only to know where the chunks begin; a client
//! that sends C2 and `connect` in one go is served. What the peer echoes is not verified: encoders
//! echo many things. The digest variant is answered when C1 carries a valid digest ([`digest`]).
//! RTMPE (versions 6 and 8) is refused.

mod digest;

use bytes::{Buf, Bytes};

use crate::error::{Malformed, RtmpError, Unsupported, WirePosition};

/// Length of C1, C2, S1 and S2.
pub(crate) const PACKET_BYTES: usize = 1536;
/// Random bytes behind the time and version fields of C1 and S1.
pub(crate) const RANDOM_BYTES: usize = 1528;
/// Bytes that a peer sends before its first chunk.
pub(crate) const HANDSHAKE_BYTES: u64 = 3073;

const VERSION: u8 = 3;
/// First byte of a TLS record that carries a ClientHello.
const TLS_HANDSHAKE: u8 = 0x16;

/// C1, S1, C2 or S2.
type Packet = [u8; PACKET_BYTES];

/// One side of the handshake.
#[derive(Debug)]
pub(crate) struct Handshake {
    side: Side,
    random: Box<[u8; RANDOM_BYTES]>,
    step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Server,
    Client,
}

#[derive(Debug)]
enum Step {
    Version,
    /// Collecting C1 or S1.
    First(Vec<u8>),
    /// Skipping C2 or S2: bytes left.
    Second(usize),
}

/// What a piece of input led to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    NeedInput,
    /// These bytes have to be sent; there may be more input to read.
    Reply(Vec<u8>),
    Done,
}

impl Handshake {
    pub(crate) fn server(random: [u8; RANDOM_BYTES]) -> Self {
        Self { side: Side::Server, random: Box::new(random), step: Step::Version }
    }

    pub(crate) fn client(random: [u8; RANDOM_BYTES]) -> Self {
        Self { side: Side::Client, random: Box::new(random), step: Step::Version }
    }

    /// C0 and C1.
    pub(crate) fn greeting(&self) -> Vec<u8> {
        [&[VERSION][..], &simple_packet(&self.random)].concat()
    }

    /// Takes bytes from `input`, whose first byte is byte `position` of the connection.
    pub(crate) fn read(&mut self, input: &mut Bytes, position: u64) -> Result<Progress, RtmpError> {
        loop {
            if input.is_empty() {
                return Ok(Progress::NeedInput);
            }
            match &mut self.step {
                Step::Version => {
                    check_version(input.get_u8(), position)?;
                    self.step = Step::First(Vec::with_capacity(PACKET_BYTES));
                }
                Step::First(packet) => {
                    let missing = PACKET_BYTES.saturating_sub(packet.len()).min(input.len());
                    packet.extend_from_slice(&input.split_to(missing));
                    let Ok(packet) = <&Packet>::try_from(packet.as_slice()) else {
                        return Ok(Progress::NeedInput);
                    };
                    let reply = match self.side {
                        Side::Server => server_reply(packet, &self.random),
                        Side::Client => packet.to_vec(),
                    };
                    self.step = Step::Second(PACKET_BYTES);
                    return Ok(Progress::Reply(reply));
                }
                Step::Second(left) => {
                    let skipped = (*left).min(input.len());
                    input.advance(skipped);
                    *left = left.saturating_sub(skipped);
                    if *left == 0 {
                        return Ok(Progress::Done);
                    }
                }
            }
        }
    }
}

fn check_version(version: u8, position: u64) -> Result<(), RtmpError> {
    let at = WirePosition::byte(position);
    match version {
        VERSION => Ok(()),
        6 | 8 => Err(RtmpError::Unsupported { fault: Unsupported::Encryption(version), at }),
        TLS_HANDSHAKE => Err(RtmpError::Unsupported { fault: Unsupported::Tls, at }),
        other => Err(RtmpError::Malformed { fault: Malformed::Version(other), at }),
    }
}

/// S0, S1 and S2 for a C1.
fn server_reply(c1: &Packet, random: &[u8; RANDOM_BYTES]) -> Vec<u8> {
    let (s1, s2) = match digest::answer(c1, random) {
        Some(packets) => packets,
        // "S2 … consists of an echo of C1": some clients compare.
        None => (simple_packet(random), *c1),
    };
    [&[VERSION][..], &s1, &s2].concat()
}

/// C1 or S1 of the plain handshake: time zero, four zero bytes, random bytes.
fn simple_packet(random: &[u8; RANDOM_BYTES]) -> Packet {
    packet_with_version([0; 4], random)
}

fn packet_with_version(version: [u8; 4], random: &[u8; RANDOM_BYTES]) -> Packet {
    let mut packet = [0; PACKET_BYTES];
    let bytes = [0; 4].into_iter().chain(version).chain(*random);
    for (slot, byte) in packet.iter_mut().zip(bytes) {
        *slot = byte;
    }
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `bytes` in pieces of `size` and returns all replies and the unread rest once the
    /// handshake is done.
    fn run(handshake: &mut Handshake, bytes: &[u8], size: usize) -> (Vec<u8>, Option<Vec<u8>>) {
        let mut replies = Vec::new();
        for (index, piece) in bytes.chunks(size).enumerate() {
            let mut input = Bytes::copy_from_slice(piece);
            loop {
                match handshake.read(&mut input, 0).unwrap() {
                    Progress::NeedInput => break,
                    Progress::Reply(bytes) => replies.extend(bytes),
                    Progress::Done => {
                        let consumed = index * size + piece.len() - input.len();
                        return (replies, Some(bytes[consumed..].to_vec()));
                    }
                }
            }
        }
        (replies, None)
    }

    #[test]
    fn both_sides_understand_each_other_at_any_split() {
        for size in [1, 7, 1536, 1537, 10_000] {
            let mut client = Handshake::client([7; RANDOM_BYTES]);
            let mut server = Handshake::server([9; RANDOM_BYTES]);
            let c0_c1 = client.greeting();
            let (s0_s1_s2, done) = run(&mut server, &c0_c1, size);
            assert_eq!(done, None);
            assert_eq!(s0_s1_s2.len(), 1 + 2 * PACKET_BYTES);
            assert_eq!(s0_s1_s2[1 + PACKET_BYTES..], c0_c1[1..], "S2 echoes C1");
            let (c2, done) = run(&mut client, &s0_s1_s2, size);
            assert_eq!(done, Some(vec![]));
            assert_eq!(c2, s0_s1_s2[1..=PACKET_BYTES], "C2 echoes S1");
            let pipelined = [c2, b"chunks".to_vec()].concat();
            assert_eq!(run(&mut server, &pipelined, size).1, Some(b"chunks".to_vec()));
        }
    }

    #[test]
    fn the_server_answers_before_c2() {
        let mut server = Handshake::server([9; RANDOM_BYTES]);
        let (reply, _) = run(&mut server, &[&[3][..], &[0; 1535]].concat(), 2000);
        assert_eq!(reply, []);
        let (reply, _) = run(&mut server, &[0], 1);
        assert_eq!(reply.len(), 1 + 2 * PACKET_BYTES);
    }

    #[test]
    fn other_versions_are_refused_at_the_first_byte() {
        let check = |version: u8, expect: &str| {
            let mut server = Handshake::server([0; RANDOM_BYTES]);
            let error = server.read(&mut Bytes::from(vec![version]), 0).unwrap_err();
            assert_eq!(error.to_string(), expect);
        };
        check(6, "unsupported at byte 0: encrypted RTMP (version 6), expected version 3");
        check(0x16, "unsupported at byte 0: TLS on a plain RTMP port");
        check(b'G', "malformed input at byte 0: first byte 0x47, expected RTMP version 3");
    }
}
