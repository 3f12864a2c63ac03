//! The index of a recording: an append-only file of records, each with its length and checksum.
//!
//! ```text
//! magic "GLKREC01"
//! record*   u16 length of the body, u32 CRC-32 of the body, body (all big-endian)
//!   body    u8 kind, fields
//! ```
//!
//! A record is written after the media that it tells of, so what an index tells is there; a tail that is
//! torn is seen by its checksum. Records of kinds that are not known are passed over.

mod codec;
mod entry;

pub(crate) use codec::encode_all;
pub use codec::{MAGIC, Records, encode};
pub use entry::{
    AudioTrack, Borrowed, ClipMark, Entry, Fragment, Gap, GapReason, Init, Origin, Repaired,
    TrackSpan, VideoTrack,
};
