//! The packager as viewers see it: every snapshot of simulated Feeds, read by a foreign parser.

// Test code states its expectations by panicking.
#![allow(clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod camera;
mod dialects;
mod gaps;
mod golden;
mod instant;
mod listing;
mod media;
mod properties;
mod retention;
mod splices;
mod tracks;
mod turns;
mod viewer;
