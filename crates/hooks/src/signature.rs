//! The signature of a JSON hook: HMAC-SHA256 (RFC 2104) over the time, a full stop and the body, as
//! `Genlock-Signature: t=1764100800,v1=5257a8…`.
//!
//! The time is signed too, so that a receiver can refuse an old request that somebody sends again.

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// What both ends know. Prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Fewest characters: with fewer it could be found by trying.
    pub const CHARS_MIN: usize = 16;

    /// A secret, if it is long enough.
    #[must_use]
    pub fn new(text: String) -> Option<Self> {
        (text.len() >= Self::CHARS_MIN).then_some(Self(text))
    }

    /// The header's value for `body`, sent `at` seconds after 1970.
    #[must_use]
    pub fn sign(&self, at: i64, body: &[u8]) -> String {
        let mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes());
        let mut mac = mac.expect("HMAC takes keys of any length");
        mac.update(format!("{at}.").as_bytes());
        mac.update(body);
        let digest = mac.finalize().into_bytes();
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("t={at},v1={hex}")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `printf '1764100800.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef`.
    #[test]
    fn a_signature_is_what_openssl_makes() {
        let secret = Secret::new("0123456789abcdef".to_owned()).unwrap();
        let expect =
            "t=1764100800,v1=b1a7c5370121bd2c8be42e3e79cadacd552a00e3e3e1f510b380857b61241282";
        assert_eq!(secret.sign(1_764_100_800, b"{\"a\":1}"), expect);
    }

    #[test]
    fn a_short_secret_is_refused_and_none_prints() {
        assert_eq!(Secret::new("hunter2".to_owned()), None);
        assert_eq!(format!("{:?}", Secret::new("hunter2hunter2hunter2".to_owned())), "Some(***)");
    }
}
