//! Opus: identification header, packet duration, silence.
//!
//! RFC 7845 §5.1 for the header, RFC 6716 §3.1 and §3.2 for the first byte of a packet, "Encapsulation
//! of Opus in ISO Base Media File Format" §4.3.2 for `dOps`. Times count at 48 kHz whatever the
//! encoder's input rate was. Nothing is decoded.

use bytes::{BufMut, Bytes, BytesMut};

use crate::bits::ByteReader;
use crate::config::{AudioCodec, AudioConfig};
use crate::error::MediaError;
use crate::time::Timescale;

const WHAT: &str = "OpusHead";
const MAGIC: &[u8] = b"OpusHead";
const RATE: u32 = 48_000;
/// 20 ms, what encoders use unless told otherwise.
const USUAL_PACKET: u32 = 960;
/// 120 ms, the most that a packet may last (RFC 6716 §3.2.5, R5).
const LONGEST_PACKET: u32 = 5_760;

/// The identification header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Output channels, never zero.
    pub channels: u8,
    /// Samples at 48 kHz to discard from the start of the stream.
    pub pre_skip: u16,
    /// The encoder's input rate in Hz; says nothing about decoding.
    pub input_sample_rate: u32,
    /// Gain to apply, in 1/256 dB.
    pub output_gain: i16,
    /// Channel mapping family; 0 for mono and stereo.
    pub mapping_family: u8,
    /// Stream count, coupled count and channel mapping, as `OpusHead` and `dOps` both have them;
    /// empty for family 0.
    pub mapping: Bytes,
}

impl Head {
    /// Reads an identification header, with its magic signature or (as some Enhanced RTMP publishers
    /// have it) from the version on.
    ///
    /// # Errors
    /// When it ends early, has no channels, or is of a version above 15 (RFC 7845 §5.1: the low four
    /// bits are backwards compatible).
    pub fn parse(head: &Bytes) -> Result<Self, MediaError> {
        let body = match head.strip_prefix(MAGIC) {
            Some(body) => head.slice_ref(body),
            None => head.clone(),
        };
        let mut reader = ByteReader::new(WHAT, body);
        let version = reader.u8()?;
        if !(1..=15).contains(&version) {
            return Err(MediaError::Unsupported {
                what: "OpusHead version",
                value: u64::from(version),
            });
        }
        let channels = reader.u8()?;
        let pre_skip = u16::from_le_bytes(reader.array()?);
        let input_sample_rate = u32::from_le_bytes(reader.array()?);
        let output_gain = i16::from_le_bytes(reader.array()?);
        let mapping_family = reader.u8()?;
        let mapping = match mapping_family {
            0 => Bytes::new(),
            _ => reader.take(2 + usize::from(channels))?,
        };
        match (channels, mapping_family) {
            (0, _) => Err(MediaError::malformed(WHAT, "names no channels")),
            (3.., 0) => Err(MediaError::malformed(WHAT, "more than two channels in family 0")),
            _ => Ok(Self {
                channels,
                pre_skip,
                input_sample_rate,
                output_gain,
                mapping_family,
                mapping,
            }),
        }
    }

    /// The body of a `dOps` box: the same fields in big-endian order behind a version of zero.
    #[must_use]
    pub fn to_dops(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(11 + self.mapping.len());
        out.put_slice(&[0, self.channels]);
        out.put_u16(self.pre_skip);
        out.put_u32(self.input_sample_rate);
        out.put_i16(self.output_gain);
        out.put_u8(self.mapping_family);
        out.put_slice(&self.mapping);
        out.freeze()
    }
}

/// Reads an identification header into a configuration, whose record always has the signature.
///
/// # Errors
/// As [`Head::parse`].
pub fn config_from_head(head: &Bytes) -> Result<AudioConfig, MediaError> {
    let parsed = Head::parse(head)?;
    let record = if head.starts_with(MAGIC) {
        head.clone()
    } else {
        Bytes::from([MAGIC, head.as_ref()].concat())
    };
    Ok(AudioConfig {
        codec: AudioCodec::Opus,
        record,
        timescale: Timescale::new(RATE).expect("48 kHz is not zero"),
        channels: parsed.channels,
        samples_per_access_unit: USUAL_PACKET,
        // Browsers know the lower case spelling for MP4 as well; the sample entry stays `Opus`.
        codec_string: "opus".to_owned(),
    })
}

/// The body of the `dOps` box for an identification header.
///
/// # Errors
/// As [`Head::parse`].
pub fn dops_from_head(head: &Bytes) -> Result<Bytes, MediaError> {
    Head::parse(head).map(|head| head.to_dops())
}

/// Samples at 48 kHz that `packet` lasts; `None` if it is empty or breaks the framing rules.
#[must_use]
pub fn packet_duration(packet: &[u8]) -> Option<u32> {
    let toc = *packet.first()?;
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(packet.get(1)? & 0x3f),
    };
    let duration = frames * frame_duration(toc >> 3);
    (1..=LONGEST_PACKET).contains(&duration).then_some(duration)
}

