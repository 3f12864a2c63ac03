//! The accept loops: one for each port, all under the same limits.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use genlock_feed::clock::EventClock;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::config::IngestConfig;
use crate::connection::Connection;
use crate::counters::IngestCounters;
use crate::gate::{ConnectionId, PublishGate};
use crate::guard::{Occupancy, RefusalThrottle};

/// How long accepting rests after an error that is not the peer's, such as too many open files.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// When the network asks an idle peer whether it lives, and how often it asks again. Finds dead peers
/// that owe us nothing, which the silence timeout of a publisher does not cover.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(30);
const KEEPALIVE_EACH: Duration = Duration::from_secs(10);

/// Bound ports for cameras.
pub struct Ingest {
    doors: Vec<Door>,
    config: LiveConfig,
    occupancy: Arc<Occupancy>,
    shared: Arc<Shared>,
}

/// A bound port.
struct Door {
    listener: TcpListener,
    /// For RTMPS.
    tls: Option<TlsAcceptor>,
}

/// The configuration of connections that are opened from now on. Clones are the same.
#[derive(Debug, Clone)]
pub struct LiveConfig(Arc<ArcSwap<IngestConfig>>);

impl LiveConfig {
    /// Another configuration for connections that are opened from now on.
    pub fn change(&self, config: IngestConfig) {
        self.0.store(Arc::new(config));
    }
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) gate: Arc<dyn PublishGate>,
    pub(crate) clock: EventClock,
    pub(crate) throttle: RefusalThrottle,
    /// The server stops: publishers are to be told.
    pub(crate) stop: CancellationToken,
}

impl Ingest {
    /// A server for cameras without a port. The limits are for all ports together.
    #[must_use]
    pub fn new(config: IngestConfig, gate: Arc<dyn PublishGate>, clock: EventClock) -> Self {
        let throttle = RefusalThrottle::default();
        let config = LiveConfig(Arc::new(ArcSwap::from_pointee(config)));
        let shared = Shared { gate, clock, throttle, stop: CancellationToken::new() };
        Self { doors: Vec::new(), config, occupancy: Arc::default(), shared: Arc::new(shared) }
    }

    /// Its configuration, to change it while it runs.
    #[must_use]
    pub fn config(&self) -> LiveConfig {
        self.config.clone()
    }

    /// Takes a port that is bound already, for RTMPS where there is an acceptor, else for RTMP. Nothing is accepted before
    /// [`Ingest::run`].
    pub fn listen(&mut self, listener: TcpListener, tls: Option<TlsAcceptor>) {
        self.doors.push(Door { listener, tls });
    }

    /// Its counters, to read while it runs.
    #[must_use]
    pub fn counters(&self) -> IngestCounters {
        IngestCounters(Arc::clone(&self.occupancy))
    }

    /// Serves publishers until `cancel`. Then accepts nobody any more, tells the publishers, and
    /// returns when all have gone: within [`IngestConfig::drain`] and the time to say good-bye.
    pub async fn run(self, cancel: CancellationToken) {
        let Self { doors, config, occupancy, shared } = self;
        let tasks = TaskTracker::new();
        let lobby = Lobby { config, occupancy, shared, tasks, accepted: AtomicU64::new(0) };
        let lobby = Arc::new(lobby);
        for door in doors {
            let (lobby, cancel) = (Arc::clone(&lobby), cancel.clone());
            let tasks = lobby.tasks.clone();
            tasks.spawn(async move { cancel.run_until_cancelled(lobby.accept_all(door)).await });
        }
        cancel.cancelled().await;
        lobby.shared.stop.cancel();
        lobby.tasks.close();
        lobby.tasks.wait().await;
    }
}

/// Where connections of all ports come in.
struct Lobby {
    config: LiveConfig,
    occupancy: Arc<Occupancy>,
    shared: Arc<Shared>,
    tasks: TaskTracker,
    accepted: AtomicU64,
}

impl Lobby {
    /// Accepts until it is dropped.
    async fn accept_all(&self, Door { listener, tls }: Door) {
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => self.take(stream, peer, tls.clone()),
                Err(error) => {
                    tracing::warn!(%error, "accepting a connection failed");
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            }
        }
    }

    fn take(&self, stream: TcpStream, peer: SocketAddr, tls: Option<TlsAcceptor>) {
        let id = ConnectionId(self.accepted.fetch_add(1, Ordering::Relaxed) + 1);
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let config = self.config.0.load_full();
        let permit = match self.occupancy.enter(peer.ip(), &config) {
            Ok(permit) => permit,
            Err(reason) => {
                tracing::warn!(%peer, reason, "connection refused");
                return;
            }
        };
        if let Err(error) = prepare(&stream) {
            tracing::debug!(%peer, %error, "connection closed before it began");
            return;
        }
        let span = tracing::info_span!(
            "rtmp",
            conn = id.0,
            %peer,
            app = tracing::field::Empty,
            camera = tracing::field::Empty,
        );
        let shared = Arc::clone(&self.shared);
        let serve = async move {
            match tls {
                None => Connection::new(stream, id, peer, config, shared).serve().await,
                Some(tls) => serve_encrypted(tls, stream, id, peer, config, shared).await,
            }
            drop(permit);
        };
        self.tasks.spawn(serve.instrument(span));
    }
}

/// Shakes hands, within the time for the handshake of RTMP, then serves.
async fn serve_encrypted(
    tls: TlsAcceptor,
    stream: TcpStream,
    id: ConnectionId,
    peer: SocketAddr,
    config: Arc<IngestConfig>,
    shared: Arc<Shared>,
) {
    let handshake = timeout(config.handshake_timeout, tls.accept(stream));
    match shared.stop.run_until_cancelled(handshake).await {
        Some(Ok(Ok(stream))) => Connection::new(stream, id, peer, config, shared).serve().await,
        Some(Ok(Err(error))) => tracing::warn!(%error, "connection ended in its TLS handshake"),
        Some(Err(_elapsed)) => tracing::warn!("connection ended: no TLS handshake in time"),
        None => {}
    }
}

impl fmt::Debug for Ingest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ingest").field("ports", &self.doors.len()).finish_non_exhaustive()
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_AFTER).with_interval(KEEPALIVE_EACH);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}
