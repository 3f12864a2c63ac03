//! The takes of a run: the one that is waited for, and the figures of those that are over.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::command::Plan;
use crate::histogram::Histogram;
use crate::marker::Marker;
use crate::outcome::ms;
use crate::tally::add;

/// A take that was commanded. It is over once it has been answered and seen, in whichever order.
#[derive(Clone, Copy, Debug)]
struct Take {
    /// The camera's number in markers.
    camera: u16,
    /// When the command was sent.
    commanded: Instant,
    /// The same moment on the wall clock.
    commanded_unix_us: u64,
    answer: Option<Answer>,
    seen: Option<Seen>,
}

/// The server's answer to a take.
#[derive(Clone, Copy, Debug)]
struct Answer {
    /// What it foretold.
    forecast: Option<Duration>,
}

/// A part with the new camera.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// When the first byte of the playlist that listed it was here.
    list_begun: Instant,
    /// When all of that playlist was here.
    listed: Instant,
    /// When it had been downloaded.
    downloaded: Instant,
    /// When the camera sent its first frame in it.
    sent_us: u64,
}

/// Takes and their latencies. Lives on one thread, hence cells.
#[derive(Debug, Default)]
pub(super) struct Takes {
    made: Cell<usize>,
    pub(super) seen: Cell<u64>,
    pub(super) refused: Cell<u64>,
    pub(super) never_seen: Cell<u64>,
    pub(super) answered: RefCell<Histogram>,
    pub(super) list_begun: RefCell<Histogram>,
    pub(super) listed: RefCell<Histogram>,
    pub(super) downloaded: RefCell<Histogram>,
    pub(super) forecast: RefCell<Histogram>,
    pub(super) behind_forecast: RefCell<Histogram>,
    pub(super) forecast_error: RefCell<Histogram>,
    /// How the cuts were made, by the answers.
    pub(super) styles: RefCell<BTreeMap<String, u64>>,
    pub(super) failures: RefCell<BTreeMap<String, u64>>,
    pending: RefCell<Option<Take>>,
    /// The camera of the newest frame.
    on_air: Cell<Option<u16>>,
    changed: Notify,
}

impl Takes {
    /// Takes commanded so far.
    pub(super) fn made(&self) -> usize {
        self.made.get()
    }

    /// Whether one is waited for.
    pub(super) fn is_pending(&self) -> bool {
        self.pending.borrow().is_some()
    }

    /// The camera on air, as the viewer sees it.
    pub(super) fn on_air(&self) -> Option<u16> {
        self.on_air.get()
    }

    /// A command goes out.
    pub(super) fn command(&self, camera: u16, now: Instant, now_unix_us: u64) {
        self.made.set(self.made.get() + 1);
        *self.pending.borrow_mut() = Some(Take {
            camera,
            commanded: now,
            commanded_unix_us: now_unix_us,
            answer: None,
            seen: None,
        });
    }

    /// The server accepted.
    pub(super) fn answer(&self, now: Instant, plan: Plan) {
        if let Some(take) = self.pending.borrow_mut().as_mut() {
            self.answered.borrow_mut().record(now - take.commanded);
            take.answer = Some(Answer { forecast: plan.wait });
        }
        if let Some(style) = plan.style {
            *self.styles.borrow_mut().entry(style).or_default() += 1;
        }
        self.finish_if_over();
    }

    /// The pending take came to nothing.
    pub(super) fn give_up(&self, counter: &Cell<u64>) {
        add(counter, 1);
        *self.pending.borrow_mut() = None;
    }

    /// The viewer has downloaded a part with these markers.
    pub(super) fn part(
        &self,
        list_begun: Instant,
        listed: Instant,
        downloaded: Instant,
        markers: &[Marker],
    ) {
        let Some(newest) = markers.last() else { return };
        self.on_air.set(Some(newest.camera));
        if let Some(take) = self.pending.borrow_mut().as_mut().filter(|take| take.seen.is_none()) {
            let first = markers.iter().find(|marker| marker.camera == take.camera);
            take.seen =
                first.map(|first| Seen { list_begun, listed, downloaded, sent_us: first.sent_us });
        }
        self.finish_if_over();
        self.changed.notify_waiters();
    }

    /// Returns when a part has come.
    pub(super) async fn part_came(&self) {
        self.changed.notified().await;
    }

