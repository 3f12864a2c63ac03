//! The take that is under way, and the figures of all.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::Notify;

use super::commander::Answered;
use crate::histogram::Histogram;
use crate::tally::add;

/// Bytes from a message's begin to the end of its type.
const HEAD_BYTES: usize = 100;

/// Everything lives on one thread, hence cells.
#[derive(Debug, Default)]
pub(super) struct Takes {
    pub(super) live: Cell<usize>,
    pub(super) over: Cell<bool>,
    pub(super) seen: Cell<u64>,
    pub(super) on_air_already: Cell<u64>,
    pub(super) messages: Cell<u64>,
    pub(super) bytes: Cell<u64>,
    pub(super) to_answer: RefCell<Histogram>,
    pub(super) to_accepted: RefCell<Histogram>,
    pub(super) to_switched: RefCell<Histogram>,
    pub(super) behind_first: RefCell<Histogram>,
    pub(super) first_to_last: RefCell<Histogram>,
    pub(super) failures: RefCell<BTreeMap<String, u64>>,
    current: RefCell<Option<Take>>,
}

#[derive(Debug)]
struct Take {
    /// How messages name its camera.
    camera: String,
    commanded_us: u64,
    /// Clients that are to see it.
    clients: usize,
    /// When each had it, in the order in which they were read.
    seen_us: Vec<u64>,
    seen_by_all: Rc<Notify>,
}

impl Takes {
    /// A take of `camera` is commanded now; resolves when `clients` have seen it. Times are those of the wall clock, in
    /// microseconds.
    pub(super) fn begin(&self, camera: &str, clients: usize, now_us: u64) -> Rc<Notify> {
        let seen_by_all = Rc::new(Notify::new());
        *self.current.borrow_mut() = Some(Take {
            camera: format!("\"camera_id\":\"{camera}\""),
            commanded_us: now_us,
            clients,
            seen_us: Vec::with_capacity(clients),
            seen_by_all: Rc::clone(&seen_by_all),
        });
        seen_by_all
    }

    /// The take's answer is here.
    pub(super) fn answered(&self, answer: &Answered) {
        let took_us = answer.answered_us.saturating_sub(answer.asked_us);
        self.to_answer.borrow_mut().record_us(took_us);
    }

    /// A client was told `text`, which arrived at `now_us`. Our own servers write no spaces, these names once in a message,
    /// and the type at its begin.
    pub(super) fn told(&self, text: &str, now_us: u64) {
        add(&self.messages, 1);
        add(&self.bytes, text.len() as u64);
        let head = text.get(..HEAD_BYTES).unwrap_or(text);
        let is_switched = head.contains("\"type\":\"camera_switched\"");
        if !is_switched && !head.contains("\"type\":\"cut\"") {
            return;
        }
        let mut current = self.current.borrow_mut();
        let Some(take) = current.as_mut().filter(|take| text.contains(&take.camera)) else {
            return;
        };
        let since_us = now_us.saturating_sub(take.commanded_us);
        if is_switched {
            self.to_switched.borrow_mut().record_us(since_us);
            take.seen_us.push(now_us);
            if take.seen_us.len() == take.clients {
                self.seen_by_all(take);
            }
        } else if text.contains("\"stage\":\"accepted\"") {
            self.to_accepted.borrow_mut().record_us(since_us);
        }
    }

    fn seen_by_all(&self, take: &Take) {
        let first_us = take.seen_us.iter().copied().min().unwrap_or_default();
        let behind = take.seen_us.iter().map(|seen_us| seen_us.saturating_sub(first_us));
        behind.clone().for_each(|behind_us| self.behind_first.borrow_mut().record_us(behind_us));
        self.first_to_last.borrow_mut().record_us(behind.max().unwrap_or_default());
        take.seen_by_all.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_take_is_over_when_everybody_has_seen_it() {
        let takes = Takes::default();
        let seen = takes.begin("a", 3, 1_000);
        let accepted = r#"{"seq":1,"type":"cut","stage":"accepted","camera_id":"a"}"#;
        takes.told(accepted, 2_000);
        takes.told(r#"{"seq":2,"type":"camera_switched","camera_id":"b"}"#, 3_000);
        let switched = r#"{"seq":3,"type":"camera_switched","camera_id":"a"}"#;
        // Read in another order than they arrived in.
        for arrived_us in [15_000, 11_000, 13_000] {
            takes.told(switched, arrived_us);
        }
        seen.notified().await;
        assert_eq!(takes.to_accepted.borrow().max_us(), 1_000);
        let switched = takes.to_switched.borrow();
        assert_eq!((switched.count(), switched.min_us(), switched.max_us()), (3, 10_000, 14_000));
        let behind = takes.behind_first.borrow();
        assert_eq!((behind.count(), behind.min_us(), behind.max_us()), (3, 0, 4_000));
        assert_eq!(takes.first_to_last.borrow().max_us(), 4_000);
    }
}
