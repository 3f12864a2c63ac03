//! SIGHUP, or a call of the API: the configuration is read again, and what can change without dropping anyone changes.
//!
//! Everything is read and checked first, so that a file with a mistake changes nothing. What cannot change is named
//! each time, until the server is started again.

use std::sync::Arc;

use async_trait::async_trait;
use genlock_control_api::configuration::{ReloadError, Reloaded};
use genlock_control_api::{Access, AccessRules, Changes, Configuration};
use genlock_delivery::{LiveLimits, Origin};
use genlock_hooks::PublishHooks;
use genlock_ingest::LiveConfig;
use genlock_tls::Certificates;
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;

use crate::certificate;
use crate::config::{self, CertificateSource, Flags, HookSettings, Keys, Settings};
use crate::engine::{Engine, Hooks};
use crate::hook_desk::HookDesk;
use crate::logs::{self, LiveFilter};
use crate::server::{self, StartError};

/// Keys, or what stands in front of several, that change while the server runs; connections that are open keep the limits
/// that they were opened with. The README says the same.
const LIVE: [&str; 23] = [
    "auth.",
    "hooks.ca_file",
    "hooks.allow_addresses",
    "hooks.method",
    "hooks.on_failure",
    "hooks.on_publish",
    "hooks.on_publish_done",
    "hooks.on_update",
    "hooks.send_key",
    "hooks.targets",
    "hooks.timeout_ms",
    "hooks.update_every_s",
    "hooks.update_strict",
    "http.metrics_token",
    "http.public_metrics",
    "limits.held_requests",
    "limits.http_",
    "limits.response_s",
    "limits.rtmp_",
    "limits.slow_viewer_",
    "log.filter",
    "rtmp.idle_timeout_s",
    "rtmp.takeover",
];

/// These change if there was TLS before.
const LIVE_WITH_TLS: [&str; 2] = ["tls.certificate", "tls.key"];

/// What changes while the server runs, and who changes it.
pub(crate) struct Parts {
    pub(crate) access: Access,
    pub(crate) certificates: Option<Certificates>,
    pub(crate) desk: Arc<HookDesk>,
    pub(crate) engine: Arc<Engine>,
    pub(crate) filter: LiveFilter,
    pub(crate) hooks: Hooks,
    pub(crate) http: LiveLimits,
    pub(crate) origin: Origin,
    pub(crate) rtmp: LiveConfig,
}

/// The configuration of the running server.
pub(crate) struct Reloader {
    flags: Flags,
    parts: Parts,
    /// What the server runs with.
    running: Mutex<Keys>,
}

impl Reloader {
    pub(crate) fn new(flags: Flags, parts: Parts, running: Keys) -> Self {
        Self { flags, parts, running: Mutex::new(running) }
    }

    /// Reads the configuration again whenever that is asked for, until `stop`.
    pub(crate) async fn follow(
        self: Arc<Self>,
        changes: Changes,
        asked: Arc<Notify>,
        stop: CancellationToken,
    ) {
        while stop.run_until_cancelled(asked.notified()).await.is_some() {
            let _turn = changes.turn().await;
            // What came of it is in the log.
            let _ = self.again("SIGHUP").await;
        }
    }

    /// Reads the configuration again and logs what came of it.
    async fn again(&self, by: &'static str) -> Result<Reloaded, ReloadError> {
        let result = self.read_and_change().await;
        match &result {
            Ok(Reloaded { changed, needs_restart }) => {
                let (changed, needs_restart) = (changed.join(", "), needs_restart.join(", "));
                if needs_restart.is_empty() {
                    tracing::info!(by, changed, "the configuration was read again");
                } else {
                    tracing::warn!(by, changed, needs_restart, "the configuration was read again");
                }
            }
            Err(ReloadError::Refused { why, .. }) => {
                tracing::error!(by, error = why, "the configuration stays as it was");
            }
            Err(error) => tracing::error!(by, ?error, "the configuration stays as it was"),
        }
        result
    }

    async fn read_and_change(&self) -> Result<Reloaded, ReloadError> {
        let mut running = self.running.lock().await;
        let settings = config::load(&self.flags).map_err(|error| refused(&error.into()))?;
        let log_filter = logs::filter(&settings).map_err(|error| refused(&error))?;
        let parts = &self.parts;
        let reloaded = compare(&running, &settings.keys, parts.certificates.is_some());
        let touched = |what: &str| reloaded.changed.iter().any(|key| key.starts_with(what));
        // The one step that can fail comes first.
        if touched("hooks.") {
            parts.desk.configure(&settings.hooks).await.map_err(ReloadError::Store)?;
            parts.hooks.change(publish_hooks(&settings.hooks));
        }
        if !reloaded.changed.is_empty() {
            parts.filter.change(log_filter);
        }
        parts.follow_certificate(&settings).await;
        parts.http.change(settings.limits.server);
        parts.origin.change_limits(settings.limits.origin);
        parts.rtmp.change(server::ingest_config(&settings));
        parts.engine.set_takeover(server::takeover(settings.takeover));
        // New rules forget the keys that were fetched to check creators' tokens.
        if touched("auth.") || touched("http.") {
            parts.access.change(AccessRules {
                creators: settings.creators,
                creator_limits: settings.creator_limits,
                observers: settings.observers,
            });
        }
        for key in &reloaded.changed {
            running.take(key, &settings.keys);
        }
        Ok(reloaded)
    }
}

