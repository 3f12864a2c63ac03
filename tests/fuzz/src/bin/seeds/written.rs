//! Inputs that no encoder sends: recordings, operations, texts.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use genlock_feed::{Feed, FeedLimits, Read, Start};
use genlock_ingest::CameraMonitor;
use genlock_ingest::intake::Intake;
use genlock_media::EventTime;
use genlock_recorder::{Output, Rolling, Writer};
use genlock_rtmp::chunk::{ChunkWriter, ExtendedTimestamps, HeaderCompression};
use genlock_rtmp::message::{Message, MessageType};
use genlock_rtmp::{ChunkStreamId, MediaKind, MessageStreamId, RtmpTimestamp};

use crate::capture::Capture;
use crate::{Seeds, chunk, cut};

/// The index and the first file of a recording of what was captured.
pub(crate) fn recording(seeds: &Seeds, capture: &Capture) -> Result<()> {
    let (index, media) = record(capture)?;
    seeds.put("recording", "index", &[&[0], cut(&index)])?;
    seeds.put("recording", "init", &[&[3], cut(&media)])?;
    let records = bodies(&index);
    let framed: Vec<u8> = records.iter().take(12).flat_map(|body| chunk(body)).collect();
    seeds.put("recording", "records", &[&[1], &framed])?;
    if let Some(at) = media.windows(4).position(|kind| kind == b"moof") {
        seeds.put("recording", "fragment", &[&[2], cut(&media[at - 4..])])?;
    }
    seeds.put("recording", "repair", &[&[4], &chunk(&media), &[0, 1], &index])?;
    seeds.put("recording", "torn", &[&[4], &chunk(&media), &[0, 0], &framed])?;
    seeds.put("recording", "name", &[&[5], b"wedding\nprogram"])
}

fn record(capture: &Capture) -> Result<(Vec<u8>, Vec<u8>)> {
    let monitor = Arc::new(CameraMonitor::default());
    let session = monitor.open(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let mut intake = Intake::new(EventTime::ZERO, 0, session);
    let feed = Feed::new(FeedLimits::default());
    let (mut reader, mut source) = (feed.reader(Start::Next), feed.open(EventTime::ZERO));
    let mut writer = Writer::new(Rolling::default(), EventTime::ZERO, 0);
    let (mut index, mut media, mut now) = (Vec::new(), Vec::new(), EventTime::ZERO);
    for message in &capture.media {
        now = now.max(EventTime::ZERO + Duration::from_millis(message.timestamp.0.into()));
        match message.kind {
            MediaKind::Video => intake.video(now, message.timestamp.0, &message.payload)?,
            MediaKind::Audio => intake.audio(now, message.timestamp.0, &message.payload)?,
        }
        while let Some(sample) = intake.poll_sample() {
            source.push(now, sample)?;
        }
        while let Some(Read::Entry(entry)) = reader.try_next() {
            writer.push(entry);
        }
    }
    writer.end(now);
    while let Some(output) = writer.poll() {
        match output {
            Output::File(_) => {}
            Output::Media(bytes) => media.extend_from_slice(&bytes.to_bytes()),
            Output::Index(bytes) => index.extend_from_slice(&bytes),
        }
    }
    Ok((index, media))
}

/// The bodies of an index's records, which stand behind eight bytes, each behind its length and checksum.
fn bodies(index: &[u8]) -> Vec<&[u8]> {
    let (mut bodies, mut rest) = (Vec::new(), index.get(8..).unwrap_or_default());
    while let Some((length, behind)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length));
        let Some(body) = behind.get(4..4 + length) else { break };
        bodies.push(body);
        rest = &behind[4 + length..];
    }
    bodies
}

/// Two messages that interleave, late enough for extended timestamps, as librtmp writes them.
fn interleaved() -> Result<Vec<u8>> {
    let mut writer = ChunkWriter::new(HeaderCompression::On, ExtendedTimestamps::LeftOut);
    let message = |chunk_stream, kind, timestamp, length| Message {
        chunk_stream: ChunkStreamId::new(chunk_stream).expect("a chunk stream id"),
        kind,
        timestamp: RtmpTimestamp(timestamp),
        message_stream: MessageStreamId(1),
        payload: vec![0x17; length].into(),
    };
    for timestamp in [0x00FF_FFF0, 0x0100_0010, u32::MAX] {
        let video = message(65_599, MessageType::VIDEO, timestamp, 300);
        writer.write_interleaved(&[video, message(319, MessageType::AUDIO, timestamp, 200)]);
    }
    writer.take().map(|bytes| bytes.to_vec()).context("nothing was written")
}

/// Operations and texts.
pub(crate) fn by_hand(seeds: &Seeds) -> Result<()> {
    seeds.put("chunk_reader", "interleaved", &[&[1, 5, 1, 200, 0, 77], &interleaved()?])?;
    for (name, input) in SESSIONS {
        seeds.put("session", name, &[input])?;
    }
    for (name, input) in SHOWS {
        seeds.put("program", name, &[input])?;
    }
    for (name, text) in TEXTS {
        let (target, name) = name.split_once('/').expect("a target and a name");
        seeds.put(target, name, &[text])?;
    }
    Ok(())
}

