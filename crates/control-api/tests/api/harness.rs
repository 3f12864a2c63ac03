//! The API over a running system that is made up, and a client of it.

mod configuration;
mod hooks;
mod live;
mod pictures;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use genlock_archive::Archive;
use genlock_control_api::live::Happening;
use genlock_control_api::thumbnails::Thumbnails;
use genlock_control_api::{
    Access, AccessRules, Addresses, ApiState, Changes, CreatorLimits, JwtRules, JwtVerifier, Live,
    Observers, RtmpPort, Telemetry, router,
};
use genlock_feed::clock::EventClock;
use genlock_media::EventTime;
use genlock_recorder::{Recorder, RecorderConfig};
use genlock_store::{AdminToken, CameraId, EventId, SqliteStore, Store};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use self::configuration::FakeConfiguration;
use self::hooks::FakeHooks;
use self::live::FakeLive;
use self::pictures::{FakePreviews, FakeSlates};
use crate::described;

/// Clients that may follow events at once.
pub(crate) const FOLLOWERS_MAX: usize = 64;

pub(crate) const TOKEN: &str = "correct-horse-battery";

/// The recorder's clock: an hour after its zero, which is 2026-01-01.
pub(crate) const RECORDER_ZERO_MICROS: i64 = 1_767_225_600_000_000;
pub(crate) const RECORDER_NOW_MS: i64 = 3_600_000;

/// What creators' tokens are signed with.
const JWT_SECRET: &str = "0123456789abcdef0123456789abcdef";

fn creators() -> JwtVerifier {
    let rules = JwtRules { cameras_claim: Some("premium".to_owned()), ..JwtRules::default() };
    JwtVerifier::with_secret(JWT_SECRET, rules).unwrap()
}

fn limits() -> CreatorLimits {
    CreatorLimits {
        events: 3,
        cameras: 2,
        cameras_claim: Some("premium".to_owned()),
        cameras_without_claim: 1,
    }
}

/// A token of the creator `sub`, with more claims.
pub(crate) fn creator_token(sub: &str, more: &Value) -> String {
    let mut claims = json!({ "sub": sub, "exp": 4_000_000_000_u64 });
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let key = jsonwebtoken::EncodingKey::from_secret(JWT_SECRET.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).unwrap()
}

/// The API with what is behind it.
pub(crate) struct Api {
    pub(crate) router: Router,
    pub(crate) live: Arc<FakeLive>,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) recorder: Recorder,
    pub(crate) clock: EventClock,
    /// Removed with the client.
    pub(crate) recordings: TempDir,
    pub(crate) access: Access,
    pub(crate) configuration: Arc<FakeConfiguration>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    /// A problem without what tells its request from others.
    pub(crate) fn without_id(&self) -> Value {
        let mut body = self.json();
        body.as_object_mut().unwrap().remove("request_id");
        body
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Checks that the answer is a problem, and which.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str, field: Option<&str>) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        assert_eq!(body["type"], "about:blank");
        assert_eq!(body["title"], self.status.canonical_reason().unwrap());
        assert_eq!(body["status"], status);
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["field"].as_str(), field, "{body}");
        assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{body}");
    }
}

/// Addresses that are taken from each request.
fn derived_addresses() -> Addresses {
    Addresses { public_url: None, rtmp_public_url: None, rtmp_port: RtmpPort::Plain(1935) }
}

impl Api {
    pub(crate) fn new() -> Self {
        Self::with(derived_addresses())
    }

    pub(crate) fn with(addresses: Addresses) -> Self {
        Self::made_of(addresses, Arc::new(SqliteStore::in_memory().unwrap()))
    }

    /// The API over a store of the test's own.
    pub(crate) fn over(store: Arc<SqliteStore>) -> Self {
        let addresses = derived_addresses();
        Self::made_of(addresses, store)
    }

