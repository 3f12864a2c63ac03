//! End-to-end tests: the real server, real ffmpeg publishers, a real Chromium.
//!
//! This library starts and stops the parts; the tests stand in `tests/`. Ports are chosen by the
//! system, every process is ended by its id, and nothing is asserted on the timing of the machine.

pub mod api;
pub mod back_end;
pub mod browser;
pub mod camera;
pub mod clip;
pub mod clock;
pub mod collector;
pub mod crowd;
pub mod database;
pub mod disk;
pub mod players;
pub mod probe;
pub mod s3;
pub mod server;
pub mod show;
pub mod strip;
pub mod wait;
pub mod witness;

pub use api::Api;
pub use camera::Camera;
pub use clip::{Clip, Colour};
pub use database::Database;
pub use s3::S3Server;
pub use server::Server;
pub use show::Show;
pub use witness::Witness;