/// Samples at 48 kHz in a frame of one of the 32 configurations (RFC 6716 table 2).
const fn frame_duration(configuration: u8) -> u32 {
    match (configuration, configuration % 4) {
        (0..=11, 3) => 2_880, // SILK: 10, 20, 40 or 60 ms
        (0..=11, index) => 480 << index,
        (12..=15, index) => 480 << (index % 2), // hybrid: 10 or 20 ms
        (_, index) => 120 << index,             // CELT: 2.5, 5, 10 or 20 ms
    }
}

/// A packet of 20 ms of silence: one fullband CELT frame whose silence flag is set. `None` for more
/// than two channels, which take several streams.
#[must_use]
pub const fn silent_packet(channels: u8) -> Option<Bytes> {
    match channels {
        1 => Some(Bytes::from_static(&[0xf8, 0xff, 0xfe])),
        2 => Some(Bytes::from_static(&[0xfc, 0xff, 0xfe])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{damaged, garbage, hex};
    use proptest::prelude::*;

    /// `ffmpeg -f lavfi -i sine=r=48000 -ac 2 -c:a libopus`: pre-skip 312, 48 kHz.
    const FFMPEG_STEREO: &str = "4f707573486561640102380180bb0000000000";
    /// 5.1 in mapping family 1, as RFC 7845 §5.1.1.2 orders it: 4 streams, 2 of them coupled.
    const SURROUND: &str = "4f707573486561640106380180bb00000000010402000401020305";

    #[test]
    fn a_real_header() {
        let config = config_from_head(&hex(FFMPEG_STEREO)).unwrap();
        assert_eq!((config.timescale.get(), config.channels), (48_000, 2));
        assert_eq!(config.codec_string, "opus");
        let head = Head::parse(&config.record).unwrap();
        assert_eq!((head.pre_skip, head.input_sample_rate, head.output_gain), (312, 48_000, 0));
    }

    #[test]
    fn a_header_without_signature_is_the_same() {
        let bare = hex(&FFMPEG_STEREO[16..]);
        assert_eq!(config_from_head(&bare), config_from_head(&hex(FFMPEG_STEREO)));
    }

    #[test]
    fn dops_is_big_endian_and_keeps_the_mapping() {
        let dops = dops_from_head(&hex(FFMPEG_STEREO)).unwrap();
        assert_eq!(dops, hex("000201380000bb80000000"));
        let dops = dops_from_head(&hex(SURROUND)).unwrap();
        assert_eq!(dops, hex("000601380000bb800000010402000401020305"));
    }

    #[test]
    fn broken_headers_are_refused() {
        let three_in_family_0 = FFMPEG_STEREO.replacen("0102", "0103", 1);
        let none = FFMPEG_STEREO.replacen("0102", "0100", 1);
        let version = FFMPEG_STEREO.replacen("0102", "1002", 1);
        for head in [&three_in_family_0, &none, &version, "", &SURROUND[..50]] {
            assert!(Head::parse(&hex(head)).is_err(), "{head}");
        }
    }

    #[test]
    fn packet_durations_of_the_configurations() {
        let cases: [(&[u8], Option<u32>); 12] = [
            (&[0xfc, 0xff, 0xfe], Some(960)), // CELT, 20 ms
            (&[16 << 3], Some(120)),          // CELT, 2.5 ms
            (&[3 << 3], Some(2_880)),         // SILK, 60 ms
            (&[8 << 3], Some(480)),           // SILK, 10 ms
            (&[13 << 3], Some(960)),          // hybrid, 20 ms
            (&[14 << 3], Some(480)),          // hybrid, 10 ms
            (&[31 << 3 | 1], Some(1_920)),    // two frames
            (&[31 << 3 | 3, 6], Some(5_760)), // six frames: 120 ms
            (&[31 << 3 | 3, 7], None),        // above 120 ms
            (&[31 << 3 | 3, 0], None),        // no frames
            (&[31 << 3 | 3], None),
            (&[], None),
        ];
        for (packet, expected) in cases {
            assert_eq!(packet_duration(packet), expected, "{packet:?}");
        }
    }

    #[test]
    fn silence_lasts_20_ms_and_has_the_channels_of_the_stream() {
        for (channels, stereo_flag) in [(1, 0), (2, 4)] {
            let packet = silent_packet(channels).unwrap();
            assert_eq!(packet_duration(&packet), Some(USUAL_PACKET));
            assert_eq!(packet[0] & 4, stereo_flag);
        }
        assert_eq!(silent_packet(6), None);
    }

    proptest! {
        #[test]
        fn hostile_headers_never_panic(
            head in prop_oneof![garbage(), damaged(hex(SURROUND))],
        ) {
            let _ = packet_duration(&head);
            if let Ok(config) = config_from_head(&head) {
                prop_assert!(config.record.starts_with(MAGIC));
                prop_assert!(dops_from_head(&config.record).is_ok());
            }
        }
    }
}
