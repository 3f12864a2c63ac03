//! The Feed: one publisher's samples on the event clock in a bounded ring, with one writer and many
//! readers. It is the shared in-memory GOP buffer: a camera is a Feed, the programme is a Feed, and
//! every output reads a Feed without knowing which.
//!
//! ```text
//!  FeedWriter ──push──▶ [ ring: entries, sync-sample index ] ──▶ FeedReader (packager)
//!   (one epoch                  bounded by span,             ──▶ FeedReader (programme)
//!    at a time)                 bytes and samples            ──▶ FeedReader (recorder)
//! ```
//!
//! Architecture Invariant: a reader never slows the writer. The lock is held for the time of a push or
//! of a copy of one entry (reference counts, no payload bytes); a reader that falls out of the ring
//! skips to the newest sync sample and is told how much it lost.
//!
//! Does no IO and reads no clock, except [`clock::EventClock`], the one place where the event clock is
//! tied to the machine's monotonic clock.

mod changes;
pub mod clock;
mod feed;
mod limits;
mod reader;
mod ring;

pub use feed::{Feed, FeedStatus, FeedWatch, FeedWriter, Superseded};
pub use limits::FeedLimits;
pub use reader::{FeedReader, Read, Start};
pub use ring::{Entry, Epoch, Joint, Position, SyncPoint};
