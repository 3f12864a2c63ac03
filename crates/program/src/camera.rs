//! The cameras of an event, as the programme knows them.

use std::fmt;
use std::sync::Arc;

use genlock_feed::Feed;

/// Name of a camera within its event.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CameraId(Name);

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Name {
    Given(Arc<str>),
    /// The slate is read like a camera. No given name is equal to this one, whatever it says.
    Slate,
}

impl CameraId {
    /// The camera called `name`.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(Name::Given(name.into()))
    }

    pub(crate) const fn slate() -> Self {
        Self(Name::Slate)
    }

    /// Whether it stands for the slate, which is no camera of the event.
    #[must_use]
    pub const fn is_slate(&self) -> bool {
        matches!(self.0, Name::Slate)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Name::Given(name) => name,
            Name::Slate => "slate",
        }
    }
}

impl fmt::Display for CameraId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<&str> for CameraId {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for CameraId {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

/// Place of a camera in the failover list: the lowest number goes first, equal numbers in the order in
/// which the cameras were added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Priority(pub u32);

/// One camera.
#[derive(Debug, Clone)]
pub(crate) struct Camera {
    pub(crate) id: CameraId,
    pub(crate) feed: Feed,
    pub(crate) priority: Priority,
}

/// The cameras in failover order.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    cameras: Vec<Camera>,
}

impl Roster {
    /// Adds a camera, or gives a known one another Feed and priority. Returns whether it was known.
    pub(crate) fn add(&mut self, camera: Camera) -> bool {
        let known = self.remove(&camera.id);
        self.cameras.push(camera);
        self.sort();
        known
    }

    pub(crate) fn remove(&mut self, id: &CameraId) -> bool {
        let before = self.cameras.len();
        self.cameras.retain(|camera| camera.id != *id);
        self.cameras.len() < before
    }

    pub(crate) fn set_priority(&mut self, id: &CameraId, priority: Priority) -> bool {
        let Some(camera) = self.cameras.iter_mut().find(|camera| camera.id == *id) else {
            return false;
        };
        camera.priority = priority;
        self.sort();
        true
    }

    pub(crate) fn get(&self, id: &CameraId) -> Option<&Camera> {
        self.cameras.iter().find(|camera| camera.id == *id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Camera> + Clone {
        self.cameras.iter()
    }

    /// The sort is stable: equal priorities keep the order in which they were added.
    fn sort(&mut self) {
        self.cameras.sort_by_key(|camera| camera.priority);
    }
}
