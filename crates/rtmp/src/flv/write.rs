//! Writing tags, for publishers: tests, the load generator, captures rebuilt from a description.

use bytes::{BufMut, Bytes, BytesMut};

use super::FourCc;
use super::audio::{self, AudioCodecId, AudioPacket, AudioTag, SOUND_FORMAT_EX_HEADER};
use super::extended::{MOD_EX, Multitrack};
use super::video::{self, VideoCodecId, VideoPacket, VideoTag};

/// AAC in FLV always says 44 kHz, 16 bit, stereo, whatever the truth (FLV 10.1 §E.4.2.1).
const LEGACY_AAC_FLAGS: u8 = 0xAF;
const MULTITRACK_FOUR_CC: FourCc = FourCc(*b"\0\0\0\0");

impl VideoTag {
    /// The tag as a message payload: the legacy header for legacy codecs, else the enhanced one.
    ///
    /// A track other than 0 is written as a multitrack message with one track.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(self.body.len().saturating_add(16));
        match self.codec {
            VideoCodecId::FourCc(four_cc) => self.put_extended(&mut out, four_cc),
            VideoCodecId::Avc => self.put_legacy(&mut out, 7),
            VideoCodecId::HevcLegacy => self.put_legacy(&mut out, 12),
            VideoCodecId::Other(id) => self.put_legacy(&mut out, id),
        }
        out.put_slice(&self.body);
        out.freeze()
    }

    fn put_legacy(&self, out: &mut BytesMut, codec_id: u8) {
        out.put_u8((u8::from(self.frame_type) << 4) | (codec_id & 0x0F));
        let (packet_type, composition_time_ms) = match self.packet {
            VideoPacket::Command(command) => {
                out.put_u8(command);
                return;
            }
            _ if matches!(self.codec, VideoCodecId::Other(_)) => return,
            VideoPacket::CodedFrames { composition_time_ms } => (1, composition_time_ms),
            VideoPacket::SequenceStart => (0, 0),
            VideoPacket::SequenceEnd => (2, 0),
            VideoPacket::Metadata => (4, 0),
            VideoPacket::Mpeg2TsSequenceStart => (5, 0),
            VideoPacket::Other(other) => (other, 0),
        };
        out.put_u8(packet_type);
        put_i24(out, composition_time_ms);
    }

    fn put_extended(&self, out: &mut BytesMut, four_cc: FourCc) {
        let flags = 0x80 | ((u8::from(self.frame_type) & 0x07) << 4);
        let packet_type = self.packet_type(four_cc);
        let multitrack = (self.track != 0).then_some(Multitrack::OneTrack);
        let header = ExHeader { flags, packet_type, nanos: self.timestamp_nano_offset };
        header.put(out, multitrack.map(|kind| (video::PACKET_MULTITRACK, kind)));
        out.put_slice(&four_cc.0);
        if multitrack.is_some() {
            out.put_u8(self.track);
        }
        self.put_composition_time(out, packet_type);
    }

    fn packet_type(&self, four_cc: FourCc) -> u8 {
        match self.packet {
            VideoPacket::SequenceStart => 0,
            VideoPacket::CodedFrames { composition_time_ms: 0 }
                if four_cc.has_composition_time() =>
            {
                3
            }
            VideoPacket::CodedFrames { .. } => 1,
            VideoPacket::SequenceEnd => 2,
            VideoPacket::Metadata => 4,
            VideoPacket::Mpeg2TsSequenceStart => 5,
            VideoPacket::Command(other) | VideoPacket::Other(other) => other & 0x0F,
        }
    }

    fn put_composition_time(&self, out: &mut BytesMut, packet_type: u8) {
        if let VideoCodecId::FourCc(four_cc) = self.codec
            && let VideoPacket::CodedFrames { composition_time_ms } = self.packet
            && four_cc.has_composition_time()
            && packet_type == 1
        {
            put_i24(out, composition_time_ms);
        }
    }
}

