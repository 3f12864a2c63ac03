//! RTMP ingest: FLV to samples on the event clock; listener and connections.

pub mod limits;
pub mod timeline;
pub mod unit;
