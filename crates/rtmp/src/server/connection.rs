//! What a connected peer has opened: message streams and the publishes on them.

use super::event::ConnectRequest;
use crate::amf0::{Object, Value};
use crate::enhanced::Capabilities;
use crate::error::{RtmpError, WirePosition};
use crate::limits::Limits;
use crate::message::Command;
use crate::names::{MessageStreamId, PublishId, Query, StreamKey, TcUrl, split_name};

/// `connect` as it was parsed; waits for a decision, then lives as long as the connection.
#[derive(Debug)]
pub(super) struct Connect {
    pub(super) transaction: f64,
    pub(super) object_encoding: f64,
    pub(super) app_query: Query,
    pub(super) request: ConnectRequest,
}

impl Connect {
    pub(super) fn parse(
        command: &Command,
        limits: &Limits,
        at: WirePosition,
    ) -> Result<Self, RtmpError> {
        let empty = Object::new();
        let object = command.object.as_object().unwrap_or(&empty);
        let text = |name: &str| bounded_name(object.str(name).unwrap_or_default(), limits, at);
        let tc_url = TcUrl::new(text("tcUrl")?);
        let (app, app_query) = match text("app")? {
            "" => split_name(tc_url.path().unwrap_or_default()),
            app => split_name(app),
        };
        let request = ConnectRequest {
            app,
            tc_url,
            flash_version: text("flashVer")?.to_owned(),
            swf_url: TcUrl::new(text("swfUrl")?),
            page_url: TcUrl::new(text("pageUrl")?),
            enhanced: Capabilities::read(object),
        };
        Ok(Self {
            transaction: command.transaction,
            object_encoding: object.number("objectEncoding").unwrap_or_default(),
            app_query,
            request,
        })
    }
}

/// A text of the peer's that is kept, within its limit.
pub(super) fn bounded_name<'a>(
    name: &'a str,
    limits: &Limits,
    at: WirePosition,
) -> Result<&'a str, RtmpError> {
    if name.len() <= limits.name_bytes {
        return Ok(name);
    }
    Err(RtmpError::LimitExceeded {
        what: "bytes of a name",
        limit: limits.name_bytes as u64,
        got: name.len() as u64,
        at,
    })
}

/// A connection that was accepted.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) connect: Connect,
    streams: Vec<MessageStream>,
    next_publish: u32,
}

