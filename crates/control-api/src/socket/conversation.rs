//! What two sides say over a WebSocket, until one of them ends it.

use std::pin::pin;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::WebSocket;
use crate::auth::Admission;
use crate::limits::{SOCKET_PING_EVERY, SOCKET_SILENCE_MAX, SOCKET_WRITE_TIME_MAX};

/// The server's side.
pub(crate) trait Conversation: Send {
    /// Waits for what is to be said. Nothing is lost when the future is dropped before it is ready.
    fn next(&mut self) -> impl Future<Output = Result<Message, End>> + Send;

    /// What else is to be said by now: it leaves in one write with what came before.
    fn more(&mut self) -> Option<Message> {
        None
    }

    /// The client said something. What is not understood is passed over: it may be meant for a later version.
    fn hear(&mut self, said: &str) -> Result<Option<Message>, End>;
}

/// Why a conversation ends.
#[derive(Debug)]
pub(crate) enum End {
    /// The client went away, or is too slow to be told anything.
    Lost,
    /// With a close code (RFC 6455 §7.4.1) and a reason.
    Close(CloseCode, &'static str),
}

/// Talks until the client goes, says nothing any more or takes nothing, its token ends, or there is nothing to say.
pub(super) async fn converse(
    socket: &mut WebSocket,
    mut conversation: impl Conversation,
    mut admission: Admission,
) -> End {
    let mut ended = pin!(admission.ended());
    let mut heard_at = Instant::now();
    let mut pings = interval(SOCKET_PING_EVERY);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings.reset();
    loop {
        let done = tokio::select! {
            first = conversation.next() => match first {
                Ok(first) => say(socket, first, || conversation.more()).await,
                Err(end) => Err(end),
            },
            why = &mut ended => Err(End::Close(CloseCode::Policy, why)),
            said = socket.next() => {
                heard_at = Instant::now();
                match heard(&mut conversation, said) {
                    Ok(Some(answer)) => say(socket, answer, || None).await,
                    Ok(None) => Ok(()),
                    Err(end) => Err(end),
                }
            }
            now = pings.tick() => {
                if now >= heard_at + SOCKET_SILENCE_MAX {
                    return End::Lost;
                }
                say(socket, Message::Ping(Bytes::new()), || None).await
            }
        };
        if let Err(end) = done {
            return end;
        }
    }
}

fn heard(
    conversation: &mut impl Conversation,
    said: Option<Result<Message, Error>>,
) -> Result<Option<Message>, End> {
    match said {
        Some(Ok(Message::Text(said))) => conversation.hear(&said),
        Some(Ok(Message::Close(_)) | Err(_)) | None => Err(End::Lost),
        Some(Ok(_)) => Ok(None),
    }
}

/// A client that takes nothing for that long is given up: what it misses, it finds when it comes back.
async fn say(
    socket: &mut WebSocket,
    first: Message,
    mut more: impl FnMut() -> Option<Message>,
) -> Result<(), End> {
    let writing = async {
        socket.feed(first).await?;
        while let Some(next) = more() {
            socket.feed(next).await?;
        }
        socket.flush().await
    };
    match timeout(SOCKET_WRITE_TIME_MAX, writing).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(End::Lost),
    }
}

/// Says why, where there is something to say.
pub(super) async fn close(socket: &mut WebSocket, end: End) {
    if let End::Close(code, reason) = end {
        let frame = CloseFrame { code, reason: reason.into() };
        // Whoever does not take it is gone.
        let _ = say(socket, Message::Close(Some(frame)), || None).await;
    }
}
