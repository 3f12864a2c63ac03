//! The receive low-water mark of a socket, which neither the standard library nor socket2 nor rustix sets.

use std::ffi::c_int;
use std::io;
use std::os::fd::AsFd;
#[cfg(target_os = "linux")]
use std::os::fd::AsRawFd;

/// Bytes that must have come before `socket` counts as readable (`SO_RCVLOWAT`, socket(7)); 1 is the default, and 0
/// means 1. The kernel lowers it to half of the receive buffer. A read gives what is there, however little, and a peer
/// that has closed is always told of. Lowering the mark makes a socket readable at once that has enough.
///
/// # Errors
/// What `setsockopt` says; `Unsupported` on systems where the mark does not hold for `poll` and its kin.
pub fn set_receive_low_water(socket: impl AsFd, bytes: u32) -> io::Result<()> {
    let mark = c_int::try_from(bytes).map_err(|_| io::ErrorKind::InvalidInput)?;
    set(socket, mark)
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "setsockopt is a foreign function")]
fn set(socket: impl AsFd, mark: c_int) -> io::Result<()> {
    const LENGTH: libc::socklen_t = size_of::<c_int>() as libc::socklen_t;
    let socket = socket.as_fd();
    // SAFETY: the descriptor is borrowed for the call, and the option is read from an int that outlives it.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_RCVLOWAT,
            (&raw const mark).cast(),
            LENGTH,
        )
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(not(target_os = "linux"))]
fn set(_socket: impl AsFd, _mark: c_int) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_socket_is_readable_from_its_mark_on_and_when_the_mark_falls() -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut far = TcpStream::connect(listener.local_addr()?).await?;
        far.set_nodelay(true)?;
        let (mut near, _) = listener.accept().await?;
        let mut bytes = [0; 200];
        let nothing = near.try_read(&mut bytes).map_err(|error| error.kind());
        assert_eq!(
            nothing,
            Err(io::ErrorKind::WouldBlock),
            "tokio takes a new socket for readable"
        );

        set_receive_low_water(&near, 100)?;
        far.write_all(&[7; 50]).await?;
        let early = timeout(Duration::from_millis(100), near.readable()).await;
        assert!(early.is_err(), "50 bytes are below the mark");
        set_receive_low_water(&near, 1)?;
        let patience = Duration::from_secs(10);
        assert_eq!(timeout(patience, near.read(&mut bytes)).await??, 50, "what is there is read");

        set_receive_low_water(&near, 100)?;
        drop(far);
        assert_eq!(timeout(patience, near.read(&mut bytes)).await??, 0, "an end is always told");
        Ok(())
    }

    #[test]
    fn what_is_no_int_is_refused() -> io::Result<()> {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
        let error = set_receive_low_water(&socket, u32::MAX).map_err(|error| error.kind());
        assert_eq!(error, Err(io::ErrorKind::InvalidInput));
        Ok(())
    }
}
