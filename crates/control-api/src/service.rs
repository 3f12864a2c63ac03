//! The router: which handler answers which path, and what surrounds them all.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use genlock_store::limits::SLATE_BYTES_MAX;
use tower_http::trace::TraceLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::limits::{BODY_BYTES_MAX, EDIT_BYTES_MAX, REQUEST_TIME_MAX};
use crate::problem::{Problem, ProblemCode};
use crate::recordings::rewatch;
use crate::state::{ApiState, Shared};
use crate::updates::{socket, stream, tally};
use crate::{
    auth, cameras, compatibility, compatible, configuration, docs, events, hook_targets, hooks,
    life, lock, openapi, playback, preview, recordings, rejected, request_id, scheduled, slates,
    switch_log, system, takes, thumbnails, tokens, watch,
};

/// Headers of every answer. JSON is never to be sniffed, framed, run or kept by anybody in between.
const SECURITY_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// The control plane over `state`.
///
/// Owns `/api`, what is below `/watch/{event}`, `/healthz`, `/readyz`, `/metrics` and `/stat` and sets no fallback: it can be merged with a
/// router that owns the rest. Needs a tokio runtime with time enabled.
pub fn router(state: ApiState) -> Router {
    let shared = Shared::new(state);
    let guard = middleware::from_fn_with_state(Arc::clone(&shared), auth::guard);
    let (router, described) = restricted().route_layer(guard).merge(public()).split_for_parts();
    router
        .merge(signed())
        .merge(openapi::route(described))
        .merge(docs::routes())
        .route("/api", any(unknown_path))
        .route("/api/", any(unknown_path))
        .route("/api/{*rest}", any(unknown_path))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(bound_time))
        .layer(middleware::map_response(add_security_headers))
        .layer(TraceLayer::new_for_http().make_span_with(request_span))
        .layer(middleware::from_fn(request_id::identify))
        .with_state(shared)
}

/// What needs a token. [`auth`] declares who may call what.
pub(crate) fn restricted() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(events::create, events::list))
        .routes(routes!(events::get, events::update, events::delete))
        .merge(uploads())
        .merge(edit_lists())
        .routes(routes!(cameras::create, cameras::list))
        .routes(routes!(cameras::get, cameras::update, cameras::delete))
        .routes(routes!(cameras::rotate_key))
        .routes(routes!(compatibility::matrix))
        .routes(routes!(takes::switch))
        .routes(routes!(takes::undo))
        .routes(routes!(takes::active))
        .routes(routes!(lock::put, lock::delete))
        .routes(routes!(scheduled::create, scheduled::list))
        .routes(routes!(scheduled::cancel))
        .routes(routes!(switch_log::read))
        .routes(routes!(stream::follow))
        .routes(routes!(tally::put_preview))
        .routes(routes!(tally::follow))
        .routes(routes!(hooks::dead))
        .routes(routes!(hooks::replay))
        .routes(routes!(hooks::discard))
        .routes(routes!(hook_targets::list))
        .routes(routes!(hook_targets::put, hook_targets::delete))
        .routes(routes!(tokens::create, tokens::list))
        .routes(routes!(tokens::revoke))
        .routes(routes!(life::start))
        .routes(routes!(life::pause))
        .routes(routes!(life::resume))
        .routes(routes!(life::end))
        .routes(routes!(life::kick))
        .routes(routes!(playback::create))
        .routes(routes!(playback::rotate))
        .routes(routes!(system::store))
        .routes(routes!(configuration::reload))
        .routes(routes!(rejected::list, rejected::discard))
        .routes(routes!(rejected::retry))
        .routes(routes!(compatible::switch))
        .routes(routes!(compatible::active))
        .routes(routes!(thumbnails::camera))
        .routes(routes!(thumbnails::program))
        .routes(routes!(thumbnails::compatible))
        .routes(routes!(recordings::list))
        .routes(routes!(recordings::deletions))
        .routes(routes!(recordings::get, recordings::delete))
        .routes(routes!(recordings::media::playlist))
        .routes(routes!(recordings::media::clip))
        .routes(routes!(recordings::media::download))
        .routes(routes!(recordings::media::thumbnail))
        .routes(routes!(recordings::media::file))
}

/// What takes larger bodies than the rest.
fn uploads() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new()
        .routes(routes!(slates::put, slates::get, slates::delete))
        .layer(DefaultBodyLimit::max(SLATE_BYTES_MAX))
}

/// What takes edit lists, which are larger than other JSON.
fn edit_lists() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new()
        .routes(routes!(recordings::edit::edit_list, recordings::recut::put))
        .layer(DefaultBodyLimit::max(EDIT_BYTES_MAX))
}

/// What anybody may ask.
pub(crate) fn public() -> OpenApiRouter<Arc<Shared>> {
    OpenApiRouter::new()
        .routes(routes!(socket::follow))
        .routes(routes!(socket::follow_compatible))
        .routes(routes!(preview::open))
        .routes(routes!(watch::status))
        .routes(routes!(watch::poster))
        .routes(routes!(rewatch::playlist))
        .routes(routes!(rewatch::file))
        .routes(routes!(system::healthz))
        .routes(routes!(system::readyz))
        .routes(routes!(system::metrics))
        .routes(routes!(system::stat))
}

/// What viewers' pages ask, by paths with a playback token. Described at the paths without.
fn signed() -> Router<Arc<Shared>> {
    let below = |rest: &str| format!("/p/{{playback_token}}/watch/{{event}}/{rest}");
    Router::new()
        .route(&below("status"), get(watch::status))
        .route(&below("poster.jpg"), get(watch::poster))
        .route(&below("recordings/{recording}/index.m3u8"), get(rewatch::playlist))
        .route(&below("recordings/{recording}/download.mp4"), get(rewatch::download))
        .route(&below("recordings/{recording}/{file}"), get(rewatch::file))
}

async fn unknown_path() -> Problem {
    Problem::new(ProblemCode::UnknownPath, "there is nothing at this path")
}

async fn method_not_allowed() -> Problem {
    let detail = "the path does not know this method; `allow` lists those that it knows";
    Problem::new(ProblemCode::MethodNotAllowed, detail)
}

async fn bound_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_TIME_MAX, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(ProblemCode::Unavailable, "the server did not get done in time")
            .into_response(),
    }
}

async fn add_security_headers(mut response: Response) -> Response {
    for (name, value) in SECURITY_HEADERS {
        // Thumbnails say themselves how they may be kept.
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}

/// Without the query and the headers, its own id aside: a client may have put a secret there.
fn request_span(request: &Request) -> tracing::Span {
    let request_id = request_id::of(request.headers());
    let path = request.uri().path();
    tracing::info_span!("api", request_id, method = %request.method(), path)
}
