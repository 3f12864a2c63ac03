//! Chunk streams: messages cut into interleaved chunks, and put together again (RTMP 1.0 §5.3).
//!
//! ```text
//! chunk          = basic header, message header, [extended timestamp], data
//! basic header   = fmt (2 bits), chunk stream id (1, 2 or 3 bytes)
//! message header = fmt 0: timestamp 3, length 3, type 1, message stream 4 (little-endian)
//!                  fmt 1: delta 3, length 3, type 1
//!                  fmt 2: delta 3
//!                  fmt 3: nothing
//! ```
//!
//! Header state and the unfinished payload belong to the chunk stream, so that messages may
//! interleave.

mod header;
mod reader;
mod writer;

pub use reader::{ChunkReader, Phase, Received};
pub use writer::{ChunkWriter, ExtendedTimestamps, HeaderCompression};

/// The chunk size of both directions until somebody says otherwise (RTMP 1.0 §5.4.1).
pub const DEFAULT_CHUNK_SIZE: u32 = 128;
/// The value of the 24-bit time field that announces an extended timestamp.
const EXTENDED: u32 = 0x00FF_FFFF;
