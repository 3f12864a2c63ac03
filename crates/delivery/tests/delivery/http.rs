//! The rules of HTTP that every viewer and every cache relies on.

use std::time::Duration;

use ::http::{Method, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::support::{Camera, Served, fetch, id};
use genlock_delivery::Demand;
use genlock_feed::{Feed, FeedLimits};

const INDEX: &str = "/hls/wedding/program/index.m3u8";
const MEDIA: &str = "/hls/wedding/program/media.m3u8";

/// The URIs that a media playlist names, with their paths.
fn uris(playlist: &str) -> Vec<String> {
    let lines = playlist.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| format!("/hls/wedding/program/{line}")).collect()
}

fn attribute<'a>(playlist: &'a str, tag: &str, name: &str) -> &'a str {
    let line = playlist.lines().rfind(|line| line.starts_with(tag)).unwrap();
    let rest = line.split_once(&format!("{name}=\"")).unwrap().1;
    rest.split_once('"').unwrap().0
}

#[tokio::test]
async fn playlists_and_media_have_their_types_and_caching() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 12);
    let index = served.get(INDEX).await;
    assert_eq!(index.status, StatusCode::OK);
    assert_eq!(index.header("content-type"), "application/vnd.apple.mpegurl");
    assert!(index.text().contains("media.m3u8"), "{}", index.text());
    let media = served.get(MEDIA).await;
    assert_eq!(media.header("cache-control"), "public, max-age=1");
    assert_eq!(media.header("access-control-allow-origin"), "*");
    assert_eq!(media.header("vary"), "accept-encoding");
    assert_eq!(media.header("x-content-type-options"), "nosniff");
    assert!(media.headers.contains_key("date"));
    let init = attribute(media.text(), "#EXT-X-MAP", "URI");
    let init = served.get(&format!("/hls/wedding/program/{init}")).await;
    assert_eq!(init.header("content-type"), "video/mp4");
    for uri in uris(media.text()) {
        let segment = served.get(&uri).await;
        assert_eq!(segment.status, StatusCode::OK, "{uri}");
        assert_eq!(segment.header("cache-control"), "public, max-age=3600, immutable");
        assert_eq!(segment.header("access-control-allow-origin"), "*");
        assert_eq!(segment.header("content-length"), segment.body.len().to_string());
    }
}

#[tokio::test]
async fn transport_streams_have_playlists_of_their_own() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 12);
    let index = served.get("/hls/wedding/program/ts.m3u8").await;
    assert!(index.text().contains("ts-media.m3u8"), "{}", index.text());
    let media = served.get("/hls/wedding/program/ts-media.m3u8").await;
    let segment = served.get(uris(media.text()).last().unwrap()).await;
    assert_eq!(segment.header("content-type"), "video/mp2t");
    assert_eq!(segment.body.first(), Some(&0x47));
}

#[tokio::test]
async fn what_transport_streams_do_not_carry_is_said_at_once() {
    let served = Served::start();
    let feed = Feed::new(FeedLimits::default());
    let mut camera = Camera::starting(&feed, served.clock, Duration::from_secs(12)).opus();
    camera.push_seconds(12);
    served.origin.publish(id("program"), feed, Demand::Always);
    for path in ["/hls/wedding/program/ts.m3u8", "/hls/wedding/program/ts-media.m3u8"] {
        let got = served.get(path).await;
        assert_eq!(got.status, StatusCode::NOT_FOUND);
        assert_eq!(got.text(), "unsupported audio codec in MPEG-TS: opus; index.m3u8 carries it");
    }
    assert_eq!(served.get(MEDIA).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_playlist_is_compressed_when_asked() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 12);
    let plain = served.get(MEDIA).await;
    let packed = served.request(Method::GET, MEDIA, &[("accept-encoding", "gzip")]).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert_eq!(packed.body.get(..2), Some(&[0x1f, 0x8b][..]));
    assert!(packed.body.len() < plain.body.len());
    let uri = uris(plain.text()).remove(0);
    let segment = served.request(Method::GET, &uri, &[("accept-encoding", "gzip")]).await;
    assert_eq!(segment.header("content-encoding"), "");
}

#[tokio::test]
async fn a_head_has_the_headers_of_a_get_and_no_body() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 12);
    let get = served.get(MEDIA).await;
    let segment = uris(get.text()).remove(0);
    for path in [MEDIA, &segment] {
        let get = served.get(path).await;
        let head = served.request(Method::HEAD, path, &[]).await;
        assert_eq!(head.status, StatusCode::OK);
        assert_eq!(head.header("content-length"), get.body.len().to_string());
        assert_eq!(head.header("content-type"), get.header("content-type"));
        assert!(head.body.is_empty());
    }
}

