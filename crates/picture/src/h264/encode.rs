//! A picture as a GOP.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use genlock_media::nal::LENGTH_SIZE;
use genlock_media::{Dependency, TrackConfig, VideoConfig, avc};
use openh264::OpenH264API;
use openh264::encoder::{
    BitRate, Complexity, EncodedBitStream, Encoder, EncoderConfig, FrameRate, IntraFramePeriod,
    Profile, QpRange, RateControlMode, UsageType, VuiConfig,
};

use super::START_CODE;
use crate::error::PictureError;
use crate::limits::{STILL_FRAMES_PER_SECOND, STILL_GOP_BYTES_MAX, STILL_GOP_FRAMES};
use crate::picture::Picture;
use crate::planes::Planes;
use crate::still::StillGop;

/// Quantisers to try, finest first: the first whose GOP is small enough is taken. 22 cannot be told from
/// the picture; 51, the last there is, is for noise of the largest size.
const QUANTISERS: [u8; 5] = [22, 28, 34, 42, 51];

/// The GOP of `picture`, whose size is one that the encoder takes.
pub(crate) fn still(picture: &Picture) -> Result<StillGop, PictureError> {
    let planes = Planes::of(picture);
    for quantiser in QUANTISERS {
        let coded = Coded::encode(&planes, quantiser)?;
        if coded.bytes() <= STILL_GOP_BYTES_MAX {
            return coded.finish();
        }
    }
    Err(failed("the picture needs too many bytes"))
}

/// What came out of the encoder.
#[derive(Default)]
struct Coded {
    parameter_sets: Vec<Bytes>,
    access_units: Vec<Bytes>,
}

impl Coded {
    /// Stops where there are too many bytes: most of a still's are in its first picture.
    fn encode(planes: &Planes, quantiser: u8) -> Result<Self, PictureError> {
        let api = OpenH264API::from_source();
        let mut encoder = Encoder::with_api_config(api, config(quantiser)).map_err(failed)?;
        let mut coded = Self::default();
        for _ in 0..STILL_GOP_FRAMES {
            let stream = encoder.encode(planes).map_err(failed)?;
            coded.take(&stream)?;
            if coded.bytes() > STILL_GOP_BYTES_MAX {
                break;
            }
        }
        Ok(coded)
    }

    fn take(&mut self, stream: &EncodedBitStream<'_>) -> Result<(), PictureError> {
        let mut coded = BytesMut::new();
        let layers = (0..stream.num_layers()).filter_map(|at| stream.layer(at));
        for layer in layers {
            for nal in (0..layer.nal_count()).filter_map(|at| layer.nal_unit(at)) {
                let nal = nal.strip_prefix(&START_CODE).unwrap_or(nal);
                coded.put_u32(u32::try_from(nal.len()).map_err(failed)?);
                coded.put_slice(nal);
            }
        }
        let unit = avc::access_unit(&coded.freeze(), LENGTH_SIZE).map_err(failed)?;
        let expected = self.access_units.is_empty() == (unit.dependency == Dependency::Sync);
        if unit.payload.is_empty() || !expected {
            return Err(failed("it left a picture out, or began again"));
        }
        self.parameter_sets.extend(unit.parameter_sets);
        self.access_units.push(unit.payload);
        Ok(())
    }

    fn bytes(&self) -> usize {
        self.access_units.iter().map(Bytes::len).sum()
    }

    fn finish(self) -> Result<StillGop, PictureError> {
        let config = VideoConfig::from_avc_parameter_sets(&self.parameter_sets).map_err(failed)?;
        Ok(StillGop {
            config: Arc::new(TrackConfig::Video(config)),
            access_units: self.access_units,
        })
    }
}

/// A constant quantiser: every picture after the first has nothing to add. (With rate control off the
/// library takes a quantiser of its own; in this mode it keeps to bounds, which are equal here.) One thread, so that the same picture gives the same bytes.
fn config(quantiser: u8) -> EncoderConfig {
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let frame_rate = FrameRate::from_hz(STILL_FRAMES_PER_SECOND as f32);
    EncoderConfig::new()
        .profile(Profile::Baseline)
        .usage_type(UsageType::CameraVideoRealTime)
        .complexity(Complexity::High)
        .rate_control_mode(RateControlMode::Bufferbased)
        .bitrate(BitRate::from_bps(4_000_000))
        .max_frame_rate(frame_rate)
        .intra_frame_period(IntraFramePeriod::from_num_frames(0))
        .qp(QpRange::new(quantiser, quantiser))
        .skip_frames(false)
        .scene_change_detect(false)
        .adaptive_quantization(false)
        .background_detection(false)
        .num_threads(1)
        .vui(VuiConfig::bt709())
}

