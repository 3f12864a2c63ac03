//! The updates of an event over a WebSocket, and the same in the words of the NGINX-RTMP plan.
//!
//! ```text
//!  client                                    server
//!                          ◀──────────────── {"seq":41,"type":"snapshot",…}
//!                          ◀──────────────── {"seq":42,"type":"camera_switched",…}
//!    {"type":"ping"} ──────────────────────▶
//!                          ◀──────────────── {"type":"pong"}
//! ```

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use genlock_store::EventId;
use serde::Deserialize;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::follower::{Delivery, Follower, Place, Resume};
use super::hub;
use super::journal::Words;
use crate::limits::SOCKET_WRITE_TIME_MAX;
use crate::paths::{EventPath, WeddingPath};
use crate::problem::Problem;
use crate::query;
use crate::socket::{Conversation, End, Knock, Line, open};
use crate::state::Shared;

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
    EventPath(event): EventPath,
    RawQuery(query): RawQuery,
    knock: Knock,
) -> Result<Response, Problem> {
    let resume = resume(query.as_deref().unwrap_or_default());
    open(shared, event, knock, |shared, event, line| {
        Telling::begin(shared, event, line, resume, Words::Own)
    })
    .await
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
    EventPath(event): EventPath,
    knock: Knock,
) -> Result<Response, Problem> {
    open(shared, event, knock, |shared, event, line| {
        Telling::begin(shared, event, line, None, Words::Compatible)
    })
    .await
}

/// Where the client was: `stream={stream}&seq={seq}`. Neither needs percent decoding; what is not understood is a
/// client that starts anew.
fn resume(query: &str) -> Option<Resume> {
    let value = |wanted: &str| {
        query::pairs(query).find_map(|(name, value)| (name == wanted).then_some(value))
    };
    Some(Resume { stream: value("stream")?.to_owned(), seen: value("seq")?.parse().ok()? })
}

/// What a client may say.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said {
    Ping,
}

/// Tells a client what happens, until the hub does.
struct Telling {
    follower: Follower,
    place: Place,
    /// It is the hub that tells.
    is_resting: bool,
    words: Words,
}

impl Telling {
    async fn begin(
        shared: Arc<Shared>,
        event: EventId,
        line: Arc<Line>,
        resume: Option<Resume>,
        words: Words,
    ) -> Option<Self> {
        let follower = hub::follow(&shared, &event, resume).await.ok()?;
        let place = follower.join(line, words);
        Some(Self { follower, place, is_resting: false, words })
    }

    /// What comes next in these words, if it is there.
    fn now(&mut self) -> Result<Option<Message>, End> {
        while let Some(delivery) = self.follower.now() {
            let gone = End::Close(CloseCode::Normal, "the event was deleted");
            let entry = match &delivery {
                Delivery::Gone => return Err(gone),
                Delivery::Snapshot(entry) | Delivery::Update(entry) => entry,
            };
            if let Some(message) = entry.message(self.words) {
                return Ok(Some(Message::text(message.text())));
            }
        }
        Ok(None)
    }
}

impl Conversation for Telling {
    async fn next(&mut self) -> Result<Message, End> {
        loop {
            if self.is_resting {
                self.follower.rise(&self.place).await;
                self.is_resting = false;
            }
            if let Some(message) = self.now()? {
                return Ok(message);
            }
            // Of what the hub has told, the socket may have a part.
            match timeout(SOCKET_WRITE_TIME_MAX, self.place.flushed()).await {
                Ok(Ok(())) => self.follower.rest(&self.place),
                Ok(Err(_)) | Err(_) => return Err(End::Lost),
            }
            self.is_resting = true;
        }
    }

    fn more(&mut self) -> Option<Message> {
        // That the event is gone is told again by `next`.
        self.now().ok().flatten()
    }

    fn hear(&mut self, said: &str) -> Result<Option<Message>, End> {
        let pong = || Message::text(r#"{"type":"pong"}"#);
        Ok(matches!(serde_json::from_str(said), Ok(Said::Ping)).then(pong))
    }
}
