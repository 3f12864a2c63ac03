//! Audio and video tag headers: what stands in an RTMP message in front of the codec's bytes.
//!
//! Reads the legacy headers (FLV 10.1 §E.4.2.1, §E.4.3.1), Enhanced RTMP v1 and v2 including ModEx
//! prefixes and multitrack, and writes them for publishers. It looks at no codec byte: bodies are
//! slices of the message, and "key frame" is what the encoder claims. It does not read or write FLV
//! files.
//!
//! Codecs that this module has never heard of parse as well: the FourCC or the legacy number is
//! handed on, and whoever decodes decides.

mod audio;
mod error;
mod extended;
mod fourcc;
mod tracks;
mod video;
mod write;

pub use audio::{AudioCodecId, AudioPacket, AudioTag, parse_audio};
pub use error::FlvError;
pub use fourcc::FourCc;
pub use tracks::TagTracks;
pub use video::{FrameType, VideoCodecId, VideoPacket, VideoTag, parse_video};
pub use write::{audio_multitrack, video_multitrack};
