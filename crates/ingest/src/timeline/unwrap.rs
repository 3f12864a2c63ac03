//! RTMP's 32-bit millisecond timestamps made 64-bit by serial arithmetic (RFC 1982).

/// Unwraps timestamps: each one is taken as the nearest to the one before, so that 2^32 ms (49.7
/// days) pass without notice and a small step back stays small.
#[derive(Debug, Default)]
pub(super) struct Unwrapper {
    last: Option<(u32, i64)>,
}

impl Unwrapper {
    /// The timestamp in milliseconds on a line without end.
    pub(super) fn unwrap(&mut self, timestamp: u32) -> i64 {
        let unwrapped = match self.last {
            None => i64::from(timestamp),
            Some((raw, line)) => {
                let step = timestamp.wrapping_sub(raw).cast_signed();
                line.saturating_add(i64::from(step))
            }
        };
        self.last = Some((timestamp, unwrapped));
        unwrapped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(timestamps: &[u32], expect: &[i64]) {
        let mut unwrapper = Unwrapper::default();
        let got: Vec<i64> = timestamps.iter().map(|&t| unwrapper.unwrap(t)).collect();
        assert_eq!(got, expect);
    }

    #[test]
    fn wraps_at_2_to_the_32() {
        check(&[u32::MAX - 10, u32::MAX, 22], &[4_294_967_285, 4_294_967_295, 4_294_967_318]);
    }

    #[test]
    fn extended_timestamps_are_ordinary_values() {
        check(&[16_777_210, 16_777_215, 16_777_243], &[16_777_210, 16_777_215, 16_777_243]);
    }

    #[test]
    fn a_step_back_over_the_wrap_stays_small() {
        check(&[5, u32::MAX, 9], &[5, -1, 9]);
    }
}
