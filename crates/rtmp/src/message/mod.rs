//! Messages: what travels in chunk streams (RTMP 1.0 §6, §7.1).

mod aggregate;
mod command;
pub(crate) mod control;

use bytes::Bytes;

pub(crate) use aggregate::Aggregate;
pub(crate) use command::{Command, amf_body, command_message, data_message};

use crate::names::{ChunkStreamId, MessageStreamId};
use crate::time::RtmpTimestamp;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The chunk stream that carries it.
    pub chunk_stream: ChunkStreamId,
    /// Its type.
    pub kind: MessageType,
    /// Its timestamp.
    pub timestamp: RtmpTimestamp,
    /// The message stream that it belongs to.
    pub message_stream: MessageStreamId,
    /// Its body.
    pub payload: Bytes,
}

/// A message type id (RTMP 1.0 §5.4, §7.1). Ids without a name here are skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageType(pub u8);

impl MessageType {
    /// Set Chunk Size.
    pub const SET_CHUNK_SIZE: Self = Self(1);
    /// Abort Message.
    pub const ABORT: Self = Self(2);
    /// Acknowledgement.
    pub const ACKNOWLEDGEMENT: Self = Self(3);
    /// User Control Message.
    pub const USER_CONTROL: Self = Self(4);
    /// Window Acknowledgement Size.
    pub const WINDOW_ACK_SIZE: Self = Self(5);
    /// Set Peer Bandwidth.
    pub const SET_PEER_BANDWIDTH: Self = Self(6);
    /// Audio Message.
    pub const AUDIO: Self = Self(8);
    /// Video Message.
    pub const VIDEO: Self = Self(9);
    /// Data Message, AMF3 flavour.
    pub const DATA_AMF3: Self = Self(15);
    /// Command Message, AMF3 flavour.
    pub const COMMAND_AMF3: Self = Self(17);
    /// Data Message, AMF0.
    pub const DATA_AMF0: Self = Self(18);
    /// Command Message, AMF0.
    pub const COMMAND_AMF0: Self = Self(20);
    /// Aggregate Message.
    pub const AGGREGATE: Self = Self(22);

    pub(crate) fn is_control(self) -> bool {
        matches!(self.0, 1..=6)
    }
}
