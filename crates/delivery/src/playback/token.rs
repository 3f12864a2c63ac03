//! The text of playback tokens.

use std::fmt;
use std::net::IpAddr;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::limits::PLAYBACK_TOKEN_BYTES_MAX;

/// Says what is signed, so that no other use of a key can be taken for a token.
const PURPOSE: &str = "genlock playback 1";

/// A key that tokens are signed with.
#[derive(Clone)]
pub struct SigningKey {
    /// Names the key in tokens: letters and digits.
    pub id: String,
    /// The secret.
    pub secret: [u8; 32],
    /// When tokens that it signed end, whatever they say, in seconds since 1970; `None` for never.
    pub retires_at: Option<u64>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What a token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The programme.
    Program,
    /// The programme and every camera.
    Event,
    /// The same, and what was recorded of them.
    Archive,
}

/// What a token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant<'a> {
    /// The event that it is for.
    pub event: &'a str,
    /// What of it.
    pub scope: Scope,
    /// When it ends, in seconds since 1970.
    pub expires_at: u64,
    /// The one address that may use it (of IPv6 the /64); `None` for any.
    pub address: Option<IpAddr>,
}

/// What was right about a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verified {
    pub(crate) expires_at: u64,
    pub(crate) scope: Scope,
}

/// The keys, newest first, ready for use.
#[derive(Default)]
pub(super) struct KeyRing(Vec<Key>);

struct Key {
    id: String,
    mac: Hmac<Sha256>,
    retires_at: Option<u64>,
}

impl KeyRing {
    pub(super) fn new(keys: Vec<SigningKey>) -> Self {
        let key = |SigningKey { id, secret, retires_at }| Key {
            id,
            mac: Hmac::new_from_slice(&secret).expect("HMAC takes a key of any length"),
            retires_at,
        };
        Self(keys.into_iter().map(key).collect())
    }

    /// A token, signed with the newest key; `None` if there is no key.
    pub(super) fn sign(&self, grant: &Grant<'_>) -> Option<String> {
        let key = self.0.first()?;
        let (scope, binding) = (scope_letter(grant.scope), binding_letter(grant.address));
        let said = format!("{:x}-{scope}{binding}", grant.expires_at);
        let address = grant.address.map(crate::addresses::host);
        let mac = key.mac_of(grant.event, &said, address).finalize().into_bytes();
        let mac: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(format!("{}-{said}-{mac}", key.id))
    }

    /// What a token says, if one of the keys signed it for `event` and, where it is bound, for `host`.
    /// Whether it has expired is left to the caller.
    pub(super) fn verify(&self, token: &str, event: &str, host: IpAddr) -> Option<Verified> {
        if token.len() > PLAYBACK_TOKEN_BYTES_MAX {
            return None;
        }
        let (rest, mac) = token.rsplit_once('-')?;
        let (id, said) = rest.split_once('-')?;
        let (expiry, flags) = said.split_once('-')?;
        let expires_at = u64::from_str_radix(expiry, 16).ok()?;
        let (scope, bound) = match flags {
            "pn" => (Scope::Program, false),
            "pa" => (Scope::Program, true),
            "en" => (Scope::Event, false),
            "ea" => (Scope::Event, true),
            "rn" => (Scope::Archive, false),
            "ra" => (Scope::Archive, true),
            _ => return None,
        };
        let key = self.0.iter().find(|key| key.id == id)?;
        // In constant time.
        key.mac_of(event, said, bound.then_some(host)).verify_slice(&unhex(mac)?).ok()?;
        let expires_at = key.retires_at.map_or(expires_at, |ends| ends.min(expires_at));
        Some(Verified { expires_at, scope })
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

impl Key {
    /// No field can hold a line end, so no two grants have the same text.
    fn mac_of(&self, event: &str, said: &str, address: Option<IpAddr>) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        for field in [PURPOSE, event, said] {
            mac.update(field.as_bytes());
            mac.update(b"\n");
        }
        if let Some(address) = address {
            mac.update(address.to_string().as_bytes());
        }
        mac
    }
}

const fn scope_letter(scope: Scope) -> char {
    match scope {
        Scope::Program => 'p',
        Scope::Event => 'e',
        Scope::Archive => 'r',
    }
}

const fn binding_letter(address: Option<IpAddr>) -> char {
    if address.is_some() { 'a' } else { 'n' }
}

/// 64 hexadecimal digits as bytes.
fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        for digit in pair {
            let value = char::from(*digit).to_digit(16)?;
            *byte = *byte << 4 | u8::try_from(value).ok()?;
        }
    }
    Some(bytes)
}
