//! What is listed and when, and which dialect speaks when none is named.

use std::time::Duration;

use genlock_delivery::Demand;
use genlock_packager::Dialect;

use crate::support::{Served, id};

const INDEX: &str = "/hls/wedding/program/index.m3u8";

#[tokio::test]
async fn listings_tell_up_to_where_media_is_listed_and_when_it_came() {
    let served = Served::start();
    let begun = served.clock.now() - Duration::from_secs(12);
    let mut camera = served.publish("program", Demand::Always, 12);
    let mut listings = served.origin.listings(&id("program")).unwrap();
    let first = listings.next().await.unwrap();
    assert!(first.media_until > begun + Duration::from_secs(10), "{first:?}");
    assert!(first.at <= served.clock.now());

    let pushed_at = served.clock.now();
    camera.push_seconds(2);
    // Parts come one after the other; what counts is that the end is told, later than it was pushed.
    let wanted = first.media_until + Duration::from_secs(1);
    let listed = async {
        loop {
            let listed = listings.next().await.unwrap();
            if listed.media_until >= wanted {
                return listed;
            }
        }
    };
    let listed = tokio::time::timeout(Duration::from_secs(10), listed).await.unwrap();
    assert!(listed.at >= pushed_at && listed.at <= served.clock.now());
}

#[tokio::test]
async fn listings_end_with_the_publication() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 12);
    let mut listings = served.origin.listings(&id("program")).unwrap();
    served.origin.remove(&id("program"));
    assert_eq!(listings.next().await, None);
    assert!(served.origin.listings(&id("program")).is_none());
}

#[tokio::test]
async fn a_url_without_a_dialect_speaks_the_default_one() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 12);
    let seamless = "media.m3u8?dialect=seamless";
    let speaks_seamless = async |query: &str| {
        let index = served.get(&format!("{INDEX}{query}")).await;
        index.text().lines().last() == Some(seamless)
    };
    assert!(!speaks_seamless("").await);
    served.origin.set_default_dialect(&id("program"), Dialect::Seamless);
    assert!(speaks_seamless("").await);
    assert!(!speaks_seamless("?dialect=strict").await);
    served.origin.set_default_dialect(&id("program"), Dialect::Strict);
    assert!(!speaks_seamless("").await);
    assert!(speaks_seamless("?dialect=seamless").await);
}
