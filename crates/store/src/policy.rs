//! What the programme of an event does by itself, and how it cuts when nobody says how.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{AUDIO_FOLLOWS, CameraId, InvalidId};
use crate::switch::SwitchStyle;
use crate::unknown::UnknownFields;

/// The policy of an event as kept. A field that a document lacks has its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EventPolicy {
    /// How a take that names no style is cut.
    pub cut_style: SwitchStyle,
    /// Longest wait, in milliseconds, for which the style `auto` cuts `clean`; at most
    /// [`AUTO_WAIT_MS_MAX`](crate::limits::AUTO_WAIT_MS_MAX).
    pub auto_wait_ms: u32,
    /// How far the programme runs behind its cameras, in milliseconds; at most
    /// [`LOOKAHEAD_MS_MAX`](crate::limits::LOOKAHEAD_MS_MAX).
    pub lookahead_ms: u32,
    /// Where the programme's sound comes from.
    pub audio_source: AudioSource,
    /// Longest time without a picture from the camera on air, in milliseconds; then the next live camera by
    /// priority takes over. Between [`FAILOVER_AFTER_MS_MIN`](crate::limits::FAILOVER_AFTER_MS_MIN) and
    /// [`FAILOVER_AFTER_MS_MAX`](crate::limits::FAILOVER_AFTER_MS_MAX).
    pub failover_after_ms: u32,
    /// How long a lost camera may still come back before another takes over, in milliseconds; at most
    /// [`FAILOVER_PAUSE_MS_MAX`](crate::limits::FAILOVER_PAUSE_MS_MAX).
    pub failover_grace_ms: u32,
    /// How long a camera stays on air before the programme leaves it by itself, in milliseconds; at most
    /// [`FAILOVER_PAUSE_MS_MAX`](crate::limits::FAILOVER_PAUSE_MS_MAX).
    pub on_air_min_ms: u32,
    /// How many changes the programme may make by itself before it locks itself; `None` for any number.
    pub flap_limit: Option<FlapLimit>,
    /// How long the chosen camera must have been well before it is taken back, in milliseconds; `None` for
    /// never. Between [`REVERT_AFTER_MS_MIN`](crate::limits::REVERT_AFTER_MS_MIN) and
    /// [`REVERT_AFTER_MS_MAX`](crate::limits::REVERT_AFTER_MS_MAX).
    pub revert_after_ms: Option<u32>,
    /// How long the picture stands without a camera before the slate is shown, in milliseconds; at most
    /// [`SLATE_AFTER_MS_MAX`](crate::limits::SLATE_AFTER_MS_MAX).
    pub slate_after_ms: u32,
    /// What the playlist without a `dialect` in its URL speaks.
    pub dialect: PlaylistDialect,
    /// What is recorded.
    pub recording: RecordingPolicy,
    /// Whether viewers' pages offer the cameras beside the programme.
    pub viewer_angles: bool,
    /// Whether viewers may watch the programme again when the event has ended.
    pub viewer_recording: bool,
    /// What else the document has.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl Default for EventPolicy {
    /// `auto` up to one second, no lookahead, sound with the picture, strict playlists; everything recorded, and the
    /// programme shown again to those who may watch it, but no camera beside it. A failover after
    /// 900 ms: what a player that holds back three parts of 500 ms does not notice, with room for the takeover;
    /// at once then, from a camera that has been on air for a second, ten times a minute, and not back. The
    /// slate after three seconds.
    fn default() -> Self {
        Self {
            cut_style: SwitchStyle::Auto,
            auto_wait_ms: 1000,
            lookahead_ms: 0,
            audio_source: AudioSource::Follow,
            failover_after_ms: 900,
            failover_grace_ms: 0,
            on_air_min_ms: 1000,
            flap_limit: Some(FlapLimit { changes: 10, window_ms: 60_000 }),
            revert_after_ms: None,
            slate_after_ms: 3000,
            dialect: PlaylistDialect::Strict,
            recording: RecordingPolicy::All,
            viewer_angles: false,
            viewer_recording: true,
            unknown: UnknownFields::default(),
        }
    }
}

/// How many changes the programme may make by itself before it locks itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlapLimit {
    /// The change with this number, within the window, locks. 1 to
    /// [`FLAP_CHANGES_MAX`](crate::limits::FLAP_CHANGES_MAX).
    pub changes: u32,
    /// How long a change counts, in milliseconds. Between
    /// [`FLAP_WINDOW_MS_MIN`](crate::limits::FLAP_WINDOW_MS_MIN) and
    /// [`FLAP_WINDOW_MS_MAX`](crate::limits::FLAP_WINDOW_MS_MAX).
    pub window_ms: u32,
}

