//! `/api/events`: make, list, read, change and remove events.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use genlock_store::{
    AccessRole, AudioSource, CreatorId, DisplayName, Event, EventId, EventPatch, EventPolicy, Life,
    Playback, PolicyPatch, Store, Timestamp, UnknownFields,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::addresses::Links;
use crate::auth::{Caller, Principal};
use crate::cameras::{CameraView, random_failed};
use crate::etag::{IfMatch, Tagged, Version, Versioned};
use crate::extract::{Body, present, present_object};
use crate::live::{Change, EventStatus, ProgramState};
use crate::lock::LockView;
use crate::openapi::Name;
use crate::paths::EventPath;
use crate::playback::PlaybackName;
use crate::policy::{self, PolicyChange, PolicyView};
use crate::problem::{Problem, ProblemCode};
use crate::query::{Cursor, PageQuery};
use crate::state::Shared;
use crate::time::{now, rfc3339};

/// An event that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEvent {
    /// Name for people: 1 to 200 characters, no control characters.
    #[schema(example = "Ann & Bob", value_type = Name)]
    name: String,
    /// Whom it belongs to: the subject of the creator's tokens. Only the administrator makes events for others;
    /// left out, it is the caller's own.
    #[serde(default, deserialize_with = "present")]
    #[schema(
        nullable = false,
        example = "auth0|5f7c8ec7c33c6c004bbafe82",
        min_length = 1,
        max_length = 255,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]+$"
    )]
    creator_id: Option<String>,
    /// Whether no camera goes on air before the event is started by `POST …/start`. Default false: it goes live by
    /// itself with its first camera.
    #[serde(default)]
    hold: bool,
    /// Who may watch. Default `public`.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    playback: Option<PlaybackName>,
    /// What the programme does by itself, and how it cuts.
    #[serde(default, deserialize_with = "present_object")]
    #[schema(nullable = false)]
    policy: Option<PolicyChange>,
}

/// Fields of an event that are to change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventChange {
    /// New name.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, value_type = Option<Name>)]
    name: Option<String>,
    /// New choice of who may watch. Takes effect at each player's next request.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    playback: Option<PlaybackName>,
    /// New policy; what is left out stays as it is.
    #[serde(default, deserialize_with = "present_object")]
    #[schema(nullable = false)]
    policy: Option<PolicyChange>,
}

/// An event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventView {
    /// Identity, fixed.
    #[schema(example = "q3vx5k2mhd7qpa4t")]
    id: String,
    /// What tells this name, life, policy, lock and playback from others: the text of the `etag`, for `if-match`.
    #[schema(value_type = String, example = "1f3a5c7e9b0d2f4a6c8e")]
    version: Version,
    /// Name for people.
    #[schema(example = "Ann & Bob")]
    name: String,
    /// Whether something is on air.
    status: EventStatus,
    /// Players that reload the programme's playlists.
    #[schema(example = 120)]
    viewers: u64,
    /// When it was made.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Whom it belongs to, `null` if to the administrator.
    #[schema(example = "auth0|5f7c8ec7c33c6c004bbafe82")]
    creator_id: Option<String>,
    /// Who may watch.
    playback: PlaybackName,
    /// What the programme does by itself, and how it cuts.
    policy: PolicyView,
    /// Where the programme is.
    program: ProgramLinks,
    /// The camera on air.
    #[schema(example = "k5x2mhd7qpa3vtye")]
    active_camera_id: Option<String>,
    /// The camera that was chosen; another may be on air while it is lost.
    #[schema(example = "k5x2mhd7qpa3vtye")]
    intended_camera_id: Option<String>,
    /// The camera whose sound viewers hear: the one on air, the fixed source of the policy, or who stands in for
    /// that; `null` for silence.
    #[schema(example = "k5x2mhd7qpa3vtye")]
    heard_camera_id: Option<String>,
    /// The lock that stops every automation, `null` while there is none.
    lock: Option<LockView>,
}

/// Where the programme of an event is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProgramLinks {
    /// Multivariant playlist, LL-HLS.
    #[schema(example = "http://live.example:8080/hls/q3vx5k2mhd7qpa4t/program/index.m3u8")]
    hls_url: String,
    /// The same as MPEG-TS.
    #[schema(example = "http://live.example:8080/hls/q3vx5k2mhd7qpa4t/program/ts.m3u8")]
    ts_url: String,
    /// The viewer's page.
    #[schema(example = "http://live.example:8080/watch/q3vx5k2mhd7qpa4t")]
    watch_url: String,
}

/// An event with its cameras.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventWithCameras {
    #[serde(flatten)]
    event: EventView,
    /// Its cameras in failover order.
    cameras: Vec<CameraView>,
    /// What the caller may do with it.
    role: CallerRole,
}

