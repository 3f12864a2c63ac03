//! The server's side of a publisher's connection, as a sans-IO state machine.
//!
//! ```text
//! handshake ─▶ await connect ─▶ connect pending ─▶ connected ⇄ publish pending
//!                                     │                │              │
//!                                     └───── refused, ended, failed ──┴──▶ closing
//! ```

mod command;
mod config;
mod connection;
mod event;
mod input;
mod reply;

use std::collections::VecDeque;
use std::fmt;
use std::time::Instant;

use bytes::Bytes;

pub use config::ServerConfig;
pub use event::{
    ConnectRequest, EndReason, MediaKind, MediaMessage, PublishRequest, PublishType, RejectCode,
    ServerEvent,
};

use self::connection::{Connect, Connection};
use self::reply::Level;
use crate::amf0::Object;
use crate::chunk::{ChunkWriter, ExtendedTimestamps, HeaderCompression, Phase};
use crate::enhanced::Extensions;
use crate::error::{Misbehaviour, RtmpError, WirePosition};
use crate::handshake::{HANDSHAKE_BYTES, Handshake, RANDOM_BYTES};
use crate::link::Link;
use crate::message::{MessageType, control};
use crate::names::{MessageStreamId, PublishId};

/// A publisher's connection, from the first byte of the handshake on.
///
/// # Contract
///
/// After every call that takes `&mut self` drain [`poll_event`](Self::poll_event) and answer the
/// requests among the events, then drain [`poll_transmit`](Self::poll_transmit) and send the bytes,
/// then look at [`should_close`](Self::should_close) and [`poll_timeout`](Self::poll_timeout). Call
/// [`handle_timeout`](Self::handle_timeout) when that instant has passed.
///
/// While a connect or publish request waits for its answer the session reads nothing: input is held
/// back, within a limit, and read when the answer is given. A shell does best not to read its
/// socket meanwhile.
///
/// An error is final: the session ignores all further input and wants to be closed once its bytes
/// are sent.
///
/// ```
/// use std::time::Instant;
///
/// use bytes::Bytes;
/// use genlock_rtmp::{ServerConfig, ServerSession};
///
/// # fn main() -> Result<(), genlock_rtmp::RtmpError> {
/// let now = Instant::now();
/// let mut session = ServerSession::new(ServerConfig::default(), now, [7; 1528]);
/// let c0_c1 = [&[3][..], &[0; 1536]].concat();
/// session.handle_bytes(now, Bytes::from(c0_c1))?;
/// let s0_s1_s2 = session.poll_transmit();
/// assert_eq!(s0_s1_s2.map(|bytes| bytes.len()), Some(1 + 1536 + 1536));
/// # Ok(())
/// # }
/// ```
pub struct ServerSession {
    config: ServerConfig,
    link: Link,
    state: State,
    events: VecDeque<ServerEvent>,
    /// Input that has not been read yet. Empty between calls unless a decision is pending.
    input: VecDeque<Bytes>,
    bytes_received: u64,
    ignored_messages: u64,
    last_input: Instant,
    /// When the present wait of the peer's began: for the handshake, or for a publish.
    waiting_since: Instant,
}

#[derive(Debug)]
enum State {
    Handshake(Handshake),
    AwaitConnect,
    ConnectPending(Box<Connect>),
    /// A publish may be pending; the connection knows.
    Connected(Box<Connection>),
    Closing,
}

impl ServerSession {
    /// A session that waits for the first byte. `handshake_random` goes into S1; it needs no
    /// secrecy.
    #[must_use]
    pub fn new(config: ServerConfig, now: Instant, handshake_random: [u8; RANDOM_BYTES]) -> Self {
        let writer = ChunkWriter::new(HeaderCompression::Off, ExtendedTimestamps::Repeated);
        let window = config.window_ack_size;
        let link = Link::new(&config.limits, writer, window, HANDSHAKE_BYTES);
        Self {
            config,
            link,
            state: State::Handshake(Handshake::server(handshake_random)),
            events: VecDeque::new(),
            input: VecDeque::new(),
            bytes_received: 0,
            ignored_messages: 0,
            last_input: now,
            waiting_since: now,
        }
    }

    /// Takes what arrived. Media payloads are slices of `bytes` where a message arrived in one
    /// piece.
    ///
    /// # Errors
    ///
    /// If the input is malformed, against the protocol, unsupported or beyond a limit. Events from
    /// before the fault can still be polled.
    pub fn handle_bytes(&mut self, now: Instant, bytes: Bytes) -> Result<(), RtmpError> {
        self.bytes_received = self.bytes_received.saturating_add(bytes.len() as u64);
        self.last_input = now;
        self.input.push_back(bytes);
        self.read_input(now)?;
        if self.is_past_handshake() {
            self.link.acknowledge(self.bytes_received);
        }
        Ok(())
    }

