//! nginx-rtmp's hooks: asks the back end whether a publisher may, and tells it when it goes on and ends.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use tokio::time::sleep;

use crate::client::{Answer, Call as HttpCall, CallError, Client};
use crate::form::{self, Call, Publisher};
use crate::limits::{DONE_PAUSE, DONE_TRIES};
use crate::target::Target;
use crate::verdict::{self, Refused, Verdict};

/// Where and how the back end is called.
#[derive(Debug, Clone)]
pub struct PublishConfig {
    /// Asked before a publish starts.
    pub on_publish: Option<Target>,
    /// Told when it has ended.
    pub on_publish_done: Option<Target>,
    /// Asked while it lasts.
    pub on_update: Option<Target>,
    /// Time between two updates.
    pub update_every: Duration,
    /// Whether an update ends the publish when it is answered with 3xx or not at all. A refusal always does.
    pub update_strict: bool,
    /// `POST` with a form, or `GET` with a query.
    pub method: Method,
    /// Whether the back end is told stream keys.
    pub send_key: bool,
    /// Time for an answer.
    pub timeout: Duration,
    /// What happens without one.
    pub on_failure: OnFailure,
}

/// What happens when the back end gives no answer that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// Who has a stream key may publish.
    Allow,
    /// Nobody may.
    Refuse,
}

/// What becomes of a publisher after an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// It goes on.
    GoOn,
    /// The back end wants it to end.
    End,
}

/// Calls the back end.
#[derive(Debug, Clone)]
pub struct PublishHooks {
    client: Client,
    config: PublishConfig,
}

impl PublishHooks {
    /// Hooks as they are configured.
    #[must_use]
    pub const fn new(client: Client, config: PublishConfig) -> Self {
        Self { client, config }
    }

    /// How they are configured.
    #[must_use]
    pub const fn config(&self) -> &PublishConfig {
        &self.config
    }

    /// Whether `publisher` may publish. Without a hook everybody may.
    pub async fn publish(&self, publisher: &Publisher) -> Verdict {
        let Some(target) = &self.config.on_publish else { return Verdict::Allow };
        let problem = match self.call(target, publisher, Call::Publish).await {
            Ok(answer) => match verdict::of_publish(answer.status, answer.location.as_deref()) {
                Some(verdict) => return verdict,
                None => format!("it answered {}", answer.status),
            },
            Err(error) => error.to_string(),
        };
        tracing::error!(%target, %problem, on_failure = ?self.config.on_failure, "on_publish has no answer");
        match self.config.on_failure {
            OnFailure::Allow => Verdict::Allow,
            OnFailure::Refuse => Verdict::Refuse(Refused::NoAnswer),
        }
    }

    /// Tells that `publisher` has ended. Tries a few times, and not once `is_stale`: that an older publish has
    /// ended must not be told behind the start of a newer one.
    pub async fn done(&self, publisher: &Publisher, is_stale: impl Fn() -> bool) {
        let Some(target) = &self.config.on_publish_done else { return };
        for attempt in 1..=DONE_TRIES {
            let problem = match self.call(target, publisher, Call::PublishDone).await {
                Ok(answer) if answer.status < 400 => return,
                Ok(answer) => format!("it answered {}", answer.status),
                Err(error) => error.to_string(),
            };
            tracing::warn!(%target, %problem, attempt, "on_publish_done failed");
            if attempt < DONE_TRIES {
                sleep(DONE_PAUSE).await;
            }
            if is_stale() {
                return;
            }
        }
    }

    /// Tells that `publisher` is still there, `since` seconds after it began, at that timestamp.
    pub async fn update(&self, publisher: &Publisher, seconds: u64, timestamp: u32) -> Update {
        let Some(target) = &self.config.on_update else { return Update::GoOn };
        let answer = self.call(target, publisher, Call::Update { seconds, timestamp }).await;
        let problem = match answer {
            Ok(answer) => match verdict::of_update(answer.status, self.config.update_strict) {
                Some(true) => return Update::GoOn,
                Some(false) => return Update::End,
                None => format!("it answered {}", answer.status),
            },
            Err(error) => error.to_string(),
        };
        tracing::warn!(%target, %problem, "on_update has no answer");
        if self.config.update_strict { Update::End } else { Update::GoOn }
    }

    async fn call(
        &self,
        target: &Target,
        publisher: &Publisher,
        call: Call,
    ) -> Result<Answer, CallError> {
        let fields = form::encode(publisher, call);
        let method = self.config.method.clone();
        let mut headers = HeaderMap::new();
        let (path, body) = if method == Method::GET {
            (target.with_query(&fields), Bytes::new())
        } else {
            let form = HeaderValue::from_static("application/x-www-form-urlencoded");
            headers.insert(header::CONTENT_TYPE, form);
            (target.path_and_query().to_owned(), Bytes::from(fields))
        };
        let call = HttpCall { method, path, headers, body };
        self.client.call(target, call, self.config.timeout).await
    }
}
