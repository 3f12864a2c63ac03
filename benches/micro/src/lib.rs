//! The hot path in pieces: what one camera of 6 Mb/s, 1080p30 with AAC costs at each stage between socket and playlist.
//!
//! [`camera`] makes the input, [`stages`] does the work. Two benches run it: `times` with a clock, `instructions` under
//! callgrind, whose counts say the same on a busy machine.

pub mod camera;
pub mod stages;
