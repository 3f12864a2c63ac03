//! Recordings that are finished, carried to an object store, and read from there when the disk has them no more.
//!
//! ```text
//! {event}/{source}/{began}/0001.mp4 ─ parts ─▶ object of the same name ─ size, checksum ─▶ verified ─▶ let go here
//!                          index    ─ whole ─▶ object                                       (stays here, too)
//!                          stored.json         the ledger: how far that is
//! ```
//!
//! | module | owns |
//! |---|---|
//! | [`ledger`] | what a store has of a recording, as it is kept on the disk |
//! | [`plan`] | what is to be done next |
//! | [`checksum`] | what a store says of an object, against what was sent |
//! | [`limits`] | every bound |
//! | [`shell`] | the store, and the task that carries recordings there |
//!
//! All but [`shell`] are pure. One task sends one part of one file at a time, so the live side shares its network with one
//! connection; it reads files that nobody writes to any more, and nothing waits for it.

pub mod checksum;
pub mod ledger;
pub mod limits;
pub mod plan;
pub mod shell;

pub use ledger::{Ledger, Stored};
pub use plan::{Facts, Policy, Step};
pub use shell::{
    Archive, ArchiveTotals, Carrier, Happened, Objects, StoreConfig, StoreError, StoreUrl,
};
