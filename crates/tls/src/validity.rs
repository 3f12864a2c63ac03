//! From when to when a certificate is good: the one thing of X.509 that nobody else tells us.
//!
//! ```text
//!  Certificate ── TBSCertificate ─┬─ [0] version (optional)
//!                                 ├─ serialNumber, signature, issuer
//!                                 └─ validity ─┬─ notBefore   UTCTime or GeneralizedTime, in UTC
//!                                              └─ notAfter
//! ```
//!
//! RFC 5280 §4.1, in DER (X.690). Verifies nothing: rustls does that with peers' certificates, and this one is ours.

use std::time::{Duration, SystemTime};

/// From when to when a certificate is good, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// Its first second.
    pub from: SystemTime,
    /// Its last second.
    pub until: SystemTime,
}

impl Validity {
    /// Of a certificate in DER. `None` if it cannot be read.
    pub(crate) fn of_certificate(der: &[u8]) -> Option<Self> {
        let (certificate, _) = open(der, SEQUENCE)?;
        let (mut rest, _) = open(certificate, SEQUENCE)?;
        if rest.first() == Some(&VERSION) {
            (_, rest) = next(rest)?;
        }
        for _of in ["serialNumber", "signature", "issuer"] {
            (_, rest) = next(rest)?;
        }
        let (validity, _) = open(rest, SEQUENCE)?;
        let (from, rest) = next(validity)?;
        let (until, _) = next(rest)?;
        Some(Self { from: time(&from)?, until: time(&until)? })
    }
}

const SEQUENCE: u8 = 0x30;
/// `[0]`, constructed.
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// A tag and what it is of. Tags above 30 do not occur here.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
}

/// The content of the first element, which must have this tag, and what follows it.
fn open(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (element, rest) = next(der)?;
    (element.tag == tag).then_some((element.content, rest))
}

/// The first element, and what follows it.
fn next(der: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // Four bytes of length are 4 GiB, more than any file that is read here.
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((Element { tag, content }, rest))
}

/// `YYMMDDHHMMSSZ`, of the years 1950 to 2049, or `YYYYMMDDHHMMSSZ` (RFC 5280 §4.1.2.5).
fn time(element: &Element<'_>) -> Option<SystemTime> {
    let text = std::str::from_utf8(element.content).ok()?.strip_suffix('Z')?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = match element.tag {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let year: i64 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let field = |index: usize| rest.get(2 * index..2 * index + 2)?.parse::<i64>().ok();
    let (month, day) = (field(0)?, field(1)?);
    if rest.len() != 10 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let seconds =
        days_from_civil(year, month, day) * 86_400 + field(2)? * 3600 + field(3)? * 60 + field(4)?;
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    }
}

/// Days from 1970-01-01 to a day of the Gregorian calendar. Years begin in March here, so that the leap day is a
/// year's last.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn check(tag: u8, text: &str, expect: Option<i64>) {
        let told = time(&Element { tag, content: text.as_bytes() }).map(|time| {
            let after = time.duration_since(SystemTime::UNIX_EPOCH);
            after.map_or_else(|before| -seconds(before.duration()), seconds)
        });
        assert_eq!(told, expect, "{text}");
    }

    fn seconds(duration: Duration) -> i64 {
        duration.as_secs().try_into().unwrap()
    }

    #[test]
    fn times_are_those_of_the_standard() {
        check(UTC_TIME, "700101000000Z", Some(0));
        check(UTC_TIME, "000229120000Z", Some(951_825_600));
        check(UTC_TIME, "491231235959Z", Some(2_524_607_999));
        check(UTC_TIME, "500101000000Z", Some(-631_152_000));
        check(GENERALIZED_TIME, "20500101000000Z", Some(2_524_608_000));
        check(GENERALIZED_TIME, "99991231235959Z", Some(253_402_300_799));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in ["", "Z", "7001010000Z", "700101000000", "701301000000Z", "70010100000-Z"] {
            check(UTC_TIME, text, None);
        }
        check(GENERALIZED_TIME, "700101000000Z", None);
        check(SEQUENCE, "700101000000Z", None);
    }

    fn certificate() -> Vec<u8> {
        let mut params = CertificateParams::new(["a.example".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2026, 2, 28);
        params.not_after = date_time_ymd(2051, 3, 1);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn a_certificate_tells_both_times() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let expect = Validity { from: at(1_772_236_800), until: at(2_561_241_600) };
        assert_eq!(Validity::of_certificate(&certificate()), Some(expect));
    }

    #[test]
    fn a_certificate_that_is_cut_off_or_changed_is_no_panic() {
        let whole = certificate();
        for length in 0..whole.len() {
            // Behind its validity a certificate may be cut off as far as this is concerned, but its outer
            // lengths are wrong then.
            assert_eq!(Validity::of_certificate(&whole[..length]), None, "{length}");
        }
        for position in 0..whole.len() {
            for value in [0, 0x7f, 0x80, 0x84, 0xff] {
                let mut changed = whole.clone();
                changed[position] = value;
                let _ = Validity::of_certificate(&changed);
            }
        }
    }
}