    pub(super) fn progress(&self) -> String {
        let listed = self.listed.borrow();
        format!(
            "drivers  takes {}  seen {}  listed p50 {} p99 {} ms  refused {}  never seen {}",
            self.made(),
            self.seen.get(),
            ms(listed.quantile_us(0.5)),
            ms(listed.quantile_us(0.99)),
            self.refused.get(),
            self.never_seen.get(),
        )
    }

    fn finish_if_over(&self) {
        let over =
            self.pending.borrow_mut().take_if(|take| take.answer.is_some() && take.seen.is_some());
        if let Some(Take {
            commanded,
            commanded_unix_us,
            answer: Some(answer),
            seen: Some(seen),
            ..
        }) = over
        {
            add(&self.seen, 1);
            let since = |moment: Instant| moment.saturating_duration_since(commanded);
            self.list_begun.borrow_mut().record(since(seen.list_begun));
            self.listed.borrow_mut().record(since(seen.listed));
            self.downloaded.borrow_mut().record(since(seen.downloaded));
            if let Some(forecast) = answer.forecast {
                self.compare(seen, forecast, commanded, commanded_unix_us);
            }
        }
    }

    fn compare(&self, seen: Seen, forecast: Duration, commanded: Instant, commanded_unix_us: u64) {
        self.forecast.borrow_mut().record(forecast);
        let behind = seen.listed.saturating_duration_since(commanded + forecast);
        self.behind_forecast.borrow_mut().record(behind);
        let foretold_us = commanded_unix_us + forecast.as_micros() as u64;
        self.forecast_error.borrow_mut().record_us(foretold_us.abs_diff(seen.sent_us));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    fn plan(wait: Option<Duration>) -> Plan {
        Plan { wait, style: Some("clean".to_owned()) }
    }

    const NOON_US: u64 = 1_790_000_000_000_000;

    fn frame(camera: u16, after_ms: u64) -> Marker {
        Marker { camera, counter: after_ms, sent_us: NOON_US + after_ms * 1000 }
    }

    #[test]
    fn a_take_is_over_when_a_part_shows_its_camera() {
        let (takes, start) = (Takes::default(), Instant::now());
        takes.command(2, start, NOON_US);
        takes.answer(start + 3 * MS, plan(Some(400 * MS)));
        takes.part(start + 299 * MS, start + 300 * MS, start + 310 * MS, &[frame(1, 200)]);
        assert!(takes.is_pending());
        let markers = [frame(1, 380), frame(2, 410)];
        takes.part(start + 590 * MS, start + 600 * MS, start + 620 * MS, &markers);
        assert!(!takes.is_pending());
        assert_eq!(takes.on_air(), Some(2));
        assert_eq!(takes.list_begun.borrow().max_us(), 590_000);
        assert_eq!(takes.listed.borrow().max_us(), 600_000);
        assert_eq!(takes.downloaded.borrow().max_us(), 620_000);
        assert_eq!(takes.behind_forecast.borrow().max_us(), 200_000);
        assert_eq!(takes.forecast_error.borrow().max_us(), 10_000);
        assert_eq!(takes.styles.borrow()["clean"], 1);
    }

    #[test]
    fn a_part_may_come_before_the_answer() {
        let (takes, start) = (Takes::default(), Instant::now());
        takes.command(2, start, NOON_US);
        takes.part(start + 19 * MS, start + 20 * MS, start + 21 * MS, &[frame(2, 0)]);
        assert!(takes.is_pending());
        takes.answer(start + 30 * MS, plan(None));
        assert!(!takes.is_pending());
        assert_eq!(takes.listed.borrow().max_us(), 20_000);
        assert_eq!(takes.forecast.borrow().count(), 0);
    }

    #[test]
    fn a_refused_take_does_not_confuse_the_next() {
        let (takes, start) = (Takes::default(), Instant::now());
        takes.command(2, start, NOON_US);
        takes.give_up(&takes.refused);
        takes.command(3, start, NOON_US);
        takes.answer(start + MS, plan(None));
        takes.part(start + 2 * MS, start + 2 * MS, start + 3 * MS, &[frame(3, 0)]);
        assert_eq!((takes.seen.get(), takes.made()), (1, 2));
        assert!(!takes.is_pending());
    }
}