/// What a caller may do with an event.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CallerRole {
    /// Everything: the owner, and the administrator.
    Owner,
    /// Put cameras on air, undo, lock.
    Operator,
    /// Look.
    Viewer,
}

impl CallerRole {
    const fn of(caller: &Principal) -> Self {
        match caller {
            Principal::Admin | Principal::Creator(_) => Self::Owner,
            Principal::Guest(guest) => match guest.role {
                AccessRole::Operator => Self::Operator,
                AccessRole::Viewer => Self::Viewer,
            },
        }
    }
}

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventList {
    /// Oldest first.
    items: Vec<EventView>,
    /// What `after` must be to get the next page, `null` if this is the last.
    #[schema(example = "1793448000000.q3vx5k2mhd7qpa4t")]
    next_after: Option<String>,
}

impl Versioned for EventView {
    fn version(&self) -> &Version {
        &self.version
    }
}

impl Versioned for EventWithCameras {
    fn version(&self) -> &Version {
        self.event.version()
    }
}

/// Make an event
#[utoipa::path(
    post, path = "/api/events", tag = "events", operation_id = "create_event",
    request_body = NewEvent,
    responses(
        (
            status = 201, description = "the event", body = EventView,
            headers(("location" = String, description = "path of the event"))
        ),
        (status = 409, description = "there are as many events as there may be")
    )
)]
pub(crate) async fn create(
    State(shared): State<Arc<Shared>>,
    Caller(caller): Caller,
    links: Links,
    Body(wanted): Body<NewEvent>,
) -> Result<Response, Problem> {
    let change = wanted.policy.map(PolicyChange::check).transpose()?.unwrap_or_default();
    let mut policy = EventPolicy::default();
    change.clone().apply(&mut policy);
    let event = Event {
        id: EventId::random().map_err(random_failed)?,
        name: parse_name(&wanted.name)?,
        created_at: now(),
        creator_id: owner(&caller, wanted.creator_id.as_deref())?,
        life: if wanted.hold { Life::Waiting } else { Life::Open },
        playback: wanted.playback.map_or_else(Playback::default, Playback::from),
        policy,
        lock: None,
        intent: None,
        on_air: None,
        unknown: UnknownFields::default(),
    };
    let kept = event.clone();
    let (store, live) = (Arc::clone(&shared.store), Arc::clone(&shared.live));
    let limits = shared.access.rules().creator_limits.clone();
    shared
        .change(async move {
            check_audio_source(&*store, &kept.id, &change).await?;
            if let Principal::Creator(creator) = &caller {
                let events = store.events().await?;
                let owned = |event: &&Event| event.creator_id.as_ref() == Some(&creator.id);
                let running = |event: &&Event| event.life != Life::Ended;
                limits.check_events(events.iter().filter(owned).filter(running).count())?;
            }
            store.create_event(kept.clone()).await?;
            live.apply(Change::EventCreated(kept)).await;
            Ok(())
        })
        .await?;
    let location = [(header::LOCATION, format!("/api/events/{}", event.id))];
    let view = view(&shared, &links, &event);
    Ok((StatusCode::CREATED, location, Tagged(view)).into_response())
}

/// List the events that one may see
#[utoipa::path(
    get, path = "/api/events", tag = "events", operation_id = "list_events",
    params(PageQuery),
    responses((
        status = 200, description = "a page of the events that the caller may see, oldest first",
        body = EventList
    ))
)]
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Caller(caller): Caller,
    links: Links,
    page: PageQuery,
) -> Result<Json<EventList>, Problem> {
    let mut events = shared.store.events().await?;
    events.retain(|event| caller.sees(event));
    let (page, next_after) = page.cut(events, |event| Cursor::at(event.created_at, &event.id));
    let items = page.iter().map(|event| view(&shared, &links, event)).collect();
    Ok(Json(EventList { items, next_after }))
}

/// Read an event with its cameras
#[utoipa::path(
    get, path = "/api/events/{event}", tag = "events", operation_id = "get_event",
    params(EventPath),
    responses((status = 200, description = "the event", body = EventWithCameras))
)]
pub(crate) async fn get(
    State(shared): State<Arc<Shared>>,
    Caller(caller): Caller,
    links: Links,
    EventPath(id): EventPath,
) -> Result<Tagged<EventWithCameras>, Problem> {
    let event = find(&shared, &id).await?;
    let cameras = shared.store.cameras(&id).await?;
    let cameras = cameras.iter().map(|camera| CameraView::new(&shared, &links, camera)).collect();
    let role = CallerRole::of(&caller);
    Ok(Tagged(EventWithCameras { event: view(&shared, &links, &event), cameras, role }))
}

