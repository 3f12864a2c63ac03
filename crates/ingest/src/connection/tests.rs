//! Deadlines, on tokio's paused clock over an in-memory pipe.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use genlock_feed::clock::EventClock;
use genlock_rtmp::{ClientConfig, ClientEvent, ClientSession, StreamKey};
use tokio::io::DuplexStream;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::gate::PublishGate;
use crate::guard::RefusalThrottle;
use crate::monitor::CameraMonitor;
use crate::takeover::CameraSlot;

/// Knows the key `good`; never answers for `slow`.
struct Gate;

#[async_trait]
impl PublishGate for Gate {
    async fn admit(&self, request: PublishRequest) -> Result<Admission, Refusal> {
        match request.stream_key.expose() {
            "good" => Ok(Admission {
                feed: genlock_feed::Feed::new(genlock_feed::FeedLimits::default()),
                label: "event/camera".to_owned(),
                sync_offset: Arc::default(),
                monitor: Arc::new(CameraMonitor::default()),
                slot: Arc::new(CameraSlot::default()),
                watch: None,
            }),
            "slow" => future::pending().await,
            _ => Err(Refusal::UnknownKey),
        }
    }
}

/// A connection under test and the far end of its pipe.
struct Bench {
    far: DuplexStream,
    server: tokio::task::JoinHandle<()>,
    shared: Arc<Shared>,
}

fn bench() -> Bench {
    let shared = Arc::new(Shared {
        gate: Arc::new(Gate),
        clock: EventClock::starting_at(EventTime::ZERO),
        throttle: RefusalThrottle::default(),
        stop: CancellationToken::new(),
    });
    let (near, far) = tokio::io::duplex(64 * 1024);
    let peer = SocketAddr::from(([192, 0, 2, 1], 4_000));
    let connection =
        Connection::new(near, ConnectionId(1), peer, Arc::default(), Arc::clone(&shared));
    Bench { far, server: tokio::spawn(connection.serve()), shared }
}

fn client(app: &str, key: &str) -> ClientSession {
    let config = ClientConfig::new(app, StreamKey::new(key));
    ClientSession::new(config, Instant::now().into_std(), [1; 1528])
}

impl Bench {
    /// Moves bytes until the client says something that `wanted` takes, or the connection closes.
    async fn drive<T>(
        &mut self,
        client: &mut ClientSession,
        wanted: impl Fn(&ClientEvent) -> Option<T>,
    ) -> Option<T> {
        loop {
            while let Some(bytes) = client.poll_transmit() {
                self.far.write_all(&bytes).await.unwrap();
            }
            while let Some(event) = client.poll_event() {
                if let Some(found) = wanted(&event) {
                    return Some(found);
                }
            }
            let mut buffer = BytesMut::with_capacity(4_096);
            if self.far.read_buf(&mut buffer).await.unwrap() == 0 {
                return None;
            }
            client.handle_bytes(Instant::now().into_std(), buffer.freeze()).unwrap();
        }
    }

    async fn started(&mut self, client: &mut ClientSession) -> Option<()> {
        self.drive(client, |event| matches!(event, ClientEvent::PublishStarted).then_some(())).await
    }

    async fn refused(&mut self, client: &mut ClientSession) -> Option<String> {
        let code = |event: &ClientEvent| match event {
            ClientEvent::Refused { code, .. } => Some(code.clone()),
            _ => None,
        };
        self.drive(client, code).await
    }

    /// Time until the connection is over.
    async fn ends_after(self) -> Duration {
        let begun = Instant::now();
        self.server.await.unwrap();
        begun.elapsed()
    }
}

