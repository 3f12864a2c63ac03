//! `/api/events/{event}/lock`: stopping every automation, and letting it go on.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use genlock_store::{DisplayName, Event, EventId, EventPatch, Lock, LockedBy, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::events::parse_name;
use crate::extract::{OptionalBody, present};
use crate::live::Change;
use crate::openapi::Name;
use crate::paths::EventPath;
use crate::problem::Problem;
use crate::state::Shared;
use crate::time::{now, rfc3339};

/// Who locks an event.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockOptions {
    /// Name of whoever locks, for other people: 1 to 200 characters.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, example = "Ann", value_type = Option<Name>)]
    name: Option<String>,
}

/// The lock of an event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Lock)]
pub(crate) struct LockView {
    /// Since when.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    locked_at: Timestamp,
    /// Who locked it.
    by: Locker,
    /// Name that a human gave, `null` if there is none.
    #[schema(example = "Ann")]
    name: Option<String>,
}

/// Who locked an event.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Locker {
    /// A client.
    Human,
    /// The programme, because its failovers went to and fro.
    Flapping,
}

impl From<&Lock> for LockView {
    fn from(lock: &Lock) -> Self {
        Self {
            locked_at: lock.at,
            by: match lock.by {
                LockedBy::Human => Locker::Human,
                LockedBy::Flapping => Locker::Flapping,
            },
            name: lock.name.as_ref().map(DisplayName::to_string),
        }
    }
}

/// Stop every automation: failovers, their reversal and scheduled takes; takes go on
#[utoipa::path(
    put, path = "/api/events/{event}/lock", tag = "takes", operation_id = "lock",
    params(EventPath),
    request_body = Option<LockOptions>,
    responses((status = 200, description = "the lock, which replaces one that was there", body = LockView))
)]
pub(crate) async fn put(
    State(shared): State<Arc<Shared>>,
    EventPath(event): EventPath,
    OptionalBody(options): OptionalBody<LockOptions>,
) -> Result<Json<LockView>, Problem> {
    let name = options.name.as_deref().map(parse_name).transpose()?;
    let lock = Lock { at: now(), by: LockedBy::Human, name };
    let view = LockView::from(&lock);
    set(&shared, event, Some(lock)).await?;
    Ok(Json(view))
}

/// Let the automations go on
#[utoipa::path(
    delete, path = "/api/events/{event}/lock", tag = "takes", operation_id = "unlock",
    params(EventPath),
    responses((status = 204, description = "there is no lock, and there may have been none"))
)]
pub(crate) async fn delete(
    State(shared): State<Arc<Shared>>,
    EventPath(event): EventPath,
) -> Result<StatusCode, Problem> {
    set(&shared, event, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set(shared: &Shared, event: EventId, lock: Option<Lock>) -> Result<Event, Problem> {
    let (store, live) = (Arc::clone(&shared.store), Arc::clone(&shared.live));
    shared
        .change(async move {
            let patch = EventPatch { lock: Some(lock), ..EventPatch::default() };
            let updated = store.update_event(&event, patch).await?;
            let event = updated.ok_or_else(Problem::event_not_found)?;
            live.apply(Change::LockChanged(event.clone())).await;
            Ok(event)
        })
        .await
}
