//! What a request under `/hls/` is answered with, and when.
//!
//! ```text
//!  method ─▶ path ─▶ permit ─▶ publication ─▶ directives ─▶ in memory? ─yes─▶ answer
//!   405       404     403       404            400            │no
//!                                                             ▼
//!                                       hold: 503 if too many are held
//!                                         │ the publication changed: look again
//!                                         ├ time is up: 503, or 404 before the first content
//!                                         └ the server stops: newest playlist, or 503
//! ```

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use bytes::Bytes;
use genlock_packager::Flavour;
use http::{Method, StatusCode};
use tokio::time::Instant;

use crate::counters::Place;
use crate::fields::Fields;
use crate::origin::Origin;
use crate::path;
use crate::playback::Refused;
use crate::publication::Publication;
use crate::reply::{self, Freshness, Reply};
use crate::waiters::Seat;
use crate::wish::{Look, Wish};

const NOT_FOUND: &str = "not found";
const TOO_MANY_HELD: &str = "too many requests are held";
const STOPPING: &str = "the server is stopping";

/// What is asked of the origin, and by whom.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    /// What comes after `/hls/`.
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) fields: Fields<'a>,
    /// The playback token in the path.
    pub(crate) token: Option<&'a str>,
    pub(crate) peer: IpAddr,
}

/// A request that may have what it asks for, until when.
#[derive(Debug, Clone, Copy)]
struct Permit {
    /// In seconds since 1970; `None` where nothing is signed.
    ends: Option<u64>,
}

impl Permit {
    /// No cache may keep the answer for longer than the permission lasts.
    fn bound(self, reply: Reply) -> Reply {
        match self.ends {
            Some(ends) => reply.shorten(ends.saturating_sub(unix_seconds())),
            None => reply,
        }
    }
}

/// The wall clock, for tokens that other machines may have dated.
pub(crate) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The answer to a request, now or later.
pub(crate) enum Answer {
    Now(Reply),
    Held(Held),
}

impl Origin {
    /// Answers a request.
    pub(crate) fn answer(&self, asked: &Asked<'_>) -> Answer {
        self.counters().requests.add_one();
        match *asked.method {
            Method::OPTIONS => Answer::Now(reply::options()),
            Method::GET | Method::HEAD => self.get(asked),
            _ => self
                .refuse(StatusCode::METHOD_NOT_ALLOWED, "only GET, HEAD and OPTIONS are answered"),
        }
    }

    fn get(&self, asked: &Asked<'_>) -> Answer {
        let Some(target) = path::parse(asked.path) else {
            return self.refuse(StatusCode::NOT_FOUND, NOT_FOUND);
        };
        let permit = match self.permit(asked, target.publication) {
            Ok(permit) => permit,
            Err(refused) => return self.refuse(StatusCode::FORBIDDEN, refused.why()),
        };
        let Some(publication) = self.publication(target.publication) else {
            return self.refuse(StatusCode::NOT_FOUND, NOT_FOUND);
        };
        let dialect = publication.default_dialect();
        let wish = match Wish::new(target.file, asked.query, &asked.fields, dialect) {
            Ok(wish) => wish,
            Err(bad) => return self.refuse(StatusCode::BAD_REQUEST, bad.to_string()),
        };
        publication.touch();
        if wish.is_media_playlist() {
            publication.note_viewer(asked);
        }
        match publication.look(&wish) {
            Look::Reply(reply) => self.now(asked.method, permit.bound(reply)),
            Look::Wait => self.hold(publication, wish.into_owned(), asked.method, permit),
        }
    }

    /// Whether the request may have something of this publication.
    fn permit(&self, asked: &Asked<'_>, publication: &str) -> Result<Permit, Refused> {
        let (event, name) = publication.split_once('/').unwrap_or((publication, ""));
        match asked.token {
            Some(token) => {
                let checker = self.checker();
                let ends = checker.check(unix_seconds(), token, event, name, asked.peer)?;
                Ok(Permit { ends: Some(ends) })
            }
            None if self.is_signed(event) => Err(Refused::Missing),
            None => Ok(Permit { ends: None }),
        }
    }

    fn hold(
        &self,
        publication: Arc<Publication>,
        wish: Wish<'static>,
        method: &Method,
        permit: Permit,
    ) -> Answer {
        if self.is_closing() {
            return self.now(method, last_word(&publication, &wish));
        }
        let limits = self.limits();
        let Some(place) = self.counters().hold(limits.held_requests) else {
            return self.refuse(StatusCode::SERVICE_UNAVAILABLE, TOO_MANY_HELD);
        };
        let deadline = Instant::now() + wish.patience(publication.snapshot().as_deref(), &limits);
        Answer::Held(Held {
            origin: self.clone(),
            seat: publication.seat(),
            publication,
            wish,
            deadline,
            permit,
            method: method.clone(),
            _place: place,
        })
    }

    fn refuse(&self, status: StatusCode, reason: impl Into<Bytes>) -> Answer {
        self.now(&Method::GET, reply::refusal(status, reason))
    }

    fn now(&self, method: &Method, reply: Reply) -> Answer {
        self.counters().note_status(reply.status());
        Answer::Now(reply.for_method(method))
    }
}

impl Publication {
    /// What there is for a wish now.
    fn look(&self, wish: &Wish<'_>) -> Look {
        let flavour = wish.flavour();
        if flavour == Flavour::Ts {
            self.want_ts();
        }
        let snapshot = self.glance();
        let snapshot = snapshot.as_deref();
        if wish.is_media_playlist()
            && let Some(playlist) = snapshot.filter(|snapshot| snapshot.has_playlist(flavour))
            && !self.settle_target_duration(playlist.target_duration())
        {
            // A run with the target duration that was served is about to replace this one.
            return Look::Wait;
        }
        wish.look(snapshot)
    }
}

/// A request that waits for its publication, and its answer when that is there.
pub(crate) struct Held {
    origin: Origin,
    publication: Arc<Publication>,
    seat: Seat,
    wish: Wish<'static>,
    deadline: Instant,
    permit: Permit,
    method: Method,
    _place: Place,
}

impl Future for Held {
    type Output = Reply;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Reply> {
        let this = &mut *self;
        let reply = loop {
            // Asked before looking, so that a change between the look and the wait is not missed.
            let round = this.seat.round();
            if let Some(reply) = this.look(Instant::now()) {
                break reply;
            }
            if this.seat.take(round, cx.waker(), this.deadline) == Ok(()) {
                return Poll::Pending;
            }
        };
        this.origin.counters().note_status(reply.status());
        Poll::Ready(this.permit.bound(reply).for_method(&this.method))
    }
}

impl Held {
    /// Looks at the publication. Its end and the server's are changes, too.
    fn look(&self, now: Instant) -> Option<Reply> {
        if let Look::Reply(reply) = self.publication.look(&self.wish) {
            Some(reply)
        } else if self.publication.ended().is_cancelled() {
            Some(reply::refusal(StatusCode::NOT_FOUND, NOT_FOUND))
        } else if self.origin.is_closing() {
            Some(last_word(&self.publication, &self.wish))
        } else {
            let patient = now < self.deadline;
            (!patient).then(|| self.wish.give_up(self.publication.snapshot().as_deref()))
        }
    }
}

/// What a held request is answered with when the server stops.
fn last_word(publication: &Publication, wish: &Wish<'_>) -> Reply {
    let snapshot = publication.snapshot();
    let newest = snapshot.as_deref().and_then(|snapshot| wish.playlist(snapshot, Freshness::Never));
    newest.unwrap_or_else(|| reply::refusal(StatusCode::SERVICE_UNAVAILABLE, STOPPING))
}
