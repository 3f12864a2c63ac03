//! WebSockets (RFC 6455), whatever is said over them: who may open one, how it is kept alive, and how it ends.
//!
//! ```text
//!  client                                       server
//!    GET …, Upgrade [Origin] [Authorization] ──▶   a page of another origin, or a wrong token: refused
//!    {"type":"auth","token":"…"} ──────────────▶   without the header, as browsers cannot set it
//!                          ◀──────────────────── what a `Conversation` has to say
//!                          ◀──────────────────── ping, every 15 s
//! ```
//!
//! The server hangs up on a client that has been silent for 45 s or takes nothing for 10 s. It closes the connection (1008)
//! when the token that opened it ends or is revoked.
//!
//! | module | owns |
//! |---|---|
//! | `conversation` | what two sides say, until one of them ends it |
//! | `origin` | which pages may open one |

mod conversation;
mod origin;

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use genlock_store::EventId;
use serde::Deserialize;
use tokio::time::timeout;

pub(crate) use self::conversation::{Conversation, End};
use self::conversation::{close, converse};
use crate::auth::{self, Admission, Peer};
use crate::limits::{SOCKET_AUTH_TIME_MAX, SOCKET_MESSAGE_BYTES_MAX, SOCKET_READ_BYTES};
use crate::problem::{Problem, ProblemCode};
use crate::state::Shared;

/// Somebody who wants a WebSocket.
pub(crate) struct Knock {
    peer: IpAddr,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
}

impl FromRequestParts<Arc<Shared>> for Knock {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let Ok(Peer(peer)) = Peer::from_request_parts(parts, shared).await;
        let upgrade = WebSocketUpgrade::from_request_parts(parts, shared).await.map_err(|_| {
            let detail = "this is a WebSocket: ask for it with `upgrade: websocket`, version 13";
            Problem::new(ProblemCode::UpgradeRequired, detail)
        })?;
        Ok(Self { peer, headers: parts.headers.clone(), upgrade })
    }
}

/// What a client says that sent no token in a header.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum First {
    Auth { token: String },
}

/// Lets in who may follow `event`, and has the conversation that `begin` begins; `None` if there is no such event.
pub(crate) async fn open<C, F>(
    shared: Arc<Shared>,
    event: EventId,
    knock: Knock,
    begin: impl FnOnce(Arc<Shared>, EventId) -> F + Send + 'static,
) -> Result<Response, Problem>
where
    C: Conversation,
    F: Future<Output = Option<C>> + Send,
{
    let Knock { peer, headers, upgrade } = knock;
    if !origin::is_own(&headers, &shared.addresses) {
        let why = "pages of other origins may not open this";
        return Err(Problem::new(ProblemCode::ForeignOrigin, why));
    }
    // A header that is there is believed or refused before anything is upgraded.
    let admission = match auth::bearer(&headers) {
        Some(token) => Some(auth::may_follow(&shared, peer, token, &event).await?),
        None => None,
    };
    let talk = move |mut socket: WebSocket| async move {
        let admitted = match admission {
            Some(admission) => Ok(admission),
            None => admit(&mut socket, &shared, peer, &event).await,
        };
        let end = match admitted {
            Ok(admission) => match begin(shared, event).await {
                Some(conversation) => converse(&mut socket, conversation, admission).await,
                None => End::Close(close_code::POLICY, "there is no such event"),
            },
            Err(end) => end,
        };
        close(&mut socket, end).await;
    };
    let upgrade = upgrade.read_buffer_size(SOCKET_READ_BYTES);
    Ok(upgrade.max_message_size(SOCKET_MESSAGE_BYTES_MAX).on_upgrade(talk).into_response())
}

/// Waits for the client's token, which a browser cannot send in a header.
async fn admit(
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
    let Ok(First::Auth { token }) = serde_json::from_str(&said) else { return Err(refused) };
    let admitted = auth::may_follow(shared, peer, &token, event).await;
    admitted.map_err(|_| refused)
}
