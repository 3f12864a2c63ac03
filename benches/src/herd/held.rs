//! Requests that wait, over HTTP/1.1 with a connection each or over HTTP/2 with many on one.

use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::answer::AnswerReader;
use crate::http::{Client, Protocol, Traffic};
use crate::target::{HttpUrl, Permit};

/// Longer than any part; a request that is not answered by then failed.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections in the making at once: fewer than any listen queue.
const CONNECTING_MAX: usize = 64;
/// A playlist fits; reads share the buffer because there is one thread.
const READ_BYTES: usize = 64 * 1024;

/// What became of one request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// When it had been written.
    pub(super) asked: Instant,
    /// When the first byte of its answer was here.
    pub(super) answered: Instant,
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
#[derive(Debug)]
pub(super) struct Question {
    /// What everybody asks for.
    pub(super) url: HttpUrl,
    /// Requests written so far.
    pub(super) asked: Cell<usize>,
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
    pub(super) async fn refill(&mut self, address: SocketAddr, count: usize) -> anyhow::Result<()> {
        let Self::H1(streams) = self else { return Ok(()) };
        while streams.len() < count {
            let batch = (count - streams.len()).min(CONNECTING_MAX);
            let mut connecting = JoinSet::new();
            for _ in 0..batch {
                connecting.spawn_local(timeout(CONNECT_TIMEOUT, TcpStream::connect(address)));
            }
            while let Some(stream) = connecting.join_next().await {
                let stream = stream?.context("no TCP connection in time")?.context("connect")?;
                stream.set_nodelay(true)?;
                streams.push(stream);
            }
        }
        Ok(())
    }

    /// Asks `count` times and waits for all answers.
    pub(super) async fn ask(
        &mut self,
        question: &Rc<Question>,
        count: usize,
    ) -> Vec<anyhow::Result<Held>> {
        let mut results = Vec::with_capacity(count);
        match self {
            Self::H1(streams) => {
                let request = request_text(&question.url);
                let buffer = Rc::new(RefCell::new(vec![0; READ_BYTES]));
                let mut asking = JoinSet::new();
                for stream in streams.drain(..).take(count) {
                    let (request, buffer) = (Rc::clone(&request), Rc::clone(&buffer));
                    asking.spawn_local(hold(stream, request, buffer, Rc::clone(question)));
                }
                while let Some(result) = asking.join_next().await {
                    let result = result.map_err(anyhow::Error::from).flatten();
                    results.push(result.map(|(stream, held)| {
                        streams.push(stream);
                        held
                    }));
                }
            }
            Self::H2c(clients, per_client) => {
                let mut asking = JoinSet::new();
                for index in 0..count {
                    if let Some(client) = clients.get(index / *per_client) {
                        asking.spawn_local(hold_h2(Rc::clone(client), Rc::clone(question)));
                    }
                }
                while let Some(result) = asking.join_next().await {
                    results.push(result.map_err(anyhow::Error::from).flatten());
                }
            }
        }
        results
    }
}

fn request_text(url: &HttpUrl) -> Rc<str> {
    let (path, host) = (&url.path, url.authority());
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: genlock-load\r\n\r\n").into()
}

async fn hold(
    mut stream: TcpStream,
    request: Rc<str>,
    buffer: Rc<RefCell<Vec<u8>>>,
    question: Rc<Question>,
) -> anyhow::Result<(TcpStream, Held)> {
    stream.write_all(request.as_bytes()).await.context("write")?;
    let asked = Instant::now();
    question.asked.set(question.asked.get() + 1);
    let answered = timeout(ANSWER_TIMEOUT, read_answer(&stream, &buffer)).await;
    let answered = answered.context("no answer in time")??;
    Ok((stream, Held { asked, answered }))
}

/// Reads one answer; returns when its first byte was here.
async fn read_answer(stream: &TcpStream, buffer: &RefCell<Vec<u8>>) -> anyhow::Result<Instant> {
    let mut reader = AnswerReader::default();
    let mut first = None;
    loop {
        stream.readable().await?;
        let mut buffer = buffer.borrow_mut();
        let read = match stream.try_read(&mut buffer) {
            Ok(0) => bail!("the server closed the connection"),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error).context("read"),
        };
        let first = *first.get_or_insert_with(Instant::now);
        match reader.push(buffer.get(..read).unwrap_or_default())? {
            Some(200) => return Ok(first),
            Some(status) => bail!("status {status}"),
            None => {}
        }
    }
}

async fn hold_h2(client: Rc<Client>, question: Rc<Question>) -> anyhow::Result<Held> {
    let asked = Instant::now();
    question.asked.set(question.asked.get() + 1);
    let answer = client.get_ok(&question.url).await?;
    Ok(Held { asked, answered: answer.done })
}
