//! Codec configuration: what a decoder must know before the first sample of a track.
//!
//! Two configurations are the same exactly when their bytes are: a repeated sequence header is not
//! an event, a changed byte is.

use std::num::NonZeroU32;

use bytes::Bytes;

use crate::error::MediaError;
use crate::time::Timescale;
use crate::{aac, av1, avc, hevc, nal, opus};

/// Video or audio. A Feed has at most one track of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TrackKind {
    /// Pictures.
    Video,
    /// Sound.
    Audio,
}

/// Configuration of a track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrackConfig {
    /// Pictures.
    Video(VideoConfig),
    /// Sound.
    Audio(AudioConfig),
}

impl TrackConfig {
    /// Video or audio.
    #[must_use]
    pub const fn kind(&self) -> TrackKind {
        match self {
            Self::Video(_) => TrackKind::Video,
            Self::Audio(_) => TrackKind::Audio,
        }
    }

    /// Unit of the track's times: 90 kHz for video, the sample rate for audio.
    #[must_use]
    pub const fn timescale(&self) -> Timescale {
        match self {
            Self::Video(_) => Timescale::VIDEO,
            Self::Audio(audio) => audio.timescale,
        }
    }

    /// The codec string of RFC 6381 for a playlist's `CODECS`, for example `avc1.64001f`.
    #[must_use]
    pub fn codec_string(&self) -> &str {
        match self {
            Self::Video(video) => &video.codec_string,
            Self::Audio(audio) => &audio.codec_string,
        }
    }

    /// The video configuration, if this is one.
    #[must_use]
    pub const fn as_video(&self) -> Option<&VideoConfig> {
        match self {
            Self::Video(video) => Some(video),
            Self::Audio(_) => None,
        }
    }

    /// The audio configuration, if this is one.
    #[must_use]
    pub const fn as_audio(&self) -> Option<&AudioConfig> {
        match self {
            Self::Audio(audio) => Some(audio),
            Self::Video(_) => None,
        }
    }
}

/// A video codec that Genlock carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VideoCodec {
    /// H.264, sample entry `avc1`.
    Avc,
    /// H.265, sample entry `hvc1`.
    Hevc,
    /// AV1, sample entry `av01`.
    Av1,
}

/// Configuration of a video track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoConfig {
    /// The codec.
    pub codec: VideoCodec,
    /// The decoder configuration record as the publisher sent it, with `lengthSizeMinusOne`
    /// normalised to 3 (and in `hvcC` the parameter set arrays marked complete, as `hvc1` demands):
    /// the body of `avcC`, `hvcC` or `av1C`.
    pub record: Bytes,
    /// AVC: SPS then PPS; HEVC: VPS, SPS, PPS; each one NAL unit without length or start code. AV1:
    /// the configuration OBUs, each whole and with its size, so that they can be written one after
    /// the other. To be repeated in band before every sync sample, whatever the codec: payloads of
    /// samples hold none of them.
    pub parameter_sets: Vec<Bytes>,
    /// Coded width in pixels after cropping.
    pub width: u32,
    /// Coded height in pixels after cropping.
    pub height: u32,
    /// RFC 6381.
    pub codec_string: String,
    /// What the parameter sets say about the frame rate. Encoders leave it out or lie: measure
    /// timestamps where it matters. Never present for HEVC.
    pub frame_rate_hint: Option<FrameRate>,
    /// How many pictures can precede a picture in decoding order and follow it in output order; zero
    /// means that there are no B-frames. `None` where the parameter sets do not say, and for AV1,
    /// whose temporal units come in output order anyway.
    pub max_reorder_frames: Option<u8>,
}

/// Frames per second as an exact fraction in lowest terms, above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameRate {
    numerator: NonZeroU32,
    denominator: NonZeroU32,
}

impl FrameRate {
    /// `numerator` frames in `denominator` seconds, `None` if one of them is zero.
    #[must_use]
    pub const fn new(numerator: u32, denominator: u32) -> Option<Self> {
        let (mut divisor, mut rest) = (numerator, denominator);
        while rest != 0 {
            (divisor, rest) = (rest, divisor % rest);
        }
        if divisor == 0 {
            return None;
        }
        match (NonZeroU32::new(numerator / divisor), NonZeroU32::new(denominator / divisor)) {
            (Some(numerator), Some(denominator)) => Some(Self { numerator, denominator }),
            _ => None,
        }
    }

