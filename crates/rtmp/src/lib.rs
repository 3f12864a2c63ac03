//! RTMP and Enhanced RTMP for a server that receives live streams, as a sans-IO protocol core.
//!
//! The crate reads and writes bytes that somebody else moves. It opens no socket, reads no clock,
//! draws no random number and knows no media: an audio or video message is an FLV tag header
//! (parsed by [`flv`]) in front of a byte slice.
//!
//! ```text
//!  bytes ─▶ handshake ─▶ chunk reader ─▶ link ─▶ command / data / media messages ─▶ ServerEvent
//!                            (per chunk stream)  (chunk size, abort, acknowledgement, ping)
//! ```
//!
//! | module | owns | specification |
//! |---|---|---|
//! | [`server`] | the publisher's session seen from the server | RTMP 1.0 §7.2 |
//! | [`client`] | the same session seen from a publisher, for tests and load | RTMP 1.0 §7.2 |
//! | [`chunk`] | chunk streams to messages and back | RTMP 1.0 §5.3 |
//! | [`message`] | message types, aggregates, protocol control | RTMP 1.0 §5.4, §6, §7.1 |
//! | [`amf0`] | Action Message Format 0, with the switch to AMF3 | AMF0 §2, AMF3 §3 |
//! | [`enhanced`] | what both sides announce in `connect` | E-RTMP v2, "Enhancing NetConnection …" |
//! | [`flv`] | audio and video tag headers, legacy and enhanced | FLV 10.1 Annex E, E-RTMP v2 |
//! | [`limits`] | every bound on what a peer can make us hold | |
//!
//! "RTMP 1.0" is Adobe's specification of December 2012, "E-RTMP v2" the Veovera specification
//! v2-2026-01-31-r2.
//!
//! Input never panics: malformed bytes are an [`RtmpError`] that names the byte position, the chunk
//! stream and the message type. A decoded number never sizes an allocation.

// Lints of a wire crate; tests compute on values that they chose themselves.
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::indexing_slicing
    )
)]

pub mod amf0;
pub mod chunk;
pub mod client;
pub mod enhanced;
pub mod error;
pub mod flv;
pub mod limits;
pub mod message;
pub mod names;
pub mod server;
pub mod time;

mod handshake;
mod link;

pub use client::{ClientConfig, ClientEvent, ClientSession, MediaOut};
pub use enhanced::{Capabilities, Extensions};
pub use error::{Malformed, Misbehaviour, RtmpError, Unsupported, WirePosition};
pub use limits::{AmfLimits, Limits};
pub use names::{ChunkStreamId, MessageStreamId, PublishId, Query, StreamKey, TcUrl};
pub use server::{
    ConnectRequest, EndReason, MediaKind, MediaMessage, PublishRequest, PublishType, RejectCode,
    ServerConfig, ServerEvent, ServerSession,
};
pub use time::RtmpTimestamp;
