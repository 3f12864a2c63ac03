//! What a server session reports, and what the application answers with.

use bytes::Bytes;

use crate::amf0::Object;
use crate::enhanced::Capabilities;
use crate::names::{PublishId, Query, StreamKey, TcUrl};
use crate::time::RtmpTimestamp;

/// Something that happened in a server session.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ServerEvent {
    /// The peer wants to connect. Answer with
    /// [`accept_connect`](super::ServerSession::accept_connect) or
    /// [`reject_connect`](super::ServerSession::reject_connect); the session reads nothing until
    /// then.
    ConnectRequested(ConnectRequest),
    /// The peer wants to publish. Answer with
    /// [`accept_publish`](super::ServerSession::accept_publish) or
    /// [`reject_publish`](super::ServerSession::reject_publish); the session reads nothing until
    /// then.
    PublishRequested(PublishRequest),
    /// An audio or video message of an accepted publish.
    Media(MediaMessage),
    /// `onMetaData` of an accepted publish: a hint, often wrong, often repeated.
    Metadata {
        /// The publish.
        id: PublishId,
        /// Timestamp of the message.
        timestamp: RtmpTimestamp,
        /// What it says.
        properties: Object,
    },
    /// The peer ended a publish. The connection lives on; the peer may publish again.
    PublishEnded {
        /// The publish.
        id: PublishId,
    },
}

/// What `connect` said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConnectRequest {
    /// The application, without query. May contain slashes, may be empty.
    pub app: String,
    /// The URL that the peer connected to.
    pub tc_url: TcUrl,
    /// The peer's name for itself, such as `FMLE/3.0 (compatible; Lavf60.16.100)`. May be empty.
    pub flash_version: String,
    /// The URL of the player that it says it is.
    pub swf_url: TcUrl,
    /// The page that it says it is on.
    pub page_url: TcUrl,
    /// What it announces about Enhanced RTMP.
    pub enhanced: Capabilities,
}

/// What `publish` said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishRequest {
    /// Names this publish from now on.
    pub id: PublishId,
    /// The application, without query.
    pub app: String,
    /// The stream name, without query.
    pub stream_key: StreamKey,
    /// Parameters of the stream name, then those of the app.
    pub query: Query,
    /// What the peer wants the server to do with the stream.
    pub publish_type: PublishType,
}

/// Publishing type (RTMP 1.0 §7.2.2.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PublishType {
    /// "Live data is published without recording it in a file"; also what a missing or unknown type
    /// means.
    #[default]
    Live,
    /// Record into a new file.
    Record,
    /// Record behind what is there.
    Append,
}

/// An audio or video message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaMessage {
    /// The publish it belongs to.
    pub id: PublishId,
    /// Audio or video.
    pub kind: MediaKind,
    /// Decoding time.
    pub timestamp: RtmpTimestamp,
    /// The FLV tag header and what follows it; see [`flv`](crate::flv). Never empty.
    pub payload: Bytes,
}

/// Audio or video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// Message type 8.
    Audio,
    /// Message type 9.
    Video,
}

/// Why a publish is refused before it starts. OBS shows its dialog for each of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RejectCode {
    /// Unknown or wrong key, or the name is taken: `NetStream.Publish.BadName`.
    BadName,
    /// A policy says no: `NetStream.Publish.Denied`.
    Denied,
    /// The stream cannot be taken: `NetStream.Publish.Rejected`.
    Rejected,
    /// The server is at fault: `NetStream.Failed`.
    Failed,
}

impl RejectCode {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::BadName => "NetStream.Publish.BadName",
            Self::Denied => "NetStream.Publish.Denied",
            Self::Rejected => "NetStream.Publish.Rejected",
            Self::Failed => "NetStream.Failed",
        }
    }
}

/// Why the server ends a publish that has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndReason {
    /// The stream cannot be taken, for instance its codec; or another publisher took over:
    /// `NetStream.Publish.Rejected`, level error.
    Rejected,
    /// The server goes down: `NetStream.Unpublish.Success`, level status.
    Shutdown,
}
