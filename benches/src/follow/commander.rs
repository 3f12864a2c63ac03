//! Takes, commanded on a thread of its own: an answer must not wait while a thousand followers are read.

use std::io;
use std::rc::Rc;
use std::thread;

use anyhow::Context as _;
use bytes::Bytes;
use hyper::StatusCode;
use tokio::runtime;
use tokio::sync::{mpsc, oneshot};

use crate::clock;
use crate::http::{Client, Post, Protocol};
use crate::switch::command::Order;
use crate::target::{HttpUrl, Permit};

/// A thread that posts. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Commander(mpsc::Sender<Errand>);

#[derive(Debug)]
struct Errand {
    url: HttpUrl,
    post: Post,
    answered: oneshot::Sender<anyhow::Result<Answered>>,
}

/// What came of a command, on the wall clock in microseconds since 1970.
#[derive(Debug)]
pub(super) struct Answered {
    /// When it was sent.
    pub(super) asked_us: u64,
    /// When its answer was here.
    pub(super) answered_us: u64,
    /// Status code.
    pub(super) status: StatusCode,
    /// Body.
    pub(super) body: Bytes,
}

impl Commander {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// If the system gives none.
    pub(super) fn start(permit: Permit) -> io::Result<Self> {
        let (sender, errands) = mpsc::channel(1);
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let work = move || runtime.block_on(run(permit, errands));
        thread::Builder::new().name("commander".to_owned()).spawn(work)?;
        Ok(Self(sender))
    }

    /// Commands a take.
    ///
    /// # Errors
    ///
    /// If there is no whole answer in time.
    pub(super) async fn take(&self, order: &Order) -> anyhow::Result<Answered> {
        let (answered, answer) = oneshot::channel();
        let errand = Errand { url: order.url.clone(), post: order.post.clone(), answered };
        self.0.send(errand).await.context("nobody commands any more")?;
        answer.await.context("nobody commands any more")?
    }
}

async fn run(permit: Permit, mut errands: mpsc::Receiver<Errand>) {
    let client = Client::new(permit, Protocol::H1, Rc::default());
    while let Some(Errand { url, post, answered }) = errands.recv().await {
        let asked_us = clock::unix_us();
        let answer = client.post(&url, &post).await.map(|answer| Answered {
            asked_us,
            answered_us: answer.done_unix_us,
            status: answer.status,
            body: answer.body,
        });
        // Whoever does not wait for it any more needs it no longer.
        let _ = answered.send(answer);
    }
}
