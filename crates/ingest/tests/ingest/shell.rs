//! The listener over loopback TCP.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use genlock_feed::clock::EventClock;
use genlock_feed::{Feed, FeedLimits, FeedStatus};
use genlock_ingest::limits::HELD_UNITS_MAX;
use genlock_ingest::{
    Admission, CameraMonitor, CameraSlot, CameraState, Ingest, IngestConfig, PublishEnd,
    PublishGate, PublishRequest, PublishWatch, Refusal, StreamKey, TakeoverPolicy,
};
use genlock_media::EventTime;
use genlock_rtmp::flv::{AudioCodecId, VideoCodecId};
use genlock_rtmp::{ClientConfig, ClientEvent, ClientSession, RtmpTimestamp};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::fixtures::*;
use crate::log::Log;

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
const PICTURES: u32 = HELD_UNITS_MAX as u32 + 1;
pub(crate) const KEY: &str = "s3cret-k3y";

/// A camera whose key is [`KEY`].
struct Camera {
    feed: Feed,
    monitor: Arc<CameraMonitor>,
    slot: Arc<CameraSlot>,
    asked: Mutex<Vec<String>>,
    told: Arc<Told>,
}

/// What was told of all publish sessions, in one list.
#[derive(Debug, Default)]
struct Told(Mutex<Vec<String>>);

impl Told {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().expect("no panic").push(what.into());
    }
}

#[derive(Debug)]
struct Watch(Arc<Told>);

impl PublishWatch for Watch {
    fn started(&self) {
        self.0.note("started");
    }

    fn message(&self, _timestamp: u32) {}

    fn live(&self) {
        self.0.note("live");
    }

    fn ended(&self, end: PublishEnd) {
        self.0.note(format!("ended {end:?}"));
    }
}

#[async_trait]
impl PublishGate for Camera {
    async fn admit(&self, request: PublishRequest) -> Result<Admission, Refusal> {
        self.asked.lock().expect("no panic").push(format!("{request:?}"));
        if request.stream_key.expose() != KEY || request.query.get("token") == Some("wrong") {
            return Err(Refusal::UnknownKey);
        }
        Ok(Admission {
            feed: self.feed.clone(),
            label: "wedding/altar".to_owned(),
            sync_offset: Arc::default(),
            monitor: Arc::clone(&self.monitor),
            slot: Arc::clone(&self.slot),
            watch: Some(Arc::new(Watch(Arc::clone(&self.told)))),
        })
    }
}

/// A running server with one camera.
pub(crate) struct Server {
    camera: Arc<Camera>,
    pub(crate) addr: SocketAddr,
    cancel: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    async fn start(policy: TakeoverPolicy, config: IngestConfig) -> Self {
        Self::start_with(policy, config, None).await
    }

    pub(crate) async fn start_with(
        policy: TakeoverPolicy,
        config: IngestConfig,
        tls: Option<TlsAcceptor>,
    ) -> Self {
        let camera = Arc::new(Camera {
            feed: Feed::new(FeedLimits::default()),
            monitor: Arc::new(CameraMonitor::default()),
            slot: Arc::new(CameraSlot::new(policy)),
            asked: Mutex::default(),
            told: Arc::default(),
        });
        let gate: Arc<dyn PublishGate> = Arc::clone(&camera) as _;
        let clock = EventClock::starting_at(EventTime::from_millis(3_600_000));
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = TcpListener::bind(anywhere).await.expect("a free port");
        let addr = listener.local_addr().expect("bound");
        let mut ingest = Ingest::new(config, gate, clock);
        ingest.listen(listener, tls);
        let cancel = CancellationToken::new();
        let task = tokio::spawn(ingest.run(cancel.clone()));
        Self { camera, addr, cancel, task }
    }

    async fn plain() -> Self {
        Self::start(TakeoverPolicy::Reject, IngestConfig::default()).await
    }

