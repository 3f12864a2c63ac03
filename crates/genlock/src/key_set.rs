//! Fetches the keys of creators' tokens from the URL that the configuration names.

use std::time::Duration;

use async_trait::async_trait;
use genlock_control_api::{KeyFetch, limits::KEYS_FETCH_TIME_MAX};
use ureq::Agent;

/// Bytes of a key set: room for dozens of keys with their certificates.
const KEY_SET_BYTES_MAX: u64 = 256 * 1024;

/// A URL, and a client for it. Redirects are not followed: where keys come from is the configuration's to say.
pub(crate) struct KeySetUrl {
    url: String,
    agent: Agent,
}

impl KeySetUrl {
    pub(crate) fn new(url: String) -> Self {
        // A little earlier than the caller gives up, so that the thread does not outlast its purpose.
        let timeout = KEYS_FETCH_TIME_MAX.saturating_sub(Duration::from_millis(500));
        let config = Agent::config_builder()
            .timeout_global(Some(timeout))
            .max_redirects(0)
            .user_agent(concat!("genlock/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { url, agent: config.into() }
    }
}

#[async_trait]
impl KeyFetch for KeySetUrl {
    async fn fetch(&self) -> Result<String, String> {
        let (url, agent) = (self.url.clone(), self.agent.clone());
        let fetched = tokio::task::spawn_blocking(move || {
            let mut answer = agent.get(&url).call()?;
            if !answer.status().is_success() {
                return Err(ureq::Error::StatusCode(answer.status().as_u16()));
            }
            answer.body_mut().with_config().limit(KEY_SET_BYTES_MAX).read_to_string()
        });
        match fetched.await {
            Ok(text) => text.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    /// Answers one request with `answer` and returns the URL to ask.
    fn serve(answer: String) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let _ = socket.read(&mut [0; 4096]).unwrap();
            // A client that has seen enough may have hung up.
            let _ = socket.write_all(answer.as_bytes());
        });
        format!("http://{address}/keys")
    }

    fn answer(status: &str, body: &str) -> String {
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nlocation: /elsewhere\r\n\r\n{body}"
        )
    }

    #[tokio::test]
    async fn the_text_behind_the_url_comes_back() {
        let url = serve(answer("200 OK", "{\"keys\":[]}"));
        assert_eq!(KeySetUrl::new(url).fetch().await.unwrap(), "{\"keys\":[]}");
    }

    #[tokio::test]
    async fn errors_redirects_and_floods_are_no_key_set() {
        for served in [
            answer("500 Internal Server Error", "{}"),
            answer("302 Found", "{}"),
            answer("200 OK", &"x".repeat(300_000)),
        ] {
            let url = serve(served);
            assert!(KeySetUrl::new(url.clone()).fetch().await.is_err(), "{url}");
        }
        let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(KeySetUrl::new(format!("http://{gone}/")).fetch().await.is_err());
    }
}
