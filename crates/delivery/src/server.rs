//! The HTTP server: an accept loop for each port with limits of its own. HTTP/1.1 and HTTP/2 are both spoken at
//! each: with prior knowledge at a plain port (RFC 9113 §3.3), as agreed upon by ALPN where there is TLS.
//!
//! ```text
//!  accept ─▶ connection task ─▶ (TLS) ─▶ hyper ─▶ /hls/… ─▶ origin (memory)
//!            watchdog, limits                     other   ─▶ the service handed in (API, console)
//! ```
//!
//! Knows no certificates, which the acceptor that is handed in has, and writes no access log.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use crate::activity::{Activity, Reason, Watchdog};
use crate::counters::Counters;
use crate::limits::ServerLimits;
use crate::origin::Origin;
use crate::service::{Secure, Service};
use crate::socket::Socket;

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

    fn now(&self) -> ServerLimits {
        **self.0.load()
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
        let connections = Arc::new(Connections::new(limits, stop.clone()));
        let accepting = TaskTracker::new();
        for door in doors {
            let loops =
                accept_all(door, Arc::clone(&connections), origin.clone(), fallback.clone());
            let stop = stop.clone();
            accepting.spawn(async move { stop.run_until_cancelled(loops).await });
        }
        stop.cancelled().await;
        accepting.close();
        accepting.wait().await;
        origin.close();
        connections.drain().await;
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

/// Who answers.
struct Behind<F> {
    origin: Origin,
    fallback: F,
}

/// The open connections and how they end.
#[derive(Debug)]
struct Connections {
    limits: LiveLimits,
    drain_timeout: Duration,
    http: auto::Builder<TokioExecutor>,
    tasks: TaskTracker,
    /// Finish what is being answered, then close.
    stop: CancellationToken,
    /// Close now.
    abandon: CancellationToken,
}

impl Connections {
    fn new(live: LiveLimits, stop: CancellationToken) -> Self {
        let limits = live.now();
        Self {
            limits: live,
            drain_timeout: limits.drain_timeout,
            http: protocol(&limits),
            tasks: TaskTracker::new(),
            stop,
            abandon: CancellationToken::new(),
        }
    }

    fn spawn<F: Fallback>(
        self: &Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        acceptor: Option<TlsAcceptor>,
        secure: Option<Secure>,
        Behind { origin, fallback }: Behind<F>,
    ) {
        let (counters, limits) = (Arc::clone(origin.counters()), self.limits.now());
        let open = match counters.open_connection(&limits, peer.ip()) {
            Ok(open) => open,
            Err(reason) => return debug!(%peer, reason, "connection refused"),
        };
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%peer, %error, "connection lost before its first request");
            return;
        }
        let activity = Arc::new(Activity::new(Instant::now()));
        let socket = Socket::new(stream, Arc::clone(&activity), open);
        let service = Service::new(origin, fallback, Arc::clone(&activity), peer, secure);
        let Some(acceptor) = acceptor else {
            self.serve(socket, peer, service, activity, counters);
            return;
        };
        let connections = Arc::clone(self);
        self.tasks.spawn(async move {
            let handshake = acceptor.accept(socket);
            let handshake = tokio::time::timeout(limits.tls_handshake_timeout, handshake);
            match connections.stop.run_until_cancelled(handshake).await {
                Some(Ok(Ok(stream))) => {
                    connections.serve(stream, peer, service, activity, counters);
                }
                Some(Ok(Err(error))) => debug!(%peer, %error, "no TLS handshake"),
                Some(Err(_elapsed)) => debug!(%peer, "no TLS handshake in time"),
                None => {}
            }
        });
    }

    /// Serves a connection in a task of its own.
    fn serve<S, F>(
        &self,
        stream: S,
        peer: SocketAddr,
        service: Service<F>,
        activity: Arc<Activity>,
        counters: Arc<Counters>,
    ) where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        F: Fallback,
    {
        let connection =
            self.http.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
        let (stop, abandon, limits) = (self.stop.clone(), self.abandon.clone(), self.limits.now());
        self.tasks.spawn(async move {
            let ended = drive(connection, &activity, limits, stop, abandon).await;
            if matches!(ended, Some(Reason::Stalled | Reason::SlowResponse)) {
                counters.slow_viewers.add_one();
                debug!(%peer, reason = ?ended, "slow viewer closed");
            }
        });
    }

    /// Waits for the connections to finish; abandons them after the drain timeout.
    async fn drain(&self) {
        self.tasks.close();
        let open = self.tasks.len();
        if tokio::time::timeout(self.drain_timeout, self.tasks.wait()).await.is_err() {
            info!(
                open,
                left = self.tasks.len(),
                "connections abandoned at the end of the drain time"
            );
            self.abandon.cancel();
            self.tasks.wait().await;
        }
    }
}

/// hyper's view of the limits. Its own header timeout is off: the watchdog has it, without a timer
/// per request.
fn protocol(limits: &ServerLimits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(limits.h1_buffer_bytes);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.h2_streams)
        .max_header_list_size(limits.h2_header_list_bytes)
        .max_send_buf_size(limits.h2_send_buffer_bytes);
    builder
}

/// Runs one connection to its end; tells why if the watchdog ended it.
async fn drive(
    connection: impl GracefulConnection,
    activity: &Activity,
    limits: ServerLimits,
    stop: CancellationToken,
    abandon: CancellationToken,
) -> Option<Reason> {
    let mut connection = pin!(connection);
    let mut watchdog = Watchdog::new(limits);
    let mut looks = tokio::time::interval(watchdog.interval());
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut finishing = false;
    loop {
        tokio::select! {
            // How a connection ends is the viewer's affair: resets are a matter of course.
            _ = connection.as_mut() => return None,
            now = looks.tick() => {
                let reason = watchdog.look(now, activity);
                if reason.is_some() {
                    return reason;
                }
            }
            () = stop.cancelled(), if !finishing => {
                finishing = true;
                connection.as_mut().graceful_shutdown();
            }
            () = abandon.cancelled() => return None,
        }
    }
}
