//! The publisher's side of a connection, as a sans-IO state machine.
//!
//! For tests and load generators: it sends what OBS sends, in OBS's order, and can be told to write
//! chunks the way other encoders do. It publishes one stream and plays none.

mod config;

use std::collections::VecDeque;
use std::fmt;
use std::time::Instant;

use bytes::Bytes;

pub use config::ClientConfig;

use crate::amf0::{Object, Value};
use crate::chunk::{ChunkWriter, Received};
use crate::enhanced::Capabilities;
use crate::error::{Misbehaviour, RtmpError, WirePosition};
use crate::handshake::{HANDSHAKE_BYTES, Handshake, Progress, RANDOM_BYTES};
use crate::link::Link;
use crate::message::{Command, Message, MessageType, command_message, data_message};
use crate::names::{ChunkStreamId, MessageStreamId};
use crate::server::MediaKind;
use crate::time::RtmpTimestamp;

/// A connection that publishes one stream.
///
/// # Contract
///
/// As for [`ServerSession`](crate::ServerSession): after every call drain
/// [`poll_event`](Self::poll_event) and [`poll_transmit`](Self::poll_transmit). Media may be sent
/// once [`ClientEvent::PublishStarted`] has been polled or [`is_publishing`](Self::is_publishing)
/// says so.
pub struct ClientSession {
    config: ClientConfig,
    link: Link,
    state: State,
    events: VecDeque<ClientEvent>,
    bytes_received: u64,
    deadline: Option<Instant>,
}

/// Something that happened in a client session.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// The server accepted `connect`.
    Connected {
        /// What it announces about Enhanced RTMP.
        enhanced: Capabilities,
    },
    /// The server lets the publish start.
    PublishStarted,
    /// The server refused, or ended the publish with an error. The session is over.
    Refused {
        /// Status code, such as `NetStream.Publish.BadName`.
        code: String,
        /// For people.
        description: String,
    },
    /// The server asks to connect anew.
    ReconnectRequested {
        /// Where to, if not to the same URL.
        tc_url: Option<String>,
    },
    /// Any other status.
    Status {
        /// Status code.
        code: String,
    },
}

/// One audio or video message to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaOut {
    /// Audio or video.
    pub kind: MediaKind,
    /// Decoding time.
    pub timestamp: RtmpTimestamp,
    /// FLV tag header and what follows it.
    pub payload: Bytes,
}

#[derive(Debug)]
enum State {
    Handshake(Handshake),
    Connecting,
    CreatingStream,
    AwaitStart(MessageStreamId),
    Publishing(MessageStreamId),
    Over,
}

const TRANSACTION_CONNECT: f64 = 1.0;
const TRANSACTION_RELEASE: f64 = 2.0;
const TRANSACTION_FC_PUBLISH: f64 = 3.0;
const TRANSACTION_CREATE_STREAM: f64 = 4.0;
const TRANSACTION_PUBLISH: f64 = 5.0;
const TRANSACTION_FC_UNPUBLISH: f64 = 6.0;
const TRANSACTION_DELETE_STREAM: f64 = 7.0;

/// Chunk streams as FFmpeg uses them.
const AUDIO_CHUNK_STREAM: ChunkStreamId = match ChunkStreamId::new(4) {
    Some(id) => id,
    None => ChunkStreamId::COMMAND,
};
const VIDEO_CHUNK_STREAM: ChunkStreamId = match ChunkStreamId::new(6) {
    Some(id) => id,
    None => ChunkStreamId::COMMAND,
};

impl ClientSession {
    /// A session that starts its handshake at once. `handshake_random` goes into C1; it needs no
    /// secrecy.
    #[must_use]
    pub fn new(config: ClientConfig, now: Instant, handshake_random: [u8; RANDOM_BYTES]) -> Self {
        let writer = ChunkWriter::new(config.headers, config.extended_timestamps);
        let mut link = Link::new(&config.limits, writer, config.window_ack_size, HANDSHAKE_BYTES);
        let handshake = Handshake::client(handshake_random);
        link.send_raw(&handshake.greeting());
        Self {
            deadline: now.checked_add(config.publish_timeout),
            config,
            link,
            state: State::Handshake(handshake),
            events: VecDeque::new(),
            bytes_received: 0,
        }
    }

    /// Takes what arrived.
    ///
    /// # Errors
    ///
    /// If the server's bytes are malformed or beyond a limit.
    pub fn handle_bytes(&mut self, _now: Instant, mut bytes: Bytes) -> Result<(), RtmpError> {
        self.bytes_received = self.bytes_received.saturating_add(bytes.len() as u64);
        while !bytes.is_empty() {
            self.read_some(&mut bytes)?;
        }
        if !matches!(self.state, State::Handshake(_) | State::Over) {
            self.link.acknowledge(self.bytes_received);
        }
        Ok(())
    }

