//! Playback tokens and their keys.

use axum::http::StatusCode;
use genlock_store::Timestamp;
use genlock_store::limits::PLAYBACK_KEYS_MAX;
use serde_json::{Value, json};

use crate::harness::{Answer, Api, creator_token, last_segment};

async fn rotate(api: &Api, body: Value) -> Answer {
    api.post("/api/playback-keys/rotate", body).await
}

#[tokio::test]
async fn an_event_is_public_until_it_is_signed() {
    let api = Api::new();
    let event = api.event().await;
    assert_eq!(api.get(&event).await.json()["playback"], "public");
    let signed = api.patch(&event, json!({ "playback": "signed" })).await;
    assert_eq!(signed.json()["playback"], "signed");
    let made = api.post("/api/events", json!({ "name": "a", "playback": "signed" })).await;
    assert_eq!(made.json()["playback"], "signed");
    let refused = api.patch(&event, json!({ "playback": "secret" })).await;
    refused.problem(400, "invalid_value", Some("playback"));
}

#[tokio::test]
async fn a_playback_token_is_part_of_the_addresses_that_it_opens() {
    let api = Api::new();
    let event = api.event().await;
    rotate(&api, json!({})).await;
    let wanted = json!({ "expires_in": 60, "cameras": true, "address": "192.0.2.7" });
    let made = api.post(&format!("{event}/playback-tokens"), wanted).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let (view, id) = (made.json(), last_segment(&event));
    let token = view["token"].as_str().unwrap();
    assert!(token.contains(&format!("{id}-event-")) && token.ends_with("-192.0.2.7"), "{token}");
    let base = format!("http://genlock.test:8080/p/{token}");
    assert_eq!(view["hls_url"], format!("{base}/hls/{id}/program/index.m3u8"));
    assert_eq!(view["ts_url"], format!("{base}/hls/{id}/program/ts.m3u8"));
    assert_eq!(view["watch_url"], format!("{base}/watch/{id}"));
}

#[tokio::test]
async fn a_playback_token_that_cannot_be_made_is_told_why() {
    let api = Api::new();
    let event = api.event().await;
    let tokens = format!("{event}/playback-tokens");
    let without_keys = api.post(&tokens, json!({ "expires_in": 60 })).await;
    without_keys.problem(503, "unavailable", None);
    rotate(&api, json!({})).await;
    for (wanted, code, field) in [
        (json!({}), "missing_field", "expires_in"),
        (json!({ "expires_in": 9 }), "invalid_value", "expires_in"),
        (json!({ "expires_in": 2_678_401 }), "invalid_value", "expires_in"),
    ] {
        api.post(&tokens, wanted).await.problem(400, code, Some(field));
    }
    let nowhere = api.post(&tokens, json!({ "expires_in": 60, "address": "here" })).await;
    assert_eq!(nowhere.status, StatusCode::BAD_REQUEST, "{nowhere:?}");
    let missing = api.post("/api/events/x/playback-tokens", json!({ "expires_in": 60 })).await;
    missing.problem(404, "event_not_found", None);
}

#[tokio::test]
async fn what_a_guest_hands_on_ends_with_him() {
    let api = Api::new();
    let event = api.event().await;
    rotate(&api, json!({})).await;
    let wanted = json!({ "role": "viewer", "expires_in": 60 });
    let guest = api.post(&format!("{event}/tokens"), wanted).await.json();
    let token = guest["token"].as_str().unwrap();
    let tokens = format!("{event}/playback-tokens");
    let made = api.by(token, "POST", &tokens, Some(json!({ "expires_in": 3600 }))).await;
    assert_eq!(made.json()["expires_at"], guest["expires_at"], "{made:?}");
}

#[tokio::test]
async fn keys_rotate_and_old_ones_stay_for_a_while() {
    let api = Api::new();
    let first = rotate(&api, json!({})).await.json();
    assert_eq!(first["items"].as_array().unwrap().len(), 1);
    assert_eq!(first["items"][0]["retires_at"], json!(null));
    let second = rotate(&api, json!({ "grace": 60 })).await.json();
    assert_eq!(second["items"][1]["id"], first["items"][0]["id"]);
    assert!(second["items"][1]["retires_at"].is_string());
    assert_ne!(second["items"][0]["id"], first["items"][0]["id"]);
    let told = api.live.state().playback_keys.clone().unwrap();
    assert_eq!(told.keys()[0].id, second["items"][0]["id"].as_str().unwrap());
    let text = rotate(&api, json!({ "grace": 0 })).await.text;
    assert!(!text.contains("secret"), "{text}");
    rotate(&api, json!({ "grace": 2_678_401 })).await.problem(400, "invalid_value", Some("grace"));
    for _ in 1..PLAYBACK_KEYS_MAX {
        assert_eq!(rotate(&api, json!({})).await.status, 200);
    }
    rotate(&api, json!({})).await.problem(409, "limit_reached", None);
}

#[tokio::test]
async fn a_token_lives_to_its_end_when_its_key_is_replaced() {
    let api = Api::new();
    rotate(&api, json!({})).await;
    let keys = rotate(&api, json!({})).await.json();
    let (made, retires) = (&keys["items"][0]["created_at"], &keys["items"][1]["retires_at"]);
    let time = |value: &Value| Timestamp::parse(value.as_str().unwrap()).unwrap().as_millis();
    // No token lasts longer than 31 days.
    assert!(time(retires) >= time(made) + 31 * 24 * 3_600_000, "{keys}");
}

#[tokio::test]
async fn only_the_administrator_rotates_keys() {
    let api = Api::new();
    let creator = creator_token("ann", &json!({}));
    let refused = api.by(&creator, "POST", "/api/playback-keys/rotate", None).await;
    refused.problem(403, "forbidden", None);
}
