//! Video tag headers: `VIDEODATA` (FLV 10.1 §E.4.3.1) and `ExVideoTagHeader` (E-RTMP v2).

use bytes::Bytes;

use super::extended::{
    Modified, Multitrack, TrackBody, read_i24, read_mod_ex, read_tracks, read_u8,
};
use super::{FlvError, FourCc, TagTracks};

/// One video tag: the header's fields, and the codec's bytes behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoTag {
    /// What the encoder claims about the frame.
    pub frame_type: FrameType,
    /// The codec.
    pub codec: VideoCodecId,
    /// What the body is.
    pub packet: VideoPacket,
    /// Track id of a multitrack message; 0 otherwise.
    pub track: u8,
    /// Nanoseconds to add to the message timestamp (ModEx `TimestampOffsetNano`), below 1,000,000.
    pub timestamp_nano_offset: u32,
    /// What follows the header: a configuration record, an access unit, or nothing.
    pub body: Bytes,
}

/// Frame type of a video tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameType {
    /// Key frame, a seekable one.
    Key,
    /// Inter frame.
    Inter,
    /// Inter frame that no other frame refers to (H.263 only in FLV; Enhanced RTMP allows it
    /// anywhere).
    DisposableInter,
    /// Key frame made by a server.
    GeneratedKey,
    /// Not a frame but a player command.
    Command,
    /// 0, or a value above 5.
    Reserved(u8),
}

/// Codec of a video tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VideoCodecId {
    /// H.264 in the legacy header (codec id 7).
    Avc,
    /// HEVC in the legacy header (codec id 12), a convention outside every specification.
    HevcLegacy,
    /// A codec named by Enhanced RTMP.
    FourCc(FourCc),
    /// Any other legacy codec id.
    Other(u8),
}

/// What the body of a video tag is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VideoPacket {
    /// The codec's configuration record.
    SequenceStart,
    /// One access unit.
    CodedFrames {
        /// PTS - DTS in milliseconds, signed.
        composition_time_ms: i32,
    },
    /// The encoder ends the sequence; not the end of the stream.
    SequenceEnd,
    /// AMF-encoded metadata such as `colorInfo`. The frame type has no meaning here.
    Metadata,
    /// Configuration as MPEG-2 TS descriptors carry it (AV1).
    Mpeg2TsSequenceStart,
    /// Player command: start (0) or end (1) of a client-side seek.
    Command(u8),
    /// A packet type that is not defined.
    Other(u8),
}

const EX_HEADER: u8 = 0x80;
const LEGACY_AVC: u8 = 7;
const LEGACY_HEVC: u8 = 12;
const PACKET_METADATA: u8 = 4;
pub(super) const PACKET_MULTITRACK: u8 = 6;

/// Parses the payload of a video message (type 9). Bodies are slices of `payload`.
///
/// # Errors
///
/// If the header is cut short or its framing contradicts the message length.
pub fn parse_video(payload: &Bytes) -> Result<TagTracks<VideoTag>, FlvError> {
    let mut cursor = payload.clone();
    let first = read_u8(&mut cursor, "video header")?;
    if first & EX_HEADER == 0 {
        return parse_legacy(first, cursor).map(TagTracks::single);
    }
    parse_extended(first, cursor)
}

fn parse_legacy(first: u8, mut cursor: Bytes) -> Result<VideoTag, FlvError> {
    let frame_type = FrameType::from(first >> 4);
    let codec = match first & 0x0F {
        LEGACY_AVC => VideoCodecId::Avc,
        LEGACY_HEVC => VideoCodecId::HevcLegacy,
        other => VideoCodecId::Other(other),
    };
    let packet = if frame_type == FrameType::Command {
        VideoPacket::Command(read_u8(&mut cursor, "video command")?)
    } else if let VideoCodecId::Other(_) = codec {
        VideoPacket::CodedFrames { composition_time_ms: 0 }
    } else {
        let packet_type = read_u8(&mut cursor, "AVC packet type")?;
        let composition_time_ms = read_i24(&mut cursor, "composition time")?;
        match packet_type {
            0 => VideoPacket::SequenceStart,
            1 => VideoPacket::CodedFrames { composition_time_ms },
            2 => VideoPacket::SequenceEnd,
            other => VideoPacket::Other(other),
        }
    };
    Ok(VideoTag { frame_type, codec, packet, track: 0, timestamp_nano_offset: 0, body: cursor })
}

fn parse_extended(first: u8, mut cursor: Bytes) -> Result<TagTracks<VideoTag>, FlvError> {
    let frame_type = FrameType::from((first >> 4) & 0x07);
    let modified = read_mod_ex(&mut cursor, first & 0x0F)?;
    let Modified { mut packet_type, timestamp_nano_offset } = modified;
    // "If VideoPacketType is not Metadata and VideoFrameType is Command, the payload is a
    // VideoCommand": FFmpeg sends its Metadata packets with that frame type.
    if frame_type == FrameType::Command && packet_type != PACKET_METADATA {
        return parse_command(frame_type, timestamp_nano_offset, cursor);
    }
    let mut multitrack = None;
    if packet_type == PACKET_MULTITRACK {
        let byte = read_u8(&mut cursor, "multitrack type")?;
        multitrack = Some(Multitrack::try_from(byte >> 4)?);
        packet_type = byte & 0x0F;
        if packet_type == PACKET_MULTITRACK {
            return Err(FlvError::NestedMultitrack);
        }
    }
    read_tracks(&mut cursor, multitrack, |TrackBody { four_cc, track, mut body }| {
        let packet = read_packet(packet_type, four_cc, &mut body)?;
        let codec = VideoCodecId::FourCc(four_cc);
        Ok(VideoTag { frame_type, codec, packet, track, timestamp_nano_offset, body })
    })
}