impl AudioTag {
    /// The tag as a message payload: the legacy header for legacy codecs, else the enhanced one.
    ///
    /// A track other than 0 is written as a multitrack message with one track.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(self.body.len().saturating_add(16));
        match self.codec {
            AudioCodecId::FourCc(four_cc) => self.put_extended(&mut out, four_cc),
            AudioCodecId::Aac => {
                out.put_u8(LEGACY_AAC_FLAGS);
                out.put_u8(self.packet_type());
            }
            AudioCodecId::Other(format) => out.put_u8((format << 4) | 0x0F),
        }
        out.put_slice(&self.body);
        out.freeze()
    }

    fn put_extended(&self, out: &mut BytesMut, four_cc: FourCc) {
        let multitrack = (self.track != 0).then_some(Multitrack::OneTrack);
        let header = ExHeader {
            flags: SOUND_FORMAT_EX_HEADER << 4,
            packet_type: self.packet_type(),
            nanos: self.timestamp_nano_offset,
        };
        header.put(out, multitrack.map(|kind| (audio::PACKET_MULTITRACK, kind)));
        out.put_slice(&four_cc.0);
        if multitrack.is_some() {
            out.put_u8(self.track);
        }
    }

    fn packet_type(&self) -> u8 {
        match self.packet {
            AudioPacket::SequenceStart => 0,
            AudioPacket::CodedFrames => 1,
            AudioPacket::SequenceEnd => 2,
            AudioPacket::MultichannelConfig => 4,
            AudioPacket::Other(other) => other & 0x0F,
        }
    }
}

/// Several video tracks in one message (`ManyTracksManyCodecs`), or `None` if there is no tag.
///
/// Frame type, packet type and nanosecond offset are per message and taken from the first tag;
/// composition times are per track.
#[must_use]
pub fn video_multitrack(tags: &[VideoTag]) -> Option<Bytes> {
    let first = tags.first()?;
    // Every track shares the packet type, so the short form without composition time is out.
    let packet_type = match first.packet_type(MULTITRACK_FOUR_CC) {
        3 => 1,
        other => other,
    };
    let mut out = BytesMut::new();
    let flags = 0x80 | ((u8::from(first.frame_type) & 0x07) << 4);
    let header = ExHeader { flags, packet_type, nanos: first.timestamp_nano_offset };
    header.put(&mut out, Some((video::PACKET_MULTITRACK, Multitrack::ManyTracksManyCodecs)));
    for tag in tags {
        let mut body = BytesMut::new();
        tag.put_composition_time(&mut body, packet_type);
        body.put_slice(&tag.body);
        let four_cc = match tag.codec {
            VideoCodecId::FourCc(four_cc) => four_cc,
            VideoCodecId::HevcLegacy => FourCc::HEVC,
            VideoCodecId::Avc | VideoCodecId::Other(_) => FourCc::AVC,
        };
        put_track(&mut out, four_cc, tag.track, &body);
    }
    Some(out.freeze())
}

/// Several audio tracks in one message (`ManyTracksManyCodecs`), or `None` if there is no tag.
///
/// Packet type and nanosecond offset are per message and taken from the first tag.
#[must_use]
pub fn audio_multitrack(tags: &[AudioTag]) -> Option<Bytes> {
    let first = tags.first()?;
    let mut out = BytesMut::new();
    let header = ExHeader {
        flags: SOUND_FORMAT_EX_HEADER << 4,
        packet_type: first.packet_type(),
        nanos: first.timestamp_nano_offset,
    };
    header.put(&mut out, Some((audio::PACKET_MULTITRACK, Multitrack::ManyTracksManyCodecs)));
    for tag in tags {
        let four_cc = match tag.codec {
            AudioCodecId::FourCc(four_cc) => four_cc,
            AudioCodecId::Aac | AudioCodecId::Other(_) => FourCc::AAC,
        };
        put_track(&mut out, four_cc, tag.track, &tag.body);
    }
    Some(out.freeze())
}

/// Everything of an enhanced header in front of the FourCC.
#[derive(Clone, Copy)]
struct ExHeader {
    flags: u8,
    packet_type: u8,
    nanos: u32,
}

impl ExHeader {
    fn put(self, out: &mut BytesMut, multitrack: Option<(u8, Multitrack)>) {
        let visible_type = multitrack.map_or(self.packet_type, |(packet_type, _)| packet_type);
        if self.nanos == 0 {
            out.put_u8(self.flags | visible_type);
        } else {
            out.put_u8(self.flags | MOD_EX);
            out.put_u8(2);
            out.put_uint(u64::from(self.nanos & 0x00FF_FFFF), 3);
            out.put_u8(visible_type);
        }
        if let Some((_, kind)) = multitrack {
            out.put_u8(((kind as u8) << 4) | self.packet_type);
        }
    }
}

fn put_track(out: &mut BytesMut, four_cc: FourCc, track: u8, body: &[u8]) {
    out.put_slice(&four_cc.0);
    out.put_u8(track);
    out.put_uint(body.len() as u64 & 0x00FF_FFFF, 3);
    out.put_slice(body);
}

