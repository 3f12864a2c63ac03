//! An event's policy: how it is changed and how it is shown.

use std::fmt::Display;
use std::ops::RangeInclusive;

use genlock_store::limits::{
    AUTO_WAIT_MS_MAX, FAILOVER_AFTER_MS_MAX, FAILOVER_AFTER_MS_MIN, FAILOVER_PAUSE_MS_MAX,
    FLAP_CHANGES_MAX, FLAP_WINDOW_MS_MAX, FLAP_WINDOW_MS_MIN, LOOKAHEAD_MS_MAX,
    REVERT_AFTER_MS_MAX, REVERT_AFTER_MS_MIN, SLATE_AFTER_MS_MAX,
};
use genlock_store::{AudioSource, EventPolicy, PlaylistDialect, PolicyPatch, RecordingPolicy};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::extract::{integer, nullable_integer, nullable_object, present, present_integer};
use crate::live::CutStyle;
use crate::problem::Problem;

/// What the programme does by itself and how it cuts; what is left out stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyChange {
    /// How a take that names no style is cut.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    cut_style: Option<CutStyle>,
    /// Longest wait, in milliseconds, for which `auto` cuts clean.
    #[serde(default, deserialize_with = "present_integer")]
    #[schema(nullable = false, maximum = 10000, example = 1000)]
    auto_wait_ms: Option<u32>,
    /// How far the programme runs behind its cameras, in milliseconds; viewers see all of it later.
    #[serde(default, deserialize_with = "present_integer")]
    #[schema(nullable = false, maximum = 10000, example = 0)]
    lookahead_ms: Option<u32>,
    /// Where the sound comes from: `follow` for the camera on air, or the id of one camera of the event.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, pattern = "^[A-Za-z0-9_-]{1,64}$", example = "follow")]
    audio_source: Option<String>,
    /// Longest time without a picture from the camera on air, in milliseconds; then the next live
    /// camera by priority takes over.
    #[serde(default, deserialize_with = "present_integer")]
    #[schema(nullable = false, minimum = 200, maximum = 30000, example = 900)]
    failover_after_ms: Option<u32>,
    /// How long a lost camera may still come back before another takes over, in milliseconds.
    #[serde(default, deserialize_with = "present_integer")]
    #[schema(nullable = false, maximum = 30000, example = 0)]
    failover_grace_ms: Option<u32>,
    /// How long a camera stays on air before the programme leaves it by itself, in milliseconds.
    #[serde(default, deserialize_with = "present_integer")]
    #[schema(nullable = false, maximum = 30000, example = 1000)]
    on_air_min_ms: Option<u32>,
    /// How many changes the programme may make by itself before it locks itself; `null` for any number.
    #[serde(default, deserialize_with = "nullable_object")]
    #[schema(value_type = Option<FlapLimit>)]
    flap_limit: Option<Option<FlapLimit>>,
    /// How long the camera that was chosen must have been well before it goes on air again by itself, in
    /// milliseconds; `null` for never.
    #[serde(default, deserialize_with = "nullable_integer")]
    #[schema(value_type = Option<u32>, minimum = 1000, maximum = 3600000, example = 10000)]
    revert_after_ms: Option<Option<u32>>,
    /// How long the picture stands without a camera before the slate is shown, in milliseconds.
    #[serde(default, deserialize_with = "present_integer")]
    #[schema(nullable = false, maximum = 3600000, example = 3000)]
    slate_after_ms: Option<u32>,
    /// What the playlist speaks whose URL names no dialect.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    dialect: Option<Dialect>,
    /// What is recorded.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    recording: Option<Recorded>,
    /// Whether viewers' pages offer the cameras beside the programme. Who may watch a camera is not decided by this.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    viewer_angles: Option<bool>,
    /// Whether viewers may watch the programme again when the event has ended.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    viewer_recording: Option<bool>,
}

