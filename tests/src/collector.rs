//! An OpenTelemetry collector that keeps what it is sent, and may be away.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use prost::Message;

use crate::wait;

/// Longest wait for a span that must come.
const LIMIT: Duration = Duration::from_secs(30);

/// A span as it came.
#[derive(Debug, Clone)]
pub struct Sent {
    /// What is done.
    pub name: String,
    /// The trace that it belongs to, in hexadecimal.
    pub trace: String,
    /// Its own id, in hexadecimal.
    pub id: String,
    /// The span that it is a part of; empty if there is none.
    pub parent: String,
    /// Its attributes, as text.
    pub attributes: BTreeMap<String, String>,
    /// Names of its events, in their order.
    pub events: Vec<String>,
    /// Attributes of whoever sent it.
    pub resource: BTreeMap<String, String>,
}

/// All that came.
#[derive(Debug, Default)]
struct Heard {
    /// Heads of requests, and their bodies as they are.
    raw: Vec<(String, Vec<u8>)>,
    spans: Vec<Sent>,
}

/// A running collector. Its threads end with the process.
#[derive(Debug)]
pub struct Collector {
    /// Where it listens.
    pub address: SocketAddr,
    heard: Arc<Mutex<Heard>>,
}

impl Collector {
    /// Starts one.
    ///
    /// # Errors
    /// When there is no port.
    pub fn start() -> Result<Self> {
        Self::at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// Starts one at an address, for those who look there already.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn at(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let heard = Arc::<Mutex<Heard>>::default();
        let all = Arc::clone(&heard);
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let all = Arc::clone(&all);
                std::thread::spawn(move || while serve(&socket, &all).is_some() {});
            }
        });
        Ok(Self { address, heard })
    }

    /// Waits for a span that is `wanted`.
    ///
    /// # Errors
    /// When none comes within 30 s.
    pub fn wait_for(&self, what: &str, wanted: impl Fn(&Sent) -> bool) -> Result<Sent> {
        wait::until(what, LIMIT, || {
            Ok(self.heard().spans.iter().find(|span| wanted(span)).cloned())
        })
    }

    /// All spans so far.
    #[must_use]
    pub fn spans(&self) -> Vec<Sent> {
        self.heard().spans.clone()
    }

    /// Whether `text` stands anywhere in what came: head or body.
    #[must_use]
    pub fn heard_text(&self, text: &str) -> bool {
        let is_in = |bytes: &[u8]| bytes.windows(text.len()).any(|some| some == text.as_bytes());
        self.heard().raw.iter().any(|(head, body)| is_in(head.as_bytes()) || is_in(body))
    }

    fn heard(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(mut socket: &TcpStream, all: &Mutex<Heard>) -> Option<()> {
    let (head, body) = read(&mut socket)?;
    // Of a request that cannot be read nothing is kept, and so the test finds nothing.
    let spans = decode(&body).unwrap_or_default();
    let mut heard = all.lock().unwrap_or_else(PoisonError::into_inner);
    heard.raw.push((head, body));
    heard.spans.extend(spans);
    drop(heard);
    socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ok()
}

fn read(socket: &mut impl Read) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(bytes.get(..end)?).into_owned();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                let is_it = name.eq_ignore_ascii_case("content-length");
                is_it.then(|| value.trim().parse::<usize>().ok())?
            });
            let body = bytes.get(end + 4..)?;
            if body.len() >= length.unwrap_or(0) {
                return Some((head, body.to_vec()));
            }
        }
        let count = socket.read(&mut buffer).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(buffer.get(..count)?);
    }
}

fn decode(body: &[u8]) -> Result<Vec<Sent>> {
    let request = ExportTraceServiceRequest::decode(body).context("no spans")?;
    let mut spans = Vec::new();
    for of_resource in request.resource_spans {
        let resource = of_resource.resource.map(|resource| texts(&resource.attributes));
        for span in of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            spans.push(Sent {
                name: span.name,
                trace: hex(&span.trace_id),
                id: hex(&span.span_id),
                parent: hex(&span.parent_span_id),
                attributes: texts(&span.attributes),
                events: span.events.into_iter().map(|event| event.name).collect(),
                resource: resource.clone().unwrap_or_default(),
            });
        }
    }
    Ok(spans)
}

fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    attributes.iter().map(|pair| (pair.key.clone(), text(pair.value.as_ref()))).collect()
}

fn text(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => text.clone(),
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
