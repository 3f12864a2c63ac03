//! Reading input: handshake, then messages; which of them become events.

use std::time::Instant;

use bytes::Bytes;

use super::event::{MediaKind, MediaMessage, ServerEvent};
use super::{ServerSession, State};
use crate::amf0::{Decoder, Object, Value};
use crate::chunk::Received;
use crate::error::{Malformed, RtmpError, WirePosition};
use crate::handshake::Progress;
use crate::message::{Aggregate, Command, Message, MessageType, amf_body};

impl ServerSession {
    /// Takes note that the peer has closed its side.
    ///
    /// # Errors
    ///
    /// [`Malformed::Truncated`] if that happened inside the handshake or
    /// inside a message. A connection on which nothing came is none.
    pub fn handle_end(&mut self) -> Result<(), RtmpError> {
        let unfinished = match &self.state {
            State::Handshake(_) if self.bytes_received > 0 => {
                Some(("the handshake", WirePosition::default()))
            }
            State::Handshake(_) | State::Closing => None,
            // What is held while a decision is pending has not been looked at.
            _ if !self.input.is_empty() => None,
            _ => self.link.unfinished(),
        };
        let Some((what, place)) = unfinished else { return Ok(()) };
        let at = WirePosition { byte: self.bytes_received, ..place };
        self.fail(Err(RtmpError::Malformed { fault: Malformed::Truncated(what), at }))
    }

    pub(super) fn fail(&mut self, result: Result<(), RtmpError>) -> Result<(), RtmpError> {
        if result.is_err() {
            self.close();
        }
        result
    }

    pub(super) fn read_input(&mut self, now: Instant) -> Result<(), RtmpError> {
        let result = self.try_read_input(now);
        self.fail(result)
    }

    fn try_read_input(&mut self, now: Instant) -> Result<(), RtmpError> {
        while !self.is_pending() {
            let Some(mut bytes) = self.input.pop_front() else {
                return Ok(());
            };
            self.read_some(now, &mut bytes)?;
            if !bytes.is_empty() {
                self.input.push_front(bytes);
            }
        }
        let held = self.input.iter().fold(0_usize, |sum, bytes| sum.saturating_add(bytes.len()));
        if held > self.config.limits.held_bytes {
            return Err(RtmpError::LimitExceeded {
                what: "bytes held while a decision is pending",
                limit: self.config.limits.held_bytes as u64,
                got: held as u64,
                at: WirePosition::byte(self.bytes_received),
            });
        }
        Ok(())
    }

    /// Reads from `bytes` until something has changed or all of them are used up.
    fn read_some(&mut self, now: Instant, bytes: &mut Bytes) -> Result<(), RtmpError> {
        match &mut self.state {
            State::Handshake(handshake) => {
                let position = self.bytes_received.saturating_sub(bytes.len() as u64);
                match handshake.read(bytes, position)? {
                    Progress::NeedInput => {}
                    Progress::Reply(reply) => self.link.send_raw(&reply),
                    Progress::Done => {
                        self.state = State::AwaitConnect;
                        self.waiting_since = now;
                    }
                }
                Ok(())
            }
            State::Closing => {
                bytes.clear();
                Ok(())
            }
            State::AwaitConnect | State::ConnectPending(_) | State::Connected(_) => {
                match self.link.next_message(bytes)? {
                    Some(received) => self.handle_message(now, received),
                    None => Ok(()),
                }
            }
        }
    }

    fn handle_message(&mut self, now: Instant, received: Received) -> Result<(), RtmpError> {
        let Received { message, at } = received;
        match message.kind {
            MessageType::COMMAND_AMF0 | MessageType::COMMAND_AMF3 => {
                let command = Command::parse(&message, self.config.limits.amf)
                    .map_err(|fault| RtmpError::Malformed { fault, at })?;
                self.handle_command(now, &command, message.message_stream, at)
            }
            MessageType::AGGREGATE => self.handle_aggregate(message, at),
            _ => self.handle_data(message, at),
        }
    }

    fn handle_aggregate(&mut self, message: Message, at: WirePosition) -> Result<(), RtmpError> {
        let mut aggregate = Aggregate::new(message);
        let limit = self.config.limits.aggregate_messages;
        for _ in 0..limit {
            let part = aggregate.next_message();
            match part.map_err(|fault| RtmpError::Malformed { fault, at })? {
                Some(message) if message.payload.is_empty() => {}
                Some(message) => self.handle_data(message, at)?,
                None => return Ok(()),
            }
        }
        if aggregate.is_empty() {
            return Ok(());
        }
        Err(RtmpError::LimitExceeded {
            what: "messages in an aggregate",
            limit: limit as u64,
            got: limit.saturating_add(1) as u64,
            at,
        })
    }

    /// Audio, video and metadata; anything else is skipped.
    fn handle_data(&mut self, message: Message, at: WirePosition) -> Result<(), RtmpError> {
        match self.data_event(message) {
            Some(event) => self.push_event(event, at),
            None => {
                self.ignored_messages = self.ignored_messages.saturating_add(1);
                Ok(())
            }
        }
    }

    fn data_event(&self, message: Message) -> Option<ServerEvent> {
        let State::Connected(connection) = &self.state else {
            return None;
        };
        let id = connection.publish_on(message.message_stream)?;
        let timestamp = message.timestamp;
        let kind = match message.kind {
            MessageType::AUDIO => MediaKind::Audio,
            MessageType::VIDEO => MediaKind::Video,
            MessageType::DATA_AMF0 | MessageType::DATA_AMF3 => {
                let properties = self.metadata(&message)?;
                return Some(ServerEvent::Metadata { id, timestamp, properties });
            }
            _ => return None,
        };
        let payload = message.payload;
        Some(ServerEvent::Media(MediaMessage { id, kind, timestamp, payload }))
    }

    /// The properties of `[@setDataFrame] onMetaData properties`. Metadata is a hint: what is not
    /// AMF is no reason to drop a camera.
    fn metadata(&self, message: &Message) -> Option<Object> {
        let mut values = Decoder::new(amf_body(message), self.config.limits.amf);
        let mut name = values.next_value().ok()??;
        if name.as_str() == Some("@setDataFrame") {
            name = values.next_value().ok()??;
        }
        if name.as_str() != Some("onMetaData") {
            return None;
        }
        match values.next_value().ok()?? {
            Value::Object(properties) | Value::EcmaArray(properties) => Some(properties),
            _ => None,
        }
    }

    pub(super) fn push_event(
        &mut self,
        event: ServerEvent,
        at: WirePosition,
    ) -> Result<(), RtmpError> {
        let limit = self.config.limits.events;
        if self.events.len() >= limit {
            return Err(RtmpError::LimitExceeded {
                what: "events waiting",
                limit: limit as u64,
                got: limit.saturating_add(1) as u64,
                at,
            });
        }
        self.events.push_back(event);
        Ok(())
    }
}
