//! The door between ingest and whoever knows the keys.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use async_trait::async_trait;
use genlock_feed::Feed;
use genlock_rtmp::{ConnectRequest, PublishType, Query, RejectCode, StreamKey};

use crate::monitor::CameraMonitor;
use crate::takeover::CameraSlot;

/// Decides who may publish. Ingest knows no keys.
#[async_trait]
pub trait PublishGate: Send + Sync + 'static {
    /// Admits a publish or refuses it. Called before the publisher is told anything.
    ///
    /// An unknown key and a wrong token must take the same time and give the same [`Refusal`], so that
    /// keys cannot be told apart by trying.
    async fn admit(&self, request: PublishRequest) -> Result<Admission, Refusal>;
}

/// Number of a connection since the start of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ConnectionId(pub u64);

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Somebody wants to publish. `Debug` shows neither the key nor the values of the query.
#[derive(Clone)]
pub struct PublishRequest {
    /// The connection that asks.
    pub connection: ConnectionId,
    /// Its far end.
    pub peer: SocketAddr,
    /// The application.
    pub app: String,
    /// The secret that names the camera.
    pub stream_key: StreamKey,
    /// Parameters behind the key, such as `?token=`.
    pub query: Query,
    /// What it wants to be done with the stream.
    pub publish_type: PublishType,
    /// What it said when it connected.
    pub connect: ConnectRequest,
}

/// Without what was said at `connect`: the key may stand in its URL.
impl fmt::Debug for PublishRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublishRequest")
            .field("connection", &self.connection)
            .field("peer", &self.peer)
            .field("app", &self.app)
            .field("query", &self.query)
            .finish_non_exhaustive()
    }
}

/// A publish that may start: the camera that it feeds.
#[derive(Debug, Clone)]
pub struct Admission {
    /// The camera's Feed. A session of its own is opened with the first sample.
    pub feed: Feed,
    /// What the camera is called in logs, `event/camera`; never the key.
    pub label: String,
    /// The camera's sync offset in microseconds; read continually, so that it can be changed live.
    pub sync_offset: Arc<AtomicI64>,
    /// The camera's health.
    pub monitor: Arc<CameraMonitor>,
    /// The camera's place for one publisher.
    pub slot: Arc<CameraSlot>,
    /// Who wants to know how the session goes.
    pub watch: Option<Arc<dyn PublishWatch>>,
}

/// Is told how one publish session goes. Every call is made on the media path and must return at once.
///
/// [`Self::started`] comes first and [`Self::ended`] last; neither comes for a session that was admitted but
/// did not get the camera's place.
pub trait PublishWatch: fmt::Debug + Send + Sync + 'static {
    /// The session has the camera's place.
    fn started(&self);

    /// Audio or video came, with this RTMP timestamp in milliseconds.
    fn message(&self, timestamp: u32);

    /// The first sample went into the Feed.
    fn live(&self);

    /// The session is over.
    fn ended(&self, end: PublishEnd);
}

/// How a publish session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishEnd {
    /// The camera has no publisher now.
    Gone,
    /// Another session goes on in its place.
    TakenOver,
}

/// Why a publish may not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The key is not known, or a token that goes with it is wrong.
    #[error("unknown stream key")]
    UnknownKey,
    /// Somebody else publishes with this key.
    #[error("the stream key is in use by another publisher")]
    InUse,
    /// A policy says no, with a sentence for the publisher.
    #[error("{0}")]
    Denied(String),
    /// The server cannot tell at present, with a sentence for the publisher.
    #[error("{0}")]
    Unavailable(String),
}

impl Refusal {
    /// What the publisher hears: all four make OBS show its dialog.
    #[must_use]
    pub const fn code(&self) -> RejectCode {
        match self {
            Self::UnknownKey | Self::InUse => RejectCode::BadName,
            Self::Denied(_) => RejectCode::Denied,
            Self::Unavailable(_) => RejectCode::Failed,
        }
    }
}
