//! Keys of whoever signs creators' tokens, from a JWKS URL (RFC 7517 §5).
//!
//! A set is used for [`KEYS_FRESH_TIME`], then fetched again beside the request that noticed. A key id that is not in
//! it is a reason to fetch at once, and the request waits, but no more often than every [`KEYS_RETRY_TIME`]:
//! made-up ids must not become a flood at the issuer. While the URL does not answer, the old keys stay.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, timeout};

use super::jwt::VerifyingKey;
use crate::limits::{KEY_SET_KEYS_MAX, KEYS_FETCH_TIME_MAX, KEYS_FRESH_TIME, KEYS_RETRY_TIME};

/// Brings a key set's text. The API knows no HTTP client.
#[async_trait]
pub trait KeyFetch: Send + Sync + 'static {
    /// The JSON text, or a sentence for the log. What takes longer than
    /// [`KEYS_FETCH_TIME_MAX`] is given up.
    async fn fetch(&self) -> Result<String, String>;
}

/// A key set behind a URL.
pub(crate) struct RemoteKeys {
    fetch: Arc<dyn KeyFetch>,
    set: Mutex<KeySet>,
    /// Held by the one fetch under way.
    fetching: tokio::sync::Mutex<()>,
}

impl RemoteKeys {
    pub(crate) fn new(fetch: Arc<dyn KeyFetch>) -> Arc<Self> {
        Arc::new(Self { fetch, set: Mutex::default(), fetching: tokio::sync::Mutex::default() })
    }

    /// The key that signs for a token with this header.
    pub(crate) async fn find(
        self: &Arc<Self>,
        now: Instant,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Option<Arc<VerifyingKey>> {
        let found = self.set().find(kid, algorithm);
        if found.is_none() {
            self.load(now, false).await;
            return self.set().find(kid, algorithm);
        }
        if self.set().is_due(now, true) {
            let loading = Arc::clone(self);
            tokio::spawn(async move { loading.load(now, true).await });
        }
        found
    }

    /// Fetches the set if it is due, once for all who ask meanwhile.
    async fn load(&self, now: Instant, found: bool) {
        let _turn = self.fetching.lock().await;
        if !self.set().begin(now, found) {
            return;
        }
        let fetched = timeout(KEYS_FETCH_TIME_MAX, self.fetch.fetch()).await;
        let keys =
            fetched.unwrap_or_else(|_| Err("no answer in time".to_owned())).and_then(|text| {
                KeySet::read(&text).ok_or_else(|| "no key set with a usable key".to_owned())
            });
        match keys {
            Ok(keys) => {
                tracing::debug!(keys = keys.len(), "keys of creators' tokens fetched");
                let mut set = self.set();
                (set.keys, set.read_at) = (keys, Some(now));
            }
            Err(why) => tracing::warn!(%why, "keys of creators' tokens could not be fetched"),
        }
    }

    fn set(&self) -> MutexGuard<'_, KeySet> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for RemoteKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKeys").field("keys", &self.set().keys.len()).finish_non_exhaustive()
    }
}

/// The keys as they were read last.
#[derive(Default)]
struct KeySet {
    keys: Vec<NamedKey>,
    read_at: Option<Instant>,
    tried_at: Option<Instant>,
}

struct NamedKey {
    id: Option<String>,
    key: Arc<VerifyingKey>,
}

/// A set whose keys are looked at one by one: one that is not understood must not hide the others (RFC 7517 §5).
#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// The keys in `text` that can sign tokens; `None` if there is none.
    fn read(text: &str) -> Option<Vec<NamedKey>> {
        let document: Document = serde_json::from_str(text).ok()?;
        let keys = document.keys.into_iter().take(KEY_SET_KEYS_MAX);
        let keys: Vec<_> = keys.filter_map(named_key).collect();
        (!keys.is_empty()).then_some(keys)
    }

    /// The key with this id; without an id the only one that goes with the algorithm.
    fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<Arc<VerifyingKey>> {
        let mut fitting = self.keys.iter().filter(|key| {
            key.key.algorithm == algorithm && (kid.is_none() || key.id.as_deref() == kid)
        });
        let found = fitting.next()?;
        fitting.next().is_none().then(|| Arc::clone(&found.key))
    }

    /// Notes that the set is being fetched, if it is due.
    fn begin(&mut self, now: Instant, found: bool) -> bool {
        let due = self.is_due(now, found);
        if due {
            self.tried_at = Some(now);
        }
        due
    }

    /// Whether the set is to be fetched, by a request whose key is or is not in it.
    fn is_due(&self, now: Instant, found: bool) -> bool {
        let since = |at: Option<Instant>| at.map(|at| now.saturating_duration_since(at));
        let may_try = since(self.tried_at).is_none_or(|since| since >= KEYS_RETRY_TIME);
        let stale = since(self.read_at).is_none_or(|since| since >= KEYS_FRESH_TIME);
        may_try && (stale || !found)
    }
}

/// A public key for RS256 or ES256. A symmetric one has no business in a public document.
fn named_key(value: Value) -> Option<NamedKey> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        _ => return None,
    };
    let declared = jwk.common.key_algorithm.map(|declared| declared.to_string());
    if declared.is_some_and(|declared| declared != format!("{algorithm:?}"))
        || matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption))
    {
        return None;
    }
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    Some(NamedKey { id: jwk.common.key_id, key: Arc::new(VerifyingKey { algorithm, key }) })
}

#[cfg(test)]
#[path = "jwks_tests.rs"]
mod tests;
