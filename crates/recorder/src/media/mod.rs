//! Reading back what was written: boxes, init sections, fragments (ISO/IEC 14496-12); and the head of a fragment that
//! has some of another's samples.
//!
//! Knows the boxes that the packager's muxer writes and passes over others. Never panics and never
//! allocates by a number that it has read, because a file's end may be anything after a power cut.

mod boxes;
mod fragment;
mod head;
mod init;

pub(crate) use boxes::{BoxHeader, boxed, header};
pub use fragment::{FragmentSamples, Run, SampleInfo, read_fragment};
pub use head::fragment_head;
pub use init::{Tracks, read_init, sample_entries};

/// Track id of video in what the muxer writes.
pub(crate) const VIDEO: u32 = genlock_packager::cmaf::VIDEO_TRACK_ID;
/// Track id of audio in what the muxer writes.
pub(crate) const AUDIO: u32 = genlock_packager::cmaf::AUDIO_TRACK_ID;
