//! Persistence of events, cameras and the switch log.
//!
//! [`Store`] is the door: small, asynchronous, in words of the domain. [`SqliteStore`] is the embedded
//! back end; another one (a shared document database) has only to pass the conformance suite that the
//! embedded one passes.
//!
//! | module | owns |
//! |---|---|
//! | [`id`], [`name`], [`time`] | the validated values that records are made of |
//! | [`secret`] | stream keys and the admin token: random, hashed at rest, never printed |
//! | [`event`], [`camera`], [`switch`] | the records |
//! | [`store`], [`error`] | the trait and what can go wrong behind it |
//! | [`sqlite`] | the embedded back end |
//! | [`limits`] | everything a caller can grow, bounded |
//!
//! The media path never calls this crate, with one exception: a publisher's key is looked up once, before
//! its first sample. Every call ends within [`limits::CALL_TIME_MAX`].
//!
//! Does not read the clock: times of records are given by the caller.

pub mod camera;
#[cfg(test)]
mod conformance;
pub mod error;
pub mod event;
pub mod id;
pub mod limits;
pub mod name;
pub mod secret;
pub mod sqlite;
pub mod store;
pub mod switch;
pub mod time;

pub use camera::{Camera, CameraPatch};
pub use error::StoreError;
pub use event::{Event, EventPatch, EventPolicy};
pub use id::{CameraId, EventId};
pub use name::DisplayName;
pub use secret::{AdminToken, SecretHash, StreamKey};
pub use sqlite::SqliteStore;
pub use store::{MetaKey, Store};
pub use switch::{
    Discontinuity, LoggedSwitch, SwitchPage, SwitchReason, SwitchRecord, SwitchSeq, SwitchStyle,
};
pub use time::Timestamp;
