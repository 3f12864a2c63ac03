//! A picture as a GOP of H.264 that can be shown for as long as one likes.
//!
//! One IDR picture and pictures that change nothing: shown once, or repeated with later times for ever.
//! Repeating it is legal (ISO/IEC 14496-10 §7.4.3): the GOP is closed, and `idr_pic_id` needs to differ
//! only between IDR pictures that follow each other directly, which here they never do.

use std::sync::Arc;

use bytes::Bytes;
use genlock_media::TrackConfig;

use crate::error::PictureError;
use crate::picture::Picture;
use crate::size::Size;

/// A closed GOP, [`STILL_FRAMES_PER_SECOND`](crate::limits::STILL_FRAMES_PER_SECOND) pictures a second,
/// without reordering.
#[derive(Debug, Clone)]
pub struct StillGop {
    /// What decodes it.
    pub config: Arc<TrackConfig>,
    /// The access units, each as a [`genlock_media::Sample`] wants its payload. The first is an IDR
    /// picture, the others refer to those before them. At least two.
    pub access_units: Vec<Bytes>,
}

/// Encodes `picture`, fitted into `size`. The same picture and size give the same bytes.
///
/// Takes 0.1 to 1 s of CPU, by size.
///
/// # Errors
/// When this build has no codec, or it fails.
pub fn encode(picture: &Picture, size: Size) -> Result<StillGop, PictureError> {
    let fitted = picture.fitted(size);
    #[cfg(feature = "h264")]
    {
        crate::h264::encode::still(&fitted)
    }
    #[cfg(not(feature = "h264"))]
    {
        drop(fitted);
        Err(PictureError::NoCodec)
    }
}
