//! Sessions in the shape that real publishers were seen to send them: order, chunk streams,
//! transaction ids, quirks.

use bytes::Bytes;
use genlock_rtmp::amf0::{Object, Value};
use genlock_rtmp::chunk::{ExtendedTimestamps, HeaderCompression};
use genlock_rtmp::flv::{self, FrameType, VideoPacket};
use genlock_rtmp::message::MessageType;
use genlock_rtmp::{
    Extensions, MediaKind, PublishRequest, PublishType, RtmpTimestamp, ServerEvent, StreamKey,
};

use crate::testkit::{Lone, Wire, code, commands, reply_reader};

fn publish_request(events: &[ServerEvent]) -> &PublishRequest {
    let request = events.iter().find_map(|event| match event {
        ServerEvent::PublishRequested(request) => Some(request),
        _ => None,
    });
    request.expect("a publish request")
}

fn media(events: &[ServerEvent]) -> Vec<(MediaKind, u32, Bytes)> {
    let media = events.iter().filter_map(|event| match event {
        ServerEvent::Media(m) => Some((m.kind, m.timestamp.0, m.payload.clone())),
        _ => None,
    });
    media.collect()
}

fn metadata_count(events: &[ServerEvent]) -> usize {
    events.iter().filter(|event| matches!(event, ServerEvent::Metadata { .. })).count()
}

fn metadata_body(set_data_frame: bool) -> Vec<u8> {
    let object = Object::new().with("width", 1920.0).with("videocodecid", 7.0);
    let mut values = vec!["onMetaData".into(), Value::EcmaArray(object)];
    if set_data_frame {
        values.insert(0, "@setDataFrame".into());
    }
    genlock_rtmp::amf0::encode_all(&values).to_vec()
}

/// Names and transaction ids of the commands that came back.
fn names(commands: &[Vec<Value>]) -> Vec<(&str, f64)> {
    let names = commands
        .iter()
        .map(|values| (values[0].as_str().expect("a name"), values[1].as_number().expect("an id")));
    names.collect()
}

/// FFmpeg 5.1 and 9.0: everything in one go after connect, audio on chunk stream 4 with the data,
/// video on 6.
#[test]
fn ffmpeg() {
    let mut lone = Lone::new();
    let mut reader = reply_reader();
    let mut wire = Wire::new();
    let object = Object::new()
        .with("app", "live")
        .with("type", "nonprivate")
        .with("flashVer", "FMLE/3.0 (compatible; Lavf59.27.100)")
        .with("tcUrl", "rtmp://localhost:1935/live");
    wire.command("connect", 1.0, &[object.into()]).chunk_size(4096);
    lone.feed_wire(&mut wire).unwrap();
    let replies = lone.replies(&mut reader);
    let kinds: Vec<_> = replies.iter().map(|message| message.kind).collect();
    let order = [
        MessageType::WINDOW_ACK_SIZE,
        MessageType::SET_PEER_BANDWIDTH,
        MessageType::SET_CHUNK_SIZE,
        MessageType::COMMAND_AMF0,
    ];
    assert_eq!(kinds, order);
    let result = commands(&replies).remove(0);
    assert_eq!(code(&result), Some("NetConnection.Connect.Success"));
    let properties = result[2].as_object().unwrap();
    assert_eq!(properties.str("fmsVer"), Some("FMS/3,0,1,123"));
    assert_eq!(properties.get("fourCcList"), None, "a legacy client gets the legacy answer");
    assert_eq!(result[3].as_object().unwrap().number("objectEncoding"), Some(0.0));

    let key = Value::from("secret?token=1");
    wire.command("releaseStream", 2.0, &[Value::Null, key.clone()]);
    wire.command("FCPublish", 3.0, &[Value::Null, key.clone()]);
    wire.command("createStream", 4.0, &[Value::Null]);
    lone.feed_wire(&mut wire).unwrap();
    let replies = commands(&lone.replies(&mut reader));
    let expect = [("_result", 2.0), ("onFCPublish", 3.0), ("_result", 3.0), ("_result", 4.0)];
    assert_eq!(names(&replies), expect);
    assert_eq!(replies[3][3], Value::Number(1.0));

    wire.command_on(8, 1, "publish", 5.0, &[Value::Null, key.clone(), "live".into()]);
    lone.feed_wire(&mut wire).unwrap();
    let request = publish_request(&lone.events);
    assert_eq!(request.stream_key, StreamKey::new("secret"));
    assert_eq!(request.query.get("token"), Some("1"));
    assert_eq!(request.publish_type, PublishType::Live);
    let id = request.id;
    let replies = lone.replies(&mut reader);
    assert_eq!(replies[0].kind, MessageType::USER_CONTROL);
    assert_eq!(replies[0].payload[..], [0, 0, 0, 0, 0, 1], "stream begin comes first");
    assert_eq!(code(&commands(&replies)[0]), Some("NetStream.Publish.Start"));
    assert_eq!(replies[1].message_stream.0, 1);

    wire.message(4, 1, 18, 0, &metadata_body(true));
    wire.message(6, 1, 9, 0, &[0x17, 0, 0, 0, 0, 1]);
    wire.message(4, 1, 8, 0, &[0xAF, 0, 0x12, 0x10]);
    wire.message(6, 1, 9, 7, &[&[0x17, 1, 0, 0, 80][..], &[0; 9000]].concat());
    // Silent AAC: same length, same delta; every third message is a bare type 3 header.
    for n in 0..4_u32 {
        wire.message(4, 1, 8, 21 * n, &[0xAF, 1, 0x21, 0x10]);
    }
    wire.message(6, 1, 9, 47, &[0x17, 2, 0, 0, 0]);
    wire.command("FCUnpublish", 6.0, &[Value::Null, key]);
    wire.command("deleteStream", 7.0, &[Value::Null, 1.0.into()]);
    lone.feed_wire(&mut wire).unwrap();
    assert_eq!(metadata_count(&lone.events), 1);
    let media = media(&lone.events);
    let times: Vec<_> = media.iter().map(|(_, timestamp, _)| *timestamp).collect();
    assert_eq!(times, [0, 0, 7, 0, 21, 42, 63, 47]);
    let ends = lone.events.iter().filter(|event| **event == ServerEvent::PublishEnded { id });
    assert_eq!(ends.count(), 1, "deleteStream after FCUnpublish ends nothing again");
}

