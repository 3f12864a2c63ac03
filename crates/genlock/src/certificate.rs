//! The certificate for HTTPS and RTMPS: found at start, looked at while the server runs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use genlock_tls::{Certificates, Look, PairFiles, self_signed};
use tokio_util::sync::CancellationToken;

use crate::config::{CertificateSource, Settings, TlsSettings};
use crate::server::StartError;

/// How often the files are looked at. Whoever renews them does so days ahead.
const LOOK_EACH: Duration = Duration::from_secs(10);

/// The certificate that is configured. One that was made here before is used again, where it still does.
pub(crate) fn open(settings: &Settings) -> Result<Option<Certificates>, StartError> {
    let Some(tls) = &settings.tls else { return Ok(None) };
    let files = match &tls.certificate {
        CertificateSource::Files(files) => files.clone(),
        CertificateSource::SelfSigned => {
            let folder = settings.data_dir.join("tls");
            let names = own_names(settings, tls);
            self_signed(&folder, &names, SystemTime::now()).map_err(StartError::SelfSigned)?
        }
    };
    let certificates = Certificates::open(files).map_err(StartError::Certificate)?;
    let validity = certificates.shown().validity();
    let now = SystemTime::now();
    if now < validity.from || validity.until < now {
        tracing::warn!("tls.certificate is not good at this time: clients will refuse it");
    }
    Ok(Some(certificates))
}

/// What a certificate of our own making is for: this machine, by every name that is known.
fn own_names(settings: &Settings, tls: &TlsSettings) -> Vec<String> {
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let listening = [tls.http, tls.rtmp].into_iter().flatten().map(|address| address.ip());
    let addresses = loopback.into_iter().chain(listening.filter(|ip| !ip.is_unspecified()));
    let public = settings.http_public_url.as_deref().and_then(host);
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let machine = machine.map(|name| name.trim().to_owned()).filter(|name| is_name(name));
    let mut names = vec!["localhost".to_owned()];
    for name in machine.into_iter().chain(addresses.map(|ip| ip.to_string())).chain(public) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The host of a URL, of IPv6 without its brackets.
pub(crate) fn host(url: &str) -> Option<String> {
    let uri: http::Uri = url.parse().ok()?;
    Some(uri.host()?.trim_matches(['[', ']']).to_owned())
}

/// Whether it can stand in a certificate.
fn is_name(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    !name.is_empty() && name.bytes().all(legal)
}

/// Looks at the files now and then, until `stop`.
pub(crate) async fn watch(certificates: Certificates, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(LOOK_EACH)).await.is_some() {
        look(&certificates, None).await;
    }
}

/// Looks at the files, or at others from now on, and logs what that led to.
pub(crate) async fn look(certificates: &Certificates, elsewhere: Option<PairFiles>) {
    let certificates = certificates.clone();
    // The files may be on a disk that hangs.
    let looked = tokio::task::spawn_blocking(move || match elsewhere {
        Some(files) => certificates.look_elsewhere(files, SystemTime::now()),
        None => certificates.look(SystemTime::now()),
    });
    match looked.await {
        Ok(Look::Same) => {}
        Ok(Look::Changed(pair)) => {
            let days = days_left(pair.validity().until);
            tracing::info!(days_left = days, "tls: there is a new certificate, shown from now on");
        }
        Ok(Look::Refused(refusal)) => {
            tracing::error!(error = %refusal, "tls: the new certificate is not shown, the old one is still");
        }
        Err(error) => tracing::error!(%error, "tls: looking at the certificate failed"),
    }
}

/// Whole days until `end`; 0 if it is over.
pub(crate) fn days_left(end: SystemTime) -> u64 {
    let left = end.duration_since(SystemTime::now()).unwrap_or_default();
    left.as_secs() / (24 * 3600)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn a_certificate_of_our_own_is_for_every_name_that_is_known() {
        let mut settings =
            config::of_text("http.public_url = \"https://[2001:db8::1]:8443\"").unwrap();
        let listen = |address: &str| Some(address.parse().unwrap());
        let tls = TlsSettings {
            certificate: CertificateSource::SelfSigned,
            http: listen("192.0.2.7:8443"),
            rtmp: listen("0.0.0.0:1936"),
            hsts: None,
        };
        settings.tls = Some(tls.clone());
        let names = own_names(&settings, &tls);
        for name in ["localhost", "127.0.0.1", "::1", "192.0.2.7", "2001:db8::1"] {
            assert!(names.contains(&name.to_owned()), "{name} is not in {names:?}");
        }
        assert!(!names.contains(&"0.0.0.0".to_owned()));
        let folder = tempfile::tempdir().unwrap();
        settings.data_dir = folder.path().to_owned();
        let shown = open(&settings).unwrap().unwrap().shown();
        assert!(names.iter().all(|name| shown.is_for(name)), "{names:?}");
    }

    #[test]
    fn names_are_names() {
        assert!(is_name("studio-2.local") && !is_name("") && !is_name("a_b") && !is_name("a b"));
    }
}
