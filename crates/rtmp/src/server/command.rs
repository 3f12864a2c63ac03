//! Commands of a publisher (RTMP 1.0 §7.2), and those that encoders send beyond the specification.

use std::time::Instant;

use super::connection::{Connect, Connection, bounded_name};
use super::event::{PublishRequest, PublishType, ServerEvent};
use super::reply::{self, Level};
use super::{ServerSession, State};
use crate::amf0::Value;
use crate::error::{Misbehaviour, RtmpError, WirePosition};
use crate::message::Command;
use crate::names::{MessageStreamId, PublishId, StreamKey, split_name};

/// A command and where it came from.
struct Call<'a> {
    now: Instant,
    command: &'a Command,
    stream: MessageStreamId,
    at: WirePosition,
}

impl ServerSession {
    pub(super) fn handle_command(
        &mut self,
        now: Instant,
        command: &Command,
        stream: MessageStreamId,
        at: WirePosition,
    ) -> Result<(), RtmpError> {
        let call = Call { now, command, stream, at };
        let misbehaved = |fault| Err(RtmpError::PeerMisbehaved { fault, at });
        match (&self.state, command.name.as_str()) {
            (State::AwaitConnect, "connect") => self.on_connect(&call),
            (State::Connected(_), "connect") => misbehaved(Misbehaviour::SecondConnect),
            (State::Connected(_), _) => self.on_connected_command(&call),
            (_, "releaseStream" | "FCPublish" | "createStream" | "publish") => {
                misbehaved(Misbehaviour::CommandBeforeConnect)
            }
            _ => self.on_unknown(&call),
        }
    }

    fn on_connect(&mut self, call: &Call<'_>) -> Result<(), RtmpError> {
        let connect = Connect::parse(call.command, &self.config.limits, call.at)?;
        let event = ServerEvent::ConnectRequested(connect.request.clone());
        self.state = State::ConnectPending(Box::new(connect));
        self.push_event(event, call.at)
    }

    fn on_connected_command(&mut self, call: &Call<'_>) -> Result<(), RtmpError> {
        let command = call.command;
        match command.name.as_str() {
            "createStream" => self.on_create_stream(call),
            "publish" => self.on_publish(call),
            "releaseStream" | "_checkbw" => self.answer(call, Value::Undefined),
            "getStreamLength" => self.answer(call, Value::Number(0.0)),
            "FCPublish" => self.on_fc_publish(call),
            "FCUnpublish" => {
                if let Some(id) = self.connection(|c| c.publish_named(command.argument(0))) {
                    self.end_by_peer(call, id)?;
                }
                self.answer_fc(call, "onFCUnpublish", reply::UNPUBLISH_SUCCESS)
            }
            "closeStream" => match self.connection(|c| c.publish_on(call.stream)) {
                Some(id) => self.end_by_peer(call, id),
                None => Ok(()),
            },
            "deleteStream" => self.on_delete_stream(call),
            "play" | "play2" => {
                let text = "This server does not play streams over RTMP.";
                let status = reply::on_status(call.stream, Level::Error, reply::PLAY_FAILED, text);
                self.link.reply(&status, call.at)
            }
            _ => self.on_unknown(call),
        }
    }

    fn on_create_stream(&mut self, call: &Call<'_>) -> Result<(), RtmpError> {
        let max = self.config.limits.message_streams;
        match self.connection_mut(|connection| connection.create_stream(max)) {
            Some(id) => self.answer(call, Value::Number(id.0.into())),
            None => self.refuse(call, "Too many streams."),
        }
    }