    /// Waits until that was told, in this order.
    async fn told(&self, expect: &[&str]) {
        let told = || self.camera.told.0.lock().expect("no panic").clone();
        let reached = async {
            while told().len() < expect.len() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let _ = timeout(PATIENCE, reached).await;
        assert_eq!(told(), expect);
    }

    async fn publisher(&self, key: &str) -> Publisher {
        Publisher::connect(self.addr, key).await
    }

    /// Waits until the camera's Feed is live or not.
    pub(crate) async fn live(&self, live: bool) {
        let mut watch = self.camera.feed.watch();
        let reached = async {
            while self.camera.feed.status().live != live {
                watch.changed().await;
            }
        };
        timeout(PATIENCE, reached).await.expect("in time");
    }
}

/// What carries bytes both ways.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<W: AsyncRead + AsyncWrite + Send + Unpin> Wire for W {}

/// A client on a socket.
pub(crate) struct Publisher {
    stream: Box<dyn Wire>,
    session: ClientSession,
    begun: std::time::Instant,
}

impl Publisher {
    async fn connect(addr: SocketAddr, key: &str) -> Self {
        Self::over(TcpStream::connect(addr).await.expect("the server listens"), key)
    }

    pub(crate) fn over(stream: impl Wire + 'static, key: &str) -> Self {
        let stream = Box::new(stream);
        let config = ClientConfig::new("live", StreamKey::new(key));
        let begun = Instant::now().into_std();
        Self { stream, session: ClientSession::new(config, begun, [1; 1528]), begun }
    }

    async fn flush(&mut self) {
        while let Some(bytes) = self.session.poll_transmit() {
            self.stream.write_all(&bytes).await.expect("the server reads");
        }
        self.stream.flush().await.expect("the server reads");
    }

    /// Runs the session until an event that is `wanted`; `None` when the server closes before.
    async fn until(&mut self, wanted: impl Fn(&ClientEvent) -> bool) -> Option<ClientEvent> {
        let found = async {
            loop {
                self.flush().await;
                while let Some(event) = self.session.poll_event() {
                    if wanted(&event) {
                        return Some(event);
                    }
                }
                let mut buffer = BytesMut::with_capacity(4_096);
                if self.stream.read_buf(&mut buffer).await.unwrap_or(0) == 0 {
                    return None;
                }
                let taken = self.session.handle_bytes(self.begun, buffer.freeze());
                taken.expect("the server speaks RTMP");
            }
        };
        timeout(PATIENCE, found).await.expect("in time")
    }

    pub(crate) async fn start(&mut self) {
        let started = self.until(|event| *event == ClientEvent::PublishStarted).await;
        assert_eq!(started, Some(ClientEvent::PublishStarted));
    }

    async fn refusal(&mut self) -> (String, String) {
        match self.until(|event| matches!(event, ClientEvent::Refused { .. })).await {
            Some(ClientEvent::Refused { code, description }) => (code, description),
            other => panic!("expected a refusal, got {other:?}"),
        }
    }

    /// Sends as many pictures at once as the timeline holds, so that it need not wait for half a
    /// second of them to pass. They are a millisecond apart: the burst lies in the last second.
    pub(crate) async fn send_media(&mut self) {
        let video = VideoCodecId::Avc;
        self.video(0, video_header(video, AVCC));
        let header = audio_header(AudioCodecId::Aac, ASC);
        let name = genlock_rtmp::amf0::Object::new().with("encoder", "obs-output module");
        self.session.send_metadata(RtmpTimestamp(0), name).expect("publishing");
        self.session.send_audio(RtmpTimestamp(0), header).expect("publishing");
        for index in 0..PICTURES {
            self.video(index, picture(video, 0, &[AVC_IDR]));
        }
        self.flush().await;
    }

    fn video(&mut self, timestamp: u32, payload: Bytes) {
        self.session.send_video(RtmpTimestamp(timestamp), payload).expect("publishing");
    }

    async fn is_closed(&mut self) {
        let closed = self.until(|_| false).await;
        assert_eq!(closed, None);
    }
}

/// Pictures for more than a second, after which the socket waits for more than one of sound.
#[tokio::test]
async fn sound_that_no_picture_follows_is_read_all_the_same() {
    let server = Server::plain().await;
    let mut publisher = server.publisher(KEY).await;
    publisher.start().await;
    publisher.send_media().await;
    // The flow is judged over a second: this is the publisher's pace, and no wait for the server.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    for index in 0..PICTURES {
        publisher.video(1_100 + index, picture(VideoCodecId::Avc, 0, &[AVC_IDR]));
    }
    publisher.flush().await;
    let mut watch = server.camera.feed.watch();
    let mut reached = async |wanted: fn(&FeedStatus) -> bool| {
        while !wanted(&server.camera.feed.status()) {
            watch.changed().await;
        }
    };
    timeout(PATIENCE, reached(|status| status.samples_pushed == 2 * u64::from(PICTURES)))
        .await
        .expect("in time");
    publisher
        .session
        .send_audio(RtmpTimestamp(2_200), sound(AudioCodecId::Aac))
        .expect("publishing");
    publisher.flush().await;
    timeout(PATIENCE, reached(|status| status.newest_audio.is_some())).await.expect("in time");
}

