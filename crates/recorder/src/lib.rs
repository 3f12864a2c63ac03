//! Recordings: crash-safe fragmented MP4 of every Feed, an append-only index, and what is made of both.
//!
//! ```text
//! Feed ─ samples ─▶ writer ─ bytes ─▶ 0001.mp4 0002.mp4 …   ftyp moov [moof mdat]*
//!                     └──── records ─▶ index                 what is where, and what is missing
//! ```
//!
//! | module | owns |
//! |---|---|
//! | [`writer`] | samples to bytes: fragments, init sections, files |
//! | [`index`] | the records of an index, as bytes |
//! | [`timeline`] | what an index tells, in memory |
//! | [`repair`] | what a crash leaves behind, made whole |
//! | [`clip`] | a stretch of a recording, snapped to sync samples |
//! | [`playlist`] | HLS over the files as they are |
//! | [`movie`] | progressive MP4 over the files as they are |
//! | [`edit`] | the switch log over the recordings, for editing programs |
//! | [`recut`] | clips of recordings as a recording that is made of references |
//! | [`media`] | reading init sections and fragments back |
//! | [`name`], [`limits`] | names that are safe in paths; every bound |
//! | [`shell`] | the thread that reads Feeds and appends to files, and what is on the disk |
//!
//! All but [`shell`] are pure: no IO, no clock reads. Nothing here decodes.
//!
//! Times in files and index are ticks on the event clock (`tfdt` counts from its zero), so all recordings
//! of a server line up to the tick.

pub mod clip;
pub mod edit;
pub mod index;
pub mod limits;
pub mod media;
pub mod movie;
pub mod name;
pub mod playlist;
pub mod recut;
pub mod repair;
pub mod shell;
pub mod timeline;
pub mod writer;

mod cutter;

pub use clip::Clip;
pub use name::{PROGRAM, RECUT, RecordingId, Source};
pub use shell::{Library, Recorder, RecorderConfig, Recording, Recut, State, Status, Stop};
pub use timeline::Timeline;
pub use writer::{Output, Rolling, Writer};
