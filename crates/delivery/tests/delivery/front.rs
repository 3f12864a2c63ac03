//! HTTP/1.1 as bytes: what is answered without hyper, and where hyper takes over.

use std::time::Duration;

use genlock_delivery::{Demand, OriginLimits, ServerLimits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::Served;

const MEDIA: &str = "/hls/wedding/program/media.m3u8";
const NOBODY: &str = "/hls/wedding/nobody/media.m3u8";

/// A connection that answers are read from one by one.
struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

/// An answer as it was on the wire.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: String,
    /// Sorted.
    fields: Vec<String>,
    body: Vec<u8>,
}

impl Answer {
    fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find_map(|field| field.strip_prefix(name)?.strip_prefix(": "))
    }
}

impl Wire {
    async fn open(served: &Served) -> Self {
        Self { stream: TcpStream::connect(served.address).await.unwrap(), read: Vec::new() }
    }

    async fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads more; `false` at the end.
    async fn more(&mut self) -> bool {
        let reading = self.stream.read_buf(&mut self.read);
        tokio::time::timeout(Duration::from_secs(10), reading).await.unwrap().unwrap_or(0) > 0
    }

    async fn answer(&mut self) -> Answer {
        self.answer_to("GET").await
    }

    async fn answer_to(&mut self, method: &str) -> Answer {
        let end = loop {
            match self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                Some(end) => break end,
                None => assert!(self.more().await, "closed before an answer"),
            }
        };
        let head = String::from_utf8(self.read.drain(..end + 4).collect()).unwrap();
        let mut lines = head.trim_end().split("\r\n").map(str::to_owned);
        let status = lines.next().unwrap();
        let mut fields: Vec<String> = lines.collect();
        fields.sort();
        let mut answer = Answer { status, fields, body: Vec::new() };
        let length = answer.field("content-length").map_or(0, |length| length.parse().unwrap());
        let length = if method == "HEAD" { 0 } else { length };
        while self.read.len() < length {
            assert!(self.more().await, "closed in the middle of a body");
        }
        answer.body = self.read.drain(..length).collect();
        answer
    }

    /// Nothing more comes, and the server has closed.
    async fn is_over(&mut self) -> bool {
        !self.more().await && self.read.is_empty()
    }
}

fn get(path: &str, fields: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: genlock\r\n{fields}\r\n")
}

/// The one field that may differ between two moments.
fn without_date(mut answer: Answer) -> Answer {
    let before = answer.fields.len();
    answer.fields.retain(|field| !field.starts_with("date: "));
    assert_eq!(answer.fields.len() + 1, before, "one date");
    answer
}

#[tokio::test]
async fn hyper_would_have_answered_the_same() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 12);
    let playlist = served.get(MEDIA).await;
    let segment = playlist.text().lines().find(|line| line.ends_with(".m4s")).unwrap();
    let segment = format!("/hls/wedding/program/{segment}");
    let cases = [
        ("GET", MEDIA, ""),
        ("HEAD", MEDIA, ""),
        ("GET", MEDIA, "accept-encoding: gzip, deflate\r\n"),
        ("GET", "/hls/wedding/program/index.m3u8?dialect=seamless", ""),
        ("GET", "/hls_output/output_wedding/output.m3u8", ""),
        ("GET", "/hls/wedding/program/media.m3u8?_HLS_msn=abc", ""),
        ("GET", "/hls/wedding/program/../../etc/passwd", ""),
        ("GET", NOBODY, ""),
        ("GET", "/p/token/hls/wedding/program/media.m3u8", ""),
        ("GET", &segment, ""),
        ("HEAD", &segment, ""),
        ("GET", &segment, "range: bytes=10-99\r\n"),
        ("GET", &segment, "range: bytes=10-99\r\nif-range: \"x\"\r\n"),
        ("GET", &segment, "range: bytes=99999999-\r\n"),
        ("GET", MEDIA, "connection: close\r\n"),
    ];
    for (method, path, fields) in cases {
        let ask = |more| get(path, &format!("{fields}{more}")).replacen("GET", method, 1);
        let mut answers = Vec::new();
        // A body, even none, is hyper's business.
        for more in ["", "content-length: 0\r\n"] {
            let mut wire = Wire::open(&served).await;
            wire.say(&ask(more)).await;
            answers.push(without_date(wire.answer_to(method).await));
            assert!(wire.read.is_empty(), "{method} {path} {fields}");
        }
        assert_eq!(answers[0], answers[1], "{method} {path} {fields}");
    }
}