    /// The API as these observers read it.
    pub(crate) fn observed_by(observers: Observers) -> Self {
        let addresses = derived_addresses();
        Self::made(addresses, Arc::new(SqliteStore::in_memory().unwrap()), observers)
    }

    fn made_of(addresses: Addresses, store: Arc<SqliteStore>) -> Self {
        Self::made(addresses, store, Observers::default())
    }

    fn made(addresses: Addresses, store: Arc<SqliteStore>, observers: Observers) -> Self {
        let creators = Some(creators());
        let rules = AccessRules { creators, creator_limits: limits(), observers };
        let access = Access::new(rules);
        let live = Arc::new(FakeLive::default());
        let recordings = tempfile::tempdir().unwrap();
        let config = RecorderConfig {
            keep_free: 0,
            ..RecorderConfig::new(recordings.path().to_owned(), RECORDER_ZERO_MICROS)
        };
        let clock = EventClock::starting_at(EventTime::from_millis(RECORDER_NOW_MS));
        let recorder = Recorder::start(config, clock).unwrap();
        let configuration = Arc::new(FakeConfiguration::default());
        let router = router(ApiState {
            store: Arc::clone(&store) as Arc<dyn Store>,
            live: Arc::clone(&live) as Arc<dyn Live>,
            slates: Arc::new(FakeSlates::default()),
            hooks: Arc::new(FakeHooks::new(Arc::clone(&store))),
            recorder: recorder.clone(),
            archive: Archive::default(),
            thumbnails: Arc::clone(&live) as Arc<dyn Thumbnails>,
            previews: Arc::new(FakePreviews),
            admin_token: AdminToken::parse(TOKEN).unwrap().hash(),
            configuration: configuration.clone(),
            telemetry: Arc::clone(&live) as Arc<dyn Telemetry>,
            access: access.clone(),
            addresses,
            changes: Changes::default(),
            followers_max: FOLLOWERS_MAX,
        });
        Self { router, live, store, recorder, clock, recordings, access, configuration }
    }

    /// Sends a request and holds the answer against the description.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.into()).unwrap();
        let answer = Answer { status: parts.status, headers: parts.headers, text };
        described::check(&method, &path, &answer);
        answer
    }

    /// A call by whoever holds `token`.
    pub(crate) async fn by(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        self.send(request_as(token, method, path, body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(request("GET", path, None)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(request("POST", path, Some(body))).await
    }

    pub(crate) async fn call(&self, method: &str, path: &str) -> Answer {
        self.send(request(method, path, None)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(request("PUT", path, Some(body))).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(request("PATCH", path, Some(body))).await
    }

    /// Makes an event and returns its path.
    pub(crate) async fn event(&self) -> String {
        let made = self.post("/api/events", json!({ "name": "Ann & Bob" })).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        made.header("location").to_owned()
    }

    /// Makes a camera and returns its path.
    pub(crate) async fn camera(&self, event: &str, name: &str) -> String {
        let made = self.post(&format!("{event}/cameras"), json!({ "name": name })).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        made.header("location").to_owned()
    }

    /// Lets something happen in a followed event.
    pub(crate) fn happen(&self, event: &str, happening: Happening) {
        let event = EventId::parse(last_segment(event)).unwrap();
        self.live.state().tellers[&event].send(happening).unwrap();
    }

    /// Lets a publisher come to a camera.
    pub(crate) fn publish(&self, camera: &str) {
        self.live.state().live.push(CameraId::parse(last_segment(camera)).unwrap());
    }
}

/// A request with the administrator's token.
pub(crate) fn request(method: &str, path: &str, body: Option<Value>) -> Request<Body> {
    request_as(TOKEN, method, path, body)
}

/// A request with a token.
pub(crate) fn request_as(
    token: &str,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> Request<Body> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::HOST, "genlock.test:8080");
    match body {
        None => request.body(Body::empty()),
        Some(body) => request
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string())),
    }
    .unwrap()
}

/// The id at the end of a path.
pub(crate) fn last_segment(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}