#[async_trait]
impl Configuration for Reloader {
    async fn reload(&self) -> Result<Reloaded, ReloadError> {
        self.again("API").await
    }
}

impl Parts {
    /// Looks at the certificate, wherever it is now.
    async fn follow_certificate(&self, settings: &Settings) {
        let Some(certificates) = &self.certificates else { return };
        let source = settings.tls.as_ref().map(|tls| &tls.certificate);
        let elsewhere = match source {
            Some(CertificateSource::Files(files)) => Some(files.clone()),
            Some(CertificateSource::SelfSigned) | None => None,
        };
        certificate::look(certificates, elsewhere).await;
    }
}

/// The hooks that are asked about publishers.
pub(crate) fn publish_hooks(settings: &HookSettings) -> Option<PublishHooks> {
    let config = settings.publish.clone()?;
    Some(PublishHooks::new(settings.client.clone(), config))
}

/// Why a configuration is not taken, by the key that is to blame.
fn refused(error: &StartError) -> ReloadError {
    let key = match error {
        StartError::Config(error) => error.key().map(str::to_owned),
        StartError::LogFilter(..) => Some("log.filter".to_owned()),
        _ => None,
    };
    ReloadError::Refused { key, why: error.to_string() }
}

/// What a new version of the file changes, by its keys.
fn compare(running: &Keys, newer: &Keys, tls: bool) -> Reloaded {
    let is_live = |key: &String| {
        let is_it = |what: &str| match what.ends_with(['.', '_']) {
            true => key.starts_with(what),
            false => key == what,
        };
        LIVE.iter().any(|what| is_it(what)) || (tls && LIVE_WITH_TLS.contains(&key.as_str()))
    };
    let (changed, needs_restart) = running.changed(newer).into_iter().partition(is_live);
    Reloaded { changed, needs_restart }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: &str, after: &str, tls: bool, live: &[&str], needs_restart: &[&str]) {
        let keys = |text: &str| config::of_text_with_keys(text).unwrap().keys;
        let told = compare(&keys(before), &keys(after), tls);
        assert_eq!((told.changed, told.needs_restart), (owned(live), owned(needs_restart)));
    }

    fn owned(keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    #[test]
    fn what_changes_while_the_server_runs_is_told_from_the_rest() {
        check(
            "",
            "log.filter = \"debug\"\nhls.part_ms = 400\n",
            false,
            &["log.filter"],
            &["hls.part_ms"],
        );
        let limits = "limits = { rtmp_connections = 5, http_connections = 6, followers = 7 }";
        let live = ["limits.http_connections", "limits.rtmp_connections"];
        check("", limits, false, &live, &["limits.followers"]);
        check("auth.events_per_creator = 3", "", false, &["auth.events_per_creator"], &[]);
        check("", "hooks.on_publish = \"http://127.0.0.1/\"", false, &["hooks.on_publish"], &[]);
        check("", "hooks.attempts = 3", false, &[], &["hooks.attempts"]);
        check("log.format = \"json\"", "log.format = \"text\"", false, &[], &["log.format"]);
    }

    #[test]
    fn a_certificate_changes_where_there_was_one() {
        let tls = |file: &str| format!("tls = {{ certificate = \"{file}\", key = \"k\" }}");
        check(&tls("a"), &tls("b"), true, &["tls.certificate"], &[]);
        check("", &tls("b"), false, &[], &["tls.certificate", "tls.key"]);
    }

    #[test]
    fn every_key_that_changes_is_there() {
        let all = "auth.events_per_creator = 1\n\
            [http]\nmetrics_token = \"long enough\"\npublic_metrics = false\n\
            [rtmp]\nidle_timeout_s = 9\ntakeover = \"reject\"\n[log]\nfilter = \"warn\"\n\
            [limits]\nheld_requests = 9\nresponse_s = 9\nslow_viewer_s = 9\nhttp_connections = 9\nrtmp_publish_s = 9\n\
            [hooks]\non_publish = \"http://h/\"\non_publish_done = \"http://h/\"\n\
            on_update = \"http://h/\"\nupdate_every_s = 9\nupdate_strict = true\nmethod = \"get\"\n\
            send_key = true\ntimeout_ms = 900\non_failure = \"allow\"\nallow_addresses = []\ntargets = []\n";
        let keys = config::of_text_with_keys(all).unwrap().keys;
        let Reloaded { changed, needs_restart } = compare(&Keys::default(), &keys, false);
        assert_eq!(needs_restart, [""; 0]);
        // A key that has another name by now would be none that anybody can set.
        for what in LIVE.iter().filter(|what| **what != "hooks.ca_file") {
            assert!(changed.iter().any(|key| key.starts_with(what)), "{what} is no key");
        }
    }
}
