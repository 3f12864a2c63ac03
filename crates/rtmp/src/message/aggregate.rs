//! Aggregate messages: several FLV-framed messages in one (RTMP 1.0 §7.1.6).

use bytes::{Buf, Bytes};

use super::{Message, MessageType};
use crate::error::Malformed;
use crate::time::RtmpTimestamp;

/// Iterates over the messages inside an aggregate. Payloads are slices of it.
#[derive(Debug)]
pub(crate) struct Aggregate {
    outer: Message,
    rest: Bytes,
    /// Timestamp of the first part: the parts' timestamps count from it, the aggregate's own tells
    /// where it lies.
    first: Option<RtmpTimestamp>,
}

impl Aggregate {
    pub(crate) fn new(mut outer: Message) -> Self {
        let rest = std::mem::take(&mut outer.payload);
        Self { outer, rest, first: None }
    }

    /// Whether all parts have been taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next message, or `None` at the end.
    pub(crate) fn next_message(&mut self) -> Result<Option<Message>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let mut header = [0; 11];
        self.rest.try_copy_to_slice(&mut header).map_err(|_| Malformed::Aggregate)?;
        let [type_id, l0, l1, l2, t0, t1, t2, t3, _, _, _] = header;
        let kind = MessageType(type_id);
        if kind == MessageType::AGGREGATE {
            return Err(Malformed::NestedAggregate);
        }
        let length = u32::from_be_bytes([0, l0, l1, l2]);
        let length = usize::try_from(length).map_err(|_| Malformed::Aggregate)?;
        if length > self.rest.len() {
            return Err(Malformed::Aggregate);
        }
        let payload = self.rest.split_to(length);
        // The size that FLV repeats behind each tag; the last one is sometimes left out.
        self.rest.advance(self.rest.len().min(4));
        // The extension byte comes last but is the most significant.
        let own = RtmpTimestamp(u32::from_be_bytes([t3, t0, t1, t2]));
        let first = *self.first.get_or_insert(own);
        let offset = own.since(first).cast_unsigned();
        let timestamp = self.outer.timestamp.wrapping_add(offset);
        Ok(Some(Message { kind, timestamp, payload, ..self.outer.clone() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{ChunkStreamId, MessageStreamId};

    fn part(kind: u8, timestamp: u32, body: &[u8]) -> Vec<u8> {
        let [t3, t0, t1, t2] = timestamp.to_be_bytes();
        let mut bytes = vec![kind, 0, 0, body.len() as u8, t0, t1, t2, t3, 0, 0, 0];
        bytes.extend(body);
        bytes.extend((body.len() as u32 + 11).to_be_bytes());
        bytes
    }

    fn unpack(payload: Vec<u8>) -> Result<Vec<(u8, u32, Vec<u8>)>, Malformed> {
        let mut aggregate = Aggregate::new(Message {
            chunk_stream: ChunkStreamId::COMMAND,
            kind: MessageType::AGGREGATE,
            timestamp: RtmpTimestamp(5_000),
            message_stream: MessageStreamId(1),
            payload: payload.into(),
        });
        let mut parts = Vec::new();
        while let Some(message) = aggregate.next_message()? {
            assert_eq!(message.message_stream, MessageStreamId(1));
            parts.push((message.kind.0, message.timestamp.0, message.payload.to_vec()));
        }
        Ok(parts)
    }

    #[test]
    fn timestamps_count_from_the_first_part() {
        let base = 0xFF00_0010;
        let bytes =
            [part(9, base, b"v"), part(8, base + 21, b"aa"), part(8, base - 1, b"")].concat();
        let expect =
            vec![(9, 5_000, b"v".to_vec()), (8, 5_021, b"aa".to_vec()), (8, 4_999, vec![])];
        assert_eq!(unpack(bytes), Ok(expect));
    }

    #[test]
    fn the_last_size_may_be_missing() {
        let mut bytes = part(8, 0, b"a");
        bytes.truncate(bytes.len() - 4);
        assert_eq!(unpack(bytes), Ok(vec![(8, 5_000, b"a".to_vec())]));
    }

    #[test]
    fn broken_aggregates_are_errors() {
        let mut short = part(8, 0, b"abc");
        short.truncate(12);
        assert_eq!(unpack(short), Err(Malformed::Aggregate));
        assert_eq!(unpack(vec![8, 0, 0]), Err(Malformed::Aggregate));
        assert_eq!(unpack(part(22, 0, b"x")), Err(Malformed::NestedAggregate));
    }
}
