//! Order, back-off and dead letters of deliveries.

use std::collections::BTreeMap;

use genlock_store::HookDeliveryId;
use proptest::prelude::*;

use super::*;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn delivery(target: &str, event: &str, sequence: u64) -> HookDelivery {
    HookDelivery {
        id: HookDeliveryId::parse(&format!("{target}-{event}-{sequence}")).unwrap(),
        event: Some(EventId::parse(event).unwrap()),
        sequence,
        target: target.to_owned(),
        body: String::new(),
        attempts: 0,
        last_error: None,
        next_attempt_at: at(0),
        dead: false,
        created_at: at(0),
    }
}

fn failed() -> Outcome {
    Outcome::Failed { error: "it answered 503".to_owned(), retry_after: None }
}

const BACKOFF: Backoff =
    Backoff { first: Duration::from_secs(1), max: Duration::from_secs(8), attempts: 4 };

#[test]
fn a_head_that_fails_holds_back_its_own_lane_only() {
    let mut queue = Queue::new(BACKOFF, 8);
    for (event, sequence) in [("a", 1), ("a", 2), ("b", 3)] {
        queue.push(at(0), delivery("t", event, sequence));
    }
    let first = queue.poll(at(0)).unwrap();
    assert_eq!(first.sequence, 1);
    assert_eq!(queue.poll(at(0)).unwrap().sequence, 3);
    assert_eq!(queue.poll(at(0)), None);
    let settled = queue.settle(at(0), &Lane::of(&first), failed(), 0);
    let Some(Settled::Again(again)) = settled else { panic!("{settled:?}") };
    assert_eq!((again.attempts, again.last_error.as_deref()), (1, Some("it answered 503")));
    assert_eq!(queue.poll_timeout(), Some(again.next_attempt_at));
    assert_eq!(queue.poll(again.next_attempt_at).unwrap().sequence, 1);
}

#[test]
fn after_the_last_try_the_next_one_has_its_turn() {
    let mut queue = Queue::new(BACKOFF, 8);
    queue.push(at(0), delivery("t", "a", 1));
    queue.push(at(0), delivery("t", "a", 2));
    let mut dead = None;
    for _ in 0..BACKOFF.attempts {
        let now = queue.poll_timeout().unwrap();
        let head = queue.poll(now).unwrap();
        dead = queue.settle(now, &Lane::of(&head), failed(), 0);
    }
    let Some(Settled::Dead(dead)) = dead else { panic!("{dead:?}") };
    assert!(dead.dead && dead.sequence == 1 && dead.attempts == 4);
    assert_eq!(queue.poll(at(0)).unwrap().sequence, 2);
}

#[test]
fn what_is_hopeless_is_given_up_at_once() {
    let mut queue = Queue::new(BACKOFF, 8);
    queue.push(at(0), delivery("t", "a", 1));
    let head = queue.poll(at(0)).unwrap();
    let gone = Outcome::Hopeless { error: "it is gone".to_owned() };
    let settled = queue.settle(at(0), &Lane::of(&head), gone, 0);
    assert!(matches!(settled, Some(Settled::Dead(_))), "{settled:?}");
    assert!(queue.is_empty());
    assert_eq!(queue.settle(at(0), &Lane::of(&head), Outcome::Taken, 0), None);
}

#[test]
fn a_target_that_asks_for_time_gets_it() {
    let mut queue = Queue::new(BACKOFF, 8);
    queue.push(at(0), delivery("t", "a", 1));
    let head = queue.poll(at(0)).unwrap();
    let retry_after = Some(Duration::from_secs(60));
    let busy = Outcome::Failed { error: "it answered 429".to_owned(), retry_after };
    queue.settle(at(5), &Lane::of(&head), busy, 0);
    assert_eq!(queue.poll_timeout(), Some(at(60_005)));
}

#[test]
fn a_slow_target_takes_its_share_and_leaves_the_rest() {
    let mut queue = Queue::new(BACKOFF, 2);
    for (index, event) in ["a", "b", "c"].into_iter().enumerate() {
        queue.push(at(0), delivery("slow", event, index as u64));
    }
    queue.push(at(0), delivery("other", "a", 9));
    let polled: Vec<_> = std::iter::from_fn(|| queue.poll(at(0))).collect();
    assert_eq!(polled.len(), 3, "two of one, one of the other");
    assert_eq!(queue.poll_timeout(), None, "nothing to wait for but answers");
    let slow = polled.iter().find(|delivery| delivery.target == "slow").unwrap();
    queue.settle(at(0), &Lane::of(slow), Outcome::Taken, 0);
    assert_eq!(queue.poll(at(0)).unwrap().target, "slow");
}

#[test]
fn a_clock_that_was_set_back_does_not_stop_deliveries() {
    let mut queue = Queue::new(BACKOFF, 8);
    let next_attempt_at = at(1_000_000_000);
    queue.push(at(0), HookDelivery { next_attempt_at, ..delivery("t", "a", 1) });
    assert_eq!(queue.poll_timeout(), Some(at(10_000)));
}

/// What a simulated target does with each try.
fn outcomes() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(0_u8..10, 1..60)
}

proptest! {
    /// Whatever fails, and however long answers take: each delivery ends exactly once, tries of a lane never
    /// overlap, and each lane's deliveries end in their order.
    #[test]
    fn every_delivery_ends_once_and_in_order(
        pushes in proptest::collection::vec((0_u8..2, 0_u8..3), 1..40), fates in outcomes(), seed: u64
    ) {
        let mut queue = Queue::new(BACKOFF, 2);
        let mut expect: BTreeMap<Lane, Vec<u64>> = BTreeMap::new();
        for (sequence, (target, event)) in (1_u64..).zip(&pushes) {
            let delivery = delivery(&format!("t{target}"), &format!("e{event}"), sequence);
            expect.entry(Lane::of(&delivery)).or_default().push(sequence);
            queue.push(at(0), delivery);
        }
        let (mut ended, mut under_way): (BTreeMap<Lane, Vec<u64>>, Vec<Lane>) = Default::default();
        let (mut now, mut fates) = (at(0), fates.into_iter().cycle());
        for _ in 0..pushes.len() * 10 {
            while let Some(delivery) = queue.poll(now) {
                let lane = Lane::of(&delivery);
                prop_assert!(!under_way.contains(&lane), "two at once in {lane:?}");
                under_way.push(lane);
            }
            prop_assert!(under_way.len() <= 4);
            let fate = fates.next().unwrap();
            if under_way.is_empty() {
                match queue.poll_timeout() {
                    Some(next) => now = now.max(next),
                    None => break,
                }
                continue;
            }
            let lane = under_way.remove(usize::from(fate) % under_way.len());
            let outcome = if fate < 5 { failed() } else { Outcome::Taken };
            match queue.settle(now, &lane, outcome, seed ^ u64::from(fate)).unwrap() {
                Settled::Done(delivery) | Settled::Dead(delivery) => {
                    ended.entry(lane).or_default().push(delivery.sequence);
                }
                Settled::Again(delivery) => prop_assert!(delivery.next_attempt_at > now),
            }
        }
        prop_assert!(queue.is_empty(), "{} left", queue.len());
        prop_assert_eq!(ended, expect);
    }
}