    /// Enforces the deadline of [`poll_timeout`](Self::poll_timeout).
    ///
    /// # Errors
    ///
    /// [`RtmpError::PeerMisbehaved`] when the server has not let the publish start in time.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), RtmpError> {
        if self.deadline.is_none_or(|at| now < at) {
            return Ok(());
        }
        self.finish(State::Over);
        let at = WirePosition::byte(self.bytes_received);
        Err(RtmpError::PeerMisbehaved { fault: Misbehaviour::PublishTimeout, at })
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.deadline
    }

    /// Bytes to send, or `None` if there are none at present.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        self.link.take()
    }

    /// The next event, or `None` if there is none at present.
    pub fn poll_event(&mut self) -> Option<ClientEvent> {
        self.events.pop_front()
    }

    /// Whether media may be sent.
    #[must_use]
    pub fn is_publishing(&self) -> bool {
        matches!(self.state, State::Publishing(_))
    }

    /// Sends an audio or video message.
    ///
    /// # Errors
    ///
    /// [`RtmpError::ApiMisuse`] unless publishing.
    pub fn send_media(&mut self, media: MediaOut) -> Result<(), RtmpError> {
        let message = media.into_message(self.publishing("send_media")?);
        self.link.send(&message);
        Ok(())
    }

    /// Sends an audio message.
    ///
    /// # Errors
    ///
    /// [`RtmpError::ApiMisuse`] unless publishing.
    pub fn send_audio(
        &mut self,
        timestamp: RtmpTimestamp,
        payload: Bytes,
    ) -> Result<(), RtmpError> {
        self.send_media(MediaOut { kind: MediaKind::Audio, timestamp, payload })
    }

    /// Sends a video message.
    ///
    /// # Errors
    ///
    /// [`RtmpError::ApiMisuse`] unless publishing.
    pub fn send_video(
        &mut self,
        timestamp: RtmpTimestamp,
        payload: Bytes,
    ) -> Result<(), RtmpError> {
        self.send_media(MediaOut { kind: MediaKind::Video, timestamp, payload })
    }

    /// Sends an audio and a video message whose chunks take turns.
    ///
    /// # Errors
    ///
    /// [`RtmpError::ApiMisuse`] unless publishing, or if both are of one kind.
    pub fn send_interleaved(&mut self, first: MediaOut, second: MediaOut) -> Result<(), RtmpError> {
        let stream = self.publishing("send_interleaved")?;
        if first.kind == second.kind {
            let state = "both messages are of one kind";
            return Err(RtmpError::ApiMisuse { call: "send_interleaved", state });
        }
        self.link.send_interleaved(&[first.into_message(stream), second.into_message(stream)]);
        Ok(())
    }

    /// Sends `@setDataFrame onMetaData` with these properties.
    ///
    /// # Errors
    ///
    /// [`RtmpError::ApiMisuse`] unless publishing.
    pub fn send_metadata(
        &mut self,
        timestamp: RtmpTimestamp,
        properties: Object,
    ) -> Result<(), RtmpError> {
        let stream = self.publishing("send_metadata")?;
        let values = ["@setDataFrame".into(), "onMetaData".into(), Value::EcmaArray(properties)];
        self.link.send(&data_message(stream, timestamp, &values));
        Ok(())
    }

    /// Ends the publish the way encoders do: `FCUnpublish`, then `deleteStream`.
    ///
    /// # Errors
    ///
    /// [`RtmpError::ApiMisuse`] unless publishing.
    pub fn end(&mut self) -> Result<(), RtmpError> {
        let stream = self.publishing("end")?;
        let key = Value::from(self.config.stream_key.expose());
        self.call("FCUnpublish", TRANSACTION_FC_UNPUBLISH, [Value::Null, key]);
        let number = Value::Number(stream.0.into());
        self.call("deleteStream", TRANSACTION_DELETE_STREAM, [Value::Null, number]);
        self.finish(State::Over);
        Ok(())
    }

    fn publishing(&self, call: &'static str) -> Result<MessageStreamId, RtmpError> {
        match self.state {
            State::Publishing(stream) => Ok(stream),
            _ => Err(RtmpError::ApiMisuse { call, state: "not publishing" }),
        }
    }

    fn read_some(&mut self, bytes: &mut Bytes) -> Result<(), RtmpError> {
        match &mut self.state {
            State::Over => bytes.clear(),
            State::Handshake(handshake) => {
                let position = self.bytes_received.saturating_sub(bytes.len() as u64);
                match handshake.read(bytes, position)? {
                    Progress::NeedInput => {}
                    Progress::Reply(reply) => self.link.send_raw(&reply),
                    Progress::Done => self.connect(),
                }
            }
            _ => {
                if let Some(received) = self.link.next_message(bytes)? {
                    self.handle_message(&received)?;
                }
            }
        }
        Ok(())
    }

    fn handle_message(&mut self, received: &Received) -> Result<(), RtmpError> {
        let Received { message, at } = received;
        if message.kind != MessageType::COMMAND_AMF0 {
            return Ok(());
        }
        let command = Command::parse(message, self.config.limits.amf)
            .map_err(|fault| RtmpError::Malformed { fault, at: *at })?;
        let information = command.argument(0);
        match (&self.state, command.name.as_str()) {
            (State::Connecting, "_result") if command.transaction == TRANSACTION_CONNECT => {
                let object = command.object.as_object().or_else(|| information.as_object());
                let enhanced = object.map(Capabilities::read).unwrap_or_default();
                self.events.push_back(ClientEvent::Connected { enhanced });
                self.create_stream();
            }
            (State::CreatingStream, "_result")
                if command.transaction == TRANSACTION_CREATE_STREAM =>
            {
                self.publish(information);
            }
            (State::Connecting | State::CreatingStream, "_error") => self.refused(information),
            (_, "onStatus") => self.on_status(information),
            _ => {}
        }
        Ok(())
    }

    fn on_status(&mut self, information: &Value) {
        let property = |name| information.as_object().and_then(|object| object.str(name));
        let code = property("code").unwrap_or_default();
        match (&self.state, code) {
            (State::AwaitStart(stream), "NetStream.Publish.Start") => {
                self.finish(State::Publishing(*stream));
                self.events.push_back(ClientEvent::PublishStarted);
            }
            (_, "NetConnection.Connect.ReconnectRequest") => {
                let tc_url = property("tcUrl").map(str::to_owned);
                self.events.push_back(ClientEvent::ReconnectRequested { tc_url });
            }
            _ if property("level") == Some("error") => self.refused(information),
            _ => self.events.push_back(ClientEvent::Status { code: code.to_owned() }),
        }
    }

    fn refused(&mut self, information: &Value) {
        let text = |name| {
            let value = information.as_object().and_then(|object| object.str(name));
            value.unwrap_or_default().to_owned()
        };
        let event = ClientEvent::Refused { code: text("code"), description: text("description") };
        self.events.push_back(event);
        self.finish(State::Over);
    }

    fn connect(&mut self) {
        self.link.announce_chunk_size(self.config.chunk_size);
        let object = Object::new()
            .with("app", self.config.app.as_str())
            .with("type", "nonprivate")
            .with("flashVer", self.config.flash_version.as_str())
            .with("tcUrl", self.config.tc_url.as_str());
        let object = self.config.enhanced.write(object);
        self.call("connect", TRANSACTION_CONNECT, [object.into()]);
        self.state = State::Connecting;
    }

    fn create_stream(&mut self) {
        let key = Value::from(self.config.stream_key.expose());
        self.call("releaseStream", TRANSACTION_RELEASE, [Value::Null, key.clone()]);
        self.call("FCPublish", TRANSACTION_FC_PUBLISH, [Value::Null, key]);
        self.call("createStream", TRANSACTION_CREATE_STREAM, [Value::Null]);
        self.state = State::CreatingStream;
    }

    /// `number` is what the server answered to `createStream`.
    fn publish(&mut self, number: &Value) {
        let Some(stream) = number.as_u32().map(MessageStreamId) else {
            return self.refused(&Value::Null);
        };
        let values = [Value::Null, self.config.stream_key.expose().into(), Value::from("live")];
        self.link.send(&command_message(stream, "publish", TRANSACTION_PUBLISH, values));
        self.state = State::AwaitStart(stream);
    }

    fn call<const N: usize>(&mut self, name: &str, transaction: f64, values: [Value; N]) {
        let message = command_message(MessageStreamId::CONNECTION, name, transaction, values);
        self.link.send(&message);
    }

    /// Leaves the phase that has a deadline.
    fn finish(&mut self, state: State) {
        self.state = state;
        self.deadline = None;
    }
}

/// Leaves the configuration and the buffers out: they hold secrets.
impl fmt::Debug for ClientSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSession")
            .field("state", &self.state)
            .field("bytes_received", &self.bytes_received)
            .finish_non_exhaustive()
    }
}

impl MediaOut {
    fn into_message(self, message_stream: MessageStreamId) -> Message {
        let Self { kind, timestamp, payload } = self;
        let (kind, chunk_stream) = match kind {
            MediaKind::Audio => (MessageType::AUDIO, AUDIO_CHUNK_STREAM),
            MediaKind::Video => (MessageType::VIDEO, VIDEO_CHUNK_STREAM),
        };
        Message { chunk_stream, kind, timestamp, message_stream, payload }
    }
}
