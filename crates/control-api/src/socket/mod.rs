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
//! | `handshake` | how a request becomes one |
//! | `line` | the connection, to which two may write |
//! | `frame` | a text for many clients |
//! | `conversation` | what two sides say, until one of them ends it |
//! | `origin` | which pages may open one |

mod conversation;
mod frame;
mod handshake;
mod line;
mod origin;

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use axum::response::Response;
use futures_util::StreamExt;
use genlock_store::EventId;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

pub(crate) use self::conversation::{Conversation, End};
use self::conversation::{close, converse};
pub(crate) use self::frame::TextFrame;
use self::handshake::Upgrade;
use self::line::LineStream;
pub(crate) use self::line::{Line, Sent};
use crate::auth::{self, Admission, Peer};
use crate::limits::{SOCKET_AUTH_TIME_MAX, SOCKET_MESSAGE_BYTES_MAX, SOCKET_READ_BYTES};
use crate::problem::{Problem, ProblemCode};
use crate::state::Shared;

/// Somebody who wants a WebSocket.
pub(crate) struct Knock {
    peer: IpAddr,
    headers: HeaderMap,
    upgrade: Upgrade,
}

/// A WebSocket as its own task has it.
type WebSocket = WebSocketStream<LineStream>;

impl FromRequestParts<Arc<Shared>> for Knock {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let Ok(Peer(peer)) = Peer::from_request_parts(parts, shared).await;
        let upgrade = Upgrade::of(parts).ok_or_else(|| {
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

/// Lets in who may follow `event`, and has the conversation that `begin` begins; `None` if there is no such event. The
/// line is for what goes to many clients at once.
pub(crate) async fn open<C, F>(
    shared: Arc<Shared>,
    event: EventId,
    knock: Knock,
    begin: impl FnOnce(Arc<Shared>, EventId, Arc<Line>) -> F + Send + 'static,
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
    let place = shared.follower()?;
    let talk = move |upgraded| async move {
        let _place = place;
        let line = Arc::new(Line::new(TokioIo::new(upgraded)));
        let stream = LineStream(Arc::clone(&line));
        let mut socket =
            WebSocketStream::from_raw_socket(stream, Role::Server, Some(config())).await;
        let admitted = match admission {
            Some(admission) => Ok(admission),
            None => admit(&mut socket, &shared, peer, &event).await,
        };
        let end = match admitted {
            Ok(admission) => match begin(shared, event, line).await {
                Some(conversation) => converse(&mut socket, conversation, admission).await,
                None => End::Close(CloseCode::Policy, "there is no such event"),
            },
            Err(end) => end,
        };
        close(&mut socket, end).await;
    };
    Ok(upgrade.accept(talk))
}

fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(SOCKET_READ_BYTES)
        .max_message_size(Some(SOCKET_MESSAGE_BYTES_MAX))
}

/// Waits for the client's token, which a browser cannot send in a header.
async fn admit(
    socket: &mut WebSocket,
    shared: &Arc<Shared>,
    peer: IpAddr,
    event: &EventId,
) -> Result<Admission, End> {
    let refused = End::Close(CloseCode::Policy, "the first message must hold a valid token");
    let Ok(first) = timeout(SOCKET_AUTH_TIME_MAX, socket.next()).await else {
        return Err(refused);
    };
    let Some(Ok(Message::Text(said))) = first else { return Err(refused) };
    let Ok(First::Auth { token }) = serde_json::from_str(&said) else { return Err(refused) };
    let admitted = auth::may_follow(shared, peer, &token, event).await;
    admitted.map_err(|_| refused)
}
