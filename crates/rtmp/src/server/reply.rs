//! The messages a server sends.

use super::event::EndReason;
use crate::amf0::{Object, Value};
use crate::message::{Message, command_message};
use crate::names::MessageStreamId;

/// What Flash Media Server calls itself; some encoders parse it.
const SERVER_VERSION: &str = "FMS/3,0,1,123";
/// Flash Media Server's capability bits, an undocumented constant.
const SERVER_CAPABILITIES: f64 = 31.0;

pub(super) const CONNECT_REJECTED: &str = "NetConnection.Connect.Rejected";
pub(super) const CALL_FAILED: &str = "NetConnection.Call.Failed";
pub(super) const PUBLISH_START: &str = "NetStream.Publish.Start";
pub(super) const UNPUBLISH_SUCCESS: &str = "NetStream.Unpublish.Success";
pub(super) const PLAY_FAILED: &str = "NetStream.Play.Failed";
pub(super) const RECONNECT_REQUEST: &str = "NetConnection.Connect.ReconnectRequest";

/// Level of a status object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Status,
    Error,
}

impl EndReason {
    pub(super) fn status(self) -> (Level, &'static str) {
        match self {
            Self::Rejected => (Level::Error, "NetStream.Publish.Rejected"),
            Self::Shutdown => (Level::Status, UNPUBLISH_SUCCESS),
        }
    }
}

/// `_result` of a connect. `enhanced` adds what we announce.
///
/// E-RTMP v2 has the announcements in the properties; Adobe's servers put theirs into the
/// information object, and clients look there: they go into both.
pub(super) fn connect_result(
    transaction: f64,
    object_encoding: f64,
    enhanced: impl Fn(Object) -> Object,
) -> Message {
    let properties =
        Object::new().with("fmsVer", SERVER_VERSION).with("capabilities", SERVER_CAPABILITIES);
    let information =
        information(Level::Status, "NetConnection.Connect.Success", "Connection succeeded.")
            .with("objectEncoding", object_encoding);
    let values = [enhanced(properties).into(), enhanced(information).into()];
    result(transaction, values)
}

pub(super) fn result<const N: usize>(transaction: f64, values: [Value; N]) -> Message {
    command_message(MessageStreamId::CONNECTION, "_result", transaction, values)
}

pub(super) fn error(transaction: f64, code: &str, description: &str) -> Message {
    let information = information(Level::Error, code, description);
    let values = [Value::Null, information.into()];
    command_message(MessageStreamId::CONNECTION, "_error", transaction, values)
}

pub(super) fn on_status(
    stream: MessageStreamId,
    level: Level,
    code: &str,
    description: &str,
) -> Message {
    on_status_with(stream, information(level, code, description))
}

pub(super) fn on_status_with(stream: MessageStreamId, information: Object) -> Message {
    command_message(stream, "onStatus", 0.0, [Value::Null, information.into()])
}

/// `onFCPublish` or `onFCUnpublish`. Hardware waits for it and matches it by the transaction id of
/// its call.
pub(super) fn on_fc(name: &str, transaction: f64, code: &str) -> Message {
    let information = information(Level::Status, code, "");
    let values = [Value::Null, information.into()];
    command_message(MessageStreamId::CONNECTION, name, transaction, values)
}

pub(super) fn information(level: Level, code: &str, description: &str) -> Object {
    let level = match level {
        Level::Status => "status",
        Level::Error => "error",
    };
    Object::new().with("level", level).with("code", code).with("description", description)
}
