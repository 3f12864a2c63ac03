//! The switch log as an edit list over the recordings of the cameras.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use genlock_media::EventTime;
use genlock_recorder::edit::{Cut, EditList, Material};
use genlock_recorder::{PROGRAM, Recording, RecordingId, Timeline};
use genlock_store::limits::SWITCH_PAGE_MAX;
use genlock_store::{EventId, SwitchOutcome, SwitchPage, SwitchRecord, SwitchStyle};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::recut::ListBody;
use super::{RecordingPath, find, on_disk, recut};
use crate::events;
use crate::limits::EDIT_CUTS_MAX;
use crate::problem::{Problem, ProblemCode};
use crate::state::Shared;

/// How an edit list is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = EditListFormat)]
pub(crate) enum Format {
    /// OpenTimelineIO JSON.
    #[default]
    Otio,
    /// CMX3600.
    Edl,
    /// FCPXML 1.9.
    Fcpxml,
    /// The JSON that can be put to be cut again.
    Json,
}

/// Which form of the edit list is wanted.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "stands for parameters in the description only")]
pub(crate) struct EditQuery {
    /// Default `otio`.
    #[param(required = false, inline)]
    format: Format,
}

/// Download the switch log as an edit list over the recordings of the cameras, for editing programs
///
/// Of the programme's recording, or of a re-cut. Times are frames from the first picture of each recording, as they are in
/// the files of `download.mp4` under the names that it gives them; what was not recorded is a gap. `json` is the form that
/// can be put: it has no gaps, but the programme's own recording there.
#[utoipa::path(
    get, path = "/api/events/{event}/recordings/{recording}/edit-list", tag = "recordings",
    operation_id = "recording_edit_list",
    params(RecordingPath, EditQuery),
    responses(
        (
            status = 200, description = "OTIO, EDL, FCPXML or JSON",
            content(
                (String = "text/plain", example = "TITLE: Wedding"),
                (ListBody = "application/json"),
            )
        ),
        (status = 409, description = "nothing was recorded")
    )
)]
pub(crate) async fn edit_list(
    State(shared): State<Arc<Shared>>,
    RecordingPath(event, id): RecordingPath,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let format = Format::parse(query.as_deref().unwrap_or_default())?;
    let kept = events::find(&shared, &event).await?;
    let shown = find(&shared, &event, id).await?;
    if shown.source.name() != PROGRAM && !shown.timeline.is_recut() {
        let why = "only the programme and re-cuts have an edit list";
        return Err(Problem::invalid("recording", why));
    }
    let cuts = match shown.timeline.is_recut() {
        true => Vec::new(),
        false => cuts(&shared, &event, shown.timeline.zero_unix_micros()).await?,
    };
    let cameras = shared.store.cameras(&event).await?;
    let names: BTreeMap<String, String> = cameras
        .into_iter()
        .map(|camera| (camera.id.to_string(), camera.name.to_string()))
        .collect();
    let behind_micros = i64::from(kept.policy.lookahead_ms) * 1000;
    let title = shown.timeline.title().unwrap_or(kept.name.as_str()).to_owned();
    let folder = event.clone();
    let made = on_disk(&shared, move |recorder| {
        let recordings = recorder.library().list(folder.as_str())?;
        let recordings: Vec<(RecordingId, Timeline)> =
            recordings.into_iter().map(|Recording { id, timeline, .. }| (id, timeline)).collect();
        let rate = shown.rate()?;
        let material = Material {
            event: folder.as_str(),
            title: &title,
            program: &shown.timeline,
            program_id: &shown.id,
            recordings: &recordings,
            cuts: &cuts,
            behind_micros,
            names: &names,
            rate,
        };
        Ok(format.render(&material))
    });
    let text = made.await?;
    let text =
        text.ok_or_else(|| Problem::new(ProblemCode::NothingRecorded, "nothing was recorded"))?;
    Ok(format.answer(&event, text))
}

/// What went on air, oldest first.
async fn cuts(shared: &Shared, event: &EventId, zero_micros: i64) -> Result<Vec<Cut>, Problem> {
    let (mut cuts, mut before) = (Vec::new(), None);
    while cuts.len() < EDIT_CUTS_MAX {
        let page = SwitchPage { before, limit: SWITCH_PAGE_MAX };
        let entries = shared.store.switches(event, page).await?;
        let Some(oldest) = entries.last() else { break };
        before = Some(oldest.seq);
        cuts.extend(entries.into_iter().filter_map(|entry| cut_of(entry.record, zero_micros)));
    }
    cuts.sort_by_key(|cut| cut.at);
    Ok(cuts)
}

fn cut_of(record: SwitchRecord, zero_micros: i64) -> Option<Cut> {
    let at = record.switched_at.filter(|_| record.outcome == SwitchOutcome::Cut)?;
    let unix = at.as_millis().saturating_mul(1000);
    let at = EventTime::from_micros(unix.saturating_sub(zero_micros));
    let source = record.to.map(|camera| camera.to_string());
    Some(Cut { at, source, catches_up: record.style == SwitchStyle::Instant })
}

impl Format {
    /// Reads `format={name}`.
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut format = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            format = match pair.split_once('=').unwrap_or((pair, "")) {
                ("format", "otio") => Self::Otio,
                ("format", "edl") => Self::Edl,
                ("format", "fcpxml") => Self::Fcpxml,
                ("format", "json") => Self::Json,
                ("format", _) => {
                    let why = "it is `otio`, `edl`, `fcpxml` or `json`";
                    return Err(Problem::invalid("format", why));
                }
                (name, _) => {
                    let why = "the query knows only `format`";
                    return Err(Problem::of_field(ProblemCode::UnknownField, name, why));
                }
            }
        }
        Ok(format)
    }

    /// The list as text; `None` if nothing was recorded.
    fn render(self, material: &Material<'_>) -> Option<String> {
        let timeline = material.program;
        let list = || match timeline.is_recut() {
            true => EditList::of_recut(timeline, material),
            false => EditList::new(material),
        };
        match self {
            Self::Otio => list().map(|list| list.to_otio()),
            Self::Edl => list().map(|list| list.to_edl()),
            Self::Fcpxml => list().map(|list| list.to_fcpxml()),
            Self::Json => {
                let spans = match timeline.is_recut() {
                    true => Some(recut::spans_of(timeline)),
                    false => material.spans(),
                };
                let zero = recut::begin_micros(timeline);
                let list = recut::json_of(material.title, spans?, zero);
                serde_json::to_string(&list).ok()
            }
        }
    }

    fn answer(self, event: &EventId, text: String) -> Response {
        let (media_type, extension) = match self {
            Self::Otio => ("application/json", "otio"),
            Self::Edl => ("text/plain; charset=utf-8", "edl"),
            Self::Fcpxml => ("application/xml", "fcpxml"),
            Self::Json => ("application/json", "json"),
        };
        let name = format!("attachment; filename=\"{event}.{extension}\"");
        let about =
            [(header::CONTENT_TYPE, media_type.to_owned()), (header::CONTENT_DISPOSITION, name)];
        (about, text).into_response()
    }
}