    /// Frames in [`FrameRate::denominator`] seconds.
    #[must_use]
    pub const fn numerator(self) -> u32 {
        self.numerator.get()
    }

    /// Seconds that [`FrameRate::numerator`] frames last.
    #[must_use]
    pub const fn denominator(self) -> u32 {
        self.denominator.get()
    }

    /// Frames per second, for text.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.numerator()) / f64::from(self.denominator())
    }
}

impl VideoConfig {
    /// Reads an `AVCDecoderConfigurationRecord` (ISO/IEC 14496-15 §5.3.3.1).
    ///
    /// # Errors
    /// When the record or its first SPS does not parse.
    pub fn from_avcc(record: &Bytes) -> Result<Self, MediaError> {
        avc::config_from_record(record)
    }

    /// Builds the configuration from in-band parameter sets.
    ///
    /// # Errors
    /// When there is no SPS or no PPS, or the SPS does not parse.
    pub fn from_avc_parameter_sets(sets: &[Bytes]) -> Result<Self, MediaError> {
        avc::config_from_parameter_sets(sets)
    }

    /// Reads an `HEVCDecoderConfigurationRecord` (ISO/IEC 14496-15 §8.3.3.1).
    ///
    /// # Errors
    /// When the record or its first SPS does not parse.
    pub fn from_hvcc(record: &Bytes) -> Result<Self, MediaError> {
        hevc::config_from_record(record)
    }

    /// Builds the configuration from in-band parameter sets.
    ///
    /// # Errors
    /// When one of VPS, SPS and PPS is missing, or the SPS does not parse.
    pub fn from_hevc_parameter_sets(sets: &[Bytes]) -> Result<Self, MediaError> {
        hevc::config_from_parameter_sets(sets)
    }

    /// Reads an `AV1CodecConfigurationRecord` (AV1-ISOBMFF §2.3).
    ///
    /// # Errors
    /// When the record or its sequence header does not parse.
    pub fn from_av1c(record: &Bytes) -> Result<Self, MediaError> {
        av1::config_from_record(record)
    }

    /// Builds the configuration from an in-band sequence header OBU.
    ///
    /// # Errors
    /// When there is no sequence header, or it does not parse.
    pub fn from_av1_parameter_sets(sets: &[Bytes]) -> Result<Self, MediaError> {
        av1::config_from_parameter_sets(sets)
    }

    /// The configuration after `sets` were found in band: each replaces the set of the same kind and
    /// identifier. `None` when that changes nothing, which is the usual case.
    ///
    /// # Errors
    /// When a set that differs does not parse.
    pub fn updated_by(&self, sets: &[Bytes]) -> Result<Option<Self>, MediaError> {
        match self.codec {
            VideoCodec::Avc => nal::merge(&self.parameter_sets, sets, avc::parameter_set_key)?
                .map(|sets| avc::config_from_parameter_sets(&sets)),
            VideoCodec::Hevc => nal::merge(&self.parameter_sets, sets, hevc::parameter_set_key)?
                .map(|sets| hevc::config_from_parameter_sets(&sets)),
            VideoCodec::Av1 => sets
                .iter()
                .any(|set| !self.parameter_sets.contains(set))
                .then(|| av1::config_from_parameter_sets(sets)),
        }
        .transpose()
    }
}

/// An audio codec that Genlock carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AudioCodec {
    /// AAC (LC, or HE with explicit or implicit SBR), sample entry `mp4a`.
    Aac,
    /// Opus, sample entry `Opus`.
    Opus,
}

/// Configuration of an audio track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AudioConfig {
    /// The codec.
    pub codec: AudioCodec,
    /// AAC: the `AudioSpecificConfig`. Opus: the identification header (`OpusHead`, RFC 7845 §5.1).
    pub record: Bytes,
    /// The sample rate that times are counted in: AAC's core rate, 48 kHz for Opus.
    pub timescale: Timescale,
    /// Number of channels.
    pub channels: u8,
    /// PCM samples in one access unit at `timescale`: 1024 (960 in rare configurations) for AAC. For
    /// Opus the usual 960 (20 ms); a packet's own length is [`AudioConfig::duration_of`].
    pub samples_per_access_unit: u32,
    /// RFC 6381.
    pub codec_string: String,
}

