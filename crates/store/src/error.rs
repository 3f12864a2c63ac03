//! What can go wrong behind the [`Store`](crate::Store).

use std::error::Error;
use std::path::PathBuf;

/// An error of a store. The variants tell the caller what to do, not which back end it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The data folder or the file in it cannot be opened.
    #[error("cannot open {}: {source}", path.display())]
    Open {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Another process has the data folder.
    #[error("the data folder {} is used by another process", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The file is a database of something else.
    #[error("{} is not a genlock store", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a later version, whose changes this one would lose.
    #[error(
        "{} was written by a newer genlock (schema {found}, this one knows up to {supported})",
        path.display()
    )]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: u32,
        /// The newest that this build knows.
        supported: u32,
    },
    /// The id or the key is taken.
    #[error("the {what} already exists")]
    AlreadyExists {
        /// `event`, `camera`, `key`, `scheduled take` or `token`.
        what: &'static str,
    },
    /// The record that the new one would belong to does not exist.
    #[error("the {what} does not exist")]
    NotFound {
        /// `event`.
        what: &'static str,
    },
    /// There are already as many as there may be.
    #[error("there are already {limit} {what}")]
    LimitExceeded {
        /// `events`, `cameras in the event`, and the like.
        what: &'static str,
        /// The limit.
        limit: u32,
    },
    /// The back end cannot be reached, or does not take calls now. A write may or may not take effect.
    #[error("the store is not available: {0}")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The back end refused the call for what it is: it would refuse it again.
    #[error("the store refused: {0}")]
    Rejected(#[source] Box<dyn Error + Send + Sync>),
    /// The shared database is not the one that was copied to the data folder.
    #[error("the database is not the one that the data folder has the copy of")]
    OtherDatabase,
    /// Records come in a form that this build does not know.
    #[error("the records have form {found}, this genlock knows form {supported}")]
    NewerFormat {
        /// Their form.
        found: u32,
        /// The form that this build knows.
        supported: u32,
    },
    /// No answer in time. A write may or may not take effect.
    #[error("the store did not answer in time")]
    TimedOut,
    /// The store was closed, or its writer ended.
    #[error("the store is closed")]
    Closed,
    /// What is stored cannot be read as what it should be.
    #[error("a stored {what} cannot be read: {source}")]
    Corrupt {
        /// Which kind of record.
        what: &'static str,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The back end failed: disk full, file damaged, device gone.
    #[error("the store failed: {0}")]
    Backend(#[source] Box<dyn Error + Send + Sync>),
}
