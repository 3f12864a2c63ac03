//! The thread that owns the connection, and the door to it.

use std::fs::File;
use std::future::Future;
use std::io;
use std::thread::{self, JoinHandle};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::error::StoreError;
use crate::limits::{CALL_TIME_MAX, QUEUED_CALLS_MAX};

enum Message {
    Job(Box<dyn FnOnce(&mut Connection) + Send>),
    Close(oneshot::Sender<Result<(), StoreError>>),
}

/// The writer thread, seen from outside.
#[derive(Debug)]
pub(super) struct Writer {
    /// `None` only while being dropped.
    queue: Option<mpsc::Sender<Message>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread. `lock` is held until the connection is closed.
    pub(super) fn spawn(connection: Connection, lock: Option<File>) -> io::Result<Self> {
        let (queue, messages) = mpsc::channel(QUEUED_CALLS_MAX);
        let thread = thread::Builder::new().name("genlock-store".to_owned()).spawn(move || {
            run(connection, messages);
            drop(lock);
        })?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Runs `job` on the connection and returns its answer.
    ///
    /// A job whose caller gave up before its turn is left out, so that a slow disk does not work off
    /// calls that nobody waits for.
    pub(super) async fn call<T, F>(&self, job: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move |connection: &mut Connection| {
            if !answer.is_closed() {
                // The caller may give up while the job runs; then nobody wants the answer.
                let _ = answer.send(job(connection));
            }
        });
        self.ask(Message::Job(job), answered).await
    }

    /// Closes the connection after the calls already queued.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        self.ask(Message::Close(answer), answered).await
    }

    async fn ask<T>(
        &self,
        message: Message,
        answered: oneshot::Receiver<Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        bounded(async {
            let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
            queue.send(message).await.map_err(|_| StoreError::Closed)?;
            answered.await.map_err(|_| StoreError::Closed)?
        })
        .await
    }
}

impl Drop for Writer {
    /// Lets the thread end and waits for it, so that the file is closed and unlocked afterwards. The queue is
    /// bounded; a disk that never answers would keep the process from ending in any case.
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer panicked");
        }
    }
}

async fn bounded<T>(call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    tokio::time::timeout(CALL_TIME_MAX, call).await.unwrap_or(Err(StoreError::TimedOut))
}

fn run(mut connection: Connection, mut messages: mpsc::Receiver<Message>) {
    while let Some(message) = messages.blocking_recv() {
        match message {
            Message::Job(job) => job(&mut connection),
            Message::Close(answer) => {
                messages.close();
                let closed = connection.close().map_err(|(_, error)| error.into());
                // The caller may have given up; the file is closed all the same.
                let _ = answer.send(closed);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> Writer {
        Writer::spawn(Connection::open_in_memory().unwrap(), None).unwrap()
    }

    /// Keeps the writer's thread busy until what is returned is dropped.
    ///
    /// Paused time runs ahead of a thread that has not started yet, so the job is waited for in real time.
    async fn hang(writer: &Writer) -> std::sync::mpsc::Sender<()> {
        let (hang_until, hung) = std::sync::mpsc::channel::<()>();
        let (started, has_started) = std::sync::mpsc::channel::<()>();
        let mut stuck = Box::pin(writer.call(move |_| {
            let _ = started.send(());
            let _ = hung.recv();
            Ok(())
        }));
        tokio::select! {
            biased;
            _ = &mut stuck => panic!("the job hangs"),
            () = std::future::ready(()) => has_started.recv().unwrap(),
        }
        assert!(matches!(stuck.await, Err(StoreError::TimedOut)));
        hang_until
    }

    #[tokio::test]
    async fn calls_after_close_are_answered() {
        let writer = writer();
        writer.close().await.unwrap();
        assert!(matches!(writer.call(|_| Ok(())).await, Err(StoreError::Closed)));
        assert!(matches!(writer.close().await, Err(StoreError::Closed)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_behind_a_hung_disk_ends_and_is_left_out() {
        let writer = writer();
        let hang_until = hang(&writer).await;
        let (ran, has_run) = std::sync::mpsc::channel();
        let late = writer.call(move |_| {
            let _ = ran.send(());
            Ok(())
        });
        assert!(matches!(late.await, Err(StoreError::TimedOut)));
        drop(hang_until);
        drop(writer);
        assert!(has_run.recv().is_err(), "nobody waited for it");
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_ends_in_time_too() {
        let writer = writer();
        let hang_until = hang(&writer).await;
        let rest = (0..QUEUED_CALLS_MAX + 8).map(|_| Box::pin(writer.call(|_| Ok(()))));
        let mut calls: Vec<_> = rest.collect();
        for call in &mut calls {
            assert!(matches!(call.await, Err(StoreError::TimedOut)));
        }
        drop(hang_until);
    }
}
