//! Byte ranges of a complete representation (RFC 9110 §14).
//!
//! One range is honoured. Several ranges in one request, other units and anything that does not
//! parse are ignored, as RFC 9110 §14.2 allows; the answer is then the whole representation.

/// What a `Range` header selects of a representation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Selection {
    /// Everything: there is no usable range.
    Whole,
    /// From the first byte position to the last, both inclusive.
    Part { first: u64, last: u64 },
    /// The range lies outside of the representation.
    Unsatisfiable,
}

/// What the value of a `Range` header selects of `length` bytes.
pub(crate) fn select(value: &str, length: u64) -> Selection {
    let Some(spec) = value.trim().strip_prefix("bytes=") else {
        return Selection::Whole;
    };
    let Some((first, last)) = spec.trim().split_once('-') else {
        return Selection::Whole;
    };
    match (position(first), position(last)) {
        (Position::Number(first), Position::Absent) => from(first, u64::MAX, length),
        (Position::Number(first), Position::Number(last)) if first <= last => {
            from(first, last, length)
        }
        (Position::Absent, Position::Number(suffix)) => {
            if suffix == 0 {
                Selection::Unsatisfiable
            } else {
                from(length.saturating_sub(suffix), u64::MAX, length)
            }
        }
        _ => Selection::Whole,
    }
}

fn from(first: u64, last: u64, length: u64) -> Selection {
    if first >= length {
        return Selection::Unsatisfiable;
    }
    Selection::Part { first, last: last.min(length - 1) }
}

enum Position {
    Absent,
    Number(u64),
    Bad,
}

/// A number that does not fit is as good as the largest one: it lies past every end.
fn position(text: &str) -> Position {
    if text.is_empty() {
        Position::Absent
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        Position::Number(text.parse().unwrap_or(u64::MAX))
    } else {
        Position::Bad
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expect: Selection) {
        assert_eq!(select(value, 1000), expect, "{value:?}");
    }

    #[test]
    fn one_range_is_honoured() {
        check("bytes=0-99", Selection::Part { first: 0, last: 99 });
        check("bytes=990-", Selection::Part { first: 990, last: 999 });
        check("bytes=-10", Selection::Part { first: 990, last: 999 });
        check("bytes=-5000", Selection::Part { first: 0, last: 999 });
        check("bytes=10-99999999999999999999999", Selection::Part { first: 10, last: 999 });
    }

    #[test]
    fn a_range_past_the_end_is_unsatisfiable() {
        check("bytes=1000-", Selection::Unsatisfiable);
        check("bytes=1000-2000", Selection::Unsatisfiable);
        check("bytes=-0", Selection::Unsatisfiable);
        assert_eq!(select("bytes=0-", 0), Selection::Unsatisfiable);
        assert_eq!(select("bytes=-1", 0), Selection::Unsatisfiable);
    }

    #[test]
    fn what_does_not_parse_is_ignored() {
        for value in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=9-1",
            "bytes=a-b",
            "bytes=0-1,5-6",
            "items=0-1",
            "bytes=+1-2",
            "bytes=0--1",
        ] {
            check(value, Selection::Whole);
        }
    }
}