fn failed(error: impl std::fmt::Display) -> PictureError {
    PictureError::Encoder(error.to_string())
}

#[cfg(test)]
mod tests {
    use genlock_media::Sample;
    use genlock_media::bits::BitReader;

    use super::*;
    use crate::size::Size;
    use crate::{card, thumbnail};

    fn sample(gop: &StillGop, at: usize) -> Sample {
        Sample {
            config: Arc::clone(&gop.config),
            dts: 0,
            composition_offset: 0,
            duration: None,
            dependency: if at == 0 { Dependency::Sync } else { Dependency::Reference },
            payload: gop.access_units[at].clone(),
        }
    }

    #[test]
    fn a_still_is_one_idr_picture_and_pictures_without_content() {
        let gop = still(&card::draw(Size::HD)).unwrap();
        let video = gop.config.as_video().unwrap();
        assert_eq!((video.width, video.height), (1280, 720));
        assert_eq!(video.max_reorder_frames, Some(0));
        assert_eq!(video.parameter_sets.len(), 2);
        assert_eq!(gop.access_units.len(), STILL_GOP_FRAMES);
        let unchanged: usize = gop.access_units[1..].iter().map(Bytes::len).sum();
        assert!(unchanged < 200 * STILL_GOP_FRAMES, "{unchanged} bytes of nothing");
    }

    #[test]
    fn what_is_decoded_is_the_picture() {
        let picture = card::draw(Size::HD);
        let decoded = thumbnail::decode(&sample(&still(&picture).unwrap(), 0), 1280).unwrap();
        let off = picture.pixels.pixels().zip(decoded.pixels.pixels());
        let off: u64 = off.map(|(one, other)| u64::from(one.0[1].abs_diff(other.0[1]))).sum();
        let mean = off as f64 / f64::from(1280 * 720);
        assert!(mean < 2.0, "the green of a pixel is off by {mean} on average");
    }

    #[test]
    fn the_same_picture_gives_the_same_bytes() {
        let encode = || still(&card::draw(Size::near(640, 360))).unwrap().access_units;
        assert_eq!(encode(), encode());
    }

    #[test]
    fn noise_stays_within_the_limit() {
        let mut seed = 1_u32;
        let pixels = image::RgbImage::from_fn(1920, 1080, |_, _| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [one, two, three, _] = seed.to_be_bytes();
            image::Rgb([one, two, three])
        });
        let gop = still(&Picture { pixels }).unwrap();
        assert!(gop.access_units.iter().map(Bytes::len).sum::<usize>() <= STILL_GOP_BYTES_MAX);
    }

    /// `frame_num` of each picture runs from 0 without a step left out, so that the IDR picture may
    /// follow the last as well as a new one would.
    #[test]
    fn frame_numbers_run_from_the_idr_picture() {
        let gop = still(&card::draw(Size::near(320, 180))).unwrap();
        let numbers: Vec<u32> = gop.access_units.iter().map(|unit| frame_num(&gop, unit)).collect();
        let bits = frame_num_bits(&gop);
        let expect: Vec<u32> = (0..STILL_GOP_FRAMES as u32).map(|at| at % (1 << bits)).collect();
        assert_eq!(numbers, expect);
    }

    fn frame_num_bits(gop: &StillGop) -> u32 {
        let sps = &gop.config.as_video().unwrap().parameter_sets[0];
        let mut reader = BitReader::rbsp("SPS", &sps[4..]);
        reader.ue().unwrap(); // seq_parameter_set_id; Baseline has no chroma fields
        4 + reader.ue().unwrap()
    }

    fn frame_num(gop: &StillGop, unit: &Bytes) -> u32 {
        let nal = genlock_media::nal::length_prefixed(unit, LENGTH_SIZE).last().unwrap().unwrap();
        let mut reader = BitReader::rbsp("slice header", &nal[1..]);
        for _ in ["first_mb_in_slice", "slice_type", "pic_parameter_set_id"] {
            reader.ue().unwrap();
        }
        reader.bits(frame_num_bits(gop)).unwrap()
    }
}
