//! Live updates: snapshot, changes, going on after a break, over server-sent events and WebSockets.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::{Body, BodyDataStream};
use axum::http::{Request, header};
use futures_util::{SinkExt, Stream, StreamExt};
use genlock_control_api::live::{Cause, CutStage, CutStyle, Discontinuity, Happening};
use genlock_store::{CameraId, EventId, Timestamp};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tower::ServiceExt;

use crate::harness::{Api, TOKEN, creator_token, last_segment, request, request_as};

type Socket = WebSocketStream<TcpStream>;

/// Longer than any update takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Follows an event by server-sent events.
struct Follower {
    data: BodyDataStream,
    read: String,
}

impl Follower {
    async fn of(api: &Api, event: &str) -> Self {
        Self::asking(api, request("GET", &format!("{event}/updates"), None)).await
    }

    async fn after(api: &Api, event: &str, id: &str) -> Self {
        let mut request = request("GET", &format!("{event}/updates"), None);
        request.headers_mut().insert("last-event-id", id.parse().unwrap());
        Self::asking(api, request).await
    }

    async fn asking(api: &Api, request: Request<Body>) -> Self {
        let response = api.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        Self { data: response.into_body().into_data_stream(), read: String::new() }
    }

    /// The next event's id and message; `None` at the end.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let field = |name: &str| {
                    event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned)
                };
                let (id, data) = (field("id: "), field("data: "));
                self.read = rest.to_owned();
                if let Some((id, data)) = id.zip(data) {
                    return Some((id, serde_json::from_str(&data).unwrap()));
                }
                continue;
            }
            let chunk = timeout(PATIENCE, self.data.next()).await.expect("an update")?.unwrap();
            self.read.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next message of this type.
    async fn until(&mut self, kind: &str) -> Value {
        loop {
            let (_, message) = self.next().await.expect("more updates");
            if message["type"] == kind {
                return message;
            }
        }
    }
}

/// How a connection was closed, past what it told before.
async fn closed(socket: impl Stream<Item = Result<Message, Error>>) -> (u16, String) {
    let mut socket = pin!(socket);
    loop {
        let next = timeout(PATIENCE, socket.next()).await.expect("an end");
        if let Message::Close(frame) = next.expect("a close frame").unwrap() {
            let frame = frame.expect("a reason");
            return (frame.code.into(), frame.reason.to_string());
        }
    }
}

fn switched(camera: &str) -> Happening {
    Happening::Switched {
        from: None,
        to: CameraId::parse(last_segment(camera)).unwrap(),
        at: Timestamp::from_millis(4_000),
        cause: Cause::Take,
        style: Some(CutStyle::Instant),
        discontinuity: Discontinuity::None,
    }
}

#[tokio::test]
async fn a_snapshot_comes_first_and_then_each_change_in_order() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Goal").await;
    let mut follower = Follower::of(&api, &event).await;
    let (_, snapshot) = follower.next().await.unwrap();
    assert_eq!((&snapshot["type"], &snapshot["seq"]), (&json!("snapshot"), &json!(0)));
    assert_eq!(snapshot["event"]["name"], "Ann & Bob");
    assert_eq!(snapshot["cameras"][0]["name"], "Goal");
    assert_eq!(snapshot["resync"], false);

    api.publish(&camera);
    // What is looked at less often comes later.
    let mut told = HashMap::new();
    for number in 1..=4 {
        let (_, message) = follower.next().await.unwrap();
        assert_eq!(message["seq"], number);
        told.insert(message["type"].as_str().unwrap().to_owned(), message);
    }
    assert_eq!(told["camera_status"]["status"], "live");
    assert_eq!(told["camera_status"]["camera_id"], last_segment(&camera));
    assert_eq!(told["health"]["health"]["bitrate_bps"], 6_000_000);
    assert_eq!(told["forecast"]["cameras"][0]["wait_ms"], 700);
    assert_eq!(told["viewers"]["program"], 0);
    let viewers = json!([{ "camera_id": last_segment(&camera), "viewers": 2 }]);
    assert_eq!(told["viewers"]["cameras"], viewers);

    api.happen(&event, switched(&camera));
    let (_, switched) = follower.next().await.unwrap();
    assert_eq!((&switched["type"], &switched["seq"]), (&json!("camera_switched"), &json!(5)));
    assert_eq!(switched["camera_name"], "Goal");
    assert_eq!(switched["cause"], "take");
}

