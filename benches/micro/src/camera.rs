//! Input of every stage: a camera of 6 Mb/s at 30 pictures a second with a key frame every two seconds, and AAC.

use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use genlock_media::{AudioConfig, Dependency, EventTime, Sample, TrackConfig, VideoConfig};
use genlock_packager::TimedSample;
use genlock_rtmp::chunk::{ChunkWriter, ExtendedTimestamps, HeaderCompression};
use genlock_rtmp::flv::{
    AudioCodecId, AudioPacket, AudioTag, FrameType, VideoCodecId, VideoPacket, VideoTag,
};
use genlock_rtmp::message::{Message, MessageType};
use genlock_rtmp::{ChunkStreamId, MessageStreamId, RtmpTimestamp};

/// Pictures a second.
pub const FPS: i64 = 30;
/// Pictures from one key frame to the next.
pub const GOP: i64 = 60;
/// Bytes of a key frame and of another picture: 6 Mb/s.
const SYNC_BYTES: usize = 150_000;
const PICTURE_BYTES: usize = 22_880;
/// Bytes of an AAC access unit at 128 kb/s.
const AUDIO_BYTES: usize = 341;
/// Ticks of a picture at 90 kHz, and samples of an access unit.
const PICTURE_TICKS: u32 = 3_000;
const ACCESS_UNIT: i64 = 1_024;
const AUDIO_RATE: i64 = 48_000;
/// Every sample is shown so long after it is decoded.
const COMPOSITION_TICKS: i32 = 9_000;
/// What a socket gives at once.
const READ_BYTES: usize = 16 * 1024;
/// Chunk stream of sound and pictures; OBS and ffmpeg have one for both.
const MEDIA: ChunkStreamId = match ChunkStreamId::new(4) {
    Some(id) => id,
    None => ChunkStreamId::COMMAND,
};
/// What encoders set.
pub const CHUNK_SIZE: u32 = 4_096;

/// x264, High profile at level 1.2.
const AVCC: [u8; 44] = [
    0x01, 0x64, 0x00, 0x0c, 0xff, 0xe1, 0x00, 0x1a, 0x67, 0x64, 0x00, 0x0c, 0xac, 0xd9, 0x41, 0x41,
    0x9f, 0x9f, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x42,
    0x99, 0x60, 0x01, 0x00, 0x06, 0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0, 0xfd,
];
/// What follows the parameter sets in a High profile record.
const AVCC_TAIL: [u8; 3] = [0xf8, 0xf8, 0x00];
/// AAC LC, 48 kHz, stereo.
const ASC: [u8; 2] = [0x11, 0x90];

/// The camera's messages as RTMP bytes, in pieces as a socket gives them. The peer's chunk size is
/// [`CHUNK_SIZE`].
#[must_use]
pub fn wire(seconds: i64) -> Vec<Bytes> {
    let mut writer = ChunkWriter::new(HeaderCompression::default(), ExtendedTimestamps::default());
    writer.set_chunk_size(CHUNK_SIZE);
    messages(seconds).iter().for_each(|message| writer.write(message));
    let mut all = writer.take().unwrap_or_default();
    let mut pieces = Vec::with_capacity(all.len() / READ_BYTES + 1);
    while !all.is_empty() {
        pieces.push(all.split_to(READ_BYTES.min(all.len())));
    }
    pieces
}

/// Sequence headers, then video and audio messages in the order of their times.
#[must_use]
pub fn messages(seconds: i64) -> Vec<Message> {
    let avcc = Bytes::from([&AVCC[..], &AVCC_TAIL[..]].concat());
    let mut messages = vec![
        video_message(0, FrameType::Key, VideoPacket::SequenceStart, avcc),
        audio_message(0, AudioPacket::SequenceStart, Bytes::from_static(&ASC)),
    ];
    for (arrival, sample) in samples(seconds) {
        let ms = u32::try_from(arrival.as_millis()).unwrap_or(u32::MAX);
        messages.push(match (sample.config.as_video(), sample.dependency) {
            (Some(_), dependency) => {
                let frame_type = match dependency {
                    Dependency::Sync => FrameType::Key,
                    Dependency::Reference | Dependency::Disposable => FrameType::Inter,
                };
                let packet = VideoPacket::CodedFrames { composition_time_ms: 0 };
                video_message(ms, frame_type, packet, sample.payload)
            }
            (None, _) => audio_message(ms, AudioPacket::CodedFrames, sample.payload),
        });
    }
    messages
}

