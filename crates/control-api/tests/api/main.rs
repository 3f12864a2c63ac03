//! The whole API against a fake running system and an embedded store in memory.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod access;
mod bounds;
mod cameras;
mod compatibility;
mod configuration;
mod described;
mod errors;
mod etags;
mod events;
mod harness;
mod hooks;
mod idempotency;
mod life;
mod lock;
mod openapi;
mod pages;
mod playback;
mod policy;
mod preview;
mod recordings;
mod request_ids;
mod scheduled;
mod secrets;
mod slates;
mod switch_log;
mod system;
mod takes;
mod tally;
mod thumbnails;
mod updates;
mod watch;
