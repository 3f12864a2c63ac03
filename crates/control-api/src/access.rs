//! Who may do how much, as far as it is configured and may change while the server runs.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::auth::jwt::JwtVerifier;
use crate::auth::quota::CreatorLimits;
use crate::telemetry::Observers;

/// What the configuration says of creators and observers.
#[derive(Default)]
pub struct AccessRules {
    /// Whose word is believed about who is a creator; `None` if there are no creators beside the administrator.
    pub creators: Option<JwtVerifier>,
    /// How much one creator may have.
    pub creator_limits: CreatorLimits,
    /// Who reads what is measured.
    pub observers: Observers,
}

impl fmt::Debug for AccessRules {
    /// Without secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessRules")
            .field("creators", &self.creators.is_some())
            .field("creator_limits", &self.creator_limits)
            .finish_non_exhaustive()
    }
}

/// The rules of the next call. Clones are the same.
#[derive(Debug, Clone)]
pub struct Access(Arc<ArcSwap<AccessRules>>);

impl Access {
    /// Access by these rules, until there are others.
    #[must_use]
    pub fn new(rules: AccessRules) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(rules)))
    }

    /// Other rules, from the next call on. WebSockets and server-sent events that are open stay so.
    pub fn change(&self, rules: AccessRules) {
        self.0.store(Arc::new(rules));
    }

    pub(crate) fn rules(&self) -> Arc<AccessRules> {
        self.0.load_full()
    }
}
