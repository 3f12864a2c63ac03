//! CMAF: init sections and fragments (ISO/IEC 23000-19, ISO/IEC 14496-12).
//!
//! ```text
//! init section                 fragment
//! ftyp iso6 [iso6 cmfc mp42]   moof
//! moov                           mfhd  sequence number
//!   mvhd                         traf  video, if it has samples
//!   trak 1 video                   tfhd  default-base-is-moof
//!     tkhd                         tfdt  version 1: DTS of the first sample
//!     mdia                         trun  sizes, and what differs from the defaults
//!       mdhd  90 kHz             traf  audio, if it has samples
//!       hdlr vide                  tfhd, tfdt, trun
//!       minf                   mdat
//!         vmhd dinf              video run
//!         stbl  avc1|hvc1|av01   audio run
//!   trak 2 audio
//!     …  sample rate, mp4a|Opus
//!   mvex
//!     trex 1
//!     trex 2
//! ```
//!
//! There is no edit list: players disagree on what one means, so the constant composition offset of
//! the samples stays visible as the distance from `tfdt` to the first presentation time.
//!
//! Parameter sets are in the sample entry and again in band before every sync sample. The sample
//! entries stay `avc1` and `hvc1`, although ISO/IEC 14496-15 keeps in-band sets for `avc3` and
//! `hev1`: players that ignore a changed init section decode on after a splice, and none of those
//! that honour it minds the copy.
//!
//! This module is the only one that knows mp4-atom. Its `Mdat` is not used, because it owns its
//! bytes: a fragment is a [`ByteChain`](crate::ByteChain) that refers to the samples' payloads.

mod fragment;
mod in_band;
mod init;
mod sample_entry;

use bytes::Bytes;
use mp4_atom::{Encode, Error, FourCC, Prft, ReferenceTime, Styp};

pub use fragment::{COALESCE_BELOW, fragment};
pub use init::init_section;

use crate::mux::MuxError;

/// Track id of video in every init section and fragment.
pub const VIDEO_TRACK_ID: u32 = 1;
/// Track id of audio in every init section and fragment.
pub const AUDIO_TRACK_ID: u32 = 2;

/// The brand that the structure needs: `default-base-is-moof` and `tfdt`.
const MAJOR_BRAND: FourCC = FourCC::new(b"iso6");
/// CMAF, and version 2 of the MP4 file format for `mp4a` with `esds`.
const COMPATIBLE_BRANDS: [FourCC; 3] = [MAJOR_BRAND, FourCC::new(b"cmfc"), FourCC::new(b"mp42")];

/// A segment type box, to be put before the first fragment of a segment by an output that wants one
/// (ISO/IEC 14496-12 §8.16.2).
///
/// # Errors
/// Never in practice: the box has a constant size.
pub fn segment_type() -> Result<Bytes, MuxError> {
    encode(&Styp {
        major_brand: FourCC::new(b"msdh"),
        minor_version: 0,
        compatible_brands: vec![FourCC::new(b"msdh"), FourCC::new(b"cmfc"), MAJOR_BRAND],
    })
}

/// A producer reference time box, to be put before a fragment by an output that wants one: the video
/// sample presented at `media_time` (90 kHz) entered the server at `ntp` (64-bit NTP time,
/// RFC 5905 §6). ISO/IEC 14496-12 §8.16.5.
///
/// # Errors
/// Never in practice: the box has a constant size.
pub fn producer_reference_time(ntp: u64, media_time: u64) -> Result<Bytes, MuxError> {
    encode(&Prft {
        reference_track_id: VIDEO_TRACK_ID,
        ntp_timestamp: ntp,
        media_time,
        utc_time_semantics: ReferenceTime::Input,
    })
}

fn encode(atom: &impl Encode) -> Result<Bytes, MuxError> {
    let mut out = Vec::new();
    atom.encode(&mut out)?;
    Ok(out.into())
}

impl From<Error> for MuxError {
    fn from(error: Error) -> Self {
        Self::Boxes(error.to_string())
    }
}
