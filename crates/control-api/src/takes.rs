//! Taking a camera on air, who is on air, and the switch log.
//!
//! The log is written by the running system when a cut has happened, not here: failovers are in it too, and
//! a take may still be replaced by the next one.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use genlock_store::limits::SWITCH_PAGE_MAX;
use genlock_store::{
    CameraId, EventId, LoggedSwitch, SwitchPage, SwitchReason, SwitchSeq, SwitchStyle, Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::addresses::Links;
use crate::cameras::{self, CameraView};
use crate::events;
use crate::extract::{CameraPath, EventPath, OptionalBody, present};
use crate::limits::SWITCH_PAGE_DEFAULT;
use crate::live::{Cut, CutStyle, Discontinuity, EventStatus};
use crate::problem::{Problem, ProblemCode};
use crate::state::Shared;
use crate::time::{rfc3339, rfc3339_option};

/// How a camera is to be taken.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakeOptions {
    /// How the cut is made. Default `clean`.
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

/// Who is on air.
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
}

/// A page of the switch log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SwitchLog {
    /// Newest first.
    items: Vec<SwitchView>,
    /// What `before` must be to get the next page, `null` if this one was not full.
    next_before: Option<u64>,
}

/// An entry of the switch log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Switch)]
pub(crate) struct SwitchView {
    /// Place in the log.
    seq: u64,
    /// The camera that was on air, `null` if there was none.
    from_camera_id: Option<String>,
    /// The camera that is on air since.
    to_camera_id: String,
    /// When the take was asked for, or decided by the programme itself.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    requested_at: Timestamp,
    /// When the first picture of the new camera was due.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    switched_at: Timestamp,
    /// How it was cut.
    style: CutStyle,
    /// From the request to the cut, in milliseconds.
    wait_ms: u32,
    /// What the cut cost in the playlists.
    discontinuity: Discontinuity,
    /// Who asked for it.
    reason: Initiator,
}

/// Who asked for a cut.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Initiator {
    /// A client, by a take.
    Take,
    /// The programme, because nothing was on air and a camera came.
    FirstLive,
    /// The programme, because the camera on air was lost.
    Failover,
}

/// Which page of the switch log is wanted.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// How many entries at most. Default 50.
    #[param(minimum = 1, maximum = 500, required = false)]
    limit: u16,
    /// Only entries older than the one with this `seq`.
    #[param(required = false)]
    before: Option<u64>,
}

/// Take a camera on air
#[utoipa::path(
    post, path = "/api/events/{event}/cameras/{camera}/switch", tag = "takes",
    operation_id = "switch",
    params(
        ("event" = String, Path, description = "id of the event"),
        ("camera" = String, Path, description = "id of the camera")
    ),
    request_body = Option<TakeOptions>,
    responses(
        (status = 200, description = "the take was accepted; its plan", body = TakeAnswer),
        (status = 409, description = "the camera is not live")
    )
)]
pub(crate) async fn switch(
    State(shared): State<Arc<Shared>>,
    links: Links,
    CameraPath(event, id): CameraPath,
    OptionalBody(options): OptionalBody<TakeOptions>,
) -> Result<Json<TakeAnswer>, Problem> {
    let style = options.style.unwrap_or_default();
    take(&shared, &links, &event, &id, style).await.map(Json)
}

/// Read who is on air
#[utoipa::path(
    get, path = "/api/events/{event}/active", tag = "takes", operation_id = "active_camera",
    params(("event" = String, Path, description = "id of the event")),
    responses((status = 200, description = "who is on air", body = ActiveCamera))
)]
pub(crate) async fn active(
    State(shared): State<Arc<Shared>>,
    links: Links,
    EventPath(event): EventPath,
) -> Result<Json<ActiveCamera>, Problem> {
    on_air(&shared, &links, &event).await.map(Json)
}

