//! The accept loop.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use genlock_feed::clock::EventClock;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpListener, TcpStream};
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

/// A bound RTMP listener.
pub struct Ingest {
    listener: TcpListener,
    occupancy: Arc<Occupancy>,
    shared: Arc<Shared>,
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) config: IngestConfig,
    pub(crate) gate: Arc<dyn PublishGate>,
    pub(crate) clock: EventClock,
    pub(crate) throttle: RefusalThrottle,
    /// The server stops: publishers are to be told.
    pub(crate) stop: CancellationToken,
}

impl Ingest {
    /// Binds the listener; nothing is accepted before [`Ingest::run`].
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn bind(
        addr: SocketAddr,
        config: IngestConfig,
        gate: Arc<dyn PublishGate>,
        clock: EventClock,
    ) -> io::Result<Self> {
        Ok(Self::new(TcpListener::bind(addr).await?, config, gate, clock))
    }

    /// Takes a listener that is bound already.
    #[must_use]
    pub fn new(
        listener: TcpListener,
        config: IngestConfig,
        gate: Arc<dyn PublishGate>,
        clock: EventClock,
    ) -> Self {
        let throttle = RefusalThrottle::default();
        let occupancy = Occupancy::new(config.connections, config.connections_per_address);
        let shared = Shared { config, gate, clock, throttle, stop: CancellationToken::new() };
        Self { listener, occupancy: Arc::new(occupancy), shared: Arc::new(shared) }
    }

    /// The address that was bound, with its port.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Its counters, to read while it runs.
    #[must_use]
    pub fn counters(&self) -> IngestCounters {
        IngestCounters(Arc::clone(&self.occupancy))
    }

    /// Serves publishers until `cancel`. Then accepts nobody any more, tells the publishers, and
    /// returns when all have gone: within [`IngestConfig::drain`] and the time to say good-bye.
    pub async fn run(self, cancel: CancellationToken) {
        let tasks = TaskTracker::new();
        let mut next = 0;
        loop {
            tokio::select! {
                () = cancel.cancelled() => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        next += 1;
                        self.take(ConnectionId(next), stream, peer, &tasks);
                    }
                    Err(error) => {
                        tracing::warn!(%error, "accepting a connection failed");
                        tokio::time::sleep(ACCEPT_REST).await;
                    }
                },
            }
        }
        drop(self.listener);
        self.shared.stop.cancel();
        tasks.close();
        tasks.wait().await;
    }

    fn take(&self, id: ConnectionId, stream: TcpStream, peer: SocketAddr, tasks: &TaskTracker) {
        let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
        let permit = match self.occupancy.enter(peer.ip()) {
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
        let connection = Connection::new(stream, id, peer, Arc::clone(&self.shared));
        let serve = async move {
            connection.serve().await;
            drop(permit);
        };
        tasks.spawn(serve.instrument(span));
    }
}

impl fmt::Debug for Ingest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ingest").field("listener", &self.listener).finish_non_exhaustive()
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE_AFTER).with_interval(KEEPALIVE_EACH);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}
