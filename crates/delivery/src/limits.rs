//! What viewers may take: connections, time, bytes, held requests. Every value has a unit, a
//! default and a reason.

use std::time::Duration;

/// Bounds of the HTTP server. One viewer is usually one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLimits {
    /// Connections open at once; one more is accepted and closed at once. Default 32 768: room for
    /// 20 000 held requests and the downloads beside them, at a few KiB each.
    pub connections: usize,
    /// Connections open at once from one address (an IPv6 /64 counts as one). Default 32 768, which is all of them, so
    /// there is no such limit: a proxy, a carrier's NAT and a hall full of viewers each are one address.
    pub connections_per_address: usize,
    /// Time for a TLS handshake. Default 10 s: two round trips and a signature; a connection counts as open from its
    /// accept on.
    pub tls_handshake_timeout: Duration,
    /// Time from the accept to the first complete request head. Default 10 s: a player sends it at
    /// once, a scanner never.
    pub first_request_timeout: Duration,
    /// Time without any request before a kept-alive connection is closed; the head of the next
    /// request must be complete within it. Default 60 s: longer than any reload interval.
    pub idle_timeout: Duration,
    /// Time in which a connection that has bytes to send must move `write_progress_bytes`. Default
    /// 10 s.
    pub write_timeout: Duration,
    /// Bytes that count as progress, unit byte. Default 16 KiB per `write_timeout`, which is 13
    /// kbit/s: slower than any rendition that could be watched.
    pub write_progress_bytes: u64,
    /// Time that one playlist, part or segment may take to be sent. Default 60 s: it bounds for how
    /// long a slow viewer keeps media in memory that left the window.
    pub response_timeout: Duration,
    /// Time that a graceful stop waits for responses that are being sent. Default 10 s.
    pub drain_timeout: Duration,
    /// HTTP/2 streams open at once on a connection. Default 64: a player has a handful, a proxy
    /// opens more connections.
    pub h2_streams: u32,
    /// Bytes of an HTTP/1 request head, and bytes that hyper gathers before it writes. Default 64
    /// KiB.
    pub h1_buffer_bytes: usize,
    /// Bytes of an HTTP/2 request's header list. Default 16 KiB.
    pub h2_header_list_bytes: u32,
    /// Bytes of media that HTTP/2 takes from a body ahead of the socket, per stream. Default 256
    /// KiB.
    pub h2_send_buffer_bytes: usize,
    /// Connections that wait to be accepted. Default 4096: an audience that comes back at once.
    pub backlog: u32,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 32_768,
            connections_per_address: 32_768,
            tls_handshake_timeout: Duration::from_secs(10),
            first_request_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(10),
            write_progress_bytes: 16 << 10,
            response_timeout: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(10),
            h2_streams: 64,
            h1_buffer_bytes: 64 << 10,
            h2_header_list_bytes: 16 << 10,
            h2_send_buffer_bytes: 256 << 10,
            backlog: 4096,
        }
    }
}

/// Bounds of the HLS origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OriginLimits {
    /// Requests held at once over all publications (blocking reloads, preload hints, first
    /// playlists); one more is answered 503. Default 20 000, at a few KiB each.
    pub held_requests: usize,
    /// How long the first playlist of a publication that has nothing to show yet is waited for
    /// before the answer is 404. Default 5 s: a camera's first segment usually closes within it.
    pub first_content_wait: Duration,
    /// How long a blocking request is held before the answer is 503, in target durations. Default 3
    /// (rfc8216bis-22 §6.2.5.2).
    pub held_target_durations: u32,
}

impl Default for OriginLimits {
    fn default() -> Self {
        Self {
            held_requests: 20_000,
            first_content_wait: Duration::from_secs(5),
            held_target_durations: 3,
        }
    }
}

/// Longest HTTP/1 request head that the origin reads itself, in bytes. A longer one goes to hyper, whose bound is
/// [`ServerLimits::h1_buffer_bytes`]; players send a tenth of it.
pub const H1_HEAD_BYTES_MAX: usize = 8 << 10;

/// Most fields of an HTTP/1 request head that the origin reads itself; one with more goes to hyper. A browser behind
/// two proxies sends thirty.
pub const H1_FIELDS_MAX: usize = 64;

/// Smallest body that is worth a copy in a file, in bytes. Default 128 KiB: below, one vectored write is as cheap.
pub const COPIED_SEGMENT_BYTES_MIN: usize = 128 << 10;

/// Viewers of a segment by plain HTTP/1.1 before it is copied into a file that the kernel sends by itself. Default 4: the
/// copy costs about as much as sending it to three, and a single viewer is sent bytes faster.
pub const VIEWERS_BEFORE_COPY: usize = 4;

/// Bytes of all such copies; further segments are sent without. Default 256 MiB: the windows of some twenty programmes.
/// They are memory of the machine, though not resident memory of the process.
pub const COPIED_BYTES_MAX: usize = 256 << 20;

/// Largest body that is put behind its head in one buffer, in bytes. Default 8 KiB: copying a playlist costs less than
/// telling the kernel of two places.
pub const FLAT_BYTES_MAX: usize = 8 << 10;

/// Bytes of such a copy that one call sends. Default 512 KiB: a fraction of a millisecond, in which the others wait.
pub const SENT_AT_ONCE_BYTES: usize = 512 << 10;

/// Longest playback token, in bytes: a key's id, a time, two letters and 64 digits.
pub const PLAYBACK_TOKEN_BYTES_MAX: usize = 128;

/// Playback tokens that were right and are remembered, at 16 bytes each and about 200 more once used. A token that is
/// not among them costs two hashes more.
pub const VERIFIED_TOKENS_MAX: usize = 16_384;

/// Viewers of one publication that are told apart in one [`AUDIENCE_PERIOD`], at about 20 bytes each.
pub const AUDIENCE_MAX: usize = 100_000;

/// Who reloaded a playlist in this period or the one before counts as a viewer. Default 15 s: longer than the slowest
/// player's reload interval, the longest target duration of 10 s.
pub const AUDIENCE_PERIOD: Duration = Duration::from_secs(15);

/// For how long the last window of a publication that was finished is served. Default 10 min: whoever watches sees
/// the end, and the memory is free again soon.
pub const FINISHED_TIME: Duration = Duration::from_secs(600);

/// Longest event or publication name in a path, in bytes.
pub const NAME_BYTES_MAX: usize = 64;

/// Longest resource name in a path, in bytes: a session, a number, a suffix.
pub const RESOURCE_BYTES_MAX: usize = 128;
