//! When bytes arrived, by the kernel's own stamp (`SO_TIMESTAMPNS`, socket(7)): a client that reads thousands of
//! sockets must not measure how long they wait for it.

use std::io::{self, IoSliceMut};
use std::os::fd::{AsRawFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use nix::cmsg_space;
use nix::sys::socket::sockopt::ReceiveTimestampns;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt};
use nix::sys::time::TimeSpec;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// Lets the kernel stamp what arrives.
pub(crate) fn stamp(socket: &impl std::os::fd::AsFd) -> io::Result<()> {
    Ok(setsockopt(socket, ReceiveTimestampns, &true)?)
}

/// Bytes, and when the kernel had the last of them, in microseconds since 1970.
pub(crate) fn receive(socket: RawFd, buffer: &mut [u8]) -> io::Result<(usize, Option<u64>)> {
    let mut control = cmsg_space!(TimeSpec);
    let mut parts = [IoSliceMut::new(buffer)];
    let message = recvmsg::<()>(socket, &mut parts, Some(&mut control), MsgFlags::empty())?;
    let arrived_us = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::ScmTimestampns(time) => {
            Duration::from(time).as_micros().try_into().ok()
        }
        _ => None,
    });
    Ok((message.bytes, arrived_us))
}

/// A stream that knows when what was read last had arrived.
#[derive(Debug)]
pub(crate) struct Stamped {
    stream: TcpStream,
    arrived_us: u64,
}

impl Stamped {
    /// Stamps what arrives from now on.
    ///
    /// # Errors
    ///
    /// If the kernel does not stamp.
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stamp(&stream)?;
        Ok(Self { stream, arrived_us: 0 })
    }

    /// When the last byte that was read had arrived, in microseconds since 1970. What was read in one go has one time, that
    /// of its end.
    pub(crate) fn arrived_us(&self) -> u64 {
        self.arrived_us
    }
}

impl AsyncRead for Stamped {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            ready!(this.stream.poll_read_ready(cx))?;
            let socket = this.stream.as_raw_fd();
            let read = || receive(socket, buf.initialize_unfilled());
            match this.stream.try_io(Interest::READABLE, read) {
                Ok((read, arrived_us)) => {
                    this.arrived_us = arrived_us.unwrap_or(this.arrived_us);
                    buf.advance(read);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Stamped {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// The kernel begins to stamp some milliseconds after the first socket asks for it. Waits for that, and until what is
/// returned is dropped it goes on.
#[cfg(test)]
pub(crate) fn stamping() -> std::net::TcpStream {
    use std::io::Write as _;

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let stamped = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    stamp(&stamped).unwrap();
    let (mut peer, _) = listener.accept().unwrap();
    loop {
        peer.write_all(b".").unwrap();
        if receive(stamped.as_raw_fd(), &mut [0]).unwrap().1.is_some() {
            return stamped;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::clock;

    #[tokio::test]
    async fn bytes_are_timed_by_their_arrival_and_not_by_their_reading() {
        let _stamping = stamping();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut stream = Stamped::new(stream).unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let before_us = clock::unix_us();
        server.write_all(b"told").await.unwrap();
        let sent_us = clock::unix_us();
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 4);
        assert!((before_us..=sent_us).contains(&stream.arrived_us()), "{sent_us} {stream:?}");
    }
}
