//! What can go wrong in a session, grouped by who is to blame.

use std::fmt;

use thiserror::Error;

use crate::amf0::AmfError;

/// Why a session cannot go on.
///
/// Every error is final for the connection. The message names the place in the peer's byte stream
/// and what was expected there; it never contains a stream key or a query.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RtmpError {
    /// The bytes are not RTMP.
    #[error("malformed input {at}: {fault}")]
    Malformed {
        /// What is wrong.
        fault: Malformed,
        /// Where.
        at: WirePosition,
    },
    /// The bytes are RTMP but the peer does not keep to the protocol.
    #[error("peer misbehaved {at}: {fault}")]
    PeerMisbehaved {
        /// What it did.
        fault: Misbehaviour,
        /// Where.
        at: WirePosition,
    },
    /// The peer asks for a part of the protocol that this crate does not speak.
    #[error("unsupported {at}: {fault}")]
    Unsupported {
        /// What it asks for.
        fault: Unsupported,
        /// Where.
        at: WirePosition,
    },
    /// The peer made something grow beyond its limit.
    #[error("limit exceeded {at}: {got} {what}, the limit is {limit}")]
    LimitExceeded {
        /// What grew, with its unit.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// What the peer asked for.
        got: u64,
        /// Where.
        at: WirePosition,
    },
    /// The application called a method that does not fit the session's state.
    #[error("{call} called while {state}")]
    ApiMisuse {
        /// The method.
        call: &'static str,
        /// The state it does not fit.
        state: &'static str,
    },
}

/// A place in the bytes that the peer sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WirePosition {
    /// Bytes of the connection in front of the chunk or the field, handshake included.
    pub byte: u64,
    /// Chunk stream id, once a chunk header has been read.
    pub chunk_stream: Option<u32>,
    /// Message type id, once a message header has been read.
    pub message_type: Option<u8>,
}

impl WirePosition {
    /// A place that belongs to no chunk.
    pub(crate) fn byte(byte: u64) -> Self {
        Self { byte, ..Self::default() }
    }
}

impl fmt::Display for WirePosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}", self.byte)?;
        if let Some(id) = self.chunk_stream {
            write!(f, " (chunk stream {id}")?;
            if let Some(kind) = self.message_type {
                write!(f, ", message type {kind}")?;
            }
            f.write_str(")")?;
        }
        Ok(())
    }
}

/// Bytes that cannot be RTMP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The first byte is no RTMP version.
    #[error("first byte {0:#04x}, expected RTMP version 3")]
    Version(u8),
    /// A chunk repeats a header that was never sent.
    #[error("chunk of type {0} on a fresh chunk stream, expected type 0 or 1")]
    FreshChunkStream(u8),
    /// A protocol control message has the wrong length.
    #[error("control message of {got} bytes, expected {expected}")]
    ControlLength {
        /// Bytes that the message has.
        got: usize,
        /// Bytes that its type needs.
        expected: usize,
    },
    /// A chunk size outside 1..=2³¹-1.
    #[error("chunk size {0}, expected 1 to 2147483647")]
    ChunkSize(u32),
    /// A command or data message is not AMF.
    #[error("{0}")]
    Amf(#[from] AmfError),
    /// A command does not start with a name and a transaction id.
    #[error("command without {0}")]
    Command(&'static str),
    /// An aggregate message whose parts do not add up.
    #[error("aggregate message ends inside a part")]
    Aggregate,
    /// An aggregate message inside an aggregate message.
    #[error("aggregate message inside an aggregate message")]
    NestedAggregate,
    /// The peer closed the connection in the middle of something.
    #[error("the input ends, expected the rest of {0}")]
    Truncated(&'static str),
}

/// Things that a peer must not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Misbehaviour {
    /// The handshake took too long.
    #[error("handshake not finished in time")]
    HandshakeTimeout,
    /// No publish came in time.
    #[error("no publish in time")]
    PublishTimeout,
    /// A publisher fell silent.
    #[error("nothing received for too long")]
    Silence,
    /// A command that needs a connection came before `connect`.
    #[error("command before connect")]
    CommandBeforeConnect,
    /// `connect` came twice.
    #[error("second connect")]
    SecondConnect,
}

/// Parts of the protocol that this crate does not speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unsupported {
    /// RTMPE or another encrypted variant.
    #[error("encrypted RTMP (version {0}), expected version 3")]
    Encryption(u8),
    /// The connection starts like TLS.
    #[error("TLS on a plain RTMP port")]
    Tls,
}
