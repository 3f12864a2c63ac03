//! Command and data messages (RTMP 1.0 §7.1.1, §7.1.2).

use bytes::Bytes;

use super::{Message, MessageType};
use crate::amf0::{self, Value};
use crate::error::Malformed;
use crate::limits::AmfLimits;
use crate::names::{ChunkStreamId, MessageStreamId};
use crate::time::RtmpTimestamp;

/// A command: name, transaction id, command object, arguments.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Command {
    pub(crate) name: String,
    /// 0 means that no reply is expected.
    pub(crate) transaction: f64,
    /// `Null` when the command has none, or when it is missing.
    pub(crate) object: Value,
    pub(crate) arguments: Vec<Value>,
}

impl Command {
    /// Parses the body of a command message of either flavour.
    pub(crate) fn parse(message: &Message, limits: AmfLimits) -> Result<Self, Malformed> {
        let values = amf0::decode_all(amf_body(message), limits)?;
        let mut values = values.into_iter();
        let Some(Value::String(name)) = values.next() else {
            return Err(Malformed::Command("name"));
        };
        // A missing id is taken as "no reply expected"; anything but a number is not a command.
        let transaction = match values.next() {
            Some(Value::Number(id)) => id,
            None | Some(Value::Null | Value::Undefined) => 0.0,
            Some(_) => return Err(Malformed::Command("transaction id")),
        };
        let object = values.next().unwrap_or(Value::Null);
        Ok(Self { name, transaction, object, arguments: values.collect() })
    }

    /// The argument behind the command object.
    pub(crate) fn argument(&self, index: usize) -> &Value {
        self.arguments.get(index).unwrap_or(&Value::Null)
    }

    pub(crate) fn wants_reply(&self) -> bool {
        self.transaction != 0.0
    }
}

/// The AMF0 bytes of a command or data message. The AMF3 flavour has a zero byte in front of them
/// and switches to AMF3 value by value; some encoders forget the byte.
pub(crate) fn amf_body(message: &Message) -> &[u8] {
    let payload = message.payload.as_ref();
    match message.kind {
        MessageType::COMMAND_AMF3 | MessageType::DATA_AMF3 => {
            payload.strip_prefix(&[0]).unwrap_or(payload)
        }
        _ => payload,
    }
}

/// Builds an AMF0 command message.
pub(crate) fn command_message(
    message_stream: MessageStreamId,
    name: &str,
    transaction: f64,
    values: impl IntoIterator<Item = Value>,
) -> Message {
    let head = [name.into(), Value::Number(transaction)];
    let values: Vec<Value> = head.into_iter().chain(values).collect();
    amf_message(MessageType::COMMAND_AMF0, message_stream, RtmpTimestamp(0), &values)
}

/// Builds an AMF0 data message.
pub(crate) fn data_message(
    message_stream: MessageStreamId,
    timestamp: RtmpTimestamp,
    values: &[Value],
) -> Message {
    amf_message(MessageType::DATA_AMF0, message_stream, timestamp, values)
}

fn amf_message(
    kind: MessageType,
    message_stream: MessageStreamId,
    timestamp: RtmpTimestamp,
    values: &[Value],
) -> Message {
    let payload: Bytes = amf0::encode_all(values).freeze();
    Message { chunk_stream: ChunkStreamId::COMMAND, kind, timestamp, message_stream, payload }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(kind: MessageType, payload: &[u8]) -> Result<Command, Malformed> {
        let message = Message {
            chunk_stream: ChunkStreamId::COMMAND,
            kind,
            timestamp: RtmpTimestamp(0),
            message_stream: MessageStreamId::CONNECTION,
            payload: Bytes::copy_from_slice(payload),
        };
        Command::parse(&message, AmfLimits::default())
    }

    #[test]
    fn both_flavours_parse_with_and_without_the_zero_byte() {
        let body =
            command_message(MessageStreamId(0), "close", 2.0, [Value::Null, 5.0.into()]).payload;
        let with_zero = [&[0], body.as_ref()].concat();
        let command = parse(MessageType::COMMAND_AMF0, &body).unwrap();
        assert_eq!((command.name.as_str(), command.transaction), ("close", 2.0));
        assert_eq!(command.argument(0), &Value::Number(5.0));
        assert_eq!(command.argument(1), &Value::Null);
        assert_eq!(parse(MessageType::COMMAND_AMF3, &with_zero), Ok(command.clone()));
        assert_eq!(parse(MessageType::COMMAND_AMF3, &body), Ok(command));
    }

    #[test]
    fn short_commands_are_completed_or_refused() {
        let check = |values: &[Value], expect: Result<f64, Malformed>| {
            let payload = amf0::encode_all(values);
            let got = parse(MessageType::COMMAND_AMF0, &payload).map(|c| c.transaction);
            assert_eq!(got, expect, "{values:?}");
        };
        check(&["ping".into()], Ok(0.0));
        check(&["ping".into(), 3.0.into()], Ok(3.0));
        check(&["ping".into(), true.into()], Err(Malformed::Command("transaction id")));
        check(&[1.0.into()], Err(Malformed::Command("name")));
    }
}
