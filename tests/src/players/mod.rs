//! Plays one switched programme in many players at once and measures what their viewers would notice.
//!
//! The real server, real ffmpeg cameras that burn a [strip](crate::strip) into their pictures, and for each
//! player the time at which every picture was shown. [`run`] does one run, [`table`] writes what came of
//! several. `cargo xtask players` starts it; `docs/players.md` says what was found.

pub mod browsers;
pub mod cameras;
pub mod measure;
pub mod programs;
pub mod recording;
pub mod roster;
pub mod run;
pub mod table;
