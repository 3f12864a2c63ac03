//! How much of anything a peer's bitstream can make this crate keep.
//!
//! Everything else is bounded by the size of the message that is parsed: slices of it are shared, not
//! copied, and no allocation is sized by a decoded number.

/// NAL units (or AV1 OBUs) in one access unit.
///
/// H.265 allows 600 slice segments at level 6.2, the highest count of any level (H.265 table A.8); the
/// rest is room for SEI and parameter sets. Without it a 16 MiB message of one-byte NAL units would
/// cost a hundred MiB of slices.
pub const NAL_UNITS_PER_ACCESS_UNIT: usize = 1024;
