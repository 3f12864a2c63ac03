//! Configuration of a server session.

use std::time::Duration;

use crate::enhanced::Capabilities;
use crate::limits::Limits;

/// Configuration of one [`ServerSession`](super::ServerSession).
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Chunk size of what the session sends, in bytes. A server sends next to nothing; 4096 is
    /// customary.
    pub chunk_size: u32,
    /// Window in bytes that the session announces, and after which it acknowledges until the peer
    /// names its own.
    pub window_ack_size: u32,
    /// Time from the connection's start to the end of the handshake.
    pub handshake_timeout: Duration,
    /// Time from the end of the handshake, or of the last publish, to a publish.
    ///
    /// Time that the application takes to decide does not count.
    pub publish_timeout: Duration,
    /// Time without a byte after which a publisher is taken for dead.
    pub idle_timeout: Duration,
    /// What is announced to peers that announce Enhanced RTMP themselves.
    pub enhanced: Capabilities,
    /// Bounds on what the peer can make the session hold.
    pub limits: Limits,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            chunk_size: 4096,
            window_ack_size: 2_500_000,
            handshake_timeout: Duration::from_secs(10),
            publish_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(20),
            enhanced: Capabilities::forward_everything(),
            limits: Limits::default(),
        }
    }
}
