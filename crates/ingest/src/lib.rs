//! RTMP ingest: FLV to samples on the event clock; listener and connections.

pub mod demux;
pub mod health;
pub mod intake;
pub mod limits;
pub mod monitor;
mod rate;
pub mod timeline;
pub mod unit;
