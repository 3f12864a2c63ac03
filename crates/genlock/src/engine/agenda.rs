//! Takes that wait for their time on the wall clock.
//!
//! The clock may be set while they wait, which no timer notices: [`Agenda::nap`] is short enough to look at
//! it again soon. Set forward, what is due is made at once, or is [late](LATE_MAX); set back, what was made
//! is not made again, and the rest waits as the clock says. Pure: reads no clock.

use std::time::Duration;

use genlock_store::{ScheduledTake, ScheduledTakeId, Timestamp};

/// How late a take may still be made, in milliseconds: 10 s. A server that was restarted meanwhile has its
/// cameras back by then; a cut that comes later than that is a surprise.
pub(super) const LATE_MAX: i64 = 10_000;

/// Time after which the wall clock is looked at again: it bounds how late a take is made when the clock
/// is set forward.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The takes of an event that wait, in the order in which they are to be made.
#[derive(Debug, Default)]
pub(super) struct Agenda(Vec<ScheduledTake>);

impl Agenda {
    /// Adds a take behind those of the same time.
    pub(super) fn add(&mut self, take: ScheduledTake) {
        let place = self.0.partition_point(|other| other.at <= take.at);
        self.0.insert(place, take);
    }

    /// Takes one back.
    pub(super) fn remove(&mut self, id: &ScheduledTakeId) -> Option<ScheduledTake> {
        let place = self.0.iter().position(|take| take.id == *id)?;
        Some(self.0.remove(place))
    }

    /// The next take whose time has come.
    pub(super) fn pop_due(&mut self, now: Timestamp) -> Option<ScheduledTake> {
        let due = self.0.first().is_some_and(|take| take.at <= now);
        due.then(|| self.0.remove(0))
    }

    /// How long nothing has to be done; `None` for until something is added.
    pub(super) fn nap(&self, now: Timestamp) -> Option<Duration> {
        let wait = self.0.first()?.at.as_millis().saturating_sub(now.as_millis());
        Some(Duration::from_millis(u64::try_from(wait).unwrap_or(0)).min(LOOK_AGAIN))
    }
}

/// Whether a take is made too late to be made at all.
pub(super) const fn is_late(take: &ScheduledTake, now: Timestamp) -> bool {
    now.as_millis().saturating_sub(take.at.as_millis()) > LATE_MAX
}

#[cfg(test)]
mod tests {
    use genlock_store::{CameraId, EventId};

    use super::*;

    fn take(id: &str, at: i64) -> ScheduledTake {
        ScheduledTake {
            id: ScheduledTakeId::parse(id).unwrap(),
            event: EventId::parse("e").unwrap(),
            camera: CameraId::parse("c").unwrap(),
            style: None,
            at: Timestamp::from_millis(at),
            created_at: Timestamp::from_millis(0),
        }
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn due(agenda: &mut Agenda, now: i64) -> Vec<String> {
        std::iter::from_fn(|| agenda.pop_due(at(now))).map(|take| take.id.into()).collect()
    }

    fn agenda(takes: &[(&str, i64)]) -> Agenda {
        let mut agenda = Agenda::default();
        takes.iter().for_each(|(id, at)| agenda.add(take(id, *at)));
        agenda
    }

    #[test]
    fn takes_are_due_in_the_order_of_their_times_and_then_of_their_making() {
        let mut agenda = agenda(&[("c", 30), ("a", 10), ("d", 30), ("b", 20)]);
        assert_eq!(due(&mut agenda, 9), [""; 0]);
        assert_eq!(due(&mut agenda, 20), ["a", "b"]);
        assert_eq!(due(&mut agenda, 1000), ["c", "d"]);
        assert_eq!(agenda.nap(at(1000)), None);
    }

    #[test]
    fn a_take_is_taken_back_once_and_only_before_it_is_due() {
        let mut agenda = agenda(&[("a", 10), ("b", 20)]);
        let id = |id| ScheduledTakeId::parse(id).unwrap();
        assert_eq!(agenda.remove(&id("b")), Some(take("b", 20)));
        assert_eq!(agenda.remove(&id("b")), None);
        assert_eq!(due(&mut agenda, 10), ["a"]);
        assert_eq!(agenda.remove(&id("a")), None);
    }

    #[test]
    fn a_nap_ends_at_the_next_take_and_is_short() {
        let agenda = agenda(&[("a", 10_000)]);
        assert_eq!(agenda.nap(at(9_900)), Some(Duration::from_millis(100)));
        assert_eq!(agenda.nap(at(0)), Some(LOOK_AGAIN));
        assert_eq!(agenda.nap(at(10_001)), Some(Duration::ZERO));
        assert_eq!(agenda.nap(at(i64::MIN)), Some(LOOK_AGAIN));
    }

    #[test]
    fn a_clock_that_is_set_back_repeats_nothing_and_lets_the_rest_wait() {
        let mut agenda = agenda(&[("a", 10), ("b", 20)]);
        assert_eq!(due(&mut agenda, 15), ["a"]);
        assert_eq!(due(&mut agenda, 5), [""; 0]);
        assert_eq!(due(&mut agenda, 20), ["b"]);
    }

    #[test]
    fn a_clock_that_is_set_forward_makes_what_is_due_late() {
        let late = |now| is_late(&take("a", 1000), at(now));
        assert!(!late(1000 + LATE_MAX));
        assert!(late(1001 + LATE_MAX));
        assert!(!late(i64::MIN), "set back beyond its making");
    }
}
