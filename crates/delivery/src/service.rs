//! The hyper service of one connection: `/hls/…`, signed or not, from memory, everything else to the service
//! behind.
//!
//! The hot path neither boxes nor awaits: what is in memory is answered in the call itself.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
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
}

impl<F> Service<F> {
    pub(crate) const fn new(
        origin: Origin,
        fallback: F,
        activity: Arc<Activity>,
        peer: SocketAddr,
    ) -> Self {
        Self { origin, fallback, activity, peer }
    }
}

impl<F: Fallback> hyper::service::Service<Request<Incoming>> for Service<F> {
    type Response = Response<ResponseBody<F::Body>>;
    type Error = Infallible;
    type Future = Responding<F::Body>;

    fn call(&self, mut request: Request<Incoming>) -> Responding<F::Body> {
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
                Answer::Now(reply) => Responding::Now(Some(with_lease(reply, lease))),
                Answer::Held(held) => Responding::Held { held, lease: Some(lease) },
            };
        }
        request.extensions_mut().insert(self.peer);
        let response = self.fallback.clone().oneshot(request);
        Responding::Behind(Box::pin(async move {
            let Ok(response) = response.await;
            response.map(|body| ResponseBody::Other { body, _lease: lease })
        }))
    }
}

/// A response on its way to being ready.
pub(crate) enum Responding<B> {
    Now(Option<Response<ResponseBody<B>>>),
    Held { held: Held, lease: Option<Lease> },
    Behind(Pin<Box<dyn Future<Output = Response<ResponseBody<B>>> + Send>>),
}

impl<B: Unpin> Future for Responding<B> {
    type Output = Result<Response<ResponseBody<B>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Now(response) => {
                Poll::Ready(Ok(response.take().expect("a future is not polled after it is ready")))
            }
            Self::Held { held, lease } => held.as_mut().poll(cx).map(|reply| {
                let lease = lease.take().expect("a future is not polled after it is ready");
                Ok(with_lease(reply, lease))
            }),
            Self::Behind(response) => response.as_mut().poll(cx).map(Ok),
        }
    }
}

fn with_lease<B>(reply: Reply, lease: Lease) -> Response<ResponseBody<B>> {
    reply.map(|mut body| {
        body.lease(lease);
        ResponseBody::Media(body)
    })
}