fn parse_command(
    frame_type: FrameType,
    timestamp_nano_offset: u32,
    mut cursor: Bytes,
) -> Result<TagTracks<VideoTag>, FlvError> {
    let packet = VideoPacket::Command(read_u8(&mut cursor, "video command")?);
    let codec = VideoCodecId::Other(0);
    let tag = VideoTag { frame_type, codec, packet, track: 0, timestamp_nano_offset, body: cursor };
    Ok(TagTracks::single(tag))
}

fn read_packet(
    packet_type: u8,
    four_cc: FourCc,
    body: &mut Bytes,
) -> Result<VideoPacket, FlvError> {
    Ok(match packet_type {
        0 => VideoPacket::SequenceStart,
        1 if four_cc.has_composition_time() => {
            let composition_time_ms = read_i24(body, "composition time")?;
            VideoPacket::CodedFrames { composition_time_ms }
        }
        // CodedFramesX (3) saves the three bytes when the composition time is zero.
        1 | 3 => VideoPacket::CodedFrames { composition_time_ms: 0 },
        2 => VideoPacket::SequenceEnd,
        PACKET_METADATA => VideoPacket::Metadata,
        5 => VideoPacket::Mpeg2TsSequenceStart,
        other => VideoPacket::Other(other),
    })
}

impl From<u8> for FrameType {
    fn from(value: u8) -> Self {
        match value {
            1 => Self::Key,
            2 => Self::Inter,
            3 => Self::DisposableInter,
            4 => Self::GeneratedKey,
            5 => Self::Command,
            other => Self::Reserved(other),
        }
    }
}

