//! HLS packager: turns one Feed's samples into LL-HLS over CMAF and into MPEG-TS HLS.
//!
//! Pure: no IO, no clock reads, no randomness. Nothing here decodes, and nothing here can tell a
//! camera from the programme.
//!
//! ```text
//! Sample ─▶ intake ─▶ segmenter ─ Step ─▶ publisher ─▶ window ─▶ Snapshot ─▶ playlists, resources
//!            queue     boundary              cmaf, ts, init       │
//!                                                                 └ blocking reload rules
//! ```
//!
//! | module | owns |
//! |---|---|
//! | [`packager`] | the type to drive |
//! | [`config`], [`limits`] | what the owner decides; what a publisher cannot exceed |
//! | `line` | the one axis that both tracks are cut on |
//! | `intake`, `queue`, `gop` | which samples are accepted, and where they wait |
//! | `stretch` | the times of a camera that catches up after a cut |
//! | `boundary` | where segments and parts end |
//! | `segmenter` | when they are cut, and what fills a gap |
//! | `publisher`, `segment`, `init`, `transport`, `offer`, `window` | what is published, and for how long |
//! | [`snapshot`], `published`, [`playlist`], [`blocking`] | what viewers see, and what they may wait for |
//! | [`cmaf`], [`ts`], [`chain`], [`mux`] | the containers |
//!
//! Standards: RFC 8216, and draft-pantos-hls-rfc8216bis-22 for everything of low latency.

pub mod blocking;
pub mod chain;
pub mod cmaf;
pub mod config;
pub mod limits;
pub mod mux;
pub mod packager;
pub mod playlist;
pub mod snapshot;
pub mod ts;

mod boundary;
mod gop;
mod init;
mod intake;
mod line;
mod names;
mod offer;
mod published;
mod publisher;
mod queue;
mod segment;
mod segmenter;
mod settings;
mod stretch;
mod transport;
mod window;

pub use blocking::{BadDirective, BlockingQuery, Readiness, Wanted};
pub use chain::ByteChain;
pub use config::{PackagerConfig, target_duration_for};
pub use intake::Dropped;
pub use mux::{MuxError, TimedSample};
pub use packager::{Packager, PackagerStats, Splice};
pub use playlist::{Dialect, Encoding, Flavour, PlaylistRequest, Skip};
pub use snapshot::{Resource, Snapshot};
