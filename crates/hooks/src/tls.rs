//! TLS towards targets: the certificates of public authorities, and those of the operator.

use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

/// A file of certificates that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCertificates {
    /// It cannot be read, or is not PEM.
    #[error("cannot read certificates: {0}")]
    Unreadable(#[from] pem::Error),
    /// There is none in it.
    #[error("there is no certificate in it")]
    None,
    /// One of them cannot be an authority's.
    #[error(transparent)]
    Unusable(#[from] rustls::Error),
}

/// A connector that trusts the public authorities and those in `authorities`, a PEM file.
pub(crate) fn connector(authorities: Option<&Path>) -> Result<TlsConnector, InvalidCertificates> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(file) = authorities {
        let before = roots.len();
        for certificate in CertificateDer::pem_file_iter(file)? {
            roots.add(certificate?)?;
        }
        if roots.len() == before {
            return Err(InvalidCertificates::None);
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
