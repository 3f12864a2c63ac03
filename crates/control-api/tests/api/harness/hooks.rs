//! Hooks that deliver nothing.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use genlock_control_api::Hooks;
use genlock_control_api::hook_targets::{
    HookTargetError, HookTargetPut, KnownHookTarget, WantedHookTarget,
};
use genlock_store::{
    HookDelivery, HookDeliveryId, HookQueue, HookTargetName, SqliteStore, Store, StoreError,
};

/// Hooks that keep what was given up in the store, and deliver nothing. One target is configured.
pub(super) struct FakeHooks {
    store: Arc<SqliteStore>,
    targets: Mutex<Vec<KnownHookTarget>>,
}

impl FakeHooks {
    pub(super) fn new(store: Arc<SqliteStore>) -> Self {
        let configured = KnownHookTarget {
            name: "fixed".to_owned(),
            origin: "http://fixed".to_owned(),
            events: vec!["*".to_owned()],
            configured: true,
        };
        Self { store, targets: Mutex::new(vec![configured]) }
    }
}

#[async_trait]
impl Hooks for FakeHooks {
    async fn replay(&self, id: HookDeliveryId) -> Result<bool, StoreError> {
        let dead = self.store.hook_deliveries(HookQueue::Dead, 100).await?;
        let Some(found) = dead.into_iter().find(|delivery| delivery.id == id) else {
            return Ok(false);
        };
        self.store.put_hook_delivery(HookDelivery { dead: false, ..found }).await?;
        Ok(true)
    }

    async fn discard(&self, id: HookDeliveryId) -> Result<bool, StoreError> {
        Ok(self.store.delete_hook_delivery(&id).await?.is_some())
    }

    async fn targets(&self) -> Result<Vec<KnownHookTarget>, StoreError> {
        Ok(self.targets.lock().unwrap().clone())
    }

    async fn put_target(
        &self,
        name: HookTargetName,
        wanted: WantedHookTarget,
    ) -> Result<HookTargetPut, HookTargetError> {
        if wanted.url.contains("169.254") {
            let why = "an address that may not be called".to_owned();
            return Err(HookTargetError::Invalid { field: "url", why });
        }
        let mut targets = self.targets.lock().unwrap();
        let known = targets.iter().position(|target| target.name == name.as_str());
        if known.is_some_and(|at| targets[at].configured) {
            return Err(HookTargetError::Configured);
        }
        let target = KnownHookTarget {
            name: name.into(),
            origin: "http://told".to_owned(),
            events: wanted.events,
            configured: false,
        };
        match known {
            Some(at) => targets[at] = target.clone(),
            None => targets.push(target.clone()),
        }
        let made = wanted.secret.is_none().then(|| "made here".to_owned());
        Ok(HookTargetPut { target, is_new: known.is_none(), secret: made })
    }

    async fn remove_target(&self, name: &HookTargetName) -> Result<bool, HookTargetError> {
        let mut targets = self.targets.lock().unwrap();
        let Some(at) = targets.iter().position(|target| target.name == name.as_str()) else {
            return Ok(false);
        };
        if targets[at].configured {
            return Err(HookTargetError::Configured);
        }
        targets.remove(at);
        Ok(true)
    }
}
