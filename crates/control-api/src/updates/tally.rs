//! Whether a camera is on air, for the phone of whoever operates it: server-sent events, each with everything.
//!
//! ```text
//!  off_air ──in preview──▶ preview ──take accepted──▶ next ──committed──▶ on_air
//!     ▲                                                                      │
//!     └───────────────────── the next camera's cut is published ─────────────┘
//! ```
//!
//! A camera is on air until viewers' playlists have the next one: an operator who puts the camera down too soon is
//! seen doing it. Told at every change and every second, so that a phone knows a connection that is dead. When the event
//! has ended, all of it is `ended`.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use futures_util::Stream;
use genlock_store::{CameraId, EventId, Life};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep_until};
use utoipa::ToSchema;

use super::follower::{Delivery, Follower};
use super::hub;
use crate::auth::{self, Admission, Caller};
use crate::cameras;
use crate::events;
use crate::extract::Body;
use crate::limits::{TALLY_EVERY, TALLY_HELD_MAX};
use crate::live::{CameraState, CameraStatus, ProgramState, Severity};
use crate::openapi::Id;
use crate::paths::{CameraPath, EventPath};
use crate::problem::{Problem, ProblemCode};
use crate::state::{Place, Shared};
use crate::time::now;

/// In the description of the API.
const EXAMPLE: &str = "data: {\"state\":\"on_air\",\"on_air_in_ms\":null,\"event\":\"Wedding\",\
    \"camera\":\"Altar\",\"status\":\"live\",\"issue\":null}\n\n";

/// What the operator of a camera needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Tally {
    /// Whether it is on air, or will be.
    state: TallyState,
    /// Until it is expected on air, in milliseconds; `null` where nothing can be said.
    #[schema(example = 1200)]
    on_air_in_ms: Option<u32>,
    /// Name of the event.
    #[schema(example = "Ann & Bob")]
    event: String,
    /// Name of the camera.
    #[schema(example = "Altar")]
    camera: String,
    /// Whether its pictures arrive.
    status: CameraStatus,
    /// The worst of what is wrong with them, for people; `null` if nothing is.
    #[schema(example = "Key frames are 8.3 s apart.")]
    issue: Option<String>,
}

/// Whether a camera is on air.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TallyState {
    /// Viewers see it, or are about to.
    OnAir,
    /// A take to it was accepted and waits for its moment.
    Next,
    /// It is in preview.
    Preview,
    /// None of these.
    OffAir,
    /// The event is over.
    Ended,
}

/// What is in preview.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PreviewChoice {
    /// The camera that is in preview; `null` for none.
    #[schema(value_type = Option<Id>)]
    camera_id: Option<String>,
}

/// Tell which camera is in preview, for tally pages
///
/// It is kept as long as somebody follows the event, and changes nothing on air.
#[utoipa::path(
    put, path = "/api/events/{event}/preview-camera", tag = "live", operation_id = "put_preview_camera",
    params(EventPath),
    request_body = PreviewChoice,
    responses((status = 204, description = "it is told to whoever follows"))
)]
pub(crate) async fn put_preview(
    State(shared): State<Arc<Shared>>,
    EventPath(event): EventPath,
    Body(wanted): Body<PreviewChoice>,
) -> Result<StatusCode, Problem> {
    let camera = match wanted.camera_id {
        Some(id) => {
            let id = CameraId::parse(&id).map_err(|why| Problem::invalid("camera_id", why))?;
            let known = cameras::find(&shared, &event, &id).await.map(|camera| camera.id);
            Some(known.map_err(in_body)?)
        }
        None => None,
    };
    hub::follow(&shared, &event, None).await?.set_preview(camera);
    Ok(StatusCode::NO_CONTENT)
}

/// The body names the camera, so an unknown one is no resource that is missing but a wrong value.
fn in_body(problem: Problem) -> Problem {
    match problem.code() {
        ProblemCode::CameraNotFound => {
            Problem::invalid("camera_id", "the event has no such camera")
        }
        _ => problem,
    }
}

/// Follow whether a camera is on air, by server-sent events
///
/// For the phone of whoever operates it: a token for that camera is enough. Each event has everything, at every
/// change and every second.
#[utoipa::path(
    get, path = "/api/events/{event}/cameras/{camera}/tally", tag = "live", operation_id = "tally",
    params(CameraPath),
    responses((
        status = 200, description = "`data` is one `Tally`", content_type = "text/event-stream",
        body = String, example = json!(EXAMPLE)
    ))
)]
pub(crate) async fn follow(
    State(shared): State<Arc<Shared>>,
    Caller(caller): Caller,
    CameraPath(event, camera): CameraPath,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let place = shared.follower()?;
    let name = events::find(&shared, &event).await?.name.to_string();
    let camera = cameras::find(&shared, &event, &camera).await?;
    let follower = hub::follow(&shared, &event, None).await?;
    let lamp = Lamp {
        admission: auth::admission(&shared, &caller),
        shared,
        follower,
        event,
        camera: camera.id,
        names: (name, camera.name.to_string()),
        told: None,
        told_at: Instant::now(),
        light: Light::Off,
        _place: place,
    };
    Ok(Sse::new(futures_util::stream::unfold(lamp, Lamp::next)))
}

/// One phone.
struct Lamp {
    shared: Arc<Shared>,
    follower: Follower,
    admission: Admission,
    event: EventId,
    camera: CameraId,
    /// Of the event and of the camera.
    names: (String, String),
    told: Option<Tally>,
    told_at: Instant,
    light: Light,
    _place: Place,
}

/// Whether viewers see the camera, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Light {
    Off,
    On,
    /// It has left the programme, and viewers may not have the next one before this.
    Held(Instant),
}

