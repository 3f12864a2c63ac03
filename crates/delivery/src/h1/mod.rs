//! HTTP/1.1 for the origin's own paths, spoken here; the rest of HTTP is hyper's.
//!
//! ```text
//!  bytes ─▶ head of a GET or HEAD of a playlist, part, segment? ─yes─▶ origin ─▶ one vectored write ─▶ next
//!                     │ no                                               │ held: no buffer, only the socket
//!                     ▼                                                  ▼
//!            hyper, from here to the connection's end              waits, sees the client go
//! ```
//!
//! What is understood here is narrow (see [`head`]) and everything about it is said by the head, so that this and hyper
//! cannot differ about where a request ends. The first thing that is anything else, HTTP/2's preface too, hands the
//! connection over together with the bytes that were read, and hyper answers as if it had been there from the start.
//!
//! Why: a connection of hyper's has buffers of 8 KiB each for reading and for heads (`INIT_BUFFER_SIZE` in hyper 1.12) whether
//! or not it waits, and a player with low latency does nothing but wait. `docs/decisions.md` has the figures.

mod answer;
mod head;
mod resumed;

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, Bytes};
use tokio::io::{AsyncWriteExt, ReadBuf};

use self::answer::Additions;
use self::head::{Head, Reading};
pub(crate) use self::resumed::Resumed;
use crate::activity::Lease;
use crate::answer::{Answer, Asked, Held};
use crate::body::MediaBody;
use crate::keeper::Leash;
use crate::limits::{FLAT_BYTES_MAX, H1_HEAD_BYTES_MAX};
use crate::reply::Reply;
use crate::service::Viewer;
use crate::socket::Wire;

/// Bytes taken from the socket at once: most heads have a tenth of it. They are on the stack.
const READ_BYTES: usize = 4096;

/// A connection that has asked for nothing but the origin's paths.
#[derive(Debug)]
pub(crate) struct Front<S> {
    stream: S,
    viewer: Viewer,
    /// Bytes that were read and not answered.
    inbox: Vec<u8>,
}

/// How a connection leaves the front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It is over.
    Over,
    /// What comes now is for hyper.
    Handed,
}

/// What came.
enum Next {
    /// A request, and its answer.
    Asked(Exchange),
    /// Something for hyper.
    Foreign,
    /// Nothing any more.
    Nothing,
}

/// A request that is being answered.
struct Exchange {
    answer: Answer,
    lease: Lease,
    /// It is the connection's last.
    last: bool,
}

impl<S: Wire> Front<S> {
    pub(crate) const fn new(stream: S, viewer: Viewer) -> Self {
        Self { stream, viewer, inbox: Vec::new() }
    }

    /// The connection for hyper, with what was read and not answered.
    pub(crate) fn into_parts(self) -> (Resumed<S>, Viewer) {
        (Resumed::new(self.stream, self.inbox), self.viewer)
    }

    /// Answers requests until the client leaves or asks for something else, or until it is to finish; it looks for that
    /// whenever it is polled.
    pub(crate) async fn run(&mut self, leash: &Leash) -> End {
        loop {
            let exchange = match poll_fn(|cx| self.poll_next(cx, leash)).await {
                Next::Asked(exchange) => exchange,
                Next::Foreign => return End::Handed,
                Next::Nothing => break,
            };
            match self.answer(exchange, leash).await {
                Ok(Some(())) => {}
                Ok(None) => break,
                // How a connection ends is the viewer's affair: resets are a matter of course.
                Err(_) => return End::Over,
            }
        }
        // With TLS this says that nothing was cut off.
        let _ = self.stream.shutdown().await;
        End::Over
    }

    fn poll_next(&mut self, cx: &mut Context<'_>, leash: &Leash) -> Poll<Next> {
        while !leash.is_finishing() {
            match head::read(&self.inbox) {
                Reading::Ours(head) => {
                    let exchange = Exchange::begin(&self.viewer, &head);
                    let length = head.length;
                    self.inbox.drain(..length);
                    self.inbox.shrink_to_fit();
                    return Poll::Ready(Next::Asked(exchange));
                }
                Reading::Unfinished if self.inbox.len() < H1_HEAD_BYTES_MAX => {}
                Reading::Unfinished | Reading::Others => return Poll::Ready(Next::Foreign),
            }
            if ready!(self.poll_read(cx)).is_gone() {
                break;
            }
        }
        Poll::Ready(Next::Nothing)
    }

    /// Sends the answer, when it is there; `None` if nothing may follow it.
    async fn answer(&mut self, exchange: Exchange, leash: &Leash) -> io::Result<Option<()>> {
        let Exchange { answer, mut lease, last } = exchange;
        let reply = match answer {
            Answer::Now(reply) => reply,
            Answer::Held(held) => match self.wait(held).await {
                Some(reply) => reply,
                None => return Ok(None),
            },
        };
        let last = last || leash.is_finishing();
        let room = Some(reply.body().length()).filter(|length| *length <= FLAT_BYTES_MAX);
        let head =
            answer::head(&reply, Additions { hsts: self.viewer.hsts(), last }, room.unwrap_or(0));
        lease.start_sending();
        self.send(head, reply.into_body()).await?;
        Ok((!last).then_some(()))
    }

    async fn send(&mut self, mut head: Vec<u8>, body: MediaBody) -> io::Result<()> {
        if body.remaining() <= FLAT_BYTES_MAX {
            head.put(body);
            self.stream.write_all(&head).await?;
            return self.stream.flush().await;
        }
        #[cfg(target_os = "linux")]
        if let (Some(socket), Some((chain, offset))) = (self.stream.plain(), body.rest()) {
            let chain = chain.clone();
            let viewer = Arc::as_ptr(&self.viewer.activity).addr();
            if let Some(file) = self.viewer.origin.copies().file_of(&chain, viewer) {
                socket.write_all(&head).await?;
                return socket.send_file(file, offset as u64, body.remaining()).await;
            }
            return socket.write_all_buf(&mut Bytes::from(head).chain(body)).await;
        }
        self.stream.write_all_buf(&mut Bytes::from(head).chain(body)).await?;
        self.stream.flush().await
    }

    /// Waits for the answer; `None` if the client leaves before. What the client says meanwhile is looked at afterwards.
    async fn wait(&mut self, mut held: Held) -> Option<Reply> {
        poll_fn(|cx| {
            if let Poll::Ready(reply) = Pin::new(&mut held).poll(cx) {
                return Poll::Ready(Some(reply));
            }
            if self.inbox.is_empty() && ready!(self.poll_read(cx)).is_gone() {
                return Poll::Ready(None);
            }
            Poll::Pending
        })
        .await
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Read> {
        let mut space = [const { MaybeUninit::uninit() }; READ_BYTES];
        let mut buffer = ReadBuf::uninit(&mut space);
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer));
        self.inbox.extend_from_slice(buffer.filled());
        let gone = read.is_err() || buffer.filled().is_empty();
        Poll::Ready(if gone { Read::Gone } else { Read::Some })
    }
}

/// What a read found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Read {
    Some,
    /// The client has gone, or will say nothing any more.
    Gone,
}

impl Read {
    const fn is_gone(self) -> bool {
        matches!(self, Self::Gone)
    }
}

impl Exchange {
    fn begin(viewer: &Viewer, head: &Head<'_>) -> Self {
        let lease = viewer.activity.request();
        let answer = viewer.origin.answer(&Asked {
            method: &head.method,
            path: &head.path,
            query: head.query,
            fields: head.fields,
            token: head.token,
            peer: viewer.peer.ip(),
        });
        Self { answer, lease, last: head.last }
    }
}
