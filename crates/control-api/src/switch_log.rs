//! `/api/events/{event}/switches`: the switch log, with each cut's ledger.
//!
//! The log is written by the running system when a cut has happened or come to nothing, not here: failovers
//! are in it too, and a take may still be replaced by the next one.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use genlock_store::limits::SWITCH_PAGE_MAX;
use genlock_store::{LoggedSwitch, SwitchOutcome, SwitchPage, SwitchReason, SwitchSeq, Timestamp};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::events;
use crate::limits::SWITCH_PAGE_DEFAULT;
use crate::live::{CutStyle, Discontinuity};
use crate::paths::EventPath;
use crate::problem::Problem;
use crate::query;
use crate::state::Shared;
use crate::time::{rfc3339, rfc3339_option};

/// A page of the switch log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SwitchLog {
    /// Newest first.
    items: Vec<SwitchView>,
    /// What `before` must be to get the next page, `null` if this one was not full.
    #[schema(example = 42)]
    next_before: Option<u64>,
}

/// An entry of the switch log: a cut, or one that came to nothing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Switch)]
pub(crate) struct SwitchView {
    /// Place in the log.
    #[schema(example = 42)]
    seq: u64,
    /// The camera that was on air, `null` if there was none.
    #[schema(example = "mhd7qpa3vtyek5x2")]
    from_camera_id: Option<String>,
    /// The camera that is on air since, or should have been; `null` for the slate.
    #[schema(example = "k5x2mhd7qpa3vtye")]
    to_camera_id: Option<String>,
    /// When the take was accepted, or decided by the programme itself.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    requested_at: Timestamp,
    /// When the first picture of the new camera was due, `null` unless the cut was made.
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    switched_at: Option<Timestamp>,
    /// What became of it.
    outcome: Outcome,
    /// How it was cut, or was to be cut.
    style: CutStyle,
    /// From the request to the cut, or to its end without one, in milliseconds.
    wait_ms: u32,
    /// What the cut cost in the playlists.
    discontinuity: Discontinuity,
    /// Who asked for it.
    asked_by: AskedBy,
    /// Why it was asked for.
    reason: Cause,
    /// The scheduled take that it was, `null` if it was none.
    scheduled_take_id: Option<String>,
    /// What the cut did to the timeline.
    ledger: LedgerView,
}

/// What a cut did to the programme's timeline; `null` for what is not known (yet), or does not apply.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ledger)]
pub(crate) struct LedgerView {
    /// When the first picture of the new camera was to be due, by the plan.
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    planned_at: Option<Timestamp>,
    /// When the first sample of the new camera left for the packager.
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    committed_at: Option<Timestamp>,
    /// When the playlist listed the first part with a picture of the new camera.
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    published_at: Option<Timestamp>,
    /// Microseconds from the end of the old camera's last picture to the new one's first: a gap above
    /// zero, an overlap below.
    video_gap_us: Option<i64>,
    /// How far the new camera's sound was moved to stay on the running grid, in microseconds.
    audio_error_us: Option<i64>,
    /// How long the new camera was played faster, in milliseconds.
    catch_up_ms: Option<u32>,
}

/// Who asked for a cut.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AskedBy {
    /// A client, at that moment.
    Human,
    /// A client, at an earlier moment.
    Scheduled,
    /// The programme.
    Automatic,
}

/// Why a cut was asked for.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SwitchReason)]
pub(crate) enum Cause {
    /// A client took the camera.
    Take,
    /// The time of a scheduled take had come.
    Scheduled,
    /// Nothing was on air and a camera came.
    FirstLive,
    /// The camera on air was lost.
    Failover,
    /// The camera that was chosen had been well again for long enough.
    Revert,
    /// No camera was left: the slate is shown.
    NobodyLeft,
}

/// What became of a take.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The camera went on air.
    Cut,
    /// Withdrawn before viewers saw anything of it.
    Withdrawn,
    /// A newer take came before it. Told of scheduled takes only.
    Superseded,
    /// The camera sent no usable sync sample in time.
    NoSyncSample,
    /// The camera stopped publishing before the cut.
    CameraGone,
    /// The camera was removed before the cut.
    CameraRemoved,
    /// The server or the event was stopped before the cut.
    Stopped,
    /// A scheduled take had nothing to do: the camera was on air already.
    AlreadyOnAir,
    /// A scheduled take was missed: the camera was not live at its time.
    CameraNotLive,
    /// A scheduled take was missed: the event did not have the camera any more.
    CameraUnknown,
    /// A scheduled take was missed: the event was locked at its time.
    Locked,
    /// A scheduled take was missed: the server was down at its time, or the clock was set forward.
    Late,
    /// A scheduled take was missed: the programme did not answer.
    NoAnswer,
}

/// Which page of the switch log is wanted.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LogQuery {
    /// How many entries at most. Default 50.
    #[param(minimum = 1, maximum = 500, required = false)]
    limit: u16,
    /// Only entries older than the one with this `seq`.
    #[param(required = false)]
    before: Option<u64>,
}