/// What the programme of an event does by itself, and how it cuts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Policy)]
pub(crate) struct PolicyView {
    /// How a take that names no style is cut.
    cut_style: CutStyle,
    /// Longest wait, in milliseconds, for which `auto` cuts clean.
    #[schema(example = 1000)]
    auto_wait_ms: u32,
    /// How far the programme runs behind its cameras, in milliseconds.
    #[schema(example = 0)]
    lookahead_ms: u32,
    /// Where the sound comes from: `follow` for the camera on air, or the id of one camera of the event.
    #[schema(example = "follow")]
    audio_source: String,
    /// Longest time without a picture from the camera on air, in milliseconds.
    #[schema(example = 900)]
    failover_after_ms: u32,
    /// How long a lost camera may still come back before another takes over, in milliseconds.
    #[schema(example = 0)]
    failover_grace_ms: u32,
    /// How long a camera stays on air before the programme leaves it by itself, in milliseconds.
    #[schema(example = 1000)]
    on_air_min_ms: u32,
    /// How many changes the programme may make by itself before it locks itself, `null` for any number.
    flap_limit: Option<FlapLimit>,
    /// How long the camera that was chosen must have been well before it goes on air again by itself, in
    /// milliseconds; `null` for never.
    #[schema(example = 10000)]
    revert_after_ms: Option<u32>,
    /// How long the picture stands without a camera before the slate is shown, in milliseconds.
    #[schema(example = 3000)]
    slate_after_ms: u32,
    /// What the playlist speaks whose URL names no dialect.
    dialect: Dialect,
    /// What is recorded.
    recording: Recorded,
    /// Whether viewers' pages offer the cameras beside the programme.
    viewer_angles: bool,
    /// Whether viewers may watch the programme again when the event has ended.
    viewer_recording: bool,
}

/// How many changes the programme may make by itself before it locks itself.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FlapLimit {
    /// The change with this number, within the window, locks.
    #[schema(minimum = 1, maximum = 1000, example = 10)]
    #[serde(deserialize_with = "integer")]
    changes: u32,
    /// How long a change counts, in milliseconds.
    #[schema(minimum = 1000, maximum = 3600000, example = 60000)]
    #[serde(deserialize_with = "integer")]
    window_ms: u32,
}

/// How a playlist tells of changed parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Dialect {
    /// By a discontinuity wherever the standard asks for one: for any player.
    Strict,
    /// By the parameter sets in the stream, where a player can go on without a discontinuity.
    Seamless,
}

/// What of an event is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Recorded {
    /// Nothing.
    Off,
    /// The programme.
    Program,
    /// The programme and every camera.
    All,
}

impl PolicyChange {
    /// The change, if every value is legal. Whether a camera exists is for the store to say.
    pub(crate) fn check(self) -> Result<PolicyPatch, Problem> {
        let after = FAILOVER_AFTER_MS_MIN..=FAILOVER_AFTER_MS_MAX;
        let pause = 0..=FAILOVER_PAUSE_MS_MAX;
        let revert = REVERT_AFTER_MS_MIN..=REVERT_AFTER_MS_MAX;
        let revert_after_ms = self.revert_after_ms.map(|ms| within("revert_after_ms", revert, ms));
        let flap_limit = self.flap_limit.map(|limit| limit.map(FlapLimit::check).transpose());
        let audio_source = self.audio_source.as_deref().map(AudioSource::parse).transpose();
        Ok(PolicyPatch {
            cut_style: self.cut_style.map(Into::into),
            auto_wait_ms: within("auto_wait_ms", 0..=AUTO_WAIT_MS_MAX, self.auto_wait_ms)?,
            lookahead_ms: within("lookahead_ms", 0..=LOOKAHEAD_MS_MAX, self.lookahead_ms)?,
            audio_source: audio_source.map_err(|why| invalid("audio_source", why))?,
            failover_after_ms: within("failover_after_ms", after, self.failover_after_ms)?,
            failover_grace_ms: within("failover_grace_ms", pause.clone(), self.failover_grace_ms)?,
            on_air_min_ms: within("on_air_min_ms", pause, self.on_air_min_ms)?,
            flap_limit: flap_limit.transpose()?,
            revert_after_ms: revert_after_ms.transpose()?,
            slate_after_ms: within("slate_after_ms", 0..=SLATE_AFTER_MS_MAX, self.slate_after_ms)?,
            dialect: self.dialect.map(Into::into),
            recording: self.recording.map(Into::into),
            viewer_angles: self.viewer_angles,
            viewer_recording: self.viewer_recording,
        })
    }
}

