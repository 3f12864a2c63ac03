//! One RTMP connection: a socket around the sans-IO client session.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::{Buf as _, Bytes, BytesMut};
use genlock_rtmp::amf0::Object;
use genlock_rtmp::{ClientConfig, ClientEvent, ClientSession, MediaOut, RtmpTimestamp, StreamKey};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};

use crate::random::Random;
use crate::target::RtmpUrl;

/// Time for the TCP connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A server that takes no byte for this long has lost the camera.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// Servers answer with acknowledgements only.
const READ_BYTES: usize = 4096;

/// A connection that may publish.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    session: ClientSession,
    /// What the kernel has not taken yet.
    unsent: Bytes,
    received: BytesMut,
    sent_bytes: u64,
}

impl Connection {
    /// Connects, shakes hands and asks to publish.
    ///
    /// # Errors
    ///
    /// If the server is not there, refuses, or does not answer in time.
    pub(super) async fn open(
        address: SocketAddr,
        url: &RtmpUrl,
        chunk_size: u32,
        random: &mut Random,
    ) -> anyhow::Result<Self> {
        let stream = timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await;
        let stream = stream.context("no TCP connection in time")?.context("connect")?;
        stream.set_nodelay(true)?;
        let mut config = ClientConfig::new(url.app.as_str(), StreamKey::new(url.key.as_str()));
        config.tc_url = url.tc_url();
        config.chunk_size = chunk_size;
        let mut handshake = [0; _];
        random.fill(&mut handshake);
        let session = ClientSession::new(config, Instant::now().into_std(), handshake);
        let received = BytesMut::with_capacity(READ_BYTES);
        let mut connection =
            Self { stream, session, unsent: Bytes::new(), received, sent_bytes: 0 };
        connection.flush().await?;
        while !connection.session.is_publishing() {
            let deadline = connection.session.poll_timeout().map(Instant::from_std);
            let deadline = deadline.unwrap_or_else(|| Instant::now() + CONNECT_TIMEOUT);
            connection.read_until(deadline).await?;
            if Instant::now() >= deadline {
                bail!("the server did not let the publish start in time");
            }
        }
        Ok(connection)
    }

    /// Sends `@setDataFrame onMetaData`.
    pub(super) async fn send_metadata(&mut self, properties: Object) -> anyhow::Result<()> {
        self.session.send_metadata(RtmpTimestamp(0), properties)?;
        self.flush().await
    }

    /// Sends one message; returns when the kernel has taken it.
    pub(super) async fn send(&mut self, media: MediaOut) -> anyhow::Result<()> {
        self.session.send_media(media)?;
        self.flush().await
    }

    /// Reads what the server says until a moment comes.
    ///
    /// # Errors
    ///
    /// If the server ends the connection or the publish.
    pub(super) async fn wait_until(&mut self, moment: Instant) -> anyhow::Result<()> {
        while Instant::now() < moment {
            self.read_until(moment).await?;
        }
        Ok(())
    }

    /// Says goodbye as encoders do.
    pub(super) async fn end(&mut self) -> anyhow::Result<()> {
        self.session.end()?;
        self.flush().await?;
        Ok(self.stream.shutdown().await?)
    }

    /// Bytes sent since the last call.
    pub(super) fn take_sent_bytes(&mut self) -> u64 {
        std::mem::take(&mut self.sent_bytes)
    }

    /// One read, unless the moment comes first.
    async fn read_until(&mut self, moment: Instant) -> anyhow::Result<()> {
        self.received.reserve(READ_BYTES);
        tokio::select! {
            read = self.stream.read_buf(&mut self.received) => {
                if read.context("read")? == 0 {
                    bail!("the server closed the connection");
                }
            }
            () = sleep_until(moment) => return Ok(()),
        }
        let bytes = self.received.split().freeze();
        self.session.handle_bytes(Instant::now().into_std(), bytes)?;
        while let Some(event) = self.session.poll_event() {
            if let ClientEvent::Refused { code, description } = event {
                bail!("refused: {code} {description}");
            }
        }
        self.flush().await
    }

    /// Writes everything that waits. May be cancelled: what is unsent stays.
    async fn flush(&mut self) -> anyhow::Result<()> {
        loop {
            if self.unsent.is_empty() {
                match self.session.poll_transmit() {
                    Some(bytes) => self.unsent = bytes,
                    None => return Ok(()),
                }
            }
            let written = timeout(WRITE_TIMEOUT, self.stream.write(&self.unsent)).await;
            let written = written.context("the server takes no more bytes")?;
            let written = written.and_then(|count| match count {
                0 => Err(io::ErrorKind::WriteZero.into()),
                count => Ok(count),
            });
            let written = written.context("write")?;
            self.unsent.advance(written);
            self.sent_bytes += written as u64;
        }
    }
}