/// FFmpeg 9 with `-rtmp_enhanced_codecs`, HEVC: the capabilities are echoed, metadata is a command
/// frame.
#[test]
fn ffmpeg_enhanced_hevc() {
    let mut lone = Lone::new();
    let mut reader = reply_reader();
    let mut wire = Wire::new();
    let list = Value::StrictArray(vec!["hvc1".into(), "Opus".into()]);
    let object = Object::new().with("app", "live").with("fourCcList", list);
    wire.command("connect", 1.0, &[object.into()]);
    lone.feed_wire(&mut wire).unwrap();
    let ServerEvent::ConnectRequested(connect) = &lone.events[0] else {
        panic!("{:?}", lone.events);
    };
    assert_eq!(connect.enhanced.four_cc_list, ["hvc1", "Opus"]);
    let result = commands(&lone.replies(&mut reader)).remove(0);
    for object in [&result[2], &result[3]] {
        let object = object.as_object().unwrap();
        let any_four_cc = Value::StrictArray(vec!["*".into()]);
        assert_eq!(object.get("fourCcList"), Some(&any_four_cc));
        let video = object.get("videoFourCcInfoMap").and_then(Value::as_object).unwrap();
        assert_eq!(video.number("*"), Some(4.0));
        let extensions = Extensions(object.get("capsEx").and_then(Value::as_u32).unwrap());
        assert!(extensions.contains(Extensions::RECONNECT.union(Extensions::MOD_EX)));
        assert!(!extensions.contains(Extensions::MULTITRACK));
    }

    wire.command("createStream", 2.0, &[Value::Null]);
    wire.command_on(8, 1, "publish", 3.0, &[Value::Null, "secret".into(), "live".into()]);
    wire.message(6, 1, 9, 0, b"\x90hvc1\x01\x02");
    wire.message(6, 1, 9, 0, b"\xD4hvc1\x02\x00\x09colorInfo\x05");
    wire.message(6, 1, 9, 0, b"\x91hvc1\x00\x00\x21frame");
    wire.message(4, 1, 8, 0, b"\x94Opus\x01\x02\x00\x00\x00\x03");
    lone.feed_wire(&mut wire).unwrap();
    let media = media(&lone.events);
    let packets: Vec<_> = media
        .iter()
        .filter(|(kind, ..)| *kind == MediaKind::Video)
        .flat_map(|(.., payload)| flv::parse_video(payload).unwrap())
        .map(|tag| (tag.frame_type, tag.packet))
        .collect();
    let frames = VideoPacket::CodedFrames { composition_time_ms: 33 };
    let expect = [
        (FrameType::Key, VideoPacket::SequenceStart),
        (FrameType::Command, VideoPacket::Metadata),
        (FrameType::Key, frames),
    ];
    assert_eq!(packets, expect);
    assert_eq!(media.len(), 4);
}

