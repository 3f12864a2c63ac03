//! Tests of ingest through its public interface.

mod demux;
mod fixtures;
mod frame_grid;
mod health;
mod log;
mod shell;
mod timeline;
mod tls;
