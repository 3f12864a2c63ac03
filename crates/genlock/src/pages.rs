//! The web pages inside the binary: the creator's at `/` and below `/events`, the viewer's at
//! `/watch/{event}` and, for events that are watched by signed paths, at `/p/{token}/watch/{event}`.

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

/// Nothing from elsewhere, nothing inline. Media Source Extensions need `blob:`, and so do the worker that hls.js
/// makes and pictures that are fetched with a token. Followed by who may put the page into a frame.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' blob: data:; \
    media-src 'self' blob:; worker-src 'self' blob:; base-uri 'none'; object-src 'none'; \
    form-action 'self'; frame-ancestors";

/// A page, and who may put it into a frame.
#[derive(Debug, Clone, Copy)]
struct Page {
    file: &'static str,
    frame_ancestors: &'static str,
}

/// Holds a token and buttons that act with it: in no frame.
const CONSOLE: Page = Page { file: "index.html", frame_ancestors: "'none'" };

/// Plays and does nothing else: sites embed it.
const WATCH: Page = Page { file: "watch.html", frame_ancestors: "*" };

const NOT_BUILT: &str = "the web pages are not built into this binary: \
    run `npm ci && npm run build` in web/, then build again\n";

/// Routes of the pages and of what they load.
pub(crate) fn router() -> Router {
    Router::new()
        .route("/", get(async || CONSOLE.answer()))
        .route("/events", get(async || CONSOLE.answer()))
        .route("/events/{*place}", get(async || CONSOLE.answer()))
        .route("/watch/{event}", get(async || WATCH.answer()))
        .route("/p/{token}/watch/{event}", get(async || WATCH.answer()))
        .route("/assets/{file}", get(asset))
}

impl Page {
    fn answer(self) -> Response {
        let Some(file) = Assets::get(self.file) else {
            return (StatusCode::NOT_FOUND, NOT_BUILT).into_response();
        };
        let policy = format!("{CONTENT_SECURITY_POLICY} {}", self.frame_ancestors);
        let headers = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
            (header::CONTENT_SECURITY_POLICY, policy),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
            (header::REFERRER_POLICY, "no-referrer".to_owned()),
            (header::CACHE_CONTROL, "no-cache".to_owned()),
        ];
        (headers, file.data).into_response()
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
