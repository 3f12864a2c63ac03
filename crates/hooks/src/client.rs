//! One HTTP request to a target: looked up, checked, connected, answered; all within bounds.
//!
//! A connection serves one request, as nginx-rtmp's do: hooks are rare, and a kept connection would be found
//! dead at the moment when a publisher waits for it.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::address::AddressPolicy;
use crate::limits::{
    ADDRESSES_MAX, ANSWER_BODY_BYTES_MAX, ANSWER_HEAD_BYTES_MAX, CONNECT_TIME_MAX, RETRY_AFTER_MAX,
};
use crate::target::Target;
use crate::tls::{self, InvalidCertificates};

/// Who asks.
const USER_AGENT: &str = concat!("Genlock/", env!("CARGO_PKG_VERSION"));

/// Makes requests.
#[derive(Clone)]
pub struct Client {
    policy: AddressPolicy,
    tls: TlsConnector,
}

/// What is sent.
#[derive(Debug)]
pub struct Call {
    /// `POST` or `GET`.
    pub method: Method,
    /// Path and query; may hold secrets.
    pub path: String,
    /// Headers beyond `Host` and `User-Agent`.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// What a target answered.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// `Location`, which may hold a stream key.
    pub location: Option<String>,
    /// `Retry-After` in seconds; a date is not heeded.
    pub retry_after: Option<Duration>,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({})", self.status)
    }
}

/// Why there is no answer. Names no path and no query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// No answer in time.
    #[error("it did not answer in time")]
    TimedOut,
    /// The name has no address.
    #[error("its name cannot be looked up: {0}")]
    Lookup(io::Error),
    /// Its addresses may not be connected to.
    #[error("its address {0} may not be called (see hooks.allow_addresses)")]
    Forbidden(IpAddr),
    /// None of its addresses answers.
    #[error("cannot connect: {0}")]
    Connect(io::Error),
    /// TLS failed, or the certificate is not valid for the name.
    #[error("no secure connection: {0}")]
    Tls(io::Error),
    /// What it sent is not HTTP, or more than there may be.
    #[error("its answer cannot be used: {0}")]
    Http(#[from] hyper::Error),
    /// The request cannot be written.
    #[error("the request cannot be made: {0}")]
    Request(#[from] http::Error),
}

impl Client {
    /// A client that connects to what `policy` permits and trusts public authorities, and those of a PEM file.
    ///
    /// # Errors
    /// When that file cannot be used.
    pub fn new(
        policy: AddressPolicy,
        authorities: Option<&Path>,
    ) -> Result<Self, InvalidCertificates> {
        Ok(Self { policy, tls: tls::connector(authorities)? })
    }

    /// Calls `target` within `time`. Any status is an answer; redirects are not followed.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn call(
        &self,
        target: &Target,
        call: Call,
        time: Duration,
    ) -> Result<Answer, CallError> {
        let answer = timeout(time, async {
            let socket = self.connect(target).await?;
            let request = request(target, call)?;
            if target.is_secure() {
                exchange(self.secure(target, socket).await?, request).await
            } else {
                exchange(socket, request).await
            }
        });
        answer.await.map_err(|_elapsed| CallError::TimedOut)?
    }

    /// Looks the name up once and connects to an address that was checked: who answers the next look-up
    /// otherwise gains nothing.
    async fn connect(&self, target: &Target) -> Result<TcpStream, CallError> {
        let found: Vec<SocketAddr> = match target.address() {
            Some(address) => vec![SocketAddr::new(address, target.port())],
            None => {
                let found = tokio::net::lookup_host((target.host(), target.port())).await;
                found.map_err(CallError::Lookup)?.take(ADDRESSES_MAX).collect()
            }
        };
        let mut failure = CallError::Lookup(io::ErrorKind::NotFound.into());
        for address in found {
            if !self.policy.permits(address.ip()) {
                failure = CallError::Forbidden(address.ip());
                continue;
            }
            match timeout(CONNECT_TIME_MAX, TcpStream::connect(address)).await {
                Ok(Ok(socket)) => return Ok(socket),
                Ok(Err(error)) => failure = CallError::Connect(error),
                Err(_elapsed) => failure = CallError::TimedOut,
            }
        }
        Err(failure)
    }

    async fn secure(
        &self,
        target: &Target,
        socket: TcpStream,
    ) -> Result<impl AsyncRead + AsyncWrite + Unpin + Send + use<>, CallError> {
        let name = ServerName::try_from(target.host().to_owned())
            .map_err(|error| CallError::Tls(io::Error::other(error)))?;
        match timeout(CONNECT_TIME_MAX, self.tls.connect(name, socket)).await {
            Ok(connected) => connected.map_err(CallError::Tls),
            Err(_elapsed) => Err(CallError::TimedOut),
        }
    }
}

fn request(target: &Target, call: Call) -> Result<Request<Full<Bytes>>, CallError> {
    let mut request = Request::builder()
        .method(call.method)
        .uri(call.path)
        .header(header::HOST, target.host_header())
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::CONNECTION, HeaderValue::from_static("close"))
        .body(Full::new(call.body))?;
    request.headers_mut().extend(call.headers);
    Ok(request)
}

async fn exchange<S>(socket: S, request: Request<Full<Bytes>>) -> Result<Answer, CallError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(ANSWER_HEAD_BYTES_MAX)
        .handshake(TokioIo::new(socket))
        .await?;
    // Ended with this future, also when it is dropped: a call that timed out leaves no connection behind.
    let mut connection = std::pin::pin!(connection);
    let exchanged = async {
        let response = sender.send_request(request).await?;
        let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let retry_after = text(header::RETRY_AFTER).and_then(|text| text.trim().parse().ok());
        let answer = Answer {
            status: response.status().as_u16(),
            location: text(header::LOCATION).map(str::to_owned),
            retry_after: retry_after.map(|s| Duration::from_secs(s).min(RETRY_AFTER_MAX)),
        };
        read_off(response.into_body()).await;
        Ok(answer)
    };
    let mut exchanged = std::pin::pin!(exchanged);
    tokio::select! {
        answer = &mut exchanged => answer,
        ended = &mut connection => {
            ended?;
            exchanged.await
        }
    }
}

/// Reads the body as far as it counts. That it breaks off does not matter any more.
async fn read_off(mut body: Incoming) {
    let until = Instant::now() + Duration::from_secs(1);
    let mut read = 0;
    while read < ANSWER_BODY_BYTES_MAX
        && let Ok(Some(Ok(frame))) = timeout_at(until, body.frame()).await
    {
        read += frame.data_ref().map_or(0, Bytes::len);
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("policy", &self.policy).finish_non_exhaustive()
    }
}
