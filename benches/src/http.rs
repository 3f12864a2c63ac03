//! HTTP requests of one viewer, over connections of its own: HTTP/1.1 with as many as are needed at once, or HTTP/2
//! with prior knowledge over one.
//!
//! Every address is checked against the permit, those in playlists and redirects too.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use clap::ValueEnum;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, LOCATION, USER_AGENT};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::clock;
use crate::limits;
use crate::target::{HttpUrl, Permit};

/// No answer takes longer, a blocking reload of a long part included.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const REDIRECTS_MAX: usize = 5;
/// Receive windows of HTTP/2; the protocol's default of 64 KiB would measure round trips.
const WINDOW_BYTES: u32 = 8 * 1024 * 1024;

/// Which HTTP is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// HTTP/1.1.
    H1,
    /// HTTP/2 over cleartext TCP with prior knowledge.
    H2c,
}

/// An answer that has arrived whole.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// Where it came from in the end.
    pub(crate) url: HttpUrl,
    /// Status code.
    pub(crate) status: StatusCode,
    /// Body.
    pub(crate) body: Bytes,
    /// When its head was here, which the server sends with the first bytes of the body.
    pub(crate) begun: Instant,
    /// When the last byte was here.
    pub(crate) done: Instant,
    /// The same moment on the wall clock.
    pub(crate) done_unix_us: u64,
}

/// What goes with a request that is not a plain GET.
#[derive(Clone, Debug, Default)]
pub(crate) struct Post {
    /// Bearer token.
    pub(crate) token: Option<String>,
    /// JSON body.
    pub(crate) body: String,
}

/// Requests and bytes of many clients together.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// Requests answered.
    pub(crate) requests: Cell<u64>,
    /// Body bytes received.
    pub(crate) bytes: Cell<u64>,
    /// TCP connections made.
    pub(crate) connections: Cell<u64>,
}

/// The requests of one viewer.
#[derive(Debug)]
pub(crate) struct Client {
    permit: Permit,
    protocol: Protocol,
    hosts: RefCell<HashMap<String, Host>>,
    traffic: std::rc::Rc<Traffic>,
}

#[derive(Debug, Default)]
struct Host {
    address: Option<SocketAddr>,
    idle: Vec<http1::SendRequest<Full<Bytes>>>,
    shared: Option<http2::SendRequest<Full<Bytes>>>,
}

enum Sender {
    /// A connection that nobody else uses meanwhile; `true` if it has been used before.
    H1(http1::SendRequest<Full<Bytes>>, bool),
    H2(http2::SendRequest<Full<Bytes>>),
}

impl Client {
    /// A client without connections.
    pub(crate) fn new(permit: Permit, protocol: Protocol, traffic: std::rc::Rc<Traffic>) -> Self {
        Self { permit, protocol, hosts: RefCell::default(), traffic }
    }

    /// Gets a URL, redirects followed.
    ///
    /// # Errors
    ///
    /// If there is no whole answer in time. A status other than 200 is no error.
    pub(crate) async fn get(&self, url: &HttpUrl) -> anyhow::Result<Answer> {
        let mut url = url.clone();
        for _ in 0..REDIRECTS_MAX {
            let (answer, location) = self.request(Method::GET, &url, None).await?;
            match location {
                Some(location) if answer.status.is_redirection() => url = url.join(&location)?,
                _ => return Ok(answer),
            }
        }
        bail!("more than {REDIRECTS_MAX} redirects");
    }

    /// Gets a URL that must be there.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), and if the status is not 200.
    pub(crate) async fn get_ok(&self, url: &HttpUrl) -> anyhow::Result<Answer> {
        let answer = self.get(url).await?;
        if answer.status != StatusCode::OK {
            bail!("{}", answer.status);
        }
        Ok(answer)
    }

    /// Posts JSON.
    ///
    /// # Errors
    ///
    /// If there is no whole answer in time.
    pub(crate) async fn post(&self, url: &HttpUrl, post: &Post) -> anyhow::Result<Answer> {
        Ok(self.request(Method::POST, url, Some(post)).await?.0)
    }

    /// One request. A kept connection that the server has closed meanwhile is replaced once; only that is retried.
    async fn request(
        &self,
        method: Method,
        url: &HttpUrl,
        post: Option<&Post>,
    ) -> anyhow::Result<(Answer, Option<String>)> {
        loop {
            let sender = self.sender(url).await?;
            let used_before = matches!(sender, Sender::H1(_, true));
            let request = build(&method, url, post, self.protocol)?;
            match timeout(ANSWER_TIMEOUT, self.exchange(sender, request, url)).await {
                Err(_) => bail!("no answer in {ANSWER_TIMEOUT:?}"),
                Ok(Err(error)) if used_before && is_stale(&error, &method) => {}
                Ok(result) => return result,
            }
        }
    }