/// OBS: chunk size before connect, media on chunk stream 4, and before 30.1 no extended timestamps
/// in type 3 chunks.
#[test]
fn obs() {
    for extended in [ExtendedTimestamps::Repeated, ExtendedTimestamps::LeftOut] {
        let mut lone = Lone::new();
        let mut wire = Wire::with(HeaderCompression::On, extended);
        let object = Object::new()
            .with("app", "live")
            .with("type", "nonprivate")
            .with("flashVer", "FMLE/3.0 (compatible; FMSc/1.0)")
            .with("swfUrl", "rtmp://localhost/live")
            .with("tcUrl", "rtmp://localhost/live");
        wire.chunk_size(4096).command("connect", 1.0, &[object.into()]);
        wire.command("releaseStream", 2.0, &[Value::Null, "secret".into()]);
        wire.command("FCPublish", 3.0, &[Value::Null, "secret".into()]);
        wire.command("createStream", 4.0, &[Value::Null]);
        wire.command_on(4, 1, "publish", 5.0, &[Value::Null, "secret".into(), "live".into()]);
        wire.message(4, 1, 18, 0, &metadata_body(true));
        // Four and a half hours into the stream.
        let start = 0x00FF_FFFF - 90;
        for n in 0..10_u32 {
            let video = [&[0x27, 1, 0, 0, 0][..], &vec![0x41; 20_000]].concat();
            wire.message(4, 1, 9, start + 33 * n, &video);
            wire.message(4, 1, 8, start + 33 * n, &[0xAF, 1, 0x21]);
        }
        lone.feed_wire(&mut wire).unwrap();
        let media = media(&lone.events);
        assert_eq!(media.len(), 20);
        for (n, pair) in (0..).zip(media.chunks(2)) {
            assert_eq!((pair[0].1, pair[0].2.len()), (start + 33 * n, 20_005), "{extended:?}");
            assert_eq!((pair[1].1, pair[1].2.len()), (start + 33 * n, 3), "{extended:?}");
        }
    }
}

/// GStreamer's rtmp2sink: transaction id 0 for calls whose answer it does not want, window first,
/// metadata again and again.
#[test]
fn gstreamer_rtmp2sink() {
    let mut lone = Lone::new();
    let mut reader = reply_reader();
    let mut wire = Wire::new();
    let object = Object::new()
        .with("app", "live")
        .with("flashVer", "LNX 10,0,32,18")
        .with("tcUrl", "rtmp://localhost:1935/live");
    wire.command("connect", 1.0, &[object.into()]);
    wire.control(5, &2_500_000_u32.to_be_bytes());
    lone.feed_wire(&mut wire).unwrap();
    lone.replies(&mut reader);
    wire.command("releaseStream", 0.0, &[Value::Null, "secret".into()]);
    wire.command("FCPublish", 0.0, &[Value::Null, "secret".into()]);
    wire.command("createStream", 2.0, &[Value::Null]);
    lone.feed_wire(&mut wire).unwrap();
    let replies = commands(&lone.replies(&mut reader));
    assert_eq!(names(&replies), [("_result", 2.0)]);
    wire.command_on(4, 1, "publish", 0.0, &[Value::Null, "secret".into(), "live".into()]);
    wire.chunk_size(128);
    for n in 0..6 {
        wire.message(4, 1, 18, 160 * n, &metadata_body(true));
        wire.message(6, 1, 9, 160 * n, &[0x17; 400]);
        wire.message(5, 1, 8, 160 * n, &[0xAF; 200]);
    }
    wire.command("deleteStream", 0.0, &[Value::Null, 1.0.into()]);
    lone.feed_wire(&mut wire).unwrap();
    assert_eq!((metadata_count(&lone.events), media(&lone.events).len()), (6, 12));
    assert!(matches!(lone.events.last(), Some(ServerEvent::PublishEnded { .. })));
}

