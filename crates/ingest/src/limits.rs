//! Everything that a publisher can make grow, and how far.

/// Access units held while the map to the event clock is not fixed. 1 024: half a second of 120 fps
/// video and 5 ms Opus is 160; the rest is for a burst of what an encoder gathered while connecting.
pub const HELD_UNITS_MAX: usize = 1_024;

/// Payload bytes of those. 16 MiB: two of the largest video messages.
pub const HELD_BYTES_MAX: usize = 16 << 20;

/// Largest sync offset of a camera in microseconds, either way. 10 s: a longer delay than any camera
/// chain has, and a third of what a Feed keeps.
pub const SYNC_OFFSET_MAX_MICROS: i64 = 10_000_000;
