//! `[hooks]`: who is told what happens, and who is asked before a camera may publish.

use std::collections::HashSet;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use genlock_hooks::{
    AddressPolicy, Backoff, Client, HookTarget, InvalidHookTarget, Network, OnFailure,
    PublishConfig, Target,
};
use http::Method;
use serde::Deserialize;

use super::{ConfigError, range};

/// Hooks as the file says them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Hooks {
    /// Asked before a publish starts, as nginx-rtmp's `on_publish`.
    on_publish: Option<Url>,
    /// Told when it has ended, as nginx-rtmp's `on_publish_done`.
    on_publish_done: Option<Url>,
    /// Asked while it lasts, as nginx-rtmp's `on_update`.
    on_update: Option<Url>,
    /// Seconds between two of them. Default 30, as nginx-rtmp's `notify_update_timeout`.
    update_every_s: Option<u32>,
    /// Whether an update that is answered with 3xx or not at all ends the publish. Default no.
    update_strict: bool,
    /// `post` (default) or `get`, as nginx-rtmp's `notify_method`.
    method: HttpMethod,
    /// Whether `name` is the stream key, as with nginx-rtmp, or the camera's id (default).
    send_key: bool,
    /// Milliseconds for an answer. Default 5000.
    timeout_ms: Option<u32>,
    /// What happens to a publisher when `on_publish` gives no answer. Default `refuse`, as nginx-rtmp does.
    on_failure: Failure,
    /// Link-local networks and metadata services that may be called all the same.
    allow_addresses: Vec<String>,
    /// PEM file of authorities that are trusted beside the public ones.
    ca_file: Option<PathBuf>,
    /// Tries of a JSON hook before it is given up. Default 30: about two hours.
    attempts: Option<u32>,
    /// Who gets JSON hooks.
    targets: Vec<JsonTarget>,
}

/// Who gets JSON hooks.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonTarget {
    /// What it is called in the queue: deliveries that wait go by it when its URL changes.
    name: String,
    url: Url,
    /// What signs its deliveries, 16 characters or more.
    secret: Hidden,
    /// Kinds of notices, such as `camera.*`. Default all.
    #[serde(default = "everything")]
    events: Vec<String>,
}

