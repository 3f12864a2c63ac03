//! `/api/events/{event}/cameras`: make, list, read, change and remove cameras; give them new keys.
//!
//! A stream key appears in exactly two answers: the one that made the camera and the one that made the key.

mod view;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use genlock_store::limits::{PRIORITY_MAX, SYNC_OFFSET_MS_MAX};
use genlock_store::{
    AudioSource, Camera, CameraId, CameraPatch, EventId, Life, StreamKey, UnknownFields,
};
use serde::Deserialize;
use utoipa::ToSchema;

pub(crate) use self::view::CameraView;
use self::view::{CameraList, CameraWithKey};
use crate::addresses::Links;
use crate::auth::{Caller, Principal};
use crate::etag::{IfMatch, Tagged};
use crate::events::{self, parse_name};
use crate::extract::{Body, present, present_integer};
use crate::life;
use crate::live::Change;
use crate::openapi::Name;
use crate::paths::{CameraPath, EventPath};
use crate::problem::{Problem, ProblemCode};
use crate::state::Shared;
use crate::time::now;

/// A camera that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCamera {
    /// Name for people: 1 to 200 characters, no control characters.
    #[schema(example = "Altar", value_type = Name)]
    name: String,
    /// Place in the failover order: lower goes first, the older camera among equals. Default 100.
    #[serde(default, deserialize_with = "present_integer")]
    #[schema(nullable = false, maximum = 10000, example = 100)]
    priority: Option<u16>,
    /// Added to the camera's times, in milliseconds: positive shows it later. Default 0.
    #[serde(default, deserialize_with = "present_integer")]
    #[schema(nullable = false, minimum = -10000, maximum = 10000, example = 0)]
    sync_offset_ms: Option<i32>,
}

/// Fields of a camera that are to change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CameraChange {
    /// New name.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, value_type = Option<Name>)]
    name: Option<String>,
    /// New place in the failover order.
    #[serde(default, deserialize_with = "present_integer")]
    #[schema(nullable = false, maximum = 10000)]
    priority: Option<u16>,
    /// New sync offset, in milliseconds.
    #[serde(default, deserialize_with = "present_integer")]
    #[schema(nullable = false, minimum = -10000, maximum = 10000)]
    sync_offset_ms: Option<i32>,
}

/// Make a camera
#[utoipa::path(
    post, path = "/api/events/{event}/cameras", tag = "cameras", operation_id = "create_camera",
    params(EventPath),
    request_body = NewCamera,
    responses(
        (
            status = 201, description = "the camera with its stream key", body = CameraWithKey,
            headers(("location" = String, description = "path of the camera"))
        ),
        (status = 409, description = "the event has as many cameras as it may have, or has ended")
    )
)]
pub(crate) async fn create(
    State(shared): State<Arc<Shared>>,
    Caller(caller): Caller,
    links: Links,
    EventPath(event): EventPath,
    Body(wanted): Body<NewCamera>,
) -> Result<Response, Problem> {
    let key = StreamKey::random().map_err(random_failed)?;
    let camera = Camera {
        id: CameraId::random().map_err(random_failed)?,
        event,
        name: parse_name(&wanted.name)?,
        priority: check_priority(wanted.priority)?.unwrap_or(Camera::PRIORITY_DEFAULT),
        sync_offset_ms: check_sync_offset(wanted.sync_offset_ms)?.unwrap_or(0),
        key_hash: key.hash(),
        created_at: now(),
        unknown: UnknownFields::default(),
    };
    let (kept, shown) = (camera.clone(), key.clone());
    let (store, live) = (Arc::clone(&shared.store), Arc::clone(&shared.live));
    let limits = shared.access.rules().creator_limits.clone();
    shared
        .change(async move {
            let event = store.event(&kept.event).await?.ok_or_else(Problem::event_not_found)?;
            if event.life == Life::Ended {
                return Err(life::not_open(Life::Ended));
            }
            if let Principal::Creator(creator) = &caller {
                let present = store.cameras(&kept.event).await?.len();
                limits.check_cameras(creator, present)?;
            }
            store.create_camera(kept.clone()).await?;
            store.show_key(&kept.event, &kept.id, &shown).await?;
            live.apply(Change::CameraCreated(kept)).await;
            Ok(())
        })
        .await?;
    let location = format!("/api/events/{}/cameras/{}", camera.event, camera.id);
    let shown = CameraWithKey::new(CameraView::new(&shared, &links, &camera), &key);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Tagged(shown)).into_response())
}

/// List the cameras of an event
#[utoipa::path(
    get, path = "/api/events/{event}/cameras", tag = "cameras", operation_id = "list_cameras",
    params(EventPath),
    responses((status = 200, description = "its cameras in failover order", body = CameraList))
)]
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    links: Links,
    EventPath(event): EventPath,
) -> Result<Json<CameraList>, Problem> {
    events::find(&shared, &event).await?;
    let cameras = shared.store.cameras(&event).await?;
    let items = cameras.iter().map(|camera| CameraView::new(&shared, &links, camera)).collect();
    Ok(Json(CameraList { items }))
}

/// Read a camera
#[utoipa::path(
    get, path = "/api/events/{event}/cameras/{camera}", tag = "cameras",
    operation_id = "get_camera",
    params(CameraPath),
    responses((status = 200, description = "the camera", body = CameraView))
)]
pub(crate) async fn get(
    State(shared): State<Arc<Shared>>,
    links: Links,
    CameraPath(event, id): CameraPath,
) -> Result<Tagged<CameraView>, Problem> {
    let camera = find(&shared, &event, &id).await?;
    Ok(Tagged(CameraView::new(&shared, &links, &camera)))
}