#[tokio::test]
async fn what_is_changed_by_others_is_told() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Goal").await;
    let mut follower = Follower::of(&api, &event).await;
    follower.next().await.unwrap();
    api.patch(&event, json!({ "name": "Final" })).await;
    assert_eq!(follower.until("event").await["event"]["name"], "Final");
    let second = api.camera(&event, "Bench").await;
    assert_eq!(follower.until("camera_added").await["camera"]["name"], "Bench");
    api.patch(&camera, json!({ "name": "Net" })).await;
    assert_eq!(follower.until("camera_changed").await["camera"]["name"], "Net");
    api.call("DELETE", &second).await;
    assert_eq!(follower.until("camera_removed").await["camera_id"], last_segment(&second));
    api.call("DELETE", &event).await;
    assert_eq!(follower.next().await, None, "the event is gone");
}

#[tokio::test]
async fn whose_sound_is_heard_is_told_when_it_changes() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Goal").await;
    let goal = CameraId::parse(last_segment(&camera)).unwrap();
    api.publish(&camera);
    api.live.state().active.insert(EventId::parse(last_segment(&event)).unwrap(), goal.clone());
    let mut follower = Follower::of(&api, &event).await;
    let (_, snapshot) = follower.next().await.unwrap();
    assert_eq!(snapshot["event"]["heard_camera_id"], json!(null));
    api.live.state().heard = Some(goal);
    assert_eq!(follower.until("heard").await["camera_id"], last_segment(&camera));
    api.live.state().heard = None;
    assert_eq!(follower.until("heard").await["camera_id"], json!(null));
}

#[tokio::test]
async fn a_cut_is_told_stage_by_stage() {
    let api = Api::new();
    let event = api.event().await;
    let mut follower = Follower::of(&api, &event).await;
    follower.next().await.unwrap();
    for stage in [CutStage::Accepted, CutStage::Committed, CutStage::Published] {
        let cut = Happening::Cut { cut_id: 7, stage, camera: None, plan: None, reason: None };
        api.happen(&event, cut);
        let told = follower.until("cut").await;
        assert_eq!((&told["cut_id"], &told["stage"]), (&json!(7), &json!(stage)));
    }
}

#[tokio::test]
async fn a_client_that_comes_back_goes_on_where_it_was() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Goal").await;
    let mut follower = Follower::of(&api, &event).await;
    let (start, _) = follower.next().await.unwrap();
    drop(follower);
    api.happen(&event, switched(&camera));
    api.happen(&event, Happening::OffAir { from: None, slate: true });

    let mut back = Follower::after(&api, &event, &start).await;
    assert_eq!(back.next().await.unwrap().1["type"], "camera_switched");
    let (last, off) = back.next().await.unwrap();
    assert_eq!((&off["type"], &off["slate"]), (&json!("off_air"), &json!(true)));

    for unknown in ["other:1", &format!("{}9", last)] {
        let mut lost = Follower::after(&api, &event, unknown).await;
        let (_, snapshot) = lost.next().await.unwrap();
        assert_eq!((&snapshot["type"], &snapshot["resync"]), (&json!("snapshot"), &json!(true)));
    }
}

#[tokio::test]
async fn a_client_that_is_too_slow_looks_again_at_the_whole() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Goal").await;
    let mut slow = Follower::of(&api, &event).await;
    let mut quick = Follower::of(&api, &event).await;
    slow.next().await.unwrap();
    quick.next().await.unwrap();
    for _ in 0..600 {
        api.happen(&event, switched(&camera));
        quick.until("camera_switched").await;
    }
    let (_, snapshot) = slow.next().await.unwrap();
    assert_eq!((&snapshot["type"], &snapshot["resync"]), (&json!("snapshot"), &json!(true)));
    assert!(snapshot["seq"].as_u64() >= Some(600));
}

#[tokio::test]
async fn what_could_not_be_told_makes_everybody_look_again() {
    let api = Api::new();
    let event = api.event().await;
    let mut follower = Follower::of(&api, &event).await;
    follower.next().await.unwrap();
    api.happen(&event, Happening::Missed);
    assert_eq!(follower.until("snapshot").await["resync"], true);
}

/// The API on a port of its own.
async fn serve(api: &Api) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = api.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn upgrade(address: SocketAddr, path: &str) -> tokio_tungstenite::tungstenite::http::Request<()> {
    format!("ws://{address}{path}").into_client_request().unwrap()
}

