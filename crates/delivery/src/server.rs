//! The HTTP server: an accept loop for each port with limits of its own. HTTP/1.1 and HTTP/2 are both spoken at
//! each: with prior knowledge at a plain port (RFC 9113 §3.3), as agreed upon by ALPN where there is TLS.
//!
//! ```text
//!  accept ─▶ connection task ─▶ (TLS) ─▶ /hls/… ─▶ origin (memory)
//!            watchdog, limits            other   ─▶ the service handed in (API, console)
//! ```
//!
//! Knows no certificates, which the acceptor that is handed in has, and writes no access log.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use tokio::net::{TcpListener, TcpSocket};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use crate::connections::{Behind, Connections};
use crate::limits::ServerLimits;
use crate::origin::Origin;
use crate::service::Secure;

/// Pause after an accept that failed for want of something (file descriptors, memory).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A service that can stand behind the origin: an axum router is one.
pub trait Fallback:
    tower::Service<
        Request<Incoming>,
        Response = Response<Self::Body>,
        Error = Infallible,
        Future: Send + 'static,
    > + Clone
    + Send
    + 'static
{
    /// Body of its responses.
    type Body: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + Unpin + 'static;
}

impl<F, B> Fallback for F
where
    F: tower::Service<
            Request<Incoming>,
            Response = Response<B>,
            Error = Infallible,
            Future: Send + 'static,
        > + Clone
        + Send
        + 'static,
    B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + Unpin + 'static,
{
    type Body = B;
}

/// How a port is encrypted.
#[derive(Clone)]
pub struct Tls {
    /// What handshakes are made with. It may offer `h2` and `http/1.1` by ALPN.
    pub acceptor: TlsAcceptor,
    /// For how long browsers are told to come by TLS only (RFC 6797); `None` tells them nothing.
    pub hsts: Option<Duration>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("hsts", &self.hsts).finish_non_exhaustive()
    }
}

impl Tls {
    fn hsts_value(&self) -> Option<HeaderValue> {
        let seconds = self.hsts?.as_secs();
        Some(format!("max-age={seconds}").parse().expect("a number is a header's value"))
    }
}

/// A bound port.
#[derive(Debug)]
struct Door {
    listener: TcpListener,
    tls: Option<Tls>,
}

/// The limits of connections that are opened from now on. Clones are the same.
#[derive(Debug, Clone)]
pub struct LiveLimits(Arc<ArcSwap<ServerLimits>>);

impl LiveLimits {
    /// Other limits for connections that are opened from now on. The backlog, the bounds of heads and of HTTP/2, and the
    /// drain timeout stay as they were at the start.
    pub fn change(&self, limits: ServerLimits) {
        self.0.store(Arc::new(limits));
    }

    pub(crate) fn now(&self) -> ServerLimits {
        **self.0.load()
    }

    /// The same, for a connection to keep.
    pub(crate) fn shared(&self) -> Arc<ServerLimits> {
        self.0.load_full()
    }
}

/// Bound ports that are not served yet.
#[derive(Debug)]
pub struct HttpServer {
    doors: Vec<Door>,
    limits: LiveLimits,
}

impl HttpServer {
    /// A server without a port. The limits are for all ports together.
    #[must_use]
    pub fn new(limits: ServerLimits) -> Self {
        Self { doors: Vec::new(), limits: LiveLimits(Arc::new(ArcSwap::from_pointee(limits))) }
    }

    /// Its limits, to change them while it runs.
    #[must_use]
    pub fn limits(&self) -> LiveLimits {
        self.limits.clone()
    }

    /// Takes a port, with TLS or without. Nothing is accepted before [`HttpServer::run`]. Needs a tokio runtime.
    /// Returns the address with the port that the system chose if 0 was asked for.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn listen(&mut self, address: SocketAddr, tls: Option<Tls>) -> io::Result<SocketAddr> {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        #[cfg(not(windows))]
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let listener = socket.listen(self.limits.now().backlog)?;
        let bound = listener.local_addr()?;
        self.doors.push(Door { listener, tls });
        Ok(bound)
    }

    /// Serves until `stop`, then answers what is held, finishes what is being sent, and returns
    /// within the drain timeout.
    ///
    /// Requests outside of `/hls/` go to `fallback`, with the peer's [`SocketAddr`] among the request's extensions, and
    /// with [`http::uri::Scheme::HTTPS`] if they came by TLS.
    pub async fn run<F: Fallback>(self, stop: CancellationToken, origin: Origin, fallback: F) {
        let Self { doors, limits } = self;
        let counters = Arc::clone(origin.counters());
        let connections = Arc::new(Connections::new(limits, counters, stop.clone()));
        let accepting = TaskTracker::new();
        for door in doors {
            let loops =
                accept_all(door, Arc::clone(&connections), origin.clone(), fallback.clone());
            let stop = stop.clone();
            accepting.spawn(async move { stop.run_until_cancelled(loops).await });
        }
        let serving = async {
            stop.cancelled().await;
            accepting.close();
            accepting.wait().await;
            connections.finish();
            origin.close();
            connections.drain().await;
        };
        tokio::select! {
            () = serving => {}
            () = connections.look_after() => {}
        }
    }
}

/// Accepts until it is dropped.
async fn accept_all<F: Fallback>(
    Door { listener, tls }: Door,
    connections: Arc<Connections>,
    origin: Origin,
    fallback: F,
) {
    let hsts = tls.as_ref().and_then(Tls::hsts_value);
    let secure = tls.as_ref().map(|_| Secure { hsts });
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let behind = Behind { origin: origin.clone(), fallback: fallback.clone() };
                let acceptor = tls.as_ref().map(|tls| tls.acceptor.clone());
                connections.spawn(stream, peer, acceptor, secure.clone(), behind);
            }
            Err(error) if is_of_the_connection(&error) => {
                debug!(%error, "connection lost in accept")
            }
            Err(error) => {
                warn!(%error, "cannot accept connections");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Whether an accept failed for the connection's own reasons rather than for ours.
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