/// Read the switch log
#[utoipa::path(
    get, path = "/api/events/{event}/switches", tag = "takes", operation_id = "switch_log",
    params(EventPath, LogQuery),
    responses((status = 200, description = "a page of the log, newest first", body = SwitchLog))
)]
pub(crate) async fn read(
    State(shared): State<Arc<Shared>>,
    EventPath(event): EventPath,
    RawQuery(query): RawQuery,
) -> Result<Json<SwitchLog>, Problem> {
    let LogQuery { limit, before } = LogQuery::parse(query.as_deref().unwrap_or_default())?;
    events::find(&shared, &event).await?;
    let page = SwitchPage { before: before.map(SwitchSeq), limit };
    let entries = shared.store.switches(&event, page).await?;
    let full = entries.len() == usize::from(limit);
    let next_before = entries.last().filter(|_| full).map(|entry| entry.seq.0);
    let items = entries.into_iter().map(SwitchView::from).collect();
    Ok(Json(SwitchLog { items, next_before }))
}

impl LogQuery {
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut page = Self { limit: SWITCH_PAGE_DEFAULT, before: None };
        for (name, value) in query::pairs(query) {
            match name {
                "limit" => page.limit = query::limit(value, SWITCH_PAGE_MAX)?,
                "before" => {
                    let why = "`before` is the `seq` of an entry";
                    let seq: Option<i64> = value.parse().ok();
                    let seq = seq.and_then(|seq| u64::try_from(seq).ok());
                    page.before = Some(seq.ok_or_else(|| Problem::invalid("before", why))?);
                }
                _ => return Err(query::unknown(name, "`limit` and `before`")),
            }
        }
        Ok(page)
    }
}

impl From<LoggedSwitch> for SwitchView {
    fn from(LoggedSwitch { seq, record }: LoggedSwitch) -> Self {
        let ledger = record.ledger;
        Self {
            seq: seq.0,
            from_camera_id: record.from.map(String::from),
            to_camera_id: record.to.map(String::from),
            requested_at: record.requested_at,
            switched_at: record.switched_at,
            outcome: record.outcome.into(),
            style: record.style.into(),
            wait_ms: record.wait_ms,
            discontinuity: record.discontinuity.into(),
            asked_by: record.reason.into(),
            reason: record.reason.into(),
            scheduled_take_id: record.scheduled.map(String::from),
            ledger: LedgerView {
                planned_at: ledger.planned_at,
                committed_at: ledger.committed_at,
                published_at: ledger.published_at,
                video_gap_us: ledger.video_gap_us,
                audio_error_us: ledger.audio_error_us,
                catch_up_ms: ledger.catch_up_ms,
            },
        }
    }
}

impl From<genlock_store::Discontinuity> for Discontinuity {
    fn from(discontinuity: genlock_store::Discontinuity) -> Self {
        match discontinuity {
            genlock_store::Discontinuity::None => Self::None,
            genlock_store::Discontinuity::Parameters => Self::Parameters,
            genlock_store::Discontinuity::Codec => Self::Codec,
        }
    }
}

impl From<SwitchReason> for AskedBy {
    fn from(reason: SwitchReason) -> Self {
        match reason {
            SwitchReason::Take => Self::Human,
            SwitchReason::Scheduled => Self::Scheduled,
            SwitchReason::FirstLive
            | SwitchReason::Failover
            | SwitchReason::Revert
            | SwitchReason::NobodyLeft => Self::Automatic,
        }
    }
}

impl From<SwitchReason> for Cause {
    fn from(reason: SwitchReason) -> Self {
        match reason {
            SwitchReason::Take => Self::Take,
            SwitchReason::Scheduled => Self::Scheduled,
            SwitchReason::FirstLive => Self::FirstLive,
            SwitchReason::Failover => Self::Failover,
            SwitchReason::Revert => Self::Revert,
            SwitchReason::NobodyLeft => Self::NobodyLeft,
        }
    }
}

impl From<SwitchOutcome> for Outcome {
    fn from(outcome: SwitchOutcome) -> Self {
        match outcome {
            SwitchOutcome::Cut => Self::Cut,
            SwitchOutcome::Withdrawn => Self::Withdrawn,
            SwitchOutcome::Superseded => Self::Superseded,
            SwitchOutcome::NoSyncSample => Self::NoSyncSample,
            SwitchOutcome::CameraGone => Self::CameraGone,
            SwitchOutcome::CameraRemoved => Self::CameraRemoved,
            SwitchOutcome::Stopped => Self::Stopped,
            SwitchOutcome::AlreadyOnAir => Self::AlreadyOnAir,
            SwitchOutcome::CameraNotLive => Self::CameraNotLive,
            SwitchOutcome::CameraUnknown => Self::CameraUnknown,
            SwitchOutcome::Locked => Self::Locked,
            SwitchOutcome::Late => Self::Late,
            SwitchOutcome::NoAnswer => Self::NoAnswer,
        }
    }
}
