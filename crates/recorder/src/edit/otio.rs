//! OpenTimelineIO JSON: a track of pictures and one of sound over the same recordings, a marker at each cut.

use serde_json::{Value, json};

use super::{Clip, EditList};

pub(super) fn render(edit: &EditList) -> String {
    let track = |kind: &str, markers: Value| {
        let children: Vec<Value> = edit.clips.iter().map(|clip| item(edit, clip)).collect();
        json!({
            "OTIO_SCHEMA": "Track.1", "name": kind, "kind": kind, "children": children,
            "markers": markers, "effects": [], "metadata": {}, "source_range": null,
        })
    };
    let markers: Vec<Value> = edit.clips.iter().map(|clip| marker(edit, clip)).collect();
    let tracks = json!({
        "OTIO_SCHEMA": "Stack.1", "name": "tracks",
        "children": [track("Video", markers.into()), track("Audio", json!([]))],
        "markers": [], "effects": [], "metadata": {}, "source_range": null,
    });
    let timeline = json!({
        "OTIO_SCHEMA": "Timeline.1", "name": edit.title, "metadata": {}, "tracks": tracks,
        "global_start_time": time(edit, 0),
    });
    format!("{timeline:#}\n")
}

fn item(edit: &EditList, clip: &Clip) -> Value {
    let Some(media) = &clip.media else {
        return json!({
            "OTIO_SCHEMA": "Gap.1", "name": clip.name, "source_range": range(edit, 0, clip.frames),
            "markers": [], "effects": [], "metadata": {},
        });
    };
    let reference = json!({
        "OTIO_SCHEMA": "ExternalReference.1", "name": media.id.to_string(),
        "target_url": media.file, "available_range": range(edit, 0, media.length), "metadata": {},
    });
    json!({
        "OTIO_SCHEMA": "Clip.2", "name": clip.name,
        "source_range": range(edit, media.offset, clip.frames),
        "media_references": { "DEFAULT_MEDIA": reference },
        "active_media_reference_key": "DEFAULT_MEDIA",
        "markers": [], "effects": [], "metadata": {},
    })
}

fn marker(edit: &EditList, clip: &Clip) -> Value {
    json!({
        "OTIO_SCHEMA": "Marker.2", "name": clip.name, "color": "GREEN",
        "marked_range": range(edit, clip.begin, 1), "metadata": {},
    })
}

fn range(edit: &EditList, begin: i64, frames: i64) -> Value {
    json!({
        "OTIO_SCHEMA": "TimeRange.1", "start_time": time(edit, begin), "duration": time(edit, frames),
    })
}

fn time(edit: &EditList, frames: i64) -> Value {
    // A float in the format: whole up to 2^53.
    let (rate, value) = (edit.rate.as_f64(), frames as f64);
    json!({ "OTIO_SCHEMA": "RationalTime.1", "rate": rate, "value": value })
}
