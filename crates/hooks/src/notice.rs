//! What is told: something that happened, and who wants to know.

use std::fmt;
use std::str::FromStr;

use genlock_store::{EventId, HookDeliveryId, Timestamp};
use serde_json::{Value, json};

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The event that it is about.
    pub event: EventId,
    /// What, in two words: `camera.live`.
    pub kind: &'static str,
    /// When.
    pub at: Timestamp,
    /// The particulars, an object.
    pub data: Value,
}

impl Notice {
    /// The body of its delivery with this id and place.
    #[must_use]
    pub fn body(&self, id: &HookDeliveryId, sequence: u64) -> String {
        json!({
            "id": id.as_str(),
            "type": self.kind,
            "event_id": self.event.as_str(),
            "sequence": sequence,
            "occurred_at": self.at.to_string(),
            "data": self.data,
        })
        .to_string()
    }
}

/// Which kinds of notices a target wants: `camera.live`, `camera.*` or `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindFilter {
    subject: String,
    /// `None` for all of the subject.
    action: Option<String>,
}

/// A text that is no filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a kind such as camera.live, camera.* or *")]
pub struct InvalidFilter;

impl KindFilter {
    /// Whether it lets `kind` through.
    #[must_use]
    pub fn wants(&self, kind: &str) -> bool {
        let (subject, action) = kind.split_once('.').unwrap_or((kind, ""));
        (self.subject == "*" || self.subject == subject)
            && self.action.as_deref().is_none_or(|wanted| wanted == action)
    }
}

impl fmt::Display for KindFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&*self.subject, &self.action) {
            ("*", _) => f.write_str("*"),
            (subject, None) => write!(f, "{subject}.*"),
            (subject, Some(action)) => write!(f, "{subject}.{action}"),
        }
    }
}

impl FromStr for KindFilter {
    type Err = InvalidFilter;

    fn from_str(text: &str) -> Result<Self, InvalidFilter> {
        let is_word = |word: &str| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        };
        match text.split_once('.') {
            None if text == "*" => Ok(Self { subject: "*".to_owned(), action: None }),
            Some((subject, "*")) if is_word(subject) => {
                Ok(Self { subject: subject.to_owned(), action: None })
            }
            Some((subject, action)) if is_word(subject) && is_word(action) => {
                Ok(Self { subject: subject.to_owned(), action: Some(action.to_owned()) })
            }
            _ => Err(InvalidFilter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_says_what_happened_where_and_in_which_order() {
        let notice = Notice {
            event: EventId::parse("ev").unwrap(),
            kind: "camera.live",
            at: Timestamp::from_millis(0),
            data: json!({ "camera_id": "a" }),
        };
        let body = notice.body(&HookDeliveryId::parse("d1").unwrap(), 7);
        let expect = json!({
            "id": "d1", "type": "camera.live", "event_id": "ev", "sequence": 7,
            "occurred_at": "1970-01-01T00:00:00.000Z", "data": { "camera_id": "a" },
        });
        assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), expect);
    }

    #[test]
    fn filters_go_by_subject_and_action() {
        let wants = |filter: &str, kind| filter.parse::<KindFilter>().unwrap().wants(kind);
        assert!(wants("*", "camera.live"));
        assert!(wants("camera.*", "camera.live"));
        assert!(wants("camera.live", "camera.live"));
        assert!(!wants("camera.live", "camera.offline"));
        assert!(!wants("take.*", "camera.live"));
        for text in ["*", "camera.*", "camera.live"] {
            assert_eq!(text.parse::<KindFilter>().unwrap().to_string(), text);
        }
        for text in ["", "camera", "*.live", "camera.", ".live", "Camera.live", "a.b.c"] {
            assert_eq!(text.parse::<KindFilter>(), Err(InvalidFilter), "{text}");
        }
    }
}
