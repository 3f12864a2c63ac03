//! A back end: answers what it is told to and remembers what it was asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

/// Longest that a test waits for something that must happen.
const LIMIT: Duration = Duration::from_secs(20);

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        });
        found.unwrap_or_default()
    }

    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }
}

/// What is answered: a whole response, or `None` for silence.
type Answering = dyn Fn(&Asked) -> Option<String> + Send + Sync;

pub(crate) struct BackEnd {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl BackEnd {
    pub(crate) async fn start(
        answer: impl Fn(&Asked) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (all, answer): (_, Arc<Answering>) = (Arc::clone(&asked), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (all, answer) = (Arc::clone(&all), Arc::clone(&answer));
                tokio::spawn(async move { serve(socket, &all, &*answer).await });
            }
        });
        Self { url, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Waits until it was asked so often.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Asked> {
        let enough = async {
            while self.asked().len() < count {
                sleep(Duration::from_millis(5)).await;
            }
        };
        let in_time = timeout(LIMIT, enough).await;
        assert!(in_time.is_ok(), "asked {} times, not {count}", self.asked().len());
        self.asked()
    }
}

pub(crate) async fn serve<S>(mut socket: S, all: &Mutex<Vec<Asked>>, answer: &Answering)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some(asked) = read(&mut socket).await else { return };
    all.lock().unwrap().push(asked.clone());
    match answer(&asked) {
        Some(response) => {
            let _ = socket.write_all(response.as_bytes()).await;
            let _ = socket.shutdown().await;
        }
        None => sleep(LIMIT).await,
    }
}

async fn read(socket: &mut (impl AsyncRead + Unpin)) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let asked = Asked { head: head.to_owned(), body: body.to_owned() };
            let length: usize = asked.header("content-length").parse().unwrap_or(0);
            if body.len() >= length {
                return Some(asked);
            }
        }
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

/// A response with this status line and further headers.
pub(crate) fn status(line: &str, headers: &str) -> Option<String> {
    Some(format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\n{headers}\r\n"))
}
