//! Events with their cameras and access tokens in memory, as they are in the file: what a command, a publisher or a guest
//! needs is answered without the disk, which may be slow.
//!
//! Changed by the writer after each commit and before its answer, so that every caller sees what was written before.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use rusqlite::Connection;

use super::queries::{find_event, list_cameras, list_events, list_tokens};
use crate::access_token::AccessToken;
use crate::camera::Camera;
use crate::error::StoreError;
use crate::event::Event;
use crate::id::{CameraId, EventId};
use crate::secret::SecretHash;

/// What is in memory.
#[derive(Debug, Default)]
pub(super) struct Memory(RwLock<Held>);

#[derive(Debug, Default)]
struct Held {
    events: HashMap<EventId, Arc<Known>>,
    /// Which event has the camera of a key's hash.
    keys: HashMap<[u8; 32], EventId>,
    /// Which event has the access token of a hash.
    tokens: HashMap<[u8; 32], EventId>,
    closed: bool,
}

/// An event with what belongs to it.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) event: Event,
    /// In failover order.
    pub(super) cameras: Vec<Camera>,
    /// Oldest first.
    pub(super) tokens: Vec<AccessToken>,
}

/// An event as it is after a change, `None` if it is gone.
pub(super) type News = (EventId, Option<Known>);

impl Known {
    /// Reads an event.
    pub(super) fn read(db: &Connection, id: &EventId) -> Result<Option<Self>, StoreError> {
        let Some(event) = find_event(db, id)? else { return Ok(None) };
        let (cameras, tokens) = (list_cameras(db, id)?, list_tokens(db, id)?);
        Ok(Some(Self { event, cameras, tokens }))
    }

    pub(super) fn camera(&self, id: &CameraId) -> Option<&Camera> {
        self.cameras.iter().find(|camera| camera.id == *id)
    }
}

impl Memory {
    /// Reads everything.
    pub(super) fn load(db: &Connection) -> Result<Self, StoreError> {
        let mut news = Vec::new();
        for event in list_events(db)? {
            let known = Known::read(db, &event.id)?;
            news.push((event.id, known));
        }
        let memory = Self::default();
        memory.apply(news);
        Ok(memory)
    }

    /// Takes over what a commit has changed. All that was is forgotten first: keys may have changed places.
    pub(super) fn apply(&self, news: Vec<News>) {
        let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (id, _) in &news {
            held.forget(id);
        }
        for (id, known) in news {
            if let Some(known) = known {
                held.learn(id, known);
            }
        }
    }

    /// Nothing is answered any more.
    pub(super) fn close(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).closed = true;
    }

    /// An event.
    pub(super) fn get(&self, id: &EventId) -> Result<Option<Arc<Known>>, StoreError> {
        Ok(self.held()?.events.get(id).cloned())
    }

    /// All events, oldest first.
    pub(super) fn all(&self) -> Result<Vec<Arc<Known>>, StoreError> {
        let mut all: Vec<_> = self.held()?.events.values().cloned().collect();
        all.sort_by(|a, b| {
            (a.event.created_at, &a.event.id).cmp(&(b.event.created_at, &b.event.id))
        });
        Ok(all)
    }

    /// The camera of a key. The index finds it; the comparison that admits is the constant-time one.
    pub(super) fn camera_by_key(&self, hash: &SecretHash) -> Result<Option<Camera>, StoreError> {
        let held = self.held()?;
        let known = held.keys.get(hash.as_bytes()).and_then(|event| held.events.get(event));
        let mut cameras = known.into_iter().flat_map(|known| &known.cameras);
        Ok(cameras.find(|camera| camera.key_hash == *hash).cloned())
    }

    /// As for stream keys.
    pub(super) fn token_by_hash(
        &self,
        hash: &SecretHash,
    ) -> Result<Option<AccessToken>, StoreError> {
        let held = self.held()?;
        let known = held.tokens.get(hash.as_bytes()).and_then(|event| held.events.get(event));
        let mut tokens = known.into_iter().flat_map(|known| &known.tokens);
        Ok(tokens.find(|token| token.hash == *hash).cloned())
    }

    fn held(&self) -> Result<RwLockReadGuard<'_, Held>, StoreError> {
        let held = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if held.closed { Err(StoreError::Closed) } else { Ok(held) }
    }
}

impl Held {
    fn forget(&mut self, id: &EventId) {
        let Some(known) = self.events.remove(id) else { return };
        for camera in &known.cameras {
            self.keys.remove(camera.key_hash.as_bytes());
        }
        for token in &known.tokens {
            self.tokens.remove(token.hash.as_bytes());
        }
    }

    fn learn(&mut self, id: EventId, known: Known) {
        for camera in &known.cameras {
            self.keys.insert(*camera.key_hash.as_bytes(), id.clone());
        }
        for token in &known.tokens {
            self.tokens.insert(*token.hash.as_bytes(), id.clone());
        }
        self.events.insert(id, Arc::new(known));
    }
}
