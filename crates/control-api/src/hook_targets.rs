//! `/api/hooks/targets`: who is told what happens, beside those of the configuration.
//!
//! URL and secret of a target are never shown again: both may let their holder speak in our name.

use std::fmt;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use genlock_store::StoreError;
use genlock_store::limits::HOOK_TARGETS_MAX;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::{Body, present};
use crate::paths::HookTargetPath;
use crate::problem::{Problem, ProblemCode};
use crate::query::{Cursor, PageQuery};
use crate::state::Shared;

/// A target that an administrator wants.
#[derive(Clone, PartialEq, Eq)]
pub struct WantedHookTarget {
    /// Where it is.
    pub url: String,
    /// What signs its deliveries; `None` for the one that it has, or else a new one.
    pub secret: Option<String>,
    /// Kinds of notices that it wants.
    pub events: Vec<String>,
}

impl fmt::Debug for WantedHookTarget {
    /// Without URL and secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WantedHookTarget").field("events", &self.events).finish_non_exhaustive()
    }
}

/// A target, without what is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownHookTarget {
    /// What it is called in the queue.
    pub name: String,
    /// Scheme, host and port of its URL.
    pub origin: String,
    /// Kinds of notices that it wants.
    pub events: Vec<String>,
    /// Whether it comes from the configuration, where alone it can be changed.
    pub configured: bool,
}

/// What became of a target that was wanted.
#[derive(Clone, PartialEq, Eq)]
pub struct HookTargetPut {
    /// The target as it is now.
    pub target: KnownHookTarget,
    /// Whether there was none of this name.
    pub is_new: bool,
    /// The secret, if it was made here.
    pub secret: Option<String>,
}

impl fmt::Debug for HookTargetPut {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookTargetPut").field("target", &self.target).finish_non_exhaustive()
    }
}

/// Why a target is not as it is wanted.
#[derive(Debug)]
#[non_exhaustive]
pub enum HookTargetError {
    /// A field is not legal.
    Invalid {
        /// Which.
        field: &'static str,
        /// Why, without the value of a secret.
        why: String,
    },
    /// The configuration has a target of this name.
    Configured,
    /// There are as many as there may be.
    TooMany,
    /// The store failed, or there is no randomness for a secret.
    Store(StoreError),
}

impl From<StoreError> for HookTargetError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<HookTargetError> for Problem {
    fn from(error: HookTargetError) -> Self {
        match error {
            HookTargetError::Invalid { field, why } => Self::invalid(field, why),
            HookTargetError::Configured => Self::new(
                ProblemCode::AlreadyExists,
                "the configuration has a target of this name, and it can be changed only there",
            ),
            HookTargetError::TooMany => Self::new(
                ProblemCode::LimitReached,
                format!("there are already {HOOK_TARGETS_MAX} hook targets"),
            ),
            HookTargetError::Store(error) => error.into(),
        }
    }
}

/// A target as it is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewHookTarget {
    /// An `http` or `https` URL without user and password. Link-local addresses and the metadata services of clouds
    /// are refused unless the configuration allows them.
    #[schema(example = "https://api.example/genlock")]
    url: String,
    /// What signs its deliveries: 16 characters or more. Left out, it stays as it is, and a new target gets one made
    /// for it.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, value_type = Option<String>, min_length = 16, example = "mzxw6ytboi4dqnrrgm2tknrrgi3dqnzr")]
    secret: Option<String>,
    /// Kinds of notices that it wants, such as `camera.live`, `camera.*` or `*`. Default all.
    #[serde(default = "everything")]
    #[schema(example = json!(["camera.*", "take.published"]), max_items = 64)]
    events: Vec<String>,
}

fn everything() -> Vec<String> {
    vec!["*".to_owned()]
}

/// A target of JSON hooks, without what is secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HookTarget)]
pub(crate) struct HookTargetView {
    /// What it is called in the queue.
    #[schema(example = "back-end")]
    name: String,
    /// Scheme, host and port of its URL. The rest may hold a secret.
    #[schema(example = "https://api.example")]
    origin: String,
    /// Kinds of notices that it wants.
    #[schema(example = json!(["camera.*", "take.published"]))]
    events: Vec<String>,
    /// Whether it comes from the configuration, where alone it can be changed.
    #[schema(example = false)]
    configured: bool,
}