impl From<FrameType> for u8 {
    fn from(value: FrameType) -> Self {
        match value {
            FrameType::Key => 1,
            FrameType::Inter => 2,
            FrameType::DisposableInter => 3,
            FrameType::GeneratedKey => 4,
            FrameType::Command => 5,
            FrameType::Reserved(other) => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_one(bytes: &[u8]) -> VideoTag {
        let tags = parse_video(&Bytes::copy_from_slice(bytes)).unwrap();
        assert_eq!(tags.len(), 1);
        tags.into_iter().next().unwrap()
    }

    fn check(bytes: &[u8], expect: (FrameType, VideoCodecId, VideoPacket, &[u8])) {
        let tag = parse_one(bytes);
        assert_eq!((tag.frame_type, tag.codec, tag.packet, tag.body.as_ref()), expect);
    }

    const HEVC: VideoCodecId = VideoCodecId::FourCc(FourCc::HEVC);

    #[test]
    fn legacy_avc_as_every_encoder_sends_it() {
        use VideoPacket::{CodedFrames, SequenceEnd, SequenceStart};
        let avc = VideoCodecId::Avc;
        check(&[0x17, 0, 0, 0, 0, 1, 0x64], (FrameType::Key, avc, SequenceStart, &[1, 0x64]));
        let key = CodedFrames { composition_time_ms: 80 };
        check(&[0x17, 1, 0, 0, 80, 9], (FrameType::Key, avc, key, &[9]));
        let negative = CodedFrames { composition_time_ms: -2 };
        check(&[0x27, 1, 0xFF, 0xFF, 0xFE, 9], (FrameType::Inter, avc, negative, &[9]));
        check(&[0x17, 2, 0, 0, 0], (FrameType::Key, avc, SequenceEnd, &[]));
    }

    #[test]
    fn legacy_codec_12_is_hevc() {
        let start = VideoPacket::SequenceStart;
        check(&[0x1C, 0, 0, 0, 0, 7], (FrameType::Key, VideoCodecId::HevcLegacy, start, &[7]));
    }

    #[test]
    fn other_legacy_codecs_have_no_packet_type() {
        let frames = VideoPacket::CodedFrames { composition_time_ms: 0 };
        check(&[0x22, 1, 2, 3], (FrameType::Inter, VideoCodecId::Other(2), frames, &[1, 2, 3]));
    }

    #[test]
    fn enhanced_hevc_as_ffmpeg_sends_it() {
        use VideoPacket::{CodedFrames, Metadata, SequenceStart};
        check(b"\x90hvc1\x01", (FrameType::Key, HEVC, SequenceStart, &[1]));
        // FFmpeg marks colour metadata as a command frame; the frame type is to be ignored.
        check(b"\xD4hvc1\x02\x00", (FrameType::Command, HEVC, Metadata, &[2, 0]));
        let frames = CodedFrames { composition_time_ms: 33 };
        check(b"\x91hvc1\x00\x00\x21\x2A", (FrameType::Key, HEVC, frames, &[0x2A]));
        let frames_x = CodedFrames { composition_time_ms: 0 };
        check(b"\xA3hvc1\x2A", (FrameType::Inter, HEVC, frames_x, &[0x2A]));
    }

    #[test]
    fn av1_coded_frames_have_no_composition_time() {
        let av1 = VideoCodecId::FourCc(FourCc::AV1);
        let frames = VideoPacket::CodedFrames { composition_time_ms: 0 };
        check(b"\xA1av01\x12\x00", (FrameType::Inter, av1, frames, &[0x12, 0]));
        let start = VideoPacket::Mpeg2TsSequenceStart;
        check(b"\x95av01\x80", (FrameType::Key, av1, start, &[0x80]));
    }

    #[test]
    fn enhanced_command_frame_has_no_four_cc() {
        let command = VideoPacket::Command(1);
        check(&[0xD1, 1], (FrameType::Command, VideoCodecId::Other(0), command, &[]));
    }

    #[test]
    fn mod_ex_adds_nanoseconds_and_unknown_modifiers_are_skipped() {
        // Size 3, 500 000 ns, type 0; then an unknown modifier (type 5) of one byte; then
        // CodedFramesX.
        let tag = parse_one(b"\x97\x02\x07\xA1\x20\x07\x00\xEE\x53hvc1\x2A");
        assert_eq!(tag.timestamp_nano_offset, 500_000);
        assert_eq!(tag.packet, VideoPacket::CodedFrames { composition_time_ms: 0 });
        assert_eq!(tag.body.as_ref(), [0x2A]);
    }

    #[test]
    fn mod_ex_of_256_bytes_or_more_has_a_16_bit_size() {
        let mut bytes = vec![0x97, 0xFF, 0x01, 0x2B];
        bytes.extend([0; 300]);
        bytes.extend(b"\x10hvc1\x2A");
        assert_eq!(parse_one(&bytes).packet, VideoPacket::SequenceStart);
    }

    #[test]
    fn mod_ex_cannot_loop_for_ever() {
        let bytes = [&[0x97][..], &[0, 0, 0x57].repeat(100)].concat();
        let result = parse_video(&Bytes::from(bytes));
        assert_eq!(result, Err(FlvError::TooManyModEx(FLV_MOD_EX_MAX)));
    }

    use crate::limits::FLV_MOD_EX_MAX;

    #[test]
    fn many_tracks_share_a_codec_and_are_sized() {
        let payload = Bytes::from_static(
            b"\x96\x11avc1\x00\x00\x00\x05\x00\x00\x07AB\x01\x00\x00\x04\xFF\xFF\xFFC",
        );
        let tags: Vec<_> = parse_video(&payload).unwrap().into_iter().collect();
        let summary: Vec<_> = tags.iter().map(|t| (t.track, t.packet, t.body.as_ref())).collect();
        let frames = |composition_time_ms| VideoPacket::CodedFrames { composition_time_ms };
        assert_eq!(summary, [(0, frames(7), &b"AB"[..]), (1, frames(-1), b"C")]);
    }

    #[test]
    fn many_tracks_many_codecs_name_each_codec() {
        let payload = Bytes::from_static(b"\x96\x20hvc1\x00\x00\x00\x01Aav01\x03\x00\x00\x02BC");
        let tags: Vec<_> = parse_video(&payload).unwrap().into_iter().collect();
        let summary: Vec<_> = tags.iter().map(|t| (t.track, t.codec, t.body.as_ref())).collect();
        let av1 = VideoCodecId::FourCc(FourCc::AV1);
        assert_eq!(summary, [(0, HEVC, &b"A"[..]), (3, av1, b"BC")]);
    }

    #[test]
    fn one_track_runs_to_the_end_of_the_message() {
        let tag = parse_one(b"\xA6\x03avc1\x02ABC");
        assert_eq!((tag.track, tag.body.as_ref()), (2, &b"ABC"[..]));
    }

    #[test]
    fn broken_framing_is_an_error() {
        let check = |bytes: &'static [u8], expect: FlvError| {
            assert_eq!(parse_video(&Bytes::from_static(bytes)), Err(expect), "{bytes:02X?}");
        };
        check(b"", FlvError::Truncated("video header"));
        check(&[0x17], FlvError::Truncated("AVC packet type"));
        check(&[0x17, 1, 0], FlvError::Truncated("composition time"));
        check(b"\x90hv", FlvError::Truncated("FourCC"));
        check(b"\x97\x05\x00", FlvError::Truncated("ModEx data"));
        check(b"\x96\x31avc1", FlvError::MultitrackType(3));
        check(b"\x96\x16avc1", FlvError::NestedMultitrack);
        check(b"\x96\x11avc1", FlvError::Truncated("track id"));
        let too_long = FlvError::TrackTooLong { claimed: 0x10_0000, left: 1 };
        check(b"\x96\x11avc1\x00\x10\x00\x00A", too_long);
    }
}