    /// Enforces the deadline of [`poll_timeout`](Self::poll_timeout). Does nothing before it.
    ///
    /// # Errors
    ///
    /// [`RtmpError::PeerMisbehaved`] when the peer let the deadline pass.
    pub fn handle_timeout(&mut self, now: Instant) -> Result<(), RtmpError> {
        match self.deadline() {
            Some((at, fault)) if now >= at => {
                let at = WirePosition::byte(self.bytes_received);
                self.fail(Err(RtmpError::PeerMisbehaved { fault, at }))
            }
            _ => Ok(()),
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) wants to be called. Moves with every input.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.deadline().map(|(at, _)| at)
    }

    /// Bytes to send, or `None` if there are none at present.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        self.link.take()
    }

    /// The next event, or `None` if there is none at present.
    pub fn poll_event(&mut self) -> Option<ServerEvent> {
        self.events.pop_front()
    }

    /// Whether the connection has served its purpose: it was refused, ended or failed, and
    /// everything has been taken by [`poll_transmit`](Self::poll_transmit).
    ///
    /// Shut down the sending side and linger some 100 to 500 ms before closing, or the peer may
    /// lose the reason.
    #[must_use]
    pub fn should_close(&self) -> bool {
        matches!(self.state, State::Closing) && self.link.pending() == 0
    }

    /// Bytes given to [`handle_bytes`](Self::handle_bytes) so far.
    #[must_use]
    pub fn bytes_received(&self) -> u64 {
        self.bytes_received
    }

    /// Messages that were skipped: unknown types, media outside a publish, metadata that is not
    /// AMF.
    #[must_use]
    pub fn ignored_messages(&self) -> u64 {
        self.ignored_messages
    }

    /// Accepts the pending connect and reads on.
    ///
    /// # Errors
    ///
    /// [`RtmpError::ApiMisuse`] if no connect is pending, or what held input leads to.
    pub fn accept_connect(&mut self, now: Instant) -> Result<(), RtmpError> {
        let connect = match std::mem::replace(&mut self.state, State::Closing) {
            State::ConnectPending(connect) => *connect,
            other => {
                self.state = other;
                return Err(self.misuse("accept_connect"));
            }
        };
        let window = self.config.window_ack_size;
        self.link.send(&control::number_message(MessageType::WINDOW_ACK_SIZE, window));
        self.link.send(&control::set_peer_bandwidth(window));
        self.link.announce_chunk_size(self.config.chunk_size);
        // Those who announce nothing get the answer they know.
        let enhanced = |object: Object| {
            if connect.request.enhanced.is_empty() {
                return object;
            }
            self.config.enhanced.write(object)
        };
        let reply = reply::connect_result(connect.transaction, connect.object_encoding, enhanced);
        self.link.send(&reply);
        self.state = State::Connected(Box::new(Connection::new(connect)));
        self.waiting_since = now;
        self.read_input(now)
    }

    /// Refuses the pending connect with `NetConnection.Connect.Rejected`; the session then wants to
    /// be closed.
    ///
    /// # Errors
    ///
    /// [`RtmpError::ApiMisuse`] if no connect is pending.
    pub fn reject_connect(&mut self, description: &str) -> Result<(), RtmpError> {
        let State::ConnectPending(connect) = &self.state else {
            return Err(self.misuse("reject_connect"));
        };
        let reply = reply::error(connect.transaction, reply::CONNECT_REJECTED, description);
        self.link.send(&reply);
        self.close();
        Ok(())
    }

    /// Lets a requested publish start and reads on, from here on with the limits of a publisher.
    ///
    /// # Errors
    ///
    /// [`RtmpError::ApiMisuse`] if that publish is not pending, or what held input leads to.
    pub fn accept_publish(&mut self, now: Instant, id: PublishId) -> Result<(), RtmpError> {
        let stream = self.pending_publish(id, "accept_publish")?;
        if let State::Connected(connection) = &mut self.state {
            connection.start_publish(id);
        }
        self.link.set_phase(Phase::Publishing);
        self.link.send(&control::stream_begin(stream));
        let text = "Publishing started.";
        self.link.send(&reply::on_status(stream, Level::Status, reply::PUBLISH_START, text));
        self.last_input = now;
        self.read_input(now)
    }

    /// Refuses a requested publish; the session then wants to be closed. `description` is what
    /// FFmpeg prints and OBS logs.
    ///
    /// # Errors
    ///
    /// [`RtmpError::ApiMisuse`] if that publish is not pending.
    pub fn reject_publish(
        &mut self,
        id: PublishId,
        code: RejectCode,
        description: &str,
    ) -> Result<(), RtmpError> {
        let stream = self.pending_publish(id, "reject_publish")?;
        self.link.send(&reply::on_status(stream, Level::Error, code.as_str(), description));
        self.close();
        Ok(())
    }

    /// Ends a publish that has started, and with it the connection.
    ///
    /// # Errors
    ///
    /// [`RtmpError::ApiMisuse`] if that publish is not running.
    pub fn end_publish(
        &mut self,
        id: PublishId,
        reason: EndReason,
        description: &str,
    ) -> Result<(), RtmpError> {
        let stream = match &self.state {
            State::Connected(connection) => connection.stream_of(id),
            _ => None,
        };
        let stream = stream.ok_or_else(|| self.misuse("end_publish"))?;
        let (level, code) = reason.status();
        self.link.send(&reply::on_status(stream, level, code, description));
        self.close();
        Ok(())
    }

    /// Asks the peer to connect anew, to `tc_url` if given, and returns whether it understands that
    /// (E-RTMP v2, "Reconnect Request"). The session goes on until the peer leaves.
    pub fn request_reconnect(&mut self, tc_url: Option<&str>) -> bool {
        let State::Connected(connection) = &self.state else {
            return false;
        };
        let extensions = connection.connect.request.enhanced.extensions;
        if !extensions.contains(Extensions::RECONNECT) {
            return false;
        }
        let text = "The server asks to reconnect.";
        let mut information = reply::information(Level::Status, reply::RECONNECT_REQUEST, text);
        if let Some(tc_url) = tc_url {
            information = information.with("tcUrl", tc_url);
        }
        self.link.send(&reply::on_status_with(MessageStreamId::CONNECTION, information));
        true
    }

    fn pending_publish(
        &self,
        id: PublishId,
        call: &'static str,
    ) -> Result<MessageStreamId, RtmpError> {
        match &self.state {
            State::Connected(connection) => match connection.requested() {
                Some((stream, requested)) if requested == id => Ok(stream),
                _ => Err(self.misuse(call)),
            },
            _ => Err(self.misuse(call)),
        }
    }

    fn misuse(&self, call: &'static str) -> RtmpError {
        RtmpError::ApiMisuse { call, state: self.state_name() }
    }

    fn state_name(&self) -> &'static str {
        match &self.state {
            State::Handshake(_) => "in the handshake",
            State::AwaitConnect => "waiting for connect",
            State::ConnectPending(_) => "a connect is pending",
            State::Connected(connection) if connection.requested().is_some() => {
                "a publish is pending"
            }
            State::Connected(_) => "connected",
            State::Closing => "closing",
        }
    }

    fn deadline(&self) -> Option<(Instant, Misbehaviour)> {
        let (since, timeout, fault) = match &self.state {
            State::Handshake(_) => {
                let timeout = self.config.handshake_timeout;
                (self.waiting_since, timeout, Misbehaviour::HandshakeTimeout)
            }
            State::Connected(connection) if connection.requested().is_some() => return None,
            State::Connected(connection) if connection.is_publishing() => {
                (self.last_input, self.config.idle_timeout, Misbehaviour::Silence)
            }
            State::AwaitConnect | State::Connected(_) => {
                let timeout = self.config.publish_timeout;
                (self.waiting_since, timeout, Misbehaviour::PublishTimeout)
            }
            State::ConnectPending(_) | State::Closing => return None,
        };
        Some((since.checked_add(timeout)?, fault))
    }

    /// Whether a decision of the application is awaited.
    fn is_pending(&self) -> bool {
        match &self.state {
            State::ConnectPending(_) => true,
            State::Connected(connection) => connection.requested().is_some(),
            State::Handshake(_) | State::AwaitConnect | State::Closing => false,
        }
    }

    fn is_past_handshake(&self) -> bool {
        !matches!(self.state, State::Handshake(_) | State::Closing)
    }

    fn close(&mut self) {
        self.state = State::Closing;
        self.input.clear();
    }
}

/// Leaves the buffers out: they hold the peer's secrets as raw bytes.
impl fmt::Debug for ServerSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerSession")
            .field("state", &self.state_name())
            .field("bytes_received", &self.bytes_received)
            .field("ignored_messages", &self.ignored_messages)
            .finish_non_exhaustive()
    }
}
