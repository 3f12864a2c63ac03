//! Thumbnails of cameras and of the programme.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};

use crate::harness::{Answer, Api, TOKEN, last_segment};

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
