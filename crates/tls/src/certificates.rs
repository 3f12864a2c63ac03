//! The pair that is shown, and how another one takes its place.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{Error, ServerConfig};

use crate::pair::{Pair, PairError, PairFiles, Pem};

/// Protocols of HTTP in the order in which they are preferred (RFC 7301, RFC 9113 §3.2). RTMP has no name there.
const HTTP_PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The certificate that is shown to whoever connects. Clones are the same.
#[derive(Debug, Clone)]
pub struct Certificates {
    shown: Arc<Shown>,
    watched: Arc<Mutex<Watched>>,
}

/// The pair of the next handshake.
#[derive(Debug)]
struct Shown(ArcSwap<Pair>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _asked: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load().shown())
    }
}

/// The files, and what was last found in them.
#[derive(Debug, Clone)]
struct Watched {
    files: PairFiles,
    found: Found,
}

/// What was found: what stands in the files, or why they could not be read.
type Found = Result<Pem, String>;

/// What a look at the files led to.
#[derive(Debug)]
pub enum Look {
    /// They are as they were at the last look.
    Same,
    /// There is another pair, which is shown from now on.
    Changed(Pair),
    /// There is something else that cannot be used. The pair before it is still shown. Told once for each that is found.
    Refused(Refusal),
}

/// Why a new pair is not shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It cannot be used.
    #[error(transparent)]
    Pair(#[from] PairError),
    /// It is over, and the one before it is not.
    #[error("the certificate is over already")]
    Over,
}

impl Certificates {
    /// Shows the pair in `files`. It may be over, or not have begun: clients refuse it then, and say so.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn open(files: PairFiles) -> Result<Self, PairError> {
        let pem = files.read()?;
        let shown = Shown(ArcSwap::from_pointee(Pair::new(&pem)?));
        let watched = Watched { files, found: Ok(pem) };
        Ok(Self { shown: Arc::new(shown), watched: Arc::new(Mutex::new(watched)) })
    }

    /// The pair that is shown.
    #[must_use]
    pub fn shown(&self) -> Arc<Pair> {
        self.shown.0.load_full()
    }

    /// Looks at the files at `now`, and shows what is new in them. Reads them: not for a thread that may not wait for a
    /// disk.
    pub fn look(&self, now: SystemTime) -> Look {
        self.look_at(&mut self.lock(), now)
    }

    /// Looks at other files from now on, if there is a pair in them at `now`; else everything stays as it is.
    pub fn look_elsewhere(&self, files: PairFiles, now: SystemTime) -> Look {
        let mut watched = self.lock();
        let moved = watched.files != files;
        let before = watched.clone();
        watched.files = files;
        let look = self.look_at(&mut watched, now);
        if moved && matches!(look, Look::Refused(_)) {
            *watched = before;
        }
        look
    }

    fn look_at(&self, watched: &mut Watched, now: SystemTime) -> Look {
        let read = watched.files.read();
        let found = read.as_ref().map(Pem::clone).map_err(ToString::to_string);
        if found == watched.found {
            return Look::Same;
        }
        watched.found = found;
        match read.and_then(|pem| Pair::new(&pem)) {
            Ok(pair) if pair.validity().until < now && now <= self.shown().validity().until => {
                Look::Refused(Refusal::Over)
            }
            Ok(pair) => {
                self.shown.0.store(Arc::new(pair.clone()));
                Look::Changed(pair)
            }
            Err(error) => Look::Refused(error.into()),
        }
    }

    /// For HTTP: HTTP/2 and HTTP/1.1, by ALPN.
    ///
    /// # Errors
    /// When the system gives no randomness for the keys of session tickets.
    pub fn https(&self) -> Result<TlsAcceptor, Error> {
        self.acceptor(&HTTP_PROTOCOLS)
    }

    /// For RTMP.
    ///
    /// # Errors
    /// As [`Certificates::https`].
    pub fn rtmps(&self) -> Result<TlsAcceptor, Error> {
        self.acceptor(&[])
    }

    /// TLS 1.3 and 1.2. Sessions are resumed by tickets, which cost the server no memory.
    fn acceptor(&self, protocols: &[&[u8]]) -> Result<TlsAcceptor, Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.shown) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        config.ticketer = ring::Ticketer::new()?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Whole after every statement, so that a panic elsewhere leaves it usable.
    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
