//! Takes, their withdrawal, who is on air, and the compatible paths.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use genlock_control_api::live::{CutStyle, TakeError, UndoError, Undone};
use genlock_store::CameraId;
use serde_json::json;

use crate::harness::{Api, TOKEN, last_segment};

async fn event_with_live_camera(api: &Api) -> (String, String) {
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    api.publish(&camera);
    (event, camera)
}

#[tokio::test]
async fn a_take_answers_its_plan() {
    let api = Api::new();
    let (event, camera) = event_with_live_camera(&api).await;
    let taken = api.call("POST", &format!("{camera}/switch")).await;
    assert_eq!(taken.status, StatusCode::OK, "{taken:?}");
    let answer = taken.json();
    assert_eq!(answer["status"], "success");
    assert_eq!(answer["active_camera"]["camera_id"], last_segment(&camera));
    assert_eq!(answer["active_camera"]["name"], "Altar");
    let cut = json!({
        "camera_id": last_segment(&camera),
        "style": "instant",
        "cut_at": "1970-01-01T00:00:03.000Z",
        "wait_ms": 700,
        "discontinuity": "parameters",
        "reason": "cadence",
    });
    assert_eq!(answer["cut"], cut);

    let active = api.get(&format!("{event}/active")).await.json();
    assert_eq!(active["status"], "live");
    assert_eq!(active["active_camera"]["camera_id"], last_segment(&camera));
    assert_eq!(active["on_air_since"], "1970-01-01T00:00:02.000Z");
    assert_eq!(active["pending"], json!(null));
}

#[tokio::test]
async fn a_take_of_the_camera_on_air_is_a_success_without_a_cut() {
    let api = Api::new();
    let (_, camera) = event_with_live_camera(&api).await;
    let switch = format!("{camera}/switch");
    api.call("POST", &switch).await;
    let again = api.call("POST", &switch).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.json()["cut"], json!(null));
}

#[tokio::test]
async fn a_take_may_name_its_style() {
    let api = Api::new();
    let (_, camera) = event_with_live_camera(&api).await;
    let switch = format!("{camera}/switch");
    for style in ["auto", "clean", "instant", "lookahead"] {
        assert_eq!(api.post(&switch, json!({ "style": style })).await.status, StatusCode::OK);
    }
    assert_eq!(api.post(&switch, json!({})).await.status, StatusCode::OK);
    assert_eq!(api.post(&switch, json!(null)).await.status, StatusCode::OK);
    let named = [CutStyle::Auto, CutStyle::Clean, CutStyle::Instant, CutStyle::Lookahead];
    let styles: Vec<_> = named.map(Some).into_iter().chain([None, None]).collect();
    assert_eq!(api.live.state().styles, styles);
    let bad = api.post(&switch, json!({ "style": "wipe" })).await;
    bad.problem(400, "invalid_value", Some("style"));
    let bad = api.post(&switch, json!({ "stile": "clean" })).await;
    bad.problem(400, "unknown_field", Some("stile"));
    api.post(&switch, json!([])).await.problem(400, "wrong_type", None);
}

#[tokio::test]
async fn a_camera_that_is_not_live_cannot_be_taken() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    let switch = format!("{camera}/switch");
    api.call("POST", &switch).await.problem(409, "camera_not_live", None);
    for (refusal, status, code) in [
        (TakeError::NoVideo, 409, "camera_not_live"),
        (TakeError::UnknownCamera, 404, "camera_not_found"),
        (TakeError::Stopped, 503, "unavailable"),
    ] {
        api.live.state().refusal = Some(refusal);
        api.call("POST", &switch).await.problem(status, code, None);
    }
}

#[tokio::test]
async fn nobody_is_on_air_at_first() {
    let api = Api::new();
    let event = api.event().await;
    let active = api.get(&format!("{event}/active")).await.json();
    let expect = json!({
        "status": "waiting", "active_camera": null, "on_air_since": null, "pending": null,
        "slate": false, "intended_camera_id": null, "heard_camera_id": null, "lock": null
    });
    assert_eq!(active, expect);
    api.get("/api/events/nothing/active").await.problem(404, "event_not_found", None);
}

#[tokio::test]
async fn the_compatible_paths_do_the_same() {
    let api = Api::new();
    let (event, camera) = event_with_live_camera(&api).await;
    let wedding = format!("/api/stream/camera/{}", last_segment(&event));
    let taken = api.call("POST", &format!("{wedding}/{}/switch", last_segment(&camera))).await;
    assert_eq!(taken.status, StatusCode::OK, "{taken:?}");
    assert_eq!(taken.json()["status"], "success");
    assert_eq!(taken.json()["active_camera"]["camera_id"], last_segment(&camera));
    let active = api.get(&format!("{wedding}/active")).await.json();
    assert_eq!(active, api.get(&format!("{event}/active")).await.json());
}

