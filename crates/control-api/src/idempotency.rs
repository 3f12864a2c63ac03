//! Idempotency keys: a take that is repeated because its answer was lost is made once (the draft
//! draft-ietf-httpapi-idempotency-key-header-07).
//!
//! ```text
//!  key unknown ─────────────────────▶ the call runs, its answer is kept
//!  key known, same call, answered ──▶ the kept answer
//!  key known, same call, running ───▶ 409
//!  key known, another call ─────────▶ 422
//! ```
//!
//! A key is its event's: two clients must not choose the same, so it should be random, a UUID. Answers that blame the
//! server are not kept: what failed for its sake may be tried again with the same key.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::HeaderName;
use axum::http::request::Parts;
use bytes::Bytes;
use genlock_store::EventId;
use tokio::time::Instant;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::limits::{
    IDEMPOTENCY_KEY_BYTES_MAX, IDEMPOTENCY_KEY_TIME, IDEMPOTENCY_KEYS_PER_EVENT_MAX,
};
use crate::openapi;
use crate::problem::{Problem, ProblemCode};

/// Name of the header.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// In the description of the API: quotes and backslashes are no part of a key.
const PATTERN: &str = r#"^[!#-\[\]-~]{1,128}$|^"[!#-\[\]-~]{1,128}"$"#;

/// In the description of the API.
const EXAMPLE: &str = "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"";

/// The header, `None` if the call has none.
#[derive(Debug)]
pub(crate) struct IdempotencyKey(pub(crate) Option<Key>);

/// What the client chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key(String);

impl Key {
    /// A string of RFC 8941 §3.3.3, as the draft has it, or the same without its quotes, as many clients send it.
    fn parse(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?.trim();
        let inner = text.strip_prefix('"').map_or(Some(text), |rest| rest.strip_suffix('"'))?;
        let is_legal = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
        let is_key = (1..=IDEMPOTENCY_KEY_BYTES_MAX).contains(&inner.len());
        (is_key && inner.bytes().all(is_legal)).then(|| Self(inner.to_owned()))
    }
}

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let mut given = parts.headers.get_all(&HEADER).iter();
        let key = match (given.next(), given.next()) {
            (None, _) => return Ok(Self(None)),
            (Some(one), None) => Key::parse(one.as_bytes()),
            (Some(_), Some(_)) => None,
        };
        let why = || {
            let most = IDEMPOTENCY_KEY_BYTES_MAX;
            let why = format!("it is one string of 1 to {most} visible characters, in quotes");
            Problem::invalid(HEADER.as_str(), why)
        };
        key.ok_or_else(why).map(|key| Self(Some(key)))
    }
}

impl IntoParams for IdempotencyKey {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let description = "names this take, so that it is made once however often it is asked for";
        vec![openapi::header(HEADER.as_str(), description, Some(PATTERN), EXAMPLE)]
    }
}

/// What a call was answered.
pub(crate) type Answer = Result<Bytes, Problem>;

/// The keys of all events. `C` tells calls apart.
pub(crate) struct IdempotencyKeys<C>(Arc<Mutex<HashMap<EventId, VecDeque<Entry<C>>>>>);

struct Entry<C> {
    key: Key,
    call: C,
    since: Instant,
    /// `None` while the call runs.
    answer: Option<Answer>,
}

/// What is to be done with a call.
pub(crate) enum Begun<C> {
    /// It is new: it runs.
    Run(Running<C>),
    /// It was answered before.
    Replay(Answer),
}

/// A call that runs under a key. Dropped without an answer it was never made.
pub(crate) struct Running<C> {
    keys: IdempotencyKeys<C>,
    event: EventId,
    key: Key,
}

impl<C: PartialEq> IdempotencyKeys<C> {
    /// A call with `key` has come to `event`.
    pub(crate) fn begin(
        &self,
        now: Instant,
        event: &EventId,
        key: Key,
        call: C,
    ) -> Result<Begun<C>, Problem> {
        let mut events = self.lock();
        if !events.contains_key(event) {
            events.retain(|_, keys| keys.back().is_some_and(|newest| is_known(newest, now)));
        }
        let keys = events.entry(event.clone()).or_default();
        keys.retain(|entry| is_known(entry, now));
        if let Some(entry) = keys.iter().find(|entry| entry.key == key) {
            return entry.repeat(&call).map(Begun::Replay);
        }
        if keys.len() >= IDEMPOTENCY_KEYS_PER_EVENT_MAX {
            keys.pop_front();
        }
        keys.push_back(Entry { key: key.clone(), call, since: now, answer: None });
        drop(events);
        let keys = Self(Arc::clone(&self.0));
        Ok(Begun::Run(Running { keys, event: event.clone(), key }))
    }
}

impl<C> IdempotencyKeys<C> {
    /// Whole after every call, so that a panic elsewhere leaves it usable.
    fn lock(&self) -> MutexGuard<'_, HashMap<EventId, VecDeque<Entry<C>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: PartialEq> Entry<C> {
    /// What the same key gets again.
    fn repeat(&self, call: &C) -> Result<Answer, Problem> {
        if self.call != *call {
            let detail = "this key came with another camera or style before";
            return Err(Problem::new(ProblemCode::IdempotencyKeyReused, detail));
        }
        self.answer.clone().ok_or_else(|| {
            let detail = "the call with this key is not done yet; ask again in a moment";
            Problem::new(ProblemCode::IdempotencyKeyInUse, detail)
        })
    }
}

