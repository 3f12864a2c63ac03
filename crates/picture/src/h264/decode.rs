//! A sync sample as a picture.

use genlock_media::avc::Sps;
use genlock_media::nal::{LENGTH_SIZE, length_prefixed};
use genlock_media::{Sample, VideoCodec, VideoConfig};
use openh264::OpenH264API;
use openh264::decoder::{Decoder, DecoderConfig};

use super::START_CODE;
use crate::error::PictureError;
use crate::limits::{DECODED_BYTES_MAX, DECODED_PIXELS_MAX};
use crate::picture::Picture;
use crate::planes;

/// Decodes `sample` in a decoder of its own.
pub(crate) fn picture(sample: &Sample, width_max: u32) -> Result<Picture, PictureError> {
    let config = sample.config.as_video().filter(|_| sample.is_video_sync());
    let config = config.ok_or(PictureError::UnsupportedCodec)?;
    check(config, sample.payload.len())?;
    let stream = byte_stream(config, sample)?;
    let api = OpenH264API::from_source();
    let mut decoder = Decoder::with_api_config(api, DecoderConfig::new()).map_err(malformed)?;
    let decoded = decoder.decode(&stream).map_err(malformed)?;
    let decoded = decoded.ok_or_else(|| malformed("there is no picture in it"))?;
    planes::shrunk(&decoded, width_max).ok_or_else(|| malformed("a plane is cut short"))
}

/// Bounds what the decoder will be told, all parameter sets that a slice may choose from included.
fn check(config: &VideoConfig, bytes: usize) -> Result<(), PictureError> {
    if config.codec != VideoCodec::Avc {
        return Err(PictureError::UnsupportedCodec);
    }
    within("bytes of the sync sample", bytes as u64, DECODED_BYTES_MAX as u64)?;
    for set in &config.parameter_sets {
        // Those that are not sequence parameter sets have no size.
        if let Ok(sps) = Sps::parse(set) {
            let pixels = u64::from(sps.width) * u64::from(sps.height);
            within("pixels of the sync sample", pixels, DECODED_PIXELS_MAX)?;
        }
    }
    Ok(())
}

fn byte_stream(config: &VideoConfig, sample: &Sample) -> Result<Vec<u8>, PictureError> {
    let mut stream = Vec::with_capacity(sample.payload.len().saturating_add(256));
    let mut put = |nal: &[u8]| {
        stream.extend_from_slice(&START_CODE);
        stream.extend_from_slice(nal);
    };
    config.parameter_sets.iter().for_each(|set| put(set));
    for nal in length_prefixed(&sample.payload, LENGTH_SIZE) {
        put(&nal.map_err(malformed)?);
    }
    Ok(stream)
}

fn within(what: &'static str, got: u64, limit: u64) -> Result<(), PictureError> {
    if got > limit {
        return Err(PictureError::LimitExceeded { what, limit, got });
    }
    Ok(())
}

fn malformed(error: impl std::fmt::Display) -> PictureError {
    PictureError::Malformed { format: "H.264", detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, LazyLock};

    use bytes::Bytes;
    use genlock_media::{Dependency, TrackConfig};
    use proptest::prelude::*;

    use super::*;
    use crate::size::Size;
    use crate::still::{self, StillGop};
    use crate::{card, thumbnail};

    fn sync_sample(gop: &StillGop) -> Sample {
        Sample {
            config: Arc::clone(&gop.config),
            dts: 0,
            composition_offset: 0,
            duration: None,
            dependency: Dependency::Sync,
            payload: gop.access_units[0].clone(),
        }
    }

    fn small() -> Sample {
        static GOP: LazyLock<StillGop> = LazyLock::new(|| {
            let size = Size::near(320, 180);
            still::encode(&card::draw(size), size).unwrap()
        });
        sync_sample(&GOP)
    }

    #[test]
    fn a_picture_is_shrunk_by_a_whole_number() {
        let size = Size::near(1920, 1080);
        let sample = sync_sample(&still::encode(&card::draw(size), size).unwrap());
        let decoded = thumbnail::decode(&sample, 640).unwrap();
        assert_eq!((decoded.width(), decoded.height()), (640, 360));
        let decoded = thumbnail::decode(&small(), 640).unwrap();
        assert_eq!((decoded.width(), decoded.height()), (320, 180), "never enlarged");
    }

    #[test]
    fn what_is_no_sync_sample_is_not_decoded() {
        let inter = Sample { dependency: Dependency::Reference, ..small() };
        assert_eq!(thumbnail::decode(&inter, 640), Err(PictureError::UnsupportedCodec));
    }

    #[test]
    fn sizes_are_bounded_before_the_decoder_sees_them() {
        let sample = small();
        let TrackConfig::Video(mut video) = (*sample.config).clone() else { panic!("video") };
        // Baseline, level 5.2, 1024 x 1024 macroblocks.
        let sps =
            Bytes::from_static(&[0x67, 0x42, 0x00, 0x34, 0xda, 0x00, 0x10, 0x00, 0x00, 0x80, 0x19]);
        assert_eq!(Sps::parse(&sps).map(|sps| (sps.width, sps.height)), Ok((16_384, 16_384)));
        video.parameter_sets.push(sps);
        let sample = Sample { config: Arc::new(TrackConfig::Video(video)), ..sample };
        let refused = thumbnail::decode(&sample, 640);
        assert!(matches!(refused, Err(PictureError::LimitExceeded { .. })), "{refused:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// Broken pictures are an error, or at most other pixels.
        #[test]
        fn broken_pictures_do_not_panic(at: usize, value: u8, keep in 5..6_000_usize) {
            let sample = small();
            let mut payload = sample.payload.to_vec();
            payload.truncate(keep);
            let at = at % payload.len();
            payload[at] ^= value;
            let _ = thumbnail::decode(&Sample { payload: payload.into(), ..sample }, 640);
        }
    }
}
