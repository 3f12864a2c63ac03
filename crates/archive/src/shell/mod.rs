//! The shell: the store, the folder, and the task that carries recordings from one to the other.

mod carrier;
mod config;
mod error;
mod folder;
mod objects;
mod status;

pub use carrier::Carrier;
pub use config::{StoreConfig, StoreError, StoreUrl};
pub use objects::Objects;
pub use status::{Archive, ArchiveTotals, Happened};