fn about(span: Duration, seconds: f64) -> bool {
    (span.as_secs_f64() - seconds).abs() < 0.6
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_loses_its_connection_when_the_handshake_is_due() {
    let took = bench().ends_after().await;
    assert!(about(took, 10.0), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_publisher_that_falls_silent_is_taken_for_dead() {
    let mut bench = bench();
    let mut client = client("live", "good");
    bench.started(&mut client).await.unwrap();
    let took = bench.ends_after().await;
    assert!(about(took, 15.0), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_peer_that_stays_is_closed_after_the_linger() {
    let mut bench = bench();
    let mut client = client("live", "wrong");
    let code = bench.refused(&mut client).await;
    assert_eq!(code.as_deref(), Some("NetStream.Publish.BadName"));
    let took = bench.ends_after().await;
    assert!(about(took, 0.5), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_gate_that_does_not_answer_refuses() {
    let mut bench = bench();
    let begun = Instant::now();
    let code = bench.refused(&mut client("live", "slow")).await;
    assert_eq!(code.as_deref(), Some("NetStream.Failed"));
    assert!(about(begun.elapsed(), 10.0));
}

#[tokio::test(start_paused = true)]
async fn refused_keys_slow_down_the_next_answer() {
    let mut bench = bench();
    for _ in 0..8 {
        bench.shared.throttle.note(EventTime::ZERO, [192, 0, 2, 1].into());
    }
    let begun = Instant::now();
    bench.started(&mut client("live", "good")).await.unwrap();
    assert!(about(begun.elapsed(), 1.75), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_unknown_application_is_refused_at_connect() {
    let mut bench = bench();
    let code = bench.refused(&mut client("vod", "good")).await;
    assert_eq!(code.as_deref(), Some("NetConnection.Connect.Rejected"));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_part_of_the_application_is_found() {
    let mut bench = bench();
    bench.started(&mut client("live/good", "")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stop_during_admission_refuses() {
    let mut bench = bench();
    let stop = bench.shared.stop.clone();
    tokio::spawn(async move {
        time::sleep(Duration::from_secs(1)).await;
        stop.cancel();
    });
    let begun = Instant::now();
    let code = bench.refused(&mut client("live", "slow")).await;
    assert_eq!(code.as_deref(), Some("NetStream.Failed"));
    assert!(about(begun.elapsed(), 1.0));
}

#[tokio::test(start_paused = true)]
async fn a_publisher_that_understands_reconnects_is_given_time_to_leave() {
    let mut bench = bench();
    let mut config = ClientConfig::new("live", StreamKey::new("good"));
    config.enhanced = genlock_rtmp::Capabilities::forward_everything();
    let mut client = ClientSession::new(config, Instant::now().into_std(), [1; 1528]);
    bench.started(&mut client).await.unwrap();
    bench.shared.stop.cancel();
    let asked =
        |event: &ClientEvent| matches!(event, ClientEvent::ReconnectRequested { .. }).then_some(());
    bench.drive(&mut client, asked).await.unwrap();
    let took = bench.ends_after().await;
    assert!(about(took, 5.5), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn other_publishers_are_told_at_once_when_the_server_stops() {
    let mut bench = bench();
    let mut client = client("live", "good");
    bench.started(&mut client).await.unwrap();
    bench.shared.stop.cancel();
    let ended = |event: &ClientEvent| match event {
        ClientEvent::Status { code } => Some(code.clone()),
        _ => None,
    };
    let code = bench.drive(&mut client, ended).await;
    assert_eq!(code.as_deref(), Some("NetStream.Unpublish.Success"));
    let took = bench.ends_after().await;
    assert!(about(took, 0.5), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_nothing_is_given_up() {
    let mut bench = bench();
    let (near, far) = tokio::io::duplex(64);
    let peer = SocketAddr::from(([192, 0, 2, 1], 4_001));
    let shared = Arc::clone(&bench.shared);
    let connection = Connection::new(near, ConnectionId(2), peer, Arc::default(), shared);
    bench.far = far;
    bench.server = tokio::spawn(connection.serve());
    let hello = Bytes::from([&[3u8][..], &[0; 1536]].concat());
    bench.far.write_all(&hello).await.unwrap();
    let took = bench.ends_after().await;
    assert!(about(took, 10.0), "{took:?}");
}
