//! A virtual player: would it have stalled?
//!
//! It starts once the hold-back is buffered and then consumes media in real time. What arrives after the playhead
//! got to it is late; one or more late pieces in a row are one stall, and the playhead waits for them. Reads no
//! clock.

use std::time::Duration;

use tokio::time::Instant;

/// The playhead and the buffer of one viewer.
#[derive(Clone, Debug)]
pub(crate) struct Playback {
    /// Media to have before playing.
    start_with: Duration,
    /// Media received.
    buffered: Duration,
    /// When the playhead was, or would have been, at media time zero; `None` before the start.
    zero: Option<Instant>,
    stalled: bool,
}

/// What one piece of media meant for the playback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Playing has not started.
    Buffered,
    /// It completed the buffer: playing starts.
    Started,
    /// It came before the playhead needed it.
    InTime,
    /// The playhead waited this long for it.
    Late {
        /// Waiting time.
        by: Duration,
        /// Whether the piece before was in time.
        new_stall: bool,
    },
}

impl Playback {
    /// A player that starts once this much is buffered.
    pub(crate) fn new(start_with: Duration) -> Self {
        Self { start_with, buffered: Duration::ZERO, zero: None, stalled: false }
    }

    /// Takes a piece of media that has arrived.
    pub(crate) fn push(&mut self, now: Instant, duration: Duration) -> Arrival {
        let needed = self.buffered;
        self.buffered += duration;
        let Some(zero) = self.zero else {
            if self.buffered < self.start_with {
                return Arrival::Buffered;
            }
            self.zero = Some(now);
            return Arrival::Started;
        };
        let by = now.saturating_duration_since(zero + needed);
        if by.is_zero() {
            self.stalled = false;
            return Arrival::InTime;
        }
        self.zero = Some(zero + by);
        let new_stall = !std::mem::replace(&mut self.stalled, true);
        Arrival::Late { by, new_stall }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: Duration = Duration::from_millis(500);
    const MS: Duration = Duration::from_millis(1);

    /// A player with three parts of hold-back that has just started.
    fn playing(start: Instant) -> Playback {
        let mut playback = Playback::new(3 * PART);
        assert_eq!(playback.push(start, PART), Arrival::Buffered);
        assert_eq!(playback.push(start, PART), Arrival::Buffered);
        assert_eq!(playback.push(start, PART), Arrival::Started);
        playback
    }

    #[test]
    fn parts_within_the_hold_back_are_in_time() {
        let start = Instant::now();
        let mut playback = playing(start);
        for index in 3..100 {
            // Each at the last moment.
            assert_eq!(playback.push(start + PART * index, PART), Arrival::InTime);
        }
    }

    #[test]
    fn late_parts_in_a_row_are_one_stall_and_delay_the_playhead() {
        let start = Instant::now();
        let mut playback = playing(start);
        let late = |by, new_stall| Arrival::Late { by, new_stall };
        assert_eq!(playback.push(start + PART * 3 + 200 * MS, PART), late(200 * MS, true));
        assert_eq!(playback.push(start + PART * 4 + 250 * MS, PART), late(50 * MS, false));
        assert_eq!(playback.push(start + PART * 5 + 250 * MS, PART), Arrival::InTime);
        assert_eq!(playback.push(start + PART * 6 + 300 * MS, PART), late(50 * MS, true));
    }
}
