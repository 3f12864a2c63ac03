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
use crate::fields::Fields;
use crate::origin::Origin;
use crate::path;
use crate::reply::Reply;
use crate::server::Fallback;

/// Serves the requests of one connection.
#[derive(Debug)]
pub(crate) struct Service<F> {
    viewer: Viewer,
    fallback: F,
}

/// One connection, as the origin knows it.
#[derive(Debug)]
pub(crate) struct Viewer {
    pub(crate) origin: Origin,
    pub(crate) activity: Arc<Activity>,
    pub(crate) peer: SocketAddr,
    pub(crate) secure: Option<Secure>,
}

impl Viewer {
    /// `Strict-Transport-Security`, if this viewer is told.
    pub(crate) fn hsts(&self) -> Option<&HeaderValue> {
        self.secure.as_ref()?.hsts.as_ref()
    }
}

/// The connection is encrypted.
#[derive(Debug, Clone)]
pub(crate) struct Secure {
    /// `Strict-Transport-Security`, if browsers are told.
    pub(crate) hsts: Option<HeaderValue>,
}

impl<F> Service<F> {
    pub(crate) const fn new(viewer: Viewer, fallback: F) -> Self {
        Self { viewer, fallback }
    }
}

impl<F: Fallback> hyper::service::Service<Request<Incoming>> for Service<F> {
    type Response = Response<ResponseBody<F::Body>>;
    type Error = Infallible;
    type Future = Responding<F::Body>;

    fn call(&self, request: Request<Incoming>) -> Responding<F::Body> {
        Responding { answer: self.answer(request), hsts: self.viewer.hsts().cloned() }
    }
}

impl<F: Fallback> Service<F> {
    fn answer(&self, mut request: Request<Incoming>) -> Ready<F::Body> {
        let viewer = &self.viewer;
        let lease = viewer.activity.request();
        if let Some((token, path)) = path::split(request.uri().path()) {
            let answer = viewer.origin.answer(&Asked {
                method: request.method(),
                path: &path,
                query: request.uri().query(),
                fields: Fields::of(request.headers()),
                token,
                peer: viewer.peer.ip(),
            });
            return match answer {
                Answer::Now(reply) => Ready::Now(Some(with_lease(reply, lease))),
                Answer::Held(held) => Ready::Held { reply: Box::new(held), lease: Some(lease) },
            };
        }
        request.extensions_mut().insert(viewer.peer);
        if viewer.secure.is_some() {
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
    Held { reply: Box<Held>, lease: Option<Lease> },
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
            Self::Held { reply, lease } => Pin::new(reply).poll(cx).map(|reply| {
                let lease = lease.take().expect("a future is not polled after it is ready");
                with_lease(reply, lease)
            }),
            Self::Behind(response) => response.as_mut().poll(cx),
        }
    }
}

fn with_lease<B>(reply: Reply, lease: Lease) -> Response<ResponseBody<B>> {
    reply.into_response().map(|mut body| {
        body.lease(lease);
        ResponseBody::Media(body)
    })
}
