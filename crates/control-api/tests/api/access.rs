//! Who may what, through the whole API: creators, guests, wrong tokens.

use std::net::SocketAddr;

use axum::http::StatusCode;
use genlock_store::{EventId, Store};
use serde_json::{Value, json};

use crate::harness::{Answer, Api, TOKEN, creator_token, last_segment, request_as};

/// The event that `token`'s creator makes.
async fn event_of(api: &Api, token: &str) -> String {
    let made = api.by(token, "POST", "/api/events", Some(json!({ "name": "Wedding" }))).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    made.header("location").to_owned()
}

/// A token that the administrator makes in `event`.
async fn guest_of(api: &Api, event: &str, wanted: Value) -> String {
    let made = api.post(&format!("{event}/tokens"), wanted).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    made.json()["token"].as_str().unwrap().to_owned()
}

fn ann() -> String {
    creator_token("ann", &json!({}))
}

fn bob() -> String {
    creator_token("bob", &json!({}))
}

#[tokio::test]
async fn an_event_belongs_to_its_creator() {
    let api = Api::new();
    let event = event_of(&api, &ann()).await;
    let read = api.by(&ann(), "GET", &event, None).await;
    assert_eq!(read.json()["creator_id"], "ann");
    assert_eq!(read.json()["role"], "owner");
    for (method, path) in [
        ("GET", event.clone()),
        ("DELETE", event.clone()),
        ("GET", format!("{event}/cameras")),
        ("GET", format!("{event}/switches")),
        ("POST", format!("{event}/tokens")),
    ] {
        api.by(&bob(), method, &path, None).await.problem(403, "forbidden", None);
    }
    let ids = async |token: &str| {
        let listed = api.by(token, "GET", "/api/events", None).await.json();
        listed["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["id"].clone())
            .collect::<Vec<_>>()
    };
    let admins = api.event().await;
    assert_eq!(ids(&ann()).await, [last_segment(&event)]);
    assert!(ids(&bob()).await.is_empty());
    assert_eq!(ids(TOKEN).await.len(), 2);
    api.by(&ann(), "GET", &admins, None).await.problem(403, "forbidden", None);
    api.by(&ann(), "GET", "/api/events/nothing", None).await.problem(404, "event_not_found", None);
}

#[tokio::test]
async fn only_the_administrator_makes_events_for_others() {
    let api = Api::new();
    let for_ann = json!({ "name": "a", "creator_id": "ann" });
    let made = api.post("/api/events", for_ann.clone()).await;
    let event = made.header("location").to_owned();
    assert_eq!(api.by(&ann(), "GET", &event, None).await.status, StatusCode::OK);
    let refused = api.by(&bob(), "POST", "/api/events", Some(for_ann.clone())).await;
    refused.problem(403, "forbidden", Some("creator_id"));
    let own = api.by(&ann(), "POST", "/api/events", Some(for_ann)).await;
    assert_eq!(own.status, StatusCode::CREATED);
    let bad = api.post("/api/events", json!({ "name": "a", "creator_id": "" })).await;
    bad.problem(400, "invalid_value", Some("creator_id"));
}

#[tokio::test]
async fn a_creator_has_a_limited_number_of_events_and_cameras() {
    let api = Api::new();
    let events = [event_of(&api, &ann()).await, event_of(&api, &ann()).await];
    event_of(&api, &ann()).await;
    let new = Some(json!({ "name": "a" }));
    let one_more = api.by(&ann(), "POST", "/api/events", new.clone()).await;
    one_more.problem(409, "limit_reached", None);
    event_of(&api, &bob()).await;

    let cameras = format!("{}/cameras", events[0]);
    assert_eq!(api.by(&ann(), "POST", &cameras, new.clone()).await.status, StatusCode::CREATED);
    let second = api.by(&ann(), "POST", &cameras, new.clone()).await;
    second.problem(403, "claim_required", None);
    assert!(second.text.contains("premium"), "{second:?}");
    let premium = creator_token("ann", &json!({ "premium": true }));
    let second = api.by(&premium, "POST", &cameras, new.clone()).await;
    assert_eq!(second.status, StatusCode::CREATED);
    api.by(&premium, "POST", &cameras, new.clone()).await.problem(409, "limit_reached", None);
    let third = api.post(&cameras, json!({ "name": "a" })).await;
    assert_eq!(third.status, StatusCode::CREATED, "the administrator is not limited");
}

#[tokio::test]
async fn an_operator_switches_and_changes_nothing_else() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    api.publish(&camera);
    let operator = guest_of(&api, &event, json!({ "role": "operator", "expires_in": 60 })).await;
    let taken = api.by(&operator, "POST", &format!("{camera}/switch"), None).await;
    assert_eq!(taken.status, StatusCode::OK, "{taken:?}");
    let compatible =
        format!("/api/stream/camera/{}/{}/switch", last_segment(&event), last_segment(&camera));
    assert_eq!(api.by(&operator, "POST", &compatible, None).await.status, StatusCode::OK);
    assert_eq!(api.by(&operator, "GET", &event, None).await.status, StatusCode::OK);
    for (method, path) in [
        ("PATCH", event.clone()),
        ("DELETE", camera.clone()),
        ("POST", format!("{camera}/rotate-key")),
        ("GET", format!("{event}/tokens")),
        ("POST", "/api/events".to_owned()),
    ] {
        api.by(&operator, method, &path, None).await.problem(403, "forbidden", None);
    }
    let listed = api.by(&operator, "GET", "/api/events", None).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_viewer_looks_and_takes_nothing() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    let viewer = guest_of(&api, &event, json!({ "role": "viewer", "expires_in": 60 })).await;
    for path in [event.clone(), camera.clone(), format!("{event}/active")] {
        assert_eq!(api.by(&viewer, "GET", &path, None).await.status, StatusCode::OK, "{path}");
    }
    let taken = api.by(&viewer, "POST", &format!("{camera}/switch"), None).await;
    taken.problem(403, "forbidden", None);
}

