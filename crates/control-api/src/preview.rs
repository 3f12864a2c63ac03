//! Live pictures and levels for consoles over a WebSocket: samples as they are, without decoding.
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

use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use genlock_store::{CameraId, EventId};
use serde::Deserialize;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::paths::EventPath;
use crate::problem::Problem;
use crate::socket::{self, Conversation, End, Knock};
use crate::state::Shared;

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
        /// How much of its pictures.
        mode: PreviewMode,
        /// Its sound, too.
        sound: bool,
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
    /// No pictures.
    None,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said {
    Subscribe {
        sub: u16,
        camera: Option<String>,
        #[serde(default)]
        mode: PreviewMode,
        #[serde(default)]
        sound: bool,
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
            Self::Subscribe { sub, camera, mode, sound } => {
                let camera = match camera {
                    Some(id) => Some(CameraId::parse(&id).ok()?),
                    None => None,
                };
                PreviewRequest::Subscribe { sub, camera, mode, sound }
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
/// `{"type":"subscribe","sub":1,"camera":"…","mode":"all"}` (`all`, `refs`, `sync`, `none`; without `camera` the programme; with
/// `"sound":true` its access units of sound, too), and `{"type":"ack","seq":…}` for what has come. The messages are described in docs/preview.md.
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
    EventPath(event): EventPath,
    knock: Knock,
) -> Result<Response, Problem> {
    let begin = async |shared: Arc<Shared>, event, _line| shared.previews.open(&event);
    socket::open(shared, event, knock, begin).await
}

impl Conversation for Box<dyn PreviewSession> {
    async fn next(&mut self) -> Result<Message, End> {
        Ok(Message::Binary((**self).next().await))
    }

    fn hear(&mut self, said: &str) -> Result<Option<Message>, End> {
        let said = serde_json::from_str(said).ok().and_then(Said::into_request);
        let heard = said.map_or(Ok(()), |said| (**self).hear(said));
        heard.map(|()| None).map_err(|why| End::Close(CloseCode::Policy, why))
    }
}
