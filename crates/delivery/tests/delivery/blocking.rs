//! Requests that are answered when the media is there (rfc8216bis-22 §6.2.5, §6.2.6).

use std::time::Duration;

use ::http::StatusCode;

use crate::support::{Got, Served, id};
use genlock_delivery::{Demand, OriginLimits, ServerLimits};

const INDEX: &str = "/hls/wedding/program/index.m3u8";
const MEDIA: &str = "/hls/wedding/program/media.m3u8";

/// Where a low-latency playlist ends.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Edge {
    /// Media sequence number of the open segment.
    open: u64,
    /// Listed parts of it.
    parts: u64,
    /// Path of the hinted part.
    hint: String,
}

fn edge(playlist: &str) -> Edge {
    let sequence = playlist
        .lines()
        .find_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:"))
        .map_or(0, |number| number.parse().unwrap());
    let lines = || playlist.lines();
    let segments = lines().filter(|line| line.starts_with("#EXTINF")).count() as u64;
    let after = lines().rev().take_while(|line| line.starts_with('#') || line.is_empty());
    let parts = after.filter(|line| line.starts_with("#EXT-X-PART:")).count() as u64;
    let hint = lines().find(|line| line.contains("PRELOAD-HINT") && line.contains("TYPE=PART"));
    let hint = hint.unwrap().split_once("URI=\"").unwrap().1.split_once('"').unwrap().0;
    Edge { open: sequence + segments, parts, hint: format!("/hls/wedding/program/{hint}") }
}

async fn edge_of(served: &Served) -> Edge {
    let playlist = served.get(MEDIA).await;
    assert_eq!(playlist.status, StatusCode::OK, "{}", playlist.text());
    edge(playlist.text())
}

/// Asks in the background and waits until the request is held.
async fn held(served: &Served, path: String) -> tokio::task::JoinHandle<Got> {
    let before = served.origin.stats().held;
    let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new())
        .build_http();
    let address = served.address;
    let task = tokio::spawn(async move {
        crate::support::fetch(client, address, ::http::Method::GET, &path, &[]).await
    });
    served.until(|stats| stats.held > before).await;
    task
}

#[tokio::test]
async fn a_blocking_reload_is_answered_when_the_part_is_there() {
    let served = Served::start();
    let mut camera = served.publish("program", Demand::Always, 12);
    let before = edge_of(&served).await;
    let query = format!("{MEDIA}?_HLS_msn={}&_HLS_part={}", before.open, before.parts);
    let waiting = held(&served, query.clone()).await;
    camera.push(30);
    let got = waiting.await.unwrap();
    assert_eq!(got.status, StatusCode::OK);
    let after = edge(got.text());
    assert!((after.open, after.parts) > (before.open, before.parts), "{before:?} {after:?}");
    assert_eq!(got.header("cache-control"), "public, max-age=24");
    let again = served.get(&query).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(served.origin.stats().held, 0);
}

#[tokio::test]
async fn a_reload_for_a_segment_waits_for_all_of_it() {
    let served = Served::start();
    let mut camera = served.publish("program", Demand::Always, 12);
    let before = edge_of(&served).await;
    let waiting = held(&served, format!("{MEDIA}?_HLS_msn={}", before.open)).await;
    camera.push(75);
    let after = edge(waiting.await.unwrap().text());
    assert!(after.open > before.open, "{before:?} {after:?}");
}

#[tokio::test]
async fn a_hinted_part_is_answered_whole_when_it_is_there() {
    let served = Served::start();
    let mut camera = served.publish("program", Demand::Always, 12);
    let before = edge_of(&served).await;
    let waiting = held(&served, before.hint.clone()).await;
    camera.push(30);
    let part = waiting.await.unwrap();
    assert_eq!(part.status, StatusCode::OK);
    assert_eq!(part.header("cache-control"), "public, max-age=3600, immutable");
    assert_eq!(part.body, served.get(&before.hint).await.body);
    let playlist = served.get(MEDIA).await;
    let name = before.hint.rsplit_once('/').unwrap().1;
    assert!(playlist.text().contains(&format!("URI=\"{name}\"")), "{}", playlist.text());
}

