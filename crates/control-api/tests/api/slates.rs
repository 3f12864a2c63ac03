//! The slate of an event: uploads, refusals, the way back.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use bytes::Bytes;
use genlock_store::limits::SLATE_BYTES_MAX;

use crate::harness::{Answer, Api, TOKEN};

async fn put(api: &Api, path: &str, media_type: &str, picture: impl Into<Bytes>) -> Answer {
    let request = Request::put(path)
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
        .header(header::CONTENT_TYPE, media_type)
        .body(Body::from(picture.into()));
    api.send(request.unwrap()).await
}

#[tokio::test]
async fn an_uploaded_slate_is_given_back_until_it_is_removed() {
    let api = Api::new();
    let slate = format!("{}/slate", api.event().await);
    let card = api.get(&slate).await;
    assert_eq!((card.status, card.header("content-type")), (StatusCode::OK, "image/jpeg"));
    assert_eq!(card.text, "card");

    let answer = put(&api, &slate, "image/png", "a picture").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.json()["media_type"], "image/png");
    assert_eq!(answer.json()["width"], 40);
    assert_eq!(answer.json()["bytes"], 9);
    let kept = api.get(&slate).await;
    assert_eq!((kept.header("content-type"), &*kept.text), ("image/png", "a picture"));

    for _ in 0..2 {
        assert_eq!(api.call("DELETE", &slate).await.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(api.get(&slate).await.text, "card");
}

#[tokio::test]
async fn what_cannot_be_a_slate_is_refused_by_its_reason() {
    let api = Api::new();
    let slate = format!("{}/slate", api.event().await);
    put(&api, &slate, "image/gif", "a picture").await.problem(415, "unsupported_media_type", None);
    put(&api, &slate, "application/json", "{}").await.problem(415, "unsupported_media_type", None);
    let broken = put(&api, &slate, "image/jpeg", "broken").await;
    broken.problem(422, "unusable_picture", None);
    assert_eq!(broken.json()["detail"], "this is no picture");
    let large = vec![b'x'; SLATE_BYTES_MAX + 1];
    put(&api, &slate, "image/png", large).await.problem(413, "body_too_large", None);
    assert_eq!(api.get(&slate).await.text, "card", "nothing was kept");
}

#[tokio::test]
async fn a_slate_may_be_larger_than_other_bodies() {
    let api = Api::new();
    let slate = format!("{}/slate", api.event().await);
    let large = vec![b'x'; SLATE_BYTES_MAX];
    assert_eq!(put(&api, &slate, "image/png", large).await.status, StatusCode::OK);
}

#[tokio::test]
async fn slates_belong_to_events_and_to_the_administrator() {
    let api = Api::new();
    let slate = format!("{}/slate", api.event().await);
    for method in ["GET", "DELETE"] {
        let answer = api.call(method, "/api/events/nobody/slate").await;
        answer.problem(404, "event_not_found", None);
    }
    let answer = put(&api, "/api/events/nobody/slate", "image/png", "a picture").await;
    answer.problem(404, "event_not_found", None);
    let request = Request::put(&slate).body(Body::empty()).unwrap();
    api.send(request).await.problem(401, "unauthorized", None);
}

#[tokio::test]
async fn a_disk_that_refuses_is_a_fault_of_the_server() {
    let api = Api::new();
    let slate = format!("{}/slate", api.event().await);
    let full = put(&api, &slate, "image/png", "no space").await;
    full.problem(500, "internal", None);
    assert!(!full.text.contains("no space left"), "details are for the log");
}
