//! What both sides say about Enhanced RTMP in `connect` and its answer (E-RTMP v2, "Enhancing
//! NetConnection connect Command").
//!
//! This is an announcement, not a switch: FFmpeg sends HEVC, AV1 and Opus without announcing
//! anything, so a server takes enhanced tags from everybody.

use crate::amf0::{Object, Value};

/// `FourCcInfoMask.CanForward`: the bytes are carried without being decoded.
const CAN_FORWARD: u32 = 4;

/// Codecs and extensions that one side announces.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Capabilities {
    /// `fourCcList`: codecs as text, `*` for all (E-RTMP v1).
    pub four_cc_list: Vec<String>,
    /// `videoFourCcInfoMap`: video codec to a `FourCcInfoMask`.
    pub video: Vec<(String, u32)>,
    /// `audioFourCcInfoMap`: audio codec to a `FourCcInfoMask`.
    pub audio: Vec<(String, u32)>,
    /// `capsEx`: extensions.
    pub extensions: Extensions,
}

/// The bits of `capsEx`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions(pub u32);

impl Extensions {
    /// Understands a request to reconnect.
    pub const RECONNECT: Self = Self(1);
    /// Understands multitrack messages.
    pub const MULTITRACK: Self = Self(2);
    /// Understands ModEx prefixes.
    pub const MOD_EX: Self = Self(4);
    /// Understands nanosecond timestamp offsets.
    pub const TIMESTAMP_NANO_OFFSET: Self = Self(8);

    /// Whether all bits of `other` are set.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The bits of both.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Capabilities {
    /// What this crate does: forwards every codec, asks for reconnects, reads ModEx and nanosecond
    /// offsets.
    ///
    /// Multitrack messages are read too but not announced: that would invite tracks that nobody
    /// uses.
    #[must_use]
    pub fn forward_everything() -> Self {
        let any = || "*".to_owned();
        Self {
            four_cc_list: vec![any()],
            video: vec![(any(), CAN_FORWARD)],
            audio: vec![(any(), CAN_FORWARD)],
            extensions: Extensions::RECONNECT
                .union(Extensions::MOD_EX)
                .union(Extensions::TIMESTAMP_NANO_OFFSET),
        }
    }

    /// Whether anything at all is announced.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Reads what a command object announces. Properties of a wrong type are passed over.
    pub(crate) fn read(object: &Object) -> Self {
        let list = object.get("fourCcList").and_then(Value::as_array).unwrap_or_default();
        Self {
            four_cc_list: list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            video: read_info_map(object, "videoFourCcInfoMap"),
            audio: read_info_map(object, "audioFourCcInfoMap"),
            extensions: Extensions(
                object.get("capsEx").and_then(Value::as_u32).unwrap_or_default(),
            ),
        }
    }

    /// `object` with these announcements added.
    pub(crate) fn write(&self, mut object: Object) -> Object {
        if self.is_empty() {
            return object;
        }
        let list = self.four_cc_list.iter().map(|name| name.as_str().into()).collect();
        object.push("fourCcList".to_owned(), Value::StrictArray(list));
        object.push("videoFourCcInfoMap".to_owned(), info_map(&self.video));
        object.push("audioFourCcInfoMap".to_owned(), info_map(&self.audio));
        object.with("capsEx", f64::from(self.extensions.0))
    }
}

fn read_info_map(object: &Object, name: &str) -> Vec<(String, u32)> {
    let Some(map) = object.get(name).and_then(Value::as_object) else {
        return Vec::new();
    };
    let entries = map.iter().filter_map(|(codec, value)| Some((codec.to_owned(), value.as_u32()?)));
    entries.collect()
}

fn info_map(entries: &[(String, u32)]) -> Value {
    let entries = entries.iter().map(|(codec, bits)| (codec.clone(), f64::from(*bits).into()));
    Value::Object(entries.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announcements_survive_the_wire_form() {
        let capabilities = Capabilities {
            four_cc_list: vec!["hvc1".to_owned(), "Opus".to_owned()],
            video: vec![("hvc1".to_owned(), 7)],
            ..Capabilities::forward_everything()
        };
        assert_eq!(Capabilities::read(&capabilities.write(Object::new())), capabilities);
    }

    #[test]
    fn a_legacy_connect_announces_nothing() {
        let capabilities = Capabilities::read(&Object::new().with("app", "live"));
        assert!(capabilities.is_empty());
        assert_eq!(capabilities.write(Object::new()), Object::new());
    }

    #[test]
    fn nonsense_is_passed_over() {
        let object = Object::new().with("fourCcList", "hvc1").with("capsEx", -3.0);
        assert!(Capabilities::read(&object).is_empty());
    }
}
