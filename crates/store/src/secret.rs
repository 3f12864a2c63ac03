//! Stream keys and the admin token: made from the system's randomness, hashed at rest, never printed.
//!
//! Secrets made here carry 160 bits or more, so a plain SHA-256 is enough at rest: there is no
//! dictionary to try. An admin token chosen by the operator is as good as the operator's choice.
//!
//! Debug output is `***`; there is no `Display` and no `Serialize`. The text comes out through one method,
//! `reveal`, whose call sites are easy to find.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::limits::{ADMIN_TOKEN_CHARS_MAX, ADMIN_TOKEN_CHARS_MIN};

/// RFC 4648 §6 in lower case: 32 letters, so five bits of a random byte pick one without bias.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Characters of a new stream key: 160 bits.
const STREAM_KEY_CHARS: usize = 32;

/// Characters of a new admin token: 200 bits.
const ADMIN_TOKEN_CHARS: usize = 40;

/// The operating system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes: {0}")]
pub struct NoEntropy(getrandom::Error);

/// What a publisher presents to push one camera. Shown once, when it is made.
#[derive(Clone)]
pub struct StreamKey(String);

impl StreamKey {
    /// A new random key, 32 url-safe characters.
    pub fn random() -> Result<Self, NoEntropy> {
        random_base32(STREAM_KEY_CHARS).map(Self)
    }

    /// A key that was made elsewhere, or here before a restart.
    #[must_use]
    pub const fn known(text: String) -> Self {
        Self(text)
    }

    /// The key's text, for the one answer that shows it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }
}

/// The bearer token of the administrator.
#[derive(Clone)]
pub struct AdminToken(String);

impl AdminToken {
    /// A new random token, 40 url-safe characters.
    pub fn random() -> Result<Self, NoEntropy> {
        random_base32(ADMIN_TOKEN_CHARS).map(Self)
    }

    /// A token chosen by the operator.
    pub fn parse(text: &str) -> Result<Self, InvalidToken> {
        if !(ADMIN_TOKEN_CHARS_MIN..=ADMIN_TOKEN_CHARS_MAX).contains(&text.len()) {
            return Err(InvalidToken::Length);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidToken::Character);
        }
        Ok(Self(text.to_owned()))
    }

    /// The token's text, for the one line that shows it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn hash(&self) -> SecretHash {
        SecretHash::of(&self.0)
    }
}

impl fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamKey(***)")
    }
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(***)")
    }
}

/// Why a text is not an admin token. Does not quote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidToken {
    /// Too short to be safe or too long for a header.
    #[error("an admin token has {ADMIN_TOKEN_CHARS_MIN} to {ADMIN_TOKEN_CHARS_MAX} characters")]
    Length,
    /// Something that cannot stand in an `Authorization` header.
    #[error("an admin token has only visible ascii characters")]
    Character,
}

/// SHA-256 of a secret. Equality takes the same time wherever the first difference is.
#[derive(Clone, Copy, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// The hash of what a peer presented, whatever it is.
    #[must_use]
    pub fn of(presented: &str) -> Self {
        Self(Sha256::digest(presented.as_bytes()).into())
    }

    /// A hash that no text is known to have: a key for a door that nobody is to open. Other for other `seed`s.
    #[must_use]
    pub fn of_nothing(seed: &str) -> Self {
        let Self(mut bytes) = Self::of(seed);
        bytes[0] ^= 0xff;
        Self(bytes)
    }

    /// The hash as stored in a column.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 64 hexadecimal digits, `None` for anything else.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            for digit in pair {
                let value = char::from(*digit).to_digit(16)?;
                *byte = *byte << 4 | u8::try_from(value).ok()?;
            }
        }
        Some(Self(bytes))
    }

    /// 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(***)")
    }
}

impl From<SecretHash> for String {
    fn from(hash: SecretHash) -> Self {
        hash.to_hex()
    }
}

impl TryFrom<String> for SecretHash {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::from_hex(&text).ok_or("a hash is 64 hexadecimal digits")
    }
}

/// `chars` random characters of [`BASE32`], five bits each.
pub(crate) fn random_base32(chars: usize) -> Result<String, NoEntropy> {
    let mut random = vec![0; chars];
    fill(&mut random)?;
    Ok(random.iter().map(|byte| char::from(BASE32[usize::from(byte % 32)])).collect())
}

/// Fills `bytes` with random ones.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), NoEntropy> {
    getrandom::fill(bytes).map_err(NoEntropy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_never_print() {
        let key = StreamKey::random().unwrap();
        let token = AdminToken::random().unwrap();
        let printed = format!("{key:?} {:?} {token:?} {:?}", key.hash(), token.hash());
        for secret in [key.reveal(), token.reveal(), &key.hash().to_hex()] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }

    #[test]
    fn keys_are_url_safe_and_differ() {
        let (first, second) = (StreamKey::random().unwrap(), StreamKey::random().unwrap());
        assert_ne!(first.reveal(), second.reveal());
        assert_eq!(first.reveal().len(), 32);
        assert!(first.reveal().bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }

    #[test]
    fn every_letter_is_drawn_about_equally_often() {
        let text = random_base32(32_000).unwrap();
        for letter in BASE32 {
            let count = text.bytes().filter(|byte| byte == letter).count();
            assert!((800..1200).contains(&count), "{count} of {}", char::from(*letter));
        }
    }

    #[test]
    fn hash_is_sha_256() {
        // FIPS 180-4, the one-block example "abc".
        let hex = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(SecretHash::of("abc").to_hex(), hex);
        assert_eq!(SecretHash::from_hex(hex), Some(SecretHash::of("abc")));
    }

    #[test]
    fn hex_of_another_length_or_alphabet_is_no_hash() {
        assert_eq!(SecretHash::from_hex(""), None);
        assert_eq!(SecretHash::from_hex(&"0".repeat(63)), None);
        assert_eq!(SecretHash::from_hex(&"g".repeat(64)), None);
        assert_eq!(SecretHash::from_hex(&"+1".repeat(32)), None);
        assert_eq!(SecretHash::from_hex(&"ü".repeat(32)), None);
    }

    #[test]
    fn tokens_of_the_operator_fit_a_header() {
        assert!(AdminToken::parse("correct-horse").is_ok());
        assert_eq!(AdminToken::parse("short").unwrap_err(), InvalidToken::Length);
        assert_eq!(AdminToken::parse("with a space").unwrap_err(), InvalidToken::Character);
        assert_eq!(AdminToken::parse(&"x".repeat(257)).unwrap_err(), InvalidToken::Length);
    }
}
