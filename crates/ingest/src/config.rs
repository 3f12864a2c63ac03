//! Configuration of the listener and of its connections.

use std::time::Duration;

use genlock_rtmp::{Limits, ServerConfig};

/// Configuration of [`crate::Ingest`].
#[derive(Debug, Clone)]
pub struct IngestConfig {
    /// The RTMP application that publishers connect to: the first part of the URL's path. Default
    /// `live`.
    pub app: String,
    /// Connections at the same time, publishing or not. Default 1 000. A connection that does not
    /// publish costs at most half a megabyte.
    pub connections: usize,
    /// Connections at the same time from one address (an IPv6 /64 counts as one). Default 64: a venue
    /// behind one address, several times over.
    pub connections_per_address: usize,
    /// Time for the handshake. Default 10 s.
    pub handshake_timeout: Duration,
    /// Time from the handshake, or the end of a publish, to a publish. Default 10 s.
    pub publish_timeout: Duration,
    /// Time without a byte after which a publisher is taken for dead. Default 15 s; lower frees the
    /// camera sooner, higher survives longer gaps of a mobile network.
    pub silence_timeout: Duration,
    /// Time for the peer to take a reply. Default 10 s.
    pub write_timeout: Duration,
    /// Time for [`crate::PublishGate::admit`]. Default 10 s; after it the publish is refused.
    pub admit_timeout: Duration,
    /// Time between the last reply and the closing of a refused connection, so that the reply is read
    /// before the reset. Default 500 ms.
    pub linger: Duration,
    /// Time for publishers that understand a request to reconnect to leave when the server stops.
    /// Default 5 s.
    pub drain: Duration,
    /// Size of a connection's read buffer in bytes. Default 64 KiB. Samples are slices of these
    /// buffers: larger ones mean fewer reads and copies, and more memory pinned by a lone sample.
    pub read_buffer_bytes: usize,
    /// What a peer may make the protocol hold.
    pub limits: Limits,
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self {
            app: "live".to_owned(),
            connections: 1_000,
            connections_per_address: 64,
            handshake_timeout: Duration::from_secs(10),
            publish_timeout: Duration::from_secs(10),
            silence_timeout: Duration::from_secs(15),
            write_timeout: Duration::from_secs(10),
            admit_timeout: Duration::from_secs(10),
            linger: Duration::from_millis(500),
            drain: Duration::from_secs(5),
            read_buffer_bytes: 64 * 1024,
            limits: Limits::default(),
        }
    }
}

impl IngestConfig {
    pub(crate) fn session(&self) -> ServerConfig {
        ServerConfig {
            handshake_timeout: self.handshake_timeout,
            publish_timeout: self.publish_timeout,
            idle_timeout: self.silence_timeout,
            limits: self.limits.clone(),
            ..ServerConfig::default()
        }
    }
}
