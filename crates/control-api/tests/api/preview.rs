//! Live pictures over a WebSocket: who may, and what reaches the running system.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::harness::{Api, TOKEN};

const PATIENCE: Duration = Duration::from_secs(10);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The API on a port of its own.
async fn serve(api: &Api) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = api.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Opens the preview with these headers.
async fn open(
    address: SocketAddr,
    event: &str,
    headers: &[(&'static str, &str)],
) -> Result<Socket, Error> {
    let mut asked = format!("ws://{address}{event}/preview").into_client_request().unwrap();
    for (name, value) in headers {
        asked.headers_mut().insert(*name, value.parse().unwrap());
    }
    tokio_tungstenite::connect_async(asked).await.map(|(socket, _)| socket)
}

async fn heard(socket: &mut Socket) -> Message {
    timeout(PATIENCE, socket.next()).await.expect("a message").expect("it is open").unwrap()
}

async fn said(socket: &mut Socket, message: &serde_json::Value) -> Message {
    socket.send(Message::text(message.to_string())).await.unwrap();
    heard(socket).await
}

#[tokio::test]
async fn a_client_says_who_it_is_and_then_what_it_wants_to_see() {
    let api = Api::new();
    let event = api.event().await;
    let camera = api.camera(&event, "Goal").await;
    let id = camera.rsplit('/').next().unwrap();
    let mut socket = open(serve(&api).await, &event, &[]).await.unwrap();
    let hello = said(&mut socket, &json!({ "type": "auth", "token": TOKEN })).await;
    assert_eq!(hello, Message::binary("hello"));
    for (message, expected) in [
        (
            json!({ "type": "subscribe", "sub": 1, "camera": id, "mode": "refs" }),
            format!(
                "Subscribe {{ sub: 1, camera: Some(CameraId({id:?})), mode: Refs, sound: false }}"
            ),
        ),
        (
            json!({ "type": "subscribe", "sub": 2 }),
            "Subscribe { sub: 2, camera: None, mode: All, sound: false }".to_owned(),
        ),
        (
            json!({ "type": "subscribe", "sub": 3, "mode": "none", "sound": true }),
            "Subscribe { sub: 3, camera: None, mode: None, sound: true }".to_owned(),
        ),
        (json!({ "type": "unsubscribe", "sub": 2 }), "Unsubscribe { sub: 2 }".to_owned()),
        (json!({ "type": "ack", "seq": 17 }), "Ack { seq: 17 }".to_owned()),
        (json!({ "type": "ping", "echo": 5 }), "Ping { echo: 5 }".to_owned()),
    ] {
        assert_eq!(said(&mut socket, &message).await, Message::binary(expected), "{message}");
    }
    // Words of a later version are passed over.
    socket.send(Message::text(r#"{"type":"rewind"}"#)).await.unwrap();
    socket.send(Message::text("{")).await.unwrap();
    let ping = json!({ "type": "ping", "echo": 6 });
    assert_eq!(said(&mut socket, &ping).await, Message::binary("Ping { echo: 6 }"));
}

#[tokio::test]
async fn who_asks_for_too_much_is_told_why_it_ends() {
    let api = Api::new();
    let event = api.event().await;
    let bearer = format!("Bearer {TOKEN}");
    let address = serve(&api).await;
    let mut socket = open(address, &event, &[("authorization", &bearer)]).await.unwrap();
    assert_eq!(heard(&mut socket).await, Message::binary("hello"), "a header is enough");
    match said(&mut socket, &json!({ "type": "subscribe", "sub": 999 })).await {
        Message::Close(Some(frame)) => {
            assert_eq!(u16::from(frame.code), 1008);
            assert_eq!(frame.reason.as_str(), "too many subscriptions");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn it_is_refused_to_strangers() {
    let api = Api::new();
    let event = api.event().await;
    let address = serve(&api).await;
    for (header, status) in
        [(("origin", "https://evil.example"), 403), (("authorization", "Bearer wrong"), 401)]
    {
        match open(address, &event, &[header]).await {
            Err(Error::Http(response)) => assert_eq!(response.status().as_u16(), status),
            other => panic!("{other:?}"),
        }
    }
    let mut socket = open(address, &event, &[]).await.unwrap();
    match said(&mut socket, &json!({ "type": "auth", "token": "wrong" })).await {
        Message::Close(Some(frame)) => assert_eq!(u16::from(frame.code), 1008),
        other => panic!("{other:?}"),
    }
}