/// See `session`: length of the pieces, headers, extended timestamps, then operations.
const SESSIONS: [(&str, &[u8]); 4] = [
    // connect, accept, createStream, publish, accept, video, audio, deleteStream.
    (
        "publishes",
        &[
            5, 0, 0, 9, 0, 1, 1, 4, 0, 2, 9, 1, 2, 1, 0, 0, 9, 2, 3, 2, 0, 1, 1, 2, 10, 0, 1, 0, 0,
            0, 0, 0, 6, 0x17, 0, 0, 0, 0, 1, 10, 0, 1, 1, 0, 0, 0, 9, 3, 0xAF, 1, 0x21, 9, 6, 4, 2,
            0, 2, 1, 0,
        ],
    ),
    // connect, refuse; what follows is ignored.
    ("is-refused", &[1, 0, 0, 9, 0, 1, 1, 5, 3, 7, 0, 1, 9, 1, 2, 0, 0, 0, 3, 1, 2, 3]),
    // connect, accept, publish, wait, close; nobody answers.
    ("waits", &[3, 1, 1, 9, 0, 1, 1, 4, 0, 2, 9, 2, 3, 2, 0, 1, 1, 6, 0xFF, 0xFF, 7]),
    // A larger chunk size, then what the server ends and is asked to leave.
    (
        "is-ended",
        &[
            9, 0, 0, 8, 16, 0, 9, 0, 1, 1, 5, 3, 255, 0, 2, 9, 2, 3, 2, 0, 1, 1, 2, 11, 1, 1, 0, 1,
            0, 0, 0, 8, 0x90, b'h', b'v', b'c', b'1', 1, 2, 3, 5, 4, 0, 1, 9,
        ],
    ),
];

/// See `program`: operation, camera, what the operation takes, hundredths of a second.
const SHOWS: [(&str, &[u8]); 6] = [
    ("clean-cuts", &[0, 0, 200, 0, 1, 200, 4, 1, 1, 250, 4, 0, 1, 250]),
    ("instant-cuts", &[0, 0, 250, 0, 2, 250, 4, 2, 2, 120, 4, 0, 2, 30, 4, 2, 2, 200, 7, 0, 100]),
    (
        "lookahead",
        &[14, 0, 3, 0, 0, 20, 200, 0, 0, 200, 0, 1, 200, 4, 1, 3, 50, 7, 0, 9, 4, 1, 3, 250],
    ),
    ("camera-is-lost", &[0, 0, 200, 0, 1, 250, 2, 0, 250, 0, 0, 250, 3, 1, 250, 3, 1, 250]),
    (
        "slate-and-sound",
        &[
            0, 3, 50, 16, 3, 0, 50, 0, 0, 250, 8, 0, 100, 0, 1, 250, 4, 1, 2, 250, 2, 0, 250, 9, 0,
            200,
        ],
    ),
    (
        "takes-one-after-the-other",
        &[0, 0, 250, 0, 1, 250, 0, 2, 250, 4, 1, 1, 1, 4, 2, 2, 1, 4, 0, 4, 1, 4, 1, 0, 250],
    ),
];

const TEXTS: [(&str, &[u8]); 13] = [
    ("amf3/scalars", &[0x04, 0xFF, 0xFF, 0xFF, 0xFF, 5, 0, 0, 0, 0, 0, 0, 0, 0]),
    // An array with a named and a listed value; strings by reference.
    ("amf3/array", &[0x09, 0x03, 0x07, b'a', b'b', b'c', 0x06, 0x00, 0x01, 0x02]),
    // An object with one sealed member and a dynamic one.
    ("amf3/object", &[0x0A, 0x1B, 0x01, 0x03, b'x', 0x04, 0x01, 0x03, b'y', 0x0C, 0x05, 1, 2, 0x01]),
    ("playlist/first", b"\nmedia.m3u8"),
    ("playlist/reload", b"_HLS_msn=11&_HLS_part=1&_HLS_skip=YES\ns-s7.m4s"),
    ("playlist/dialect", b"dialect=seamless&_HLS_msn=18446744073709551615&_HLS_part=0\ns-p20.m4s"),
    ("nginx_conf/usual", b"rtmp { server { listen 1935; chunk_size 4096; application live { live on; hls on;
 hls_path /tmp/hls; hls_fragment 3s; hls_playlist_length 1m; on_publish http://127.0.0.1/auth; record all;
 record_path /rec; record_max_size 128K; push rtmp://a/b; drop_idle_publisher 10s; } } }"),
    ("nginx_conf/odd-words", b"rtmp{listen \"[::]:1935\";record_suffix '-%d\\'.flv';#x\nmax_connections ${n};}"),
    ("nginx_conf/statistics", b"http{server{location /stat{rtmp_stat all;}}}\nrtmp_auto_push on;"),
    // OpusHead, stereo.
    ("codec_config/opus", b"\x07OpusHead\x01\x02\x38\x01\x80\xbb\x00\x00\x00\x00\x00"),
    // Two frames of 20 ms.
    ("access_unit/opus", &[3, 0, 0xFD, 1, 2, 3, 4]),
    // Multitrack, many codecs: avc1 and hvc1.
    ("flv/multitrack", b"\x00\x96\x21avc1\x00\x00\x00\x05\x00\x00\x00ABhvc1\x01\x00\x00\x05\x00\x00\x00CD"),
    // ModEx with an offset in nanoseconds.
    ("flv/mod-ex", b"\x00\x97\x02\x00\x03\xE8\x01av01A"),
];
