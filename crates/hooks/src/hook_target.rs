//! Who is told what happens: a target with a name, a secret and wishes, checked before it is called.

use std::net::IpAddr;

use genlock_store::HookTargetName;

use crate::address::AddressPolicy;
use crate::limits::TARGET_NAME_BYTES_MAX;
use crate::notice::KindFilter;
use crate::signature::Secret;
use crate::target::{InvalidTarget, Target};

/// A system that is told what happens.
#[derive(Debug, Clone)]
pub struct HookTarget {
    /// What it is called in the queue and in logs.
    pub name: String,
    /// Where it is.
    pub target: Target,
    /// What signs its deliveries.
    pub secret: Secret,
    /// What it wants to be told.
    pub wants: Vec<KindFilter>,
}

/// Why something is no target. Quotes neither URL nor secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidHookTarget {
    /// The name is empty or too long, or has characters that could not stand in a URL.
    #[error("a name has 1 to {TARGET_NAME_BYTES_MAX} letters, digits, `_` and `-`")]
    Name,
    /// It cannot be called.
    #[error("{0}")]
    Url(InvalidTarget),
    /// The address is one that may not be called.
    #[error("{0} is an address that may not be called (see hooks.allow_addresses)")]
    Address(IpAddr),
    /// The secret is short enough to be found by trying.
    #[error("a secret has {} characters or more", Secret::CHARS_MIN)]
    Secret,
    /// A kind of notices that there cannot be.
    #[error("kinds are such as `camera.live`, `camera.*` or `*`, not `{0}`")]
    Kind(String),
}

impl HookTarget {
    /// Checks what somebody wants to be a target.
    ///
    /// A host that is an address is judged now; a name when it is called, by what it leads to then.
    ///
    /// # Errors
    /// When it is none, or may not be one.
    pub fn check(
        name: &str,
        url: &str,
        secret: &str,
        kinds: &[String],
        policy: &AddressPolicy,
    ) -> Result<Self, InvalidHookTarget> {
        HookTargetName::parse(name).map_err(|_| InvalidHookTarget::Name)?;
        let target = Target::parse(url).map_err(InvalidHookTarget::Url)?;
        if let Some(address) = target.address().filter(|address| !policy.permits(*address)) {
            return Err(InvalidHookTarget::Address(address));
        }
        let secret = Secret::new(secret.to_owned()).ok_or(InvalidHookTarget::Secret)?;
        let wants = kinds
            .iter()
            .map(|kind| kind.parse().map_err(|_| InvalidHookTarget::Kind(kind.clone())))
            .collect::<Result<_, _>>()?;
        Ok(Self { name: name.to_owned(), target, secret, wants })
    }

    /// Whether it wants to be told of this kind.
    #[must_use]
    pub fn wants(&self, kind: &str) -> bool {
        self.wants.iter().any(|filter| filter.wants(kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        name: &str,
        url: &str,
        secret: &str,
        kind: &str,
    ) -> Result<HookTarget, InvalidHookTarget> {
        HookTarget::check(name, url, secret, &[kind.to_owned()], &AddressPolicy::default())
    }

    const SECRET: &str = "0123456789abcdef";

    #[test]
    fn a_target_is_told_what_it_wants() {
        let target = check("a", "https://a/hook?t=1", SECRET, "camera.*").unwrap();
        assert!(target.wants("camera.live") && !target.wants("take.failed"));
    }

    #[test]
    fn what_is_no_target_is_told_without_its_secrets() {
        let long = "a".repeat(TARGET_NAME_BYTES_MAX + 1);
        for (name, url, secret, kind, expect) in [
            ("", "http://a/", SECRET, "*", InvalidHookTarget::Name),
            (&long, "http://a/", SECRET, "*", InvalidHookTarget::Name),
            ("a b", "http://a/", SECRET, "*", InvalidHookTarget::Name),
            ("a", "ftp://a/", SECRET, "*", InvalidHookTarget::Url(InvalidTarget::Url)),
            (
                "a",
                "http://me:hunter2@a/",
                SECRET,
                "*",
                InvalidHookTarget::Url(InvalidTarget::Credentials),
            ),
            ("a", "http://a/", "hunter2", "*", InvalidHookTarget::Secret),
            ("a", "http://a/", SECRET, "camera", InvalidHookTarget::Kind("camera".to_owned())),
        ] {
            let error = check(name, url, secret, kind).unwrap_err();
            assert_eq!(error, expect);
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_metadata_service_is_no_target() {
        for host in ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "0.0.0.0"] {
            let refused = check("a", &format!("http://{host}/"), SECRET, "*");
            assert!(matches!(refused, Err(InvalidHookTarget::Address(_))), "{host}: {refused:?}");
        }
        assert!(check("a", "http://127.0.0.1:3000/", SECRET, "*").is_ok());
    }
}
