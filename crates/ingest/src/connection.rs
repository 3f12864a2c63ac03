//! One connection: moves bytes between a socket and its session, and decides what the session asks.
//!
//! ```text
//!  ┌─▶ wait for: input, a deadline, an eviction, the server's stop
//!  │      │
//!  │   session ─▶ events ─▶ connect? publish? media ─▶ Publication ─▶ Feed
//!  │      │
//!  └── replies ─▶ socket          until the session wants to be closed
//! ```
//!
//! A refusal is decided before the publisher is told that it may start: told afterwards, OBS would
//! take it for a lost connection and come back for ever.

use std::future;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::BytesMut;
use genlock_media::EventTime;
use genlock_rtmp::{
    ConnectRequest, EndReason, MediaMessage, PublishId, PublishRequest as WireRequest, RtmpError,
    ServerEvent, ServerSession,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{self, Instant};
use tracing::Span;

use crate::config::IngestConfig;
use crate::gate::{Admission, ConnectionId, PublishRequest, Refusal};
use crate::gather::Gather;
use crate::listener::Shared;
use crate::publication::{Publication, PublicationError};
use crate::takeover::{Claim, Eviction};
use crate::transport::Transport;

/// Least room for a read. A quarter of the default buffer: below it a new buffer is taken.
const READ_BYTES_MIN: usize = 16 * 1024;

/// A connection and what it is doing.
pub(crate) struct Connection<S> {
    io: S,
    id: ConnectionId,
    peer: SocketAddr,
    config: Arc<IngestConfig>,
    shared: Arc<Shared>,
    session: ServerSession,
    buffer: BytesMut,
    /// Unless the socket is woken for every byte.
    gather: Option<Gather>,
    publication: Option<Publication>,
    /// What the peer said at `connect`.
    connect: ConnectRequest,
    /// The server stops: when waiting for the publisher to leave ends.
    leave_by: Option<Instant>,
}

/// Why a connection ends that was not refused or ended by us.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Protocol(#[from] RtmpError),
    #[error("connection lost: {0}")]
    Io(#[from] io::Error),
    #[error("peer did not take a reply in time")]
    WriteTimeout,
    /// The peer closed the connection, which is how many end a publish.
    #[error("closed by peer")]
    Closed,
}

/// What there was to wait for.
enum Wake {
    Input(io::Result<usize>),
    /// A deadline of the session, or of what was gathered, has passed.
    Deadline,
    Evicted(Eviction),
    /// The server stops.
    Stop,
    /// The server has waited long enough for the publisher to leave.
    Leave,
}

impl<S: Transport> Connection<S> {
    pub(crate) fn new(
        io: S,
        id: ConnectionId,
        peer: SocketAddr,
        config: Arc<IngestConfig>,
        shared: Arc<Shared>,
    ) -> Self {
        let now = Instant::now().into_std();
        Self {
            io,
            id,
            peer,
            session: ServerSession::new(config.session(), now, scatter()),
            buffer: BytesMut::with_capacity(config.read_buffer_bytes),
            config,
            shared,
            gather: Some(Gather::default()),
            publication: None,
            connect: ConnectRequest::default(),
            leave_by: None,
        }
    }

    /// Serves the connection to its end, and logs the end in one line.
    pub(crate) async fn serve(mut self) {
        let reason = match self.run().await {
            Ok(()) => {
                self.say_goodbye().await;
                None
            }
            Err(Fault::Closed) => {
                match self.publication {
                    Some(_) => tracing::info!("publish ended, closed by peer"),
                    None => tracing::debug!("closed by peer"),
                }
                None
            }
            Err(fault) => {
                tracing::warn!(error = %fault, "connection ended");
                Some(fault.to_string())
            }
        };
        if let Some(publication) = self.publication.take() {
            publication.close(self.now(), reason.as_deref());
        }
    }

    async fn run(&mut self) -> Result<(), Fault> {
        loop {
            self.settle().await?;
            if self.session.should_close() {
                return Ok(());
            }
            let acted = match self.wake().await {
                Wake::Input(Ok(0)) => return Err(self.closed()),
                // TLS calls it an error when a peer closes without a word; many publishers do.
                Wake::Input(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(self.closed());
                }
                Wake::Input(Ok(read)) => self.input(read),
                Wake::Input(Err(error)) => return Err(error.into()),
                Wake::Leave => {
                    self.leave_by = None;
                    self.end(EndReason::Shutdown, "the server stops")
                }
                Wake::Deadline => self.timeout(),
                Wake::Evicted(eviction) => self.fail(&PublicationError::Evicted(eviction)),
                Wake::Stop => match self.stop() {
                    true => Ok(()),
                    false => return Ok(()),
                },
            };
            if let Err(error) = acted {
                // What came before the fault still counts; what goes wrong now matters no more.
                let _ = self.settle().await;
                return Err(error.into());
            }
        }
    }

    fn input(&mut self, read: usize) -> Result<(), RtmpError> {
        let now = Instant::now();
        if let Some(publication) = &self.publication {
            publication.touch(self.shared.clock.now());
            let mark = self.gather.as_mut().and_then(|gather| gather.read(now, read));
            self.wake_for(mark);
        }
        let bytes = self.buffer.split().freeze();
        self.session.handle_bytes(now.into_std(), bytes)
    }

    fn timeout(&mut self) -> Result<(), RtmpError> {
        let now = Instant::now();
        let mark = self.gather.as_mut().and_then(|gather| gather.handle_timeout(now));
        self.wake_for(mark);
        self.session.handle_timeout(now.into_std())
    }

    fn wake_for(&mut self, mark: Option<u32>) {
        if let Some(mark) = mark
            && !self.io.wake_for(mark)
        {
            self.gather = None;
        }
    }

    /// The peer sends no more.
    fn closed(&mut self) -> Fault {
        self.session.handle_end().map_or_else(Fault::from, |()| Fault::Closed)
    }

    /// Input comes before the session's deadline: after a pause of the whole process a publisher is not
    /// taken for dead whose bytes are waiting.
    async fn wake(&mut self) -> Wake {
        self.buffer.reserve(READ_BYTES_MIN);
        let ends = self.session.poll_timeout().map(Instant::from_std);
        let deadline =
            ends.into_iter().chain(self.gather.as_ref().and_then(Gather::poll_timeout)).min();
        let publication = &mut self.publication;
        let evicted = async {
            match publication {
                Some(publication) => publication.evicted().await,
                None => future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.shared.stop.cancelled(), if self.leave_by.is_none() => Wake::Stop,
            () = sleep_until(self.leave_by) => Wake::Leave,
            eviction = evicted => Wake::Evicted(eviction),
            read = self.io.read_buf(&mut self.buffer) => Wake::Input(read),
            () = sleep_until(deadline) => Wake::Deadline,
        }
    }

    /// Handles all events and sends all replies.
    async fn settle(&mut self) -> Result<(), Fault> {
        loop {
            while let Some(event) = self.session.poll_event() {
                self.event(event).await?;
            }
            let Some(bytes) = self.session.poll_transmit() else { return Ok(()) };
            let io = &mut self.io;
            let write = async {
                io.write_all(&bytes).await?;
                // TLS keeps what the socket does not take at once.
                io.flush().await
            };
            match time::timeout(self.config.write_timeout, write).await {
                Ok(written) => written?,
                Err(_elapsed) => return Err(Fault::WriteTimeout),
            }
        }
    }

    async fn event(&mut self, event: ServerEvent) -> Result<(), Fault> {
        match event {
            ServerEvent::ConnectRequested(request) => self.connect(request)?,
            ServerEvent::PublishRequested(request) => self.publish(request).await?,
            ServerEvent::Media(message) => self.media(&message)?,
            ServerEvent::Metadata { id, properties, .. } => {
                if let Some(publication) = self.publication.as_ref().filter(|p| p.id == id)
                    && let Some(name) = properties.str("encoder")
                {
                    publication.encoder(name);
                }
            }
            ServerEvent::PublishEnded { id } => self.unpublish(id),
            _ => {}
        }
        Ok(())
    }

    fn connect(&mut self, request: ConnectRequest) -> Result<(), RtmpError> {
        // What follows the application in the URL is, in publishers without a separate key, the key.
        let app = request.app.split('/').next().unwrap_or_default();
        if app != self.config.app {
            tracing::info!("connect to an unknown application refused");
            return self.session.reject_connect("unknown application");
        }
        Span::current().record("app", app);
        self.connect = request;
        self.session.accept_connect(Instant::now().into_std())
    }

    async fn publish(&mut self, wire: WireRequest) -> Result<(), Fault> {
        let id = wire.id;
        if self.publication.is_some() {
            // OBS publishes further audio tracks under names of their own: they are taken and ignored.
            tracing::info!("a further publish on the same connection is ignored");
            return Ok(self.session.accept_publish(Instant::now().into_std(), id)?);
        }
        match self.admit(wire).await {
            Ok((admission, claim)) => self.start(id, admission, claim)?,
            Err(refusal) => {
                tracing::warn!(reason = %refusal, "publish refused");
                self.session.reject_publish(id, refusal.code(), &refusal.to_string())?;
            }
        }
        Ok(())
    }

    /// Asks who knows the keys, then for the camera's place.
    async fn admit(&self, wire: WireRequest) -> Result<(Admission, Claim), Refusal> {
        let Shared { clock, stop, .. } = &*self.shared;
        let asked = time::timeout(self.config.admit_timeout, self.ask(wire));
        let admission = tokio::select! {
            () = stop.cancelled() => Err(Refusal::Unavailable("the server stops".to_owned())),
            answer = asked => answer.unwrap_or_else(|_elapsed| {
                Err(Refusal::Unavailable("the server is busy, try again".to_owned()))
            }),
        }?;
        Span::current().record("camera", admission.label.as_str());
        let claim = admission.slot.claim(clock.now(), self.peer.ip());
        match claim {
            Ok(claim) => Ok((admission, claim)),
            Err(refusal) => {
                admission.monitor.refused(&refusal.to_string());
                Err(refusal)
            }
        }
    }

    /// Asks the gate, after the delay that earlier refusals have earned this address.
    async fn ask(&self, wire: WireRequest) -> Result<Admission, Refusal> {
        let Shared { gate, clock, throttle, .. } = &*self.shared;
        let address = self.peer.ip();
        time::sleep(throttle.delay(clock.now(), address)).await;
        let answer = gate.admit(self.request(wire)).await;
        if matches!(answer, Err(Refusal::UnknownKey)) {
            throttle.note(clock.now(), address);
        }
        answer
    }

    fn request(&self, wire: WireRequest) -> PublishRequest {
        let (app, rest) = wire.app.split_once('/').unwrap_or((&wire.app, ""));
        let in_app = wire.stream_key.expose().is_empty();
        PublishRequest {
            connection: self.id,
            peer: self.peer,
            app: app.to_owned(),
            stream_key: if in_app { crate::StreamKey::new(rest) } else { wire.stream_key },
            query: wire.query,
            publish_type: wire.publish_type,
            connect: self.connect.clone(),
        }
    }

    fn start(&mut self, id: PublishId, admission: Admission, claim: Claim) -> Result<(), Fault> {
        let now = self.shared.clock.now();
        let publication = Publication::new(now, id, claim, admission, self.peer.ip());
        if !self.connect.flash_version.is_empty() {
            publication.encoder(&self.connect.flash_version);
        }
        self.publication = Some(publication);
        tracing::info!("publishing");
        Ok(self.session.accept_publish(Instant::now().into_std(), id)?)
    }

    fn media(&mut self, message: &MediaMessage) -> Result<(), RtmpError> {
        let now = self.shared.clock.now();
        let Some(publication) = self.publication.as_mut().filter(|p| p.id == message.id) else {
            return Ok(());
        };
        match publication.message(now, message) {
            Ok(()) => Ok(()),
            Err(error) => self.fail(&error),
        }
    }

    fn unpublish(&mut self, id: PublishId) {
        if let Some(publication) = self.publication.take_if(|publication| publication.id == id) {
            tracing::info!("publish ended");
            publication.close(self.shared.clock.now(), None);
            let mark = self.gather.as_mut().and_then(Gather::stop);
            self.wake_for(mark);
        }
    }

    /// Ends the publication because of what it did or lost.
    fn fail(&mut self, error: &PublicationError) -> Result<(), RtmpError> {
        let sentence = error.to_string();
        tracing::warn!(reason = %sentence, "publish ended by the server");
        let ended = self.end(EndReason::Rejected, &sentence);
        if let Some(mut publication) = self.publication.take() {
            publication.note_end(error);
            publication.close(self.now(), Some(&sentence));
        }
        ended
    }

    fn end(&mut self, reason: EndReason, sentence: &str) -> Result<(), RtmpError> {
        match &self.publication {
            Some(publication) => self.session.end_publish(publication.id, reason, sentence),
            None => Ok(()),
        }
    }

    /// The server stops. Tells whether the connection goes on for a while: a publisher that
    /// understands a request to reconnect leaves by itself when it has found another place.
    fn stop(&mut self) -> bool {
        let Some(publication) = &self.publication else { return false };
        if self.session.request_reconnect(None) {
            self.leave_by = Some(Instant::now() + self.config.drain);
            return true;
        }
        // The publication runs, so that its end cannot be a misuse.
        self.leave_by = Some(Instant::now());
        let id = publication.id;
        self.session.end_publish(id, EndReason::Shutdown, "the server stops").is_ok()
    }

    /// Closes a connection so that the peer can read the last reply: a reset would throw it away.
    async fn say_goodbye(&mut self) {
        let linger = async {
            self.io.shutdown().await?;
            loop {
                self.buffer.clear();
                if self.io.read_buf(&mut self.buffer).await? == 0 {
                    return io::Result::Ok(());
                }
            }
        };
        // Whatever happens now, there is nothing left to do about it.
        let _ = time::timeout(self.config.linger, linger).await;
    }

    fn now(&self) -> EventTime {
        self.shared.clock.now()
    }
}

/// Sleeps for ever if there is no deadline.
async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => time::sleep_until(deadline).await,
        None => future::pending().await,
    }
}

/// Bytes for the handshake, which need to differ but not to be secret.
fn scatter() -> [u8; 1528] {
    let seed = RandomState::new();
    let mut bytes = [0; 1528];
    for (index, chunk) in bytes.chunks_mut(8).enumerate() {
        chunk.copy_from_slice(&seed.hash_one(index).to_le_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests;
