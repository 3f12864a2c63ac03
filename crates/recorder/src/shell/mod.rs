//! The shell: one thread that reads Feeds, drives writers and appends to files.
//!
//! The queue between a camera and the disk is the Feed's own ring: the thread reads it a few times a
//! second, and what has left the ring by then is lost, counted, and a gap in the index. So a disk that
//! hangs stops this thread and nothing else.
//!
//! Durability: what was appended survives the end of the process at once, because the kernel has it; it
//! survives a power cut within [`desk::SYNC_INTERVAL`], because another thread makes the
//! files durable that often. Nothing waits for that.

mod bell;
mod desk;
mod disk;
mod folder;
mod heads;
mod job;
mod media;
mod mend;
mod recording;
mod recut;
mod removal;
mod sink;
mod thread;

pub use desk::{Recorder, RecorderConfig, RecordingTotals, SYNC_INTERVAL, State, Status, Stop};
pub use folder::{Library, Shelved};
pub use media::{MediaFile, OpenMedia, Remote};
pub use recording::{Recording, media_name};
pub use recut::Recut;
pub use removal::{Deleted, LEDGER, Removal, Removed};
