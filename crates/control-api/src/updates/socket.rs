//! The updates of an event over a WebSocket (RFC 6455), and the same in the words of the NGINX-RTMP plan.
//!
//! ```text
//!  client                                    server
//!    GET …/ws, Upgrade [Authorization] ────▶
//!    {"type":"auth","token":"…"} ──────────▶   without the header, as browsers cannot set it
//!                          ◀──────────────── {"seq":41,"type":"snapshot",…}
//!                          ◀──────────────── {"seq":42,"type":"camera_switched",…}
//!    {"type":"ping"} ──────────────────────▶
//!                          ◀──────────────── {"type":"pong"}
//! ```
//!
//! The server pings every 15 s and hangs up on a client that has been silent for 45 s or takes nothing for 10 s. It closes
//! the connection (1008) when the token that opened it ends or is revoked.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{FromRequestParts, RawQuery, State};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use genlock_store::EventId;
use serde::Deserialize;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::hub::{self, Delivery, Follower, Resume, text};
use super::journal::Entry;
use crate::auth::{self, Admission, Peer};
use crate::limits::{
    SOCKET_AUTH_TIME_MAX, SOCKET_MESSAGE_BYTES_MAX, SOCKET_PING_EVERY, SOCKET_SILENCE_MAX,
    SOCKET_WRITE_TIME_MAX,
};
use crate::paths::{EventPath, WeddingPath};
use crate::problem::{Problem, ProblemCode};
use crate::query;
use crate::state::Shared;

/// What a client may say.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said {
    Auth { token: String },
    Ping,
}

/// Which words are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Words {
    Own,
    /// Of the NGINX-RTMP plan: `camera_switched` and nothing else.
    Compatible,
}

/// Follow an event over a WebSocket
///
/// The first message is a snapshot, each later one a change; `seq` counts them. A client that cannot set
/// `Authorization` sends `{"type":"auth","token":"…"}` first. After a break, `stream` and `seq` of the last
/// message as query parameters go on where it was, or give a snapshot with `resync`.
#[utoipa::path(
    get, path = "/api/events/{event}/ws", tag = "live", operation_id = "follow_by_websocket",
    params(
        EventPath,
        ("stream" = Option<String>, Query, description = "`stream` of the last snapshot"),
        ("seq" = Option<u64>, Query, description = "`seq` of the last message")
    ),
    responses(
        (status = 101, description = "a WebSocket; each text message is one `Message`"),
        (status = 403, description = "a page of another origin asks")
    )
)]
pub(crate) async fn follow(
    State(shared): State<Arc<Shared>>,
    Peer(peer): Peer,
    EventPath(event): EventPath,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    let place = Place { event, peer, resume: resume(query.as_deref().unwrap_or_default()) };
    open(&shared, place, &headers, upgrade, Words::Own).await
}

/// Follow an event over a WebSocket, under the compatible path
///
/// Tells `{"event":"camera_switched","camera_id","camera_name","hls_url"}`, at first for the camera on air.
#[utoipa::path(
    get, path = "/ws/camera-control/{wedding_id}", tag = "compatible",
    operation_id = "compatible_follow",
    params(WeddingPath),
    responses(
        (status = 101, description = "a WebSocket"),
        (status = 403, description = "a page of another origin asks")
    )
)]
pub(crate) async fn follow_compatible(
    State(shared): State<Arc<Shared>>,
    Peer(peer): Peer,
    EventPath(event): EventPath,
    headers: HeaderMap,
    upgrade: Upgrade,
) -> Result<Response, Problem> {
    let place = Place { event, peer, resume: None };
    open(&shared, place, &headers, upgrade, Words::Compatible).await
}

/// A request to go on as a WebSocket.
pub(crate) struct Upgrade(pub(crate) WebSocketUpgrade);

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let upgrade = WebSocketUpgrade::from_request_parts(parts, state).await;
        upgrade.map(Self).map_err(|_| {
            let detail = "this is a WebSocket: ask for it with `upgrade: websocket`, version 13";
            Problem::new(ProblemCode::UpgradeRequired, detail)
        })
    }
}

/// What a client wants to follow, and from where.
struct Place {
    event: EventId,
    peer: IpAddr,
    resume: Option<Resume>,
}

/// Where the client was: `stream={stream}&seq={seq}`. Neither needs percent decoding; what is not understood is a
/// client that starts anew.
fn resume(query: &str) -> Option<Resume> {
    let value = |wanted: &str| {
        query::pairs(query).find_map(|(name, value)| (name == wanted).then_some(value))
    };
    Some(Resume { stream: value("stream")?.to_owned(), seen: value("seq")?.parse().ok()? })
}

