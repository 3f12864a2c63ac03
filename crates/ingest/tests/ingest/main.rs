//! Tests of ingest through its public interface.

mod demux;
mod fixtures;
mod health;
mod log;
mod shell;
mod timeline;
