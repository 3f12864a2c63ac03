//! Which delivery is due.
//!
//! ```text
//!  push ──▶ lane (target, event): head, second, third, …
//!             │ head due?                      │
//!           poll ──▶ under way ──▶ settle ─────┴─▶ done | again later | given up
//! ```
//!
//! A lane holds what one target is told of one event, in order: nothing overtakes its head, which is either
//! delivered or given up before the next one leaves. Lanes do not wait for each other; a target gets a bounded
//! number of deliveries at the same time.
//!
//! Pure: the caller brings the time and the randomness, and makes the calls.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use genlock_store::{EventId, HookDelivery, Timestamp};

use crate::backoff::Backoff;

/// What waits, and what is under way.
#[derive(Debug)]
pub struct Queue {
    backoff: Backoff,
    in_flight_per_target_max: usize,
    lanes: BTreeMap<Lane, Waiting>,
    /// The lanes whose head is not under way, by the time of their heads.
    due: BTreeSet<(Timestamp, Lane)>,
    in_flight: BTreeMap<String, usize>,
}

/// What one target is told of one event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lane {
    target: String,
    event: Option<EventId>,
}

impl Lane {
    /// The lane of `delivery`.
    #[must_use]
    pub fn of(delivery: &HookDelivery) -> Self {
        Self { target: delivery.target.clone(), event: delivery.event.clone() }
    }
}

#[derive(Debug, Default)]
struct Waiting {
    deliveries: VecDeque<HookDelivery>,
    under_way: bool,
}

/// How a delivery went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The target has it.
    Taken,
    /// It may work later.
    Failed {
        /// Why, for people.
        error: String,
        /// When the target wants to be asked again at the earliest.
        retry_after: Option<Duration>,
    },
    /// It will never work.
    Hopeless {
        /// Why, for people.
        error: String,
    },
}

/// What becomes of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It is done.
    Done(HookDelivery),
    /// It is tried again at its `next_attempt_at`.
    Again(HookDelivery),
    /// It is given up.
    Dead(HookDelivery),
}

impl Queue {
    /// An empty queue.
    #[must_use]
    pub const fn new(backoff: Backoff, in_flight_per_target_max: usize) -> Self {
        Self {
            backoff,
            in_flight_per_target_max,
            lanes: BTreeMap::new(),
            due: BTreeSet::new(),
            in_flight: BTreeMap::new(),
        }
    }

    /// Puts a delivery at the end of its lane. A time further off than any pause is an error of a clock that
    /// was set since, and is not waited for.
    pub fn push(&mut self, now: Timestamp, mut delivery: HookDelivery) {
        delivery.next_attempt_at =
            delivery.next_attempt_at.min(later(now, self.backoff.max * 5 / 4));
        let lane = Lane::of(&delivery);
        let waiting = self.lanes.entry(lane.clone()).or_default();
        if waiting.deliveries.is_empty() {
            self.due.insert((delivery.next_attempt_at, lane));
        }
        waiting.deliveries.push_back(delivery);
    }

    /// The next delivery that is to be made at `now`, which is under way from now on.
    pub fn poll(&mut self, now: Timestamp) -> Option<HookDelivery> {
        let found =
            self.due.iter().take_while(|(at, _)| *at <= now).find(|(_, lane)| self.has_room(lane));
        let (at, lane) = found.cloned()?;
        let waiting = self.lanes.get_mut(&lane)?;
        let head = waiting.deliveries.front()?.clone();
        waiting.under_way = true;
        self.due.remove(&(at, lane.clone()));
        *self.in_flight.entry(lane.target).or_default() += 1;
        Some(head)
    }

    /// When there will be something to poll, if nothing settles before.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.due.iter().find(|(_, lane)| self.has_room(lane)).map(|(at, _)| *at)
    }

    /// Ends the delivery of `lane` that is under way; `None` if there is none.
    pub fn settle(
        &mut self,
        now: Timestamp,
        lane: &Lane,
        outcome: Outcome,
        seed: u64,
    ) -> Option<Settled> {
        let backoff = self.backoff;
        let waiting = self.lanes.get_mut(lane).filter(|waiting| waiting.under_way)?;
        let mut delivery = waiting.deliveries.pop_front()?;
        waiting.under_way = false;
        delivery.attempts = delivery.attempts.saturating_add(1);
        let settled = match outcome {
            Outcome::Taken => Settled::Done(delivery),
            Outcome::Failed { error, retry_after } => {
                delivery.last_error = Some(error);
                match backoff.pause(delivery.attempts, seed) {
                    Some(pause) => {
                        let pause = pause.max(retry_after.unwrap_or_default());
                        delivery.next_attempt_at = later(now, pause);
                        waiting.deliveries.push_front(delivery.clone());
                        Settled::Again(delivery)
                    }
                    None => Settled::Dead(HookDelivery { dead: true, ..delivery }),
                }
            }
            Outcome::Hopeless { error } => {
                Settled::Dead(HookDelivery { dead: true, last_error: Some(error), ..delivery })
            }
        };
        match waiting.deliveries.front() {
            Some(head) => {
                self.due.insert((head.next_attempt_at, lane.clone()));
            }
            None => {
                self.lanes.remove(lane);
            }
        }
        self.land(&lane.target);
        Some(settled)
    }

    /// Deliveries that wait or are under way.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lanes.values().map(|waiting| waiting.deliveries.len()).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    fn has_room(&self, lane: &Lane) -> bool {
        self.in_flight.get(&lane.target).is_none_or(|count| *count < self.in_flight_per_target_max)
    }

    fn land(&mut self, target: &str) {
        if let Some(count) = self.in_flight.get_mut(target) {
            *count -= 1;
            if *count == 0 {
                self.in_flight.remove(target);
            }
        }
    }
}

fn later(now: Timestamp, pause: Duration) -> Timestamp {
    let millis = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_millis(now.as_millis().saturating_add(millis))
}

#[cfg(test)]
mod tests;