#[tokio::test]
async fn a_segment_that_many_ask_for_is_the_same_for_all() {
    let served = Served::start();
    let mut camera = served.publish("program", Demand::Always, 0).frame_bytes(40_000);
    camera.push_seconds(8);
    let playlist = served.get(MEDIA).await;
    let segment = playlist.text().lines().find(|line| line.ends_with(".m4s")).unwrap();
    let segment = format!("/hls/wedding/program/{segment}");
    // None of them reads before all have asked.
    let mut wires = Vec::new();
    for _ in 0..10 {
        let mut wire = Wire::open(&served).await;
        wire.say(&get(&segment, "")).await;
        wires.push(wire);
    }
    let mut bodies = Vec::new();
    for wire in &mut wires {
        bodies.push(wire.answer().await.body);
    }
    assert!(bodies[0].len() > 2_000_000);
    assert!(bodies.windows(2).all(|two| two[0] == two[1]));
    let mut wire = wires.remove(9);
    wire.say(&get(&segment, "range: bytes=1000000-\r\n")).await;
    assert!(wire.answer().await.body == bodies[0][1_000_000..]);
    wire.say(&get(MEDIA, "")).await;
    assert_eq!(wire.answer().await.status, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 12);
    let mut wire = Wire::open(&served).await;
    wire.say(&[get(MEDIA, ""), get(NOBODY, ""), get("/", ""), get(MEDIA, "")].concat()).await;
    assert_eq!(wire.answer().await.status, "HTTP/1.1 200 OK");
    assert_eq!(wire.answer().await.status, "HTTP/1.1 404 Not Found");
    assert_eq!(wire.answer().await.body, b"behind, for 127.0.0.1 by http");
    assert_eq!(wire.answer().await.status, "HTTP/1.1 200 OK");
    assert_eq!(served.origin.stats().connections, 1);
    assert_eq!(served.origin.stats().requests, 3);
}

#[tokio::test]
async fn a_head_may_come_in_pieces() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 12);
    let mut wire = Wire::open(&served).await;
    for piece in get(MEDIA, "").as_bytes().chunks(7) {
        wire.say(std::str::from_utf8(piece).unwrap()).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(wire.answer().await.status, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn a_long_head_is_answered_too() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 12);
    let mut wire = Wire::open(&served).await;
    wire.say(&get(MEDIA, &format!("cookie: {}\r\n", "x".repeat(20_000)))).await;
    assert_eq!(wire.answer().await.status, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn a_request_with_a_body_is_read_to_its_end() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 12);
    let mut wire = Wire::open(&served).await;
    let inner = get(NOBODY, "");
    let outer = get(MEDIA, &format!("content-length: {}\r\n", inner.len()));
    wire.say(&[outer, inner, get(MEDIA, "")].concat()).await;
    for _ in 0..2 {
        assert_eq!(wire.answer().await.status, "HTTP/1.1 200 OK");
    }
    assert_eq!(served.origin.stats().requests, 2);
}

#[tokio::test]
async fn whoever_asks_for_the_end_gets_it() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 12);
    let mut wire = Wire::open(&served).await;
    wire.say(&get(MEDIA, "connection: close\r\n")).await;
    assert_eq!(wire.answer().await.field("connection"), Some("close"));
    assert!(wire.is_over().await);
}

/// A reload of the next part, held.
async fn hold(served: &Served) -> Wire {
    let before = served.origin.stats().held;
    let playlist = served.get(MEDIA).await;
    let open = playlist.text().lines().filter(|line| line.ends_with(".m4s")).count() as u64;
    let first =
        playlist.text().lines().find_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:"));
    let msn = first.unwrap().parse::<u64>().unwrap() + open;
    let mut wire = Wire::open(served).await;
    wire.say(&get(&format!("{MEDIA}?_HLS_msn={msn}"), "")).await;
    served.until(|stats| stats.held > before).await;
    wire
}

#[tokio::test]
async fn what_is_said_while_a_reload_is_held_is_answered_behind_it() {
    let served = Served::start();
    let mut camera = served.publish("program", Demand::Always, 12);
    let mut wire = hold(&served).await;
    wire.say(&get("/", "")).await;
    camera.push_seconds(5);
    assert_eq!(wire.answer().await.status, "HTTP/1.1 200 OK");
    assert_eq!(wire.answer().await.body, b"behind, for 127.0.0.1 by http");
}

#[tokio::test]
async fn who_leaves_while_he_waits_is_forgotten() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 12);
    let wire = hold(&served).await;
    drop(wire);
    served.until(|stats| stats.held == 0 && stats.connections_open == 0).await;
}

#[tokio::test]
async fn a_stop_says_the_end_to_who_waits_and_closes_who_is_idle() {
    let served = Served::start();
    let _camera = served.publish("program", Demand::Always, 12);
    let mut waiting = hold(&served).await;
    let mut idle = Wire::open(&served).await;
    idle.say(&get(MEDIA, "")).await;
    idle.answer().await;
    served.stop.cancel();
    assert!(idle.is_over().await);
    let last = waiting.answer().await;
    assert_eq!(
        (last.field("cache-control"), last.field("connection")),
        (Some("no-store"), Some("close"))
    );
    assert!(waiting.is_over().await);
    tokio::time::timeout(Duration::from_secs(5), served.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_head_that_drips_has_the_idle_timeout() {
    let brief = Duration::from_millis(100);
    let limits = ServerLimits {
        first_request_timeout: brief,
        idle_timeout: brief,
        ..ServerLimits::default()
    };
    let served = Served::with(limits, OriginLimits::default());
    let mut wire = Wire::open(&served).await;
    wire.say(&get(NOBODY, "")).await;
    wire.answer().await;
    wire.say("GET /hls/wedding/prog").await;
    assert!(wire.is_over().await);
}
