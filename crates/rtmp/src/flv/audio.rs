//! Audio tag headers: `AUDIODATA` (FLV 10.1 §E.4.2.1) and `ExAudioTagHeader` (E-RTMP v2).

use bytes::Bytes;

use super::extended::{Modified, Multitrack, TrackBody, read_mod_ex, read_tracks, read_u8};
use super::{FlvError, FourCc, TagTracks};

/// One audio tag: the header's fields, and the codec's bytes behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioTag {
    /// The codec.
    pub codec: AudioCodecId,
    /// What the body is.
    pub packet: AudioPacket,
    /// Track id of a multitrack message; 0 otherwise.
    pub track: u8,
    /// Nanoseconds to add to the message timestamp (ModEx `TimestampOffsetNano`), below 1,000,000.
    pub timestamp_nano_offset: u32,
    /// What follows the header: a configuration, coded audio, or nothing.
    pub body: Bytes,
}

/// Codec of an audio tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AudioCodecId {
    /// AAC in the legacy header (sound format 10).
    Aac,
    /// A codec named by Enhanced RTMP.
    FourCc(FourCc),
    /// Any other legacy sound format, such as 2 (MP3).
    Other(u8),
}

/// What the body of an audio tag is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AudioPacket {
    /// The codec's configuration.
    SequenceStart,
    /// Coded audio.
    CodedFrames,
    /// The encoder ends the sequence; not the end of the stream.
    SequenceEnd,
    /// Channel order and layout.
    MultichannelConfig,
    /// A packet type that is not defined.
    Other(u8),
}

const LEGACY_AAC: u8 = 10;
pub(super) const SOUND_FORMAT_EX_HEADER: u8 = 9;
pub(super) const PACKET_MULTITRACK: u8 = 5;

/// Parses the payload of an audio message (type 8). Bodies are slices of `payload`.
///
/// # Errors
///
/// If the header is cut short or its framing contradicts the message length.
pub fn parse_audio(payload: &Bytes) -> Result<TagTracks<AudioTag>, FlvError> {
    let mut cursor = payload.clone();
    let first = read_u8(&mut cursor, "audio header")?;
    if first >> 4 == SOUND_FORMAT_EX_HEADER {
        return parse_extended(first, cursor);
    }
    parse_legacy(first, cursor).map(TagTracks::single)
}

/// Rate, size and channel bits of the legacy header are not read: for AAC they are constants, and
/// the configuration says better.
fn parse_legacy(first: u8, mut cursor: Bytes) -> Result<AudioTag, FlvError> {
    let (codec, packet) = match first >> 4 {
        LEGACY_AAC => {
            let packet = match read_u8(&mut cursor, "AAC packet type")? {
                0 => AudioPacket::SequenceStart,
                1 => AudioPacket::CodedFrames,
                other => AudioPacket::Other(other),
            };
            (AudioCodecId::Aac, packet)
        }
        other => (AudioCodecId::Other(other), AudioPacket::CodedFrames),
    };
    Ok(AudioTag { codec, packet, track: 0, timestamp_nano_offset: 0, body: cursor })
}

fn parse_extended(first: u8, mut cursor: Bytes) -> Result<TagTracks<AudioTag>, FlvError> {
    let modified = read_mod_ex(&mut cursor, first & 0x0F)?;
    let Modified { mut packet_type, timestamp_nano_offset } = modified;
    let mut multitrack = None;
    if packet_type == PACKET_MULTITRACK {
        let byte = read_u8(&mut cursor, "multitrack type")?;
        multitrack = Some(Multitrack::try_from(byte >> 4)?);
        packet_type = byte & 0x0F;
        if packet_type == PACKET_MULTITRACK {
            return Err(FlvError::NestedMultitrack);
        }
    }
    let packet = match packet_type {
        0 => AudioPacket::SequenceStart,
        1 => AudioPacket::CodedFrames,
        2 => AudioPacket::SequenceEnd,
        4 => AudioPacket::MultichannelConfig,
        other => AudioPacket::Other(other),
    };
    read_tracks(&mut cursor, multitrack, |TrackBody { four_cc, track, body }| {
        let codec = AudioCodecId::FourCc(four_cc);
        Ok(AudioTag { codec, packet, track, timestamp_nano_offset, body })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expect: &[(AudioCodecId, AudioPacket, u8, &[u8])]) {
        let tags = parse_audio(&Bytes::copy_from_slice(bytes)).unwrap();
        let got: Vec<_> =
            tags.iter().map(|t| (t.codec, t.packet, t.track, t.body.as_ref())).collect();
        assert_eq!(got, expect);
    }

    const OPUS: AudioCodecId = AudioCodecId::FourCc(FourCc::OPUS);

    #[test]
    fn legacy_aac_as_every_encoder_sends_it() {
        let aac = AudioCodecId::Aac;
        check(&[0xAF, 0, 0x12, 0x10], &[(aac, AudioPacket::SequenceStart, 0, &[0x12, 0x10])]);
        check(&[0xAF, 1, 0x21], &[(aac, AudioPacket::CodedFrames, 0, &[0x21])]);
    }

    #[test]
    fn other_legacy_formats_have_no_packet_type() {
        let mp3 = AudioCodecId::Other(2);
        check(&[0x2F, 0xFF, 0xFB], &[(mp3, AudioPacket::CodedFrames, 0, &[0xFF, 0xFB])]);
    }

    #[test]
    fn enhanced_opus_as_ffmpeg_sends_it() {
        check(b"\x90OpusOpusHead", &[(OPUS, AudioPacket::SequenceStart, 0, b"OpusHead")]);
        check(b"\x91Opus\xFC", &[(OPUS, AudioPacket::CodedFrames, 0, &[0xFC])]);
        let config = AudioPacket::MultichannelConfig;
        check(b"\x94Opus\x01\x02\x00\x00\x00\x03", &[(OPUS, config, 0, &[1, 2, 0, 0, 0, 3])]);
    }

    #[test]
    fn many_tracks_many_codecs() {
        let flac = AudioCodecId::FourCc(FourCc::FLAC);
        check(
            b"\x95\x21Opus\x00\x00\x00\x01AfLaC\x01\x00\x00\x02BC",
            &[
                (OPUS, AudioPacket::CodedFrames, 0, b"A"),
                (flac, AudioPacket::CodedFrames, 1, b"BC"),
            ],
        );
    }

    #[test]
    fn mod_ex_carries_nanoseconds() {
        let tag = parse_audio(&Bytes::from_static(b"\x97\x02\x00\x00\x2A\x01Opus\xFC")).unwrap();
        assert_eq!(tag.iter().next().unwrap().timestamp_nano_offset, 42);
    }

    #[test]
    fn too_short_or_too_many_is_an_error() {
        let parse = |bytes: &[u8]| parse_audio(&Bytes::copy_from_slice(bytes));
        assert_eq!(parse(b""), Err(FlvError::Truncated("audio header")));
        assert_eq!(parse(&[0xAF]), Err(FlvError::Truncated("AAC packet type")));
        assert_eq!(parse(b"\x95\x55Opus"), Err(FlvError::MultitrackType(5)));
        let flood = [b"\x95\x11Opus".as_slice(), &[0; 4 * 40]].concat();
        assert!(matches!(parse(&flood), Err(FlvError::TooManyTracks(_))));
    }
}
