//! A certificate with its key: read, checked against each other, ready to be shown.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::rustls::client::verify_server_name;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, InconsistentKeys};

use crate::limits::PEM_BYTES_MAX;
use crate::validity::Validity;

/// Where a certificate and its key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairFiles {
    /// PEM: the server's certificate first, then those of the authorities between it and the root.
    pub certificate: PathBuf,
    /// PEM: PKCS#8, PKCS#1 or SEC1, without a passphrase.
    pub key: PathBuf,
}

impl PairFiles {
    /// Reads both files.
    ///
    /// # Errors
    /// When one of them cannot be read or is longer than [`PEM_BYTES_MAX`].
    pub fn read(&self) -> Result<Pem, PairError> {
        Ok(Pem { certificate: read(&self.certificate)?, key: read(&self.key)? })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, PairError> {
    let failed = |error| PairError::Unreadable { path: path.to_owned(), error };
    let mut text = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(PEM_BYTES_MAX + 1).read_to_end(&mut text).map_err(failed)?;
    if text.len() as u64 > PEM_BYTES_MAX {
        return Err(PairError::TooLong { path: path.to_owned() });
    }
    Ok(text)
}

/// What stands in the files of a pair.
#[derive(Clone, PartialEq, Eq)]
pub struct Pem {
    /// Certificates.
    pub certificate: Vec<u8>,
    /// The key of the first of them.
    pub key: Vec<u8>,
}

impl fmt::Debug for Pem {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pem").field("certificate", &self.certificate.len()).finish_non_exhaustive()
    }
}

/// A certificate whose key fits.
#[derive(Clone)]
pub struct Pair {
    shown: Arc<CertifiedKey>,
    validity: Validity,
}

impl Pair {
    /// Reads `pem` and checks that it can be used. Whether it is good at this time is not judged: see
    /// [`Pair::validity`].
    ///
    /// # Errors
    /// When there is no certificate or no key, when one of them is of a kind that is not known, or when the key is
    /// another certificate's.
    pub fn new(pem: &Pem) -> Result<Self, PairError> {
        let chain = CertificateDer::pem_slice_iter(&pem.certificate)
            .collect::<Result<Vec<_>, _>>()
            .map_err(PairError::CertificatePem)?;
        let leaf = chain.first().ok_or(PairError::NoCertificate)?;
        let validity = Validity::of_certificate(leaf).ok_or(PairError::NoValidity)?;
        let key = PrivateKeyDer::from_pem_slice(&pem.key).map_err(|error| match error {
            pem::Error::NoItemsFound => PairError::NoKey,
            error => PairError::KeyPem(error),
        })?;
        let shown = CertifiedKey::from_der(chain, key, &ring::default_provider());
        let shown = shown.map_err(|error| match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => PairError::Mismatch,
            error => PairError::Unusable(error),
        })?;
        Ok(Self { shown: Arc::new(shown), validity })
    }

    /// From when to when the certificate is good.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// Whether the certificate is for `host`, a name or an address. False for what can be neither.
    #[must_use]
    pub fn is_for(&self, host: &str) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let (Ok(name), Ok(leaf)) = (ServerName::try_from(host), self.shown.end_entity_cert())
        else {
            return false;
        };
        ParsedCertificate::try_from(leaf)
            .is_ok_and(|certificate| verify_server_name(&certificate, &name).is_ok())
    }

    pub(crate) fn shown(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.shown)
    }
}

impl fmt::Debug for Pair {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pair").field("validity", &self.validity).finish_non_exhaustive()
    }
}

/// Why a certificate and a key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PairError {
    /// A file cannot be read.
    #[error("cannot read {}: {error}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file is too long to be what it should be.
    #[error("{} is longer than {PEM_BYTES_MAX} bytes", .path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
    },
    /// The certificates are no PEM.
    #[error("the certificate is not PEM: {0}")]
    CertificatePem(pem::Error),
    /// There is no certificate.
    #[error("there is no certificate in the certificate's file")]
    NoCertificate,
    /// The first certificate does not tell when it is good.
    #[error("the certificate cannot be read: it does not tell from when to when it is good")]
    NoValidity,
    /// The key is no PEM.
    #[error("the key is not PEM: {0}")]
    KeyPem(pem::Error),
    /// There is no key.
    #[error("there is no private key without a passphrase in the key's file")]
    NoKey,
    /// The key is another certificate's.
    #[error("the key does not belong to the certificate")]
    Mismatch,
    /// Certificate or key are of a kind that cannot be used.
    #[error("the pair cannot be used: {0}")]
    Unusable(rustls::Error),
}

#[cfg(test)]
pub(crate) mod tests {
    use rcgen::{CertifiedKey, generate_simple_self_signed};

    use super::*;

    /// A new pair for `host`.
    pub(crate) fn pem(host: &str) -> Pem {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed([host.to_owned()]).unwrap();
        Pem { certificate: cert.pem().into_bytes(), key: signing_key.serialize_pem().into_bytes() }
    }

    fn refused(pem: &Pem) -> String {
        Pair::new(pem).unwrap_err().to_string()
    }

    #[test]
    fn a_pair_is_for_its_names() {
        let pair = Pair::new(&pem("live.example")).unwrap();
        assert!(pair.is_for("live.example"));
        assert!(!pair.is_for("other.example") && !pair.is_for("192.0.2.1") && !pair.is_for(""));
        assert!(Pair::new(&pem("::1")).unwrap().is_for("[::1]"));
    }

    #[test]
    fn what_cannot_be_used_is_told() {
        let (good, other) = (pem("live.example"), pem("live.example"));
        assert!(refused(&Pem { key: other.key, ..good.clone() }).contains("belong"));
        assert!(refused(&Pem { key: Vec::new(), ..good.clone() }).contains("no private key"));
        assert!(refused(&Pem { key: good.certificate.clone(), ..good.clone() }).contains("key"));
        assert!(refused(&Pem { certificate: Vec::new(), ..good.clone() }).contains("no certif"));
        let half = good.certificate[..good.certificate.len() / 2].to_vec();
        assert!(refused(&Pem { certificate: half, ..good.clone() }).contains("PEM"));
        let rubbish = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec();
        assert!(refused(&Pem { certificate: rubbish, ..good }).contains("certificate"));
    }

    #[test]
    fn files_are_named_and_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let files = PairFiles { certificate: at("a.pem"), key: at("b.pem") };
        std::fs::write(at("a.pem"), "").unwrap();
        assert!(files.read().unwrap_err().to_string().contains("b.pem"));
        std::fs::write(at("b.pem"), vec![b' '; 1 + PEM_BYTES_MAX as usize]).unwrap();
        assert!(files.read().unwrap_err().to_string().contains("longer"));
    }

    #[test]
    fn keys_are_not_printed() {
        let pem = pem("live.example");
        let secret = String::from_utf8(pem.key.clone()).unwrap();
        let line = secret.lines().nth(1).unwrap();
        let printed = format!("{pem:?} {:?}", Pair::new(&pem).unwrap());
        assert!(!printed.contains(line) && !printed.contains("key: ["), "{printed}");
    }
}
