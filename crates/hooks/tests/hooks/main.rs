//! Hooks against a real HTTP server on the loopback.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod client;
mod deliveries;
mod publish;
mod server;
