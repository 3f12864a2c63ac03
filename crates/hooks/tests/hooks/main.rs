//! Hooks against a real HTTP server on the loopback.

mod client;
mod deliveries;
mod publish;
mod server;
