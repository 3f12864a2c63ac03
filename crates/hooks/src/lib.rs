//! Telling other systems what happens, over HTTP.
//!
//! Two kinds of hooks:
//!
//! - **form hooks** ([`publish`]): what nginx-rtmp sends when somebody publishes. The back end answers whether
//!   the publisher may; nothing is kept of them.
//! - **JSON hooks** ([`deliveries`]): every [`Notice`] goes to each target that wants it, signed, at least
//!   once, in order for each event; what waits survives a restart.
//!
//! ```text
//!        core (pure)                            │        shell (tokio)
//!  form, verdict      what to ask, what it means │ publish ────────┐
//!  notice, signature  what to tell, sealed       │                 ├─▶ client ─▶ target
//!  queue, backoff     which delivery is due      │ deliveries ─────┘
//!  target, address    where to, and where never  │      └─▶ Store
//! ```
//!
//! Architecture Invariant: a target is a URL of the configuration or of an administrator. Nothing that a publisher, a viewer or a
//! target says becomes an address that is connected to: redirects are not followed, and what is connected to is
//! the address that was checked, not the name that was looked up.
//!
//! Architecture Invariant: no secret is logged: no stream key, no signing secret, no path or query of a target.

pub mod address;
mod attempt;
pub mod backoff;
pub mod client;
mod counts;
pub mod deliveries;
pub mod form;
pub mod hook_target;
pub mod limits;
pub mod notice;
pub mod publish;
pub mod queue;
pub mod signature;
pub mod target;
mod tls;
pub mod verdict;

pub use address::{AddressPolicy, Network};
pub use backoff::Backoff;
pub use client::{CallError, Client};
pub use counts::HookCounts;
pub use deliveries::{Deliveries, Notices};
pub use hook_target::{HookTarget, InvalidHookTarget};
pub use notice::{KindFilter, Notice};
pub use publish::{OnFailure, PublishConfig, PublishHooks, Update};
pub use signature::Secret;
pub use target::Target;
pub use tls::InvalidCertificates;
pub use verdict::{Refused, Verdict};
