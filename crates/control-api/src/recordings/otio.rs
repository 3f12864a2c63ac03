//! OpenTimelineIO JSON as an edit list: its first track of pictures, whose clips name recordings as `…/edit-list` does.
//!
//! Looked at are `Timeline`, `Stack`, `Track`, `Clip` and `Gap` of any version. A gap is left out: what follows is shown
//! directly behind what was before. Effects, transitions and other tracks are not carried out, and a list that has
//! time effects is refused rather than played at another speed.

use genlock_recorder::Recording;
use serde_json::Value;

use super::recut::{ClipBody, ListBody, Place};
use crate::limits::RECUT_CLIPS_MAX;
use crate::problem::{Problem, ProblemCode};

/// Where the clips of a timeline are in the document.
const CLIPS: &str = "tracks.children";

/// A timeline whose clips are not on the event's clock yet.
#[derive(Debug)]
pub(super) struct OtioList {
    title: Option<String>,
    clips: Vec<OtioClip>,
}

#[derive(Debug)]
struct OtioClip {
    path: String,
    name: Option<String>,
    recording: String,
    /// Seconds from the first picture of the recording.
    from: f64,
    to: f64,
}

/// Reads `body` if it is OpenTimelineIO.
pub(super) fn read(body: &[u8]) -> Result<Option<OtioList>, Problem> {
    let Ok(document) = serde_json::from_slice::<Value>(body) else { return Ok(None) };
    let Some(schema) = document["OTIO_SCHEMA"].as_str() else { return Ok(None) };
    if !is(&document, "Timeline") {
        let why = format!("it is a `Timeline`, not a `{schema}`");
        return Err(Problem::invalid("OTIO_SCHEMA", why));
    }
    let tracks = document["tracks"]["children"].as_array().map(Vec::as_slice).unwrap_or_default();
    let track = tracks.iter().position(|track| is(track, "Track") && track["kind"] == "Video");
    let Some(at) = track else {
        return Err(Problem::invalid(CLIPS, "there is no track of pictures"));
    };
    let children = tracks.get(at).and_then(|track| track["children"].as_array());
    let mut clips = Vec::new();
    for (place, item) in children.into_iter().flatten().enumerate().take(RECUT_CLIPS_MAX * 2 + 2) {
        let path = format!("{CLIPS}[{at}].children[{place}]");
        if is(item, "Clip") {
            clips.push(clip(item, path)?);
        } else if !is(item, "Gap") {
            return Err(Problem::invalid(&path, "only clips and gaps can be cut"));
        }
    }
    let title = text(&document["name"]);
    Ok(Some(OtioList { title, clips }))
}

impl OtioList {
    /// The list on the line that begins at `zero_micros` on the event clock.
    pub(super) fn on(
        self,
        recordings: Vec<Recording>,
        zero_micros: i64,
    ) -> Result<ListBody, Problem> {
        let clips = self.clips.into_iter().map(|clip| {
            let named = |recording: &&Recording| clip.recording.contains(&recording.id.to_string());
            let Some(recording) = recordings.iter().find(named) else {
                let why = "it names no recording of the event: a clip's media reference has the \
                           recording's id as its name, or in its `target_url`";
                return Err(Problem::invalid(&format!("{}.media_reference", clip.path), why));
            };
            let begin = super::recut::begin_micros(&recording.timeline) - zero_micros;
            let place = |seconds: f64| Place::Seconds(begin as f64 / 1e6 + seconds);
            Ok(ClipBody {
                source: None,
                recording_id: Some(recording.id.to_string()),
                from: place(clip.from),
                to: place(clip.to),
                name: clip.name,
                // Whoever edits sees what is shown again.
                replay: true,
            })
        });
        Ok(ListBody { title: self.title, clips: clips.collect::<Result<_, _>>()? })
    }
}

fn clip(item: &Value, path: String) -> Result<OtioClip, Problem> {
    let key = item["active_media_reference_key"].as_str().unwrap_or("DEFAULT_MEDIA");
    let reference = match &item["media_references"][key] {
        Value::Null => &item["media_reference"],
        reference => reference,
    };
    let names = ["name", "target_url"].map(|name| reference[name].as_str().unwrap_or_default());
    let retimed = item["effects"].as_array().is_some_and(|effects| {
        effects.iter().any(|effect| is(effect, "LinearTimeWarp") || is(effect, "FreezeFrame"))
    });
    if retimed {
        let why = "it is played at another speed, which takes encoding";
        return Err(Problem::invalid(&format!("{path}.effects"), why));
    }
    let range = match &item["source_range"] {
        Value::Null => &reference["available_range"],
        range => range,
    };
    let times = seconds(&range["start_time"]).zip(seconds(&range["duration"]));
    let Some((from, length)) = times else {
        let why = "it has a `start_time` and a `duration`, each a `value` and a `rate`";
        let field = format!("{path}.source_range");
        return Err(Problem::of_field(ProblemCode::InvalidValue, field, why));
    };
    let (name, recording) = (text(&item["name"]), names.join("\n"));
    Ok(OtioClip { path, name, recording, from, to: from + length })
}

fn seconds(time: &Value) -> Option<f64> {
    let (value, rate) = (time["value"].as_f64()?, time["rate"].as_f64()?);
    (rate > 0.0).then(|| value / rate)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Whether an object is of a schema, whatever its version.
fn is(value: &Value, schema: &str) -> bool {
    let named = value["OTIO_SCHEMA"].as_str();
    named.is_some_and(|named| named.split('.').next() == Some(schema))
}
