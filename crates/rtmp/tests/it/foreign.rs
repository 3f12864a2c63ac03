//! `rml_rtmp`'s client session, an independent implementation, publishes to ours. Its handshake is
//! the digest one.

use bytes::Bytes;
use genlock_rtmp::amf0::Value;
use genlock_rtmp::{MediaKind, RtmpTimestamp, ServerConfig, ServerEvent, ServerSession};
use rml_rtmp::handshake::{Handshake, HandshakeProcessResult, PeerType};
use rml_rtmp::sessions::{
    ClientSession, ClientSessionConfig, ClientSessionEvent, ClientSessionResult,
    PublishRequestType, StreamMetadata,
};
use rml_rtmp::time::RtmpTimestamp as ForeignTimestamp;

use crate::testkit::{Policy, answer, origin};

/// The foreign client, our server, and what happened.
struct Foreign {
    client: ClientSession,
    server: ServerSession,
    policy: Policy,
    server_events: Vec<ServerEvent>,
    client_events: Vec<ClientSessionEvent>,
}

impl Foreign {
    /// Both behind the handshake.
    fn new(policy: Policy) -> Self {
        let now = origin();
        let mut server = ServerSession::new(ServerConfig::default(), now, [9; 1528]);
        let mut handshake = Handshake::new(PeerType::Client);
        let greeting = handshake.generate_outbound_p0_and_p1().expect("C0 and C1");
        server.handle_bytes(now, greeting.into()).expect("C0 and C1 are read");
        let reply = server.poll_transmit().expect("S0, S1 and S2");
        let HandshakeProcessResult::Completed { response_bytes, remaining_bytes } =
            handshake.process_bytes(&reply).expect("the reply is read")
        else {
            panic!("the handshake is not complete");
        };
        assert_eq!(remaining_bytes, []);
        server.handle_bytes(now, response_bytes.into()).expect("C2 is read");

        let config = ClientSessionConfig::new();
        let (client, results) = ClientSession::new(config).expect("a client session");
        let mut foreign =
            Self { client, server, policy, server_events: vec![], client_events: vec![] };
        foreign.run(results);
        foreign
    }

    /// Carries the results to the server and its replies back until nobody says anything.
    fn run(&mut self, mut results: Vec<ClientSessionResult>) {
        let now = origin();
        while !results.is_empty() {
            for result in std::mem::take(&mut results) {
                match result {
                    ClientSessionResult::OutboundResponse(packet) => {
                        let read = self.server.handle_bytes(now, packet.bytes.into());
                        read.expect("the server reads on");
                    }
                    ClientSessionResult::RaisedEvent(event) => self.client_events.push(event),
                    ClientSessionResult::UnhandleableMessageReceived(_) => {}
                }
            }
            answer(&mut self.server, now, self.policy, &mut self.server_events)
                .expect("the answers fit");
            while let Some(bytes) = self.server.poll_transmit() {
                results.extend(self.client.handle_input(&bytes).expect("the client reads on"));
            }
        }
    }

    fn publish(&mut self) {
        let request = self.client.request_connection("live".to_owned()).expect("connect");
        self.run(vec![request]);
        let kind = PublishRequestType::Live;
        let request = self.client.request_publishing("secret".to_owned(), kind).expect("publish");
        self.run(vec![request]);
    }
}

#[test]
fn a_foreign_client_publishes() {
    let mut foreign = Foreign::new(Policy::Accept);
    foreign.publish();
    assert!(foreign.client_events.contains(&ClientSessionEvent::ConnectionRequestAccepted));
    assert!(foreign.client_events.contains(&ClientSessionEvent::PublishRequestAccepted));
    let Some(ServerEvent::PublishRequested(publish)) = foreign.server_events.pop() else {
        panic!("{:?}", foreign.server_events);
    };
    assert_eq!((publish.app.as_str(), publish.stream_key.expose()), ("live", "secret"));

    let mut metadata = StreamMetadata::new();
    metadata.video_width = Some(1920);
    let result = foreign.client.publish_metadata(&metadata).unwrap();
    foreign.run(vec![result]);
    let ServerEvent::Metadata { properties, .. } = &foreign.server_events[1] else {
        panic!("{:?}", foreign.server_events);
    };
    assert_eq!(properties.get("width"), Some(&Value::Number(1920.0)));

    foreign.server_events.clear();
    // Through the point where the foreign serializer needs extended timestamps.
    for n in 0..100_u32 {
        let timestamp = ForeignTimestamp::new(0x00FF_FFFF - 1000 + n * 40);
        let video = Bytes::from(vec![0x27; 10_000 + n as usize]);
        let audio = Bytes::from(vec![0xAF; 300]);
        let video = foreign.client.publish_video_data(video, timestamp, false).unwrap();
        let audio = foreign.client.publish_audio_data(audio, timestamp, false).unwrap();
        foreign.run(vec![video, audio]);
    }
    assert_eq!(foreign.server_events.len(), 200);
    for (n, pair) in (0_u32..).zip(foreign.server_events.chunks(2)) {
        let [ServerEvent::Media(video), ServerEvent::Media(audio)] = pair else {
            panic!("{pair:?}");
        };
        let timestamp = RtmpTimestamp(0x00FF_FFFF - 1000 + n * 40);
        assert_eq!((video.kind, video.timestamp), (MediaKind::Video, timestamp));
        assert_eq!((audio.kind, audio.timestamp), (MediaKind::Audio, timestamp));
        assert_eq!(video.payload, vec![0x27; 10_000 + n as usize]);
        assert_eq!(audio.payload, vec![0xAF; 300]);
    }

    let results = foreign.client.stop_publishing().unwrap();
    foreign.run(results);
    let id = publish.id;
    assert_eq!(foreign.server_events.last(), Some(&ServerEvent::PublishEnded { id }));
}

#[test]
fn a_foreign_client_hears_that_its_connect_is_refused() {
    let mut foreign = Foreign::new(Policy::RejectConnect);
    let request = foreign.client.request_connection("live".to_owned()).unwrap();
    foreign.run(vec![request]);
    let rejected = foreign
        .client_events
        .iter()
        .any(|event| matches!(event, ClientSessionEvent::ConnectionRequestRejected { .. }));
    assert!(rejected, "{:?}", foreign.client_events);
    assert!(foreign.server.should_close());
}

#[test]
fn a_foreign_ping_is_answered() {
    let mut foreign = Foreign::new(Policy::Accept);
    foreign.publish();
    let (packet, timestamp) = foreign.client.send_ping_request().unwrap();
    foreign.run(vec![ClientSessionResult::OutboundResponse(packet)]);
    let pong = ClientSessionEvent::PingResponseReceived { timestamp };
    assert_eq!(foreign.client_events.last(), Some(&pong));
}
