//! A span for each request of the API.
//!
//! It is named by the route and not by the path, which may hold a token. `traceparent` of the caller makes it a part of
//! the caller's trace.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::field::Empty;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::TARGET;

/// What is asked again and again by machines and viewers, and tells nothing.
const QUIET: [&str; 6] = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/stat",
    "/watch/{event}/status",
    "/p/{playback_token}/watch/{event}/status",
];

/// Header with the request's id.
const REQUEST_ID: &str = "x-request-id";

/// Answers a request within a span.
pub(crate) async fn trace(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let Some(route) = route.filter(|route| !QUIET.contains(route)) else {
        return next.run(request).await;
    };
    let span = span(&request, route);
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status();
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    if let Some(id) = response.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()) {
        span.record("request_id", id);
    }
    response
}

fn span(request: &Request, route: &str) -> Span {
    let method = request.method();
    let span = tracing::info_span!(
        target: TARGET,
        parent: None,
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = %method,
        http.route = route,
        http.response.status_code = Empty,
        request_id = Empty,
    );
    let caller = TraceContextPropagator::new().extract(&HeaderExtractor(request.headers()));
    if caller.span().span_context().is_valid() {
        // It can be set until the span is entered.
        let _ = span.set_parent(caller);
    }
    span
}
