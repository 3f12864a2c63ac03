//! The origin as a viewer sees it: a synthetic camera, a served origin and an HTTP client in one
//! process.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod blocking;
mod demand;
mod front;
mod http;
mod listings;
mod support;
mod tls;
mod viewers;