#[tokio::test]
async fn a_publish_reaches_the_feed_and_its_end_closes_it() {
    let server = Server::plain().await;
    let mut publisher = server.publisher(KEY).await;
    publisher.start().await;
    assert!(!server.camera.feed.status().live, "live begins with the first sample");
    publisher.send_media().await;
    server.live(true).await;
    let health = server.camera.monitor.health(EventTime::MAX);
    assert_eq!(health.state, CameraState::Live);
    assert_eq!(health.samples, u64::from(PICTURES));
    assert_eq!(health.video.expect("video").width, 64);
    assert_eq!(health.encoder.as_deref(), Some("obs-output module"));
    publisher.session.end().expect("publishing");
    publisher.flush().await;
    server.live(false).await;
    assert_eq!(server.camera.feed.status().epoch.0, 1);
    server.told(&["started", "live", "ended Gone"]).await;
}

#[tokio::test]
async fn an_unknown_key_and_a_wrong_token_are_refused_alike() {
    let server = Server::plain().await;
    let unknown = server.publisher("nobody").await.refusal().await;
    let wrong = server.publisher(&format!("{KEY}?token=wrong")).await.refusal().await;
    assert_eq!(unknown.0, "NetStream.Publish.BadName");
    assert_eq!(unknown, wrong);
}

#[tokio::test]
async fn a_refusal_comes_instead_of_the_start_and_the_connection_closes() {
    let server = Server::plain().await;
    let mut publisher = server.publisher("nobody").await;
    let first = publisher.until(|event| !matches!(event, ClientEvent::Connected { .. })).await;
    assert!(matches!(first, Some(ClientEvent::Refused { .. })), "{first:?}");
    publisher.is_closed().await;
}

#[tokio::test]
async fn keys_do_not_reach_the_log_or_debug_output() {
    let log = Log::capture();
    let server = Server::plain().await;
    let mut publisher = server.publisher(KEY).await;
    publisher.start().await;
    server.publisher("nobody-s3cret").await.refusal().await;
    drop(publisher);
    server.cancel.cancel();
    server.task.await.expect("no panic");
    let lines = [log.lines(), server.camera.asked.lock().expect("no panic").clone()].concat();
    assert!(!lines.is_empty());
    for line in lines {
        assert!(!line.contains("s3cret"), "{line}");
    }
}

#[tokio::test]
async fn garbage_costs_one_log_line_and_nobody_else_notices() {
    let log = Log::capture();
    let server = Server::plain().await;
    let mut publisher = server.publisher(KEY).await;
    publisher.start().await;
    let before = log.lines().len();
    let mut stranger = TcpStream::connect(server.addr).await.expect("the server listens");
    stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("sent");
    let mut rest = Vec::new();
    let _: io::Result<usize> = stranger.read_to_end(&mut rest).await;
    let lines = log.lines().split_off(before);
    let [line] = lines.as_slice() else { panic!("one line, not {lines:?}") };
    assert!(line.contains("WARN") && line.contains("at byte 0"), "{line}");
    assert!(line.contains("expected RTMP version 3"), "{line}");
    publisher.send_media().await;
    server.live(true).await;
}

#[tokio::test]
async fn a_connection_that_breaks_off_costs_one_log_line_that_tells_where() {
    let log = Log::capture();
    let server = Server::plain().await;
    let mut stranger = TcpStream::connect(server.addr).await.expect("the server listens");
    stranger.write_all(&[3; 40]).await.expect("sent");
    stranger.shutdown().await.expect("closed");
    let mut rest = Vec::new();
    let _: io::Result<usize> = stranger.read_to_end(&mut rest).await;
    let lines = log.lines();
    let [line] = lines.as_slice() else { panic!("one line, not {lines:?}") };
    let expected = "at byte 40: the input ends, expected the rest of the handshake";
    assert!(line.contains("WARN") && line.contains(expected), "{line}");
}

