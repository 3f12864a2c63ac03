//! `/api/store/rejected`: what a shared database refused, for a human to decide.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use genlock_store::RejectedWrite;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::query::{Cursor, PageQuery};
use crate::state::Shared;

/// A write that the shared database refused for what it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RejectedWrite)]
pub(crate) struct RejectedWriteView {
    /// Its place among all writes.
    #[schema(example = 4711)]
    place: u64,
    /// What it was to do.
    #[schema(example = "create_camera")]
    kind: String,
    /// The event that it is about. What others change of it in the database is not followed meanwhile.
    #[schema(example = "k5x2mhd7qpa3vtye")]
    event_id: Option<String>,
    /// What the database said.
    #[schema(example = "the store refused: MongoDB: Document failed validation")]
    why: String,
}

/// A page of the writes that the shared database refused.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RejectedWriteList {
    /// In their order.
    items: Vec<RejectedWriteView>,
    /// What `after` must be to get the next page, `null` if this is the last.
    #[schema(example = "4711.create_camera")]
    next_after: Option<String>,
}

/// How many writes a call concerned.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RejectedCount {
    /// Writes.
    #[schema(example = 1)]
    writes: u64,
}

impl From<RejectedWrite> for RejectedWriteView {
    fn from(write: RejectedWrite) -> Self {
        let RejectedWrite { place, kind, event, why } = write;
        Self { place, kind, event_id: event.map(String::from), why }
    }
}

/// List the writes that the shared database refused
#[utoipa::path(
    get, path = "/api/store/rejected", tag = "system", operation_id = "list_rejected_writes",
    params(PageQuery),
    responses((status = 200, description = "a page of the newest thousand", body = RejectedWriteList))
)]
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    page: PageQuery,
) -> Result<Json<RejectedWriteList>, Problem> {
    let rejected = shared.store.rejected_writes().await?;
    let (page, next_after) = page.cut(rejected, |write| Cursor::new(write.place, &write.kind));
    Ok(Json(RejectedWriteList { items: page.into_iter().map(Into::into).collect(), next_after }))
}

/// Try the writes again that the shared database refused
///
/// When what it refused them for has been mended there. They go before everything that waits, in their order.
#[utoipa::path(
    post, path = "/api/store/rejected/retry", tag = "system", operation_id = "retry_rejected_writes",
    responses((status = 200, description = "how many wait again", body = RejectedCount))
)]
pub(crate) async fn retry(
    State(shared): State<Arc<Shared>>,
) -> Result<Json<RejectedCount>, Problem> {
    Ok(Json(RejectedCount { writes: shared.store.retry_rejected().await? }))
}

/// Forget the writes that the shared database refused
///
/// What it has is right then, and is followed again.
#[utoipa::path(
    delete, path = "/api/store/rejected", tag = "system", operation_id = "discard_rejected_writes",
    responses((status = 200, description = "how many are forgotten", body = RejectedCount))
)]
pub(crate) async fn discard(
    State(shared): State<Arc<Shared>>,
) -> Result<Json<RejectedCount>, Problem> {
    Ok(Json(RejectedCount { writes: shared.store.discard_rejected().await? }))
}
