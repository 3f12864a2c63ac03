//! The API's way to hooks: deliveries that were given up, and targets beside those of the configuration.

use std::sync::Arc;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use genlock_control_api::hook_targets::{
    HookTargetError, HookTargetPut, KnownHookTarget, WantedHookTarget,
};
use genlock_hooks::{AddressPolicy, HookTarget, InvalidHookTarget, Notices};
use genlock_store::{
    HookDeliveryId, HookTargetName, KeptHookTarget, KeptHookTargets, MetaKey, SqliteStore, Store,
    StoreError, StreamKey,
};
use tokio::sync::Mutex;

use crate::config::HookSettings;

/// Hooks as the API has them.
pub(crate) struct HookDesk {
    notices: Notices,
    targets: ArcSwap<Targets>,
    /// One change at a time, from what is kept to what is told.
    changes: Mutex<()>,
}

/// The targets of the configuration, and those that an administrator added.
#[derive(Clone)]
pub(crate) struct Targets {
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) configured: Vec<HookTarget>,
    pub(crate) policy: AddressPolicy,
}

impl Targets {
    /// All of them. One that was kept and may not be called any more, or whose name the configuration has now, is left
    /// out.
    pub(crate) async fn all(&self) -> Result<Vec<HookTarget>, StoreError> {
        let mut all = self.configured.clone();
        for kept in self.kept().await?.targets() {
            if self.is_configured(&kept.name) {
                tracing::warn!(target = %kept.name, "the configuration has a hook target of this name, too: it counts");
                continue;
            }
            match self.check(kept) {
                Ok(target) => all.push(target),
                Err(error) => {
                    tracing::error!(target = %kept.name, %error, "a hook target is left out");
                }
            }
        }
        Ok(all)
    }

    fn check(&self, kept: &KeptHookTarget) -> Result<HookTarget, InvalidHookTarget> {
        let KeptHookTarget { name, url, secret, events } = kept;
        HookTarget::check(name.as_str(), url, secret, events, &self.policy)
    }

    async fn kept(&self) -> Result<KeptHookTargets, StoreError> {
        let text = self.store.meta(MetaKey::HookTargets).await?;
        Ok(text.as_deref().and_then(KeptHookTargets::from_text).unwrap_or_default())
    }

    async fn keep(&self, targets: &KeptHookTargets) -> Result<(), StoreError> {
        self.store.set_meta(MetaKey::HookTargets, targets.to_text()).await
    }

    fn is_configured(&self, name: &HookTargetName) -> bool {
        self.configured.iter().any(|target| target.name == name.as_str())
    }
}

impl HookDesk {
    pub(crate) fn new(notices: Notices, targets: Targets) -> Self {
        Self { notices, targets: ArcSwap::from_pointee(targets), changes: Mutex::new(()) }
    }

    /// Other targets of the configuration, called by another client, from now on.
    ///
    /// # Errors
    /// When the store cannot tell the others; then nothing has changed.
    pub(crate) async fn configure(&self, settings: &HookSettings) -> Result<(), StoreError> {
        let _turn = self.changes.lock().await;
        let HookSettings { client, policy, targets, .. } = settings;
        let store = Arc::clone(&self.targets.load().store);
        let targets = Targets { store, configured: targets.clone(), policy: policy.clone() };
        let all = targets.all().await?;
        self.targets.store(Arc::new(targets));
        self.notices.set_client(client.clone()).await;
        self.notices.set_targets(all).await;
        Ok(())
    }

    async fn put(
        &self,
        name: HookTargetName,
        wanted: WantedHookTarget,
    ) -> Result<HookTargetPut, HookTargetError> {
        let targets = self.targets.load_full();
        if targets.is_configured(&name) {
            return Err(HookTargetError::Configured);
        }
        let mut all = targets.kept().await?;
        let known = all.find(&name).map(|known| known.secret.clone());
        let (secret, made) = match (wanted.secret, known) {
            (Some(given), _) => (given, None),
            (None, Some(known)) => (known, None),
            (None, None) => {
                let made = new_secret()?;
                (made.clone(), Some(made))
            }
        };
        let target = KeptHookTarget { name, url: wanted.url, secret, events: wanted.events };
        let checked = targets.check(&target).map_err(|error| invalid(&error))?;
        let is_new = all.put(target).map_err(|_too_many| HookTargetError::TooMany)?;
        targets.keep(&all).await?;
        self.notices.set_targets(targets.all().await?).await;
        Ok(HookTargetPut { target: known_target(&checked, false), is_new, secret: made })
    }

    async fn remove(&self, name: &HookTargetName) -> Result<bool, HookTargetError> {
        let targets = self.targets.load_full();
        if targets.is_configured(name) {
            return Err(HookTargetError::Configured);
        }
        let mut all = targets.kept().await?;
        if !all.remove(name) {
            return Ok(false);
        }
        targets.keep(&all).await?;
        self.notices.set_targets(targets.all().await?).await;
        Ok(true)
    }
}

#[async_trait]
impl genlock_control_api::Hooks for HookDesk {
    async fn replay(&self, id: HookDeliveryId) -> Result<bool, StoreError> {
        self.notices.replay(id).await
    }

    async fn discard(&self, id: HookDeliveryId) -> Result<bool, StoreError> {
        self.notices.discard(id).await
    }

    async fn targets(&self) -> Result<Vec<KnownHookTarget>, StoreError> {
        let targets = self.targets.load_full();
        let (all, configured) = (targets.all().await?, targets.configured.len());
        let known = |(at, target)| known_target(target, at < configured);
        Ok(all.iter().enumerate().map(known).collect())
    }

