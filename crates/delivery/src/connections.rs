//! The open connections: who speaks with each of them, how long, and how they end.
//!
//! ```text
//!  (TLS) ─▶ front ─────────────▶ origin (memory)
//!             │ anything but a playlist, part or segment by HTTP/1.1
//!             ▼
//!           hyper ─▶ /hls/… ─▶ origin
//!                    other   ─▶ the service behind
//! ```

use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info};

use crate::activity::{Activity, Reason, Watchdog};
use crate::counters::Counters;
use crate::h1::{End, Front};
use crate::limits::ServerLimits;
use crate::origin::Origin;
use crate::server::{Fallback, LiveLimits};
use crate::service::{Secure, Service, Viewer};
use crate::socket::Socket;

/// Who answers.
pub(crate) struct Behind<F> {
    pub(crate) origin: Origin,
    pub(crate) fallback: F,
}

/// The open connections and how they end.
#[derive(Debug)]
pub(crate) struct Connections {
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
    pub(crate) fn new(live: LiveLimits, stop: CancellationToken) -> Self {
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

    pub(crate) fn spawn<F: Fallback>(
        self: &Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        acceptor: Option<TlsAcceptor>,
        secure: Option<Secure>,
        Behind { origin, fallback }: Behind<F>,
    ) {
        let limits = self.limits.now();
        let open = match origin.counters().open_connection(&limits, peer.ip()) {
            Ok(open) => open,
            Err(reason) => return debug!(%peer, reason, "connection refused"),
        };
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%peer, %error, "connection lost before its first request");
            return;
        }
        let activity = Arc::new(Activity::new(Instant::now()));
        let socket = Socket::new(stream, Arc::clone(&activity), open);
        let viewer = Viewer { origin, activity, peer, secure };
        let Some(acceptor) = acceptor else {
            self.serve(socket, viewer, fallback);
            return;
        };
        let connections = Arc::clone(self);
        self.tasks.spawn(async move {
            let handshake = acceptor.accept(socket);
            let handshake = tokio::time::timeout(limits.tls_handshake_timeout, handshake);
            match connections.stop.run_until_cancelled(handshake).await {
                Some(Ok(Ok(stream))) => connections.serve(stream, viewer, fallback),
                Some(Ok(Err(error))) => debug!(%peer, %error, "no TLS handshake"),
                Some(Err(_elapsed)) => debug!(%peer, "no TLS handshake in time"),
                None => {}
            }
        });
    }

    /// Serves a connection in a task of its own, which stays small as long as hyper is not needed.
    fn serve<S, F>(self: &Arc<Self>, stream: S, viewer: Viewer, fallback: F)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        F: Fallback,
    {
        let connections = Arc::clone(self);
        self.tasks.spawn(async move {
            let watched = Watched::of(&viewer);
            let mut front = Front::new(stream, viewer);
            let finishing = AtomicBool::new(false);
            let finish = |_: Pin<&mut _>| finishing.store(true, Ordering::Relaxed);
            let ended = connections.drive(pin!(front.run(&finishing)), finish, watched).await;
            if ended == Some(End::Handed) {
                connections.hand_over(front, fallback);
            }
        });
    }

    /// Lets hyper serve a connection from now on.
    fn hand_over<S, F>(self: &Arc<Self>, front: Front<S>, fallback: F)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        F: Fallback,
    {
        let (stream, viewer) = front.into_parts();
        let watched = Watched::of(&viewer);
        let (stream, service) = (TokioIo::new(stream), Service::new(viewer, fallback));
        let running = self.http.serve_connection_with_upgrades(stream, service).into_owned();
        let connections = Arc::clone(self);
        self.tasks.spawn(async move {
            let finish = |running: Pin<&mut _>| GracefulConnection::graceful_shutdown(running);
            connections.drive(pin!(running), finish, watched).await;
        });
    }

    /// Runs one connection until it ends by itself, the watchdog ends it (`None`), or it is abandoned (`None`).
    async fn drive<C: Future>(
        &self,
        mut connection: Pin<&mut C>,
        finish: impl Fn(Pin<&mut C>),
        watched: Watched,
    ) -> Option<C::Output> {
        let mut watchdog = Watchdog::new(self.limits.now());
        let mut looks = tokio::time::interval(watchdog.interval());
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut finishing = false;
        loop {
            tokio::select! {
                output = connection.as_mut() => return Some(output),
                now = looks.tick() => {
                    if let Some(reason) = watchdog.look(now, &watched.activity) {
                        watched.note_end(reason);
                        return None;
                    }
                }
                () = self.stop.cancelled(), if !finishing => {
                    finishing = true;
                    finish(connection.as_mut());
                }
                () = self.abandon.cancelled() => return None,
            }
        }
    }

    /// Waits for the connections to finish; abandons them after the drain timeout.
    pub(crate) async fn drain(&self) {
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

/// What is looked at of a connection while it is served.
struct Watched {
    activity: Arc<Activity>,
    counters: Arc<Counters>,
    peer: SocketAddr,
}

impl Watched {
    fn of(viewer: &Viewer) -> Self {
        Self {
            activity: Arc::clone(&viewer.activity),
            counters: Arc::clone(viewer.origin.counters()),
            peer: viewer.peer,
        }
    }

    /// The watchdog ended the connection.
    fn note_end(&self, reason: Reason) {
        if matches!(reason, Reason::Stalled | Reason::SlowResponse) {
            self.counters.slow_viewers.add_one();
            debug!(peer = %self.peer, ?reason, "slow viewer closed");
        }
    }
}