#[tokio::test]
async fn the_compatible_take_answers_400_for_a_camera_that_is_not_live() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Altar").await;
    let wedding = format!("/api/stream/camera/{}", last_segment(&event));
    let switch = format!("{wedding}/{}/switch", last_segment(&camera));
    api.call("POST", &switch).await.problem(400, "camera_not_live", None);
    let unknown = format!("{wedding}/nobody/switch");
    api.call("POST", &unknown).await.problem(404, "camera_not_found", None);
    let unknown = "/api/stream/camera/nothing/nobody/switch";
    api.call("POST", unknown).await.problem(404, "event_not_found", None);
    let odd = format!("{wedding}/a.b/switch");
    api.call("POST", &odd).await.problem(400, "invalid_id", Some("camera_id"));
}

#[tokio::test]
async fn the_compatible_take_does_not_mind_a_body() {
    let api = Api::new();
    let (event, camera) = event_with_live_camera(&api).await;
    let path =
        format!("/api/stream/camera/{}/{}/switch", last_segment(&event), last_segment(&camera));
    let form = Request::post(path)
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from("a=b"))
        .unwrap();
    assert_eq!(api.send(form).await.status, StatusCode::OK);
}

#[tokio::test]
async fn who_was_chosen_is_told_beside_who_is_on_air() {
    let api = Api::new();
    let (event, camera) = event_with_live_camera(&api).await;
    api.call("POST", &format!("{camera}/switch")).await;
    let chosen = api.camera(&event, "Aisle").await;
    api.live.state().intent = Some(CameraId::parse(last_segment(&chosen)).unwrap());
    let active = api.get(&format!("{event}/active")).await.json();
    assert_eq!(active["active_camera"]["camera_id"], last_segment(&camera));
    assert_eq!(active["intended_camera_id"], last_segment(&chosen));
    let read = api.get(&event).await.json();
    assert_eq!(read["active_camera_id"], last_segment(&camera));
    assert_eq!(read["intended_camera_id"], last_segment(&chosen));
}

#[tokio::test]
async fn whose_sound_is_heard_is_told_beside_who_is_on_air() {
    let api = Api::new();
    let (event, camera) = event_with_live_camera(&api).await;
    api.call("POST", &format!("{camera}/switch")).await;
    let desk = api.camera(&event, "Desk").await;
    for heard in [Some(last_segment(&desk)), None] {
        api.live.state().heard = heard.map(|id| CameraId::parse(id).unwrap());
        let active = api.get(&format!("{event}/active")).await.json();
        assert_eq!(active["active_camera"]["camera_id"], last_segment(&camera));
        assert_eq!(active["heard_camera_id"], json!(heard));
        assert_eq!(api.get(&event).await.json()["heard_camera_id"], json!(heard));
    }
}

#[tokio::test]
async fn a_live_cameras_forecast_says_how_and_when_it_would_be_cut_to() {
    let api = Api::new();
    let (_, camera) = event_with_live_camera(&api).await;
    let forecast = json!({
        "style": "clean", "wait_ms": 700, "clean_wait_ms": 700, "discontinuity": "none", "reason": "cadence"
    });
    assert_eq!(api.get(&camera).await.json()["forecast"], forecast);
}

#[tokio::test]
async fn a_take_is_withdrawn_once() {
    let api = Api::new();
    let (event, camera) = event_with_live_camera(&api).await;
    let withdrawn = CameraId::parse("aisle").unwrap();
    let stays = Some(CameraId::parse(last_segment(&camera)).unwrap());
    api.live.state().undo = Some(Undone { camera_id: withdrawn, stays });
    let path = format!("{event}/switch");
    let undone = api.call("DELETE", &path).await;
    assert_eq!(undone.status, StatusCode::OK, "{undone:?}");
    assert_eq!(undone.json()["status"], "success");
    assert_eq!(undone.json()["withdrawn_camera_id"], "aisle");
    assert_eq!(undone.json()["active_camera"]["camera_id"], last_segment(&camera));
    api.call("DELETE", &path).await.problem(409, "nothing_to_undo", None);
    api.live.state().undo_refusal = Some(UndoError::Stopped);
    api.call("DELETE", &path).await.problem(503, "unavailable", None);
    api.call("DELETE", "/api/events/nothing/switch").await.problem(404, "event_not_found", None);
}

#[tokio::test]
async fn a_withdrawn_take_may_leave_nobody_on_air() {
    let api = Api::new();
    let event = api.event().await;
    let camera_id = CameraId::parse("aisle").unwrap();
    api.live.state().undo = Some(Undone { camera_id, stays: None });
    let undone = api.call("DELETE", &format!("{event}/switch")).await.json();
    assert_eq!(undone["active_camera"], json!(null));
}
