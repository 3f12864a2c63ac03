//! The hyper service of one connection: `/hls/…`, signed or not, from memory, everything else to the service
//! behind.
//!
//! The hot path neither boxes nor awaits: what is in memory is answered in the call itself.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::header::STRICT_TRANSPORT_SECURITY;
use http::uri::Scheme;
use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;
use tower::ServiceExt;

use crate::activity::{Activity, Lease};
use crate::answer::{Answer, Asked, Held};
use crate::body::ResponseBody;
use crate::origin::Origin;
use crate::path;
use crate::reply::Reply;
use crate::server::Fallback;

/// Serves the requests of one connection.
#[derive(Debug)]
pub(crate) struct Service<F> {
    origin: Origin,
    fallback: F,
    activity: Arc<Activity>,
    peer: SocketAddr,
    secure: Option<Secure>,
}

/// The connection is encrypted.
#[derive(Debug, Clone)]
pub(crate) struct Secure {
    /// `Strict-Transport-Security`, if browsers are told.
    pub(crate) hsts: Option<HeaderValue>,
}

impl<F> Service<F> {
    pub(crate) const fn new(
        origin: Origin,
        fallback: F,
        activity: Arc<Activity>,
        peer: SocketAddr,
        secure: Option<Secure>,
    ) -> Self {
        Self { origin, fallback, activity, peer, secure }
    }
}

impl<F: Fallback> hyper::service::Service<Request<Incoming>> for Service<F> {
    type Response = Response<ResponseBody<F::Body>>;
    type Error = Infallible;
    type Future = Responding<F::Body>;

    fn call(&self, request: Request<Incoming>) -> Responding<F::Body> {
        let hsts = self.secure.as_ref().and_then(|secure| secure.hsts.clone());
        Responding { answer: self.answer(request), hsts }
    }
}

impl<F: Fallback> Service<F> {
    fn answer(&self, mut request: Request<Incoming>) -> Ready<F::Body> {
        let lease = self.activity.request();
        if let Some((token, path)) = path::split(request.uri().path()) {
            let answer = self.origin.answer(&Asked {
                method: request.method(),
                path: &path,
                query: request.uri().query(),
                headers: request.headers(),
                token,
                peer: self.peer.ip(),
            });
            return match answer {
                Answer::Now(reply) => Ready::Now(Some(with_lease(reply, lease))),
                Answer::Held(held) => Ready::Held { held, lease: Some(lease) },
            };
        }
        request.extensions_mut().insert(self.peer);
        if self.secure.is_some() {
            request.extensions_mut().insert(Scheme::HTTPS);
        }
        let response = self.fallback.clone().oneshot(request);
        Ready::Behind(Box::pin(async move {
            let Ok(response) = response.await;
            response.map(|body| ResponseBody::Other { body, _lease: lease })
        }))
    }
}

/// A response on its way, with what the connection adds to it.
pub(crate) struct Responding<B> {
    answer: Ready<B>,
    hsts: Option<HeaderValue>,
}

/// Where a response comes from, and when.
enum Ready<B> {
    Now(Option<Response<ResponseBody<B>>>),
    Held { held: Held, lease: Option<Lease> },
    Behind(Pin<Box<dyn Future<Output = Response<ResponseBody<B>>> + Send>>),
}

impl<B: Unpin> Future for Responding<B> {
    type Output = Result<Response<ResponseBody<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let mut response = ready!(this.answer.poll(cx));
        if let Some(hsts) = this.hsts.take() {
            response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, hsts);
        }
        Poll::Ready(Ok(response))
    }
}

impl<B> Ready<B> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Response<ResponseBody<B>>> {
        match self {
            Self::Now(response) => {
                Poll::Ready(response.take().expect("a future is not polled after it is ready"))
            }
            Self::Held { held, lease } => held.as_mut().poll(cx).map(|reply| {
                let lease = lease.take().expect("a future is not polled after it is ready");
                with_lease(reply, lease)
            }),
            Self::Behind(response) => response.as_mut().poll(cx),
        }
    }
}

fn with_lease<B>(reply: Reply, lease: Lease) -> Response<ResponseBody<B>> {
    reply.map(|mut body| {
        body.lease(lease);
        ResponseBody::Media(body)
    })
}
