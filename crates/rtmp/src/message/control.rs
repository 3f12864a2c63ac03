//! Protocol control and user control messages (RTMP 1.0 §5.4, §7.1.7).

use bytes::{BufMut, Bytes, BytesMut};

use super::{Message, MessageType};
use crate::error::Malformed;
use crate::names::{ChunkStreamId, MessageStreamId};
use crate::time::RtmpTimestamp;

/// A control message as far as it matters to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    SetChunkSize(u32),
    Abort {
        chunk_stream: u32,
    },
    Acknowledgement,
    WindowAckSize(u32),
    SetPeerBandwidth(u32),
    Ping {
        timestamp: u32,
    },
    /// Stream begin and other user control events that need no reaction.
    OtherEvent,
}

const EVENT_STREAM_BEGIN: u16 = 0;
const EVENT_PING_REQUEST: u16 = 6;
const EVENT_PING_RESPONSE: u16 = 7;
/// Limit type "dynamic" of Set Peer Bandwidth (RTMP 1.0 §5.4.5), what Flash Media Server sends.
const LIMIT_DYNAMIC: u8 = 2;

impl Control {
    /// Parses a message whose type is a control type. Bytes behind the fields are ignored.
    pub(crate) fn parse(kind: MessageType, payload: &[u8]) -> Result<Self, Malformed> {
        Ok(match kind {
            MessageType::SET_CHUNK_SIZE => match number(payload)? {
                // "the first bit MUST be zero", and a chunk without data would never end a message.
                size @ (0 | 0x8000_0000..) => return Err(Malformed::ChunkSize(size)),
                size => Self::SetChunkSize(size),
            },
            MessageType::ABORT => Self::Abort { chunk_stream: number(payload)? },
            MessageType::ACKNOWLEDGEMENT => Self::Acknowledgement,
            MessageType::WINDOW_ACK_SIZE => Self::WindowAckSize(number(payload)?),
            MessageType::SET_PEER_BANDWIDTH => Self::SetPeerBandwidth(number(payload)?),
            _ => Self::parse_event(payload)?,
        })
    }

    fn parse_event(payload: &[u8]) -> Result<Self, Malformed> {
        let Some((&event, data)) = payload.split_first_chunk::<2>() else {
            return Err(Malformed::ControlLength { got: payload.len(), expected: 2 });
        };
        if u16::from_be_bytes(event) != EVENT_PING_REQUEST {
            return Ok(Self::OtherEvent);
        }
        let Some(&timestamp) = data.first_chunk::<4>() else {
            return Err(Malformed::ControlLength { got: payload.len(), expected: 6 });
        };
        Ok(Self::Ping { timestamp: u32::from_be_bytes(timestamp) })
    }
}

fn number(payload: &[u8]) -> Result<u32, Malformed> {
    match payload.first_chunk::<4>() {
        Some(&bytes) => Ok(u32::from_be_bytes(bytes)),
        None => Err(Malformed::ControlLength { got: payload.len(), expected: 4 }),
    }
}

/// A message that carries one number: chunk size, acknowledgement, window.
pub(crate) fn number_message(kind: MessageType, number: u32) -> Message {
    message(kind, Bytes::copy_from_slice(&number.to_be_bytes()))
}

pub(crate) fn set_peer_bandwidth(window: u32) -> Message {
    let mut body = BytesMut::with_capacity(5);
    body.put_u32(window);
    body.put_u8(LIMIT_DYNAMIC);
    message(MessageType::SET_PEER_BANDWIDTH, body.freeze())
}

pub(crate) fn stream_begin(stream: MessageStreamId) -> Message {
    user_control(EVENT_STREAM_BEGIN, stream.0)
}

pub(crate) fn pong(timestamp: u32) -> Message {
    user_control(EVENT_PING_RESPONSE, timestamp)
}

fn user_control(event: u16, data: u32) -> Message {
    let mut body = BytesMut::with_capacity(6);
    body.put_u16(event);
    body.put_u32(data);
    message(MessageType::USER_CONTROL, body.freeze())
}

/// "These protocol control messages MUST have message stream ID 0 … and be sent in chunk stream ID
/// 2."
fn message(kind: MessageType, payload: Bytes) -> Message {
    Message {
        chunk_stream: ChunkStreamId::CONTROL,
        kind,
        timestamp: RtmpTimestamp(0),
        message_stream: MessageStreamId::CONNECTION,
        payload,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: MessageType, payload: &[u8], expect: Result<Control, Malformed>) {
        assert_eq!(Control::parse(kind, payload), expect, "{kind:?} {payload:02X?}");
    }

    #[test]
    fn chunk_size_has_bounds() {
        let kind = MessageType::SET_CHUNK_SIZE;
        check(kind, &[0, 0, 0, 0], Err(Malformed::ChunkSize(0)));
        check(kind, &[0, 0, 0, 1], Ok(Control::SetChunkSize(1)));
        check(kind, &[0x7F, 255, 255, 255], Ok(Control::SetChunkSize(0x7FFF_FFFF)));
        check(kind, &[0x80, 0, 0, 0], Err(Malformed::ChunkSize(0x8000_0000)));
        check(kind, &[1, 2], Err(Malformed::ControlLength { got: 2, expected: 4 }));
    }

    #[test]
    fn events_other_than_ping_are_ignored() {
        let kind = MessageType::USER_CONTROL;
        check(kind, &[0, 6, 0, 0, 0, 9], Ok(Control::Ping { timestamp: 9 }));
        check(kind, &[0, 3, 0, 0, 0, 1, 0, 0, 0x0B, 0xB8], Ok(Control::OtherEvent));
        check(kind, &[0, 99], Ok(Control::OtherEvent));
        check(kind, &[0], Err(Malformed::ControlLength { got: 1, expected: 2 }));
        check(kind, &[0, 6, 1], Err(Malformed::ControlLength { got: 3, expected: 6 }));
    }

    #[test]
    fn the_limit_type_of_peer_bandwidth_may_be_missing() {
        let kind = MessageType::SET_PEER_BANDWIDTH;
        check(kind, &[0, 0, 1, 0], Ok(Control::SetPeerBandwidth(256)));
        check(kind, &[0, 0, 1, 0, 2], Ok(Control::SetPeerBandwidth(256)));
    }
}
