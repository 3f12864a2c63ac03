//! A client's place among an event's updates.

use std::sync::Arc;

use genlock_store::CameraId;
use tokio::sync::watch;

use super::crowd::Member;
use super::hub::Hub;
use super::journal::{Entry, Lost, Sequence, Words};
use super::message::Update;
use crate::socket::Line;

/// Where a client wants to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resume {
    pub(super) stream: String,
    pub(super) seen: Sequence,
}

/// One client's place among an event's updates.
#[derive(Debug)]
pub(super) struct Follower {
    hub: Arc<Hub>,
    changes: watch::Receiver<()>,
    /// `None`: a snapshot comes first.
    seen: Option<Sequence>,
    resync: bool,
}

/// What comes next for a client.
#[derive(Debug)]
pub(super) enum Delivery {
    /// The whole state.
    Snapshot(Entry),
    /// One change.
    Update(Entry),
    /// The event was deleted.
    Gone,
}

impl Delivery {
    /// What is to be sent, `None` at the end.
    pub(super) const fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Snapshot(entry) | Self::Update(entry) => Some(entry),
            Self::Gone => None,
        }
    }
}

impl Follower {
    pub(super) fn new(hub: &Arc<Hub>, resume: Option<Resume>) -> Self {
        let changes = hub.changes.subscribe();
        let known = |resume: &Resume| {
            resume.stream == hub.stream && hub.lock().journal.after(resume.seen).is_ok()
        };
        let resync = resume.is_some();
        let seen = resume.filter(known).map(|resume| resume.seen);
        Self { hub: Arc::clone(hub), changes, seen, resync }
    }

    /// Names the journal, for resuming.
    pub(super) fn stream(&self) -> &str {
        &self.hub.stream
    }

    /// The camera that whoever switches has in preview.
    pub(super) fn preview(&self) -> Option<CameraId> {
        self.hub.lock().preview.clone()
    }

    /// Tells everybody which camera is in preview.
    pub(super) fn set_preview(&self, camera: Option<CameraId>) {
        let mut state = self.hub.lock();
        if state.preview == camera {
            return;
        }
        state.preview.clone_from(&camera);
        state.tell(Update::Preview { camera_id: camera.map(String::from) });
        drop(state);
        self.hub.told();
    }

    /// Takes a place among those whom the hub tells what comes next.
    pub(super) fn join(&self, line: Arc<Line>, words: Words) -> Place {
        let member = Arc::new(Member::new(line, words));
        let id = self.hub.crowd.join(Arc::clone(&member));
        Place { hub: Arc::clone(&self.hub), member, id }
    }

    /// This client was told everything: the hub carries it on if that is still so.
    pub(super) fn rest(&self, place: &Place) {
        let seen = self.seen.expect("whoever was told everything has a snapshot");
        place.member.carry(seen, || {
            let state = self.hub.lock();
            state.journal.newest() == seen && !state.gone
        });
    }

    /// Waits until this client goes at its own pace. Nothing is lost when the future is dropped before it is ready.
    pub(super) async fn rise(&mut self, place: &Place) {
        self.seen = Some(place.member.handed_back().await);
    }

    /// Waits for what comes next. Nothing is lost when the future is dropped before it is ready.
    pub(super) async fn next(&mut self) -> Delivery {
        loop {
            self.changes.mark_unchanged();
            if let Some(delivery) = self.now() {
                return delivery;
            }
            self.changes.changed().await.expect("the hub that is held owns the sender");
        }
    }

    /// What comes next, if it is there.
    pub(super) fn now(&mut self) -> Option<Delivery> {
        let Some(seen) = self.seen else { return Some(self.snapshot()) };
        let (next, gone) = {
            let state = self.hub.lock();
            (state.journal.after(seen), state.gone)
        };
        match next {
            Ok(Some(entry)) => {
                self.seen = Some(entry.seq);
                Some(Delivery::Update(entry))
            }
            Ok(None) => gone.then_some(Delivery::Gone),
            Err(Lost) => {
                self.resync = true;
                Some(self.snapshot())
            }
        }
    }

    fn snapshot(&mut self) -> Delivery {
        let snapshot = self.hub.snapshot(self.resync);
        self.seen = Some(snapshot.seq);
        Delivery::Snapshot(snapshot)
    }
}

/// One client's place among those whom the hub tells what comes next.
#[derive(Debug)]
pub(super) struct Place {
    hub: Arc<Hub>,
    member: Arc<Member>,
    id: u64,
}

impl Place {
    /// Waits until the socket has what was told.
    pub(super) async fn flushed(&self) -> std::io::Result<()> {
        self.member.line.flushed().await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.hub.crowd.leave(self.id);
    }
}
