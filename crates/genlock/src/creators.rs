//! Configuration of who is a creator, and how much one may have.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use genlock_control_api::{CreatorLimits, InvalidKey, JwtRules, JwtVerifier};
use serde::Deserialize;

use crate::config::ConfigError;
use crate::key_set::KeySetUrl;

/// `[auth]` of the configuration file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Auth {
    /// Events of one creator that have not ended. Default 20.
    events_per_creator: Option<u32>,
    /// Cameras in an event of a creator. Default 16.
    cameras_per_event: Option<u32>,
    /// Claim that a creator's token must have for more than `cameras_without_claim` cameras. Default none.
    cameras_claim: Option<String>,
    /// Cameras in an event of a creator without that claim. Default 1.
    cameras_without_claim: Option<u32>,
    /// Whose tokens make somebody a creator. Without it there is only the administrator.
    jwt: Option<Jwt>,
}

/// `[auth.jwt]`: exactly one of `secret`, `key_file` and `jwks_url`.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Jwt {
    /// Shared secret for HS256, 32 bytes or more.
    secret: Option<String>,
    /// PEM file with an RSA (RS256) or P-256 (ES256) public key.
    key_file: Option<PathBuf>,
    /// Where the issuer publishes its keys.
    jwks_url: Option<String>,
    /// What `aud` must hold. Not looked at by default.
    audience: Option<String>,
    /// What `iss` must be. Not looked at by default.
    issuer: Option<String>,
    /// Seconds that the issuer's clock may be off. Default 30.
    leeway_s: Option<u32>,
}

impl std::fmt::Debug for Jwt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jwt")
            .field("key_file", &self.key_file)
            .field("jwks_url", &self.jwks_url)
            .finish_non_exhaustive()
    }
}

impl Auth {
    /// How much one creator may have.
    pub(crate) fn limits(&self) -> CreatorLimits {
        let default = CreatorLimits::default();
        CreatorLimits {
            events: self.events_per_creator.unwrap_or(default.events),
            cameras: self.cameras_per_event.unwrap_or(default.cameras),
            cameras_claim: self.cameras_claim.clone(),
            cameras_without_claim: self
                .cameras_without_claim
                .unwrap_or(default.cameras_without_claim),
        }
    }

    /// Who says who is a creator; `None` if nobody does. `secret` is one from outside of the file.
    pub(crate) fn verifier(
        &self,
        secret: Option<&str>,
    ) -> Result<Option<JwtVerifier>, ConfigError> {
        let mut jwt = match (&self.jwt, secret) {
            (None, None) => return Ok(None),
            (jwt, _) => jwt.clone().unwrap_or_default(),
        };
        if let Some(secret) = secret {
            jwt.secret = Some(secret.to_owned());
        }
        let leeway_s = jwt.leeway_s.unwrap_or(30);
        if leeway_s > 300 {
            return Err(value("auth.jwt.leeway_s", "0 to 300", leeway_s.to_string()));
        }
        let rules = JwtRules {
            audience: jwt.audience,
            issuer: jwt.issuer,
            leeway: Duration::from_secs(leeway_s.into()),
            cameras_claim: self.cameras_claim.clone(),
        };
        match (jwt.secret, jwt.key_file, jwt.jwks_url) {
            (Some(secret), None, None) => {
                let made = JwtVerifier::with_secret(&secret, rules);
                made.map_err(|why| unusable("auth.jwt.secret", "32 bytes or more", why))
            }
            (None, Some(path), None) => {
                let pem = std::fs::read(&path)
                    .map_err(|error| ConfigError::Unreadable { path: path.clone(), error })?;
                let made = JwtVerifier::with_pem(&pem, rules);
                made.map_err(|why| unusable("auth.jwt.key_file", "a public key in PEM", why))
            }
            (None, None, Some(url)) => {
                let url = crate::config::scheme("auth.jwt.jwks_url", url, "http")?;
                Ok(JwtVerifier::with_key_set(Arc::new(KeySetUrl::new(url)), rules))
            }
            _ => {
                let expected = "exactly one of `secret`, `key_file` and `jwks_url`";
                Err(value("auth.jwt", expected, "none or several".to_owned()))
            }
        }
        .map(Some)
    }
}

const fn value(key: &'static str, expected: &'static str, got: String) -> ConfigError {
    ConfigError::Value { key, expected, got }
}

/// Does not quote the secret.
fn unusable(key: &'static str, expected: &'static str, why: InvalidKey) -> ConfigError {
    value(key, expected, format!("what is there: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verifier(text: &str, secret: Option<&str>) -> Result<bool, String> {
        let auth: Auth = toml::from_str(text).map_err(|error| error.to_string())?;
        let made = auth.verifier(secret).map_err(|error| error.to_string())?;
        Ok(made.is_some())
    }

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn without_configuration_there_are_no_creators() {
        assert_eq!(verifier("", None), Ok(false));
        assert_eq!(Auth::default().limits(), CreatorLimits::default());
    }

    #[test]
    fn one_kind_of_key_makes_creators() {
        assert_eq!(verifier(&format!("jwt.secret = \"{SECRET}\""), None), Ok(true));
        assert_eq!(verifier("", Some(SECRET)), Ok(true));
        assert_eq!(verifier("jwt.jwks_url = \"https://id.example/keys\"", None), Ok(true));
    }

    #[test]
    fn what_cannot_be_used_is_named_and_not_quoted() {
        let check = |text: &str, key: &str| {
            let error = verifier(text, None).unwrap_err();
            assert!(error.contains(key), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        };
        check("jwt.secret = \"hunter2\"", "auth.jwt.secret");
        check("jwt.jwks_url = \"file:///etc/passwd\"", "auth.jwt.jwks_url");
        check("jwt.key_file = \"/nonexistent.pem\"", "/nonexistent.pem");
        check("jwt = {}", "exactly one");
        check("jwt = { secret = \"hunter2\", jwks_url = \"https://a\" }", "exactly one");
        check(&format!("jwt = {{ secret = \"{SECRET}\", leeway_s = 301 }}"), "leeway_s");
        check("jwt.algorithm = \"none\"", "algorithm");
    }
}