/// Change an event
#[utoipa::path(
    patch, path = "/api/events/{event}", tag = "events", operation_id = "update_event",
    params(EventPath, IfMatch),
    request_body = EventChange,
    responses((status = 200, description = "the event as it is now", body = EventView))
)]
pub(crate) async fn update(
    State(shared): State<Arc<Shared>>,
    links: Links,
    EventPath(id): EventPath,
    if_match: IfMatch,
    Body(wanted): Body<EventChange>,
) -> Result<Tagged<EventView>, Problem> {
    let patch = EventPatch {
        name: wanted.name.as_deref().map(parse_name).transpose()?,
        playback: wanted.playback.map(Playback::from),
        policy: wanted.policy.map(PolicyChange::check).transpose()?.unwrap_or_default(),
        ..EventPatch::default()
    };
    let (store, live) = (Arc::clone(&shared.store), Arc::clone(&shared.live));
    let event = shared
        .change(async move {
            let before = store.event(&id).await?.ok_or_else(Problem::event_not_found)?;
            if_match.check(&Version::of_event(&before))?;
            check_audio_source(&*store, &id, &patch.policy).await?;
            let updated = store.update_event(&id, patch).await?;
            let event = updated.ok_or_else(Problem::event_not_found)?;
            live.apply(Change::EventUpdated(event.clone())).await;
            Ok(event)
        })
        .await?;
    Ok(tagged(&shared, &links, &event))
}

/// Remove an event with its cameras, its scheduled takes and its switch log
#[utoipa::path(
    delete, path = "/api/events/{event}", tag = "events", operation_id = "delete_event",
    params(EventPath, IfMatch),
    responses((status = 204, description = "it is gone, its publishers are disconnected"))
)]
pub(crate) async fn delete(
    State(shared): State<Arc<Shared>>,
    EventPath(id): EventPath,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let (store, live) = (Arc::clone(&shared.store), Arc::clone(&shared.live));
    shared
        .change(async move {
            let before = store.event(&id).await?.ok_or_else(Problem::event_not_found)?;
            if_match.check(&Version::of_event(&before))?;
            store.delete_event(&id).await?.ok_or_else(Problem::event_not_found)?;
            live.apply(Change::EventDeleted(id)).await;
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}

/// The event, or the problem that there is none.
pub(crate) async fn find(shared: &Shared, id: &EventId) -> Result<Event, Problem> {
    shared.store.event(id).await?.ok_or_else(Problem::event_not_found)
}

/// Whom a new event belongs to.
fn owner(caller: &Principal, wanted: Option<&str>) -> Result<Option<CreatorId>, Problem> {
    let wanted = wanted.map(CreatorId::parse).transpose();
    let wanted = wanted.map_err(|why| Problem::invalid("creator_id", why))?;
    match (caller, wanted) {
        (Principal::Creator(creator), Some(other)) if other != creator.id => {
            let why = "only the administrator makes events for others";
            Err(Problem::of_field(ProblemCode::Forbidden, "creator_id", why))
        }
        (Principal::Creator(creator), _) => Ok(Some(creator.id.clone())),
        (_, wanted) => Ok(wanted),
    }
}

/// A name from the field `name`.
pub(crate) fn parse_name(text: &str) -> Result<DisplayName, Problem> {
    DisplayName::parse(text).map_err(|why| Problem::invalid("name", why))
}

/// Refuses a source of sound that the event does not have.
async fn check_audio_source(
    store: &dyn Store,
    event: &EventId,
    policy: &PolicyPatch,
) -> Result<(), Problem> {
    if let Some(AudioSource::Camera(id)) = &policy.audio_source
        && store.camera(event, id).await?.is_none()
    {
        let why = "it is `follow`, or the id of a camera of the event";
        return Err(policy::invalid("audio_source", why));
    }
    Ok(())
}

/// The event as it is now, with its `etag`.
pub(crate) fn tagged(shared: &Shared, links: &Links, event: &Event) -> Tagged<EventView> {
    Tagged(view(shared, links, event))
}

fn view(shared: &Shared, links: &Links, event: &Event) -> EventView {
    EventView::new(links, event, &shared.live.program(&event.id))
}

impl EventView {
    pub(crate) fn new(links: &Links, event: &Event, program: &ProgramState) -> Self {
        Self {
            id: event.id.to_string(),
            version: Version::of_event(event),
            name: event.name.to_string(),
            status: program.status,
            viewers: program.viewers,
            created_at: event.created_at,
            creator_id: event.creator_id.clone().map(String::from),
            playback: event.playback.into(),
            policy: PolicyView::from(&event.policy),
            program: ProgramLinks {
                hls_url: links.program_hls(&event.id),
                ts_url: links.program_ts(&event.id),
                watch_url: links.watch(&event.id),
            },
            active_camera_id: program.active.clone().map(String::from),
            intended_camera_id: program.intent.clone().map(String::from),
            heard_camera_id: program.heard.clone().map(String::from),
            lock: event.lock.as_ref().map(LockView::from),
        }
    }
}
