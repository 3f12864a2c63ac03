//! Taking over what another program changed in the shared database.

use std::collections::{HashMap, HashSet};

use super::SqliteStore;
use super::documents::{put_camera, put_event};
use super::outbox::{Noting, OutboxMark, mark};
use super::queries::{find_event, list_cameras, list_events, remove_camera, remove_event};
use super::rejected::rejected_events;
use crate::camera::Camera;
use crate::error::StoreError;
use crate::event::Event;
use crate::id::{CameraId, EventId};
use crate::store::EventWithCameras;

/// A change that another program made to what is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Adopted {
    /// An event was made.
    EventCreated(Event),
    /// An event's name or policy changed.
    EventUpdated(Event),
    /// An event is gone, with its cameras.
    EventDeleted(EventId),
    /// A camera was made.
    CameraCreated(Camera),
    /// A camera's name, priority or sync offset changed.
    CameraUpdated(Camera),
    /// A camera has another key.
    KeyRotated(Camera),
    /// A camera is gone.
    CameraDeleted(Camera),
}

/// What the shared database held while the outbox was empty.
#[derive(Debug)]
pub struct Fetched {
    pub(crate) mark: OutboxMark,
    pub(crate) events: Vec<EventWithCameras>,
}

impl SqliteStore {
    /// Makes this copy equal to what was fetched and tells the differences. Does nothing if something was
    /// written here since: what was fetched does not know of it.
    ///
    /// Events and cameras only: the rest is written by Genlock alone. An event of which a write was refused there stays
    /// as it is here: there, it is not what its creator made it.
    pub async fn adopt(&self, fetched: Fetched) -> Result<Vec<Adopted>, StoreError> {
        self.unnoted(move |db| {
            if mark(db)? != Some(fetched.mark) {
                return Ok(Vec::new());
            }
            let kept = rejected_events(db)?;
            Adoption::read(db, &kept)?.adopt(leave_out(&kept, fetched.events))
        })
        .await
    }
}

/// What was found of other events than `kept`.
fn leave_out(kept: &HashSet<EventId>, mut found: Vec<EventWithCameras>) -> Vec<EventWithCameras> {
    found.retain(|found| !kept.contains(&found.event.id));
    found
}

/// One adoption: what is here, and what was done to it.
struct Adoption<'a> {
    db: &'a Noting<'a>,
    events: Vec<Event>,
    cameras: HashMap<CameraId, Camera>,
    adopted: Vec<Adopted>,
}

impl<'a> Adoption<'a> {
    fn read(db: &'a Noting<'a>, kept: &HashSet<EventId>) -> Result<Self, StoreError> {
        let mut events = list_events(db)?;
        events.retain(|event| !kept.contains(&event.id));
        let mut cameras = HashMap::new();
        for event in &events {
            let here = list_cameras(db, &event.id)?;
            cameras.extend(here.into_iter().map(|camera| (camera.id.clone(), camera)));
        }
        Ok(Self { db, events, cameras, adopted: Vec::new() })
    }

    fn adopt(mut self, found: Vec<EventWithCameras>) -> Result<Vec<Adopted>, StoreError> {
        self.remove_events(&found)?;
        self.clear_cameras(&found)?;
        for EventWithCameras { event, cameras } in found {
            self.adopt_event(event)?;
            for camera in cameras {
                self.adopt_camera(camera)?;
            }
        }
        Ok(self.adopted)
    }

    fn remove_events(&mut self, found: &[EventWithCameras]) -> Result<(), StoreError> {
        for event in &self.events {
            if !found.iter().any(|found| found.event.id == event.id) {
                remove_event(self.db, &event.id)?;
                self.db.changed(&event.id);
                self.cameras.retain(|_, camera| camera.event != event.id);
                self.adopted.push(Adopted::EventDeleted(event.id.clone()));
            }
        }
        Ok(())
    }

    /// Makes room for ids and keys that wander: removes the cameras that are not in their event any more, and
    /// those with another key, which are written again.
    fn clear_cameras(&mut self, found: &[EventWithCameras]) -> Result<(), StoreError> {
        let there: HashMap<_, _> = found
            .iter()
            .flat_map(|found| &found.cameras)
            .map(|camera| ((&camera.event, &camera.id), camera))
            .collect();
        let mut gone = Vec::new();
        for camera in self.cameras.values() {
            match there.get(&(&camera.event, &camera.id)) {
                None => {
                    remove_camera(self.db, &camera.event, &camera.id)?;
                    self.db.changed(&camera.event);
                    gone.push(camera.id.clone());
                }
                Some(found) if found.key_hash != camera.key_hash => {
                    self.db.execute("DELETE FROM cameras WHERE id = ?1", [camera.id.as_str()])?;
                    self.db.changed(&camera.event);
                }
                Some(_) => {}
            }
        }
        gone.sort();
        let gone = gone.iter().filter_map(|id| self.cameras.remove(id));
        self.adopted.extend(gone.map(Adopted::CameraDeleted));
        Ok(())
    }

    fn adopt_event(&mut self, event: Event) -> Result<(), StoreError> {
        // Removing a camera may have changed its event: what is here now counts.
        let known = find_event(self.db, &event.id)?;
        if known.as_ref() != Some(&event) {
            put_event(self.db, &event)?;
            self.db.changed(&event.id);
            self.adopted.push(match known {
                Some(_) => Adopted::EventUpdated(event),
                None => Adopted::EventCreated(event),
            });
        }
        Ok(())
    }

    fn adopt_camera(&mut self, camera: Camera) -> Result<(), StoreError> {
        let known = self.cameras.get(&camera.id);
        if known == Some(&camera) {
            return Ok(());
        }
        put_camera(self.db, &camera)?;
        self.db.changed(&camera.event);
        match known {
            None => self.adopted.push(Adopted::CameraCreated(camera)),
            Some(known) => {
                if known.key_hash != camera.key_hash {
                    self.adopted.push(Adopted::KeyRotated(camera.clone()));
                }
                self.adopted.push(Adopted::CameraUpdated(camera));
            }
        }
        Ok(())
    }
}
