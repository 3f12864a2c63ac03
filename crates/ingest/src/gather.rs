//! Reading a publisher's socket less often: small messages wait in the kernel for the picture that follows.
//!
//! A camera sends a picture 25 to 60 times a second and sound in between, 43 or 47 times, each in a packet of its own. Waking for
//! each costs as much as the work itself. So the kernel is asked to wake the connection for as much as comes in 10 ms, which
//! a picture brings at once; sound comes along with it. What nothing follows is read after 40 ms.
//!
//! Pure: told of reads and the time, it says which low-water mark the socket should have.

use std::time::Duration;

use tokio::time::Instant;

use crate::limits::{GATHER_BYTES_MAX, GATHER_FLOW, GATHER_FOR};

/// Between two looks at how much comes.
const LOOK_EACH: Duration = Duration::from_secs(1);

/// The mark that every socket begins with: any byte makes it readable.
const ANYTHING: u32 = 1;

/// What a connection's socket waits for.
#[derive(Debug)]
pub(crate) struct Gather {
    /// The mark that the socket has.
    set: u32,
    /// The mark that its flow is worth.
    worth: u32,
    /// Bytes that came since.
    counted: (u64, Option<Instant>),
    /// When what is there is to be read, whatever the mark.
    until: Option<Instant>,
}

impl Default for Gather {
    fn default() -> Self {
        Self { set: ANYTHING, worth: ANYTHING, counted: (0, None), until: None }
    }
}

impl Gather {
    /// Bytes of a publisher were read. Returns the mark that the socket should have if it is another.
    pub(crate) fn read(&mut self, now: Instant, bytes: usize) -> Option<u32> {
        self.count(now, bytes);
        self.until = (self.worth > ANYTHING).then(|| now + GATHER_FOR);
        self.change(self.worth)
    }

    /// When [`Self::handle_timeout`] wants to be called.
    pub(crate) const fn poll_timeout(&self) -> Option<Instant> {
        self.until
    }

    /// Time has passed. Returns the mark that the socket should have if it is another.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Option<u32> {
        self.until.take_if(|until| now >= *until)?;
        self.change(ANYTHING)
    }

    /// Nobody publishes any more. Returns the mark that the socket should have if it is another.
    pub(crate) fn stop(&mut self) -> Option<u32> {
        self.worth = ANYTHING;
        self.counted = (0, None);
        self.until = None;
        self.change(ANYTHING)
    }

    fn count(&mut self, now: Instant, bytes: usize) {
        let (sum, since) = &mut self.counted;
        *sum = sum.saturating_add(bytes as u64);
        let elapsed = now - *since.get_or_insert(now);
        if elapsed < LOOK_EACH {
            return;
        }
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let flow = sum.saturating_mul(GATHER_FLOW.as_micros() as u64) / micros;
        self.worth = u32::try_from(flow).unwrap_or(u32::MAX).clamp(ANYTHING, GATHER_BYTES_MAX);
        self.counted = (0, Some(now));
    }

    fn change(&mut self, wanted: u32) -> Option<u32> {
        (std::mem::replace(&mut self.set, wanted) != wanted).then_some(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(40);

    /// Two seconds of pictures of 25 kB, 25 a second.
    fn flowing() -> (Gather, Instant) {
        let mut gather = Gather::default();
        let mut now = Instant::now();
        for _ in 0..50 {
            gather.read(now, 25_000);
            now += FRAME;
        }
        (gather, now)
    }

    #[test]
    fn the_first_second_is_read_as_it_comes() {
        let mut gather = Gather::default();
        let now = Instant::now();
        assert_eq!(gather.read(now, 25_000), None);
        assert_eq!(gather.read(now + FRAME * 24, 25_000), None);
        assert_eq!(gather.poll_timeout(), None);
    }

    #[test]
    fn then_the_mark_is_what_comes_in_ten_milliseconds() {
        let (gather, _) = flowing();
        assert!((6_000..=6_500).contains(&gather.set), "{}", gather.set);
    }

    #[test]
    fn the_mark_changes_with_the_flow_alone() {
        let (mut gather, mut now) = flowing();
        let mut changes = Vec::new();
        for _ in 0..100 {
            changes.extend(gather.read(now, 2_500));
            now += FRAME;
        }
        // The second in which the flow changed, and those behind it.
        assert!(changes.len() <= 3, "{changes:?}");
        assert!((600..=650).contains(&gather.set), "{}", gather.set);
    }

    #[test]
    fn what_nothing_follows_is_read_after_a_while() {
        let (mut gather, now) = flowing();
        gather.read(now, 25_000);
        assert_eq!(gather.poll_timeout(), Some(now + GATHER_FOR));
        assert_eq!(gather.handle_timeout(now + GATHER_FOR / 2), None);
        assert_eq!(gather.handle_timeout(now + GATHER_FOR), Some(ANYTHING));
        assert_eq!(gather.poll_timeout(), None, "it is readable now, or when something comes");
        assert!(gather.read(now + GATHER_FOR, 300).is_some_and(|mark| mark > 6_000));
    }

    #[test]
    fn a_burst_is_no_reason_to_wait_for_another() {
        let mut gather = Gather::default();
        let now = Instant::now();
        gather.read(now, 50 << 20);
        gather.read(now + LOOK_EACH, 50 << 20);
        assert_eq!(gather.set, GATHER_BYTES_MAX);
    }

    #[test]
    fn whoever_stops_publishing_is_heard_at_once() {
        let (mut gather, now) = flowing();
        assert_eq!(gather.stop(), Some(ANYTHING));
        assert_eq!(gather.stop(), None);
        assert_eq!(gather.poll_timeout(), None);
        assert_eq!(gather.read(now, 300), None);
    }
}
