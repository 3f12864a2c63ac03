//! OpenH264. Nothing outside of this module knows which codec library there is.

pub(crate) mod decode;
pub(crate) mod encode;

/// What precedes a NAL unit in a byte stream (ISO/IEC 14496-10 annex B).
const START_CODE: [u8; 4] = [0, 0, 0, 1];
