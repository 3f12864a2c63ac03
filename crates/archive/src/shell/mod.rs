//! The shell: the store, the folder, and the task that carries recordings from one to the other.

mod back_off;
mod carrier;
mod config;
mod error;
mod folder;
mod objects;
mod removals;
mod status;
mod time;

pub use carrier::Carrier;
pub use config::{StoreConfig, StoreError, StoreUrl};
pub use objects::Objects;
pub use status::{Archive, ArchiveTotals, Happened};
