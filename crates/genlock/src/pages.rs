//! The web pages inside the binary: the creator's at `/`, the viewer's at `/watch/{event}` and,
//! for events that are watched by signed paths, at `/p/{token}/watch/{event}`.

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;

/// `web/dist`, embedded at build time (read from disk in debug builds). Missing when the pages were
/// not built; the server works all the same and says at `/` how to get them.
#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Assets;

/// Nothing from elsewhere, nothing inline. Media Source Extensions need `blob:`, and so does the
/// worker that hls.js makes.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' data:; \
    media-src 'self' blob:; worker-src 'self' blob:; frame-ancestors 'self'; base-uri 'none'; \
    form-action 'self'";

const NOT_BUILT: &str = "the web pages are not built into this binary: \
    run `npm ci && npm run build` in web/, then build again\n";

/// Routes of the pages and of what they load.
pub(crate) fn router() -> Router {
    Router::new()
        .route("/", get(async || page("index.html")))
        .route("/watch/{event}", get(async || page("watch.html")))
        .route("/p/{token}/watch/{event}", get(async || page("watch.html")))
        .route("/assets/{file}", get(asset))
}

fn page(name: &str) -> Response {
    match Assets::get(name) {
        Some(file) => {
            let headers = [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (header::REFERRER_POLICY, "no-referrer"),
                (header::CACHE_CONTROL, "no-cache"),
            ];
            (headers, file.data).into_response()
        }
        None => (StatusCode::NOT_FOUND, NOT_BUILT).into_response(),
    }
}

/// Names under `/assets` hold a hash of the content, so they may be kept for ever.
async fn asset(Path(name): Path<String>) -> Response {
    match Assets::get(&format!("assets/{name}")) {
        Some(file) => {
            let headers = [
                (header::CONTENT_TYPE, file.metadata.mimetype()),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            (headers, file.data.clone()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
