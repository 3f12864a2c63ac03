//! A viewer's socket: counts what the kernel takes, holds the connection's place under the limit.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

use crate::activity::Activity;
use crate::counters::OpenConnection;

/// A TCP connection whose writes are counted in its [`Activity`].
///
/// After an upgrade (WebSocket) it lives on in the hands of whoever upgraded it, and still counts
/// as open.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    activity: Arc<Activity>,
    open: OpenConnection,
}

impl Socket {
    pub(crate) const fn new(
        stream: TcpStream,
        activity: Arc<Activity>,
        open: OpenConnection,
    ) -> Self {
        Self { stream, activity, open }
    }

    fn note(&self, result: &Poll<io::Result<usize>>) {
        match result {
            Poll::Ready(Ok(bytes)) => {
                self.activity.wrote(*bytes);
                self.open.sent(*bytes);
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.activity.write_blocked(),
        }
    }
}

/// What HTTP is spoken over.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin {
    /// The socket, if what is written goes out as it is.
    fn plain(&mut self) -> Option<&mut Socket> {
        None
    }
}

impl Wire for Socket {
    fn plain(&mut self) -> Option<&mut Socket> {
        Some(self)
    }
}

impl Wire for tokio_rustls::server::TlsStream<Socket> {}

#[cfg(target_os = "linux")]
impl Socket {
    /// Sends `length` bytes of a file from `offset` on, without reading them.
    ///
    /// # Errors
    /// When the connection is lost, or the file is shorter than that.
    pub(crate) async fn send_file(
        &self,
        file: &std::fs::File,
        mut offset: u64,
        length: usize,
    ) -> io::Result<()> {
        let mut left = length;
        while left > 0 {
            let sent = std::future::poll_fn(|cx| self.poll_send_file(cx, file, &mut offset, left));
            left -= match sent.await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                sent => sent,
            };
        }
        Ok(())
    }

    fn poll_send_file(
        &self,
        cx: &mut Context<'_>,
        file: &std::fs::File,
        offset: &mut u64,
        count: usize,
    ) -> Poll<io::Result<usize>> {
        let count = count.min(crate::limits::SENT_AT_ONCE_BYTES);
        let result = loop {
            match self.stream.poll_write_ready(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => break Poll::Ready(Err(error)),
                Poll::Pending => break Poll::Pending,
            }
            let send = || Ok(rustix::fs::sendfile(&self.stream, file, Some(&mut *offset), count)?);
            match self.stream.try_io(Interest::WRITABLE, send) {
                // It is not writable any more: the next look at the readiness waits for that.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                sent => break Poll::Ready(sent),
            }
        };
        self.note(&result);
        result
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note(&result);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.note(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