/// A message stream and what happens on it.
#[derive(Debug)]
struct MessageStream {
    id: MessageStreamId,
    state: StreamState,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum StreamState {
    Idle,
    /// `publish` came; the application has not decided.
    Requested(Publish),
    Publishing(Publish),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Publish {
    id: PublishId,
    /// To find the publish that an FCUnpublish means.
    key: StreamKey,
}

impl Connection {
    pub(super) fn new(connect: Connect) -> Self {
        Self { connect, streams: Vec::new(), next_publish: 0 }
    }

    /// Opens a stream under the smallest free id, or `None` if there are `max` already.
    pub(super) fn create_stream(&mut self, max: usize) -> Option<MessageStreamId> {
        let free = (1..).map(MessageStreamId).find(|id| self.find(*id).is_none())?;
        self.open(free, max)
    }

    fn open(&mut self, id: MessageStreamId, max: usize) -> Option<MessageStreamId> {
        if self.streams.len() >= max {
            return None;
        }
        self.streams.push(MessageStream { id, state: StreamState::Idle });
        Some(id)
    }

    /// Marks a stream as requested and returns the stream and the new publish.
    ///
    /// Some encoders never call `createStream`: an unknown stream is opened. Some publish on stream
    /// 0: that means the only one there is. `None` if the stream is busy or cannot be opened.
    pub(super) fn request_publish(
        &mut self,
        on: MessageStreamId,
        key: &StreamKey,
        max_streams: usize,
    ) -> Option<(MessageStreamId, PublishId)> {
        let on = match self.streams.as_slice() {
            [only] if on == MessageStreamId::CONNECTION => only.id,
            _ => on,
        };
        if self.find(on).is_none() {
            self.open(on, max_streams)?;
        }
        let id = PublishId(self.next_publish);
        let stream = self.streams.iter_mut().find(|stream| stream.id == on)?;
        if stream.state != StreamState::Idle {
            return None;
        }
        stream.state = StreamState::Requested(Publish { id, key: key.clone() });
        self.next_publish = self.next_publish.wrapping_add(1);
        Some((on, id))
    }

    /// The stream whose publish waits for a decision.
    pub(super) fn requested(&self) -> Option<(MessageStreamId, PublishId)> {
        self.streams.iter().find_map(|stream| match &stream.state {
            StreamState::Requested(publish) => Some((stream.id, publish.id)),
            StreamState::Idle | StreamState::Publishing(_) => None,
        })
    }

    /// Lets a requested publish start.
    pub(super) fn start_publish(&mut self, id: PublishId) {
        for stream in &mut self.streams {
            if let StreamState::Requested(publish) = &stream.state
                && publish.id == id
            {
                stream.state = StreamState::Publishing(publish.clone());
            }
        }
    }

    /// The stream of a publish that has started.
    pub(super) fn stream_of(&self, id: PublishId) -> Option<MessageStreamId> {
        let mut running = self.running();
        running.find(|(_, publish)| publish.id == id).map(|(stream, _)| stream)
    }

    /// The publish that a message on `stream` belongs to. A message on stream 0 belongs to the only
    /// publish.
    pub(super) fn publish_on(&self, stream: MessageStreamId) -> Option<PublishId> {
        let exact = self.running().find(|(id, _)| *id == stream);
        exact.or_else(|| self.only_if_connection(stream)).map(|(_, publish)| publish.id)
    }

    fn only_if_connection(&self, stream: MessageStreamId) -> Option<(MessageStreamId, &Publish)> {
        let mut running = self.running();
        let first = running.next()?;
        (stream == MessageStreamId::CONNECTION && running.next().is_none()).then_some(first)
    }

    /// The publish that `FCUnpublish(name)` means: the one of that name, or the only one if there
    /// is no name.
    pub(super) fn publish_named(&self, name: &Value) -> Option<PublishId> {
        let publish = match name.as_str() {
            Some(name) => {
                let (name, _) = split_name(name);
                self.running().find(|(_, publish)| publish.key.expose() == name)
            }
            None => self.only_if_connection(MessageStreamId::CONNECTION),
        };
        publish.map(|(_, publish)| publish.id)
    }

    /// Ends a publish; the stream stays open. Returns the stream.
    pub(super) fn end_publish(&mut self, id: PublishId) -> Option<MessageStreamId> {
        let on = self.stream_of(id)?;
        let stream = self.streams.iter_mut().find(|stream| stream.id == on)?;
        stream.state = StreamState::Idle;
        Some(on)
    }

    /// The stream that `deleteStream` names by a number.
    pub(super) fn stream_numbered(&self, number: &Value) -> Option<MessageStreamId> {
        let id = MessageStreamId(number.as_u32()?);
        self.find(id).map(|stream| stream.id)
    }

    pub(super) fn delete_stream(&mut self, id: MessageStreamId) {
        self.streams.retain(|stream| stream.id != id);
    }

    pub(super) fn is_publishing(&self) -> bool {
        self.running().next().is_some()
    }

    fn running(&self) -> impl Iterator<Item = (MessageStreamId, &Publish)> {
        self.streams.iter().filter_map(|stream| match &stream.state {
            StreamState::Publishing(publish) => Some((stream.id, publish)),
            StreamState::Idle | StreamState::Requested(_) => None,
        })
    }

    fn find(&self, id: MessageStreamId) -> Option<&MessageStream> {
        self.streams.iter().find(|stream| stream.id == id)
    }
}