    async fn exchange(
        &self,
        sender: Sender,
        request: Request<Full<Bytes>>,
        url: &HttpUrl,
    ) -> anyhow::Result<(Answer, Option<String>)> {
        let (response, kept) = match sender {
            Sender::H1(mut sender, _) => (sender.send_request(request).await?, Some(sender)),
            Sender::H2(mut sender) => (sender.send_request(request).await?, None),
        };
        let begun = Instant::now();
        let location = response.headers().get(LOCATION);
        let location = location.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (status, body) = read(response).await?;
        let (done, done_unix_us) = (Instant::now(), clock::unix_us());
        if let Some(kept) = kept {
            self.hosts.borrow_mut().entry(url.authority()).or_default().idle.push(kept);
        }
        self.traffic.requests.set(self.traffic.requests.get() + 1);
        self.traffic.bytes.set(self.traffic.bytes.get() + body.len() as u64);
        Ok((Answer { url: url.clone(), status, body, begun, done, done_unix_us }, location))
    }

    async fn sender(&self, url: &HttpUrl) -> anyhow::Result<Sender> {
        let authority = url.authority();
        if let Some(sender) = self.kept(&authority).await {
            return Ok(sender);
        }
        let address = self.hosts.borrow().get(&authority).and_then(|host| host.address);
        let address = match address {
            Some(address) => address,
            None => self.permit.resolve(&url.host, url.port).await?,
        };
        let stream = timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await;
        let stream = stream.context("no TCP connection in time")?.context("connect")?;
        stream.set_nodelay(true)?;
        self.traffic.connections.set(self.traffic.connections.get() + 1);
        let sender = handshake(self.protocol, stream).await?;
        let mut hosts = self.hosts.borrow_mut();
        let host = hosts.entry(authority).or_default();
        host.address = Some(address);
        if let Sender::H2(sender) = &sender {
            host.shared = Some(sender.clone());
        }
        Ok(sender)
    }

    /// A connection that is already there and still alive.
    async fn kept(&self, authority: &str) -> Option<Sender> {
        if self.protocol == Protocol::H2c {
            let hosts = self.hosts.borrow();
            let shared = hosts.get(authority)?.shared.as_ref()?;
            return (!shared.is_closed()).then(|| Sender::H2(shared.clone()));
        }
        loop {
            let mut idle = self.hosts.borrow_mut().get_mut(authority)?.idle.pop()?;
            if idle.ready().await.is_ok() {
                return Some(Sender::H1(idle, true));
            }
        }
    }
}

async fn handshake(protocol: Protocol, stream: TcpStream) -> anyhow::Result<Sender> {
    let io = TokioIo::new(stream);
    // A connection that fails fails its requests; its own result adds nothing.
    match protocol {
        Protocol::H1 => {
            let (sender, connection) = http1::handshake(io).await?;
            tokio::spawn(async move { drop(connection.await) });
            Ok(Sender::H1(sender, false))
        }
        Protocol::H2c => {
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .initial_stream_window_size(WINDOW_BYTES)
                .initial_connection_window_size(WINDOW_BYTES)
                .handshake(io)
                .await?;
            tokio::spawn(async move { drop(connection.await) });
            Ok(Sender::H2(sender))
        }
    }
}

fn build(
    method: &Method,
    url: &HttpUrl,
    post: Option<&Post>,
    protocol: Protocol,
) -> anyhow::Result<Request<Full<Bytes>>> {
    let uri = match protocol {
        Protocol::H1 => url.path.clone(),
        Protocol::H2c => url.to_string(),
    };
    let mut request = Request::builder().method(method).uri(uri).header(USER_AGENT, "genlock-load");
    if protocol == Protocol::H1 {
        request = request.header(HOST, url.authority());
    }
    if let Some(token) = post.and_then(|post| post.token.as_ref()) {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    if post.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    let body = post.map_or_else(Bytes::new, |post| Bytes::from(post.body.clone()));
    Ok(request.body(Full::new(body))?)
}

async fn read(response: Response<Incoming>) -> anyhow::Result<(StatusCode, Bytes)> {
    let status = response.status();
    let body = Limited::new(response.into_body(), limits::BODY_BYTES_MAX).collect().await;
    let body = body.map_err(|error| anyhow::anyhow!("body: {error}"))?;
    Ok((status, body.to_bytes()))
}

/// Whether the connection was closed before the server saw the request, or, where that cannot be known, the request
/// may be sent twice without harm.
fn is_stale(error: &anyhow::Error, method: &Method) -> bool {
    let Some(error) = error.downcast_ref::<hyper::Error>() else { return false };
    error.is_canceled()
        || (method.is_idempotent() && (error.is_closed() || error.is_incomplete_message()))
}
