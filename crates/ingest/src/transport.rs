//! What a connection goes over.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// A byte stream, and what can be asked of the socket below it.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Unpin {
    /// Asks to be woken only for so many bytes or more. Tells whether that is so now.
    fn wake_for(&self, _bytes: u32) -> bool {
        false
    }
}

impl Transport for TcpStream {
    fn wake_for(&self, bytes: u32) -> bool {
        genlock_socket::set_receive_low_water(self, bytes).is_ok()
    }
}

/// Reads what the socket has as whole records, so that a mark of the socket means nothing to it.
impl Transport for TlsStream<TcpStream> {}

#[cfg(test)]
impl Transport for tokio::io::DuplexStream {}
