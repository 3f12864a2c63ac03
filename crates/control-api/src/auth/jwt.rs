//! Creators' tokens: signed JWTs (RFC 7519), checked with keys from the configuration or from a JWKS URL.
//!
//! Each key goes with one algorithm, and a token's header must name that one: a token cannot choose how it is
//! checked, so neither `none` nor a public key used as an HMAC secret opens anything (RFC 8725 §3.1).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use genlock_store::{CreatorId, Timestamp};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::jwks::{KeyFetch, RemoteKeys};
use super::principal::Creator;
use crate::limits::{JWT_BYTES_MAX, JWT_SECRET_BYTES_MIN};

/// Whose tokens are believed, besides their keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JwtRules {
    /// What the claim `aud` must hold; `None` does not look at it.
    pub audience: Option<String>,
    /// What the claim `iss` must be; `None` does not look at it.
    pub issuer: Option<String>,
    /// How far the issuer's clock may be off, for `exp` and `nbf`.
    pub leeway: Duration,
    /// Name of the claim that allows more cameras, see
    /// [`CreatorLimits::cameras_claim`](super::quota::CreatorLimits::cameras_claim).
    pub cameras_claim: Option<String>,
}

/// A key and the one algorithm that it goes with.
pub(crate) struct VerifyingKey {
    pub(crate) algorithm: Algorithm,
    pub(crate) key: DecodingKey,
}

/// Checks creators' tokens.
pub struct JwtVerifier {
    keys: Keys,
    rules: JwtRules,
}

enum Keys {
    One(VerifyingKey),
    Remote(Arc<RemoteKeys>),
}

/// Why there is no verifier. Does not quote the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKey {
    /// RFC 7518 §3.2 asks for as many bits as the hash has.
    #[error("an HS256 secret has at least {JWT_SECRET_BYTES_MIN} bytes")]
    ShortSecret,
    /// Neither an RSA nor an EC public key.
    #[error("not a PEM file with an RSA or P-256 public key")]
    NotPem,
}

impl JwtVerifier {
    /// Believes tokens that are signed with a shared secret (HS256).
    pub fn with_secret(secret: &str, rules: JwtRules) -> Result<Self, InvalidKey> {
        if secret.len() < JWT_SECRET_BYTES_MIN {
            return Err(InvalidKey::ShortSecret);
        }
        let key = DecodingKey::from_secret(secret.as_bytes());
        let key = VerifyingKey { algorithm: Algorithm::HS256, key };
        Ok(Self { keys: Keys::One(key), rules })
    }

    /// Believes tokens that are signed for an RSA (RS256) or a P-256 (ES256) public key in PEM.
    pub fn with_pem(pem: &[u8], rules: JwtRules) -> Result<Self, InvalidKey> {
        let rsa = DecodingKey::from_rsa_pem(pem).map(|key| (Algorithm::RS256, key));
        let any = rsa.or_else(|_| DecodingKey::from_ec_pem(pem).map(|key| (Algorithm::ES256, key)));
        let (algorithm, key) = any.map_err(|_| InvalidKey::NotPem)?;
        Ok(Self { keys: Keys::One(VerifyingKey { algorithm, key }), rules })
    }

    /// Believes tokens that are signed for one of the keys that `fetch` brings (RFC 7517).
    pub fn with_key_set(fetch: Arc<dyn KeyFetch>, rules: JwtRules) -> Self {
        Self { keys: Keys::Remote(RemoteKeys::new(fetch)), rules }
    }

    /// The creator whom `token` names.
    pub(crate) async fn verify(&self, now: Timestamp, token: &str) -> Result<Creator, JwtError> {
        if token.len() > JWT_BYTES_MAX {
            return Err(JwtError::NotAToken);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| JwtError::NotAToken)?;
        match &self.keys {
            Keys::One(key) => self.rules.check(now, token, key),
            Keys::Remote(keys) => {
                let kid = header.kid.as_deref();
                let key = keys.find(Instant::now(), kid, header.alg).await;
                self.rules.check(now, token, &*key.ok_or(JwtError::UnknownKey)?)
            }
        }
    }
}

