//! The life of an event, and of a publisher: start, pause, resume, end; kick.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use genlock_store::life::{Step, WrongStep};
use genlock_store::{EventId, EventPatch, Life, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::addresses::Links;
use crate::cameras;
use crate::etag::Tagged;
use crate::events::{self, EventView};
use crate::extract::{OptionalBody, present_integer};
use crate::limits::BAN_SECONDS_MAX;
use crate::live::Change;
use crate::paths::{CameraPath, EventPath};
use crate::problem::{Problem, ProblemCode};
use crate::state::Shared;
use crate::time::{now, rfc3339_option};
use crate::tokens::later;

/// How a publisher is to be disconnected.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kick {
    /// Seconds for which the camera's key admits nobody, so that an encoder does not come straight back.
    /// Default 0: it may.
    #[serde(default, deserialize_with = "present_integer")]
    #[schema(nullable = false, maximum = 86400, example = 60)]
    ban: Option<u32>,
}

/// What became of a kick.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Kicked {
    /// Whether a publisher was there.
    #[schema(example = true)]
    disconnected: bool,
    /// Until when the camera's key admits nobody, `null` if it does.
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    refused_until: Option<Timestamp>,
}

/// Start an event that was made to wait
#[utoipa::path(
    post, path = "/api/events/{event}/start", tag = "events", operation_id = "start_event",
    params(EventPath),
    responses((status = 200, description = "cameras may go on air", body = EventView))
)]
pub(crate) async fn start(event: Stepping) -> Result<Tagged<EventView>, Problem> {
    event.take(Step::Start).await
}

/// Take all cameras off air for a while
#[utoipa::path(
    post, path = "/api/events/{event}/pause", tag = "events", operation_id = "pause_event",
    params(EventPath),
    responses((status = 200, description = "viewers see the slate; cameras stay connected", body = EventView))
)]
pub(crate) async fn pause(event: Stepping) -> Result<Tagged<EventView>, Problem> {
    event.take(Step::Pause).await
}

/// Let cameras on air again
#[utoipa::path(
    post, path = "/api/events/{event}/resume", tag = "events", operation_id = "resume_event",
    params(EventPath),
    responses((status = 200, description = "the camera that was on air goes back on air", body = EventView))
)]
pub(crate) async fn resume(event: Stepping) -> Result<Tagged<EventView>, Problem> {
    event.take(Step::Resume).await
}

/// End an event, for ever
#[utoipa::path(
    post, path = "/api/events/{event}/end", tag = "events", operation_id = "end_event",
    params(EventPath),
    responses((status = 200, description = "playlists are closed, publishers are disconnected and refused", body = EventView))
)]
pub(crate) async fn end(event: Stepping) -> Result<Tagged<EventView>, Problem> {
    event.take(Step::End).await
}

/// Disconnect a camera's publisher
#[utoipa::path(
    post, path = "/api/events/{event}/cameras/{camera}/kick", tag = "cameras",
    operation_id = "kick",
    params(CameraPath),
    request_body = Option<Kick>,
    responses((status = 200, description = "what became of it", body = Kicked))
)]
pub(crate) async fn kick(
    State(shared): State<Arc<Shared>>,
    CameraPath(event, id): CameraPath,
    OptionalBody(wanted): OptionalBody<Kick>,
) -> Result<Json<Kicked>, Problem> {
    let ban = wanted.ban.unwrap_or(0);
    if ban > BAN_SECONDS_MAX {
        return Err(Problem::invalid("ban", format!("at most {BAN_SECONDS_MAX} seconds")));
    }
    cameras::find(&shared, &event, &id).await?;
    let disconnected = shared.live.kick(&event, &id, Duration::from_secs(ban.into()));
    let refused_until = (ban > 0).then(|| later(now(), ban));
    Ok(Json(Kicked { disconnected, refused_until }))
}

/// The event whose life a call moves on.
pub(crate) struct Stepping {
    shared: Arc<Shared>,
    links: Links,
    id: EventId,
}

impl FromRequestParts<Arc<Shared>> for Stepping {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let Ok(links) = Links::from_request_parts(parts, shared).await;
        let EventPath(id) = EventPath::from_request_parts(parts, shared).await?;
        Ok(Self { shared: Arc::clone(shared), links, id })
    }
}

impl Stepping {
    /// Takes the step and tells the event as it is then.
    async fn take(self, step: Step) -> Result<Tagged<EventView>, Problem> {
        let Self { shared, links, id } = self;
        let (store, live) = (Arc::clone(&shared.store), Arc::clone(&shared.live));
        let event = shared
            .change(async move {
                let event = store.event(&id).await?.ok_or_else(Problem::event_not_found)?;
                let life = event.life.after(step)?;
                let patch = EventPatch { life: Some(life), ..EventPatch::default() };
                let updated = store.update_event(&id, patch).await?;
                let event = updated.ok_or_else(Problem::event_not_found)?;
                live.apply(Change::EventUpdated(event.clone())).await;
                Ok(event)
            })
            .await?;
        Ok(events::tagged(&shared, &links, &event))
    }
}

/// Whether a camera of the event can be put on air. Answered from memory.
pub(crate) fn check_takes(shared: &Shared, event: &EventId) -> Result<(), Problem> {
    match shared.live.program(event).life {
        Life::Open => Ok(()),
        life => Err(not_open(life)),
    }
}

/// Whether the event has a programme. Answered from memory.
pub(crate) fn check_runs(shared: &Shared, event: &EventId) -> Result<(), Problem> {
    match shared.live.program(event).life {
        Life::Ended => Err(not_open(Life::Ended)),
        Life::Open | Life::Paused | Life::Waiting => Ok(()),
    }
}

/// The problem that an event in this state is not open.
pub(crate) fn not_open(life: Life) -> Problem {
    let detail = match life {
        Life::Ended => "the event has ended",
        Life::Paused => "the event is paused",
        Life::Waiting => "the event has not been started",
        Life::Open => "the event runs",
    };
    Problem::new(code(life), detail)
}

const fn code(life: Life) -> ProblemCode {
    match life {
        Life::Ended => ProblemCode::EventEnded,
        Life::Paused => ProblemCode::EventPaused,
        Life::Waiting => ProblemCode::EventNotStarted,
        Life::Open => ProblemCode::EventRunning,
    }
}

impl From<WrongStep> for Problem {
    fn from(wrong: WrongStep) -> Self {
        Self::new(code(wrong.life), wrong.to_string())
    }
}
