//! Keys and tokens appear where they are made and nowhere else.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::harness::{Api, TOKEN, creator_token};

/// Everything that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_answer_and_no_log_line_shows_a_key_again() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    // For all threads: one that logged before without a subscriber may have switched a line off for good.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let api = Api::new();
    let event = api.event().await;
    let made = api.post(&format!("{event}/cameras"), json!({ "name": "Altar" })).await;
    let camera = made.header("location").to_owned();
    let rotated = api.call("POST", &format!("{camera}/rotate-key")).await;
    let keys =
        [&made, &rotated].map(|answer| answer.json()["stream_key"].as_str().unwrap().to_owned());
    api.publish(&camera);
    let wanted = json!({ "role": "operator", "expires_in": 60 });
    let guest = api.post(&format!("{event}/tokens"), wanted).await.json();
    let guest = guest["token"].as_str().unwrap().to_owned();
    let creator = creator_token("ann", &json!({}));
    api.call("POST", "/api/playback-keys/rotate").await;
    let mut seen = String::new();
    seen += &format!("{:?}", api.get(&format!("{event}/tokens")).await);
    seen += &format!("{:?}", api.by(&guest, "DELETE", &event, None).await);
    seen += &format!("{:?}", api.by(&creator, "DELETE", &event, None).await);
    seen += &format!("{:?}", api.by(&format!("{creator}x"), "DELETE", &event, None).await);
    for path in ["/api/events", &event, &format!("{event}/cameras"), &camera, "/metrics", "/readyz"]
    {
        seen += &format!("{:?}", api.get(path).await);
    }
    seen += &format!("{:?}", api.patch(&camera, json!({ "name": "Aisle" })).await);
    seen += &format!("{:?}", api.call("POST", &format!("{camera}/switch")).await);
    seen += &format!("{:?}", api.get(&format!("{event}/active")).await);
    seen += &format!("{:?} {:?}", api.live.state(), api.store);
    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains(&camera), "requests are logged: {logged}");
    let playback = api.live.state().playback_keys.clone().unwrap();
    let playback = format!("{:?}", playback.keys()[0].secret);
    for secret in [&keys[0], &keys[1], TOKEN, &guest, &creator, &playback] {
        assert!(!seen.contains(secret), "{seen}");
        assert!(!logged.contains(secret), "{logged}");
    }
}
