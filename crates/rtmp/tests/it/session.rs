//! Client and server against each other: publishing, refusals, deadlines, long streams.

use std::time::Duration;

use crate::testkit::{Lone, Pair, Policy, client_config};
use bytes::Bytes;
use genlock_rtmp::amf0::Object;
use genlock_rtmp::{
    Capabilities, ClientConfig, ClientEvent, EndReason, Extensions, MediaKind, MediaOut,
    Misbehaviour, RejectCode, RtmpError, RtmpTimestamp, ServerConfig, ServerEvent, StreamKey,
};

fn publishing() -> Pair {
    let mut pair = Pair::new(client_config());
    pair.exchange().expect("two sane peers");
    assert!(pair.client.is_publishing());
    pair
}

/// Kind, timestamp and length of the media among the events.
fn media(events: &[ServerEvent]) -> Vec<(MediaKind, u32, usize)> {
    let media = events.iter().filter_map(|event| match event {
        ServerEvent::Media(media) => Some((media.kind, media.timestamp.0, media.payload.len())),
        _ => None,
    });
    media.collect()
}

#[test]
fn a_publish_from_start_to_end() {
    let mut pair = publishing();
    let events = pair.take_server_events();
    let [ServerEvent::ConnectRequested(connect), ServerEvent::PublishRequested(publish)] =
        events.as_slice()
    else {
        panic!("{events:?}");
    };
    assert_eq!(connect.app, "live");
    assert_eq!(publish.stream_key.expose(), "secret");
    assert_eq!(pair.client_events.last(), Some(&ClientEvent::PublishStarted));

    let properties = Object::new().with("width", 1920.0);
    pair.client.send_metadata(RtmpTimestamp(0), properties.clone()).unwrap();
    pair.client.send_video(RtmpTimestamp(40), Bytes::from(vec![0x17; 9000])).unwrap();
    pair.client.send_audio(RtmpTimestamp(43), Bytes::from_static(&[0xAF, 1, 2])).unwrap();
    pair.client.end().unwrap();
    pair.exchange().unwrap();
    let id = publish.id;
    let events = pair.take_server_events();
    let timestamp = RtmpTimestamp(0);
    assert_eq!(events[0], ServerEvent::Metadata { id, timestamp, properties });
    assert_eq!(media(&events), [(MediaKind::Video, 40, 9000), (MediaKind::Audio, 43, 3)]);
    assert_eq!(events[3..], [ServerEvent::PublishEnded { id }]);
    assert!(!pair.server.should_close());
    assert_eq!(pair.server.bytes_received(), pair.sent.len() as u64);
}

