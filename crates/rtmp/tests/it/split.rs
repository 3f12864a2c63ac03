//! Any split of the byte stream gives the same events, over whole sessions of many shapes.

use std::time::Duration;

use bytes::Bytes;
use genlock_rtmp::amf0::Object;
use genlock_rtmp::chunk::{ExtendedTimestamps, HeaderCompression};
use genlock_rtmp::{
    ClientConfig, Limits, MediaKind, MediaOut, RtmpTimestamp, ServerConfig, ServerEvent,
    ServerSession,
};
use proptest::prelude::*;

use crate::testkit::{Pair, Policy, answer, client_config, origin};

/// One thing an encoder does.
#[derive(Clone, Debug)]
enum Step {
    Audio { delta_ms: u32, bytes: Vec<u8> },
    Video { delta_ms: u32, bytes: Vec<u8> },
    Both { audio: Vec<u8>, video: Vec<u8> },
    Metadata,
}

fn payload(max: usize) -> impl Strategy<Value = Vec<u8>> {
    // Bytes that look like headers and timestamps are more telling than random ones.
    let byte = prop_oneof![Just(0), Just(1), Just(0xFF), Just(0xC4), any::<u8>()];
    proptest::collection::vec(byte, 1..max)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u32..60, payload(400))
            .prop_map(|(delta_ms, bytes)| Step::Audio { delta_ms, bytes }),
        4 => (0_u32..60, payload(3000))
            .prop_map(|(delta_ms, bytes)| Step::Video { delta_ms, bytes }),
        2 => (payload(400), payload(3000)).prop_map(|(audio, video)| Step::Both { audio, video }),
        1 => Just(Step::Metadata),
    ]
}

prop_compose! {
    fn config()(
        chunk_size in prop_oneof![1_u32..=3, Just(127), Just(128), Just(4096), Just(65_536)],
        compress in any::<bool>(),
        repeat in any::<bool>(),
    ) -> ClientConfig {
        let headers = if compress { HeaderCompression::On } else { HeaderCompression::Off };
        let extended_timestamps =
            if repeat { ExtendedTimestamps::Repeated } else { ExtendedTimestamps::LeftOut };
        ClientConfig { chunk_size, headers, extended_timestamps, ..client_config() }
    }
}

/// Plays a session against a live server and returns the client's bytes and the server's events.
fn record(config: ClientConfig, start: u32, steps: &[Step]) -> (Vec<u8>, Vec<ServerEvent>) {
    let mut pair = Pair::new(config);
    pair.exchange().expect("a sane session");
    let mut now = start;
    for step in steps {
        let client = &mut pair.client;
        let sent = match step.clone() {
            Step::Audio { delta_ms, bytes } => {
                now = now.wrapping_add(delta_ms);
                client.send_audio(RtmpTimestamp(now), bytes.into())
            }
            Step::Video { delta_ms, bytes } => {
                now = now.wrapping_add(delta_ms);
                client.send_video(RtmpTimestamp(now), bytes.into())
            }
            Step::Both { audio, video } => {
                let out = |kind, payload: Vec<u8>| MediaOut {
                    kind,
                    timestamp: RtmpTimestamp(now),
                    payload: payload.into(),
                };
                client.send_interleaved(out(MediaKind::Audio, audio), out(MediaKind::Video, video))
            }
            Step::Metadata => {
                let properties = Object::new().with("width", 1280.0).with("encoder", "x");
                client.send_metadata(RtmpTimestamp(now), properties)
            }
        };
        sent.expect("publishing");
        pair.exchange().expect("a sane session");
        pair.advance(Duration::from_millis(10));
    }
    pair.client.end().expect("publishing");
    pair.exchange().expect("a sane session");
    (pair.sent, pair.server_events)
}

/// Feeds the same bytes in other pieces, without ever waiting for the server's replies.
fn replay(bytes: &[u8], cuts: &[usize]) -> Vec<ServerEvent> {
    let limits = Limits { held_bytes: bytes.len(), ..Limits::default() };
    let config = ServerConfig { limits, ..ServerConfig::default() };
    let now = origin();
    let mut server = ServerSession::new(config, now, [9; 1528]);
    let mut events = Vec::new();
    let mut rest = bytes;
    for cut in cuts.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, tail) = rest.split_at((*cut).min(rest.len()));
        rest = tail;
        server.handle_bytes(now, Bytes::copy_from_slice(piece)).expect("the same bytes");
        answer(&mut server, now, Policy::Accept, &mut events).expect("the same bytes");
    }
    events
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_split_gives_the_same_events(
        config in config(),
        start in prop_oneof![Just(0), Just(0x00FF_FFE0), Just(u32::MAX - 30), any::<u32>()],
        steps in proptest::collection::vec(step(), 0..12),
        cuts in proptest::collection::vec(prop_oneof![1_usize..8, 1_usize..5000], 1..20),
    ) {
        let (bytes, events) = record(config, start, &steps);
        let media = steps.iter().map(|step| match step {
            Step::Both { .. } => 2,
            _ => 1,
        });
        // Two requests before the media, one end behind it.
        prop_assert_eq!(events.len(), 3 + media.sum::<usize>());
        prop_assert_eq!(&replay(&bytes, &cuts), &events);
        prop_assert_eq!(&replay(&bytes, &[bytes.len()]), &events);
    }
}

#[test]
fn byte_by_byte_is_a_split_too() {
    let steps = [
        Step::Metadata,
        Step::Both { audio: vec![0xAF; 200], video: vec![0x17; 700] },
        Step::Video { delta_ms: 40, bytes: vec![0; 300] },
        Step::Audio { delta_ms: 3, bytes: vec![0xFF; 10] },
        Step::Audio { delta_ms: 3, bytes: vec![0xFF; 10] },
    ];
    let config = ClientConfig { chunk_size: 100, ..client_config() };
    let (bytes, events) = record(config, 0x00FF_FFFE, &steps);
    assert_eq!(replay(&bytes, &[1]), events);
}
