//! Tally pages: one camera, by server-sent events.

use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode, header};
use futures_util::StreamExt;
use genlock_control_api::live::CutStage;
use genlock_control_api::live::{Cut, CutReason, CutStyle, Discontinuity, Happening};
use genlock_store::CameraId;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::harness::{Api, TOKEN, last_segment};

/// A phone that follows.
struct Phone(BodyDataStream);

impl Phone {
    async fn open(api: &Api, camera: &str) -> Self {
        let request = Request::get(format!("{camera}/tally"))
            .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
        let request = request.body(Body::empty()).unwrap();
        let response = api.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        Self(response.into_body().into_data_stream())
    }

    async fn next(&mut self) -> Value {
        let chunk = self.0.next().await.unwrap().unwrap();
        let text = std::str::from_utf8(&chunk).unwrap();
        serde_json::from_str(text.strip_prefix("data: ").unwrap()).unwrap()
    }

    /// Reads until the camera is in this state.
    async fn until(&mut self, state: &str) -> Value {
        loop {
            let told = self.next().await;
            if told["state"] == state {
                return told;
            }
        }
    }
}

#[tokio::test]
async fn a_phone_follows_its_camera_on_and_off_air() {
    let api = Api::new();
    let event = api.event().await;
    let (altar, aisle) = (api.camera(&event, "Altar").await, api.camera(&event, "Aisle").await);
    api.publish(&altar);
    api.publish(&aisle);
    let mut phone = Phone::open(&api, &altar).await;
    let first = phone.next().await;
    assert_eq!(first["state"], "off_air");
    assert_eq!((&first["camera"], &first["status"]), (&json!("Altar"), &json!("live")));
    assert_eq!(first["issue"], "Key frames are 8.3 s apart.");
    let preview = format!("{event}/preview-camera");
    let armed = api.put(&preview, json!({ "camera_id": last_segment(&altar) })).await;
    assert_eq!(armed.status, StatusCode::NO_CONTENT, "{armed:?}");
    phone.until("preview").await;
    api.call("POST", &format!("{altar}/switch")).await;
    phone.until("on_air").await;
    api.call("POST", &format!("{aisle}/switch")).await;
    let published = Happening::Cut {
        cut_id: 2,
        stage: CutStage::Published,
        camera: Some(CameraId::parse(last_segment(&aisle)).unwrap()),
        plan: Some(plan(&aisle)),
        reason: None,
    };
    api.happen(&event, published);
    phone.until("preview").await;
    api.put(&preview, json!({ "camera_id": null })).await;
    phone.until("off_air").await;
    api.call("POST", &format!("{altar}/switch")).await;
    phone.until("on_air").await;
    api.call("POST", &format!("{event}/end")).await;
    phone.until("ended").await;
}

fn plan(camera: &str) -> Cut {
    Cut {
        camera_id: CameraId::parse(last_segment(camera)).unwrap(),
        style: CutStyle::Clean,
        cut_at: None,
        wait_ms: None,
        discontinuity: Discontinuity::None,
        reason: CutReason::Unknown,
    }
}

#[tokio::test]
async fn what_is_in_preview_is_a_camera_of_the_event() {
    let api = Api::new();
    let event = api.event().await;
    let preview = format!("{event}/preview-camera");
    let nowhere = api.put(&preview, json!({ "camera_id": "nowhere" })).await;
    nowhere.problem(400, "invalid_value", Some("camera_id"));
    let no_id = api.put(&preview, json!({ "camera_id": "no where" })).await;
    no_id.problem(400, "invalid_value", Some("camera_id"));
}