/// Read the switch log
#[utoipa::path(
    get, path = "/api/events/{event}/switches", tag = "takes", operation_id = "switch_log",
    params(("event" = String, Path, description = "id of the event"), PageQuery),
    responses((status = 200, description = "a page of the log, newest first", body = SwitchLog))
)]
pub(crate) async fn log(
    State(shared): State<Arc<Shared>>,
    EventPath(event): EventPath,
    RawQuery(query): RawQuery,
) -> Result<Json<SwitchLog>, Problem> {
    let PageQuery { limit, before } = PageQuery::parse(query.as_deref().unwrap_or_default())?;
    events::find(&shared, &event).await?;
    let page = SwitchPage { before: before.map(SwitchSeq), limit };
    let entries = shared.store.switches(&event, page).await?;
    let full = entries.len() == usize::from(limit);
    let next_before = entries.last().filter(|_| full).map(|entry| entry.seq.0);
    let items = entries.into_iter().map(SwitchView::from).collect();
    Ok(Json(SwitchLog { items, next_before }))
}

/// Takes a camera of an event on air.
pub(crate) async fn take(
    shared: &Shared,
    links: &Links,
    event: &EventId,
    id: &CameraId,
    style: CutStyle,
) -> Result<TakeAnswer, Problem> {
    let camera = cameras::find(shared, event, id).await?;
    let cut = shared.live.take(event, id, style).await?;
    let active_camera = CameraView::new(shared, links, &camera);
    Ok(TakeAnswer { status: "success", active_camera, cut })
}

/// Who is on air in an event.
pub(crate) async fn on_air(
    shared: &Shared,
    links: &Links,
    event: &EventId,
) -> Result<ActiveCamera, Problem> {
    events::find(shared, event).await?;
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
    })
}

impl PageQuery {
    /// Reads `limit={number}&before={number}`; numbers need no percent decoding.
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut page = Self { limit: SWITCH_PAGE_DEFAULT, before: None };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "limit" => page.limit = parse_limit(value)?,
                "before" => {
                    let why = "`before` is the `seq` of an entry";
                    let seq = value.parse().map_err(|_| Problem::invalid("before", why))?;
                    page.before = Some(seq);
                }
                _ => {
                    let why = "the query knows only `limit` and `before`";
                    return Err(Problem::of_field(ProblemCode::UnknownField, name, why));
                }
            }
        }
        Ok(page)
    }
}

fn parse_limit(value: &str) -> Result<u16, Problem> {
    match value.parse() {
        Ok(limit @ 1..=SWITCH_PAGE_MAX) => Ok(limit),
        _ => Err(Problem::invalid("limit", format!("a page has 1 to {SWITCH_PAGE_MAX} entries"))),
    }
}

impl From<LoggedSwitch> for SwitchView {
    fn from(LoggedSwitch { seq, record }: LoggedSwitch) -> Self {
        Self {
            seq: seq.0,
            from_camera_id: record.from.map(String::from),
            to_camera_id: record.to.into(),
            requested_at: record.requested_at,
            switched_at: record.switched_at,
            style: record.style.into(),
            wait_ms: record.wait_ms,
            discontinuity: record.discontinuity.into(),
            reason: record.reason.into(),
        }
    }
}

impl From<SwitchStyle> for CutStyle {
    fn from(style: SwitchStyle) -> Self {
        match style {
            SwitchStyle::Clean => Self::Clean,
        }
    }
}

impl From<genlock_store::Discontinuity> for Discontinuity {
    fn from(discontinuity: genlock_store::Discontinuity) -> Self {
        match discontinuity {
            genlock_store::Discontinuity::None => Self::None,
            genlock_store::Discontinuity::Parameters => Self::Parameters,
            genlock_store::Discontinuity::Codec => Self::Codec,
        }
    }
}

impl From<SwitchReason> for Initiator {
    fn from(reason: SwitchReason) -> Self {
        match reason {
            SwitchReason::Take => Self::Take,
            SwitchReason::FirstLive => Self::FirstLive,
            SwitchReason::Failover => Self::Failover,
        }
    }
}
