//! A client and a server session in one room: virtual time, bytes moved by hand.

use std::time::{Duration, Instant};

use bytes::Bytes;
use genlock_rtmp::amf0::{self, Value};
use genlock_rtmp::chunk::{ChunkReader, ChunkWriter, ExtendedTimestamps, HeaderCompression};
use genlock_rtmp::message::{Message, MessageType};
use genlock_rtmp::{
    ChunkStreamId, ClientConfig, ClientEvent, ClientSession, Limits, MessageStreamId, RejectCode,
    RtmpError, RtmpTimestamp, ServerConfig, ServerEvent, ServerSession, StreamKey,
};

/// The origin of virtual time.
pub(crate) fn origin() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "only differences to it are used")]
    Instant::now()
}

/// What the application says to requests.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Policy {
    Accept,
    RejectConnect,
    RejectPublish(RejectCode),
    /// Leaves requests unanswered.
    Silent,
}

/// Answers the requests among `events`, and those that the answers lead to.
pub(crate) fn answer(
    server: &mut ServerSession,
    now: Instant,
    policy: Policy,
    events: &mut Vec<ServerEvent>,
) -> Result<(), RtmpError> {
    while let Some(event) = server.poll_event() {
        events.push(event.clone());
        match (event, policy) {
            (ServerEvent::ConnectRequested(_), Policy::RejectConnect) => {
                server.reject_connect("no such app")?;
            }
            (ServerEvent::ConnectRequested(_), Policy::Accept | Policy::RejectPublish(_)) => {
                server.accept_connect(now)?;
            }
            (ServerEvent::PublishRequested(request), Policy::Accept) => {
                server.accept_publish(now, request.id)?;
            }
            (ServerEvent::PublishRequested(request), Policy::RejectPublish(code)) => {
                server.reject_publish(request.id, code, "not you")?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Both ends of a connection.
pub(crate) struct Pair {
    pub(crate) server: ServerSession,
    pub(crate) client: ClientSession,
    pub(crate) now: Instant,
    pub(crate) policy: Policy,
    pub(crate) server_events: Vec<ServerEvent>,
    pub(crate) client_events: Vec<ClientEvent>,
    /// Everything the client has sent.
    pub(crate) sent: Vec<u8>,
}

impl Pair {
    pub(crate) fn new(client: ClientConfig) -> Self {
        Self::with(ServerConfig::default(), client, Policy::Accept)
    }

    pub(crate) fn with(server: ServerConfig, client: ClientConfig, policy: Policy) -> Self {
        let now = origin();
        Self {
            server: ServerSession::new(server, now, [9; 1528]),
            client: ClientSession::new(client, now, [7; 1528]),
            now,
            policy,
            server_events: Vec::new(),
            client_events: Vec::new(),
            sent: Vec::new(),
        }
    }

    /// Moves bytes both ways until nobody has any.
    pub(crate) fn exchange(&mut self) -> Result<(), RtmpError> {
        loop {
            let to_server = self.client.poll_transmit();
            let to_client = self.server.poll_transmit();
            if to_server.is_none() && to_client.is_none() {
                return Ok(());
            }
            if let Some(bytes) = to_server {
                self.sent.extend_from_slice(&bytes);
                let result = self.server.handle_bytes(self.now, bytes);
                answer(&mut self.server, self.now, self.policy, &mut self.server_events)?;
                result?;
            }
            if let Some(bytes) = to_client {
                self.client.handle_bytes(self.now, bytes)?;
                self.client_events.extend(std::iter::from_fn(|| self.client.poll_event()));
            }
        }
    }

    pub(crate) fn advance(&mut self, time: Duration) {
        self.now += time;
    }

    pub(crate) fn take_server_events(&mut self) -> Vec<ServerEvent> {
        std::mem::take(&mut self.server_events)
    }
}

pub(crate) fn client_config() -> ClientConfig {
    ClientConfig::new("live", StreamKey::new("secret"))
}

/// A server that is fed bytes written by hand.
pub(crate) struct Lone {
    pub(crate) server: ServerSession,
    pub(crate) now: Instant,
    pub(crate) policy: Policy,
    pub(crate) events: Vec<ServerEvent>,
}

impl Lone {
    /// A server behind its handshake.
    pub(crate) fn new() -> Self {
        Self::with(ServerConfig::default())
    }

    pub(crate) fn with(config: ServerConfig) -> Self {
        let now = origin();
        let server = ServerSession::new(config, now, [9; 1528]);
        let mut lone = Self { server, now, policy: Policy::Accept, events: Vec::new() };
        lone.feed(&simple_handshake()).expect("a plain handshake is accepted");
        lone.server.poll_transmit();
        lone
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(), RtmpError> {
        let result = self.server.handle_bytes(self.now, Bytes::copy_from_slice(bytes));
        answer(&mut self.server, self.now, self.policy, &mut self.events)?;
        result
    }

    /// Feeds what `wire` has collected.
    pub(crate) fn feed_wire(&mut self, wire: &mut Wire) -> Result<(), RtmpError> {
        let bytes = wire.take();
        self.feed(&bytes)
    }

    /// What the server has sent since the last call, as messages. The reader has to live as long as
    /// the server.
    pub(crate) fn replies(&mut self, reader: &mut ChunkReader) -> Vec<Message> {
        let mut bytes = self.server.poll_transmit().unwrap_or_default();
        let mut messages = Vec::new();
        while let Some(received) = reader.next_message(&mut bytes).expect("the server's chunks") {
            let message = received.message;
            if message.kind == MessageType::SET_CHUNK_SIZE {
                let size = message.payload.first_chunk().expect("four bytes");
                reader.set_chunk_size(u32::from_be_bytes(*size));
            }
            messages.push(message);
        }
        messages
    }
}

pub(crate) fn reply_reader() -> ChunkReader {
    ChunkReader::new(Limits::default(), 0)
}

/// C0, C1 and C2 of a client that sends them in one go.
pub(crate) fn simple_handshake() -> Vec<u8> {
    [&[3][..], &[0; 1536], &[0; 1536]].concat()
}

/// The values of the command messages among `messages`.
pub(crate) fn commands(messages: &[Message]) -> Vec<Vec<Value>> {
    let commands = messages.iter().filter(|m| m.kind == MessageType::COMMAND_AMF0);
    commands
        .map(|m| amf0::decode_all(&m.payload, Limits::default().amf).expect("the server's AMF"))
        .collect()
}

/// The status code inside a command.
pub(crate) fn code(command: &[Value]) -> Option<&str> {
    command.iter().find_map(|value| value.as_object()?.str("code"))
}

/// Writes messages the way an encoder does that is not ours.
pub(crate) struct Wire {
    writer: ChunkWriter,
}

impl Wire {
    pub(crate) fn new() -> Self {
        Self::with(HeaderCompression::On, ExtendedTimestamps::Repeated)
    }

    pub(crate) fn with(headers: HeaderCompression, extended: ExtendedTimestamps) -> Self {
        Self { writer: ChunkWriter::new(headers, extended) }
    }

    pub(crate) fn take(&mut self) -> Bytes {
        self.writer.take().unwrap_or_default()
    }

    pub(crate) fn chunk_size(&mut self, size: u32) -> &mut Self {
        self.control(1, &size.to_be_bytes());
        self.writer.set_chunk_size(size);
        self
    }

    pub(crate) fn control(&mut self, kind: u8, body: &[u8]) -> &mut Self {
        self.message(2, 0, kind, 0, body)
    }

    pub(crate) fn message(
        &mut self,
        chunk_stream: u32,
        message_stream: u32,
        kind: u8,
        timestamp: u32,
        body: &[u8],
    ) -> &mut Self {
        self.writer.write(&Message {
            chunk_stream: ChunkStreamId::new(chunk_stream).expect("a chunk stream id"),
            kind: MessageType(kind),
            timestamp: RtmpTimestamp(timestamp),
            message_stream: MessageStreamId(message_stream),
            payload: Bytes::copy_from_slice(body),
        });
        self
    }

    /// A command on chunk stream 3 and the connection.
    pub(crate) fn command(&mut self, name: &str, transaction: f64, values: &[Value]) -> &mut Self {
        self.command_on(3, 0, name, transaction, values)
    }

    pub(crate) fn command_on(
        &mut self,
        chunk_stream: u32,
        message_stream: u32,
        name: &str,
        transaction: f64,
        values: &[Value],
    ) -> &mut Self {
        let mut body = amf0::encode_all(&[name.into(), transaction.into()]);
        for value in values {
            amf0::encode(value, &mut body);
        }
        self.message(chunk_stream, message_stream, 20, 0, &body)
    }
}