/// A page of the targets of JSON hooks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HookTargetList {
    /// Those of the configuration, then the others, by their names.
    items: Vec<HookTargetView>,
    /// What `after` must be to get the next page, `null` if this is the last.
    #[schema(example = "1.back-end")]
    next_after: Option<String>,
}

/// A target of JSON hooks that was put.
#[derive(Serialize, ToSchema)]
pub(crate) struct HookTargetWithSecret {
    #[serde(flatten)]
    target: HookTargetView,
    /// What signs its deliveries, if it was made here: shown this once. `null` for one that was given.
    #[schema(example = "mzxw6ytboi4dqnrrgm2tknrrgi3dqnzr")]
    secret: Option<String>,
}

impl From<KnownHookTarget> for HookTargetView {
    fn from(known: KnownHookTarget) -> Self {
        let KnownHookTarget { name, origin, events, configured } = known;
        Self { name, origin, events, configured }
    }
}

/// List the targets of JSON hooks
#[utoipa::path(
    get, path = "/api/hooks/targets", tag = "hooks", operation_id = "list_hook_targets",
    params(PageQuery),
    responses((status = 200, description = "a page of the targets", body = HookTargetList))
)]
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    page: PageQuery,
) -> Result<Json<HookTargetList>, Problem> {
    let mut targets = shared.hooks.targets().await?;
    targets.sort_by_key(place);
    let (page, next_after) = page.cut(targets, place);
    Ok(Json(HookTargetList { items: page.into_iter().map(Into::into).collect(), next_after }))
}

fn place(target: &KnownHookTarget) -> Cursor {
    Cursor::new(u64::from(!target.configured), &target.name)
}

/// Add a target of JSON hooks, or change it
///
/// It is told what happens from then on, also after a restart.
#[utoipa::path(
    put, path = "/api/hooks/targets/{target}", tag = "hooks", operation_id = "put_hook_target",
    params(HookTargetPath),
    request_body = NewHookTarget,
    responses(
        (status = 200, description = "it is changed", body = HookTargetWithSecret),
        (status = 201, description = "it is added", body = HookTargetWithSecret),
        (
            status = 409,
            description = "the configuration has one of this name, or there are as many as there may be"
        )
    )
)]
pub(crate) async fn put(
    State(shared): State<Arc<Shared>>,
    HookTargetPath(name): HookTargetPath,
    Body(wanted): Body<NewHookTarget>,
) -> Result<Response, Problem> {
    let NewHookTarget { url, secret, events } = wanted;
    let hooks = Arc::clone(&shared.hooks);
    let put = shared
        .change(async move {
            Ok(hooks.put_target(name, WantedHookTarget { url, secret, events }).await?)
        })
        .await?;
    let status = if put.is_new { StatusCode::CREATED } else { StatusCode::OK };
    let shown = HookTargetWithSecret { target: put.target.into(), secret: put.secret };
    Ok((status, Json(shown)).into_response())
}

/// Remove a target of JSON hooks
///
/// What waits for it is given up when its time comes.
#[utoipa::path(
    delete, path = "/api/hooks/targets/{target}", tag = "hooks", operation_id = "delete_hook_target",
    params(HookTargetPath),
    responses(
        (status = 204, description = "it is gone"),
        (status = 404, description = "there is no such target"),
        (status = 409, description = "it comes from the configuration")
    )
)]
pub(crate) async fn delete(
    State(shared): State<Arc<Shared>>,
    HookTargetPath(name): HookTargetPath,
) -> Result<StatusCode, Problem> {
    let hooks = Arc::clone(&shared.hooks);
    let removed = shared.change(async move { Ok(hooks.remove_target(&name).await?) }).await?;
    if removed {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::new(ProblemCode::HookTargetNotFound, "there is no such hook target"))
}