#[tokio::test]
async fn unsupported_video_is_named_to_the_publisher_the_log_and_the_health() {
    let log = Log::capture();
    let server = Server::plain().await;
    let mut publisher = server.publisher(KEY).await;
    publisher.start().await;
    publisher.video(0, picture(VideoCodecId::Other(4), 0, &[AVC_IDR]));
    let (code, description) = publisher.refusal().await;
    assert_eq!(code, "NetStream.Publish.Rejected");
    assert!(description.contains("VP6"), "{description}");
    publisher.is_closed().await;
    assert!(log.lines().iter().any(|line| line.contains("VP6")));
    let health = server.camera.monitor.health(EventTime::MAX);
    assert!(health.last_error.expect("kept").contains("VP6"));
}

#[tokio::test]
async fn a_second_publisher_is_refused_where_the_policy_says_so() {
    let server = Server::plain().await;
    let mut first = server.publisher(KEY).await;
    first.start().await;
    let (code, description) = server.publisher(KEY).await.refusal().await;
    assert_eq!(code, "NetStream.Publish.BadName");
    assert!(description.contains("in use"), "{description}");
    first.send_media().await;
    server.live(true).await;
    server.told(&["started", "live"]).await;
}

#[tokio::test]
async fn a_takeover_closes_the_old_session_and_keeps_the_feed() {
    let server = Server::start(TakeoverPolicy::default(), IngestConfig::default()).await;
    let mut old = server.publisher(KEY).await;
    old.start().await;
    old.send_media().await;
    server.live(true).await;
    // The same address takes over at once.
    let mut new = server.publisher(KEY).await;
    new.start().await;
    let (code, description) = old.refusal().await;
    assert_eq!(code, "NetStream.Publish.Rejected");
    assert_eq!(description, "another publisher took over");
    old.is_closed().await;
    new.send_media().await;
    server.live(true).await;
    assert_eq!(server.camera.feed.status().epoch.0, 2);
    assert_eq!(server.camera.monitor.health(EventTime::MAX).reconnects, 1);
    server.told(&["started", "live", "started", "ended TakenOver", "live"]).await;
}

#[tokio::test]
async fn a_revoked_key_ends_the_publish_with_its_reason() {
    let server = Server::plain().await;
    let mut publisher = server.publisher(KEY).await;
    publisher.start().await;
    server.camera.slot.revoke("the key was changed");
    let (_, description) = publisher.refusal().await;
    assert_eq!(description, "the key was changed");
}

#[tokio::test]
async fn a_vanished_publisher_leaves_its_place() {
    let server = Server::plain().await;
    let mut first = server.publisher(KEY).await;
    first.start().await;
    first.send_media().await;
    server.live(true).await;
    drop(first);
    server.live(false).await;
    server.publisher(KEY).await.start().await;
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed_at_once() {
    let config = IngestConfig { connections_per_address: 2, ..IngestConfig::default() };
    let server = Server::start(TakeoverPolicy::Reject, config).await;
    let mut first = server.publisher(KEY).await;
    first.start().await;
    let _second = TcpStream::connect(server.addr).await.expect("accepted");
    let mut third = TcpStream::connect(server.addr).await.expect("accepted, then closed");
    let closed = timeout(PATIENCE, third.read(&mut [0; 16])).await.expect("in time");
    assert_eq!(closed.unwrap_or(0), 0);
    first.send_media().await;
    server.live(true).await;
}

#[tokio::test]
async fn a_stop_tells_the_publishers_and_returns() {
    let server = Server::plain().await;
    let mut publisher = server.publisher(KEY).await;
    publisher.start().await;
    server.cancel.cancel();
    let told = publisher.until(|event| matches!(event, ClientEvent::Status { .. })).await;
    let code = "NetStream.Unpublish.Success".to_owned();
    assert_eq!(told, Some(ClientEvent::Status { code }));
    drop(publisher);
    timeout(PATIENCE, server.task).await.expect("in time").expect("no panic");
    assert!(TcpStream::connect(server.addr).await.is_err(), "nobody listens any more");
}
