//! Every bound of this crate, with its unit, its default and its reason.

/// Bytes of an upload: 8 MiB. A photograph of a telephone is 2 to 6 MiB.
pub const UPLOAD_BYTES_MAX: usize = 8 << 20;

/// Pixels of an uploaded picture: 32 million, a telephone's 24 and some. It takes 96 MB while it is
/// read, and nothing afterwards.
pub const UPLOAD_PIXELS_MAX: u64 = 32_000_000;

/// Longest side of an uploaded picture in pixels: 16 384.
pub const UPLOAD_SIDE_MAX: u32 = 16_384;

/// Shortest side of an uploaded picture in pixels: 16, below which nothing can be recognised.
pub const UPLOAD_SIDE_MIN: u32 = 16;

/// Bytes that reading an upload may allocate: 160 MiB, its pixels with alpha and a decoder's rows.
pub const UPLOAD_ALLOCATION_MAX: u64 = 160 << 20;

/// Longest side of a coded picture: 3840 pixels, the encoder's own limit.
pub const CODED_LONG_SIDE_MAX: u32 = 3_840;

/// Other side of a coded picture: 2160 pixels, the encoder's own limit.
pub const CODED_SHORT_SIDE_MAX: u32 = 2_160;

/// Shortest side of a coded picture: 64 pixels. Smaller ones are of no use to a player.
pub const CODED_SIDE_MIN: u32 = 64;

/// Frames per second of a still. 25: a still needs no more, and players are used to it.
pub const STILL_FRAMES_PER_SECOND: u32 = 25;

/// Pictures of a still's GOP: 25, a second. Whoever starts to show it waits for its sync sample.
pub const STILL_GOP_FRAMES: usize = 25;

/// Bytes of a still's GOP: 300 kB, 2.4 Mb/s. A picture that needs more is coded more coarsely.
pub const STILL_GOP_BYTES_MAX: usize = 300_000;

/// Pixels of a picture that is decoded for a thumbnail: 4096 x 2304, above 4K. The decoder allocates by
/// what the parameter sets say, so this is checked before they reach it.
pub const DECODED_PIXELS_MAX: u64 = 4_096 * 2_304;

/// Bytes of an access unit that is decoded for a thumbnail: 4 MiB, ten times a large 1080p one.
pub const DECODED_BYTES_MAX: usize = 4 << 20;
