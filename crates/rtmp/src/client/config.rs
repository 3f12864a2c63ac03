//! Configuration of a client session.

use std::time::Duration;

use crate::chunk::{ExtendedTimestamps, HeaderCompression};
use crate::enhanced::Capabilities;
use crate::limits::Limits;
use crate::names::StreamKey;

/// Configuration of one [`ClientSession`](super::ClientSession). The defaults behave like OBS.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The application, with its query if it has one.
    pub app: String,
    /// The URL to announce. Servers mostly ignore it.
    pub tc_url: String,
    /// The stream name, with its query if it has one.
    pub stream_key: StreamKey,
    /// What the client calls itself.
    pub flash_version: String,
    /// Chunk size of what the client sends, in bytes.
    pub chunk_size: u32,
    /// After how many received bytes the client acknowledges until the server names a window.
    pub window_ack_size: u32,
    /// What the client announces about Enhanced RTMP; nothing if empty.
    pub enhanced: Capabilities,
    /// How message headers are written.
    pub headers: HeaderCompression,
    /// What type 3 chunks do about extended timestamps.
    pub extended_timestamps: ExtendedTimestamps,
    /// Time from the session's start to the server's consent to publish.
    pub publish_timeout: Duration,
    /// Bounds on what the server can make the session hold.
    pub limits: Limits,
}

impl ClientConfig {
    /// The defaults with an app and a key.
    #[must_use]
    pub fn new(app: impl Into<String>, stream_key: StreamKey) -> Self {
        let app = app.into();
        Self {
            tc_url: format!("rtmp://localhost/{app}"),
            app,
            stream_key,
            flash_version: "FMLE/3.0 (compatible; genlock)".to_owned(),
            chunk_size: 4096,
            window_ack_size: 2_500_000,
            enhanced: Capabilities::default(),
            headers: HeaderCompression::On,
            extended_timestamps: ExtendedTimestamps::Repeated,
            publish_timeout: Duration::from_secs(10),
            limits: Limits::default(),
        }
    }
}
