//! `/api/docs`: the description of the API, to read in a browser.
//!
//! A page of our own that renders `/api/openapi.json`: nothing is fetched from elsewhere, nothing is built, and what
//! the document says is written as text, never as markup.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::state::Shared;

/// Only what comes from this server, and nothing inline.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page and what it loads.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/api/docs", get(async || file("text/html", include_str!("page.html"))))
        .route("/api/docs/page.css", get(async || file("text/css", include_str!("page.css"))))
        .route("/api/docs/page.js", get(async || file("text/javascript", include_str!("page.js"))))
}

fn file(media_type: &str, text: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, format!("{media_type}; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY.to_owned()),
        // Another version of the server may answer next.
        (header::CACHE_CONTROL, "no-cache".to_owned()),
    ];
    (headers, text)
}
