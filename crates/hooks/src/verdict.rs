//! What a back end's answer means, by nginx-rtmp's rules.

use std::fmt;

/// What becomes of a publisher.
#[derive(Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may publish.
    Allow,
    /// It may, as the camera with this stream key.
    Rename(String),
    /// It may not.
    Refuse(Refused),
}

/// Why it may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The back end does not know the name.
    Unknown,
    /// The back end says no.
    Denied,
    /// The back end gave no answer that can be used, and nobody may publish without one.
    NoAnswer,
}

impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allow => f.write_str("Allow"),
            Self::Rename(_) => f.write_str("Rename(***)"),
            Self::Refuse(why) => write!(f, "Refuse({why:?})"),
        }
    }
}

/// What the answer to `on_publish` means; `None` if the back end itself is at fault (5xx) and has decided
/// nothing.
///
/// 2xx allows. 3xx renames to the last segment of `Location`'s path; without one it allows, as in nginx-rtmp.
/// 404 is a name that nobody knows; everything else refuses.
#[must_use]
pub fn of_publish(status: u16, location: Option<&str>) -> Option<Verdict> {
    match status {
        200..=299 => Some(Verdict::Allow),
        300..=399 => Some(match location.and_then(last_segment) {
            Some(name) => Verdict::Rename(name.to_owned()),
            None => Verdict::Allow,
        }),
        404 => Some(Verdict::Refuse(Refused::Unknown)),
        500..=599 => None,
        _ => Some(Verdict::Refuse(Refused::Denied)),
    }
}

/// Whether the answer to `on_update` lets the publisher go on; `None` if the back end itself is at fault.
/// 3xx does unless `strict`.
#[must_use]
pub const fn of_update(status: u16, strict: bool) -> Option<bool> {
    match status {
        200..=299 => Some(true),
        300..=399 => Some(!strict),
        500..=599 => None,
        _ => Some(false),
    }
}

/// Of a name, a path, or a URL with both; without its query.
fn last_segment(location: &str) -> Option<&str> {
    let path = location.split(['?', '#']).next().unwrap_or_default();
    let path =
        path.split_once("://").map_or(Some(path), |(_, rest)| rest.split_once('/').map(|s| s.1))?;
    path.trim_end_matches('/').rsplit('/').next().filter(|segment| !segment.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_mean_what_they_mean_to_nginx_rtmp() {
        let check =
            |status, location, expect| assert_eq!(of_publish(status, location), expect, "{status}");
        check(200, None, Some(Verdict::Allow));
        check(204, None, Some(Verdict::Allow));
        check(302, None, Some(Verdict::Allow));
        check(302, Some("other"), Some(Verdict::Rename("other".to_owned())));
        check(401, None, Some(Verdict::Refuse(Refused::Denied)));
        check(403, Some("other"), Some(Verdict::Refuse(Refused::Denied)));
        check(404, None, Some(Verdict::Refuse(Refused::Unknown)));
        check(101, None, Some(Verdict::Refuse(Refused::Denied)));
        check(502, None, None);
    }

    #[test]
    fn a_location_names_its_last_segment() {
        let check = |text, expect| assert_eq!(last_segment(text), expect, "{text}");
        check("key", Some("key"));
        check("/live/key/", Some("key"));
        check("rtmp://127.0.0.1/live/key?x=/y", Some("key"));
        check("http://host", None);
        check("http://host/", None);
        check("/", None);
        check("", None);
    }

    #[test]
    fn an_update_goes_on_unless_it_is_refused() {
        assert_eq!(of_update(200, true), Some(true));
        assert_eq!((of_update(302, false), of_update(302, true)), (Some(true), Some(false)));
        assert_eq!((of_update(404, false), of_update(500, false)), (Some(false), None));
    }

    #[test]
    fn a_new_name_does_not_print() {
        assert_eq!(format!("{:?}", Verdict::Rename("hunter2".to_owned())), "Rename(***)");
    }
}
