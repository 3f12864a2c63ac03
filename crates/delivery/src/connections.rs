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
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info};

use crate::activity::{Activity, time_between_looks};
use crate::counters::Counters;
use crate::h1::{End, Front};
use crate::keeper::{Keeper, Leash, Order};
use crate::limits::ServerLimits;
use crate::origin::Origin;
use crate::server::{Fallback, LiveLimits};
use crate::service::{Secure, Service, Viewer};
use crate::socket::{Socket, Wire};

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
    keeper: Arc<Keeper>,
    /// No handshake is waited for any more.
    stop: CancellationToken,
}

impl Connections {
    pub(crate) fn new(live: LiveLimits, counters: Arc<Counters>, stop: CancellationToken) -> Self {
        let limits = live.now();
        Self {
            limits: live,
            drain_timeout: limits.drain_timeout,
            http: protocol(&limits),
            tasks: TaskTracker::new(),
            keeper: Arc::new(Keeper::new(counters)),
            stop,
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
        S: Wire + Send + 'static,
        F: Fallback,
    {
        let connections = Arc::clone(self);
        self.tasks.spawn(async move {
            let leash = connections.keep(&viewer);
            let mut front = Front::new(stream, viewer);
            // It looks at the leash itself.
            let ended = leash.drive(pin!(front.run(&leash)), |_| ()).await;
            if ended == Some(End::Handed) {
                connections.hand_over(front, fallback, leash);
            }
        });
    }

    /// Lets hyper serve a connection from now on.
    fn hand_over<S, F>(&self, front: Front<S>, fallback: F, leash: Leash)
    where
        S: Wire + Send + 'static,
        F: Fallback,
    {
        let (stream, viewer) = front.into_parts();
        let (stream, service) = (TokioIo::new(stream), Service::new(viewer, fallback));
        let running = self.http.serve_connection_with_upgrades(stream, service).into_owned();
        self.tasks.spawn(async move {
            let finish = |running: Pin<&mut _>| GracefulConnection::graceful_shutdown(running);
            leash.drive(pin!(running), finish).await;
        });
    }

    fn keep(&self, viewer: &Viewer) -> Leash {
        self.keeper.keep(self.limits.shared(), Arc::clone(&viewer.activity), viewer.peer)
    }

    /// Looks after the connections until it is dropped.
    pub(crate) async fn look_after(&self) {
        loop {
            tokio::time::sleep(time_between_looks(&self.limits.now())).await;
            self.keeper.look(Instant::now());
        }
    }

    /// Lets all connections finish what they answer, and begin nothing new.
    pub(crate) fn finish(&self) {
        self.keeper.order(Order::Finish);
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
            self.keeper.order(Order::Close);
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
