//! Persistence of events, cameras, scheduled takes and the switch log.
//!
//! [`Store`] is the door: asynchronous, in words of the domain. [`SqliteStore`] is the embedded back end, `MongoStore`
//! (feature `mongodb`) one that other programs share; both pass one conformance suite. A [`Replica`] keeps a
//! shared database and an embedded copy of it equal, so that no caller ever waits for the network.
//!
//! | module | owns |
//! |---|---|
//! | [`id`], [`name`], [`time`] | the validated values that records are made of |
//! | [`secret`] | stream keys and the admin token: random, hashed at rest, never printed |
//! | [`event`], [`policy`], [`camera`], [`scheduled`], [`switch`] | the records |
//! | [`creator`], [`access_token`], [`playback`], [`life`] | whom an event belongs to, who else may do what, who may watch, whether it runs |
//! | [`unknown`] | what else is in their documents |
//! | [`hook`], [`hook_target`] | what other systems have to be told |
//! | [`store`], [`error`] | the trait and what can go wrong behind it |
//! | [`sqlite`] | the embedded back end; as a copy with its outbox |
//! | `mongo` | MongoDB, and the migration of other programs' documents |
//! | `replica`, [`status`] | carrying the outbox out, following what others change, telling how it is |
//! | [`transfer`] | everything as a stream of records |
//! | [`slates`] | uploaded pictures, as files beside the store |
//! | [`limits`] | everything a caller can grow, bounded |
//!
//! The media path never calls this crate, with one exception: a publisher's key is looked up once, before
//! its first sample. Every call ends within [`limits::CALL_TIME_MAX`].
//!
//! Does not read the clock: times of records are given by the caller.

pub mod access_token;
pub mod camera;
#[cfg(test)]
mod conformance;
pub mod creator;
pub mod error;
pub mod event;
pub mod hook;
pub mod hook_target;
pub mod id;
pub mod life;
pub mod limits;
#[cfg(feature = "mongodb")]
pub mod mongo;
pub mod name;
pub mod playback;
pub mod policy;
mod replica;
pub mod scheduled;
pub mod secret;
pub mod slates;
pub mod sqlite;
pub mod status;
pub mod store;
pub mod switch;
pub mod time;
pub mod transfer;
pub mod unknown;
mod write;

pub use access_token::{AccessRole, AccessSecret, AccessToken};
pub use camera::{Camera, CameraPatch};
pub use creator::CreatorId;
pub use error::StoreError;
pub use event::{Event, EventPatch, Lock, LockedBy, Placed};
pub use hook::{HookDelivery, HookQueue};
pub use hook_target::{KeptHookTarget, KeptHookTargets};
pub use id::{CameraId, EventId, HookDeliveryId, HookTargetName, ScheduledTakeId, TokenId};
pub use life::Life;
#[cfg(feature = "mongodb")]
pub use mongo::{Migration, MongoOptions, MongoStore, SkippedDocument};
pub use name::DisplayName;
pub use playback::{Playback, PlaybackKeys};
pub use policy::{
    AudioSource, EventPolicy, FlapLimit, PlaylistDialect, PolicyPatch, RecordingPolicy,
};
pub use replica::Replica;
pub use scheduled::ScheduledTake;
pub use secret::{AdminToken, SecretHash, StreamKey};
pub use slates::SlateFolder;
pub use sqlite::{Adopted, Fetched, OutboxMark, SqliteStore};
pub use status::{CameraPresence, RejectedWrite, StoreState, StoreStatus};
pub use store::{EventWithCameras, MetaKey, Store};
pub use switch::{
    Discontinuity, Ledger, LoggedSwitch, SwitchOutcome, SwitchPage, SwitchReason, SwitchRecord,
    SwitchSeq, SwitchStyle,
};
pub use time::Timestamp;
pub use unknown::UnknownFields;
