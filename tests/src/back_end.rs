//! A back end that is called by hooks: answers what the test says and remembers what it was asked.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;

use crate::wait;

/// Longest wait for a call that must come.
const LIMIT: Duration = Duration::from_secs(30);

/// A call as it came.
#[derive(Debug, Clone)]
pub struct Call {
    /// Request line and headers.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Call {
    /// The value of a header, empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let found = self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        });
        found.unwrap_or_default()
    }

    /// Whether the form has this field with this value.
    #[must_use]
    pub fn has(&self, name: &str, value: &str) -> bool {
        let expect = format!("{name}={value}");
        self.body.split('&').any(|field| field == expect)
    }
}

/// A running back end. Its thread ends with the process.
#[derive(Debug)]
pub struct BackEnd {
    /// `http://127.0.0.1:port/hook`
    pub url: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl BackEnd {
    /// Starts one; `answer` gives the status line and further headers (each ended by `\r\n`).
    ///
    /// # Errors
    /// When there is no port.
    pub fn start(
        answer: impl Fn(&Call) -> (String, String) + Send + Sync + 'static,
    ) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let calls = Arc::new(Mutex::new(Vec::new()));
        let (all, answer) = (Arc::clone(&calls), Arc::new(answer));
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (all, answer) = (Arc::clone(&all), Arc::clone(&answer));
                std::thread::spawn(move || serve(socket, &all, &*answer));
            }
        });
        Ok(Self { url, calls })
    }

    /// All calls so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.calls).clone()
    }

    /// Waits for a call that is `wanted`.
    ///
    /// # Errors
    /// When none comes within 30 s.
    pub fn wait_for(&self, what: &str, wanted: impl Fn(&Call) -> bool) -> Result<Call> {
        wait::until(what, LIMIT, || Ok(self.calls().into_iter().find(|call| wanted(call))))
    }
}

fn serve(
    mut socket: TcpStream,
    all: &Mutex<Vec<Call>>,
    answer: &dyn Fn(&Call) -> (String, String),
) {
    if let Some(call) = read(&mut socket) {
        let (status, headers) = answer(&call);
        lock(all).push(call);
        let response = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n{headers}\r\n");
        // Who has gone does not read it.
        let _ = socket.write_all(response.as_bytes());
    }
}

fn read(socket: &mut TcpStream) -> Option<Call> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let call = Call { head: head.to_owned(), body: body.to_owned() };
            if body.len() >= call.header("content-length").parse().unwrap_or(0) {
                return Some(call);
            }
        }
        let count = socket.read(&mut buffer).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(buffer.get(..count)?);
    }
}

fn lock(calls: &Mutex<Vec<Call>>) -> std::sync::MutexGuard<'_, Vec<Call>> {
    calls.lock().unwrap_or_else(PoisonError::into_inner)
}