impl Light {
    /// After a look at `now`.
    fn after(self, is_active: bool, now: Instant) -> Self {
        match self {
            _ if is_active => Self::On,
            Self::On => Self::Held(now + TALLY_HELD_MAX),
            Self::Held(until) if now < until => self,
            Self::Held(_) | Self::Off => Self::Off,
        }
    }

    /// After viewers' playlists have the next camera.
    const fn published(self) -> Self {
        match self {
            Self::On => Self::On,
            Self::Held(_) | Self::Off => Self::Off,
        }
    }
}

impl Lamp {
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            let tally = self.look();
            let at = Instant::now();
            if self.told.as_ref() != Some(&tally) || at >= self.told_at + TALLY_EVERY {
                let text = serde_json::to_string(&tally).expect("a tally is plain data");
                (self.told, self.told_at) = (Some(tally), at);
                return Some((Ok(Event::default().data(text)), self));
            }
            tokio::select! {
                delivery = self.follower.next() => match delivery {
                    Delivery::Gone => return None,
                    Delivery::Snapshot(_) => {}
                    Delivery::Update(entry) if entry.published => self.light = self.light.published(),
                    Delivery::Update(_) => {}
                },
                () = sleep_until(self.told_at + TALLY_EVERY) => {}
                () = end_of(self.light) => {}
                _why = self.admission.ended() => return None,
            }
        }
    }

    fn look(&mut self) -> Tally {
        let program = self.shared.live.program(&self.event);
        let camera = self.shared.live.camera(&self.event, &self.camera);
        let is_active = program.active.as_ref() == Some(&self.camera);
        self.light = self.light.after(is_active, Instant::now());
        let in_preview = self.follower.preview().as_ref() == Some(&self.camera);
        let lit = self.light != Light::Off;
        let (state, on_air_in_ms) = state(lit, &program, &self.camera, in_preview);
        let (event, name) = self.names.clone();
        let (status, issue) = (camera.status, worst(&camera));
        Tally { state, on_air_in_ms, event, camera: name, status, issue }
    }
}

async fn end_of(light: Light) {
    match light {
        Light::Held(until) => sleep_until(until).await,
        Light::On | Light::Off => std::future::pending().await,
    }
}

/// What a camera is, and when it will be on air.
fn state(
    lit: bool,
    program: &ProgramState,
    camera: &CameraId,
    in_preview: bool,
) -> (TallyState, Option<u32>) {
    if program.life == Life::Ended {
        return (TallyState::Ended, None);
    }
    if lit {
        return (TallyState::OnAir, None);
    }
    match program.pending.as_ref().filter(|cut| cut.camera_id == *camera) {
        Some(cut) => {
            let wait = cut.cut_at.map(|at| at.as_millis().saturating_sub(now().as_millis()));
            (TallyState::Next, wait.map(|wait| u32::try_from(wait).unwrap_or(0)))
        }
        None if in_preview => (TallyState::Preview, None),
        None => (TallyState::OffAir, None),
    }
}

/// The worst issue of a camera that an operator should hear of, with what to change.
fn worst(camera: &CameraState) -> Option<String> {
    let issues = &camera.health.as_ref()?.issues;
    let of = |severity| issues.iter().find(|issue| issue.severity == severity);
    let issue = of(Severity::Error).or_else(|| of(Severity::Warning))?;
    Some(issue.sentence.clone())
}

#[cfg(test)]
mod tests {
    use genlock_store::Timestamp;

    use super::*;
    use crate::live::{Cut, CutReason, CutStyle, Discontinuity};

    fn camera(id: &str) -> CameraId {
        CameraId::parse(id).unwrap()
    }

    fn program(pending: Option<&str>) -> ProgramState {
        let cut = |id| Cut {
            camera_id: camera(id),
            style: CutStyle::Clean,
            cut_at: Some(Timestamp::from_millis(now().as_millis() + 60_000)),
            wait_ms: Some(60_000),
            discontinuity: Discontinuity::None,
            reason: CutReason::Cadence,
        };
        ProgramState { pending: pending.map(cut), ..ProgramState::default() }
    }

    #[test]
    fn on_air_wins_over_next_and_next_over_preview() {
        let of = |lit, pending, preview| state(lit, &program(pending), &camera("a"), preview).0;
        assert_eq!(of(false, None, false), TallyState::OffAir);
        assert_eq!(of(false, None, true), TallyState::Preview);
        assert_eq!(of(false, Some("a"), true), TallyState::Next);
        assert_eq!(of(false, Some("c"), false), TallyState::OffAir);
        assert_eq!(of(true, Some("b"), true), TallyState::OnAir);
    }

    #[test]
    fn nothing_is_on_air_when_the_event_is_over() {
        let over = ProgramState { life: Life::Ended, ..program(Some("a")) };
        assert_eq!(state(true, &over, &camera("a"), true), (TallyState::Ended, None));
    }

    #[test]
    fn a_camera_is_on_air_until_the_next_one_is_published() {
        let now = Instant::now();
        let left = Light::Off.after(true, now).after(false, now);
        assert_ne!(left, Light::Off, "its last picture is on its way to viewers");
        assert_eq!(left.published(), Light::Off);
        assert_eq!(left.after(false, now + TALLY_HELD_MAX), Light::Off, "nobody watches");
        assert_eq!(left.after(true, now), Light::On, "it came back");
    }

    #[test]
    fn the_wait_is_told_from_now() {
        let (_, wait) = state(false, &program(Some("a")), &camera("a"), false);
        assert!(wait.is_some_and(|wait| (59_000..=60_000).contains(&wait)), "{wait:?}");
    }
}
