//! SIGHUP: the configuration is read again, and what can change without dropping anyone changes.
//!
//! Everything is read and checked first, so that a file with a mistake changes nothing. What cannot change is named in
//! the log, each time, until the server is started again.

use std::sync::Arc;

use genlock_control_api::{Access, AccessRules};
use genlock_delivery::LiveLimits;
use genlock_hooks::PublishHooks;
use genlock_ingest::LiveConfig;
use genlock_tls::Certificates;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::certificate;
use crate::config::{self, CertificateSource, Flags, HookSettings, Keys, Settings};
use crate::engine::Hooks;
use crate::logs::{self, LiveFilter};
use crate::server::{self, StartError};

/// Keys, or what stands in front of several, that change while the server runs; connections that are open keep the limits
/// that they were opened with. The README says the same.
const LIVE: [&str; 20] = [
    "auth.",
    "hooks.ca_file",
    "hooks.allow_addresses",
    "hooks.method",
    "hooks.on_failure",
    "hooks.on_publish",
    "hooks.on_publish_done",
    "hooks.on_update",
    "hooks.send_key",
    "hooks.timeout_ms",
    "hooks.update_every_s",
    "hooks.update_strict",
    "http.metrics_token",
    "http.public_metrics",
    "limits.http_",
    "limits.response_s",
    "limits.rtmp_",
    "limits.slow_viewer_",
    "log.filter",
    "rtmp.idle_timeout_s",
];

/// These change if there was TLS before.
const LIVE_WITH_TLS: [&str; 2] = ["tls.certificate", "tls.key"];

/// What changes while the server runs, and who changes it.
pub(crate) struct Reload {
    pub(crate) access: Access,
    pub(crate) certificates: Option<Certificates>,
    pub(crate) hooks: Hooks,
    pub(crate) http: LiveLimits,
    pub(crate) rtmp: LiveConfig,
    /// What the server runs with.
    pub(crate) running: Keys,
}

/// What a new version of the file changes, by its keys.
#[derive(Debug, PartialEq, Eq)]
struct Changes {
    live: Vec<String>,
    needs_restart: Vec<String>,
}

impl Reload {
    /// Reads the configuration again whenever that is asked for, until `stop`.
    pub(crate) async fn run(
        mut self,
        flags: Flags,
        filter: LiveFilter,
        asked: Arc<Notify>,
        stop: CancellationToken,
    ) {
        while stop.run_until_cancelled(asked.notified()).await.is_some() {
            if let Err(error) = self.again(&flags, &filter).await {
                tracing::error!(%error, "SIGHUP: the configuration stays as it was");
            }
        }
    }

    async fn again(&mut self, flags: &Flags, filter: &LiveFilter) -> Result<(), StartError> {
        let settings = config::load(flags)?;
        let log_filter = logs::filter(&settings)?;
        let Changes { live, needs_restart } =
            changes(&self.running, &settings.keys, self.certificates.is_some());
        if !live.is_empty() {
            filter.change(log_filter);
        }
        self.follow_certificate(&settings).await;
        let touched = |what: &str| live.iter().any(|key| key.starts_with(what));
        self.http.change(settings.limits.server);
        self.rtmp.change(server::ingest_config(&settings));
        if touched("hooks.") {
            self.hooks.change(publish_hooks(&settings.hooks));
        }
        // New rules forget the keys that were fetched to check creators' tokens.
        if touched("auth.") || touched("http.") {
            self.access.change(AccessRules {
                creators: settings.creators,
                creator_limits: settings.creator_limits,
                observers: settings.observers,
            });
        }
        for key in &live {
            self.running.take(key, &settings.keys);
        }
        let (changed, needs_restart) = (live.join(", "), needs_restart.join(", "));
        if needs_restart.is_empty() {
            tracing::info!(changed, "SIGHUP: the configuration was read again");
        } else {
            tracing::warn!(changed, needs_restart, "SIGHUP: the configuration was read again");
        }
        Ok(())
    }

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

fn changes(running: &Keys, newer: &Keys, tls: bool) -> Changes {
    let is_live = |key: &String| {
        let is_it = |what: &str| match what.ends_with(['.', '_']) {
            true => key.starts_with(what),
            false => key == what,
        };
        LIVE.iter().any(|what| is_it(what)) || (tls && LIVE_WITH_TLS.contains(&key.as_str()))
    };
    let (live, needs_restart) = running.changed(newer).into_iter().partition(is_live);
    Changes { live, needs_restart }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: &str, after: &str, tls: bool, live: &[&str], needs_restart: &[&str]) {
        let keys = |text: &str| config::of_text_with_keys(text).unwrap().keys;
        let changes = changes(&keys(before), &keys(after), tls);
        assert_eq!((changes.live, changes.needs_restart), (owned(live), owned(needs_restart)));
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
        let limits = "limits = { rtmp_connections = 5, http_connections = 6, held_requests = 7 }";
        let live = ["limits.http_connections", "limits.rtmp_connections"];
        check("", limits, false, &live, &["limits.held_requests"]);
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
            [rtmp]\nidle_timeout_s = 9\n[log]\nfilter = \"warn\"\n\
            [limits]\nresponse_s = 9\nslow_viewer_s = 9\nhttp_connections = 9\nrtmp_publish_s = 9\n\
            [hooks]\non_publish = \"http://h/\"\non_publish_done = \"http://h/\"\n\
            on_update = \"http://h/\"\nupdate_every_s = 9\nupdate_strict = true\nmethod = \"get\"\n\
            send_key = true\ntimeout_ms = 900\non_failure = \"allow\"\nallow_addresses = []\n";
        let keys = config::of_text_with_keys(all).unwrap().keys;
        let Changes { live, needs_restart } = changes(&Keys::default(), &keys, false);
        assert_eq!(needs_restart, [""; 0]);
        // A key that has another name by now would be none that anybody can set.
        for what in LIVE.iter().filter(|what| **what != "hooks.ca_file") {
            assert!(live.iter().any(|key| key.starts_with(what)), "{what} is no key");
        }
    }
}
