//! `/api/events/{event}/scheduled-takes`: takes that are made at an instant of the wall clock.
//!
//! The running system carries them out, and is asked first when one is to be cancelled: it alone knows
//! whether the take has begun.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use genlock_store::{CameraId, ScheduledTake, ScheduledTakeId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::cameras::random_failed;
use crate::events;
use crate::extract::{Body, present};
use crate::limits::SCHEDULED_AHEAD_MAX;
use crate::live::{Change, CutStyle};
use crate::openapi::Id;
use crate::paths::{EventPath, ScheduledTakePath};
use crate::problem::{Problem, ProblemCode};
use crate::query::{Cursor, PageQuery};
use crate::state::Shared;
use crate::time::{now, rfc3339};

/// A take that is to be scheduled.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewScheduledTake {
    /// The camera to take.
    #[schema(value_type = Id)]
    camera_id: String,
    /// How to cut; left out for the event's own style at that time.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    style: Option<CutStyle>,
    /// When, by the server's wall clock: RFC 3339 with a time zone, in the future, at most 366 days ahead.
    #[schema(value_type = String, format = DateTime, example = "2026-10-31T13:00:00+01:00")]
    at: String,
}

/// A take that waits for its time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScheduledTake)]
pub(crate) struct ScheduledTakeView {
    /// Identity, fixed.
    #[schema(example = "mzxw6ytboi4dqnrr")]
    id: String,
    /// The camera to take.
    #[schema(example = "k5x2mhd7qpa3vtye")]
    camera_id: String,
    /// How to cut, `null` for the event's own style at that time.
    style: Option<CutStyle>,
    /// When.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// When it was scheduled.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A page of takes that wait for their time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScheduledTakeList {
    /// In the order of their times.
    items: Vec<ScheduledTakeView>,
    /// What `after` must be to get the next page, `null` if this is the last.
    #[schema(example = "1793448000000.mzxw6ytboi4dqnrr")]
    next_after: Option<String>,
}

/// Schedule a take
///
/// It is made as if a client had asked for it at that moment. One that could not be made (the camera was
/// not live, the event was locked, the server was down) is in the switch log with the reason.
#[utoipa::path(
    post, path = "/api/events/{event}/scheduled-takes", tag = "takes",
    operation_id = "schedule_take",
    params(EventPath),
    request_body = NewScheduledTake,
    responses(
        (
            status = 201, description = "the scheduled take", body = ScheduledTakeView,
            headers(("location" = String, description = "path of the scheduled take"))
        ),
        (status = 409, description = "the event has as many scheduled takes as it may have")
    )
)]
pub(crate) async fn create(
    State(shared): State<Arc<Shared>>,
    EventPath(event): EventPath,
    Body(wanted): Body<NewScheduledTake>,
) -> Result<Response, Problem> {
    let camera = CameraId::parse(&wanted.camera_id)
        .map_err(|why| Problem::invalid("camera_id", why.to_string()))?;
    let created_at = now();
    let take = ScheduledTake {
        id: ScheduledTakeId::random().map_err(random_failed)?,
        event,
        camera,
        style: wanted.style.map(Into::into),
        at: parse_at(&wanted.at, created_at)?,
        created_at,
    };
    events::find(&shared, &take.event).await?;
    let kept = take.clone();
    let (store, live) = (Arc::clone(&shared.store), Arc::clone(&shared.live));
    shared
        .change(async move {
            if store.camera(&kept.event, &kept.camera).await?.is_none() {
                return Err(Problem::invalid("camera_id", "the event has no such camera"));
            }
            store.schedule_take(kept.clone()).await?;
            live.apply(Change::TakeScheduled(kept)).await;
            Ok(())
        })
        .await?;
    let location = format!("/api/events/{}/scheduled-takes/{}", take.event, take.id);
    let view = ScheduledTakeView::from(take);
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(view)).into_response())
}

/// List the takes that wait for their time
#[utoipa::path(
    get, path = "/api/events/{event}/scheduled-takes", tag = "takes",
    operation_id = "list_scheduled_takes",
    params(EventPath, PageQuery),
    responses((status = 200, description = "in the order of their times", body = ScheduledTakeList))
)]
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    EventPath(event): EventPath,
    page: PageQuery,
) -> Result<Json<ScheduledTakeList>, Problem> {
    events::find(&shared, &event).await?;
    let takes = shared.store.scheduled_takes(&event).await?;
    let (page, next_after) = page.cut(takes, |take| Cursor::at(take.at, &take.id));
    let items = page.into_iter().map(Into::into).collect();
    Ok(Json(ScheduledTakeList { items, next_after }))
}

/// Cancel a scheduled take
#[utoipa::path(
    delete, path = "/api/events/{event}/scheduled-takes/{take}", tag = "takes",
    operation_id = "cancel_scheduled_take",
    params(ScheduledTakePath),
    responses(
        (status = 204, description = "it is gone and will not be made"),
        (status = 404, description = "there is no such event, or no such take waits any more")
    )
)]
pub(crate) async fn cancel(
    State(shared): State<Arc<Shared>>,
    ScheduledTakePath(event, id): ScheduledTakePath,
) -> Result<StatusCode, Problem> {
    events::find(&shared, &event).await?;
    let (store, live) = (Arc::clone(&shared.store), Arc::clone(&shared.live));
    shared
        .change(async move {
            let Some(take) = live.cancel_take(&event, &id) else {
                let why = "no such take waits for its time";
                return Err(Problem::new(ProblemCode::ScheduledTakeNotFound, why));
            };
            if let Err(error) = store.delete_scheduled_take(&event, &id).await {
                // It is still kept, so it still waits.
                live.apply(Change::TakeScheduled(take)).await;
                return Err(error.into());
            }
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}

fn parse_at(text: &str, now: Timestamp) -> Result<Timestamp, Problem> {
    let at = Timestamp::parse(text).map_err(|why| Problem::invalid("at", why.to_string()))?;
    let latest = Timestamp::from_millis(now.as_millis().saturating_add(SCHEDULED_AHEAD_MAX));
    if at <= now {
        return Err(Problem::invalid("at", format!("it has passed: here it is {now}")));
    }
    if at > latest {
        return Err(Problem::invalid("at", "it is more than 366 days ahead"));
    }
    Ok(at)
}

impl From<ScheduledTake> for ScheduledTakeView {
    fn from(take: ScheduledTake) -> Self {
        Self {
            id: take.id.to_string(),
            camera_id: take.camera.to_string(),
            style: take.style.map(Into::into),
            at: take.at,
            created_at: take.created_at,
        }
    }
}
