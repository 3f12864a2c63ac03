//! The paths of the NGINX-RTMP plan, for front ends and back ends that were written against it.
//!
//! The same calls under other names: a wedding is an event. Two differences, both as the plan has them: a camera
//! that is not live is answered with 400, and a body, of whatever type, is not read.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use crate::addresses::Links;
use crate::idempotency::IdempotencyKey;
use crate::paths::{CameraPath, EventPath, WeddingCameraPath, WeddingPath};
use crate::problem::Problem;
use crate::state::Shared;
use crate::takes::{self, ActiveCamera, Take, TakeAnswer, Taken};

/// Take a camera on air, under the compatible path
#[utoipa::path(
    post, path = "/api/stream/camera/{wedding_id}/{camera_id}/switch", tag = "compatible",
    operation_id = "compatible_switch",
    params(WeddingCameraPath, IdempotencyKey),
    responses((status = 200, description = "the take was accepted; its plan", body = TakeAnswer))
)]
pub(crate) async fn switch(
    State(shared): State<Arc<Shared>>,
    links: Links,
    CameraPath(event, camera): CameraPath,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<Taken, Problem> {
    let take = Take { camera, style: None };
    takes::take(&shared, links, event, take, key).await.map_err(Problem::with_compatible_status)
}

/// Read who is on air, under the compatible path
#[utoipa::path(
    get, path = "/api/stream/camera/{wedding_id}/active", tag = "compatible",
    operation_id = "compatible_active",
    params(WeddingPath),
    responses((status = 200, description = "who is on air", body = ActiveCamera))
)]
pub(crate) async fn active(
    State(shared): State<Arc<Shared>>,
    links: Links,
    EventPath(event): EventPath,
) -> Result<Json<ActiveCamera>, Problem> {
    takes::on_air(&shared, &links, &event).await.map(Json)
}
