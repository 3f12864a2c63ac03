//! How much may be on its way to a client.
//!
//! TCP's own buffers take seconds of pictures without a word, and every one of them is a second that the operator sees
//! late. So the client acknowledges messages, and beyond [`UNACKNOWLEDGED_BYTES_MAX`] nothing is sent.

use std::collections::VecDeque;

use crate::limits::{UNACKNOWLEDGED_BYTES_MAX, UNACKNOWLEDGED_MESSAGES_MAX};
use crate::message::Seq;

/// What was sent and not acknowledged.
#[derive(Debug, Default)]
pub struct Window {
    sent: VecDeque<(Seq, usize)>,
    bytes: usize,
}

impl Window {
    /// Whether another message may be sent. One that is larger than the window goes alone.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.bytes < UNACKNOWLEDGED_BYTES_MAX && self.sent.len() < UNACKNOWLEDGED_MESSAGES_MAX
    }

    /// A message of so many bytes is on its way. Numbers grow.
    pub fn sent(&mut self, seq: Seq, bytes: usize) {
        self.sent.push_back((seq, bytes));
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// The client has every message up to this one. One that was never sent acknowledges all that were.
    pub fn acknowledged(&mut self, seq: Seq) {
        while let Some((_, bytes)) = self.sent.pop_front_if(|(sent, _)| *sent <= seq) {
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_closes_at_its_bytes_and_opens_with_an_acknowledgement() {
        let mut window = Window::default();
        window.sent(Seq(1), UNACKNOWLEDGED_BYTES_MAX - 1);
        assert!(window.is_open());
        window.sent(Seq(2), 1);
        assert!(!window.is_open());
        window.acknowledged(Seq(1));
        assert!(window.is_open());
        window.acknowledged(Seq(1));
        window.acknowledged(Seq(99));
        assert_eq!(window.bytes, 0);
    }

    proptest! {
        #[test]
        fn what_is_on_its_way_is_what_was_sent_and_not_acknowledged(
            sizes in proptest::collection::vec(0_usize..100_000, 0..100),
            acknowledged in 0_u32..120,
        ) {
            let mut window = Window::default();
            for (seq, size) in (1..).zip(&sizes) {
                window.sent(Seq(seq), *size);
            }
            window.acknowledged(Seq(acknowledged));
            let rest: usize = sizes.iter().skip(acknowledged as usize).sum();
            prop_assert_eq!(window.bytes, rest);
        }
    }
}
