//! Wall time of records, and of takes that are scheduled by it.
//!
//! The caller samples the clock; this module does not read it.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

const MILLIS_PER_DAY: i64 = 24 * 60 * 60 * 1000;

/// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted. Prints as RFC 3339 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(i64);

impl Timestamp {
    /// `millis` milliseconds after the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Reads RFC 3339 §5.6, in any time zone: `2026-10-31T13:00:00+01:00`. Digits after the millisecond
    /// are cut off. A leap second reads as the second after it.
    pub fn parse(text: &str) -> Result<Self, InvalidTime> {
        read_rfc_3339(text).map(Self).ok_or(InvalidTime)
    }
}

/// A text is not a date and time of RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a time is RFC 3339 with its zone, such as 2026-10-31T12:00:00Z")]
pub struct InvalidTime;

impl From<SystemTime> for Timestamp {
    /// Cut to whole milliseconds; a clock before 1970 reads as 1970.
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 §5.6 with milliseconds: `2026-10-31T12:00:00.000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0.div_euclid(MILLIS_PER_DAY));
        let in_day = self.0.rem_euclid(MILLIS_PER_DAY);
        let (seconds, millis) = (in_day / 1000, in_day % 1000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
    }
}

/// Milliseconds since the epoch. The letters may be small, and a space may stand for the `T`, as the
/// standard permits.
fn read_rfc_3339(text: &str) -> Option<i64> {
    let mut rest = text;
    let year = digits(&mut rest, 4)?;
    let month = take(&mut rest, "-").and_then(|()| digits(&mut rest, 2))?;
    let day = take(&mut rest, "-").and_then(|()| digits(&mut rest, 2))?;
    take(&mut rest, "Tt ")?;
    let hour = digits(&mut rest, 2)?;
    let minute = take(&mut rest, ":").and_then(|()| digits(&mut rest, 2))?;
    let second = take(&mut rest, ":").and_then(|()| digits(&mut rest, 2))?;
    let millis = fraction(&mut rest)?;
    let offset_minutes = zone(&mut rest)?;
    let days = days_from_civil(year, month, day);
    let exists = civil_from_days(days) == (year, month, day);
    let in_day = (hour * 60 + minute) * 60 + second;
    let leaps = second == 60 && (in_day - offset_minutes * 60).rem_euclid(24 * 60 * 60) == 0;
    let legal = exists && hour < 24 && minute < 60 && (second < 60 || leaps);
    let at = days * MILLIS_PER_DAY + in_day * 1000 + millis - offset_minutes * 60_000;
    (legal && rest.is_empty()).then_some(at)
}

/// Takes one of `letters`.
fn take(rest: &mut &str, letters: &str) -> Option<()> {
    let first = rest.chars().next().filter(|first| letters.contains(*first))?;
    *rest = rest.get(first.len_utf8()..)?;
    Some(())
}

/// Takes a number of exactly `count` digits.
fn digits(rest: &mut &str, count: usize) -> Option<i64> {
    let (head, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    head.bytes().all(|byte| byte.is_ascii_digit()).then(|| head.parse().ok())?
}

/// Takes the milliseconds of a fraction of a second, if there is one.
fn fraction(rest: &mut &str) -> Option<i64> {
    if take(rest, ".").is_none() {
        return Some(0);
    }
    let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    let (fraction, tail) = rest.split_at_checked(end)?;
    *rest = tail;
    let millis: String = fraction.chars().chain("00".chars()).take(3).collect();
    // Without a digit there are only the two zeros, which are no fraction.
    if fraction.is_empty() { None } else { millis.parse().ok() }
}

/// Takes the zone: minutes that it is ahead of UTC.
fn zone(rest: &mut &str) -> Option<i64> {
    if take(rest, "Zz").is_some() {
        return Some(0);
    }
    let sign = if take(rest, "+").is_some() { 1 } else { take(rest, "-").map(|()| -1)? };
    let hours = digits(rest, 2)?;
    let minutes = take(rest, ":").and_then(|()| digits(rest, 2))?;
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// Days from 1970-01-01 to a day of the proleptic Gregorian calendar; of a day that its month does not have,
/// some other day. The inverse of [`civil_from_days`].
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of the proleptic Gregorian calendar, `days` after 1970-01-01.
///
/// Counts in eras of 400 years (146 097 days) and years that begin in March, so that the leap day is the
/// last of its year.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(millis: i64, expect: &str) {
        assert_eq!(Timestamp::from_millis(millis).to_string(), expect);
    }

    #[test]
    fn prints_rfc_3339() {
        check(0, "1970-01-01T00:00:00.000Z");
        check(951_782_400_000, "2000-02-29T00:00:00.000Z");
        check(1_735_689_599_999, "2024-12-31T23:59:59.999Z");
        check(4_107_542_400_000, "2100-03-01T00:00:00.000Z");
        check(-1, "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn reads_what_it_prints_and_any_zone() {
        for millis in
            [0, 951_782_400_000, 1_735_689_599_999, 4_107_542_400_000, -1, -62_000_000_000_000]
        {
            let time = Timestamp::from_millis(millis);
            assert_eq!(Timestamp::parse(&time.to_string()), Ok(time));
        }
        let noon = Timestamp::parse("2026-10-31T12:00:00Z");
        for text in [
            "2026-10-31t12:00:00z",
            "2026-10-31 12:00:00.000999Z",
            "2026-10-31T13:00:00+01:00",
            "2026-10-31T06:30:00.0-05:30",
            "2026-11-01T11:59:00+23:59",
        ] {
            assert_eq!(Timestamp::parse(text), noon, "{text}");
        }
        let tenths = Timestamp::parse("2026-10-31T12:00:00.5Z").unwrap();
        assert_eq!(tenths.as_millis() - noon.unwrap().as_millis(), 500);
    }

    #[test]
    fn a_leap_second_is_the_second_after_it_and_only_at_midnight() {
        let after = Timestamp::parse("2017-01-01T00:00:00Z");
        assert_eq!(Timestamp::parse("2016-12-31T23:59:60Z"), after);
        assert_eq!(Timestamp::parse("2017-01-01T00:59:60+01:00"), after);
        assert_eq!(Timestamp::parse("2016-12-31T22:59:60Z"), Err(InvalidTime));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "now",
            "2026-10-31",
            "2026-10-31T12:00:00",
            "2026-10-31T12:00Z",
            "2026-02-29T12:00:00Z",
            "2026-13-01T12:00:00Z",
            "2026-00-10T12:00:00Z",
            "2026-10-00T12:00:00Z",
            "2026-10-31T24:00:00Z",
            "2026-10-31T12:60:00Z",
            "2026-10-31T12:00:61Z",
            "2026-10-31T12:00:00.Z",
            "2026-10-31T12:00:00Z ",
            "2026-10-31T12:00:00+1:00",
            "2026-10-31T12:00:00+24:00",
            "+026-10-31T12:00:00Z",
            "2026-1é-31T12:00:00Z",
            "２026-10-31T12:00:00Z",
        ] {
            assert_eq!(Timestamp::parse(text), Err(InvalidTime), "{text:?}");
        }
    }

    #[test]
    fn extreme_values_print_without_overflow() {
        let _ = Timestamp::from_millis(i64::MAX).to_string();
        let _ = Timestamp::from_millis(i64::MIN).to_string();
    }

    #[test]
    fn the_system_clock_is_cut_to_milliseconds() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_micros(1_999);
        assert_eq!(Timestamp::from(time).as_millis(), 1);
    }
}
