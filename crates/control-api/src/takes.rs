//! Taking a camera on air, withdrawing a take, and who is on air.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use genlock_store::{CameraId, EventId, SwitchStyle, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tracing::Instrument;
use utoipa::ToSchema;

use crate::addresses::Links;
use crate::cameras::{self, CameraView};
use crate::events;
use crate::extract::{OptionalBody, present};
use crate::idempotency::{Begun, IdempotencyKey, Key};
use crate::life;
use crate::live::{Cut, CutStyle, EventStatus};
use crate::lock::LockView;
use crate::paths::{CameraPath, EventPath};
use crate::problem::{Problem, ProblemCode};
use crate::state::Shared;
use crate::time::rfc3339_option;

const JSON: &str = "application/json";

/// Header of an answer that was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// How a camera is to be taken.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakeOptions {
    /// How the cut is made. Default: the event's own style.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    style: Option<CutStyle>,
}

/// A take that was accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TakeAnswer {
    /// Always `success`.
    #[schema(example = "success")]
    status: &'static str,
    /// The camera that was taken. On air when the cut has been made.
    active_camera: CameraView,
    /// The plan of the cut; `null` if the camera was on air already.
    cut: Option<Cut>,
}

/// A take that was withdrawn.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UndoAnswer {
    /// Always `success`.
    #[schema(example = "success")]
    status: &'static str,
    /// The camera whose take was withdrawn.
    #[schema(example = "k5x2mhd7qpa3vtye")]
    withdrawn_camera_id: String,
    /// The camera that stays on air, or goes on air by an older take; `null` if there is none.
    active_camera: Option<CameraView>,
}

/// Who is on air, and who should be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActiveCamera {
    /// Whether something is on air.
    status: EventStatus,
    /// The camera on air, `null` if there is none.
    active_camera: Option<CameraView>,
    /// When its first picture was due.
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    on_air_since: Option<Timestamp>,
    /// The cut that is waited for.
    pending: Option<Cut>,
    /// No camera is left and the slate is shown.
    slate: bool,
    /// The camera that was chosen: by the last take that became a cut, or before any by itself. What the
    /// programme does when that camera is lost changes who is on air and leaves this.
    #[schema(example = "k5x2mhd7qpa3vtye")]
    intended_camera_id: Option<String>,
    /// The camera whose sound viewers hear: the one on air, the fixed source of the policy, or who stands in for
    /// that; `null` for silence.
    #[schema(example = "k5x2mhd7qpa3vtye")]
    heard_camera_id: Option<String>,
    /// The lock that stops every automation, `null` while there is none.
    lock: Option<LockView>,
}

/// Take a camera on air
///
/// Repeated with the same `idempotency-key`, it is made once: the first answer comes again, with
/// `idempotent-replayed: true`. Keys are the event's, are remembered for ten minutes, and should be random.
#[utoipa::path(
    post, path = "/api/events/{event}/cameras/{camera}/switch", tag = "takes",
    operation_id = "switch",
    params(CameraPath, IdempotencyKey),
    request_body = Option<TakeOptions>,
    responses(
        (status = 200, description = "the take was accepted; its plan", body = TakeAnswer),
        (status = 409, description = "the camera is not live, or the event is not open")
    )
)]
pub(crate) async fn switch(
    State(shared): State<Arc<Shared>>,
    links: Links,
    CameraPath(event, camera): CameraPath,
    IdempotencyKey(key): IdempotencyKey,
    OptionalBody(options): OptionalBody<TakeOptions>,
) -> Result<Taken, Problem> {
    take(&shared, links, event, Take { camera, style: options.style }, key).await
}

/// Withdraw the newest take, as long as no viewer can have seen anything of it
#[utoipa::path(
    delete, path = "/api/events/{event}/switch", tag = "takes", operation_id = "undo",
    params(EventPath),
    responses(
        (status = 200, description = "the take was withdrawn", body = UndoAnswer),
        (status = 409, description = "no take waits: the newest has been published already")
    )
)]
pub(crate) async fn undo(
    State(shared): State<Arc<Shared>>,
    links: Links,
    EventPath(event): EventPath,
) -> Result<Json<UndoAnswer>, Problem> {
    events::find(&shared, &event).await?;
    life::check_runs(&shared, &event)?;
    let undone = shared.live.undo(&event).await?;
    let active_camera = match &undone.stays {
        Some(id) => shared.store.camera(&event, id).await?,
        None => None,
    };
    Ok(Json(UndoAnswer {
        status: "success",
        withdrawn_camera_id: undone.camera_id.into(),
        active_camera: active_camera.map(|camera| CameraView::new(&shared, &links, &camera)),
    }))
}