async fn text(socket: impl Stream<Item = Result<Message, Error>>) -> Value {
    let mut socket = pin!(socket);
    loop {
        let next = timeout(PATIENCE, socket.next()).await.expect("a message");
        match next.expect("the connection stays").unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            Message::Ping(_) | Message::Pong(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_websocket_gets_the_same_after_its_token() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Goal").await;
    let address = serve(&api).await;
    let asked = upgrade(address, &format!("{event}/ws"));
    let (mut socket, _) = tokio_tungstenite::connect_async(asked).await.unwrap();
    let auth = json!({ "type": "auth", "token": TOKEN }).to_string();
    socket.send(Message::text(auth)).await.unwrap();
    let snapshot = text(&mut socket).await;
    assert_eq!(snapshot["type"], "snapshot");
    socket.send(Message::text(r#"{"type":"ping"}"#)).await.unwrap();
    assert_eq!(text(&mut socket).await, json!({ "type": "pong" }));
    api.happen(&event, switched(&camera));
    let told = text(&mut socket).await;
    assert_eq!(told["type"], "camera_switched");

    let (stream, seq) = (&snapshot["stream"].as_str().unwrap(), &snapshot["seq"]);
    let mut asked = upgrade(address, &format!("{event}/ws?stream={stream}&seq={seq}"));
    asked.headers_mut().insert("authorization", format!("Bearer {TOKEN}").parse().unwrap());
    let (mut back, _) = tokio_tungstenite::connect_async(asked).await.unwrap();
    assert_eq!(text(&mut back).await, told, "no snapshot, no token in a message");
}

/// A client with a token in its header.
async fn knock(address: SocketAddr, path: &str) -> Socket {
    let mut asked = upgrade(address, path);
    asked.headers_mut().insert("authorization", format!("Bearer {TOKEN}").parse().unwrap());
    let stream = TcpSocket::new_v4().unwrap();
    // A client that does not read is noticed soon.
    stream.set_recv_buffer_size(4 * 1024).unwrap();
    let stream = stream.connect(address).await.unwrap();
    tokio_tungstenite::client_async(asked, stream).await.unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_are_told_everything_in_order_and_once() {
    const CLIENTS: usize = 40;
    const SWITCHES: u64 = 200;
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Goal").await;
    let address = serve(&api).await;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut socket = knock(address, &format!("{event}/ws")).await;
        let first = text(&mut socket).await["seq"].as_u64().unwrap();
        clients.push(tokio::spawn(async move {
            let (mut switches, mut pongs) = (0, 0);
            for seq in first + 1.. {
                // Whoever is answered has its own task, while the hub tells.
                socket.send(Message::text(r#"{"type":"ping"}"#)).await.unwrap();
                let told = loop {
                    let told = text(&mut socket).await;
                    if told["type"] != "pong" {
                        break told;
                    }
                    pongs += 1;
                };
                assert_eq!(told["seq"], seq);
                switches += u64::from(told["type"] == "camera_switched");
                if switches == SWITCHES {
                    break;
                }
            }
            pongs
        }));
    }
    for number in 0..SWITCHES {
        api.happen(&event, switched(&camera));
        if number % 7 == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    for client in clients {
        assert!(timeout(PATIENCE, client).await.expect("everything is told").unwrap() > 0);
    }
}

#[tokio::test]
async fn a_client_that_reads_nothing_goes_on_or_looks_again_at_the_whole() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Goal").await;
    let address = serve(&api).await;
    let mut slow = knock(address, &format!("{event}/ws")).await;
    let mut quick = knock(address, &format!("{event}/ws")).await;
    let mut seq = text(&mut slow).await["seq"].as_u64().unwrap();
    text(&mut quick).await;
    // Until the kernel's buffers are full and the journal has gone on without the slow one.
    let mut newest = 0;
    while newest < 40_000 {
        (0..50).for_each(|_| api.happen(&event, switched(&camera)));
        for _ in 0..50 {
            newest = text(&mut quick).await["seq"].as_u64().unwrap();
        }
    }
    let resync = loop {
        let told = text(&mut slow).await;
        if told["type"] == "snapshot" {
            break told;
        }
        seq += 1;
        assert_eq!(told["seq"], seq);
    };
    assert_eq!(resync["resync"], true);
    assert!(resync["seq"].as_u64().unwrap() > seq, "it could not have had them all");
}

#[tokio::test]
async fn a_client_that_says_nothing_is_pinged_and_then_hung_up_on() {
    let api = Api::new();
    let event = api.event().await;
    let address = serve(&api).await;
    let mut asked = upgrade(address, &format!("{event}/ws"));
    asked.headers_mut().insert("authorization", format!("Bearer {TOKEN}").parse().unwrap());
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(asked, stream).await.unwrap();
    assert_eq!(text(&mut socket).await["type"], "snapshot");
    // Nobody answers pings any more. From here on 45 s take no time.
    let mut silent = socket.into_inner();
    tokio::time::pause();
    let mut told = Vec::new();
    silent.read_to_end(&mut told).await.unwrap();
    let pings = told.windows(2).filter(|bytes| *bytes == [0x89, 0]).count();
    assert_eq!(pings, 2, "at 15 and 30 s; at 45 s it is over");
}

#[tokio::test]
async fn the_compatible_websocket_tells_switches_in_the_plans_words() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Goal").await;
    let address = serve(&api).await;
    let id = last_segment(&event);
    let mut asked = upgrade(address, &format!("/ws/camera-control/{id}"));
    asked.headers_mut().insert("authorization", format!("Bearer {TOKEN}").parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(asked).await.unwrap();
    // The hub follows the event once the connection is served.
    while !api.live.state().tellers.keys().any(|event| event.as_str() == id) {
        tokio::task::yield_now().await;
    }
    api.happen(&event, Happening::OffAir { from: None, slate: false });
    api.happen(&event, switched(&camera));
    let camera_id = last_segment(&camera);
    let expected = json!({
        "event": "camera_switched",
        "camera_id": camera_id,
        "camera_name": "Goal",
        "hls_url": format!("/hls/{id}/{camera_id}/index.m3u8"),
    });
    assert_eq!(text(&mut socket).await, expected);
}

#[tokio::test]
async fn a_websocket_is_refused_to_strangers() {
    let api = Api::new();
    let event = api.event().await;
    let address = serve(&api).await;
    let refused = async |name: &'static str, value: &str| {
        let mut asked = upgrade(address, &format!("{event}/ws"));
        asked.headers_mut().insert(name, value.parse().unwrap());
        match tokio_tungstenite::connect_async(asked).await {
            Err(Error::Http(response)) => response.status().as_u16(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused("origin", "https://evil.example").await, 403);
    assert_eq!(refused("authorization", "Bearer wrong").await, 401);

    let asked = upgrade(address, &format!("{event}/ws"));
    let (mut socket, _) = tokio_tungstenite::connect_async(asked).await.unwrap();
    socket.send(Message::text(r#"{"type":"auth","token":"wrong"}"#)).await.unwrap();
    assert_eq!(closed(&mut socket).await.0, 1008);
}

#[tokio::test]
async fn revoking_a_token_closes_what_it_opened_and_nothing_else() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Goal").await;
    let address = serve(&api).await;
    let mut guests = Vec::new();
    for _ in 0..2 {
        let wanted = json!({ "role": "viewer", "expires_in": 60 });
        let made = api.post(&format!("{event}/tokens"), wanted).await;
        let token = made.json()["token"].as_str().unwrap().to_owned();
        let by_header = request_as(&token, "GET", &format!("{event}/updates"), None);
        let mut events = Follower::asking(&api, by_header).await;
        assert_eq!(events.next().await.unwrap().1["type"], "snapshot");
        let asked = upgrade(address, &format!("{event}/ws"));
        let (mut socket, _) = tokio_tungstenite::connect_async(asked).await.unwrap();
        let auth = json!({ "type": "auth", "token": token }).to_string();
        socket.send(Message::text(auth)).await.unwrap();
        assert_eq!(text(&mut socket).await["type"], "snapshot");
        guests.push((made.header("location").to_owned(), events, socket));
    }
    let (_, mut stays, mut stays_open) = guests.pop().unwrap();
    let (path, mut ends, mut closes) = guests.pop().unwrap();
    assert_eq!(api.call("DELETE", &path).await.status, 204);
    assert_eq!(closed(&mut closes).await, (1008, "the token was revoked".to_owned()));
    assert_eq!(ends.next().await, None);
    api.happen(&event, switched(&camera));
    stays.until("camera_switched").await;
    assert_eq!(text(&mut stays_open).await["type"], "camera_switched");
}

#[tokio::test]
async fn a_connection_ends_with_the_token_that_opened_it() {
    let api = Api::new();
    let ann = creator_token("ann", &json!({}));
    let made = api.by(&ann, "POST", "/api/events", Some(json!({ "name": "Match" }))).await;
    let event = made.header("location").to_owned();
    let address = serve(&api).await;
    // One second is enough, unless the machine is busy.
    for seconds in [1, 4, 16, 64] {
        let soon = SystemTime::now() + Duration::from_secs(seconds);
        let soon = soon.duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        let token = creator_token("ann", &json!({ "exp": soon }));
        let by_header = request_as(&token, "GET", &format!("{event}/updates"), None);
        let response = api.router.clone().oneshot(by_header).await.unwrap();
        let mut asked = upgrade(address, &format!("{event}/ws"));
        asked.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        let Ok((mut socket, _)) = tokio_tungstenite::connect_async(asked).await else { continue };
        assert_eq!(response.status(), 200);
        assert_eq!(closed(&mut socket).await, (1008, "the token has expired".to_owned()));
        let rest = timeout(PATIENCE, axum::body::to_bytes(response.into_body(), usize::MAX));
        assert!(rest.await.expect("an end").unwrap().starts_with(b"id: "));
        return;
    }
    panic!("no token lasted long enough");
}
