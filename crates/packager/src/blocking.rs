//! Delivery directives: what a playlist request waits for (rfc8216bis-22 §6.2.5).

use crate::playlist::Skip;

/// The delivery directives of a request. Other query parameters are ignored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BlockingQuery {
    /// `_HLS_msn`, and `_HLS_part` with it.
    pub wanted: Option<Wanted>,
    /// `_HLS_skip`.
    pub skip: Skip,
}

/// What must be listed before the answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wanted {
    /// Media sequence number of the segment.
    pub media_sequence: u64,
    /// Index of a part in it; without one the whole segment.
    pub part: Option<u64>,
}

/// Whether a playlist request can be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// Now, from this snapshot.
    Ready,
    /// From a later snapshot.
    Wait,
    /// Never: the answer is 400.
    Bad(BadDirective),
}

/// Why directives cannot be honoured. The answer is 400.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadDirective {
    /// Not a decimal integer below 2^64.
    #[error("{name} is not a decimal integer")]
    NotANumber {
        /// The parameter.
        name: &'static str,
    },
    /// The same directive twice.
    #[error("{name} is given twice")]
    Twice {
        /// The parameter.
        name: &'static str,
    },
    /// `_HLS_part` without `_HLS_msn`.
    #[error("_HLS_part without _HLS_msn")]
    PartWithoutSegment,
    /// More than two segments after the last one.
    #[error("_HLS_msn is too far ahead: the last segment is {last}")]
    SegmentTooFar {
        /// Media sequence number of the last listed segment.
        last: u64,
    },
    /// Beyond the advance part limit.
    #[error("_HLS_part is too far ahead: {available} parts are there")]
    PartTooFar {
        /// Number of listed parts of that segment.
        available: u64,
    },
}

impl BlockingQuery {
    /// Reads the query string of a request, without its `?`.
    ///
    /// # Errors
    /// When a directive is malformed or given twice, or a part is wanted without its segment.
    pub fn parse(query: &str) -> Result<Self, BadDirective> {
        let mut media_sequence = None;
        let mut part = None;
        let mut skip = Skip::No;
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                MSN => set(&mut media_sequence, MSN, value)?,
                PART => set(&mut part, PART, value)?,
                "_HLS_skip" if matches!(value, "YES" | "v2") => skip = Skip::Yes,
                _ => {}
            }
        }
        let wanted = match (media_sequence, part) {
            (None, Some(_)) => return Err(BadDirective::PartWithoutSegment),
            (None, None) => None,
            (Some(media_sequence), part) => Some(Wanted { media_sequence, part }),
        };
        Ok(Self { wanted, skip })
    }
}

/// The live edge, as far as blocking is concerned.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Edge {
    /// Media sequence number of the segment that is not complete yet.
    pub(crate) open: u64,
    /// Its listed parts.
    pub(crate) open_parts: u64,
    /// Parts of the segment before it.
    pub(crate) last_parts: u64,
    /// How many parts ahead may be asked for.
    pub(crate) advance_part_limit: u64,
}

impl Edge {
    /// rfc8216bis-22 §6.2.5.2.
    pub(crate) fn readiness(&self, wanted: Wanted) -> Readiness {
        let wanted = self.beyond_closed_segment(wanted);
        let ahead = wanted.media_sequence.saturating_sub(self.open);
        if wanted.media_sequence < self.open {
            return Readiness::Ready;
        }
        // The last segment is the one before the open one, so two after it is one after the open one.
        if ahead > 1 {
            return Readiness::Bad(BadDirective::SegmentTooFar { last: self.open.wrapping_sub(1) });
        }
        let available = if ahead == 0 { self.open_parts } else { 0 };
        match wanted.part {
            Some(part) if part < available => Readiness::Ready,
            Some(part) if part - available > self.advance_part_limit => {
                Readiness::Bad(BadDirective::PartTooFar { available })
            }
            _ => Readiness::Wait,
        }
    }

