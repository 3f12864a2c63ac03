//! `[tls]`: HTTPS and RTMPS.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use genlock_tls::PairFiles;
use serde::Deserialize;

use super::listen::Listen;
use super::{ConfigError, any, range};

/// TLS as the file says it. Without a certificate there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Tls {
    /// PEM file: the server's certificate, then those of the authorities between it and the root. Looked at every ten
    /// seconds, and at SIGHUP.
    certificate: Option<PathBuf>,
    /// PEM file of its key.
    key: Option<PathBuf>,
    /// Address of console, API and HLS by TLS. Default `0.0.0.0:8443`; `off` for none.
    http: Option<Listen>,
    /// Address for cameras by TLS. Default `0.0.0.0:1936`; `off` for none.
    rtmp: Option<Listen>,
    /// Seconds for which browsers are told to come by TLS only (`Strict-Transport-Security`), at whatever port. Default 0:
    /// they are not told.
    hsts_s: Option<u32>,
}

/// TLS in flags and environment variables.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct TlsFlags {
    /// HTTPS and RTMPS with a certificate that no browser trusts by itself, kept in the data folder: for development
    #[arg(long, env = "GENLOCK_TLS_SELF_SIGNED")]
    pub(super) tls_self_signed: bool,
    /// PEM file with the certificate for HTTPS and RTMPS
    #[arg(long, value_name = "FILE", env = "GENLOCK_TLS_CERTIFICATE")]
    tls_certificate: Option<PathBuf>,
    /// PEM file with its key
    #[arg(long, value_name = "FILE", env = "GENLOCK_TLS_KEY")]
    tls_key: Option<PathBuf>,
    /// Address of console, API and HLS by TLS, or `off` [default: 0.0.0.0:8443]
    #[arg(long, value_name = "ADDR", env = "GENLOCK_HTTPS")]
    https: Option<Listen>,
    /// Address for cameras by TLS, or `off` [default: 0.0.0.0:1936]
    #[arg(long, value_name = "ADDR", env = "GENLOCK_RTMPS")]
    rtmps: Option<Listen>,
}

/// TLS, checked and complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsSettings {
    pub(crate) certificate: CertificateSource,
    pub(crate) http: Option<SocketAddr>,
    pub(crate) rtmp: Option<SocketAddr>,
    /// `None` tells browsers nothing.
    pub(crate) hsts: Option<Duration>,
}

/// Where the certificate comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CertificateSource {
    Files(PairFiles),
    /// Made here.
    SelfSigned,
}

impl Tls {
    pub(super) fn check(self, flags: &TlsFlags) -> Result<Option<TlsSettings>, ConfigError> {
        let configured = self != Self::default() || flags.https.is_some() || flags.rtmps.is_some();
        let hsts_s = self.hsts_s.unwrap_or(0);
        range("tls.hsts_s", hsts_s, 0..=63_072_000, "0 to 63072000")?;
        let certificate = flags.tls_certificate.clone().or(self.certificate);
        let key = flags.tls_key.clone().or(self.key);
        let nothing = |key, expected| ConfigError::Value { key, expected, got: "nothing".into() };
        let certificate = match (certificate, key, flags.tls_self_signed) {
            (_, _, true) if hsts_s > 0 => {
                let expected =
                    "0 with a self-signed certificate, which browsers would never accept again";
                return Err(ConfigError::Value {
                    key: "tls.hsts_s",
                    expected,
                    got: hsts_s.to_string(),
                });
            }
            (_, _, true) => CertificateSource::SelfSigned,
            (Some(certificate), Some(key), false) => {
                CertificateSource::Files(PairFiles { certificate, key })
            }
            (Some(_), None, false) => return Err(nothing("tls.key", "a PEM file")),
            (None, _, false) if configured => {
                return Err(nothing("tls.certificate", "a PEM file"));
            }
            (None, _, false) => return Ok(None),
        };
        Ok(Some(TlsSettings {
            certificate,
            http: port(flags.https.or(self.http), 8443),
            rtmp: port(flags.rtmps.or(self.rtmp), 1936),
            hsts: (hsts_s > 0).then(|| Duration::from_secs(hsts_s.into())),
        }))
    }
}

fn port(configured: Option<Listen>, default: u16) -> Option<SocketAddr> {
    configured.unwrap_or_else(|| Listen::At(any(default))).address()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, flags: &TlsFlags) -> Result<Option<TlsSettings>, String> {
        let tls: Tls = toml::from_str(text).map_err(|error| error.to_string())?;
        tls.check(flags).map_err(|error| error.to_string())
    }

    #[test]
    fn there_is_none_without_a_certificate() {
        assert_eq!(check("", &TlsFlags::default()), Ok(None));
        for half in ["key = \"k\"", "http = \"off\"", "hsts_s = 1"] {
            let error = check(half, &TlsFlags::default()).unwrap_err();
            assert_eq!(error, "tls.certificate must be a PEM file, not nothing", "{half}");
        }
        let error = check("certificate = \"c\"", &TlsFlags::default()).unwrap_err();
        assert_eq!(error, "tls.key must be a PEM file, not nothing");
    }

    #[test]
    fn both_ports_are_open_unless_told_otherwise() {
        let both = "certificate = \"c\"\nkey = \"k\"\n";
        let tls = check(both, &TlsFlags::default()).unwrap().unwrap();
        assert_eq!((tls.http, tls.rtmp, tls.hsts), (Some(any(8443)), Some(any(1936)), None));
        let text = format!("{both}http = \"[::1]:443\"\nrtmp = \"off\"\nhsts_s = 300\n");
        let tls = check(&text, &TlsFlags::default()).unwrap().unwrap();
        assert_eq!((tls.http, tls.rtmp), (Some("[::1]:443".parse().unwrap()), None));
        assert_eq!(tls.hsts, Some(Duration::from_secs(300)));
    }

    #[test]
    fn one_flag_is_enough_for_development() {
        let flags = TlsFlags { tls_self_signed: true, ..TlsFlags::default() };
        let tls = check("", &flags).unwrap().unwrap();
        assert_eq!(tls.certificate, CertificateSource::SelfSigned);
        // A browser that was told so could not be told to trust the next one.
        assert!(check("hsts_s = 1", &flags).unwrap_err().contains("self-signed"));
    }

    #[test]
    fn flags_win() {
        let flags = TlsFlags {
            tls_certificate: Some("other".into()),
            https: Some(Listen::Off),
            ..TlsFlags::default()
        };
        let tls = check("certificate = \"c\"\nkey = \"k\"\n", &flags).unwrap().unwrap();
        let files = PairFiles { certificate: "other".into(), key: "k".into() };
        assert_eq!((tls.certificate, tls.http), (CertificateSource::Files(files), None));
    }
}
