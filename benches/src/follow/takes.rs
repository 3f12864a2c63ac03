//! The take that is under way, and the figures of all.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::histogram::Histogram;
use crate::tally::add;

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
    camera: String,
    commanded: Instant,
    first_seen: Option<Instant>,
    /// Clients that have not seen it.
    missing: usize,
    seen_by_all: Rc<Notify>,
}

impl Takes {
    /// A take of `camera` is commanded now; resolves when `clients` have seen it.
    pub(super) fn begin(&self, camera: &str, clients: usize, now: Instant) -> Rc<Notify> {
        let seen_by_all = Rc::new(Notify::new());
        *self.current.borrow_mut() = Some(Take {
            camera: camera.to_owned(),
            commanded: now,
            first_seen: None,
            missing: clients,
            seen_by_all: Rc::clone(&seen_by_all),
        });
        seen_by_all
    }

    /// The take's answer is here.
    pub(super) fn answered(&self, now: Instant) {
        if let Some(take) = &*self.current.borrow() {
            self.to_answer.borrow_mut().record(now - take.commanded);
        }
    }

    /// A client was told `text`. Our own servers write no spaces and these names once in a message.
    pub(super) fn told(&self, text: &str, now: Instant) {
        add(&self.messages, 1);
        add(&self.bytes, text.len() as u64);
        let mut current = self.current.borrow_mut();
        let Some(take) = current.as_mut() else { return };
        if !text.contains(&format!("\"camera_id\":\"{}\"", take.camera)) {
            return;
        }
        if text.contains("\"type\":\"cut\"") && text.contains("\"stage\":\"accepted\"") {
            self.to_accepted.borrow_mut().record(now - take.commanded);
        } else if text.contains("\"type\":\"camera_switched\"") {
            let behind = take.switched(now);
            self.to_switched.borrow_mut().record(now - take.commanded);
            self.behind_first.borrow_mut().record(behind);
            if take.missing == 0 {
                self.first_to_last.borrow_mut().record(behind);
                take.seen_by_all.notify_one();
            }
        }
    }
}

impl Take {
    /// One more client has seen it; how far behind the first.
    fn switched(&mut self, now: Instant) -> Duration {
        self.missing = self.missing.saturating_sub(1);
        now - *self.first_seen.get_or_insert(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_take_is_over_when_everybody_has_seen_it() {
        let takes = Takes::default();
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let seen = takes.begin("a", 2, start);
        let accepted = r#"{"seq":1,"type":"cut","stage":"accepted","camera_id":"a"}"#;
        takes.told(accepted, after(1));
        takes.told(r#"{"seq":2,"type":"camera_switched","camera_id":"b"}"#, after(2));
        let switched = r#"{"seq":3,"type":"camera_switched","camera_id":"a"}"#;
        takes.told(switched, after(10));
        takes.told(switched, after(14));
        seen.notified().await;
        assert_eq!(takes.to_accepted.borrow().max_us(), 1_000);
        let switched = takes.to_switched.borrow();
        assert_eq!((switched.count(), switched.min_us(), switched.max_us()), (2, 10_000, 14_000));
        assert_eq!(takes.first_to_last.borrow().max_us(), 4_000);
    }
}
