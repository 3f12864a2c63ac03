//! Targets of JSON hooks that an administrator added, beside those of the configuration.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::HookTargetName;
use crate::limits::HOOK_TARGETS_MAX;

/// A target of JSON hooks. Its secret is kept as it is: a hash signs nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptHookTarget {
    /// What it is called in the queue.
    pub name: HookTargetName,
    /// Where it is. May hold a secret in path or query.
    pub url: String,
    /// What signs its deliveries.
    pub secret: String,
    /// Kinds of notices that it wants.
    pub events: Vec<String>,
}

impl fmt::Debug for KeptHookTarget {
    /// Without URL and secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptHookTarget").field("name", &self.name).finish_non_exhaustive()
    }
}

/// All of them, in the order in which they were added; names are unique.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeptHookTargets(Vec<KeptHookTarget>);

/// There are [`HOOK_TARGETS_MAX`] already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there are already {HOOK_TARGETS_MAX} hook targets")]
pub struct TooManyHookTargets;

impl KeptHookTargets {
    /// Reads what [`to_text`](Self::to_text) wrote; `None` for anything else.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let targets: Self = serde_json::from_str(text).ok()?;
        (targets.0.len() <= HOOK_TARGETS_MAX).then_some(targets)
    }

    /// As text for the store, secrets included.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("targets are plain data")
    }

    /// The targets.
    #[must_use]
    pub fn targets(&self) -> &[KeptHookTarget] {
        &self.0
    }

    /// The target of this name.
    #[must_use]
    pub fn find(&self, name: &HookTargetName) -> Option<&KeptHookTarget> {
        self.0.iter().find(|target| target.name == *name)
    }

    /// Adds a target, or replaces the one with its name; whether it is a new one.
    ///
    /// # Errors
    /// When there are as many as there may be.
    pub fn put(&mut self, target: KeptHookTarget) -> Result<bool, TooManyHookTargets> {
        if let Some(known) = self.0.iter_mut().find(|known| known.name == target.name) {
            *known = target;
            return Ok(false);
        }
        if self.0.len() >= HOOK_TARGETS_MAX {
            return Err(TooManyHookTargets);
        }
        self.0.push(target);
        Ok(true)
    }

    /// Removes a target; whether there was such.
    pub fn remove(&mut self, name: &HookTargetName) -> bool {
        let before = self.0.len();
        self.0.retain(|target| target.name != *name);
        self.0.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str, url: &str) -> KeptHookTarget {
        KeptHookTarget {
            name: HookTargetName::parse(name).unwrap(),
            url: url.to_owned(),
            secret: "hunter2hunter2hunter2".to_owned(),
            events: vec!["camera.*".to_owned()],
        }
    }

    #[test]
    fn a_name_is_one_target() {
        let mut targets = KeptHookTargets::default();
        assert_eq!(targets.put(target("a", "http://a/")), Ok(true));
        assert_eq!(targets.put(target("b", "http://b/")), Ok(true));
        assert_eq!(targets.put(target("a", "http://c/")), Ok(false));
        let name = HookTargetName::parse("a").unwrap();
        assert_eq!(targets.find(&name), Some(&target("a", "http://c/")));
        assert_eq!(KeptHookTargets::from_text(&targets.to_text()), Some(targets.clone()));
        assert!(targets.remove(&name) && !targets.remove(&name));
        assert_eq!(targets.targets(), [target("b", "http://b/")]);
    }

    #[test]
    fn the_number_is_limited_and_replacing_is_no_growth() {
        let mut targets = KeptHookTargets::default();
        for number in 0..HOOK_TARGETS_MAX {
            targets.put(target(&format!("t{number}"), "http://a/")).unwrap();
        }
        assert_eq!(targets.put(target("more", "http://a/")), Err(TooManyHookTargets));
        assert_eq!(targets.put(target("t0", "http://b/")), Ok(false));
    }

    #[test]
    fn secrets_do_not_print() {
        let printed = format!("{:?}", target("a", "http://a/?t=hunter2"));
        assert!(!printed.contains("hunter2"), "{printed}");
    }
}