/// librtmp's rtmpsink: never sets a chunk size, everything on chunk stream 4, duplicate timestamps.
#[test]
fn librtmp_rtmpsink() {
    let mut lone = Lone::new();
    let mut wire = Wire::with(HeaderCompression::On, ExtendedTimestamps::LeftOut);
    let object = Object::new().with("app", "live").with("tcUrl", "rtmp://localhost/live");
    wire.command("connect", 1.0, &[object.into()]);
    wire.command("releaseStream", 2.0, &[Value::Null, "secret".into()]);
    wire.command("FCPublish", 3.0, &[Value::Null, "secret".into()]);
    wire.command("createStream", 4.0, &[Value::Null]);
    wire.command_on(4, 1, "publish", 5.0, &[Value::Null, "secret".into(), "live".into()]);
    for timestamp in [186, 186, 232, 255] {
        wire.message(4, 1, 9, timestamp, &[0x27; 1000]);
    }
    lone.feed_wire(&mut wire).unwrap();
    let times: Vec<_> = media(&lone.events).iter().map(|(_, time, _)| *time).collect();
    assert_eq!(times, [186, 186, 232, 255]);
}

/// Quirks of hardware: AMF3-typed commands, lower-case and quoted `tcurl`, no app, no publish mode,
/// media on stream 0.
#[test]
fn odd_hardware() {
    let mut lone = Lone::new();
    let mut reader = reply_reader();
    let mut wire = Wire::new();
    let object =
        Object::new().with("tcurl", "'rtmp://localhost/live?vhost=x'").with("objectEncoding", 3.0);
    let connect = ["connect".into(), Value::Number(1.0), object.into()];
    let body = [&[0][..], &genlock_rtmp::amf0::encode_all(&connect)].concat();
    wire.message(3, 0, 17, 0, &body);
    wire.command("_checkbw", 2.0, &[Value::Null]);
    wire.command("getStreamLength", 3.0, &[Value::Null, "secret".into()]);
    wire.command("FCSubscribe", 4.0, &[Value::Null, "secret".into()]);
    wire.command("vendorPing", 0.0, &[]);
    wire.command("onStatus", 9.0, &[]);
    wire.command("createStream", 5.0, &[]);
    wire.command_on(3, 1, "publish", 6.0, &[Value::Null, "/a/b%2Dc".into()]);
    wire.message(4, 0, 9, 5, &[0x17; 10]);
    wire.message(99, 1, 8, 6, &[0xAF; 10]).message(4, 1, 77, 6, b"???");
    lone.feed_wire(&mut wire).unwrap();

    let request = publish_request(&lone.events);
    assert_eq!((request.app.as_str(), request.stream_key.expose()), ("live", "a/b-c"));
    assert_eq!(request.query.get("vhost"), Some("x"));
    assert_eq!(media(&lone.events).len(), 2);
    assert_eq!(lone.server.ignored_messages(), 1);
    let replies = commands(&lone.replies(&mut reader));
    assert_eq!(replies[0][3].as_object().unwrap().number("objectEncoding"), Some(3.0));
    let expect =
        [("_result", 2.0), ("_result", 3.0), ("_error", 4.0), ("_result", 5.0), ("onStatus", 0.0)];
    assert_eq!(names(&replies[1..]), expect);
    assert_eq!(replies[2][3], Value::Number(0.0), "the stream length");
}

/// Encoders that never call createStream, or publish on the connection itself.
#[test]
fn publish_without_its_stream() {
    for (create, stream) in [(false, 1), (false, 7), (true, 0)] {
        let mut lone = Lone::new();
        let mut wire = Wire::new();
        wire.command("connect", 1.0, &[Object::new().with("app", "live").into()]);
        if create {
            wire.command("createStream", 2.0, &[Value::Null]);
        }
        wire.command_on(3, stream, "publish", 3.0, &[Value::Null, "secret".into()]);
        wire.message(4, stream, 8, 0, &[0xAF, 1]);
        lone.feed_wire(&mut wire).unwrap();
        assert_eq!(media(&lone.events).len(), 1, "{create} {stream}");
    }
}

