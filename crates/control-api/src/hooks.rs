//! What delivers to other systems, and `/api/hooks/dead`: deliveries that were given up, to look at and to send again.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use genlock_store::{
    HookDelivery, HookDeliveryId, HookQueue, HookTargetName, StoreError, Timestamp,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::hook_targets::{HookTargetError, HookTargetPut, KnownHookTarget, WantedHookTarget};
use crate::limits::DEAD_DELIVERIES_MAX;
use crate::paths::DeliveryPath;
use crate::problem::{Problem, ProblemCode};
use crate::query::{Cursor, PageQuery};
use crate::state::Shared;
use crate::time::rfc3339;

/// What delivers to other systems.
#[async_trait]
pub trait Hooks: Send + Sync + 'static {
    /// Sends a delivery again that was given up; whether there is such.
    async fn replay(&self, id: HookDeliveryId) -> Result<bool, StoreError>;

    /// Forgets a delivery that was given up; whether there was such.
    async fn discard(&self, id: HookDeliveryId) -> Result<bool, StoreError>;

    /// Everybody who is told.
    async fn targets(&self) -> Result<Vec<KnownHookTarget>, StoreError>;

    /// Adds or changes a target.
    async fn put_target(
        &self,
        name: HookTargetName,
        wanted: WantedHookTarget,
    ) -> Result<HookTargetPut, HookTargetError>;

    /// Removes a target; whether there was such.
    async fn remove_target(&self, name: &HookTargetName) -> Result<bool, HookTargetError>;
}

/// A delivery that was given up.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadDelivery)]
pub(crate) struct DeadDeliveryView {
    /// Identity, which the target sees in the body.
    #[schema(example = "mzxw6ytboi4dqnrr")]
    id: String,
    /// The target, by its name in the configuration.
    #[schema(example = "back-end")]
    target: String,
    /// The event that it is about.
    #[schema(example = "k5x2mhd7qpa3vtye")]
    event_id: Option<String>,
    /// How often it was tried.
    #[schema(example = 30)]
    attempts: u32,
    /// Why the last try failed.
    #[schema(example = "it answered 503")]
    last_error: Option<String>,
    /// What was to be told.
    #[schema(example = json!({ "type": "camera.live" }))]
    body: serde_json::Value,
    /// When it was put into the queue.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A page of deliveries that were given up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadDeliveryList {
    /// In the order in which they came into the queue.
    items: Vec<DeadDeliveryView>,
    /// What `after` must be to get the next page, `null` if this is the last.
    #[schema(example = "1793448000000.mzxw6ytboi4dqnrr")]
    next_after: Option<String>,
}

impl From<HookDelivery> for DeadDeliveryView {
    fn from(delivery: HookDelivery) -> Self {
        Self {
            id: delivery.id.to_string(),
            target: delivery.target,
            event_id: delivery.event.map(|event| event.to_string()),
            attempts: delivery.attempts,
            last_error: delivery.last_error,
            body: serde_json::from_str(&delivery.body).unwrap_or(serde_json::Value::Null),
            created_at: delivery.created_at,
        }
    }
}

/// List the deliveries that were given up
#[utoipa::path(
    get, path = "/api/hooks/dead", tag = "hooks", operation_id = "list_dead_deliveries",
    params(PageQuery),
    responses((status = 200, description = "a page of the oldest thousand", body = DeadDeliveryList))
)]
pub(crate) async fn dead(
    State(shared): State<Arc<Shared>>,
    page: PageQuery,
) -> Result<Json<DeadDeliveryList>, Problem> {
    let dead = shared.store.hook_deliveries(HookQueue::Dead, DEAD_DELIVERIES_MAX).await?;
    let place = |delivery: &HookDelivery| Cursor::at(delivery.created_at, &delivery.id);
    let (page, next_after) = page.cut(dead, place);
    let items = page.into_iter().map(Into::into).collect();
    Ok(Json(DeadDeliveryList { items, next_after }))
}

/// Send a delivery again that was given up
///
/// It goes behind what waits, with the id and the sequence that it had.
#[utoipa::path(
    post, path = "/api/hooks/dead/{delivery}/replay", tag = "hooks", operation_id = "replay_delivery",
    params(DeliveryPath),
    responses(
        (status = 202, description = "it waits to be sent"),
        (status = 404, description = "no delivery with this id was given up")
    )
)]
pub(crate) async fn replay(
    State(shared): State<Arc<Shared>>,
    DeliveryPath(id): DeliveryPath,
) -> Result<StatusCode, Problem> {
    found(shared.hooks.replay(id).await?, StatusCode::ACCEPTED)
}

/// Forget a delivery that was given up
#[utoipa::path(
    delete, path = "/api/hooks/dead/{delivery}", tag = "hooks", operation_id = "discard_delivery",
    params(DeliveryPath),
    responses(
        (status = 204, description = "it is gone"),
        (status = 404, description = "no delivery with this id was given up")
    )
)]
pub(crate) async fn discard(
    State(shared): State<Arc<Shared>>,
    DeliveryPath(id): DeliveryPath,
) -> Result<StatusCode, Problem> {
    found(shared.hooks.discard(id).await?, StatusCode::NO_CONTENT)
}

fn found(found: bool, status: StatusCode) -> Result<StatusCode, Problem> {
    let missing = "no delivery with this id was given up";
    if found { Ok(status) } else { Err(Problem::new(ProblemCode::DeliveryNotFound, missing)) }
}
