//! The wall clock, for markers: publisher and viewer may be different processes on one machine.
//!
//! Everything else is timed by `tokio::time::Instant`, which is monotonic.

use std::time::{SystemTime, UNIX_EPOCH};

/// Microseconds since 1970.
pub(crate) fn unix_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_micros().try_into().unwrap_or(u64::MAX)
}

/// Date and time of day in UTC, to the minute.
pub(crate) fn utc_text(unix_us: u64) -> String {
    let minutes = unix_us / 60_000_000;
    let (mut days, mut year) = (minutes / 1440, 1970);
    while days >= days_of(year) {
        days -= days_of(year);
        year += 1;
    }
    let february = days_of(year) - 337;
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hour, minute) = (minutes / 60 % 24, minutes % 60);
    format!("{year}-{month:02}-{:02} {hour:02}:{minute:02} UTC", days + 1)
}

/// Days of a Gregorian year.
fn days_of(year: u64) -> u64 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    if leap { 366 } else { 365 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right_around_leap_days_and_year_ends() {
        let check = |seconds: u64, expect| assert_eq!(utc_text(seconds * 1_000_000), expect);
        check(0, "1970-01-01 00:00 UTC");
        check(951_782_340, "2000-02-28 23:59 UTC");
        check(951_782_400, "2000-02-29 00:00 UTC");
        check(951_868_800, "2000-03-01 00:00 UTC");
        check(1_798_761_599, "2026-12-31 23:59 UTC");
        check(1_798_761_600, "2027-01-01 00:00 UTC");
    }
}