    /// "If the client requests a Part Index greater than that of the final Partial Segment of the
    /// Parent Segment, the server MUST treat the request as one for Part Index 0 of the following
    /// Parent Segment."
    fn beyond_closed_segment(&self, wanted: Wanted) -> Wanted {
        let last = wanted.media_sequence.checked_add(1) == Some(self.open);
        match wanted.part {
            Some(part) if last && part >= self.last_parts => {
                Wanted { media_sequence: self.open, part: Some(0) }
            }
            _ => wanted,
        }
    }
}

fn set(slot: &mut Option<u64>, name: &'static str, value: &str) -> Result<(), BadDirective> {
    if slot.is_some() {
        return Err(BadDirective::Twice { name });
    }
    // `parse` alone would take a sign.
    let decimal = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.parse().ok().filter(|_| decimal);
    *slot = Some(number.ok_or(BadDirective::NotANumber { name })?);
    Ok(())
}

const MSN: &str = "_HLS_msn";
const PART: &str = "_HLS_part";

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(query: &str) -> Readiness {
        // Segments ..9 are complete, the last with 4 parts; 2 parts of segment 10 are listed.
        let edge = Edge { open: 10, open_parts: 2, last_parts: 4, advance_part_limit: 6 };
        match BlockingQuery::parse(query) {
            Err(bad) => Readiness::Bad(bad),
            Ok(BlockingQuery { wanted: None, .. }) => Readiness::Ready,
            Ok(BlockingQuery { wanted: Some(wanted), .. }) => edge.readiness(wanted),
        }
    }

    #[test]
    fn what_is_listed_is_answered_at_once() {
        for query in [
            "",
            "foo=bar",
            "_HLS_msn=9",
            "_HLS_msn=0",
            "_HLS_msn=9&_HLS_part=3",
            "_HLS_msn=10&_HLS_part=1",
            "_HLS_skip=YES",
            "_HLS_msn=9&_HLS_part=500",
        ] {
            assert_eq!(ready(query), Readiness::Ready, "{query}");
        }
    }

    #[test]
    fn what_comes_next_is_waited_for() {
        for query in [
            "_HLS_msn=10",
            "_HLS_msn=10&_HLS_part=2",
            "_HLS_part=8&_HLS_msn=10",
            "_HLS_msn=11",
            "_HLS_msn=11&_HLS_part=0",
        ] {
            assert_eq!(ready(query), Readiness::Wait, "{query}");
        }
    }

    #[test]
    fn a_part_beyond_the_end_of_a_closed_segment_is_the_first_of_the_next() {
        let mut edge = Edge { open: 10, open_parts: 0, last_parts: 4, advance_part_limit: 6 };
        let wanted = Wanted { media_sequence: 9, part: Some(4) };
        assert_eq!(edge.readiness(wanted), Readiness::Wait);
        edge.open_parts = 1;
        assert_eq!(edge.readiness(wanted), Readiness::Ready);
    }

    #[test]
    fn what_is_too_far_or_malformed_is_bad() {
        let bad = |query: &str| match ready(query) {
            Readiness::Bad(bad) => bad,
            other => panic!("{query}: {other:?}"),
        };
        assert_eq!(bad("_HLS_part=0"), BadDirective::PartWithoutSegment);
        assert_eq!(bad("_HLS_msn=12"), BadDirective::SegmentTooFar { last: 9 });
        assert_eq!(bad("_HLS_msn=18446744073709551615"), BadDirective::SegmentTooFar { last: 9 });
        assert_eq!(bad("_HLS_msn=10&_HLS_part=9"), BadDirective::PartTooFar { available: 2 });
        assert_eq!(bad("_HLS_msn=1&_HLS_msn=1"), BadDirective::Twice { name: MSN });
        for value in ["abc", "-1", "+1", "", "1.0", "18446744073709551616"] {
            let query = format!("_HLS_msn={value}");
            assert_eq!(bad(&query), BadDirective::NotANumber { name: MSN }, "{query}");
        }
    }
}
