//! The HTTP server: an accept loop with limits of its own, HTTP/1.1 and HTTP/2 with prior knowledge
//! on one port (RFC 9113 §3.3).
//!
//! ```text
//!  accept ─▶ connection task ─▶ hyper ─▶ /hls/… ─▶ origin (memory)
//!            watchdog, limits            other   ─▶ the service handed in (API, console)
//! ```
//!
//! Does no TLS and writes no access log.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use crate::activity::{Activity, Reason, Watchdog};
use crate::limits::ServerLimits;
use crate::origin::Origin;
use crate::service::Service;
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

/// A bound port that is not served yet.
#[derive(Debug)]
pub struct HttpServer {
    listener: TcpListener,
    limits: ServerLimits,
}

impl HttpServer {
    /// Takes the port. Nothing is accepted before [`HttpServer::run`]. Needs a tokio runtime.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn bind(address: SocketAddr, limits: ServerLimits) -> io::Result<Self> {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        #[cfg(not(windows))]
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(Self { listener: socket.listen(limits.backlog)?, limits })
    }

    /// The address that was bound, with the port that the system chose if 0 was asked for.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop`, then answers what is held, finishes what is being sent, and returns
    /// within the drain timeout.
    ///
    /// Requests outside of `/hls/` go to `fallback`, with the peer's [`SocketAddr`] among the
    /// request's extensions.
    pub async fn run<F: Fallback>(self, stop: CancellationToken, origin: Origin, fallback: F) {
        let Self { listener, limits } = self;
        let connections = Connections::new(limits, stop.clone());
        let accepting = accept_all(&listener, &connections, &origin, &fallback);
        let _ = stop.run_until_cancelled(accepting).await;
        drop(listener);
        origin.close();
        connections.drain().await;
    }
}

/// Accepts until it is dropped.
async fn accept_all<F: Fallback>(
    listener: &TcpListener,
    connections: &Connections,
    origin: &Origin,
    fallback: &F,
) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => connections.spawn(stream, peer, origin, fallback),
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

/// The open connections and how they end.
#[derive(Debug)]
struct Connections {
    limits: ServerLimits,
    http: auto::Builder<TokioExecutor>,
    tasks: TaskTracker,
    /// Finish what is being answered, then close.
    stop: CancellationToken,
    /// Close now.
    abandon: CancellationToken,
}

impl Connections {
    fn new(limits: ServerLimits, stop: CancellationToken) -> Self {
        Self {
            limits,
            http: protocol(&limits),
            tasks: TaskTracker::new(),
            stop,
            abandon: CancellationToken::new(),
        }
    }

    fn spawn<F: Fallback>(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        origin: &Origin,
        fallback: &F,
    ) {
        let counters = origin.counters();
        let Some(open) = counters.open_connection(self.limits.connections) else {
            debug!(%peer, limit = self.limits.connections, "too many connections");
            return;
        };
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%peer, %error, "connection lost before its first request");
            return;
        }
        let activity = Arc::new(Activity::new(Instant::now()));
        let socket = Socket::new(stream, Arc::clone(&activity), open);
        let service = Service::new(origin.clone(), fallback.clone(), Arc::clone(&activity), peer);
        let connection =
            self.http.serve_connection_with_upgrades(TokioIo::new(socket), service).into_owned();
        let (stop, abandon, limits) = (self.stop.clone(), self.abandon.clone(), self.limits);
        let counters = Arc::clone(counters);
        self.tasks.spawn(async move {
            let ended = drive(connection, &activity, limits, stop, abandon).await;
            if matches!(ended, Some(Reason::Stalled | Reason::SlowResponse)) {
                counters.slow_viewers.add_one();
                debug!(%peer, reason = ?ended, "slow viewer closed");
            }
        });
    }

    /// Waits for the connections to finish; abandons them after the drain timeout.
    async fn drain(self) {
        self.tasks.close();
        let open = self.tasks.len();
        if tokio::time::timeout(self.limits.drain_timeout, self.tasks.wait()).await.is_err() {
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
