//! The digest ("complex") handshake of Flash Player 9 and later.
//!
//! Adobe never published it; the layout below is what every server implements. C1 carries an
//! HMAC-SHA256 over itself at a place that four of its own bytes choose, in one of two schemes. A
//! server that answers in kind gets H.264 out of old Flash-based encoders; a C1 without a valid
//! digest is an ordinary one.
//!
//! ```text
//! scheme   position bytes   digest region
//! first    8..12            12 + (sum of the four % 728)
//! second   772..776         776 + (sum of the four % 728)
//! ```

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::{PACKET_BYTES, Packet, RANDOM_BYTES, packet_with_version};

const DIGEST_BYTES: usize = 32;
const REGION_BYTES: usize = 728;

/// Key of a client's digest.
const PLAYER_KEY: &[u8] = b"Genuine Adobe Flash Player 001";
/// Key of a server's digest.
const SERVER_KEY: &[u8] = b"Genuine Adobe Flash Media Server 001";
/// What either key is extended by for the signature of the second packet.
const KEY_EXTENSION: [u8; 32] = [
    0xF0, 0xEE, 0xC2, 0x4A, 0x80, 0x68, 0xBE, 0xE8, 0x2E, 0x00, 0xD0, 0xD1, 0x02, 0x9E, 0x7E, 0x57,
    0x6E, 0xEC, 0x5D, 0x2D, 0x29, 0x80, 0x6F, 0xAB, 0x93, 0xB8, 0xE6, 0x36, 0xCF, 0xEB, 0x31, 0xAE,
];
/// Version bytes that Flash Media Server 3.5 puts into S1.
const SERVER_VERSION: [u8; 4] = [4, 5, 0, 1];

type Digest = [u8; DIGEST_BYTES];

/// Where the bytes that choose the digest's place stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    First,
    Second,
}

/// S1 and S2 for a C1 that carries a valid digest, else `None`.
pub(super) fn answer(c1: &Packet, random: &[u8; RANDOM_BYTES]) -> Option<(Packet, Packet)> {
    let (scheme, c1_digest) = find_digest(c1)?;
    let s1 = signed_packet(packet_with_version(SERVER_VERSION, random), scheme, SERVER_KEY)?;
    let key = hmac(&[SERVER_KEY, &KEY_EXTENSION].concat(), &[&c1_digest]);
    let mut s2 = packet_with_version([0; 4], random);
    let (body, signature) = s2.split_last_chunk_mut::<DIGEST_BYTES>()?;
    *signature = hmac(&key, &[body]);
    Some((s1, s2))
}

/// The digest of a C1 and the scheme it was found by. A version of zero means that there is none.
fn find_digest(c1: &Packet) -> Option<(Scheme, Digest)> {
    if c1.get(4..8)? == [0; 4] {
        return None;
    }
    [Scheme::First, Scheme::Second].into_iter().find_map(|scheme| {
        let (before, digest, after) = split(c1, scheme)?;
        let expected = hmac(PLAYER_KEY, &[before, after]);
        (*digest == expected).then_some((scheme, expected))
    })
}

/// `packet` with a digest written to where `scheme` wants it.
fn signed_packet(mut packet: Packet, scheme: Scheme, key: &[u8]) -> Option<Packet> {
    let (before, _, after) = split(&packet, scheme)?;
    let position = before.len();
    let digest = hmac(key, &[before, after]);
    packet.get_mut(position..)?.first_chunk_mut().map(|slot| *slot = digest)?;
    Some(packet)
}

/// The packet before, inside and behind its digest. `None` cannot happen: both regions lie inside
/// the packet.
fn split(packet: &Packet, scheme: Scheme) -> Option<(&[u8], &Digest, &[u8])> {
    let position_bytes: usize = match scheme {
        Scheme::First => 8,
        Scheme::Second => 772,
    };
    let chooser = packet.get(position_bytes..)?.first_chunk::<4>()?;
    let sum = chooser.iter().fold(0_usize, |sum, byte| sum.saturating_add(usize::from(*byte)));
    let offset = sum.checked_rem(REGION_BYTES)?;
    let position = position_bytes.saturating_add(4).saturating_add(offset);
    let (before, rest) = packet.split_at_checked(position)?;
    let (digest, after) = rest.split_first_chunk::<DIGEST_BYTES>()?;
    Some((before, digest, after))
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> Digest {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

const _: () = assert!(776 + REGION_BYTES + DIGEST_BYTES <= PACKET_BYTES);

#[cfg(test)]
mod tests {
    use super::*;

    fn c1(scheme: Scheme, random: u8) -> Packet {
        let packet = packet_with_version([9, 0, 124, 2], &[random; RANDOM_BYTES]);
        signed_packet(packet, scheme, PLAYER_KEY).unwrap()
    }

    /// Digests of the filler 0, 1, … 250, 0, … computed by another HMAC implementation: they pin
    /// the layout, which the other tests only use.
    #[test]
    fn digests_stand_where_players_put_them() {
        let check = |position: usize, digest: &[u8; 8], scheme: Scheme| {
            let mut filler = [0; RANDOM_BYTES];
            for (slot, byte) in filler.iter_mut().zip((0..251).cycle()) {
                *slot = byte;
            }
            let packet = packet_with_version([9, 0, 124, 2], &filler);
            let signed = signed_packet(packet, scheme, PLAYER_KEY).unwrap();
            assert_eq!(signed[position..position + 8], *digest);
            assert_eq!(find_digest(&signed).map(|(found, _)| found), Some(scheme));
        };
        check(18, &0x2DB5_4294_482F_C7AA_u64.to_be_bytes(), Scheme::First);
        check(826, &0x2230_44AE_427C_3532_u64.to_be_bytes(), Scheme::Second);
    }

    #[test]
    fn both_schemes_are_found_and_answered_in_kind() {
        for scheme in [Scheme::First, Scheme::Second] {
            for random in [0, 1, 77, 182, 255] {
                let c1 = c1(scheme, random);
                let (found, c1_digest) = find_digest(&c1).unwrap();
                assert_eq!(found, scheme);
                let (s1, s2) = answer(&c1, &[3; RANDOM_BYTES]).unwrap();
                let (before, digest, after) = split(&s1, scheme).unwrap();
                assert_eq!(*digest, hmac(SERVER_KEY, &[before, after]));
                let key = hmac(&[SERVER_KEY, &KEY_EXTENSION].concat(), &[&c1_digest]);
                assert_eq!(s2[PACKET_BYTES - 32..], hmac(&key, &[&s2[..PACKET_BYTES - 32]]));
            }
        }
    }

    #[test]
    fn anything_else_is_a_plain_handshake() {
        let mut broken = c1(Scheme::First, 1);
        broken[1535] ^= 1;
        assert_eq!(answer(&broken, &[0; RANDOM_BYTES]), None);
        let mut no_version = c1(Scheme::First, 1);
        no_version[4..8].fill(0);
        assert_eq!(answer(&no_version, &[0; RANDOM_BYTES]), None);
    }
}
