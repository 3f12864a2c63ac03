//! A client's connection, to which two may write: its own task, and whoever tells something to many clients at once.
//!
//! ```text
//!  client's task ── tungstenite ── LineStream ──▶ ┐
//!                                                 Line ──▶ socket
//!  fan-out ──────── whole frames ── try_send ───▶ ┘
//! ```
//!
//! What the socket does not take is kept, so that a frame that was begun is always ended before another one.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What carries bytes both ways.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<W: AsyncRead + AsyncWrite + Send + Unpin> Wire for W {}

/// A client's connection.
pub(crate) struct Line(Mutex<Ends>);

struct Ends {
    wire: Box<dyn Wire>,
    /// What was begun and has not left: at most what one write held.
    rest: Bytes,
}

/// What became of frames that were to be sent at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// The socket has them.
    All,
    /// The socket has a part; [`Line::flushed`] sends the rest.
    Part,
    /// Nothing was sent: the client is slow, or gone.
    Nothing,
}

impl Line {
    /// The connection over `wire`.
    pub(crate) fn new(wire: impl Wire + 'static) -> Self {
        Self(Mutex::new(Ends { wire: Box::new(wire), rest: Bytes::new() }))
    }

    /// Sends whole frames, if that needs no waiting.
    pub(crate) fn try_send(&self, frames: &Bytes) -> Sent {
        let mut ends = self.lock();
        if !ends.rest.is_empty() {
            return Sent::Nothing;
        }
        // Who has to wait does so in `flushed`.
        let mut nobody = Context::from_waker(Waker::noop());
        match Pin::new(&mut ends.wire).poll_write(&mut nobody, frames) {
            Poll::Ready(Ok(bytes)) if bytes > 0 => {
                ends.rest = frames.slice(bytes..);
                // TLS takes what the socket has no room for, and keeps it.
                match ends.poll_sent(&mut nobody) {
                    Poll::Ready(Ok(())) => Sent::All,
                    Poll::Ready(Err(_)) | Poll::Pending => Sent::Part,
                }
            }
            Poll::Ready(_) | Poll::Pending => Sent::Nothing,
        }
    }

    /// Waits until the socket has everything.
    ///
    /// # Errors
    /// When the connection is lost.
    pub(crate) async fn flushed(&self) -> io::Result<()> {
        std::future::poll_fn(|cx| self.lock().poll_sent(cx)).await
    }

    /// Whole after every call, so that a panic elsewhere leaves it usable.
    fn lock(&self) -> MutexGuard<'_, Ends> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ends {
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.rest.is_empty() {
            let bytes = ready!(Pin::new(&mut self.wire).poll_write(cx, &self.rest))?;
            if bytes == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.rest.advance(bytes);
        }
        Poll::Ready(Ok(()))
    }

    /// Ready when the socket has everything.
    fn poll_sent(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_rest(cx))?;
        Pin::new(&mut self.wire).poll_flush(cx)
    }
}

/// The side of the client's task. A write takes all or nothing, so that frames stay whole.
pub(crate) struct LineStream(pub(crate) Arc<Line>);

impl AsyncRead for LineStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0.lock().wire).poll_read(cx, buffer)
    }
}

impl AsyncWrite for LineStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut ends = self.0.lock();
        ready!(ends.poll_rest(cx))?;
        let sent = ready!(Pin::new(&mut ends.wire).poll_write(cx, bytes))?;
        ends.rest = Bytes::copy_from_slice(&bytes[sent..]);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.lock().poll_sent(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut ends = self.0.lock();
        ready!(ends.poll_rest(cx))?;
        Pin::new(&mut ends.wire).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Context;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const FRAMES: &[u8] = b"0123456789";

    #[tokio::test]
    async fn frames_stay_whole_whoever_writes() {
        let (mut client, server) = tokio::io::duplex(16);
        let line = Arc::new(Line::new(server));
        let mut own = LineStream(Arc::clone(&line));
        assert_eq!(line.try_send(&Bytes::from_static(FRAMES)), Sent::All);
        assert_eq!(line.try_send(&Bytes::from_static(FRAMES)), Sent::Part);
        assert_eq!(line.try_send(&Bytes::from_static(FRAMES)), Sent::Nothing);

        let mut nobody = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut own).poll_write(&mut nobody, b"abc").is_pending());
        let mut read = [0; 16];
        client.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"0123456789012345");
        own.write_all(b"abcdefghijklmnopqrst").await.unwrap();
        assert_eq!(line.try_send(&Bytes::from_static(FRAMES)), Sent::Nothing, "a rest waits");
        let (rest, flushed) = tokio::join!(
            async {
                let mut rest = [0; 24];
                client.read_exact(&mut rest).await.unwrap();
                rest
            },
            line.flushed()
        );
        flushed.unwrap();
        assert_eq!(&rest, b"6789abcdefghijklmnopqrst");
        assert_eq!(line.try_send(&Bytes::from_static(FRAMES)), Sent::All);
    }

    #[tokio::test]
    async fn what_a_layer_below_keeps_is_sent_by_flushing() {
        let (mut client, server) = tokio::io::duplex(4);
        // Takes everything at once, as TLS does, and passes it on as there is room.
        let line = Line::new(tokio::io::BufWriter::with_capacity(64, server));
        assert_eq!(line.try_send(&Bytes::from_static(FRAMES)), Sent::Part);
        let mut read = [0; FRAMES.len()];
        let (heard, flushed) = tokio::join!(client.read_exact(&mut read), line.flushed());
        heard.unwrap();
        flushed.unwrap();
        assert_eq!(read, FRAMES);
    }

    #[tokio::test]
    async fn a_client_that_is_gone_gets_nothing() {
        let (client, server) = tokio::io::duplex(4);
        let line = Line::new(server);
        assert_eq!(line.try_send(&Bytes::from_static(FRAMES)), Sent::Part);
        drop(client);
        line.flushed().await.unwrap_err();
        assert_eq!(line.try_send(&Bytes::from_static(FRAMES)), Sent::Nothing);
    }
}
