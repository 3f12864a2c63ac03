//! Times in queries: a stretch of a recording, or a place in it.

use genlock_media::EventTime;
use genlock_recorder::{Clip, Timeline};
use genlock_store::Timestamp;
use utoipa::IntoParams;

use crate::problem::{Problem, ProblemCode};

/// Which stretch of a recording is wanted. Snapped to sync samples: it begins with the one at or before `from`.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "stands for parameters in the description only")]
pub(crate) struct StretchQuery {
    /// Its begin: seconds from the begin of the recording, or a time with date (RFC 3339). Default: the begin.
    #[param(required = false, example = "12.5")]
    from: String,
    /// Its end, likewise. Default: the end.
    #[param(required = false, example = "2026-12-24T18:00:00Z")]
    to: String,
}

/// Which place of a recording is wanted.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "stands for parameters in the description only")]
pub(crate) struct PlaceQuery {
    /// Seconds from the begin of the recording, or a time with date (RFC 3339). Default: the begin.
    #[param(required = false, example = "12.5")]
    at: String,
}

/// Reads `from` and `to`; `None` where nothing is recorded in between.
pub(super) fn stretch(query: Option<&str>, timeline: &Timeline) -> Result<Option<Clip>, Problem> {
    let (mut from, mut to) = (EventTime::from_micros(i64::MIN), EventTime::MAX);
    for (name, value) in pairs(query) {
        match name {
            "from" => from = time("from", value, timeline)?,
            "to" => to = time("to", value, timeline)?,
            _ => return Err(unknown(name, "`from` and `to`")),
        }
    }
    if to <= from {
        return Err(Problem::invalid("to", "it is behind `from`"));
    }
    Ok(Clip::between(timeline, from, to))
}

/// Reads `at`.
pub(super) fn place(query: Option<&str>, timeline: &Timeline) -> Result<EventTime, Problem> {
    let mut at = begin(timeline);
    for (name, value) in pairs(query) {
        match name {
            "at" => at = time("at", value, timeline)?,
            _ => return Err(unknown(name, "`at`")),
        }
    }
    Ok(at)
}

fn pairs(query: Option<&str>) -> impl Iterator<Item = (&str, &str)> {
    let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn unknown(name: &str, known: &str) -> Problem {
    let why = format!("the query knows only {known}");
    Problem::of_field(ProblemCode::UnknownField, name, why)
}

fn begin(timeline: &Timeline) -> EventTime {
    timeline.span().map_or(EventTime::ZERO, |(begin, _)| begin)
}

/// Seconds behind the begin, or a time with date, whose colons and plus signs may be percent-encoded.
pub(super) fn time(field: &str, text: &str, timeline: &Timeline) -> Result<EventTime, Problem> {
    let wrong = || {
        let why = "it is a number of seconds from the begin, or a time as in RFC 3339";
        Problem::invalid(field, why)
    };
    if let Some(micros) = seconds(text) {
        return Ok(EventTime::from_micros(begin(timeline).as_micros().saturating_add(micros)));
    }
    let plain =
        text.replace("%3A", ":").replace("%3a", ":").replace("%2B", "+").replace("%2b", "+");
    let at = Timestamp::parse(&plain).map_err(|_| wrong())?;
    let unix = at.as_millis().saturating_mul(1000);
    Ok(EventTime::from_micros(unix.saturating_sub(timeline.zero_unix_micros())))
}

/// `12` or `12.5` as microseconds.
fn seconds(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || whole.len() > 9 {
        return None;
    }
    let micros = format!("{part:0<6}");
    let micros: i64 = micros.get(..6)?.parse().ok()?;
    Some(whole.parse::<i64>().ok()? * 1_000_000 + micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_seconds_from_the_begin() {
        assert_eq!(seconds("12"), Some(12_000_000));
        assert_eq!(seconds("0.5"), Some(500_000));
        assert_eq!(seconds("1.23456789"), Some(1_234_567));
        for none in ["", ".", "-1", "1.", "1e3", "2026-12-24T18:00:00Z", "9999999999"] {
            assert_eq!(seconds(none), None, "{none:?}");
        }
    }

    #[test]
    fn a_time_with_date_may_be_encoded() {
        let timeline = Timeline::default();
        let plain = time("at", "1970-01-01T01:00:01+01:00", &timeline).unwrap();
        assert_eq!(plain, EventTime::from_millis(1000));
        let encoded = time("at", "1970-01-01T01%3A00%3A01%2b01%3a00", &timeline).unwrap();
        assert_eq!(encoded, plain);
        assert!(time("at", "noon", &timeline).is_err());
    }
}
