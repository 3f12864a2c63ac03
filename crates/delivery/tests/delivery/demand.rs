//! When a Feed is packaged, and what goes on when it is packaged again.

use std::time::Duration;

use ::http::StatusCode;
use genlock_delivery::Demand;

use crate::support::{Served, id};

const INDEX: &str = "/hls/wedding/cam-1/index.m3u8";
const MEDIA: &str = "/hls/wedding/cam-1/media.m3u8";
const BRIEF: Demand = Demand::OnRequest { idle: Duration::from_millis(100) };

fn number(playlist: &str, tag: &str) -> u64 {
    let line = playlist.lines().find_map(|line| line.strip_prefix(tag));
    line.map_or(0, |number| number.parse().unwrap())
}

fn segments(playlist: &str) -> Vec<&str> {
    playlist.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[tokio::test]
async fn a_camera_costs_nothing_until_it_is_asked_for_and_starts_at_once() {
    let served = Served::start();
    let _camera = served.publish("cam-1", Demand::ON_REQUEST, 12);
    assert_eq!(served.origin.stats().packaging, 0);
    let index = served.get(INDEX).await;
    assert_eq!(index.status, StatusCode::OK);
    assert_eq!(served.origin.stats().packaging, 1);
    let media = served.get(MEDIA).await;
    assert_eq!(segments(media.text()).len(), 5, "{}", media.text());
}

#[tokio::test]
async fn a_programme_is_packaged_before_anybody_asks() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 12);
    served.until(|stats| stats.packaging == 1).await;
}

#[tokio::test]
async fn packaging_stops_when_nobody_asks_and_goes_on_with_new_numbers() {
    let served = Served::start();
    let mut camera = served.publish("cam-1", BRIEF, 12);
    let before = served.get(MEDIA).await;
    served.until(|stats| stats.packaging == 0).await;
    camera.push_seconds(4);
    let after = served.get(MEDIA).await;
    assert_eq!(after.status, StatusCode::OK);
    let sequence = "#EXT-X-MEDIA-SEQUENCE:";
    let last = number(before.text(), sequence) + segments(before.text()).len() as u64;
    assert!(number(after.text(), sequence) > last);
    for uri in segments(after.text()) {
        assert!(!before.text().contains(uri), "{uri} was used before");
    }
    let old = format!("/hls/wedding/cam-1/{}", segments(before.text())[0]);
    assert_eq!(served.get(&old).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn numbers_are_made_of_the_media_time() {
    let served = Served::start();
    let _camera = served.publish("cam-1", Demand::ON_REQUEST, 12);
    let media = served.get(MEDIA).await;
    // The event clock started at 1000 s, and the camera 12 s before.
    let sequence = number(media.text(), "#EXT-X-MEDIA-SEQUENCE:");
    assert!((9_880..=9_890).contains(&sequence), "{sequence}");
    let discontinuities = number(media.text(), "#EXT-X-DISCONTINUITY-SEQUENCE:");
    assert_eq!(discontinuities, 988);
}

#[tokio::test]
async fn an_offline_camera_is_not_packaged() {
    let limits = genlock_delivery::OriginLimits {
        first_content_wait: Duration::from_millis(20),
        ..Default::default()
    };
    let served = Served::with(Default::default(), limits);
    drop(served.publish("cam-1", Demand::ON_REQUEST, 12));
    assert_eq!(served.get(INDEX).await.status, StatusCode::NOT_FOUND);
    assert_eq!(served.origin.stats().packaging, 0);
}

#[tokio::test]
async fn the_target_duration_fits_the_longest_gop_seen_before_the_first_playlist() {
    let served = Served::start();
    let mut camera = served.publish("program", Demand::Always, 0).gop_frames(180);
    camera.push_seconds(19);
    let first = served.get("/hls/wedding/program/media.m3u8").await;
    assert_eq!(number(first.text(), "#EXT-X-TARGETDURATION:"), 6, "{}", first.text());
}

#[tokio::test]
async fn the_target_duration_never_changes_once_it_was_served() {
    let served = Served::start();
    let mut camera = served.publish("program", Demand::Always, 12);
    let path = "/hls/wedding/program/media.m3u8";
    let first = served.get(path).await;
    assert_eq!(number(first.text(), "#EXT-X-TARGETDURATION:"), 4);
    camera = camera.gop_frames(240);
    camera.push_seconds(20);
    let open = number(first.text(), "#EXT-X-MEDIA-SEQUENCE:") + segments(first.text()).len() as u64;
    for sequence in open..open + 4 {
        let later = served.get(&format!("{path}?_HLS_msn={sequence}")).await;
        assert_eq!(later.status, StatusCode::OK, "{}", later.text());
        assert_eq!(number(later.text(), "#EXT-X-TARGETDURATION:"), 4);
    }
}

#[tokio::test]
async fn a_publication_can_be_replaced() {
    let served = Served::start();
    let _first = served.publish("cam-1", Demand::ON_REQUEST, 12);
    let before = served.get(MEDIA).await;
    let _second = served.publish("cam-1", Demand::ON_REQUEST, 6);
    let after = served.get(MEDIA).await;
    assert!(segments(after.text()).len() < segments(before.text()).len());
    served.until(|stats| stats.packaging == 1).await;
    served.origin.remove(&id("cam-1"));
    served.until(|stats| stats.packaging == 0).await;
}
