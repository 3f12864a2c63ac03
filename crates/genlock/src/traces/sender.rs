//! Requests to the collector.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response, header};
use opentelemetry_http::{HttpClient, HttpError};
use ureq::Agent;

use crate::config::TraceSettings;

/// Time for one request, tries again included. Default 5 s.
pub(super) const SEND_TIME_MAX: Duration = Duration::from_secs(5);

/// Bytes of an answer that are read. Default 64 KiB: it says how many spans were refused.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// Media type of OTLP over HTTP in its binary form.
const PROTOBUF: &str = "application/x-protobuf";

/// A client for the exporter, which has a thread of its own and waits for it there.
///
/// Redirects are not followed: the headers let in, and are for the one who is configured.
#[derive(Debug)]
pub(super) struct Sender {
    agent: Agent,
    /// The last request failed, and that was told.
    failing: AtomicBool,
}

impl Sender {
    pub(super) fn new() -> Self {
        Self { agent: agent(), failing: AtomicBool::new(false) }
    }

    /// Tells when it begins to fail and when it works again, not each time.
    fn note(&self, problem: Option<&str>) {
        match problem {
            problem if !self.turns(problem.is_some()) => {}
            Some(problem) => {
                tracing::warn!(problem, "traces cannot be sent; they are dropped until they can");
            }
            None => tracing::info!("traces are sent again"),
        }
    }

    /// Whether it was otherwise before.
    fn turns(&self, failing: bool) -> bool {
        self.failing.swap(failing, Ordering::Relaxed) != failing
    }
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = send(&self.agent, request);
        self.note(problem(&answer).as_deref());
        Ok(answer?)
    }
}

/// Sends no spans at all to the collector, and tells what is wrong with it, if anything is.
pub(crate) fn probe(settings: &TraceSettings) -> Option<String> {
    let mut request =
        Request::post(settings.endpoint.clone()).header(header::CONTENT_TYPE, PROTOBUF);
    for (name, value) in &settings.headers {
        request = request.header(name, value);
    }
    match request.body(Bytes::new()) {
        Ok(request) => problem(&send(&agent(), request)),
        Err(error) => Some(error.to_string()),
    }
}

fn agent() -> Agent {
    let config = Agent::config_builder()
        .timeout_global(Some(SEND_TIME_MAX))
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("genlock/", env!("CARGO_PKG_VERSION")))
        .build();
    config.into()
}

fn send(agent: &Agent, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
    let (head, mut body) = agent.run(request.map(|body| body.to_vec()))?.into_parts();
    let bytes = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
    Ok(Response::from_parts(head, bytes.into()))
}

/// Names neither path nor headers.
fn problem(answer: &Result<Response<Bytes>, ureq::Error>) -> Option<String> {
    match answer {
        Ok(answer) if answer.status().is_success() => None,
        Ok(answer) => Some(format!("the collector answers {}", answer.status().as_u16())),
        Err(error) => Some(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    /// A collector that answers one request with `status`, and its address.
    fn collector(status: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let _ = socket.read(&mut [0; 4096]);
            let answer = format!(
                "HTTP/1.1 {status}\r\nlocation: http://elsewhere/\r\ncontent-length: 0\r\n\r\n"
            );
            socket.write_all(answer.as_bytes()).unwrap();
        });
        url
    }

    fn check(url: String, told: Option<&str>) {
        let request = Request::post(url).body(Bytes::from_static(b"x")).unwrap();
        let problem = problem(&send(&agent(), request));
        assert_eq!(problem.as_deref(), told);
    }

    #[test]
    fn what_the_collector_answers_is_told() {
        check(collector("200 OK"), None);
        check(collector("503 Service Unavailable"), Some("the collector answers 503"));
        check(collector("302 Found"), Some("the collector answers 302"));
    }

    #[test]
    fn it_is_told_once_that_a_collector_is_away_and_once_that_it_is_back() {
        let sender = Sender::new();
        let turns: Vec<_> =
            [false, true, true, false, false].map(|failing| sender.turns(failing)).into();
        assert_eq!(turns, [false, true, false, true, false]);
    }
}
