//! Requests that wait, over HTTP/1.1 with a connection each or over HTTP/2 with many on one.
//!
//! Over HTTP/1.1 the kernel says when an answer arrived (`SO_TIMESTAMPNS`, socket(7)), and nobody reads before all
//! should be there: the client takes no processor time from the server while it answers, and its own reading of
//! thousands of sockets is not in the figures. Over HTTP/2 it is: frames have to be read to be told apart.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsRawFd as _;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::task::{JoinSet, spawn_blocking};

use super::answer::AnswerReader;
use crate::http::{Client, Protocol, Traffic};
use crate::target::{HttpUrl, Permit};
use crate::{arrival, clock};

/// Longer than any part; a request that is not answered by then failed.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// From the first answer to the first read. Answers that come later are read as they come.
const HANDS_OFF: Duration = Duration::from_millis(400);
/// A playlist fits.
const READ_BYTES: usize = 64 * 1024;

/// What became of one request, on the wall clock in microseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// When it had been written.
    pub(super) asked_us: u64,
    /// When its answer was here.
    pub(super) answered_us: u64,
}

/// Connections that hold requests.
#[derive(Debug)]
pub(super) enum Herd {
    /// A connection for each.
    H1(Vec<TcpStream>),
    /// Clients with one connection and this many streams each.
    H2c(Vec<Rc<Client>>, usize),
}

/// One round's request.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// What everybody asks for.
    pub(super) url: HttpUrl,
    /// Requests written so far.
    pub(super) asked: Arc<AtomicUsize>,
}

impl Herd {
    /// Connections for `count` requests.
    ///
    /// # Errors
    ///
    /// If one cannot be made.
    pub(super) async fn connect(
        protocol: Protocol,
        permit: Permit,
        url: &HttpUrl,
        count: usize,
        streams: usize,
    ) -> anyhow::Result<Self> {
        match protocol {
            Protocol::H1 => {
                let mut herd = Self::H1(Vec::with_capacity(count));
                herd.refill(permit.resolve(&url.host, url.port).await?, count).await?;
                Ok(herd)
            }
            Protocol::H2c => {
                let client = |_| Rc::new(Client::new(permit, protocol, Rc::<Traffic>::default()));
                let clients: Vec<_> = (0..count.div_ceil(streams)).map(client).collect();
                for client in &clients {
                    client.get_ok(url).await?;
                }
                Ok(Self::H2c(clients, streams))
            }
        }
    }

    /// Makes up for connections that were lost.
    ///
    /// # Errors
    ///
    /// If one cannot be made.
    pub(super) async fn refill(&mut self, address: SocketAddr, count: usize) -> anyhow::Result<()> {
        let Self::H1(streams) = self else { return Ok(()) };
        let missing = count.saturating_sub(streams.len());
        let connect = move || (0..missing).map(|_| connect(address)).collect();
        let made: anyhow::Result<Vec<TcpStream>> = spawn_blocking(connect).await?;
        streams.extend(made?);
        Ok(())
    }

    /// Asks `count` times and waits for all answers.
    pub(super) async fn ask(
        &mut self,
        question: &Question,
        count: usize,
    ) -> anyhow::Result<Vec<anyhow::Result<Held>>> {
        match self {
            Self::H1(streams) => {
                let (asked, question) = (std::mem::take(streams), question.clone());
                let answers = spawn_blocking(move || ask_all(asked, &question)).await??;
                let mut keep = |(stream, held)| {
                    streams.push(stream);
                    held
                };
                Ok(answers.into_iter().map(|answer| answer.map(&mut keep)).collect())
            }
            Self::H2c(clients, per_client) => {
                let mut asking = JoinSet::new();
                let places =
                    clients.iter().flat_map(|client| (0..*per_client).map(move |_| client));
                for client in places.take(count) {
                    asking.spawn_local(ask_h2(Rc::clone(client), question.clone()));
                }
                Ok(asking.join_all().await)
            }
        }
    }
}

fn connect(address: SocketAddr) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT).context("connect")?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    arrival::stamp(&stream)?;
    Ok(stream)
}

type Answered = anyhow::Result<(TcpStream, Held)>;

/// Writes all requests, keeps still until the answers should be there, and reads them.
fn ask_all(streams: Vec<TcpStream>, question: &Question) -> anyhow::Result<Vec<Answered>> {
    let (path, host) = (&question.url.path, question.url.authority());
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: genlock-load\r\n\r\n");
    let asked = streams.into_iter().map(|mut stream| {
        stream.write_all(request.as_bytes()).context("write")?;
        question.asked.fetch_add(1, Ordering::Relaxed);
        Ok((stream, clock::unix_us()))
    });
    let asked: Vec<anyhow::Result<(TcpStream, u64)>> = asked.collect();
    let sentinel = asked.iter().flatten().next().context("nothing was asked")?;
    sentinel.0.peek(&mut [0]).context("the first answer")?;
    thread::sleep(HANDS_OFF);
    let mut buffer = vec![0; READ_BYTES];
    let answers = asked.into_iter().map(|asked| {
        let (stream, asked_us) = asked?;
        let answered_us = read_answer(&stream, &mut buffer)?;
        Ok((stream, Held { asked_us, answered_us }))
    });
    Ok(answers.collect())
}

/// Reads one answer; returns when its last byte had arrived.
fn read_answer(stream: &TcpStream, buffer: &mut [u8]) -> anyhow::Result<u64> {
    let mut reader = AnswerReader::default();
    loop {
        let (read, arrived_us) = arrival::receive(stream.as_raw_fd(), buffer).context("read")?;
        if read == 0 {
            bail!("the server closed the connection");
        }
        match reader.push(buffer.get(..read).unwrap_or_default())? {
            Some(200) => return arrived_us.context("the kernel gave no timestamp"),
            Some(status) => bail!("status {status}"),
            None => {}
        }
    }
}

async fn ask_h2(client: Rc<Client>, question: Question) -> anyhow::Result<Held> {
    let asked_us = clock::unix_us();
    question.asked.fetch_add(1, Ordering::Relaxed);
    let answer = client.get_ok(&question.url).await?;
    Ok(Held { asked_us, answered_us: answer.done_unix_us })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn an_answer_is_timed_by_its_arrival_and_not_by_its_reading() {
        let _stamping = arrival::stamping();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let streams = vec![connect(listener.local_addr().unwrap()).unwrap()];
        let (mut server, _) = listener.accept().unwrap();
        let answering = thread::spawn(move || {
            server.read_exact(&mut [0; 16]).unwrap();
            server.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
            clock::unix_us()
        });
        let url = HttpUrl::parse("http://127.0.0.1/x").unwrap();
        let question = Question { url, asked: Arc::default() };
        let answers = ask_all(streams, &question).unwrap();
        let (_, held) = answers.into_iter().next().unwrap().unwrap();
        let sent_us = answering.join().unwrap();
        assert!(held.asked_us <= held.answered_us);
        // The kernel stamped it before the write returned, long before it was read.
        assert!(held.answered_us <= sent_us, "{} {sent_us}", held.answered_us);
        assert_eq!(question.asked.load(Ordering::Relaxed), 1);
    }
}