#[tokio::test]
async fn a_tally_page_sees_its_camera_and_no_other() {
    let api = Api::new();
    let event = api.event().await;
    let (own, other) = (api.camera(&event, "Altar").await, api.camera(&event, "Aisle").await);
    api.publish(&own);
    api.call("POST", &format!("{own}/switch")).await;
    let wanted = json!({ "role": "viewer", "camera": last_segment(&own), "name": "Tally", "expires_in": 60 });
    let tally = guest_of(&api, &event, wanted).await;
    let seen = api.by(&tally, "GET", &own, None).await;
    assert_eq!(seen.json()["on_air"], true);
    api.by(&tally, "GET", &other, None).await.problem(404, "camera_not_found", None);
    api.by(&tally, "GET", &event, None).await.problem(403, "forbidden", None);
    let nowhere = json!({ "role": "viewer", "camera": "nothing", "expires_in": 60 });
    let refused = api.post(&format!("{event}/tokens"), nowhere).await;
    refused.problem(400, "invalid_value", Some("camera"));
    for path in [format!("{other}/tally"), format!("{event}/updates")] {
        let refused = api.by(&tally, "GET", &path, None).await;
        assert!(matches!(refused.status.as_u16(), 403 | 404), "{path}: {refused:?}");
    }
}

#[tokio::test]
async fn callers_are_told_what_they_may_do() {
    let api = Api::new();
    let event = api.event().await;
    assert_eq!(api.get(&event).await.json()["role"], "owner");
    for role in ["operator", "viewer"] {
        let guest = guest_of(&api, &event, json!({ "role": role, "expires_in": 60 })).await;
        assert_eq!(api.by(&guest, "GET", &event, None).await.json()["role"], role);
    }
}

#[tokio::test]
async fn to_a_guest_other_events_do_not_exist() {
    let api = Api::new();
    let (event, other) = (api.event().await, api.event().await);
    let guest = guest_of(&api, &event, json!({ "role": "operator", "expires_in": 60 })).await;
    let exists = api.by(&guest, "GET", &other, None).await;
    let missing = api.by(&guest, "GET", "/api/events/nothing", None).await;
    exists.problem(404, "event_not_found", None);
    assert_eq!(exists.without_id(), missing.without_id());
}

#[tokio::test]
async fn a_token_is_shown_once_listed_and_revoked() {
    let api = Api::new();
    let event = api.event().await;
    let tokens = format!("{event}/tokens");
    let wanted = json!({ "role": "operator", "name": "Carl", "expires_in": 60 });
    let made = api.post(&tokens, wanted).await;
    let token = made.json()["token"].as_str().unwrap().to_owned();
    let listed = api.get(&tokens).await;
    let item = &listed.json()["items"][0];
    assert_eq!((&item["role"], &item["name"]), (&json!("operator"), &json!("Carl")));
    assert_eq!(item["camera_id"], json!(null));
    assert!(!listed.text.contains(&token), "{listed:?}");
    let path = made.header("location").to_owned();
    assert_eq!(api.by(&token, "GET", &event, None).await.status, StatusCode::OK);
    assert_eq!(api.call("DELETE", &path).await.status, StatusCode::NO_CONTENT);
    api.by(&token, "GET", &event, None).await.problem(401, "unauthorized", None);
    api.call("DELETE", &path).await.problem(404, "token_not_found", None);
    api.call("DELETE", "/api/events/x/tokens/y").await.problem(404, "event_not_found", None);
    api.call("DELETE", &format!("{tokens}/a.b")).await.problem(400, "invalid_id", Some("token"));
}

