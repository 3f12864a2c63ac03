//! Who is told what happens, and who is asked before a camera may publish: nobody, unless it is configured or an
//! administrator adds a target.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwapOption;
use genlock_hooks::{Notice, Notices, PublishHooks};
use genlock_store::{EventId, Timestamp};
use serde_json::Value;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

/// How long calls that are under way are waited for when the server stops.
const CALLS_MAX: Duration = Duration::from_secs(5);

/// The hooks that are configured.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hooks {
    /// May be others from one publish to the next.
    publish: Arc<ArcSwapOption<PublishHooks>>,
    notices: Option<Notices>,
    calls: TaskTracker,
}

impl Hooks {
    /// nginx-rtmp's hooks and JSON hooks.
    pub(crate) fn new(publish: Option<PublishHooks>, notices: Option<Notices>) -> Self {
        let publish = Arc::new(ArcSwapOption::from_pointee(publish));
        Self { publish, notices, calls: TaskTracker::new() }
    }

    /// Other hooks of nginx-rtmp's form, for what happens from now on.
    pub(crate) fn change(&self, publish: Option<PublishHooks>) {
        self.publish.store(publish.map(Arc::new));
    }

    /// nginx-rtmp's hooks.
    pub(super) fn publish(&self) -> Option<Arc<PublishHooks>> {
        self.publish.load_full()
    }

    /// Whether anybody can be told, now or later.
    pub(super) const fn can_tell(&self) -> bool {
        self.notices.is_some()
    }

    /// Whether anybody wants to be told now.
    pub(super) fn wants_notices(&self) -> bool {
        self.notices.as_ref().is_some_and(Notices::are_wanted)
    }

    /// Tells what happened in `event`, now.
    pub(super) async fn tell(&self, event: &EventId, kind: &'static str, data: Value) {
        if let Some(notices) = &self.notices {
            notices.tell(notice(event, kind, data)).await;
        }
    }

    /// The same where nothing may wait.
    pub(super) fn try_tell(&self, event: &EventId, kind: &'static str, data: Value) {
        if let Some(notices) = &self.notices {
            notices.try_tell(notice(event, kind, data));
        }
    }

    /// Makes a call that outlives its session.
    pub(super) fn spawn(&self, call: impl Future<Output = ()> + Send + 'static) {
        self.calls.spawn(call);
    }

    /// Waits for the calls that are under way.
    pub(crate) async fn finish(&self) {
        self.calls.close();
        if timeout(CALLS_MAX, self.calls.wait()).await.is_err() {
            tracing::warn!("hooks under way are left");
        }
    }
}

fn notice(event: &EventId, kind: &'static str, data: Value) -> Notice {
    Notice { event: event.clone(), kind, at: Timestamp::from(SystemTime::now()), data }
}