impl AudioConfig {
    /// Reads an `AudioSpecificConfig` (ISO/IEC 14496-3 §1.6.2.1).
    ///
    /// # Errors
    /// When it does not parse, or names an object type other than AAC LC, SBR or PS.
    pub fn from_asc(asc: &Bytes) -> Result<Self, MediaError> {
        aac::config_from_asc(asc)
    }

    /// Reads an Opus identification header (RFC 7845 §5.1).
    ///
    /// # Errors
    /// When it does not parse or names a version above 1 or no channels.
    pub fn from_opus_head(head: &Bytes) -> Result<Self, MediaError> {
        opus::config_from_head(head)
    }

    /// Ticks that the access unit `payload` lasts.
    #[must_use]
    pub fn duration_of(&self, payload: &[u8]) -> u32 {
        match self.codec {
            AudioCodec::Aac => self.samples_per_access_unit,
            AudioCodec::Opus => {
                opus::packet_duration(payload).unwrap_or(self.samples_per_access_unit)
            }
        }
    }

    /// An access unit of silence in this configuration, where one can be written without an encoder:
    /// AAC LC with one or two channels, and Opus.
    #[must_use]
    pub fn silent_access_unit(&self) -> Option<Bytes> {
        match self.codec {
            AudioCodec::Aac => aac::silent_access_unit(self.channels),
            AudioCodec::Opus => opus::silent_packet(self.channels),
        }
    }

    /// The channel-independent configuration that a programme without any audio source uses: AAC LC,
    /// 48 kHz, stereo.
    #[must_use]
    pub fn default_aac() -> Self {
        aac::default_config()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{X264_BASELINE, X264_HIGH, X265_MAIN, X265_MAIN_10, hex};

    #[test]
    fn a_frame_rate_is_in_lowest_terms() {
        assert_eq!(FrameRate::new(60_000, 2002), FrameRate::new(30_000, 1001));
        assert_eq!(FrameRate::new(60, 2).map(FrameRate::numerator), Some(30));
        assert_eq!(FrameRate::new(0, 1), None);
        assert_eq!(FrameRate::new(1, 0), None);
        assert_eq!(FrameRate::new(0, 0), None);
    }

    #[test]
    fn repeated_parameter_sets_are_no_update() {
        let config = VideoConfig::from_avcc(&hex(X264_HIGH)).unwrap();
        assert_eq!(config.updated_by(&config.parameter_sets), Ok(None));
        assert_eq!(config.updated_by(&config.parameter_sets[1..]), Ok(None));
        assert_eq!(config.updated_by(&[]), Ok(None));
    }

    #[test]
    fn new_parameter_sets_replace_those_of_the_same_identifier() {
        let before = VideoConfig::from_avcc(&hex(X264_HIGH)).unwrap();
        let after = VideoConfig::from_avcc(&hex(X264_BASELINE)).unwrap();
        assert_eq!(before.updated_by(&after.parameter_sets), Ok(Some(after)));

        let before = VideoConfig::from_hvcc(&hex(X265_MAIN)).unwrap();
        let after = VideoConfig::from_hvcc(&hex(X265_MAIN_10)).unwrap();
        assert_eq!(before.updated_by(&after.parameter_sets), Ok(Some(after)));
    }

    #[test]
    fn a_second_pps_joins_the_first() {
        let config = VideoConfig::from_avcc(&hex(X264_HIGH)).unwrap();
        // pps id 1 (010), then the rest of a PPS.
        let second = Bytes::from_static(&[0x68, 0x5d, 0x7c, 0x79, 0x64]);
        let updated = config.updated_by(std::slice::from_ref(&second)).unwrap().unwrap();
        let [sps, pps] = config.parameter_sets.as_slice() else { panic!("one SPS, one PPS") };
        assert_eq!(updated.parameter_sets, [sps.clone(), pps.clone(), second]);
        assert_eq!(VideoConfig::from_avcc(&updated.record), Ok(updated));
    }
}