impl<C> Running<C> {
    /// Keeps the answer for whoever repeats the call.
    pub(crate) fn answered(self, answer: &Answer) {
        if answer.as_ref().is_err_and(Problem::blames_the_server) {
            return;
        }
        let mut events = self.keys.lock();
        let keys = events.get_mut(&self.event).into_iter().flatten();
        if let Some(entry) = keys.into_iter().find(|entry| entry.key == self.key) {
            entry.answer = Some(answer.clone());
        }
    }
}

impl<C> Drop for Running<C> {
    fn drop(&mut self) {
        if let Some(keys) = self.keys.lock().get_mut(&self.event) {
            keys.retain(|entry| entry.key != self.key || entry.answer.is_some());
        }
    }
}

impl<C> Default for IdempotencyKeys<C> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<C> fmt::Debug for IdempotencyKeys<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdempotencyKeys").finish_non_exhaustive()
    }
}

fn is_known<C>(entry: &Entry<C>, now: Instant) -> bool {
    now < entry.since + IDEMPOTENCY_KEY_TIME
}

#[cfg(test)]
mod tests {
    use super::*;

    type Keys = IdempotencyKeys<u32>;

    fn begin(keys: &Keys, now: Instant, key: &str, call: u32) -> Result<Begun<u32>, Problem> {
        let event = EventId::parse("wedding").unwrap();
        keys.begin(now, &event, Key::parse(key.as_bytes()).unwrap(), call)
    }

    fn run(keys: &Keys, now: Instant, key: &str, call: u32) -> Running<u32> {
        match begin(keys, now, key, call) {
            Ok(Begun::Run(running)) => running,
            Ok(Begun::Replay(_)) => panic!("replayed"),
            Err(problem) => panic!("{problem:?}"),
        }
    }

    fn replay(keys: &Keys, now: Instant, key: &str, call: u32) -> Bytes {
        match begin(keys, now, key, call) {
            Ok(Begun::Replay(answer)) => answer.unwrap(),
            _ => panic!("not replayed"),
        }
    }

    #[test]
    fn a_repeated_call_gets_the_first_answer() {
        let (keys, now) = (Keys::default(), Instant::now());
        run(&keys, now, "a", 1).answered(&Ok("first".into()));
        assert_eq!(replay(&keys, now, "a", 1), "first");
        assert_eq!(replay(&keys, now, "\"a\"", 1), "first");
        let refused = begin(&keys, now, "a", 2).err().unwrap();
        assert!(format!("{refused:?}").contains("IdempotencyKeyReused"));
        drop(run(&keys, now + IDEMPOTENCY_KEY_TIME, "a", 2));
    }

    #[test]
    fn a_call_that_runs_is_not_made_twice() {
        let (keys, now) = (Keys::default(), Instant::now());
        let running = run(&keys, now, "a", 1);
        let refused = begin(&keys, now, "a", 1).err().unwrap();
        assert!(format!("{refused:?}").contains("IdempotencyKeyInUse"));
        drop(running);
        drop(run(&keys, now, "a", 1));
    }

    #[test]
    fn what_failed_for_the_servers_sake_may_be_tried_again() {
        let (keys, now) = (Keys::default(), Instant::now());
        let failed = Err(Problem::new(ProblemCode::Unavailable, "stopping"));
        run(&keys, now, "a", 1).answered(&failed);
        let refused = Err(Problem::new(ProblemCode::CameraNotLive, "nobody publishes"));
        run(&keys, now, "a", 1).answered(&refused);
        assert!(matches!(begin(&keys, now, "a", 1), Ok(Begun::Replay(Err(_)))));
    }

    #[test]
    fn memory_is_bounded() {
        let (keys, now) = (Keys::default(), Instant::now());
        for number in 0..10 * IDEMPOTENCY_KEYS_PER_EVENT_MAX {
            run(&keys, now, &number.to_string(), 1).answered(&Ok(Bytes::new()));
        }
        let kept =
            |event: &str| keys.lock().get(&EventId::parse(event).unwrap()).map(VecDeque::len);
        assert_eq!(kept("wedding"), Some(IDEMPOTENCY_KEYS_PER_EVENT_MAX));
        let other = EventId::parse("match").unwrap();
        let later = now + IDEMPOTENCY_KEY_TIME;
        drop(keys.begin(later, &other, Key("a".to_owned()), 1));
        assert_eq!(kept("wedding"), None);
    }

    #[test]
    fn keys_are_strings_with_or_without_quotes() {
        let parse = |text: &str| Key::parse(text.as_bytes()).map(|key| key.0);
        assert_eq!(parse("\"8e03978e-40d5\""), Some("8e03978e-40d5".to_owned()));
        assert_eq!(parse("8e03978e-40d5"), Some("8e03978e-40d5".to_owned()));
        for text in ["", "\"\"", "\"", "\"a", "a\"", "a b", "\"a\\\\b\"", "\u{e4}"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(parse(&"x".repeat(IDEMPOTENCY_KEY_BYTES_MAX + 1)), None);
    }
}