impl fmt::Debug for JwtVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtVerifier").field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// Why a token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JwtError {
    #[error("not a JWT")]
    NotAToken,
    #[error("no known key signs for it")]
    UnknownKey,
    #[error("another algorithm than its key's")]
    Algorithm,
    #[error("the signature is wrong")]
    Signature,
    #[error("a claim is missing or malformed")]
    Claims,
    #[error("it is for somebody else")]
    Audience,
    #[error("it is from somebody else")]
    Issuer,
    #[error("it has expired")]
    Expired,
    #[error("it is not valid yet")]
    NotYet,
}

impl JwtError {
    /// What may be told of a token whose signature is right; `None` if it may be a guess.
    pub(crate) const fn outdated(self) -> Option<&'static str> {
        match self {
            Self::Expired => Some("the token has expired"),
            Self::NotYet => Some("the token is not valid yet"),
            Self::Audience | Self::Issuer => Some("the token is not for this server"),
            Self::Claims => Some("the token lacks a claim, or has one that is malformed"),
            Self::NotAToken | Self::UnknownKey | Self::Algorithm | Self::Signature => None,
        }
    }
}

/// What is read of a token. Times are NumericDates: seconds since 1970, not necessarily whole.
#[derive(Debug, Deserialize)]
struct Claims {
    sub: String,
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl JwtRules {
    fn check(&self, now: Timestamp, token: &str, key: &VerifyingKey) -> Result<Creator, JwtError> {
        let token =
            jsonwebtoken::decode::<Claims>(token, &key.key, &self.validation(key.algorithm));
        let claims = token.map_err(|error| blame(error.kind()))?.claims;
        let id = CreatorId::parse(&claims.sub).map_err(|_| JwtError::Claims)?;
        let expires_at = millis(claims.exp).ok_or(JwtError::Claims)?;
        let not_before = claims.nbf.map_or(Some(i64::MIN), millis).ok_or(JwtError::Claims)?;
        let leeway = i64::try_from(self.leeway.as_millis()).unwrap_or(i64::MAX);
        let expires_at = Timestamp::from_millis(expires_at.saturating_add(leeway));
        if now >= expires_at {
            return Err(JwtError::Expired);
        }
        if now.as_millis() < not_before.saturating_sub(leeway) {
            return Err(JwtError::NotYet);
        }
        let claim = self.cameras_claim.as_ref().and_then(|name| claims.others.get(name));
        let premium = claim.is_some_and(|value| *value == Value::Bool(true) || *value == "true");
        Ok(Creator { id, premium, expires_at })
    }

    /// Everything but the times, which are compared with `now` and not with a clock of the library's.
    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        (validation.validate_exp, validation.validate_nbf) = (false, false);
        let mut required = vec!["exp", "sub"];
        validation.validate_aud = self.audience.is_some();
        if let Some(audience) = &self.audience {
            validation.set_audience(&[audience]);
            required.push("aud");
        }
        if let Some(issuer) = &self.issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        validation.set_required_spec_claims(&required);
        validation
    }
}

const fn blame(kind: &ErrorKind) -> JwtError {
    match kind {
        ErrorKind::InvalidAlgorithm => JwtError::Algorithm,
        ErrorKind::InvalidSignature => JwtError::Signature,
        ErrorKind::InvalidAudience => JwtError::Audience,
        ErrorKind::InvalidIssuer => JwtError::Issuer,
        ErrorKind::MissingRequiredClaim(_)
        | ErrorKind::InvalidClaimFormat(_)
        | ErrorKind::Json(_) => JwtError::Claims,
        _ => JwtError::NotAToken,
    }
}

/// A NumericDate (RFC 7519 §2) in milliseconds; `None` for what is no time.
fn millis(seconds: f64) -> Option<i64> {
    // Year 9999: beyond it a float cannot tell milliseconds apart reliably, and nobody means it.
    let legal = 0.0..=253_402_300_799.0;
    #[expect(clippy::cast_possible_truncation, reason = "a float outside of the range is not used")]
    legal.contains(&seconds).then_some((seconds * 1000.0) as i64)
}

#[cfg(test)]
#[path = "jwt_tests.rs"]
mod tests;
