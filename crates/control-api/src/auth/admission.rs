//! How long a connection that stays open may do so: as long as whoever opened it could open it again.

use std::sync::Arc;
use std::time::Duration;

use genlock_store::{SecretHash, Timestamp};
use tokio::sync::watch;
use tokio::time::sleep;

use super::principal::Principal;
use crate::limits::REVOCATION_RETRY_TIME;
use crate::state::Shared;
use crate::time::now;

/// What admitted a connection.
pub(crate) struct Admission {
    shared: Arc<Shared>,
    ends_at: Option<Timestamp>,
    /// Of an access token; nothing else can be revoked here.
    token: Option<SecretHash>,
    /// Counts the tokens that were revoked.
    revoked: watch::Receiver<u64>,
    /// The count at which the token was found to be there still.
    found_at: Option<u64>,
}

impl Admission {
    pub(super) fn new(shared: &Arc<Shared>, principal: &Principal) -> Self {
        let (ends_at, token) = match principal {
            Principal::Admin => (None, None),
            Principal::Creator(creator) => (Some(creator.expires_at), None),
            Principal::Guest(guest) => (Some(guest.expires_at), Some(guest.hash)),
        };
        let revoked = shared.revocations();
        Self { shared: Arc::clone(shared), ends_at, token, revoked, found_at: None }
    }

    /// Waits until the connection must end, and says why. Nothing is lost when the future is dropped before.
    pub(crate) async fn ended(&mut self) -> &'static str {
        let expiry = self.ends_at.map(remaining);
        tokio::select! {
            () = sleep(expiry.unwrap_or_default()), if expiry.is_some() => "the token has expired",
            () = self.revocation() => "the token was revoked",
        }
    }

    async fn revocation(&mut self) {
        let Some(token) = self.token else { return std::future::pending().await };
        loop {
            let count = *self.revoked.borrow_and_update();
            // The first look finds what was revoked while the connection was made.
            if self.found_at != Some(count) {
                match self.shared.store.token_by_hash(&token).await {
                    Ok(Some(_)) => self.found_at = Some(count),
                    Ok(None) => return,
                    Err(error) => {
                        tracing::warn!(%error, "whether a token was revoked is asked again");
                        sleep(REVOCATION_RETRY_TIME).await;
                        continue;
                    }
                }
            }
            self.revoked.changed().await.expect("the state that is held owns the sender");
        }
    }
}

/// How long it is until `end`, by a wall clock that nobody sets in between.
fn remaining(end: Timestamp) -> Duration {
    let millis = end.as_millis().saturating_sub(now().as_millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}
