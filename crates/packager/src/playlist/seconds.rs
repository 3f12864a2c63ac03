//! Decimal seconds.

use std::fmt;

use crate::line::micros;

/// A span of the line as decimal seconds. Six decimals, so that sums stay within a frame for days
/// (Apple's authoring specification 8.1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seconds(pub(crate) i64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = micros(self.0).max(0);
        write!(f, "{}.{:06}", micros / 1_000_000, micros % 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_eleven_microseconds() {
        assert_eq!(Seconds(1).to_string(), "0.000011");
        assert_eq!(Seconds(180_180).to_string(), "2.002000");
        assert_eq!(Seconds(-5).to_string(), "0.000000");
    }
}