fn everything() -> Vec<String> {
    vec!["*".to_owned()]
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum HttpMethod {
    #[default]
    Post,
    Get,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Failure {
    Allow,
    #[default]
    Refuse,
}

/// A URL that may hold a secret.
type Url = Hidden;

/// A text that does not print.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
struct Hidden(String);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Hooks, checked and complete.
#[derive(Debug, Clone)]
pub(crate) struct HookSettings {
    pub(crate) client: Client,
    /// Which addresses may be called.
    pub(crate) policy: AddressPolicy,
    /// `None` without any of the three hooks of nginx-rtmp.
    pub(crate) publish: Option<PublishConfig>,
    pub(crate) targets: Vec<HookTarget>,
    pub(crate) backoff: Backoff,
}

impl Hooks {
    pub(super) fn check(self) -> Result<HookSettings, ConfigError> {
        let policy = self.policy()?;
        let client = Client::new(policy.clone(), self.ca_file.as_deref()).map_err(|error| {
            ConfigError::Certificates { path: self.ca_file.clone().unwrap_or_default(), error }
        })?;
        let attempts = self.attempts.unwrap_or_else(|| Backoff::default().attempts);
        range("hooks.attempts", attempts, 1..=1000, "1 to 1000")?;
        Ok(HookSettings {
            client,
            publish: self.publish(&policy)?,
            targets: self.json_targets(&policy)?,
            backoff: Backoff { attempts, ..Backoff::default() },
            policy,
        })
    }

    fn policy(&self) -> Result<AddressPolicy, ConfigError> {
        let networks = self.allow_addresses.iter().map(|text| {
            text.parse::<Network>().map_err(|_| ConfigError::Value {
                key: "hooks.allow_addresses",
                expected: "addresses such as 169.254.7.1 or networks such as 169.254.7.0/24",
                got: format!("`{text}`"),
            })
        });
        Ok(AddressPolicy::allowing(networks.collect::<Result<_, _>>()?))
    }

    fn publish(&self, policy: &AddressPolicy) -> Result<Option<PublishConfig>, ConfigError> {
        let url =
            |key, url: &Option<Url>| url.as_ref().map(|url| target(key, url, policy)).transpose();
        let on_publish = url("hooks.on_publish", &self.on_publish)?;
        let on_publish_done = url("hooks.on_publish_done", &self.on_publish_done)?;
        let on_update = url("hooks.on_update", &self.on_update)?;
        let (timeout_ms, update_s) =
            (self.timeout_ms.unwrap_or(5000), self.update_every_s.unwrap_or(30));
        range("hooks.timeout_ms", timeout_ms, 100..=30_000, "100 to 30000")?;
        range("hooks.update_every_s", update_s, 1..=3600, "1 to 3600")?;
        if on_publish.is_none() && on_publish_done.is_none() && on_update.is_none() {
            return Ok(None);
        }
        Ok(Some(PublishConfig {
            on_publish,
            on_publish_done,
            on_update,
            update_every: Duration::from_secs(update_s.into()),
            update_strict: self.update_strict,
            method: match self.method {
                HttpMethod::Post => Method::POST,
                HttpMethod::Get => Method::GET,
            },
            send_key: self.send_key,
            timeout: Duration::from_millis(timeout_ms.into()),
            on_failure: match self.on_failure {
                Failure::Allow => OnFailure::Allow,
                Failure::Refuse => OnFailure::Refuse,
            },
        }))
    }

    fn json_targets(&self, policy: &AddressPolicy) -> Result<Vec<HookTarget>, ConfigError> {
        let mut names = HashSet::new();
        self.targets.iter().map(|told| told.check(policy, &mut names)).collect()
    }
}

impl JsonTarget {
    fn check(
        &self,
        policy: &AddressPolicy,
        names: &mut HashSet<String>,
    ) -> Result<HookTarget, ConfigError> {
        if !names.insert(self.name.clone()) {
            let (key, expected) = ("hooks.targets.name", "another one for each target");
            return Err(ConfigError::Value { key, expected, got: format!("`{}`", self.name) });
        }
        HookTarget::check(&self.name, &self.url.0, &self.secret.0, &self.events, policy)
            .map_err(|error| self.wrong(&error))
    }

    /// What is wrong with it, by its key. Quotes neither URL nor secret.
    fn wrong(&self, error: &InvalidHookTarget) -> ConfigError {
        let (key, expected, got) = match error {
            InvalidHookTarget::Name => {
                ("hooks.targets.name", "1 to 64 characters", format!("`{}`", self.name))
            }
            InvalidHookTarget::Address(address) => {
                ("hooks.targets.url", CALLABLE, address.to_string())
            }
            InvalidHookTarget::Secret => {
                let got = format!("{} characters", self.secret.0.len());
                ("hooks.targets.secret", "16 characters or more", got)
            }
            InvalidHookTarget::Kind(kind) => {
                let expected = "kinds such as `camera.live`, `camera.*` or `*`";
                ("hooks.targets.events", expected, format!("`{kind}`"))
            }
            error => ("hooks.targets.url", URL, format!("{error}")),
        };
        ConfigError::Value { key, expected, got }
    }
}

const URL: &str = "an http or https URL without user and password";
const CALLABLE: &str = "an address that may be called (see hooks.allow_addresses)";

/// A URL that can be called. Never quotes it.
fn target(key: &'static str, url: &Url, policy: &AddressPolicy) -> Result<Target, ConfigError> {
    let target = Target::parse(&url.0).map_err(|error| ConfigError::Value {
        key,
        expected: URL,
        got: format!("{error:?}"),
    })?;
    let refused = |address: &IpAddr| !policy.permits(*address);
    if let Some(address) = target.address().filter(refused) {
        let got = address.to_string();
        return Err(ConfigError::Value { key, expected: CALLABLE, got });
    }
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<HookSettings, String> {
        let hooks: Hooks = toml::from_str(text).map_err(|error| error.to_string())?;
        hooks.check().map_err(|error| error.to_string())
    }

    #[test]
    fn without_hooks_nobody_is_called() {
        let settings = check("").unwrap();
        assert!(settings.publish.is_none() && settings.targets.is_empty());
    }

    #[test]
    fn nginx_rtmps_defaults_are_ours() {
        let publish =
            check("on_publish = \"http://localhost:3000/auth\"").unwrap().publish.unwrap();
        assert_eq!(publish.update_every, Duration::from_secs(30));
        assert_eq!((publish.on_failure, publish.method), (OnFailure::Refuse, Method::POST));
        assert!(!publish.send_key, "a key is told to nobody unless that is wanted");
        assert!(publish.on_publish_done.is_none());
    }

    #[test]
    fn a_metadata_address_is_refused_unless_it_is_allowed() {
        let on_update = "on_update = \"http://169.254.169.254/\"";
        assert!(check(on_update).unwrap_err().contains("169.254.169.254"));
        assert!(check(&format!("{on_update}\nallow_addresses = [\"169.254.169.254\"]")).is_ok());
        assert!(check("allow_addresses = [\"host\"]").unwrap_err().contains("`host`"));
    }

    #[test]
    fn what_is_wrong_is_named_without_its_secret() {
        let target = "name = \"a\"\nurl = \"http://a/\"\nsecret = \"0123456789abcdef\"";
        let with = |more: &str| check(&format!("[[targets]]\n{target}\n{more}"));
        assert_eq!(with("").unwrap().targets.len(), 1);
        assert!(with("events = [\"camera\"]").unwrap_err().contains("`camera`"));
        assert!(with(&format!("[[targets]]\n{target}")).unwrap_err().contains("targets.name"));
        let short = target.replace("0123456789abcdef", "hunter2");
        let error = check(&format!("[[targets]]\n{short}")).unwrap_err();
        assert!(error.contains("targets.secret") && !error.contains("hunter2"), "{error}");
        let error = check("on_publish = \"http://me:hunter2@host/\"").unwrap_err();
        assert!(error.contains("hooks.on_publish") && !error.contains("hunter2"), "{error}");
        let error = check("ca_file = \"/nowhere.pem\"").unwrap_err();
        assert!(error.contains("/nowhere.pem"), "{error}");
    }
}