    async fn put_target(
        &self,
        name: HookTargetName,
        wanted: WantedHookTarget,
    ) -> Result<HookTargetPut, HookTargetError> {
        let _turn = self.changes.lock().await;
        self.put(name, wanted).await
    }

    async fn remove_target(&self, name: &HookTargetName) -> Result<bool, HookTargetError> {
        let _turn = self.changes.lock().await;
        self.remove(name).await
    }
}

/// As many random characters as a stream key has.
fn new_secret() -> Result<String, StoreError> {
    let random = StreamKey::random().map_err(|error| StoreError::Backend(Box::new(error)))?;
    Ok(random.reveal().to_owned())
}

fn known_target(target: &HookTarget, configured: bool) -> KnownHookTarget {
    KnownHookTarget {
        name: target.name.clone(),
        origin: target.target.to_string(),
        events: target.wants.iter().map(ToString::to_string).collect(),
        configured,
    }
}

fn invalid(error: &InvalidHookTarget) -> HookTargetError {
    let field = match error {
        InvalidHookTarget::Name => "target",
        InvalidHookTarget::Secret => "secret",
        InvalidHookTarget::Kind(_) => "events",
        _ => "url",
    };
    HookTargetError::Invalid { field, why: error.to_string() }
}

#[cfg(test)]
mod tests {
    use genlock_control_api::Hooks as _;
    use genlock_hooks::{Backoff, Client, Deliveries};

    use super::*;

    const URL: &str = "http://127.0.0.1:9/hook?t=hunter2";

    fn targets(store: &Arc<SqliteStore>, configured: &[&str]) -> Targets {
        let policy = AddressPolicy::default();
        let target =
            |name: &&str| HookTarget::check(name, URL, "0123456789abcdef", &[], &policy).unwrap();
        let configured = configured.iter().map(target).collect();
        Targets { store: Arc::clone(store), configured, policy }
    }

    /// A desk, and the deliveries that it tells of its targets; they do not run.
    async fn desk(store: &Arc<SqliteStore>, configured: &[&str]) -> (HookDesk, Deliveries) {
        let targets = targets(store, configured);
        let client = Client::new(AddressPolicy::default(), None).unwrap();
        let all = targets.all().await.unwrap();
        let opened = Deliveries::open(store.clone(), client, all, Backoff::default()).await;
        let (notices, deliveries) = opened.unwrap();
        (HookDesk::new(notices, targets), deliveries)
    }

    fn wanted(url: &str, secret: Option<&str>) -> WantedHookTarget {
        let secret = secret.map(str::to_owned);
        WantedHookTarget { url: url.to_owned(), secret, events: vec!["camera.*".to_owned()] }
    }

    fn name(text: &str) -> HookTargetName {
        HookTargetName::parse(text).unwrap()
    }

    #[tokio::test]
    async fn a_target_is_told_from_now_on_and_after_a_restart() {
        let store = Arc::new(SqliteStore::in_memory().unwrap());
        let (desk, _deliveries) = desk(&store, &["fixed"]).await;
        let put = desk.put_target(name("a"), wanted(URL, None)).await.unwrap();
        assert!(put.is_new);
        assert_eq!(put.target.origin, "http://127.0.0.1:9");
        let secret = put.secret.unwrap();
        let again = desk.put_target(name("a"), wanted("http://127.0.0.1:10/", None)).await.unwrap();
        assert_eq!((again.is_new, again.secret), (false, None));
        let kept = targets(&store, &["fixed"]).kept().await.unwrap();
        assert_eq!(kept.find(&name("a")).unwrap().secret, secret, "it stays");
        let listed: Vec<_> = desk.targets().await.unwrap();
        let listed: Vec<_> = listed.iter().map(|t| (t.name.as_str(), t.configured)).collect();
        assert_eq!(listed, [("fixed", true), ("a", false)]);
        let restarted = targets(&store, &[]).all().await.unwrap();
        assert_eq!(restarted.len(), 1);
        assert!(desk.remove_target(&name("a")).await.unwrap());
        assert!(!desk.remove_target(&name("a")).await.unwrap());
        assert!(targets(&store, &[]).all().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn the_configuration_counts() {
        let store = Arc::new(SqliteStore::in_memory().unwrap());
        let (desk, _deliveries) = desk(&store, &["fixed"]).await;
        let refused = desk.put_target(name("fixed"), wanted(URL, None)).await;
        assert!(matches!(refused, Err(HookTargetError::Configured)), "{refused:?}");
        let refused = desk.remove_target(&name("fixed")).await;
        assert!(matches!(refused, Err(HookTargetError::Configured)), "{refused:?}");
        desk.put_target(name("later"), wanted(URL, None)).await.unwrap();
        let now = targets(&store, &["later"]).all().await.unwrap();
        assert_eq!(now.len(), 1);
        assert!(now[0].wants.is_empty(), "the one of the configuration");
    }

    #[tokio::test]
    async fn what_may_not_be_called_is_not_kept() {
        let store = Arc::new(SqliteStore::in_memory().unwrap());
        let (desk, _deliveries) = desk(&store, &[]).await;
        for (url, secret, expect) in [
            ("http://169.254.169.254/latest", None, "url"),
            ("http://[::ffff:169.254.169.254]/", None, "url"),
            ("http://me:hunter2@a/", None, "url"),
            (URL, Some("hunter2"), "secret"),
        ] {
            match desk.put_target(name("a"), wanted(url, secret)).await {
                Err(HookTargetError::Invalid { field, why }) => {
                    assert_eq!(field, expect);
                    assert!(!why.contains("hunter2"), "{why}");
                }
                other => panic!("{url}: {other:?}"),
            }
        }
        assert!(targets(&store, &[]).kept().await.unwrap().targets().is_empty());
    }
}
