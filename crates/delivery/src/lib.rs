//! The HLS origin: packages Feeds while they are wanted and serves them from memory over HTTP.
//!
//! ```text
//!  Feed ─▶ packaging task ─▶ Arc<Snapshot> ─▶ Publication ◀─ Origin ◀─ Service ◀─ HttpServer
//!          (one per Feed,      immutable        arc-swap      registry   routes     accept loop,
//!           while wanted)                        + wake-up                           limits
//! ```
//!
//! | module | owns |
//! |---|---|
//! | [`server`] | accept loop |
//! | `connections` | protocols, graceful stop |
//! | `h1` | HTTP/1.1 for playlists and media, without hyper |
//! | [`limits`] | every bound, with its reason |
//! | `activity`, `socket`, `keeper` | slow viewers, idle connections |
//! | `service`, `path`, `fields` | from a request to what it asks for |
//! | `answer`, `wish` | now, later or never: blocking reloads and preload hints (rfc8216bis-22 §6.2.5) |
//! | `waiters` | who is held until the next change |
//! | `playback` | signed paths: who may watch |
//! | `audience` | how many watch |
//! | `reply`, `range`, `negotiate`, `body` | status, headers, bytes |
//! | `copy` | segments that many ask for, as files that the kernel sends |
//! | `origin`, `publication`, `packaging`, `gop` | what is published, and its packaging on demand |
//! | `listings` | when what was listed |
//!
//! Architecture Invariant: media bytes are never copied here. A viewer, a hundred viewers and the
//! packager hold the same slices.
//!
//! Architecture Invariant: a viewer can slow nobody but himself. Packaging never waits for a
//! request; what a slow one holds is bounded by time.
//!
//! Knows no certificates (a port gets its TLS acceptor from outside), no files, and no authentication but that of signed
//! playback paths.

mod activity;
mod addresses;
mod answer;
mod audience;
mod body;
mod connections;
#[cfg(target_os = "linux")]
mod copy;
mod counters;
mod fields;
mod gop;
mod h1;
mod keeper;
pub mod limits;
mod listings;
mod negotiate;
mod origin;
mod packaging;
mod path;
mod playback;
mod publication;
mod range;
mod reply;
pub mod server;
mod service;
mod socket;
mod waiters;
mod wish;

pub use counters::DeliveryStats;
pub use limits::{OriginLimits, ServerLimits};
pub use listings::{Listed, Listings};
pub use origin::Origin;
pub use playback::{Grant, Scope, SigningKey};
pub use publication::{Demand, PublicationId};
pub use server::{Fallback, HttpServer, LiveLimits, Tls};
