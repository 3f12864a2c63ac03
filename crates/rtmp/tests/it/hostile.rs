//! Garbage and mutated sessions: errors, never panics, and nothing that grows without end.

use std::time::Duration;

use bytes::Bytes;
use genlock_rtmp::amf0::{self, Object, Value};
use genlock_rtmp::{
    Capabilities, ClientConfig, Limits, Malformed, MediaKind, Misbehaviour, RtmpError,
    RtmpTimestamp, ServerConfig, ServerEvent, ServerSession,
};
use proptest::prelude::*;

use crate::testkit::{Lone, Pair, Policy, Wire, answer, client_config, origin, simple_handshake};

/// A session of every kind of message that the client writes.
fn session() -> Vec<u8> {
    let enhanced = Capabilities::forward_everything();
    let mut pair = Pair::new(ClientConfig { chunk_size: 64, enhanced, ..client_config() });
    pair.exchange().expect("a sane session");
    let client = &mut pair.client;
    client.send_metadata(RtmpTimestamp(0), Object::new().with("width", 1.0)).expect("publishing");
    for n in 0..8 {
        let timestamp = RtmpTimestamp(0x00FF_FFF0 + 5 * n);
        client.send_video(timestamp, Bytes::from(vec![0x27; 150])).expect("publishing");
        client.send_audio(timestamp, Bytes::from(vec![0xAF; 20])).expect("publishing");
    }
    client.end().expect("publishing");
    pair.exchange().expect("a sane session");
    pair.sent
}

