//! What viewers' pages ask, without any access token.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use genlock_store::{CameraId, EventId, Life};
use serde_json::json;

use crate::described;
use crate::harness::{Answer, Api, last_segment};

/// Asks as a viewer's page does: with no token at all.
async fn ask(api: &Api, path: &str) -> Answer {
    let request = Request::get(path).header("host", "genlock.test:8080");
    let answer = api.send(request.body(Body::empty()).unwrap()).await;
    described::check(&Method::GET, path, &answer);
    answer
}

fn watch(event: &str, rest: &str) -> String {
    format!("/watch/{}{rest}", last_segment(event))
}

#[tokio::test]
async fn anybody_is_told_what_there_is_to_watch_of_a_public_event() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    let told = ask(&api, &watch(&event, "/status")).await;
    assert_eq!(told.status, StatusCode::OK, "{told:?}");
    let (view, base) = (told.json(), "http://genlock.test:8080");
    assert_eq!(view["status"], "waiting");
    assert_eq!(view["watch_url"], format!("{base}{}", watch(&event, "")));
    assert_eq!(view["hls_url"], format!("{base}/hls/{}/program/index.m3u8", last_segment(&event)));
    assert_eq!(view["angles"], json!([]), "the creator has not allowed it");
    assert_eq!(view["recording"], json!(null));
    api.live.state().active.insert(
        EventId::parse(last_segment(&event)).unwrap(),
        CameraId::parse(last_segment(&camera)).unwrap(),
    );
    assert_eq!(ask(&api, &watch(&event, "/status")).await.json()["status"], "live");
    ask(&api, "/watch/nowhere/status").await.problem(404, "event_not_found", None);
    ask(&api, "/watch/no%20where/status").await.problem(400, "invalid_id", Some("event"));
}

#[tokio::test]
async fn angles_are_offered_where_the_creator_allows_it() {
    let api = Api::new();
    let event = api.event().await;
    let altar = api.camera(&event, "Altar").await;
    api.camera(&event, "Aisle").await;
    api.publish(&altar);
    api.patch(&altar, json!({ "priority": 1 })).await;
    let changed = api.patch(&event, json!({ "policy": { "viewer_angles": true } })).await;
    assert_eq!(changed.json()["policy"]["viewer_angles"], true);
    let view = ask(&api, &watch(&event, "/status")).await.json();
    let angle = |index: usize| {
        (view["angles"][index]["name"].clone(), view["angles"][index]["live"].clone())
    };
    assert_eq!(angle(0), (json!("Altar"), json!(true)));
    assert_eq!(angle(1), (json!("Aisle"), json!(false)));
    let hls = view["angles"][0]["hls_url"].as_str().unwrap();
    let (event, altar) = (last_segment(&event), last_segment(&altar));
    assert_eq!(hls, format!("http://genlock.test:8080/hls/{event}/{altar}/index.m3u8"));
}

#[tokio::test]
async fn a_signed_event_is_told_to_those_whose_path_opens_it() {
    let api = Api::new();
    let event = api.event().await;
    api.camera(&event, "Altar").await;
    api.post("/api/playback-keys/rotate", json!({})).await;
    api.patch(&event, json!({ "playback": "signed" })).await;
    for rest in ["/status", "/poster.jpg"] {
        let refused = ask(&api, &watch(&event, rest)).await;
        refused.problem(403, "playback_refused", None);
    }
    for (cameras, angles) in [(false, 0), (true, 1)] {
        let wanted = json!({ "expires_in": 60, "cameras": cameras });
        let made = api.post(&format!("{event}/playback-tokens"), wanted).await.json();
        let base = format!("/p/{}", made["token"].as_str().unwrap());
        let view = ask(&api, &format!("{base}{}", watch(&event, "/status"))).await.json();
        assert_eq!(view["hls_url"], made["hls_url"]);
        assert_eq!(view["watch_url"], made["watch_url"]);
        assert_eq!(view["angles"].as_array().unwrap().len(), angles);
        let poster = ask(&api, &format!("{base}{}", watch(&event, "/poster.jpg"))).await;
        assert_eq!(poster.status, StatusCode::OK);
        let other = api.event().await;
        let elsewhere = ask(&api, &format!("{base}{}", watch(&other, "/status"))).await;
        elsewhere.problem(403, "playback_refused", None);
    }
    let wrong = ask(&api, &format!("/p/wrong{}", watch(&event, "/status"))).await;
    wrong.problem(403, "playback_refused", None);
}

#[tokio::test]
async fn the_poster_is_the_programme_while_it_is_live_and_else_the_slate() {
    let api = Api::new();
    let event = api.event().await;
    let slate = ask(&api, &watch(&event, "/poster.jpg")).await;
    assert_eq!((slate.status, slate.text.as_str()), (StatusCode::OK, "card"));
    let id = EventId::parse(last_segment(&event)).unwrap();
    api.live.state().active.insert(id, CameraId::parse("altar").unwrap());
    let live = ask(&api, &watch(&event, "/poster.jpg")).await;
    assert!(live.text.starts_with("programme"), "{live:?}");
}

#[tokio::test]
async fn an_event_that_has_not_ended_offers_no_recording() {
    let api = Api::new();
    let event = api.event().await;
    let id = EventId::parse(last_segment(&event)).unwrap();
    api.live.state().lives.insert(id, Life::Open);
    let playlist = watch(&event, "/recordings/1764104406-program/index.m3u8");
    ask(&api, &playlist).await.problem(404, "recording_not_found", None);
}
