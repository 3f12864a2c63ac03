//! How much one creator may have. The administrator is not limited by these, only by the store.

use crate::auth::Creator;
use crate::problem::{Problem, ProblemCode};

/// How much one creator may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatorLimits {
    /// Events, ended ones not counted. Default 20: a studio's season; each live one costs a task and memory.
    pub events: u32,
    /// Cameras of one event. Default 16: more than a desk switches.
    pub cameras: u32,
    /// Name of the claim that a creator's token must have for more than
    /// [`cameras_without_claim`](Self::cameras_without_claim) cameras in an event; `None` asks for none.
    pub cameras_claim: Option<String>,
    /// Cameras of one event without that claim. Default 1.
    pub cameras_without_claim: u32,
}

impl Default for CreatorLimits {
    fn default() -> Self {
        Self { events: 20, cameras: 16, cameras_claim: None, cameras_without_claim: 1 }
    }
}

impl CreatorLimits {
    /// Whether a creator who has `owned` events may make another.
    pub(crate) fn check_events(&self, owned: usize) -> Result<(), Problem> {
        if owned < self.events as usize {
            return Ok(());
        }
        let why =
            format!("you have {owned} events that have not ended; you may have {}", self.events);
        Err(Problem::new(ProblemCode::LimitReached, why))
    }

    /// Whether a creator may make another camera in an event that has `present` of them.
    pub(crate) fn check_cameras(&self, creator: &Creator, present: usize) -> Result<(), Problem> {
        if let Some(claim) = &self.cameras_claim
            && !creator.premium
            && present >= self.cameras_without_claim as usize
        {
            let why = format!(
                "without the claim `{claim}` in your token an event has at most {} camera(s)",
                self.cameras_without_claim
            );
            return Err(Problem::new(ProblemCode::ClaimRequired, why));
        }
        if present >= self.cameras as usize {
            let why = format!("an event of yours has at most {} cameras", self.cameras);
            return Err(Problem::new(ProblemCode::LimitReached, why));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use genlock_store::{CreatorId, Timestamp};

    use super::*;

    fn creator(premium: bool) -> Creator {
        let id = CreatorId::parse("ann").unwrap();
        Creator { id, premium, expires_at: Timestamp::from_millis(0) }
    }

    #[test]
    fn events_are_limited() {
        let limits = CreatorLimits { events: 2, ..CreatorLimits::default() };
        assert!(limits.check_events(1).is_ok());
        assert!(limits.check_events(2).is_err());
    }

    #[test]
    fn a_claim_opens_more_cameras_up_to_the_limit() {
        let limits = CreatorLimits {
            cameras: 3,
            cameras_claim: Some("premium".to_owned()),
            ..CreatorLimits::default()
        };
        let fits = |premium, present| limits.check_cameras(&creator(premium), present).is_ok();
        assert_eq!([0, 1, 2, 3].map(|present| fits(false, present)), [true, false, false, false]);
        assert_eq!([0, 1, 2, 3].map(|present| fits(true, present)), [true, true, true, false]);
    }

    #[test]
    fn without_a_claim_configured_none_is_asked_for() {
        assert!(CreatorLimits::default().check_cameras(&creator(false), 15).is_ok());
        assert!(CreatorLimits::default().check_cameras(&creator(false), 16).is_err());
    }
}
