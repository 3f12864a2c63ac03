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

use axum::extract::ws::{Message, Utf8Bytes, close_code};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use genlock_store::EventId;
use serde::Deserialize;

use super::hub::{self, Delivery, Follower, Resume};
use crate::paths::{EventPath, WeddingPath};
use crate::problem::Problem;
use crate::query;
use crate::socket::{Conversation, End, Knock, open};
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
    open(shared, event, knock, |shared, event| Telling::begin(shared, event, resume, Words::Own))
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
    open(shared, event, knock, |shared, event| {
        Telling::begin(shared, event, None, Words::Compatible)
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

/// Which words are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Words {
    Own,
    /// Of the NGINX-RTMP plan: `camera_switched` and nothing else.
    Compatible,
}

/// Tells a client what happens.
struct Telling {
    follower: Follower,
    words: Words,
}

impl Telling {
    async fn begin(
        shared: Arc<Shared>,
        event: EventId,
        resume: Option<Resume>,
        words: Words,
    ) -> Option<Self> {
        let follower = hub::follow(&shared, &event, resume).await.ok()?;
        Some(Self { follower, words })
    }

    /// The message for what comes next, if these words have one for it.
    fn message(&self, delivery: &Delivery) -> Option<Message> {
        let entry = delivery.entry()?;
        let json = match self.words {
            Words::Own => Some(&entry.json),
            Words::Compatible => entry.compatible.as_ref(),
        };
        json.cloned().map(Message::Text)
    }
}

impl Conversation for Telling {
    async fn next(&mut self) -> Result<Message, End> {
        loop {
            let delivery = self.follower.next().await;
            if matches!(delivery, Delivery::Gone) {
                return Err(End::Close(close_code::NORMAL, "the event was deleted"));
            }
            if let Some(message) = self.message(&delivery) {
                return Ok(message);
            }
        }
    }

    fn more(&mut self) -> Option<Message> {
        loop {
            let delivery = self.follower.now()?;
            // That the event is gone is told again by `next`.
            delivery.entry()?;
            if let Some(message) = self.message(&delivery) {
                return Some(message);
            }
        }
    }

    fn hear(&mut self, said: &str) -> Result<Option<Message>, End> {
        let pong = || Message::Text(Utf8Bytes::from_static(r#"{"type":"pong"}"#));
        Ok(matches!(serde_json::from_str(said), Ok(Said::Ping)).then(pong))
    }
}