fn put_i24(out: &mut BytesMut, value: i32) {
    let [_, a, b, c] = value.to_be_bytes();
    out.put_slice(&[a, b, c]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::flv::{FrameType, parse_audio, parse_video};

    fn video_packet() -> impl Strategy<Value = VideoPacket> {
        prop_oneof![
            Just(VideoPacket::SequenceStart),
            (-0x80_0000..0x80_0000)
                .prop_map(|composition_time_ms| VideoPacket::CodedFrames { composition_time_ms }),
            Just(VideoPacket::SequenceEnd),
        ]
    }

    fn body() -> impl Strategy<Value = Bytes> {
        proptest::collection::vec(any::<u8>(), 0..64).prop_map(Bytes::from)
    }

    fn frame_type() -> impl Strategy<Value = FrameType> {
        prop_oneof![Just(FrameType::Key), Just(FrameType::Inter), Just(FrameType::DisposableInter)]
    }

    prop_compose! {
        fn video_tag()(
            frame_type in frame_type(),
            codec in prop_oneof![
                Just(VideoCodecId::Avc),
                Just(VideoCodecId::HevcLegacy),
                Just(VideoCodecId::FourCc(FourCc::HEVC)),
                Just(VideoCodecId::FourCc(FourCc::AV1)),
            ],
            packet in video_packet(),
            track in 0_u8..4,
            timestamp_nano_offset in 0_u32..1_000_000,
            body in body(),
        ) -> VideoTag {
            let mut tag =
                VideoTag { frame_type, codec, packet, track, timestamp_nano_offset, body };
            match codec {
                VideoCodecId::FourCc(FourCc::AV1) => {
                    if let VideoPacket::CodedFrames { composition_time_ms } = &mut tag.packet {
                        *composition_time_ms = 0;
                    }
                }
                VideoCodecId::FourCc(_) => {}
                _ => (tag.track, tag.timestamp_nano_offset) = (0, 0),
            }
            tag
        }
    }

    proptest! {
        #[test]
        fn a_written_video_tag_reads_back(tag in video_tag()) {
            let parsed: Vec<_> = parse_video(&tag.to_bytes()).unwrap().into_iter().collect();
            prop_assert_eq!(parsed, [tag]);
        }

        #[test]
        fn a_written_audio_tag_reads_back(
            enhanced in any::<bool>(),
            start in any::<bool>(),
            track in 0_u8..3,
            nanos in 0_u32..1_000_000,
            body in body(),
        ) {
            let opus = AudioCodecId::FourCc(FourCc::OPUS);
            let codec = if enhanced { opus } else { AudioCodecId::Aac };
            let packet = if start { AudioPacket::SequenceStart } else { AudioPacket::CodedFrames };
            let (track, timestamp_nano_offset) = if enhanced { (track, nanos) } else { (0, 0) };
            let tag = AudioTag { codec, packet, track, timestamp_nano_offset, body };
            let parsed: Vec<_> = parse_audio(&tag.to_bytes()).unwrap().into_iter().collect();
            prop_assert_eq!(parsed, [tag]);
        }

        #[test]
        fn written_tracks_read_back(
            bodies in proptest::collection::vec(body(), 1..8),
            cts in -50..50,
        ) {
            let tags: Vec<_> = bodies.into_iter().zip(0..).map(|(body, track)| VideoTag {
                frame_type: FrameType::Key,
                codec: VideoCodecId::FourCc(FourCc::HEVC),
                packet: VideoPacket::CodedFrames { composition_time_ms: cts },
                track,
                timestamp_nano_offset: 0,
                body,
            }).collect();
            let payload = video_multitrack(&tags).unwrap();
            let parsed: Vec<_> = parse_video(&payload).unwrap().into_iter().collect();
            prop_assert_eq!(parsed, tags);
        }

        #[test]
        fn written_audio_tracks_read_back(bodies in proptest::collection::vec(body(), 1..8)) {
            let tags: Vec<_> = bodies.into_iter().zip(0..).map(|(body, track)| AudioTag {
                codec: AudioCodecId::FourCc(if track == 0 { FourCc::OPUS } else { FourCc::FLAC }),
                packet: AudioPacket::CodedFrames,
                track,
                timestamp_nano_offset: 250,
                body,
            }).collect();
            let payload = audio_multitrack(&tags).unwrap();
            let parsed: Vec<_> = parse_audio(&payload).unwrap().into_iter().collect();
            prop_assert_eq!(parsed, tags);
        }

        #[test]
        fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let payload = Bytes::from(bytes);
            let _ = parse_video(&payload);
            let _ = parse_audio(&payload);
        }
    }
}