#[tokio::test]
async fn what_lies_too_far_ahead_is_refused_at_once() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 12);
    let edge = edge_of(&served).await;
    for query in [
        format!("_HLS_msn={}&_HLS_part=0", edge.open + 20),
        format!("_HLS_msn={}", edge.open + 2),
        format!("_HLS_msn={}&_HLS_part={}", edge.open, edge.parts + 50),
    ] {
        let got = served.get(&format!("{MEDIA}?{query}")).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{query}");
    }
    let old = served.get(&format!("{MEDIA}?_HLS_msn={}", edge.open - 1)).await;
    assert_eq!(old.status, StatusCode::OK);
}

#[tokio::test]
async fn a_delta_update_skips_what_is_old() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 28);
    let full = served.get(MEDIA).await;
    let delta = served.get(&format!("{MEDIA}?_HLS_skip=YES")).await;
    assert_eq!(edge(full.text()).hint, edge(delta.text()).hint);
    assert!(!full.text().contains("#EXT-X-SKIP"));
}

#[tokio::test]
async fn more_held_requests_than_the_limit_are_refused() {
    let limits = OriginLimits { held_requests: 1, ..OriginLimits::default() };
    let served = Served::with(ServerLimits::default(), limits);
    let _camera = served.publish("program", Demand::Always, 12);
    let hint = edge_of(&served).await.hint;
    let first = held(&served, hint.clone()).await;
    let second = served.get(&hint).await;
    assert_eq!(second.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(second.header("cache-control"), "no-store");
    assert_eq!(served.origin.stats().held_refused, 1);
    first.abort();
    served.until(|stats| stats.held == 0).await;
}

#[tokio::test]
async fn the_first_playlist_comes_as_soon_as_it_is_ready() {
    let served = Served::start();
    let mut camera = served.publish("program", Demand::Always, 0);
    let waiting = held(&served, INDEX.to_owned()).await;
    camera.push_seconds(5);
    let got = waiting.await.unwrap();
    assert_eq!(got.status, StatusCode::OK, "{}", got.text());
    assert!(got.text().contains("avc1.42c00d,mp4a.40.2"), "{}", got.text());
}

#[tokio::test]
async fn a_programme_that_does_not_start_is_not_found() {
    let limits =
        OriginLimits { first_content_wait: Duration::from_millis(20), ..OriginLimits::default() };
    let served = Served::with(ServerLimits::default(), limits);
    let _camera = served.publish("program", Demand::Always, 0);
    for path in [INDEX, MEDIA] {
        let got = served.get(path).await;
        assert_eq!(got.status, StatusCode::NOT_FOUND);
        assert_eq!(got.text(), "nothing is published here yet");
    }
}

#[tokio::test]
async fn removing_a_publication_answers_what_it_holds() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 12);
    let hint = edge_of(&served).await.hint;
    let waiting = held(&served, hint).await;
    served.origin.remove(&id("program"));
    assert_eq!(waiting.await.unwrap().status, StatusCode::NOT_FOUND);
    assert_eq!(served.get(MEDIA).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_graceful_stop_answers_what_is_held_and_ends() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 12);
    let edge = edge_of(&served).await;
    let reload =
        held(&served, format!("{MEDIA}?_HLS_msn={}&_HLS_part={}", edge.open, edge.parts)).await;
    let part = held(&served, edge.hint.clone()).await;
    served.stop.cancel();
    let reload = reload.await.unwrap();
    assert_eq!(reload.status, StatusCode::OK);
    assert_eq!(reload.header("cache-control"), "no-store");
    assert_eq!(part.await.unwrap().status, StatusCode::SERVICE_UNAVAILABLE);
    tokio::time::timeout(Duration::from_secs(5), served.task).await.unwrap().unwrap();
}
