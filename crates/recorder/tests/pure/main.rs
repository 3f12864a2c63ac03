//! The pure core against its own index, against cuts at every byte and against ffmpeg's reader; the shell
//! against a folder.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod damage;
mod disk;
mod editing;
mod elsewhere;
mod long;
mod recut;
mod support;
mod using;
mod writing;
