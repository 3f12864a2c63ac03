//! Who calls.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use genlock_store::{
    AccessRole, AccessToken, CameraId, CreatorId, Event, EventId, SecretHash, Timestamp,
};

use crate::problem::{Problem, ProblemCode};

/// Whoever a valid token was given to.
#[derive(Debug, Clone)]
pub(crate) enum Principal {
    /// Holds the administrator's token.
    Admin,
    /// Holds a JWT.
    Creator(Creator),
    /// Holds an access token.
    Guest(Guest),
}

/// A creator: owns events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Creator {
    pub(crate) id: CreatorId,
    /// The claim for more than a few cameras is there.
    pub(crate) premium: bool,
    /// When the token ends, with what is forgiven the issuer's clock.
    pub(crate) expires_at: Timestamp,
}

/// A guest in one event, or at one camera of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Guest {
    pub(crate) event: EventId,
    pub(crate) camera: Option<CameraId>,
    pub(crate) role: AccessRole,
    /// When the token ends.
    pub(crate) expires_at: Timestamp,
    /// By which the token is found again.
    pub(crate) hash: SecretHash,
}

impl From<AccessToken> for Guest {
    fn from(token: AccessToken) -> Self {
        let AccessToken { event, camera, role, expires_at, hash, .. } = token;
        Self { event, camera, role, expires_at, hash }
    }
}

impl Principal {
    /// When what this caller hands on must have ended: a guest's own end. A creator's JWT is short by nature, and
    /// what they hand on is theirs to decide.
    pub(crate) const fn expires_at(&self) -> Option<Timestamp> {
        match self {
            Self::Admin | Self::Creator(_) => None,
            Self::Guest(guest) => Some(guest.expires_at),
        }
    }

    /// Whether `event` is in the caller's list.
    pub(crate) fn sees(&self, event: &Event) -> bool {
        match self {
            Self::Admin => true,
            Self::Creator(creator) => event.creator_id.as_ref() == Some(&creator.id),
            Self::Guest(guest) => event.id == guest.event,
        }
    }
}

/// The caller of a handler behind [`guard`](super::guard).
pub(crate) struct Caller(pub(crate) Principal);

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parts.extensions.get().cloned().map(Self).ok_or_else(|| {
            tracing::error!("a call that needs to know its caller is not guarded");
            Problem::new(ProblemCode::Internal, "the caller is not known")
        })
    }
}