#[test]
fn several_publishes_share_a_connection() {
    let mut lone = Lone::new();
    let mut wire = Wire::new();
    wire.command("connect", 1.0, &[Object::new().with("app", "live").into()]);
    for (n, name) in [(1_u32, "a"), (2, "b")] {
        wire.command("createStream", f64::from(n) + 1.0, &[Value::Null]);
        wire.command_on(3, n, "publish", 0.0, &[Value::Null, name.into()]);
    }
    wire.message(4, 1, 8, 0, b"a").message(4, 2, 8, 0, b"b");
    wire.command("FCUnpublish", 0.0, &[Value::Null, "a".into()]);
    wire.message(4, 1, 8, 5, b"a").message(4, 2, 8, 5, b"b");
    wire.command_on(3, 2, "closeStream", 0.0, &[Value::Null]);
    wire.command_on(3, 2, "publish", 0.0, &[Value::Null, "c".into()]);
    wire.message(4, 2, 8, 9, b"c");
    lone.feed_wire(&mut wire).unwrap();
    let names: Vec<_> = lone
        .events
        .iter()
        .filter_map(|event| match event {
            ServerEvent::PublishRequested(request) => {
                Some((request.id, format!("request {}", request.stream_key.expose())))
            }
            ServerEvent::Media(media) => Some((media.id, "media".to_owned())),
            ServerEvent::PublishEnded { id } => Some((*id, "end".to_owned())),
            _ => None,
        })
        .collect();
    let story: Vec<_> = names.iter().map(|(_, what)| what.as_str()).collect();
    let expect =
        ["request a", "request b", "media", "media", "end", "media", "end", "request c", "media"];
    assert_eq!(story, expect);
    let ids: Vec<_> = names.iter().map(|(id, _)| *id).collect();
    let (a, b, c) = (ids[0], ids[1], ids[7]);
    assert_eq!(ids, [a, b, a, b, a, b, b, c, c]);
    assert!(a != b && b != c && a != c);
}

#[test]
fn players_are_refused_politely() {
    let mut lone = Lone::new();
    let mut reader = reply_reader();
    let mut wire = Wire::new();
    wire.command("connect", 1.0, &[Object::new().with("app", "live").into()]);
    wire.command("createStream", 2.0, &[Value::Null]);
    wire.command_on(8, 1, "play", 3.0, &[Value::Null, "secret".into()]);
    lone.feed_wire(&mut wire).unwrap();
    let replies = commands(&lone.replies(&mut reader));
    assert_eq!(code(replies.last().unwrap()), Some("NetStream.Play.Failed"));
    assert!(!lone.server.should_close());
}

#[test]
fn aggregates_are_unpacked() {
    let mut lone = Lone::new();
    let mut wire = Wire::new();
    wire.command("connect", 1.0, &[Object::new().with("app", "live").into()]);
    wire.command_on(3, 1, "publish", 0.0, &[Value::Null, "secret".into()]);
    let part = |kind: u8, timestamp: u8, byte: u8| {
        vec![kind, 0, 0, 1, 0, 0, timestamp, 0, 0, 0, 0, byte, 0, 0, 0, 12]
    };
    wire.message(4, 1, 22, 1000, &[part(9, 50, b'v'), part(8, 73, b'a')].concat());
    lone.feed_wire(&mut wire).unwrap();
    let expect = [
        (MediaKind::Video, 1000, Bytes::from_static(b"v")),
        (MediaKind::Audio, 1023, Bytes::from_static(b"a")),
    ];
    assert_eq!(media(&lone.events), expect);
}

#[test]
fn metadata_comes_with_its_timestamp_and_in_both_flavours() {
    let mut lone = Lone::new();
    let mut wire = Wire::new();
    wire.command("connect", 1.0, &[Object::new().with("app", "live").into()]);
    wire.command_on(3, 1, "publish", 0.0, &[Value::Null, "secret".into()]);
    wire.message(4, 1, 18, 7, &metadata_body(false));
    wire.message(4, 1, 15, 8, &[&[0][..], &metadata_body(true)].concat());
    lone.feed_wire(&mut wire).unwrap();
    let seen: Vec<_> = lone.events[2..]
        .iter()
        .map(|event| match event {
            ServerEvent::Metadata { timestamp, properties, .. } => {
                (*timestamp, properties.number("width"))
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(seen, [(RtmpTimestamp(7), Some(1920.0)), (RtmpTimestamp(8), Some(1920.0))]);
}