#[tokio::test]
async fn a_token_that_cannot_be_made_is_told_why() {
    let api = Api::new();
    let event = api.event().await;
    let tokens = format!("{event}/tokens");
    for (wanted, code, field) in [
        (json!({ "role": "owner", "expires_in": 60 }), "invalid_value", "role"),
        (json!({ "role": "viewer" }), "missing_field", "expires_in"),
        (json!({ "role": "viewer", "expires_in": 59 }), "invalid_value", "expires_in"),
        (json!({ "role": "viewer", "expires_in": 2_678_401 }), "invalid_value", "expires_in"),
        (json!({ "role": "viewer", "expires_in": 60, "name": "" }), "invalid_value", "name"),
        (json!({ "role": "viewer", "expires_in": 60, "camera": "a b" }), "invalid_value", "camera"),
    ] {
        api.post(&tokens, wanted).await.problem(400, code, Some(field));
    }
    let nowhere = json!({ "role": "viewer", "expires_in": 60 });
    api.post("/api/events/x/tokens", nowhere).await.problem(404, "event_not_found", None);
}

#[tokio::test]
async fn an_expired_token_says_so() {
    let api = Api::new();
    let event = api.event().await;
    let made =
        api.post(&format!("{event}/tokens"), json!({ "role": "viewer", "expires_in": 60 })).await;
    let token = made.json()["token"].as_str().unwrap().to_owned();
    let id = EventId::parse(last_segment(&event)).unwrap();
    let mut kept = api.store.tokens(&id).await.unwrap().remove(0);
    api.store.delete_token(&id, &kept.id).await.unwrap();
    kept.expires_at = kept.created_at;
    api.store.create_token(kept.clone(), genlock_store::Timestamp::from_millis(0)).await.unwrap();
    let refused = api.by(&token, "GET", &event, None).await;
    refused.problem(401, "unauthorized", None);
    assert!(refused.text.contains("expired"), "{refused:?}");
    let old = creator_token("ann", &json!({ "exp": 1_000 }));
    let refused = api.by(&old, "GET", "/api/events", None).await;
    assert!(refused.text.contains("expired"), "{refused:?}");
}

/// A call from `peer`, as the server in front tells it.
async fn from(api: &Api, peer: &str, token: &str) -> Answer {
    let mut request = request_as(token, "GET", "/api/events", None);
    let peer: SocketAddr = peer.parse().unwrap();
    request.extensions_mut().insert(peer);
    api.send(request).await
}

#[tokio::test]
async fn whoever_keeps_guessing_is_not_listened_to() {
    let api = Api::new();
    let (attacker, elsewhere) = ("192.0.2.1:1", "192.0.2.2:1");
    assert_eq!(from(&api, attacker, &ann()).await.status, StatusCode::OK);
    let forged = creator_token("ann", &json!({})) + "x";
    let unknown = format!("glk_{}", "a".repeat(40));
    let guesses = ["wrong", forged.as_str(), unknown.as_str()];
    let mut answers = Vec::new();
    for guess in guesses.iter().cycle().take(10) {
        answers.push(from(&api, attacker, guess).await);
    }
    for answer in &answers {
        answer.problem(401, "unauthorized", None);
        let first = answers[0].without_id();
        assert_eq!(answer.without_id(), first, "the answer says nothing about the guess");
    }
    let limited = from(&api, attacker, "wrong").await;
    limited.problem(429, "too_many_attempts", None);
    assert_eq!(limited.header("retry-after"), "6");
    from(&api, attacker, TOKEN).await.problem(429, "too_many_attempts", None);
    assert_eq!(from(&api, elsewhere, TOKEN).await.status, StatusCode::OK);
    assert_eq!(from(&api, attacker, TOKEN).await.status, StatusCode::OK, "it is known by now");
    assert_eq!(from(&api, attacker, &ann()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn tokens_that_have_expired_are_no_guesses() {
    let api = Api::new();
    let old = creator_token("ann", &json!({ "exp": 1_000 }));
    for _ in 0..20 {
        from(&api, "192.0.2.1:1", &old).await.problem(401, "unauthorized", None);
    }
}

#[tokio::test]
async fn head_asks_for_what_get_asks_for() {
    let api = Api::new();
    let event = event_of(&api, &ann()).await;
    assert_eq!(api.by(&ann(), "HEAD", &event, None).await.status, StatusCode::OK);
    assert_eq!(api.by(&bob(), "HEAD", &event, None).await.status, StatusCode::FORBIDDEN);
}