/// A change of a policy: `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PolicyPatch {
    /// New style of takes that name none.
    pub cut_style: Option<SwitchStyle>,
    /// New longest wait of `auto`, in milliseconds.
    pub auto_wait_ms: Option<u32>,
    /// New lookahead, in milliseconds.
    pub lookahead_ms: Option<u32>,
    /// New source of the sound.
    pub audio_source: Option<AudioSource>,
    /// New limit of silence before the failover, in milliseconds.
    pub failover_after_ms: Option<u32>,
    /// New grace of a lost camera, in milliseconds.
    pub failover_grace_ms: Option<u32>,
    /// New time that a camera stays on air, in milliseconds.
    pub on_air_min_ms: Option<u32>,
    /// New limit of automatic changes, `Some(None)` for none.
    pub flap_limit: Option<Option<FlapLimit>>,
    /// New time before the chosen camera is taken back, in milliseconds; `Some(None)` for never.
    pub revert_after_ms: Option<Option<u32>>,
    /// New time before the slate, in milliseconds.
    pub slate_after_ms: Option<u32>,
    /// New dialect of the default playlist.
    pub dialect: Option<PlaylistDialect>,
    /// New choice of what is recorded.
    pub recording: Option<RecordingPolicy>,
    /// New choice of whether viewers are offered the cameras.
    pub viewer_angles: Option<bool>,
    /// New choice of whether viewers may watch the programme again.
    pub viewer_recording: Option<bool>,
}

impl PolicyPatch {
    /// Applies the change.
    pub fn apply(self, policy: &mut EventPolicy) {
        let Self {
            cut_style,
            auto_wait_ms,
            lookahead_ms,
            audio_source,
            failover_after_ms,
            failover_grace_ms,
            on_air_min_ms,
            flap_limit,
            revert_after_ms,
            slate_after_ms,
            dialect,
            recording,
            viewer_angles,
            viewer_recording,
        } = self;
        set(&mut policy.cut_style, cut_style);
        set(&mut policy.auto_wait_ms, auto_wait_ms);
        set(&mut policy.lookahead_ms, lookahead_ms);
        set(&mut policy.audio_source, audio_source);
        set(&mut policy.failover_after_ms, failover_after_ms);
        set(&mut policy.failover_grace_ms, failover_grace_ms);
        set(&mut policy.on_air_min_ms, on_air_min_ms);
        set(&mut policy.flap_limit, flap_limit);
        set(&mut policy.revert_after_ms, revert_after_ms);
        set(&mut policy.slate_after_ms, slate_after_ms);
        set(&mut policy.dialect, dialect);
        set(&mut policy.recording, recording);
        set(&mut policy.viewer_angles, viewer_angles);
        set(&mut policy.viewer_recording, viewer_recording);
    }
}

/// Replaces a field, where there is something to replace it with.
fn set<T>(field: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *field = new;
    }
}

/// Where the programme's sound comes from. As text `follow`, or the camera's id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum AudioSource {
    /// From the camera on air.
    #[default]
    Follow,
    /// From one camera, whichever is on air.
    Camera(CameraId),
}

impl AudioSource {
    /// Reads `follow`, or a camera's id.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        match text {
            AUDIO_FOLLOWS => Ok(Self::Follow),
            id => CameraId::parse(id).map(Self::Camera),
        }
    }
}

impl fmt::Display for AudioSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Follow => f.write_str(AUDIO_FOLLOWS),
            Self::Camera(id) => id.fmt(f),
        }
    }
}

impl TryFrom<String> for AudioSource {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

impl From<AudioSource> for String {
    fn from(source: AudioSource) -> Self {
        source.to_string()
    }
}

/// How a playlist tells of changed parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaylistDialect {
    /// By a discontinuity wherever the standard asks for one.
    #[default]
    Strict,
    /// By the parameter sets in the stream, where a player can go on without a discontinuity.
    Seamless,
}

/// What of an event is recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingPolicy {
    /// Nothing.
    Off,
    /// The programme.
    Program,
    /// The programme and every camera.
    #[default]
    All,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_document_opens_with_defaults() {
        let policy: EventPolicy = serde_json::from_str(r#"{"failover_after_ms":2000}"#).unwrap();
        assert_eq!(policy, EventPolicy { failover_after_ms: 2000, ..EventPolicy::default() });
    }

    #[test]
    fn a_later_builds_fields_survive_a_change() {
        let later = r#"{"cut_style":"clean","wipe_ms":40,"easing":{"kind":"cubic"}}"#;
        let mut policy: EventPolicy = serde_json::from_str(later).unwrap();
        PolicyPatch { auto_wait_ms: Some(1), ..PolicyPatch::default() }.apply(&mut policy);
        let kept = serde_json::to_value(&policy).unwrap();
        assert_eq!(kept["wipe_ms"], 40);
        assert_eq!(kept["easing"]["kind"], "cubic");
        assert_eq!(kept["auto_wait_ms"], 1);
        assert_eq!(kept["cut_style"], "clean");
    }

    #[test]
    fn a_source_of_sound_is_follow_or_a_camera() {
        let desk = AudioSource::Camera(CameraId::parse("desk").unwrap());
        for (text, source) in [("follow", AudioSource::Follow), ("desk", desk)] {
            assert_eq!(AudioSource::parse(text), Ok(source.clone()));
            assert_eq!(source.to_string(), text);
        }
        assert_eq!(AudioSource::parse("a b"), Err(InvalidId::Character));
        assert_eq!(AudioSource::parse("program"), Err(InvalidId::Reserved));
    }
}
