//! `EXT-X-PROGRAM-DATE-TIME` (RFC 8216 §4.3.2.6).

use std::fmt;

use crate::line::event_time;

/// Wall time as ISO 8601 in UTC, with milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DateTime {
    unix_ms: i64,
}

impl DateTime {
    /// The wall time of a point of the line: one constant offset from the event clock, so that it runs
    /// on evenly through splices and gaps.
    pub(crate) fn at(at_90k: i64, wall_clock_at_zero_ms: i64) -> Self {
        let micros = event_time(at_90k).as_micros();
        Self { unix_ms: wall_clock_at_zero_ms.saturating_add((micros + 500).div_euclid(1000)) }
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, ms) = (self.unix_ms.div_euclid(DAY_MS), self.unix_ms.rem_euclid(DAY_MS));
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        write!(f, ".{:03}Z", ms % 1000)
    }
}

/// Year, month and day of a number of days since 1970-01-01 in the Gregorian calendar, counted in
/// years that begin in March so that the leap day comes last.
fn civil(days: i64) -> (i64, i64, i64) {
    let since_era = days + DAYS_TO_1970;
    let era = since_era.div_euclid(DAYS_PER_400_YEARS);
    let day_of_era = since_era.rem_euclid(DAYS_PER_400_YEARS);
    let leap_days = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

const DAY_MS: i64 = 86_400_000;
/// Days from 0000-03-01 to 1970-01-01.
const DAYS_TO_1970: i64 = 719_468;
const DAYS_PER_400_YEARS: i64 = 146_097;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_dates() {
        for (unix_ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_164_799_999, "2024-02-28T23:59:59.999Z"),
            (1_709_251_200_001, "2024-03-01T00:00:00.001Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(DateTime { unix_ms }.to_string(), text);
        }
    }
}