/// Change a camera
#[utoipa::path(
    patch, path = "/api/events/{event}/cameras/{camera}", tag = "cameras",
    operation_id = "update_camera",
    params(CameraPath, IfMatch),
    request_body = CameraChange,
    responses((status = 200, description = "the camera as it is now", body = CameraView))
)]
pub(crate) async fn update(
    State(shared): State<Arc<Shared>>,
    links: Links,
    CameraPath(event, id): CameraPath,
    if_match: IfMatch,
    Body(wanted): Body<CameraChange>,
) -> Result<Tagged<CameraView>, Problem> {
    let patch = CameraPatch {
        name: wanted.name.as_deref().map(parse_name).transpose()?,
        priority: check_priority(wanted.priority)?,
        sync_offset_ms: check_sync_offset(wanted.sync_offset_ms)?,
        key_hash: None,
    };
    let camera = change(&shared, event, id, if_match, patch, None).await?;
    Ok(Tagged(CameraView::new(&shared, &links, &camera)))
}

/// Remove a camera
#[utoipa::path(
    delete, path = "/api/events/{event}/cameras/{camera}", tag = "cameras",
    operation_id = "delete_camera",
    params(CameraPath, IfMatch),
    responses((status = 204, description = "it is gone, its publisher is disconnected"))
)]
pub(crate) async fn delete(
    State(shared): State<Arc<Shared>>,
    CameraPath(event, id): CameraPath,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    find(&shared, &event, &id).await?;
    let (store, live) = (Arc::clone(&shared.store), Arc::clone(&shared.live));
    shared
        .change(async move {
            let before = store.event(&event).await?.ok_or_else(Problem::event_not_found)?;
            if_match.check_camera(&*store, &event, &id).await?;
            let deleted = store.delete_camera(&event, &id).await?;
            let camera = deleted.ok_or_else(Problem::camera_not_found)?;
            live.apply(Change::CameraDeleted(camera)).await;
            if before.policy.audio_source == AudioSource::Camera(id)
                && let Some(after) = store.event(&event).await?
            {
                live.apply(Change::EventUpdated(after)).await;
            }
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}

/// Give a camera a new stream key; the old one admits nobody from now on
#[utoipa::path(
    post, path = "/api/events/{event}/cameras/{camera}/rotate-key", tag = "cameras",
    operation_id = "rotate_key",
    params(CameraPath),
    responses((status = 200, description = "the camera with its new key", body = CameraWithKey))
)]
pub(crate) async fn rotate_key(
    State(shared): State<Arc<Shared>>,
    links: Links,
    CameraPath(event, id): CameraPath,
) -> Result<Tagged<CameraWithKey>, Problem> {
    let key = StreamKey::random().map_err(random_failed)?;
    let patch = CameraPatch { key_hash: Some(key.hash()), ..CameraPatch::default() };
    let camera = change(&shared, event, id, IfMatch::any(), patch, Some(key.clone())).await?;
    Ok(Tagged(CameraWithKey::new(CameraView::new(&shared, &links, &camera), &key)))
}

/// The camera, or the problem that there is no such event or camera.
pub(crate) async fn find(
    shared: &Shared,
    event: &EventId,
    id: &CameraId,
) -> Result<Camera, Problem> {
    match shared.store.camera(event, id).await? {
        Some(camera) => Ok(camera),
        None => {
            events::find(shared, event).await?;
            Err(Problem::camera_not_found())
        }
    }
}

async fn change(
    shared: &Shared,
    event: EventId,
    id: CameraId,
    if_match: IfMatch,
    patch: CameraPatch,
    new_key: Option<StreamKey>,
) -> Result<Camera, Problem> {
    find(shared, &event, &id).await?;
    let (store, live) = (Arc::clone(&shared.store), Arc::clone(&shared.live));
    shared
        .change(async move {
            if_match.check_camera(&*store, &event, &id).await?;
            let updated = store.update_camera(&event, &id, patch).await?;
            let camera = updated.ok_or_else(Problem::camera_not_found)?;
            let told = match new_key {
                Some(key) => {
                    store.show_key(&event, &id, &key).await?;
                    Change::KeyRotated(camera.clone())
                }
                None => Change::CameraUpdated(camera.clone()),
            };
            live.apply(told).await;
            Ok(camera)
        })
        .await
}

/// The problem that the system gave no random bytes.
pub(crate) fn random_failed(error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "no key or id could be made");
    Problem::new(ProblemCode::Internal, "no key or id could be made")
}

fn check_priority(priority: Option<u16>) -> Result<Option<u16>, Problem> {
    match priority {
        Some(priority) if priority > PRIORITY_MAX => {
            Err(Problem::invalid("priority", format!("a priority is 0 to {PRIORITY_MAX}")))
        }
        priority => Ok(priority),
    }
}

fn check_sync_offset(millis: Option<i32>) -> Result<Option<i32>, Problem> {
    match millis {
        Some(millis) if millis.unsigned_abs() > SYNC_OFFSET_MS_MAX.unsigned_abs() => {
            let why = format!("a sync offset is at most {SYNC_OFFSET_MS_MAX} ms either way");
            Err(Problem::invalid("sync_offset_ms", why))
        }
        millis => Ok(millis),
    }
}
