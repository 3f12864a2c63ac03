//! Every bound on what a peer can make a session hold.
//!
//! The defaults are generous to real encoders and small against memory: a connection that has not
//! been allowed to publish cannot hold more than about a megabyte, one that publishes about 24 MiB,
//! whatever it sends.

/// Limits of one session. The defaults are the documented constants of this module.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Longest message of any type, in bytes, before a publish was accepted.
    pub message_bytes_before_publish: u32,
    /// Longest video or aggregate message in bytes while publishing.
    pub video_message_bytes: u32,
    /// Longest audio message in bytes while publishing.
    pub audio_message_bytes: u32,
    /// Longest data message in bytes while publishing; also bounds message types that are skipped.
    pub data_message_bytes: u32,
    /// Longest command message in bytes.
    pub command_message_bytes: u32,
    /// Longest protocol control or user control message in bytes.
    pub control_message_bytes: u32,
    /// Chunk streams remembered per connection.
    pub chunk_streams: usize,
    /// Bytes reserved for unfinished messages over all chunk streams before a publish was accepted.
    pub partial_bytes_before_publish: usize,
    /// Bytes reserved for unfinished messages over all chunk streams while publishing.
    pub partial_bytes: usize,
    /// Message streams (`createStream`) open at the same time.
    pub message_streams: usize,
    /// Messages inside one aggregate message.
    pub aggregate_messages: usize,
    /// Input bytes held back while the application decides about a connect or a publish.
    pub held_bytes: usize,
    /// Reply bytes waiting to be transmitted.
    pub transmit_bytes: usize,
    /// Events waiting to be polled.
    pub events: usize,
    /// Length of an app name, a stream name or a `tcUrl` in bytes.
    pub name_bytes: usize,
    /// Limits of one AMF decode.
    pub amf: AmfLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes_before_publish: MESSAGE_BYTES_BEFORE_PUBLISH_MAX,
            video_message_bytes: VIDEO_MESSAGE_BYTES_MAX,
            audio_message_bytes: AUDIO_MESSAGE_BYTES_MAX,
            data_message_bytes: DATA_MESSAGE_BYTES_MAX,
            command_message_bytes: COMMAND_MESSAGE_BYTES_MAX,
            control_message_bytes: CONTROL_MESSAGE_BYTES_MAX,
            chunk_streams: CHUNK_STREAMS_MAX,
            partial_bytes_before_publish: PARTIAL_BYTES_BEFORE_PUBLISH_MAX,
            partial_bytes: PARTIAL_BYTES_MAX,
            message_streams: MESSAGE_STREAMS_MAX,
            aggregate_messages: AGGREGATE_MESSAGES_MAX,
            held_bytes: HELD_BYTES_MAX,
            transmit_bytes: TRANSMIT_BYTES_MAX,
            events: EVENTS_MAX,
            name_bytes: NAME_BYTES_MAX,
            amf: AmfLimits::default(),
        }
    }
}

/// Limits of one AMF decode, that is of one message.
#[derive(Clone, Copy, Debug)]
pub struct AmfLimits {
    /// Nesting of objects and arrays.
    pub depth: usize,
    /// Values in one message, nested ones included.
    pub elements: usize,
    /// Length of one string in bytes.
    pub string_bytes: usize,
}

impl Default for AmfLimits {
    fn default() -> Self {
        Self {
            depth: AMF_DEPTH_MAX,
            elements: AMF_ELEMENTS_MAX,
            string_bytes: AMF_STRING_BYTES_MAX,
        }
    }
}

/// A `connect` with every Enhanced RTMP property is about 1 kB; 64 KiB is what an unknown peer may
/// cost us.
pub const MESSAGE_BYTES_BEFORE_PUBLISH_MAX: u32 = 64 * 1024;
/// The largest length that the 24-bit field can say; an intra frame of a 4K camera at 200 Mb/s is
/// about 3 MB.
pub const VIDEO_MESSAGE_BYTES_MAX: u32 = 0x00FF_FFFF;
/// One second of uncompressed 24-bit stereo at 96 kHz is 576 kB; no audio message of an encoder
/// comes near.
pub const AUDIO_MESSAGE_BYTES_MAX: u32 = 1024 * 1024;
/// `onMetaData` is about 500 bytes; captions, cue points and XMP blobs of hardware reach some tens
/// of kB.
pub const DATA_MESSAGE_BYTES_MAX: u32 = 256 * 1024;
/// Commands are a name and a few values.
pub const COMMAND_MESSAGE_BYTES_MAX: u32 = 64 * 1024;
/// Protocol control messages have 4 or 5 bytes, user control events up to 10; the slack is for
/// unknown events.
pub const CONTROL_MESSAGE_BYTES_MAX: u32 = 1024;
/// Encoders use 3 to 6 chunk streams. A multitrack publisher may use one per track.
pub const CHUNK_STREAMS_MAX: usize = 64;
/// Four unfinished messages of the largest size that is allowed before a publish.
pub const PARTIAL_BYTES_BEFORE_PUBLISH_MAX: usize = 256 * 1024;
/// One video message of the largest size and 4 MiB for whatever is interleaved with it.
pub const PARTIAL_BYTES_MAX: usize = 20 * 1024 * 1024;
/// OBS opens one message stream per track that it publishes separately.
pub const MESSAGE_STREAMS_MAX: usize = 8;
/// An aggregate carries a few seconds at most: 4096 messages are 40 s of 60 fps video with audio.
pub const AGGREGATE_MESSAGES_MAX: usize = 4096;
/// Publishers wait for the answer to `connect` and `publish`; this is for those that pipeline.
pub const HELD_BYTES_MAX: usize = 256 * 1024;
/// Replies are about 100 bytes; a peer that causes this many without reading them is flooding.
pub const TRANSMIT_BYTES_MAX: usize = 256 * 1024;
/// More messages than the largest legitimate read can carry; bounds floods of two-byte messages.
pub const EVENTS_MAX: usize = 16 * 1024;
/// URLs beyond this length are refused by most HTTP servers too.
pub const NAME_BYTES_MAX: usize = 4096;
/// AMF nesting. Real messages nest three deep; recursion of this depth costs a few kB of stack.
pub const AMF_DEPTH_MAX: usize = 32;
/// AMF values per message. `onMetaData` of OBS has 20 properties, a large hardware encoder about
/// 100.
pub const AMF_ELEMENTS_MAX: usize = 1000;
/// AMF string length, the largest that the short form can carry.
pub const AMF_STRING_BYTES_MAX: usize = 64 * 1024;

/// First reservation for a message that spans several chunks, and the least growth step after it.
///
/// Covers a typical frame with one allocation; what a peer merely announces costs no more than
/// this.
pub(crate) const PARTIAL_STEP_BYTES: usize = 64 * 1024;
/// Messages shorter than this are copied out of the read buffer instead of sliced.
///
/// A slice keeps the whole read buffer alive; a 300-byte audio message must not pin 64 KiB for as
/// long as a ring buffer holds it.
pub(crate) const COPY_BELOW_BYTES: usize = 1024;
/// Largest chunk size that takes effect: no message is longer (RTMP 1.0 §5.4.1).
pub(crate) const CHUNK_SIZE_MAX: u32 = 0x00FF_FFFF;
/// Tracks in one multitrack message; the track id would allow 256.
pub const FLV_TRACKS_MAX: usize = 32;
/// ModEx prefixes in one enhanced tag; one is defined so far.
pub(crate) const FLV_MOD_EX_MAX: usize = 8;