/// Feeds bytes in pieces and checks the bounds that can be seen from outside. Ends at the first
/// error.
fn survive(bytes: &[u8], piece: usize) {
    let now = origin();
    let config = ServerConfig::default();
    let (max_events, max_transmit) = (config.limits.events, config.limits.transmit_bytes);
    let mut server = ServerSession::new(config, now, [9; 1528]);
    for piece in bytes.chunks(piece) {
        let result = server.handle_bytes(now, Bytes::copy_from_slice(piece));
        let mut events = Vec::new();
        let answered = answer(&mut server, now, Policy::Accept, &mut events);
        assert!(events.len() <= max_events + 2);
        let transmit = server.poll_transmit().unwrap_or_default();
        assert!(transmit.len() <= max_transmit + 8192);
        if result.and(answered).is_err() {
            assert!(server.should_close());
            assert_eq!(server.handle_timeout(now + Duration::from_secs(3600)), Ok(()));
            return;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(
        bytes in proptest::collection::vec(any::<u8>(), 0..4000),
        piece in 1_usize..900,
    ) {
        survive(&bytes, piece);
        survive(&[simple_handshake(), bytes].concat(), piece);
    }

    #[test]
    fn mutated_sessions(
        edits in proptest::collection::vec((3073_usize..6000, any::<u8>()), 1..12),
        piece in 1_usize..2000,
    ) {
        let mut bytes = session();
        let len = bytes.len();
        for (position, value) in edits {
            if let Some(byte) = bytes.get_mut(3073 + position % (len - 3073)) {
                *byte = value;
            }
        }
        survive(&bytes, piece);
    }

    #[test]
    fn truncated_and_spliced_sessions(from in 3073_usize..6000, to in 3073_usize..6000) {
        let bytes = session();
        let (from, to) = (from.min(bytes.len()), to.min(bytes.len()));
        survive(&[&bytes[..from], &bytes[to..]].concat(), 100);
    }

    #[test]
    fn random_values_as_commands(
        name in prop_oneof![
            Just("connect"), Just("createStream"), Just("publish"), Just("FCUnpublish"),
            Just("deleteStream"), Just("closeStream"), Just("releaseStream"), Just("play"),
        ],
        body in proptest::collection::vec(any::<u8>(), 0..60),
        stream in 0_u32..3,
    ) {
        let mut lone = connected();
        let payload = [&amf0::encode_all(&[name.into(), 2.0.into()])[..], &body].concat();
        let mut wire = Wire::new();
        wire.message(3, stream, 20, 0, &payload);
        let _ = lone.feed_wire(&mut wire);
    }
}

fn connected() -> Lone {
    let mut lone = Lone::new();
    let object = Object::new().with("app", "live");
    lone.feed_wire(Wire::new().command("connect", 1.0, &[object.into()])).expect("connect");
    lone
}

fn publishing() -> Lone {
    let mut lone = connected();
    let mut wire = Wire::new();
    wire.command("createStream", 2.0, &[Value::Null]);
    wire.command_on(8, 1, "publish", 3.0, &[Value::Null, "key".into()]);
    lone.feed_wire(&mut wire).expect("publish");
    lone
}

#[test]
fn deep_amf_is_an_error_that_names_its_place() {
    let mut lone = Lone::new();
    let mut wire = Wire::new();
    wire.chunk_size(100_000).message(3, 0, 20, 0, &[0x0A, 0, 0, 0, 1].repeat(10_000));
    let error = lone.feed_wire(&mut wire).unwrap_err();
    assert_eq!(
        error.to_string(),
        "malformed input at byte 3089 (chunk stream 3, message type 20): \
         nesting deeper than 32 at offset 165 of the AMF data",
    );
    assert!(lone.server.should_close());
}

#[test]
fn an_end_in_the_middle_of_something_names_its_place() {
    let end_after = |bytes: &[u8]| {
        let mut server = ServerSession::new(ServerConfig::default(), origin(), [9; 1528]);
        server.handle_bytes(origin(), Bytes::copy_from_slice(bytes)).expect("sane so far");
        server.handle_end().map_err(|error| error.to_string())
    };
    // A client that sends all of the handshake at once, then a command in two chunks.
    let mut bytes = simple_handshake();
    let handshake = bytes.len();
    bytes.extend([3, 0, 0, 0, 0, 0, 200, 20, 0, 0, 0, 0]);
    bytes.extend([5; 128]);
    bytes.extend([0xC3; 73]);
    assert_eq!(end_after(&[]), Ok(()), "a look at the port");
    let inside = "malformed input at byte 100: the input ends, expected the rest of the handshake";
    assert_eq!(end_after(&bytes[..100]), Err(inside.to_owned()));
    assert_eq!(end_after(&bytes[..handshake]), Ok(()));
    let header =
        "malformed input at byte 3078: the input ends, expected the rest of a chunk header";
    assert_eq!(end_after(&bytes[..handshake + 5]), Err(header.to_owned()));
    for end in [handshake + 12, handshake + 50, handshake + 140, bytes.len() - 1] {
        let message = format!(
            "malformed input at byte {end} (chunk stream 3, message type 20): \
             the input ends, expected the rest of a message"
        );
        assert_eq!(end_after(&bytes[..end]), Err(message));
    }
}

#[test]
fn empty_and_short_commands_do_no_harm() {
    let mut lone = connected();
    let mut wire = Wire::new();
    wire.message(3, 0, 20, 0, &[]).message(3, 0, 17, 0, &[]).message(4, 1, 9, 0, &[]);
    for name in ["publish", "deleteStream", "FCPublish", "FCUnpublish", "closeStream", "x"] {
        wire.message(3, 0, 20, 0, &amf0::encode_all(&[name.into()]));
    }
    // `publish` without a stream or a name asks for the empty key on an unknown stream.
    assert_eq!(lone.feed_wire(&mut wire), Ok(()));
}

#[test]
fn the_protocol_has_an_order() {
    let misbehaviour = |wire: &mut Wire, lone: &mut Lone| match lone.feed_wire(wire) {
        Err(RtmpError::PeerMisbehaved { fault, .. }) => fault,
        other => panic!("{other:?}"),
    };
    let mut wire = Wire::new();
    wire.command("createStream", 1.0, &[Value::Null]);
    assert_eq!(misbehaviour(&mut wire, &mut Lone::new()), Misbehaviour::CommandBeforeConnect);
    let mut wire = Wire::new();
    wire.command("connect", 2.0, &[Object::new().into()]);
    assert_eq!(misbehaviour(&mut wire, &mut connected()), Misbehaviour::SecondConnect);
}

#[test]
fn control_messages_with_nonsense() {
    let fault = |kind: u8, body: &[u8]| match Lone::new().feed_wire(Wire::new().control(kind, body))
    {
        Ok(()) => None,
        Err(RtmpError::Malformed { fault, .. }) => Some(fault),
        Err(other) => panic!("{other:?}"),
    };
    assert_eq!(fault(1, &[0; 4]), Some(Malformed::ChunkSize(0)));
    assert_eq!(fault(1, &[0xFF; 4]), Some(Malformed::ChunkSize(u32::MAX)));
    assert_eq!(fault(1, &[0x7F, 0xFF, 0xFF, 0xFF]), None);
    assert_eq!(fault(2, &[1]), Some(Malformed::ControlLength { got: 1, expected: 4 }));
    assert_eq!(fault(5, &[0; 4]), None);
    assert_eq!(fault(3, &[0; 4]), None);
}

fn limit(result: Result<(), RtmpError>) -> &'static str {
    match result {
        Err(RtmpError::LimitExceeded { what, .. }) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn long_names_are_refused() {
    let object = Object::new().with("app", "x".repeat(5000).as_str());
    let mut wire = Wire::new();
    wire.command("connect", 1.0, &[object.into()]);
    assert_eq!(limit(Lone::new().feed_wire(&mut wire)), "bytes of a name");
    let mut wire = Wire::new();
    let name = Value::from("x".repeat(5000).as_str());
    wire.command_on(3, 1, "publish", 1.0, &[Value::Null, name]);
    assert_eq!(limit(connected().feed_wire(&mut wire)), "bytes of a name");
}

#[test]
fn input_is_not_held_without_end() {
    let mut lone = Lone::new();
    lone.policy = Policy::Silent;
    let mut wire = Wire::new();
    wire.command("connect", 1.0, &[Object::new().into()]);
    lone.feed_wire(&mut wire).unwrap();
    for _ in 0..4 {
        lone.feed(&[0; 64 * 1024]).unwrap();
    }
    assert_eq!(limit(lone.feed(&[0])), "bytes held while a decision is pending");
}

#[test]
fn streams_are_bounded_but_more_are_no_crime() {
    let mut lone = connected();
    let mut wire = Wire::new();
    for n in 0..20 {
        wire.command("createStream", f64::from(n) + 2.0, &[Value::Null]);
    }
    lone.feed_wire(&mut wire).unwrap();
    let mut reader = crate::testkit::reply_reader();
    let replies = crate::testkit::commands(&lone.replies(&mut reader));
    let results = replies.iter().filter(|reply| reply[0] == "_result".into()).count();
    let errors = replies.iter().filter(|reply| reply[0] == "_error".into()).count();
    // The result of connect is among them.
    assert_eq!((results, errors), (1 + 8, 12));
}

#[test]
fn an_aggregate_cannot_multiply_without_end() {
    let part = [8, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xAF, 0, 0, 0, 12];
    let check = |parts: usize, expect: Option<&str>| {
        let mut lone = publishing();
        let mut wire = Wire::new();
        wire.chunk_size(1 << 20).message(4, 1, 22, 0, &part.repeat(parts));
        match (lone.feed_wire(&mut wire), expect) {
            (Ok(()), None) => {
                let media = lone.events.iter().filter(|e| matches!(e, ServerEvent::Media(_)));
                assert_eq!(media.count(), parts);
            }
            (result, Some(what)) => assert_eq!(limit(result), what),
            (result, None) => panic!("{result:?}"),
        }
    };
    check(4096, None);
    check(4097, Some("messages in an aggregate"));
}

#[test]
fn a_flood_of_tiny_messages_in_one_read_is_cut_off() {
    let limits = Limits { events: 1000, ..Limits::default() };
    let config = ServerConfig { limits, ..ServerConfig::default() };
    let mut lone = Lone::with(config);
    let mut wire = Wire::new();
    wire.command("connect", 1.0, &[Object::new().into()]);
    wire.command_on(3, 1, "publish", 1.0, &[Value::Null, "key".into()]);
    lone.feed_wire(&mut wire).unwrap();
    let flood = [&[0x04, 0, 0, 0, 0, 0, 1, 8, 1, 0, 0, 0, b'a'][..], &[0xC4, b'a'].repeat(2000)];
    assert_eq!(limit(lone.feed(&flood.concat())), "events waiting");
    let media = lone.events.iter().filter(|event| match event {
        ServerEvent::Media(media) => media.kind == MediaKind::Audio,
        _ => false,
    });
    assert_eq!(media.count(), 1000);
}

#[test]
fn metadata_that_is_not_amf_is_only_counted() {
    let mut lone = publishing();
    let mut wire = Wire::new();
    wire.message(4, 1, 18, 0, &[0xFF, 1, 2]).message(4, 1, 8, 0, &[0xAF]);
    lone.feed_wire(&mut wire).unwrap();
    assert_eq!(lone.server.ignored_messages(), 1);
    assert!(matches!(lone.events.last(), Some(ServerEvent::Media(_))));
}
