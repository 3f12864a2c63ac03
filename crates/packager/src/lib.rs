//! HLS packager: segmenter, CMAF and MPEG-TS muxers, playlists.

pub mod chain;
pub mod cmaf;
pub mod mux;
pub mod ts;

pub use chain::ByteChain;
pub use mux::{MuxError, TimedSample};