#[tokio::test]
async fn a_preflight_is_answered_for_any_path() {
    let served = Served::start();
    for path in [MEDIA, "/hls/nobody/nothing/x.m4s", "/hls/"] {
        let headers = [
            ("origin", "http://player.example"),
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", "range"),
        ];
        let reply = served.request(Method::OPTIONS, path, &headers).await;
        assert_eq!(reply.status, StatusCode::NO_CONTENT);
        assert_eq!(reply.header("access-control-allow-origin"), "*");
        assert!(reply.header("access-control-allow-headers").contains("range"));
    }
}

#[tokio::test]
async fn errors_are_shared_and_never_cached() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 12);
    let cases = [
        (Method::GET, "/hls/wedding/program/no-such.m4s", StatusCode::NOT_FOUND),
        (Method::GET, "/hls/wedding/nobody/index.m3u8", StatusCode::NOT_FOUND),
        (Method::GET, "/hls/wedding/program/../../etc/passwd", StatusCode::NOT_FOUND),
        (Method::GET, "/hls/", StatusCode::NOT_FOUND),
        (Method::POST, MEDIA, StatusCode::METHOD_NOT_ALLOWED),
        (Method::GET, &format!("{MEDIA}?_HLS_part=0"), StatusCode::BAD_REQUEST),
        (Method::GET, &format!("{MEDIA}?_HLS_msn=abc"), StatusCode::BAD_REQUEST),
        (Method::GET, &format!("{MEDIA}?_HLS_msn=-1"), StatusCode::BAD_REQUEST),
        (Method::GET, &format!("{MEDIA}?_HLS_msn=18446744073709551616"), StatusCode::BAD_REQUEST),
        (Method::GET, &format!("{MEDIA}?_HLS_msn=18446744073709551615"), StatusCode::BAD_REQUEST),
    ];
    for (method, path, status) in cases {
        let reply = served.request(method, path, &[]).await;
        assert_eq!(reply.status, status, "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{path}");
        assert_eq!(reply.header("cache-control"), "no-store", "{path}");
    }
    let refused = served.request(Method::DELETE, MEDIA, &[]).await;
    assert_eq!(refused.header("allow"), "GET, HEAD, OPTIONS");
}

#[tokio::test]
async fn unknown_parameters_change_nothing_and_are_not_echoed() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 12);
    let plain = served.get(MEDIA).await;
    let reply = served.get(&format!("{MEDIA}?token=secret&foo=bar")).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.body, plain.body);
}

#[tokio::test]
async fn one_byte_range_of_a_segment_is_served() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 12);
    let uri = uris(served.get(MEDIA).await.text()).remove(0);
    let whole = served.get(&uri).await.body;
    let total = whole.len();
    let range = |value: String| {
        let (served, uri) = (&served, &uri);
        async move { served.request(Method::GET, uri, &[("range", &value)]).await }
    };
    let part = range("bytes=100-1999".to_owned()).await;
    assert_eq!(part.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.header("content-range"), format!("bytes 100-1999/{total}"));
    assert_eq!(part.body, whole.slice(100..2000));
    let beyond = range(format!("bytes={total}-")).await;
    assert_eq!(beyond.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(beyond.header("content-range"), format!("bytes */{total}"));
    let headers = [("range", "bytes=0-9"), ("if-range", "\"anything\"")];
    let whole_again = served.request(Method::GET, &uri, &headers).await;
    assert_eq!(whole_again.status, StatusCode::OK);
    assert_eq!(whole_again.body.len(), total);
}

#[tokio::test]
async fn http2_with_prior_knowledge_is_served_on_the_same_port() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 12);
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let reply = fetch(client.clone(), served.address, Method::GET, MEDIA, &[]).await;
    assert_eq!(reply.status, StatusCode::OK);
    let uri = uris(reply.text()).remove(0);
    let h2 = fetch(client, served.address, Method::GET, &uri, &[]).await;
    assert_eq!(h2.body, served.get(&uri).await.body);
    assert!(h2.headers.contains_key("date"));
}

#[tokio::test]
async fn other_paths_are_for_the_service_behind() {
    let served = Served::start();
    for path in ["/", "/hls", "/healthz", "/hlsx/wedding/program/index.m3u8"] {
        assert_eq!(served.get(path).await.body, "behind, for 127.0.0.1 by http", "{path}");
    }
    assert_eq!(served.origin.stats().requests, 0);
}
