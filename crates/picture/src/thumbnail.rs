//! A sync sample as a picture.

use genlock_media::Sample;

use crate::error::PictureError;
use crate::picture::Picture;

/// Decodes the picture of a video sync sample, shrunk by a whole number to at most `width_max` columns.
///
/// Takes about 0.1 s of CPU for a picture of 1080 rows. Nothing is kept from one call to the next, so
/// one publisher's samples cannot reach into another's picture.
///
/// # Errors
/// When it is no sync sample of a codec that is decoded here (H.264), is above a limit or broken (which
/// includes interlaced pictures), or this build has no codec.
pub fn decode(sample: &Sample, width_max: u32) -> Result<Picture, PictureError> {
    #[cfg(feature = "h264")]
    {
        crate::h264::decode::picture(sample, width_max)
    }
    #[cfg(not(feature = "h264"))]
    {
        let _ = (sample, width_max);
        Err(PictureError::NoCodec)
    }
}