#[test]
fn interleaved_messages_keep_apart() {
    let mut pair = Pair::new(ClientConfig { chunk_size: 128, ..client_config() });
    pair.exchange().unwrap();
    let video = MediaOut {
        kind: MediaKind::Video,
        timestamp: RtmpTimestamp(1),
        payload: Bytes::from(vec![b'v'; 300]),
    };
    let audio = MediaOut {
        kind: MediaKind::Audio,
        timestamp: RtmpTimestamp(2),
        payload: Bytes::from(vec![b'a'; 200]),
    };
    pair.client.send_interleaved(video.clone(), audio.clone()).unwrap();
    pair.exchange().unwrap();
    let payloads: Vec<_> = pair.server_events[2..]
        .iter()
        .map(|event| match event {
            ServerEvent::Media(media) => media.payload.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(payloads, [audio.payload, video.payload]);
}

#[test]
fn a_refused_publisher_hears_why_and_never_a_start() {
    let codes = [
        (RejectCode::BadName, "NetStream.Publish.BadName"),
        (RejectCode::Denied, "NetStream.Publish.Denied"),
        (RejectCode::Rejected, "NetStream.Publish.Rejected"),
        (RejectCode::Failed, "NetStream.Failed"),
    ];
    for (reject, code) in codes {
        let policy = Policy::RejectPublish(reject);
        let mut pair = Pair::with(ServerConfig::default(), client_config(), policy);
        pair.exchange().unwrap();
        let refused =
            ClientEvent::Refused { code: code.to_owned(), description: "not you".to_owned() };
        assert_eq!(pair.client_events[1..], [refused]);
        assert!(pair.server.should_close());
        // Whatever else it says is not heard.
        pair.server.handle_bytes(pair.now, Bytes::from_static(&[0xFF; 100])).unwrap();
        assert_eq!(pair.server.poll_event(), None);
        assert_eq!(pair.server.poll_timeout(), None);
    }
}

#[test]
fn closing_waits_until_the_refusal_has_been_taken() {
    let mut pair = Pair::with(ServerConfig::default(), client_config(), Policy::Silent);
    pair.exchange().unwrap();
    pair.server.reject_connect("no such app").unwrap();
    assert!(!pair.server.should_close());
    assert!(pair.server.poll_transmit().is_some());
    assert!(pair.server.should_close());
}

#[test]
fn a_refused_connect_is_an_error_reply() {
    let policy = Policy::RejectConnect;
    let mut pair = Pair::with(ServerConfig::default(), client_config(), policy);
    pair.exchange().unwrap();
    let refused = ClientEvent::Refused {
        code: "NetConnection.Connect.Rejected".to_owned(),
        description: "no such app".to_owned(),
    };
    assert_eq!(pair.client_events, [refused]);
    assert!(pair.server.should_close());
}

#[test]
fn the_server_ends_a_publish() {
    for (reason, is_error) in [(EndReason::Rejected, true), (EndReason::Shutdown, false)] {
        let mut pair = publishing();
        let Some(ServerEvent::PublishRequested(publish)) = pair.server_events.last() else {
            panic!("{:?}", pair.server_events);
        };
        pair.server.end_publish(publish.id, reason, "enough").unwrap();
        pair.exchange().unwrap();
        let last = pair.client_events.pop().unwrap();
        assert_eq!(matches!(last, ClientEvent::Refused { .. }), is_error, "{last:?}");
        assert!(pair.server.should_close());
    }
}

#[test]
fn a_reconnect_is_only_asked_of_those_who_understand() {
    let mut pair = publishing();
    assert!(!pair.server.request_reconnect(None));

    let enhanced = Capabilities { extensions: Extensions::RECONNECT, ..Default::default() };
    let mut pair = Pair::new(ClientConfig { enhanced, ..client_config() });
    pair.exchange().unwrap();
    let connected = &pair.client_events[0];
    let enhanced = Capabilities::forward_everything();
    assert_eq!(*connected, ClientEvent::Connected { enhanced });
    assert!(pair.server.request_reconnect(Some("rtmp://other/live")));
    pair.exchange().unwrap();
    let tc_url = Some("rtmp://other/live".to_owned());
    assert_eq!(pair.client_events.last(), Some(&ClientEvent::ReconnectRequested { tc_url }));
    assert!(!pair.server.should_close());
}

#[test]
fn answers_that_fit_no_question_are_misuse() {
    let mut pair = publishing();
    let Some(ServerEvent::PublishRequested(publish)) = pair.server_events.last().cloned() else {
        panic!("{:?}", pair.server_events);
    };
    let state = "connected";
    let misuse = |call| Err(RtmpError::ApiMisuse { call, state });
    assert_eq!(pair.server.accept_connect(pair.now), misuse("accept_connect"));
    assert_eq!(pair.server.reject_connect(""), misuse("reject_connect"));
    assert_eq!(pair.server.accept_publish(pair.now, publish.id), misuse("accept_publish"));
    // It did no harm.
    pair.client.send_audio(RtmpTimestamp(0), Bytes::from_static(b"a")).unwrap();
    pair.exchange().unwrap();
    assert_eq!(media(&pair.server_events).len(), 1);
}

fn timeout(pair: &mut Pair) -> Option<Misbehaviour> {
    match pair.server.handle_timeout(pair.now) {
        Ok(()) => None,
        Err(RtmpError::PeerMisbehaved { fault, .. }) => Some(fault),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn every_phase_has_its_deadline() {
    let second = Duration::from_secs(1);
    let mut pair = Pair::new(client_config());
    assert_eq!(pair.server.poll_timeout(), Some(pair.now + 10 * second));
    pair.advance(9 * second);
    assert_eq!(timeout(&mut pair), None);
    pair.advance(second);
    assert_eq!(timeout(&mut pair), Some(Misbehaviour::HandshakeTimeout));
    assert!(pair.server.should_close());

    // A client that does nothing after the handshake.
    let mut lone = Lone::new();
    assert_eq!(lone.server.poll_timeout(), Some(lone.now + 10 * second));
    lone.now += 10 * second;
    let error = lone.server.handle_timeout(lone.now).unwrap_err();
    assert!(matches!(error, RtmpError::PeerMisbehaved { fault: Misbehaviour::PublishTimeout, .. }));

    // The application may take its time.
    let mut pair = Pair::with(ServerConfig::default(), client_config(), Policy::Silent);
    pair.exchange().unwrap();
    assert_eq!(pair.server.poll_timeout(), None);

    // A publisher that falls silent, and one that ended but stays.
    let mut pair = publishing();
    pair.advance(19 * second);
    pair.client.send_audio(RtmpTimestamp(0), Bytes::from_static(b"a")).unwrap();
    pair.exchange().unwrap();
    pair.advance(19 * second);
    assert_eq!(timeout(&mut pair), None);
    pair.advance(second);
    assert_eq!(timeout(&mut pair), Some(Misbehaviour::Silence));

    let mut pair = publishing();
    pair.advance(15 * second);
    pair.client.end().unwrap();
    pair.exchange().unwrap();
    assert_eq!(pair.server.poll_timeout(), Some(pair.now + 10 * second));
}

#[test]
fn a_client_that_is_not_answered_gives_up() {
    let mut pair = Pair::with(ServerConfig::default(), client_config(), Policy::Silent);
    pair.exchange().unwrap();
    pair.advance(Duration::from_secs(10));
    assert!(pair.client.handle_timeout(pair.now).is_err());
    assert!(pair.client.send_audio(RtmpTimestamp(0), Bytes::new()).is_err());
}

/// Two days at ten messages a second, through the point where timestamps take 32 bits and the one
/// where they wrap.
#[test]
fn days_of_publishing_keep_every_timestamp() {
    let mut pair = publishing();
    pair.take_server_events();
    let start = u32::MAX - 0x0100_0000 - 50_000;
    let step = 997;
    for n in 0..40_000_u32 {
        let timestamp = start.wrapping_add(n * step);
        pair.client.send_audio(RtmpTimestamp(timestamp), Bytes::from_static(b"aa")).unwrap();
        pair.advance(Duration::from_millis(997));
        if n % 100 == 99 {
            pair.exchange().unwrap();
            assert_eq!(timeout(&mut pair), None);
        }
    }
    let seen = media(&pair.server_events);
    assert_eq!(seen.len(), 40_000);
    for (n, (_, timestamp, _)) in (0_u32..).zip(seen) {
        assert_eq!(timestamp, start.wrapping_add(n * step));
    }
}

#[test]
fn names_travel_without_their_query() {
    let config = ClientConfig::new("live/a?vhost=x", StreamKey::new("k%2Dey?token=hunter2"));
    let mut pair = Pair::new(config);
    pair.exchange().unwrap();
    let Some(ServerEvent::PublishRequested(publish)) = pair.server_events.last() else {
        panic!("{:?}", pair.server_events);
    };
    assert_eq!((publish.app.as_str(), publish.stream_key.expose()), ("live/a", "k-ey"));
    assert_eq!(publish.query.get("token"), Some("hunter2"));
    assert_eq!(publish.query.get("vhost"), Some("x"));
    let debug = format!("{:?}{:?}{:?}", pair.server_events, pair.server, pair.client);
    assert!(!debug.contains("hunter2") && !debug.contains("k-ey"), "{debug}");
}