async fn open(
    shared: &Arc<Shared>,
    place: Place,
    headers: &HeaderMap,
    upgrade: Upgrade,
    words: Words,
) -> Result<Response, Problem> {
    if !super::origin::is_own(headers, &shared.addresses) {
        let why = "pages of other origins may not open this";
        return Err(Problem::new(ProblemCode::ForeignOrigin, why));
    }
    // A header that is there is believed or refused before anything is upgraded.
    let admission = match auth::bearer(headers) {
        Some(token) => Some(auth::may_follow(shared, place.peer, token, &place.event).await?),
        None => None,
    };
    let shared = Arc::clone(shared);
    let Upgrade(upgrade) = upgrade;
    let upgrade = upgrade.max_message_size(SOCKET_MESSAGE_BYTES_MAX);
    let talk = move |socket| async move {
        let mut connection = Connection { socket, words };
        let end = connection.serve(&shared, place, admission).await;
        connection.close(end).await;
    };
    Ok(upgrade.on_upgrade(talk).into_response())
}

/// Why a connection ends.
#[derive(Debug)]
pub(crate) enum End {
    /// The client went away, or is too slow to be told anything.
    Lost,
    /// With a close code (RFC 6455 §7.4.1) and a reason.
    Close(u16, &'static str),
}

struct Connection {
    socket: WebSocket,
    words: Words,
}

impl Connection {
    async fn serve(
        &mut self,
        shared: &Arc<Shared>,
        place: Place,
        admission: Option<Admission>,
    ) -> End {
        let admission = match admission {
            Some(admission) => admission,
            None => match authorize(&mut self.socket, shared, place.peer, &place.event).await {
                Ok(admission) => admission,
                Err(end) => return end,
            },
        };
        match hub::follow(shared, &place.event, place.resume).await {
            Ok(follower) => self.deliver(follower, admission).await,
            Err(_) => End::Close(close_code::POLICY, "there is no such event"),
        }
    }

    async fn deliver(&mut self, mut follower: Follower, mut admission: Admission) -> End {
        let mut pings = interval(SOCKET_PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        pings.reset();
        let mut heard_at = Instant::now();
        loop {
            let sent = tokio::select! {
                next = follower.next() => match &next {
                    Delivery::Gone => return End::Close(close_code::NORMAL, "the event was deleted"),
                    Delivery::Snapshot(entry) | Delivery::Update(entry) => self.tell(entry).await,
                },
                why = admission.ended() => return End::Close(close_code::POLICY, why),
                said = self.socket.recv() => {
                    heard_at = Instant::now();
                    match said {
                        Some(Ok(message)) => self.answer(&message).await,
                        Some(Err(_)) | None => return End::Lost,
                    }
                }
                now = pings.tick() => {
                    if now >= heard_at + SOCKET_SILENCE_MAX {
                        return End::Lost;
                    }
                    self.send(Message::Ping(axum::body::Bytes::new())).await
                }
            };
            if let Err(end) = sent {
                return end;
            }
        }
    }

    async fn tell(&mut self, entry: &Entry) -> Result<(), End> {
        let json = match self.words {
            Words::Own => Some(&entry.json),
            Words::Compatible => entry.compatible.as_ref(),
        };
        let Some(json) = json else { return Ok(()) };
        let json =
            Utf8Bytes::try_from(json.clone()).unwrap_or_else(|_| Utf8Bytes::from(text(json)));
        self.send(Message::Text(json)).await
    }

    /// What is neither asked for nor understood is passed over: it may be meant for a later version.
    async fn answer(&mut self, message: &Message) -> Result<(), End> {
        match message {
            Message::Text(said) if matches!(serde_json::from_str(said), Ok(Said::Ping)) => {
                self.send(Message::Text(Utf8Bytes::from_static(r#"{"type":"pong"}"#))).await
            }
            Message::Close(_) => Err(End::Lost),
            _ => Ok(()),
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        send(&mut self.socket, message).await
    }

    async fn close(mut self, end: End) {
        close(&mut self.socket, end).await;
    }
}

/// Waits for the client's token, which a browser cannot send in a header.
pub(crate) async fn authorize(
    socket: &mut WebSocket,
    shared: &Arc<Shared>,
    peer: IpAddr,
    event: &EventId,
) -> Result<Admission, End> {
    let refused = End::Close(close_code::POLICY, "the first message must hold a valid token");
    let Ok(first) = timeout(SOCKET_AUTH_TIME_MAX, socket.recv()).await else {
        return Err(refused);
    };
    let Some(Ok(Message::Text(said))) = first else { return Err(refused) };
    let Ok(Said::Auth { token }) = serde_json::from_str(&said) else { return Err(refused) };
    let admitted = auth::may_follow(shared, peer, &token, event).await;
    admitted.map_err(|_| refused)
}

/// A client that takes nothing for that long is given up: what it misses, it finds when it comes back.
pub(crate) async fn send(socket: &mut WebSocket, message: Message) -> Result<(), End> {
    match timeout(SOCKET_WRITE_TIME_MAX, socket.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(End::Lost),
    }
}

/// Says why, where there is something to say.
pub(crate) async fn close(socket: &mut WebSocket, end: End) {
    if let End::Close(code, reason) = end {
        let frame = CloseFrame { code, reason: reason.into() };
        // Whoever does not take it is gone.
        let _ = send(socket, Message::Close(Some(frame))).await;
    }
}