/// Read who is on air
#[utoipa::path(
    get, path = "/api/events/{event}/active", tag = "takes", operation_id = "active_camera",
    params(EventPath),
    responses((status = 200, description = "who is on air", body = ActiveCamera))
)]
pub(crate) async fn active(
    State(shared): State<Arc<Shared>>,
    links: Links,
    EventPath(event): EventPath,
) -> Result<Json<ActiveCamera>, Problem> {
    on_air(&shared, &links, &event).await.map(Json)
}

/// What is taken, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Take {
    pub(crate) camera: CameraId,
    /// `None` for the event's own.
    pub(crate) style: Option<CutStyle>,
}

/// The answer to a take, as JSON.
#[derive(Debug)]
pub(crate) struct Taken {
    json: Bytes,
    replayed: bool,
}

impl IntoResponse for Taken {
    fn into_response(self) -> Response {
        let mut response = ([(header::CONTENT_TYPE, JSON)], self.json).into_response();
        if self.replayed {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

/// Takes a camera of an event on air; under a key that was used before, tells what came of it then.
pub(crate) async fn take(
    shared: &Arc<Shared>,
    links: Links,
    event: EventId,
    take: Take,
    key: Option<Key>,
) -> Result<Taken, Problem> {
    let Some(key) = key else {
        let json = make(shared, &links, &event, &take).await?;
        return Ok(Taken { json, replayed: false });
    };
    let running = match shared.takes.begin(Instant::now(), &event, key, take.clone())? {
        Begun::Replay(answer) => return Ok(Taken { json: answer?, replayed: true }),
        Begun::Run(running) => running,
    };
    // In a task of its own: a client that goes away before the answer is the one that will repeat the call.
    let shared = Arc::clone(shared);
    let make = async move {
        let answer = make(&shared, &links, &event, &take).await;
        running.answered(&answer);
        answer
    };
    let task = tokio::spawn(make.in_current_span());
    let answer = task.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a take broke off");
        Err(Problem::new(ProblemCode::Internal, "the take broke off"))
    });
    Ok(Taken { json: answer?, replayed: false })
}

async fn make(
    shared: &Shared,
    links: &Links,
    event: &EventId,
    take: &Take,
) -> Result<Bytes, Problem> {
    let camera = cameras::find(shared, event, &take.camera).await?;
    life::check_takes(shared, event)?;
    let cut = shared.live.take(event, &take.camera, take.style).await?;
    let active_camera = CameraView::new(shared, links, &camera);
    let answer = TakeAnswer { status: "success", active_camera, cut };
    Ok(serde_json::to_vec(&answer).expect("answers are plain data").into())
}

/// Who is on air in an event.
pub(crate) async fn on_air(
    shared: &Shared,
    links: &Links,
    event: &EventId,
) -> Result<ActiveCamera, Problem> {
    let kept = events::find(shared, event).await?;
    let program = shared.live.program(event);
    let camera = match &program.active {
        Some(id) => shared.store.camera(event, id).await?,
        None => None,
    };
    Ok(ActiveCamera {
        status: program.status,
        active_camera: camera.map(|camera| CameraView::new(shared, links, &camera)),
        on_air_since: program.on_air_since,
        pending: program.pending,
        slate: program.slate,
        intended_camera_id: program.intent.map(String::from),
        heard_camera_id: program.heard.map(String::from),
        lock: kept.lock.as_ref().map(LockView::from),
    })
}

impl From<SwitchStyle> for CutStyle {
    fn from(style: SwitchStyle) -> Self {
        match style {
            SwitchStyle::Auto => Self::Auto,
            SwitchStyle::Clean => Self::Clean,
            SwitchStyle::Instant => Self::Instant,
            SwitchStyle::Lookahead => Self::Lookahead,
        }
    }
}

impl From<CutStyle> for SwitchStyle {
    fn from(style: CutStyle) -> Self {
        match style {
            CutStyle::Auto => Self::Auto,
            CutStyle::Clean => Self::Clean,
            CutStyle::Instant => Self::Instant,
            CutStyle::Lookahead => Self::Lookahead,
        }
    }
}
