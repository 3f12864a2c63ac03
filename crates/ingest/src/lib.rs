//! RTMP ingest: FLV tags to samples on the event clock, and the listener that takes them in.
//!
//! ```text
//!             shell (tokio)                    │            core (pure)
//!  TCP ─▶ listener ─▶ connection ─▶ publication ─▶ Intake: Demuxer ─▶ Timeline ─▶ samples ─▶ Feed
//!            │            │                    │              └── CameraMonitor ◀──┘
//!       connection    PublishGate, CameraSlot  │
//!         limits      (keys, takeover)         │
//! ```
//!
//! The core reads no clock and does no IO: [`demux`], [`timeline`], [`intake`], [`monitor`]. The shell
//! moves bytes between sockets and `genlock_rtmp::ServerSession`, keeps deadlines and limits, asks a
//! [`PublishGate`] who may publish, and tells publishers why not. It knows no keys and writes none to
//! the log.
//!
//! Architecture Invariant: what one connection sends ends that connection at worst. It costs one log
//! line, and no other connection notices.

mod config;
mod connection;
mod counters;
pub mod demux;
mod diagnosis;
mod gate;
mod gather;
mod guard;
pub mod health;
pub mod intake;
pub mod issue;
mod issue_log;
pub mod limits;
mod listener;
mod measure;
pub mod monitor;
mod publication;
mod rate;
mod session;
mod takeover;
pub mod timeline;
mod transport;
pub mod unit;

pub use config::IngestConfig;
pub use counters::{IngestCounters, IngestStats};
pub use gate::{
    Admission, ConnectionId, PublishEnd, PublishGate, PublishRequest, PublishWatch, Refusal,
};
pub use genlock_rtmp::{ConnectRequest, PublishType, Query, StreamKey, TcUrl};
pub use health::{AudioHealth, CameraHealth, CameraState, VideoHealth};
pub use issue::{Issue, IssueType, Severity};
pub use listener::{Ingest, LiveConfig};
pub use monitor::CameraMonitor;
pub use takeover::{CameraSlot, Eviction, TakeoverPolicy};