    /// The mode argument is often missing; `publish(false)` is Flash for "stop publishing".
    fn on_publish(&mut self, call: &Call<'_>) -> Result<(), RtmpError> {
        let name = match call.command.argument(0) {
            Value::Boolean(false) => {
                return match self.connection(|c| c.publish_on(call.stream)) {
                    Some(id) => self.end_by_peer(call, id),
                    None => Ok(()),
                };
            }
            value => value.as_str().unwrap_or_default(),
        };
        let (key, query) = split_name(bounded_name(name, &self.config.limits, call.at)?);
        let stream_key = StreamKey::new(key);
        let max = self.config.limits.message_streams;
        let State::Connected(connection) = &mut self.state else {
            return Ok(());
        };
        let Some((_, id)) = connection.request_publish(call.stream, &stream_key, max) else {
            let text = "The message stream is not free.";
            let code = "NetStream.Failed";
            let status = reply::on_status(call.stream, Level::Error, code, text);
            return self.link.reply(&status, call.at);
        };
        let request = PublishRequest {
            id,
            app: connection.connect.request.app.clone(),
            stream_key,
            query: query.followed_by(&connection.connect.app_query),
            publish_type: publish_type(call.command.argument(1)),
        };
        self.push_event(ServerEvent::PublishRequested(request), call.at)
    }

    /// Some encoders wait for `onFCPublish`, some for a plain result.
    fn on_fc_publish(&mut self, call: &Call<'_>) -> Result<(), RtmpError> {
        self.answer_fc(call, "onFCPublish", reply::PUBLISH_START)?;
        self.answer(call, Value::Undefined)
    }

    fn on_delete_stream(&mut self, call: &Call<'_>) -> Result<(), RtmpError> {
        let number = call.command.argument(0);
        let Some(stream) = self.connection(|c| c.stream_numbered(number)) else {
            return Ok(());
        };
        if let Some(id) = self.connection(|c| c.publish_on(stream)) {
            self.end_by_peer(call, id)?;
        }
        self.connection_mut(|connection| {
            connection.delete_stream(stream);
            Some(())
        });
        Ok(())
    }

    /// Unknown commands are no reason to close: encoders probe for extensions. Replies are never
    /// answered.
    fn on_unknown(&mut self, call: &Call<'_>) -> Result<(), RtmpError> {
        match call.command.name.as_str() {
            "_result" | "_error" | "onStatus" => Ok(()),
            _ => self.refuse(call, "Unknown command."),
        }
    }

    fn end_by_peer(&mut self, call: &Call<'_>, id: PublishId) -> Result<(), RtmpError> {
        let Some(stream) = self.connection_mut(|connection| connection.end_publish(id)) else {
            return Ok(());
        };
        self.waiting_since = call.now;
        let text = "Publishing ended.";
        let status = reply::on_status(stream, Level::Status, reply::UNPUBLISH_SUCCESS, text);
        self.link.reply(&status, call.at)?;
        self.push_event(ServerEvent::PublishEnded { id }, call.at)
    }

    fn answer(&mut self, call: &Call<'_>, value: Value) -> Result<(), RtmpError> {
        if !call.command.wants_reply() {
            return Ok(());
        }
        let message = reply::result(call.command.transaction, [Value::Null, value]);
        self.link.reply(&message, call.at)
    }

    fn answer_fc(&mut self, call: &Call<'_>, name: &str, code: &str) -> Result<(), RtmpError> {
        if !call.command.wants_reply() {
            return Ok(());
        }
        let message = reply::on_fc(name, call.command.transaction, code);
        self.link.reply(&message, call.at)
    }

    fn refuse(&mut self, call: &Call<'_>, description: &str) -> Result<(), RtmpError> {
        if !call.command.wants_reply() {
            return Ok(());
        }
        let transaction = call.command.transaction;
        self.link.reply(&reply::error(transaction, reply::CALL_FAILED, description), call.at)
    }

    fn connection<T>(&self, ask: impl FnOnce(&Connection) -> Option<T>) -> Option<T> {
        match &self.state {
            State::Connected(connection) => ask(connection),
            _ => None,
        }
    }

    fn connection_mut<T>(
        &mut self,
        change: impl FnOnce(&mut Connection) -> Option<T>,
    ) -> Option<T> {
        match &mut self.state {
            State::Connected(connection) => change(connection),
            _ => None,
        }
    }
}

fn publish_type(value: &Value) -> PublishType {
    match value.as_str() {
        Some("record") => PublishType::Record,
        Some("append") => PublishType::Append,
        _ => PublishType::Live,
    }
}