impl From<&EventPolicy> for PolicyView {
    fn from(policy: &EventPolicy) -> Self {
        Self {
            cut_style: policy.cut_style.into(),
            auto_wait_ms: policy.auto_wait_ms,
            lookahead_ms: policy.lookahead_ms,
            audio_source: policy.audio_source.to_string(),
            failover_after_ms: policy.failover_after_ms,
            failover_grace_ms: policy.failover_grace_ms,
            on_air_min_ms: policy.on_air_min_ms,
            flap_limit: policy.flap_limit.map(Into::into),
            revert_after_ms: policy.revert_after_ms,
            slate_after_ms: policy.slate_after_ms,
            dialect: policy.dialect.into(),
            recording: policy.recording.into(),
            viewer_angles: policy.viewer_angles,
            viewer_recording: policy.viewer_recording,
        }
    }
}

impl FlapLimit {
    fn check(self) -> Result<genlock_store::FlapLimit, Problem> {
        let Self { changes, window_ms } = self;
        if !(1..=FLAP_CHANGES_MAX).contains(&changes) {
            let why = format!("it is 1 to {FLAP_CHANGES_MAX}");
            return Err(invalid("flap_limit.changes", why));
        }
        let legal = FLAP_WINDOW_MS_MIN..=FLAP_WINDOW_MS_MAX;
        within("flap_limit.window_ms", legal, Some(window_ms))?;
        Ok(genlock_store::FlapLimit { changes, window_ms })
    }
}

impl From<genlock_store::FlapLimit> for FlapLimit {
    fn from(limit: genlock_store::FlapLimit) -> Self {
        Self { changes: limit.changes, window_ms: limit.window_ms }
    }
}

/// The problem of a policy's field that has an illegal value.
pub(crate) fn invalid(field: &str, why: impl Display) -> Problem {
    Problem::invalid(&format!("policy.{field}"), why)
}

fn within(
    field: &str,
    legal: RangeInclusive<u32>,
    millis: Option<u32>,
) -> Result<Option<u32>, Problem> {
    match millis {
        Some(millis) if !legal.contains(&millis) => {
            Err(invalid(field, format!("it is {} to {} ms", legal.start(), legal.end())))
        }
        millis => Ok(millis),
    }
}

impl From<Dialect> for PlaylistDialect {
    fn from(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Strict => Self::Strict,
            Dialect::Seamless => Self::Seamless,
        }
    }
}

impl From<PlaylistDialect> for Dialect {
    fn from(dialect: PlaylistDialect) -> Self {
        match dialect {
            PlaylistDialect::Strict => Self::Strict,
            PlaylistDialect::Seamless => Self::Seamless,
        }
    }
}

impl From<Recorded> for RecordingPolicy {
    fn from(recorded: Recorded) -> Self {
        match recorded {
            Recorded::Off => Self::Off,
            Recorded::Program => Self::Program,
            Recorded::All => Self::All,
        }
    }
}

impl From<RecordingPolicy> for Recorded {
    fn from(recorded: RecordingPolicy) -> Self {
        match recorded {
            RecordingPolicy::Off => Self::Off,
            RecordingPolicy::Program => Self::Program,
            RecordingPolicy::All => Self::All,
        }
    }
}