fn video_message(ms: u32, frame_type: FrameType, packet: VideoPacket, body: Bytes) -> Message {
    let codec = VideoCodecId::Avc;
    let tag = VideoTag { frame_type, codec, packet, track: 0, timestamp_nano_offset: 0, body };
    message(MEDIA, MessageType::VIDEO, ms, tag.to_bytes())
}

fn audio_message(ms: u32, packet: AudioPacket, body: Bytes) -> Message {
    let codec = AudioCodecId::Aac;
    let tag = AudioTag { codec, packet, track: 0, timestamp_nano_offset: 0, body };
    message(MEDIA, MessageType::AUDIO, ms, tag.to_bytes())
}

fn message(chunk_stream: ChunkStreamId, kind: MessageType, ms: u32, payload: Bytes) -> Message {
    let timestamp = RtmpTimestamp(ms);
    Message { chunk_stream, kind, timestamp, message_stream: MessageStreamId(1), payload }
}

/// Samples with the times at which they come, in the order of those.
#[must_use]
pub fn samples(seconds: i64) -> Vec<(EventTime, Sample)> {
    let mut samples: Vec<_> = pictures(0, seconds * FPS)
        .into_iter()
        .chain(access_units(0, seconds * AUDIO_RATE / ACCESS_UNIT))
        .map(|TimedSample { sample, .. }| (sample.dts_time().to_event(), sample))
        .collect();
    samples.sort_by_key(|(arrival, _)| *arrival);
    samples
}

/// Pictures from number `first` on.
#[must_use]
pub fn pictures(first: i64, count: i64) -> Vec<TimedSample> {
    let config = Arc::new(video_config());
    let picture = |number: i64| {
        let (dependency, bytes) = match number % GOP {
            0 => (Dependency::Sync, SYNC_BYTES),
            _ => (Dependency::Reference, PICTURE_BYTES),
        };
        let sample = Sample {
            config: Arc::clone(&config),
            dts: number * i64::from(PICTURE_TICKS),
            composition_offset: COMPOSITION_TICKS,
            duration: None,
            dependency,
            payload: slice(dependency, bytes),
        };
        TimedSample { sample, duration: PICTURE_TICKS }
    };
    (first..first + count).map(picture).collect()
}

/// AAC access units from number `first` on.
#[must_use]
pub fn access_units(first: i64, count: i64) -> Vec<TimedSample> {
    let config = Arc::new(TrackConfig::Audio(AudioConfig::default_aac()));
    let payload = Bytes::from(vec![0x5A; AUDIO_BYTES]);
    let unit = |number: i64| {
        let sample = Sample {
            config: Arc::clone(&config),
            dts: number * ACCESS_UNIT,
            composition_offset: 0,
            duration: u32::try_from(ACCESS_UNIT).ok(),
            dependency: Dependency::Sync,
            payload: payload.clone(),
        };
        TimedSample { sample, duration: u32::try_from(ACCESS_UNIT).unwrap_or_default() }
    };
    (first..first + count).map(unit).collect()
}

fn video_config() -> TrackConfig {
    let avcc = Bytes::from([&AVCC[..], &AVCC_TAIL[..]].concat());
    match VideoConfig::from_avcc(&avcc) {
        Ok(config) => TrackConfig::Video(config),
        Err(error) => unreachable!("the record is valid: {error}"),
    }
}

/// One NAL unit with its length in front, no byte of it zero.
fn slice(dependency: Dependency, bytes: usize) -> Bytes {
    let mut out = BytesMut::with_capacity(bytes);
    out.put_u32(u32::try_from(bytes - 4).unwrap_or(u32::MAX));
    out.put_u8(if dependency == Dependency::Sync { 0x65 } else { 0x41 });
    out.put_bytes(0xA5, bytes - 5);
    out.freeze()
}
