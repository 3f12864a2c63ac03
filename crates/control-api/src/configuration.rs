//! `/api/configuration/reload`: the configuration is read again while the server runs.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Json;
use axum::extract::State;
use genlock_store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{Problem, ProblemCode};
use crate::state::Shared;

/// The configuration of the running server.
#[async_trait]
pub trait Configuration: Send + Sync + 'static {
    /// Reads the configuration again and changes what can change without dropping anyone. Called in a turn of
    /// [`Changes`](crate::Changes), and in a task that outlives its request.
    ///
    /// # Errors
    /// When there is a mistake in it, or the store cannot be asked; then nothing has changed.
    async fn reload(&self) -> Result<Reloaded, ReloadError>;
}

/// What another version of the configuration came to, by its keys in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// What changed.
    pub changed: Vec<String>,
    /// What the running server does otherwise than the configuration says, until it is started again.
    pub needs_restart: Vec<String>,
}

/// Why nothing has changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReloadError {
    /// The configuration has a mistake.
    Refused {
        /// The key that is to blame, if one is.
        key: Option<String>,
        /// What is wrong, without the value of a secret.
        why: String,
    },
    /// The store failed.
    Store(StoreError),
}

impl From<ReloadError> for Problem {
    fn from(error: ReloadError) -> Self {
        let code = ProblemCode::ConfigurationRefused;
        match error {
            ReloadError::Refused { key: Some(key), why } => Self::of_field(code, key, why),
            ReloadError::Refused { key: None, why } => Self::new(code, why),
            ReloadError::Store(error) => error.into(),
        }
    }
}

/// What became of a configuration that was read again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReloadedConfiguration)]
pub(crate) struct ReloadedView {
    /// Keys of the file whose values hold from now on.
    #[schema(example = json!(["limits.http_connections", "log.filter"]))]
    changed: Vec<String>,
    /// Keys of the file whose values hold after a restart only. They are named at each call until there was one.
    #[schema(example = json!(["hls.part_ms"]))]
    needs_restart: Vec<String>,
}

/// Read the configuration again
///
/// The same as SIGHUP: what can change without dropping a stream or a viewer changes, and the rest is named. A file
/// with a mistake changes nothing. Flags and environment variables stay as they were at the start.
#[utoipa::path(
    post, path = "/api/configuration/reload", tag = "system", operation_id = "reload_configuration",
    responses(
        (status = 200, description = "it was read; what changed and what needs a restart", body = ReloadedView),
        (status = 422, description = "it has a mistake, in the key that `field` names; nothing has changed")
    )
)]
pub(crate) async fn reload(
    State(shared): State<Arc<Shared>>,
) -> Result<Json<ReloadedView>, Problem> {
    let configuration = Arc::clone(&shared.configuration);
    let reloaded = shared.change(async move { Ok(configuration.reload().await?) }).await?;
    let Reloaded { changed, needs_restart } = reloaded;
    Ok(Json(ReloadedView { changed, needs_restart }))
}
