//! Thumbnails of cameras and of the programme.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::json;

use crate::harness::{Answer, Api, TOKEN, creator_token, last_segment};

async fn get_unless(api: &Api, path: &str, etag: &str) -> Answer {
    let request = Request::get(path)
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
        .header(header::IF_NONE_MATCH, etag)
        .body(Body::empty());
    api.send(request.unwrap()).await
}

#[tokio::test]
async fn a_picture_is_sent_once() {
    let api = Api::new();
    let camera = api.camera(&api.event().await, "Altar").await;
    api.publish(&camera);
    let thumbnail = format!("{camera}/thumbnail.jpg");
    let compatible = format!("/api/camera-thumbnail/{}", last_segment(&camera));
    for path in [&thumbnail, &compatible] {
        let answer = api.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        assert_eq!(answer.header("content-type"), "image/jpeg");
        assert_eq!(answer.header("cache-control"), "private, no-cache");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.text, format!("of {}", last_segment(&camera)));
        assert_eq!(answer.header("etag"), "\"17\"");
        for known in ["\"17\"", "W/\"17\"", "\"3\", \"17\"", "*"] {
            let answer = get_unless(&api, path, known).await;
            assert_eq!(answer.status, StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!((answer.header("etag"), &*answer.text), ("\"17\"", ""));
        }
        assert_eq!(get_unless(&api, path, "\"1\", 17").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn the_programme_has_a_picture_too() {
    let api = Api::new();
    let event = api.event().await;
    let answer = api.get(&format!("{event}/program/thumbnail.jpg")).await;
    assert_eq!((answer.status, &*answer.text), (StatusCode::OK, "programme None"));
}

#[tokio::test]
async fn what_is_not_there_has_no_picture() {
    let api = Api::new();
    let event = api.event().await;
    let missing = api.get(&format!("{event}/cameras/nobody/thumbnail.jpg")).await;
    missing.problem(404, "camera_not_found", None);
    let missing = api.get("/api/camera-thumbnail/nobody").await;
    missing.problem(404, "camera_not_found", None);
    let missing = api.get("/api/events/nobody/program/thumbnail.jpg").await;
    missing.problem(404, "event_not_found", None);
    let bad = api.get("/api/camera-thumbnail/a.b").await;
    bad.problem(400, "invalid_id", Some("camera_id"));
}

#[tokio::test]
async fn a_picture_by_its_camera_alone_is_for_those_who_may_see_the_camera() {
    let api = Api::new();
    let (ann, bob) = (creator_token("ann", &json!({})), creator_token("bob", &json!({})));
    let made = api.by(&ann, "POST", "/api/events", Some(json!({ "name": "Ann" }))).await;
    let event = made.header("location").to_owned();
    let (camera, other) = (api.camera(&event, "Altar").await, api.camera(&event, "Aisle").await);
    api.publish(&camera);
    api.publish(&other);
    let path = |camera: &str| format!("/api/camera-thumbnail/{}", last_segment(camera));
    let wanted = json!({ "role": "viewer", "expires_in": 60, "camera": last_segment(&camera) });
    let guest = api.post(&format!("{event}/tokens"), wanted).await.json();
    let guest = guest["token"].as_str().unwrap();
    let elsewhere = api.camera(&api.event().await, "elsewhere").await;
    api.publish(&elsewhere);
    for who in [ann.as_str(), guest] {
        assert_eq!(api.by(who, "GET", &path(&camera), None).await.status, StatusCode::OK);
    }
    api.by(&bob, "GET", &path(&camera), None).await.problem(403, "forbidden", None);
    for hidden in [&other, &elsewhere, &"/nobody".to_owned()] {
        let answer = api.by(guest, "GET", &path(hidden), None).await;
        answer.problem(404, "camera_not_found", None);
    }
}
