//! Viewers that take their time, or nothing at all.

use std::time::Duration;

use ::http::Request;
use bytes::Bytes;
use genlock_delivery::{Demand, OriginLimits, ServerLimits};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::Served;

const BRIEF: Duration = Duration::from_millis(100);

async fn viewer(served: &Served) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(served.address).await.unwrap()
}

/// Reads until the server closes; a reset counts as closing.
async fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let reading = stream.read_to_end(&mut all);
    let _ = tokio::time::timeout(Duration::from_secs(10), reading).await.unwrap();
    all
}

#[tokio::test]
async fn a_viewer_that_stops_reading_is_dropped_and_others_are_not() {
    let limits = ServerLimits {
        write_timeout: BRIEF,
        first_request_timeout: BRIEF,
        ..ServerLimits::default()
    };
    let served = Served::with(limits, OriginLimits::default());
    let mut camera = served.publish("program", Demand::Always, 0).frame_bytes(400_000);
    camera.push_seconds(8);
    let playlist = served.get("/hls/wedding/program/media.m3u8").await;
    let uri = playlist.text().lines().find(|line| line.ends_with(".m4s")).unwrap();
    let path = format!("/hls/wedding/program/{uri}");
    let mut slow = viewer(&served).await;
    let request = format!("GET {path} HTTP/1.1\r\nhost: genlock\r\n\r\n");
    slow.write_all(request.as_bytes()).await.unwrap();
    served.until(|stats| stats.slow_viewers == 1).await;
    let whole = served.get(&path).await;
    assert!(whole.body.len() > 20_000_000);
    assert!(read_to_end(&mut slow).await.len() < whole.body.len());
}

#[tokio::test]
async fn a_viewer_that_stops_taking_an_http2_stream_is_dropped_too() {
    let limits = ServerLimits {
        write_timeout: BRIEF,
        first_request_timeout: BRIEF,
        ..ServerLimits::default()
    };
    let served = Served::with(limits, OriginLimits::default());
    let mut camera = served.publish("program", Demand::Always, 0).frame_bytes(400_000);
    camera.push_seconds(4);
    let playlist = served.get("/hls/wedding/program/media.m3u8").await;
    let uri = playlist.text().lines().find(|line| line.ends_with(".m4s")).unwrap();
    let url = format!("http://{}/hls/wedding/program/{uri}", served.address);
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let request = Request::get(url).body(Empty::<Bytes>::new()).unwrap();
    let response = client.request(request).await.unwrap();
    served.until(|stats| stats.slow_viewers == 1).await;
    assert!(response.into_body().collect().await.is_err());
}

#[tokio::test]
async fn a_connection_without_a_request_is_closed() {
    let limits = ServerLimits { first_request_timeout: BRIEF, ..ServerLimits::default() };
    let served = Served::with(limits, OriginLimits::default());
    let mut silent = viewer(&served).await;
    assert!(read_to_end(&mut silent).await.is_empty());
    let mut dripping = viewer(&served).await;
    dripping.write_all(b"GET /hls/wedding/prog").await.unwrap();
    assert!(read_to_end(&mut dripping).await.is_empty());
    served.until(|stats| stats.connections_open == 0).await;
}

#[tokio::test]
async fn a_kept_alive_connection_serves_many_requests_and_then_idles_out() {
    let limits = ServerLimits {
        first_request_timeout: BRIEF,
        idle_timeout: BRIEF,
        ..ServerLimits::default()
    };
    let served = Served::with(limits, OriginLimits::default());
    let mut stream = viewer(&served).await;
    let request = b"GET /hls/wedding/nobody/index.m3u8 HTTP/1.1\r\nhost: genlock\r\n\r\n";
    stream.write_all(&[&request[..], request].concat()).await.unwrap();
    let answers = String::from_utf8(read_to_end(&mut stream).await).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 404 Not Found").count(), 2, "{answers}");
    assert_eq!(served.origin.stats().connections, 1);
}

#[tokio::test]
async fn connections_above_the_limit_are_closed_at_once() {
    let limits = ServerLimits { connections: 1, ..ServerLimits::default() };
    let served = Served::with(limits, OriginLimits::default());
    let first = viewer(&served).await;
    served.until(|stats| stats.connections_open == 1).await;
    let mut second = viewer(&served).await;
    assert!(read_to_end(&mut second).await.is_empty());
    assert_eq!(served.origin.stats().connections_refused, 1);
    drop(first);
    served.until(|stats| stats.connections_open == 0).await;
    assert_eq!(served.get("/").await.body, "behind, for 127.0.0.1 by http");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let served = Served::start();
    let mut stream = viewer(&served).await;
    let filler = "x".repeat(80_000);
    let request = format!("GET / HTTP/1.1\r\nhost: genlock\r\nfiller: {filler}\r\n\r\n");
    let _ = stream.write_all(request.as_bytes()).await;
    let answer = String::from_utf8(read_to_end(&mut stream).await).unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn a_stop_abandons_who_does_not_finish() {
    let limits = ServerLimits { drain_timeout: BRIEF, ..ServerLimits::default() };
    let served = Served::with(limits, OriginLimits::default());
    let mut camera = served.publish("program", Demand::Always, 0).frame_bytes(400_000);
    camera.push_seconds(8);
    let playlist = served.get("/hls/wedding/program/media.m3u8").await;
    let uri = playlist.text().lines().find(|line| line.ends_with(".m4s")).unwrap();
    let mut slow = viewer(&served).await;
    let request = format!("GET /hls/wedding/program/{uri} HTTP/1.1\r\nhost: genlock\r\n\r\n");
    slow.write_all(request.as_bytes()).await.unwrap();
    slow.readable().await.unwrap();
    served.stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), served.task).await.unwrap().unwrap();
    assert_eq!(served.origin.stats().connections_open, 0);
}
