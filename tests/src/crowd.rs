//! Many connections at once that want nothing good: idle ones, slow ones, greedy ones.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// Where a URL leads.
///
/// # Errors
/// When it has no address.
pub fn address(url: &str) -> Result<SocketAddr> {
    let host = url.split('/').nth(2).with_context(|| format!("no address in {url}"))?;
    host.to_socket_addrs()?.next().with_context(|| format!("no address for {host}"))
}

/// Connections that are open and say what they were told to, and no more.
#[derive(Debug)]
pub struct Crowd(Vec<TcpStream>);

impl Crowd {
    /// `count` connections that each say `greeting`.
    ///
    /// # Errors
    /// When one cannot be opened.
    pub fn gather(to: SocketAddr, count: usize, greeting: &[u8]) -> Result<Self> {
        let connect = |_| {
            let mut stream = TcpStream::connect(to).context("cannot connect")?;
            stream.write_all(greeting)?;
            stream.set_nonblocking(true)?;
            Ok(stream)
        };
        (0..count).map(connect).collect::<Result<_>>().map(Self)
    }

    /// How many the server has not hung up on. What it has said is read.
    #[must_use]
    pub fn open(&mut self) -> usize {
        let mut buffer = [0; 65_536];
        let mut is_open = |stream: &mut TcpStream| loop {
            match stream.read(&mut buffer) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        };
        self.0.iter_mut().filter_map(|stream| is_open(stream).then_some(())).count()
    }

    /// Lets each say `bytes`, one at a time, with such a pause between, until it is stopped.
    #[must_use]
    pub fn say_slowly(mut self, bytes: Vec<u8>, pause: Duration) -> Slow {
        let over = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&over);
        let thread = thread::spawn(move || {
            for byte in bytes.iter().cycle() {
                if end.load(Ordering::Relaxed) {
                    return;
                }
                for stream in &mut self.0 {
                    // One that was hung up on has nothing to say any more.
                    let _ = stream.write(&[*byte]);
                }
                thread::sleep(pause);
            }
        });
        Slow { over, thread: Some(thread) }
    }
}

/// A crowd that speaks; it leaves when this is dropped.
#[derive(Debug)]
pub struct Slow {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Slow {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic of it is told where it happened.
            let _ = thread.join();
        }
    }
}

/// `count` viewers that ask for `path` several times over HTTP/2 and take nothing of the answers but what may be sent without
/// asking, 64 KiB (RFC 9113 §6.9.2): so it is the server that holds the rest, and not the kernel.
///
/// # Errors
/// When one cannot connect.
pub fn slow_viewers(to: SocketAddr, count: usize, path: &str) -> Result<Crowd> {
    const REQUESTS: u32 = 32;
    ensure!(path.starts_with('/') && path.len() < 127, "{path} is no path");
    let length = u8::try_from(path.len())?;
    // GET and http of the static table, then path and authority as literals (RFC 7541 appendix A, §6.2.2).
    let head = [&[0x82, 0x86, 0x04, length][..], path.as_bytes(), b"\x01\x07genlock"].concat();
    let settings = frame(4, 0, 0, &[]);
    let requests = (0..REQUESTS).flat_map(|number| frame(1, 0x05, 2 * number + 1, &head));
    let said: Vec<u8> = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        .iter()
        .copied()
        .chain(settings)
        .chain(requests)
        .collect();
    Crowd::gather(to, count, &said)
}

/// A frame of HTTP/2 (RFC 9113 §4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Connections whose peers have begun messages that they never end, of the largest size that is allowed before a publish:
/// `each` on chunk streams of their own.
///
/// # Errors
/// When one cannot be opened.
pub fn unfinished_messages(to: SocketAddr, count: usize, each: u8) -> Result<Crowd> {
    const LENGTH: usize = 64 * 1024;
    let mut said = handshake();
    said.extend(chunk(2, 1, 0, &CHUNK_SIZE.to_be_bytes()));
    for chunk_stream in 3..3 + each {
        // Data, AMF0. The last byte never comes.
        let whole = chunk(chunk_stream, 18, 0, &[0; LENGTH]);
        said.extend(&whole[..whole.len() - 1]);
    }
    Crowd::gather(to, count, &said)
}

/// A publisher who has begun the largest video message that there can be, and does not end it.
///
/// # Errors
/// When it is not let in within some seconds.
pub fn largest_message(to: SocketAddr, key: &str) -> Result<TcpStream> {
    const LENGTH: usize = 0x00FF_FFFF;
    let mut stream = TcpStream::connect(to)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let application = [&[3, 0, 3][..], b"app", &amf_text("live"), &[0, 0, 9]].concat();
    let connect = [amf_text("connect"), amf_number(1.0), application].concat();
    let publish = [amf_text("publish"), amf_number(2.0), vec![5], amf_text(key)].concat();
    let size = chunk(2, 1, 0, &CHUNK_SIZE.to_be_bytes());
    stream.write_all(&[handshake(), size, chunk(3, 20, 0, &connect)].concat())?;
    read_until(&mut stream, b"NetConnection.Connect.Success")?;
    stream.write_all(&chunk(3, 20, 1, &publish))?;
    read_until(&mut stream, b"NetStream.Publish.Start")?;
    let whole = chunk(4, 9, 1, &vec![0x27; LENGTH]);
    stream.write_all(&whole[..whole.len() - 1])?;
    Ok(stream)
}

/// No message is longer, so each is one chunk.
const CHUNK_SIZE: u32 = 0x00FF_FFFF;

/// C0, C1 and C2 (RTMP 1.0 §5.2).
fn handshake() -> Vec<u8> {
    [&[3][..], &[0; 2 * 1536]].concat()
}

/// A message in one chunk of type 0 (RTMP 1.0 §5.3).
fn chunk(chunk_stream: u8, kind: u8, stream: u8, body: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
    let header = [&[chunk_stream, 0, 0, 0][..], &length, &[kind, stream, 0, 0, 0]].concat();
    [header, body.to_vec()].concat()
}

fn amf_text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes();
    [&[2][..], &length, text.as_bytes()].concat()
}

fn amf_number(number: f64) -> Vec<u8> {
    [&[0][..], &number.to_be_bytes()].concat()
}

fn read_until(stream: &mut TcpStream, wanted: &[u8]) -> Result<()> {
    let (mut said, mut buffer) = (Vec::new(), [0; 4096]);
    while !said.windows(wanted.len()).any(|window| window == wanted) {
        let count = stream.read(&mut buffer)?;
        let heard = || String::from_utf8_lossy(&said).into_owned();
        ensure!(count > 0, "hung up on, without {}: {}", String::from_utf8_lossy(wanted), heard());
        said.extend_from_slice(&buffer[..count]);
    }
    Ok(())
}
