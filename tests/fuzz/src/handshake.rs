//! The first bytes of a connection: any split gives the same answer, digests included.

use std::time::Instant;

use bytes::Bytes;
use genlock_rtmp::{ServerConfig, ServerEvent, ServerSession};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::choices::{Choices, pieces};

/// C1 and what it is answered with.
const PACKET: usize = 1536;
/// S0, S1 and S2.
const REPLY: usize = 1 + 2 * PACKET;

/// `how C1 is signed, three lengths of pieces, bytes of the connection`.
pub(crate) fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let signing = choices.below(3);
    let lengths = [choices.u16(), choices.u16(), choices.u16()].map(usize::from);
    let mut bytes = choices.rest().to_vec();
    if let (1 | 2, Some(c1)) = (signing, bytes.get_mut(1..=PACKET)) {
        sign(c1, if signing == 1 { 8 } else { 772 });
    }

    let whole = greet(&bytes, &[bytes.len()]);
    assert_eq!(whole, greet(&bytes, &lengths), "another split, another answer");
    assert!(whole.reply.is_empty() || whole.reply.len() == REPLY, "{} bytes", whole.reply.len());
}

#[derive(Debug, Default, PartialEq)]
struct Outcome {
    /// Later bytes depend on when the peer's bytes are acknowledged, and so on the split.
    reply: Vec<u8>,
    events: Vec<ServerEvent>,
    error: Option<String>,
}

fn greet(bytes: &[u8], lengths: &[usize]) -> Outcome {
    let now = Instant::now();
    let mut session = ServerSession::new(ServerConfig::default(), now, [9; PACKET - 8]);
    let mut outcome = Outcome::default();
    for piece in pieces(bytes, lengths) {
        let read = session.handle_bytes(now, Bytes::copy_from_slice(piece));
        outcome.events.extend(std::iter::from_fn(|| session.poll_event()));
        outcome.reply.extend(std::iter::from_fn(|| session.poll_transmit()).flatten());
        if let Err(error) = read {
            outcome.error = Some(error.to_string());
            assert!(session.should_close(), "an error is final");
            break;
        }
    }
    outcome.reply.truncate(REPLY);
    outcome
}

/// Puts a Flash Player's digest where four bytes from `position` on say, as `rtmp::handshake` describes it.
fn sign(c1: &mut [u8], position: usize) {
    const DIGEST: usize = 32;
    // A version of zero means that there is no digest.
    c1[4] |= 1;
    let sum: usize = c1[position..position + 4].iter().copied().map(usize::from).sum();
    let at = position + 4 + sum % 728;
    let mut mac = Hmac::<Sha256>::new_from_slice(b"Genuine Adobe Flash Player 001")
        .expect("HMAC takes keys of any length");
    mac.update(&c1[..at]);
    mac.update(&c1[at + DIGEST..]);
    c1[at..at + DIGEST].copy_from_slice(&mac.finalize().into_bytes());
}
