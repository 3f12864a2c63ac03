//! Live pictures for consoles over a WebSocket: samples as they are, without decoding.
//!
//! ```text
//!  client                                           server
//!    GET …/preview, Upgrade [Authorization] ──────▶
//!    {"type":"auth","token":"…"} ─────────────────▶   without the header, as browsers cannot set it
//!                                 ◀──────────────── HELLO
//!    {"type":"subscribe","sub":1,"camera":"…"} ───▶   without `camera`: the programme
//!                                 ◀──────────────── CONFIG, SAMPLE, SAMPLE, …
//!    {"type":"ack","seq":17} ─────────────────────▶   four times a second
//! ```
//!
//! What the server sends are binary messages, which the running system makes: see `docs/preview.md`.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, close_code};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use genlock_store::{CameraId, EventId};
use serde::Deserialize;
use tokio::time::{Instant, sleep_until};

use crate::auth::{self, Admission, Peer};
use crate::limits::{SOCKET_MESSAGE_BYTES_MAX, SOCKET_SILENCE_MAX};
use crate::paths::EventPath;
use crate::problem::{Problem, ProblemCode};
use crate::state::Shared;
use crate::updates::origin;
use crate::updates::socket::{End, Upgrade, authorize, close, send};

/// Where pictures come from.
pub trait Previews: Send + Sync + 'static {
    /// A client of the event; `None` if the event does not run.
    fn open(&self, event: &EventId) -> Option<Box<dyn PreviewSession>>;
}

/// What one client gets.
#[async_trait]
pub trait PreviewSession: Send {
    /// The client said something.
    ///
    /// # Errors
    /// When it asks for what there is not, or for too much: a reason for people.
    fn hear(&mut self, said: PreviewRequest) -> Result<(), &'static str>;

    /// Waits for the next message to the client. Dropping the future loses nothing.
    async fn next(&mut self) -> Bytes;
}

/// What a client may say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PreviewRequest {
    /// Pictures of a camera (the programme if `None`) as number `sub`; again with another mode to change that.
    Subscribe {
        /// The client's number.
        sub: u16,
        /// The camera.
        camera: Option<CameraId>,
        /// How much of it.
        mode: PreviewMode,
    },
    /// No more of it.
    Unsubscribe {
        /// The client's number.
        sub: u16,
    },
    /// Every message up to this one has come.
    Ack {
        /// The message's number.
        seq: u32,
    },
    /// Wants the number back, with the event clock's time.
    Ping {
        /// Any number.
        echo: u32,
    },
}

/// How much of a Feed a client wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PreviewMode {
    /// Every picture.
    #[default]
    All,
    /// Pictures that others refer to.
    Refs,
    /// Sync samples.
    Sync,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said {
    Subscribe {
        sub: u16,
        camera: Option<String>,
        #[serde(default)]
        mode: PreviewMode,
    },
    Unsubscribe {
        sub: u16,
    },
    Ack {
        seq: u32,
    },
    Ping {
        echo: u32,
    },
}

impl Said {
    fn into_request(self) -> Option<PreviewRequest> {
        Some(match self {
            Self::Subscribe { sub, camera, mode } => {
                let camera = match camera {
                    Some(id) => Some(CameraId::parse(&id).ok()?),
                    None => None,
                };
                PreviewRequest::Subscribe { sub, camera, mode }
            }
            Self::Unsubscribe { sub } => PreviewRequest::Unsubscribe { sub },
            Self::Ack { seq } => PreviewRequest::Ack { seq },
            Self::Ping { echo } => PreviewRequest::Ping { echo },
        })
    }
}

/// See an event's cameras and programme over a WebSocket
///
/// Samples as the cameras send them, for decoding in the page; well under a second old. A client that cannot set
/// `Authorization` sends `{"type":"auth","token":"…"}` first, then what it wants to see:
/// `{"type":"subscribe","sub":1,"camera":"…","mode":"all"}` (`all`, `refs`, `sync`; without `camera` the programme), and
/// `{"type":"ack","seq":…}` for what has come. The messages are described in docs/preview.md.
#[utoipa::path(
    get, path = "/api/events/{event}/preview", tag = "live", operation_id = "preview",
    params(EventPath),
    responses(
        (status = 101, description = "a WebSocket with binary messages"),
        (status = 403, description = "a page of another origin asks")
    )
)]
pub(crate) async fn open(
    State(shared): State<Arc<Shared>>,
    Peer(peer): Peer,
    EventPath(event): EventPath,
    headers: HeaderMap,
    Upgrade(upgrade): Upgrade,
) -> Result<Response, Problem> {
    if !origin::is_own(&headers, &shared.addresses) {
        let why = "pages of other origins may not open this";
        return Err(Problem::new(ProblemCode::ForeignOrigin, why));
    }
    // A header that is there is believed or refused before anything is upgraded.
    let admission = match auth::bearer(&headers) {
        Some(token) => Some(auth::may_follow(&shared, peer, token, &event).await?),
        None => None,
    };
    let upgrade = upgrade.max_message_size(SOCKET_MESSAGE_BYTES_MAX);
    let talk = move |mut socket: WebSocket| async move {
        let end = serve(&mut socket, &shared, peer, &event, admission).await;
        close(&mut socket, end).await;
    };
    Ok(upgrade.on_upgrade(talk).into_response())
}

async fn serve(
    socket: &mut WebSocket,
    shared: &Arc<Shared>,
    peer: IpAddr,
    event: &EventId,
    admission: Option<Admission>,
) -> End {
    let admission = match admission {
        Some(admission) => admission,
        None => match authorize(socket, shared, peer, event).await {
            Ok(admission) => admission,
            Err(end) => return end,
        },
    };
    match shared.previews.open(event) {
        Some(mut session) => show(socket, &mut *session, admission).await,
        None => End::Close(close_code::POLICY, "there is no such event"),
    }
}

/// Sends what there is until the client goes, its token ends, or says nothing any more: it acknowledges whatever it gets.
async fn show(
    socket: &mut WebSocket,
    session: &mut dyn PreviewSession,
    mut admission: Admission,
) -> End {
    let mut heard_at = Instant::now();
    loop {
        tokio::select! {
            said = socket.recv() => {
                heard_at = Instant::now();
                let heard = match said {
                    Some(Ok(Message::Text(said))) => hear(session, &said),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return End::Lost,
                    Some(Ok(_)) => Ok(()),
                };
                if let Err(why) = heard {
                    return End::Close(close_code::POLICY, why);
                }
            }
            why = admission.ended() => return End::Close(close_code::POLICY, why),
            message = session.next() => {
                if let Err(end) = send(socket, Message::Binary(message)).await {
                    return end;
                }
            }
            () = sleep_until(heard_at + SOCKET_SILENCE_MAX) => return End::Lost,
        }
    }
}

/// What is not understood is passed over: it may be meant for a later version.
fn hear(session: &mut dyn PreviewSession, said: &str) -> Result<(), &'static str> {
    let said = serde_json::from_str(said).ok().and_then(Said::into_request);
    said.map_or(Ok(()), |said| session.hear(said))
}
