//! The web pages inside the binary: the creator's at `/` and below `/events`, the tally page at `/tally`, the viewer's
//! at `/watch/{event}` and, for events that are watched by signed paths, at `/p/{token}/watch/{event}`.
//!
//! The viewer's page says in its head what it shows (Open Graph, <https://ogp.me>), for whoever makes a card of a link
//! without running scripts. What that is is asked of the API, as the page itself does.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;
use serde::Deserialize;
use tower::ServiceExt;

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

/// Shows whether one camera is on air, by a token in the address's fragment: in no frame.
const TALLY: Page = Page { file: "tally.html", frame_ancestors: "'none'" };

/// What stands in the viewer's page where its head is to say what it shows.
const HEAD_END: &str = "</head>";

/// Bytes of the API's answer about an event: names are bounded, and so is their number.
const STATUS_BYTES_MAX: usize = 1 << 20;

const NOT_BUILT: &str = "the web pages are not built into this binary: \
    run `npm ci && npm run build` in web/, then build again\n";

/// Routes of the pages and of what they load. `api` is asked what there is to watch.
pub(crate) fn router(api: Router) -> Router {
    Router::new()
        .route("/", get(async || CONSOLE.answer()))
        .route("/events", get(async || CONSOLE.answer()))
        .route("/events/{*place}", get(async || CONSOLE.answer()))
        .route("/tally", get(async || TALLY.answer()))
        .route("/watch/{event}", get(watch))
        .route("/p/{playback_token}/watch/{event}", get(watch))
        .route("/assets/{file}", get(asset))
        .with_state(api)
}

impl Page {
    fn answer(self) -> Response {
        match Assets::get(self.file) {
            Some(file) => self.answer_with(file.data),
            None => (StatusCode::NOT_FOUND, NOT_BUILT).into_response(),
        }
    }

    fn answer_with(self, html: impl IntoResponse) -> Response {
        let policy = format!("{CONTENT_SECURITY_POLICY} {}", self.frame_ancestors);
        let headers = [
            (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
            (header::CONTENT_SECURITY_POLICY, policy),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
            (header::REFERRER_POLICY, "no-referrer".to_owned()),
            (header::CACHE_CONTROL, "no-cache".to_owned()),
        ];
        (headers, html).into_response()
    }
}

/// What the API says of an event to whoever watches it.
#[derive(Debug, Deserialize)]
struct Watched {
    name: String,
    watch_url: String,
    poster_url: String,
}

/// The viewer's page. A link that opens nothing is answered with the page too, which says so; the status is the API's.
async fn watch(State(api): State<Router>, request: Request) -> Response {
    let Some(file) = Assets::get(WATCH.file) else { return WATCH.answer() };
    let html = String::from_utf8_lossy(&file.data).into_owned();
    let (status, watched) = ask(api, request).await;
    let html = match watched {
        Some(watched) => html.replacen(HEAD_END, &format!("{}{HEAD_END}", head(&watched)), 1),
        None => html,
    };
    let mut response = WATCH.answer_with(html);
    if matches!(status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST) {
        *response.status_mut() = status;
    }
    response
}

/// What the API answers to the page that `request` asks for, to whom it is.
async fn ask(api: Router, request: Request) -> (StatusCode, Option<Watched>) {
    let (mut parts, _) = request.into_parts();
    let path = format!("{}/status", parts.uri.path().trim_end_matches('/'));
    let mut uri = parts.uri.into_parts();
    uri.path_and_query = path.parse().ok();
    let Ok(uri) = uri.try_into() else { return (StatusCode::NOT_FOUND, None) };
    parts.uri = uri;
    let Ok(answer) = api.oneshot(Request::from_parts(parts, Body::empty())).await;
    let status = answer.status();
    let body = to_bytes(answer.into_body(), STATUS_BYTES_MAX).await.unwrap_or_default();
    (status, serde_json::from_slice(&body).ok())
}

/// The tags for whoever makes a card of the link. A name is text: it is escaped.
fn head(watched: &Watched) -> String {
    let name = escaped(&watched.name);
    let (url, picture) = (escaped(&watched.watch_url), escaped(&watched.poster_url));
    [
        ("og:type", "video.other"),
        ("og:site_name", "Genlock"),
        ("og:title", &name),
        ("og:description", "Watch here."),
        ("og:url", &url),
        ("og:image", &picture),
        ("twitter:card", "summary_large_image"),
    ]
    .iter()
    .map(|(property, content)| {
        let attribute = if property.starts_with("og:") { "property" } else { "name" };
        format!("<meta {attribute}=\"{property}\" content=\"{content}\" />\n    ")
    })
    .collect()
}

/// `text` as the value of an attribute in double quotes.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            other => safe.push(other),
        }
    }
    safe
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_text_in_the_head_of_the_page() {
        let watched = Watched {
            name: r#"Ann & "Bob" <script>"#.to_owned(),
            watch_url: "http://live.example/watch/e".to_owned(),
            poster_url: "http://live.example/watch/e/poster.jpg".to_owned(),
        };
        let head = head(&watched);
        let title =
            r#"<meta property="og:title" content="Ann &amp; &quot;Bob&quot; &lt;script&gt;" />"#;
        assert!(head.contains(title), "{head}");
        assert!(
            head.contains(
                r#"property="og:image" content="http://live.example/watch/e/poster.jpg""#
            )
        );
        assert!(!head.contains("<script"), "{head}");
    }
}
