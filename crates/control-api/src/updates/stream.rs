//! The updates of an event as server-sent events (WHATWG HTML §9.2): for clients behind proxies that know no
//! WebSocket, and for `curl`.
//!
//! Each update is one event without a name; its id holds the journal's and the update's, so that
//! `Last-Event-ID` of a client that comes back says where it was.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;

use super::follower::{Follower, Resume};
use super::hub;
use crate::auth::{self, Admission, Caller};
use crate::limits::SOCKET_PING_EVERY;
use crate::paths::EventPath;
use crate::problem::Problem;
use crate::state::{Place, Shared};

/// In the description of the API.
const EXAMPLE: &str = "id: k5x2mhd7qpa3vtye:43\ndata: {\"seq\":43,\"at\":\"2026-10-31T12:00:00.000Z\",\
    \"type\":\"event_status\",\"status\":\"live\"}\n\n";

/// Follow an event by server-sent events
#[utoipa::path(
    get, path = "/api/events/{event}/updates", tag = "live", operation_id = "follow_by_sse",
    params(
        EventPath,
        (
            "last-event-id" = Option<String>, Header,
            description = "id of the last event that was received, to go on after it"
        )
    ),
    responses((
        status = 200, description = "a snapshot, then each change; `data` is one `Message`",
        content_type = "text/event-stream", body = String,
        example = json!(EXAMPLE)
    ))
)]
pub(crate) async fn follow(
    State(shared): State<Arc<Shared>>,
    Caller(caller): Caller,
    EventPath(event): EventPath,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let place = shared.follower()?;
    let follower = hub::follow(&shared, &event, resume(&headers)).await?;
    let admission = auth::admission(&shared, &caller);
    let admitted = Admitted { follower, admission, _place: place };
    let updates = futures_util::stream::unfold(admitted, next);
    Ok(Sse::new(updates).keep_alive(KeepAlive::new().interval(SOCKET_PING_EVERY)))
}

/// A client, for as long as its token admits it.
struct Admitted {
    follower: Follower,
    admission: Admission,
    _place: Place,
}

async fn next(mut client: Admitted) -> Option<(Result<Event, Infallible>, Admitted)> {
    let delivery = tokio::select! {
        delivery = client.follower.next() => delivery,
        _why = client.admission.ended() => return None,
    };
    let entry = delivery.entry()?;
    let id = format!("{}:{}", client.follower.stream(), entry.seq);
    let event = Event::default().id(id).data(entry.json.text());
    Some((Ok(event), client))
}

fn resume(headers: &HeaderMap) -> Option<Resume> {
    let id = headers.get("last-event-id")?.to_str().ok()?;
    let (stream, seen) = id.split_once(':')?;
    Some(Resume { stream: stream.to_owned(), seen: seen.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_id_says_where_a_client_was() {
        let of = |id: &str| {
            resume(&HeaderMap::from_iter([("last-event-id".parse().unwrap(), id.parse().unwrap())]))
        };
        assert_eq!(of("abc:7"), Some(Resume { stream: "abc".to_owned(), seen: 7 }));
        for id in ["", "abc", "abc:", "abc:x", "abc:-1"] {
            assert_eq!(of(id), None, "{id}");
        }
        assert_eq!(resume(&HeaderMap::new()), None);
    }
}
