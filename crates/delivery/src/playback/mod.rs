//! Signed playback: paths that carry their own permission.
//!
//! `/p/{token}/hls/{event}/…` is `/hls/{event}/…` for whoever has the token. Every URI in a playlist is relative, so
//! players go on asking below the path by which they began: no cookie, no header, no query, in
//! any player.
//!
//! ```text
//!  token = {key id}-{expiry}-{flags}-{mac}        HMAC-SHA256 over event, expiry, flags, address
//! ```
//!
//! | module | owns |
//! |---|---|
//! | [`token`] | the text of tokens, made and checked: pure |
//! | [`cache`] | tokens that were right, so that a check costs a comparison |

mod cache;
mod token;

use std::net::IpAddr;

use self::cache::Cache;
pub use self::token::{Grant, Scope, SigningKey};
use self::token::{KeyRing, Verified};
use crate::addresses::host;

/// Why a token opens nothing. The viewer is told no more than this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There is none, and the event asks for one.
    Missing,
    /// It is over.
    Expired,
    /// It is not for this.
    Invalid,
}

impl Refused {
    pub(crate) const fn why(self) -> &'static str {
        match self {
            Self::Missing => "the event is watched by signed paths only",
            Self::Expired => "the playback token has expired",
            Self::Invalid => "the playback token is not valid for this",
        }
    }
}

/// Checks tokens against one set of keys, and makes them.
#[derive(Debug, Default)]
pub(crate) struct Checker {
    keys: KeyRing,
    cache: Cache,
}

impl Checker {
    pub(crate) fn new(keys: Vec<SigningKey>) -> Self {
        Self { keys: KeyRing::new(keys), cache: Cache::default() }
    }

    /// A token for `grant`; `None` without keys.
    pub(crate) fn sign(&self, grant: &Grant<'_>) -> Option<String> {
        self.keys.sign(grant)
    }

    /// Until when `token` opens `name` of `event` to a viewer at `peer`, in seconds since 1970.
    pub(crate) fn check(
        &self,
        now_s: u64,
        token: &str,
        event: &str,
        name: &str,
        peer: IpAddr,
    ) -> Result<u64, Refused> {
        let Verified { expires_at, scope } = self.verify(now_s, token, event, peer)?;
        match scope {
            Scope::Event | Scope::Archive => Ok(expires_at),
            Scope::Program if name == PROGRAM => Ok(expires_at),
            Scope::Program => Err(Refused::Invalid),
        }
    }

    /// What `token` opens of `event` to a viewer at `peer`, and until when.
    pub(crate) fn verify(
        &self,
        now_s: u64,
        token: &str,
        event: &str,
        peer: IpAddr,
    ) -> Result<Verified, Refused> {
        let peer = host(peer);
        let verified = match self.cache.get(token, event, peer) {
            Some(verified) => verified,
            None => {
                let verified = self.keys.verify(token, event, peer).ok_or(Refused::Invalid)?;
                self.cache.put(token, event, peer, verified);
                verified
            }
        };
        if now_s >= verified.expires_at {
            return Err(Refused::Expired);
        }
        Ok(verified)
    }
}

/// Name of the programme among an event's publications.
const PROGRAM: &str = "program";

#[cfg(test)]
mod tests;
