//! An event and its cameras as a document of the shared collection, and back.

use std::collections::HashMap;

use mongodb::bson::{
    Bson, DateTime, Document, deserialize_from_document, doc, serialize_to_document,
};

use super::MongoOptions;
use super::error::corrupt;
use crate::camera::Camera;
use crate::creator::CreatorId;
use crate::error::StoreError;
use crate::event::Event;
use crate::id::{CameraId, EventId};
use crate::name::DisplayName;
use crate::secret::SecretHash;
use crate::store::EventWithCameras;
use crate::time::Timestamp;

/// Genlock's own sub-document.
pub(super) const OWN: &str = "genlock";

/// Fields that belong to a live event, whoever wrote them. `id` and `creator_id` belong to the document.
pub(super) const LIVE_FIELDS: [&str; 5] =
    [OWN, "multi_cameras", "active_camera_id", "camera_switches", COMPOSITION];

/// What is on air, for whoever shows it.
pub(super) const COMPOSITION: &str = "composition_config";

/// What is in it by Genlock.
pub(super) const COMPOSITION_FIELDS: [&str; 2] = ["active", "output_hls_url"];

/// Fields of the sub-document that are no fields of [`Event`].
const BESIDE_EVENT: [&str; 2] = ["cameras", "last_switch_seq"];

/// Which documents are events: Genlock's, and those of other programs that have cameras.
pub(super) fn is_event() -> Document {
    doc! {
        "id": { "$type": "string" },
        "$or": [{ OWN: { "$exists": true } }, { "multi_cameras": { "$exists": true } }],
    }
}

/// A new event as a whole document.
pub(super) fn new_document(event: &Event, options: &MongoOptions) -> Result<Document, StoreError> {
    let mut own = event_fields(event)?;
    own.insert("cameras", Bson::Array(Vec::new()));
    Ok(doc! {
        "id": event.id.as_str(),
        "creator_id": event.creator_id.as_ref().map(CreatorId::as_str),
        "multi_cameras": [],
        "active_camera_id": active(event),
        "camera_switches": [],
        "composition_config": composition(event, options),
        OWN: own,
    })
}

/// The camera on air as `active_camera_id` has it.
pub(super) fn active(event: &Event) -> Option<&str> {
    event.on_air.as_ref().map(|placed| placed.camera.as_str())
}

/// `composition_config`.
pub(super) fn composition(event: &Event, options: &MongoOptions) -> Document {
    doc! {
        "active": event.on_air.is_some(),
        "output_hls_url": hls_url(options, &event.id, "program"),
    }
}

/// Where viewers find a publication of an event.
pub(super) fn hls_url(options: &MongoOptions, event: &EventId, publication: &str) -> String {
    let base = options.public_url.as_deref().unwrap_or_default();
    format!("{base}/hls/{event}/{publication}/index.m3u8")
}

/// What the sub-document keeps of an event.
pub(super) fn event_fields(event: &Event) -> Result<Document, StoreError> {
    let mut fields = serialize_to_document(event).map_err(corrupt("event"))?;
    fields.remove("id");
    fields.remove("creator_id");
    Ok(fields)
}

/// What the sub-document keeps of a camera. Its name and its key are in `multi_cameras`.
pub(super) fn camera_fields(camera: &Camera) -> Result<Document, StoreError> {
    let mut fields = serialize_to_document(camera).map_err(corrupt("camera"))?;
    for elsewhere in ["id", "event", "name"] {
        fields.remove(elsewhere);
    }
    fields.insert("camera_id", camera.id.as_str());
    Ok(fields)
}

/// A new camera as an element of `multi_cameras`.
pub(super) fn new_camera(camera: &Camera, options: &MongoOptions) -> Document {
    doc! {
        "camera_id": camera.id.as_str(),
        "name": camera.name.as_str(),
        "stream_key": camera.key_hash.to_hex(),
        "status": "waiting",
        "hls_url": hls_url(options, &camera.event, camera.id.as_str()),
        "created_at": DateTime::from_millis(camera.created_at.as_millis()),
    }
}

/// The sub-document; empty if another program made the document.
pub(super) fn own(document: &Document) -> Document {
    document.get_document(OWN).cloned().unwrap_or_default()
}

/// The id of a document's event, `None` if it cannot be one of Genlock's.
pub(super) fn event_id(document: &Document) -> Option<EventId> {
    EventId::parse(document.get_str("id").ok()?).ok()
}

/// The event of a document whose id is `id`. What the sub-document lacks has its default.
pub(super) fn read_event(id: &EventId, document: &Document) -> Result<Event, StoreError> {
    let mut fields = own(document);
    for beside in BESIDE_EVENT {
        fields.remove(beside);
    }
    fields.insert("id", id.as_str());
    fields.insert("creator_id", creator(document));
    if !fields.contains_key("name") {
        fields.insert("name", id.as_str());
    }
    if !fields.contains_key("created_at") {
        fields.insert("created_at", made_at(document));
    }
    deserialize_from_document(fields).map_err(corrupt("event"))
}

/// Whoever owns the document, as text; other programs have ids of other types.
fn creator(document: &Document) -> Option<String> {
    let text = match document.get("creator_id")? {
        Bson::String(text) => text.clone(),
        Bson::ObjectId(id) => id.to_hex(),
        Bson::Int32(number) => number.to_string(),
        Bson::Int64(number) => number.to_string(),
        _ => return None,
    };
    CreatorId::parse(&text).is_ok().then_some(text)
}

/// When the document was made, in milliseconds: by its `_id`, which other programs leave to the driver.
fn made_at(document: &Document) -> i64 {
    document.get_object_id("_id").map_or(0, |id| id.timestamp().timestamp_millis())
}

/// An element of `multi_cameras` with what the sub-document knows of it.
#[derive(Debug)]
pub(super) struct FoundCamera {
    pub(super) camera: Camera,
    /// Place in `multi_cameras`.
    pub(super) index: usize,
    /// Whether the sub-document has it.
    pub(super) is_own: bool,
    /// The key, if it stands there readable.
    pub(super) plain_key: Option<String>,
}

/// The cameras of a document in failover order. Elements that are no cameras are left out.
pub(super) fn read_cameras(
    event: &EventId,
    document: &Document,
) -> Result<Vec<FoundCamera>, StoreError> {
    let own = own(document);
    let kept: HashMap<&str, &Document> = elements(&own, "cameras")
        .filter_map(|(_, kept)| Some((kept.get_str("camera_id").ok()?, kept)))
        .collect();
    let made_at = made_at(document);
    let mut cameras = Vec::new();
    for (index, element) in elements(document, "multi_cameras") {
        let id = element.get_str("camera_id").ok().and_then(|id| CameraId::parse(id).ok());
        if let Some(id) = id {
            let kept = kept.get(id.as_str()).copied();
            cameras.push(read_camera(event, &id, element, kept, index, made_at)?);
        }
    }
    cameras.sort_by(|a, b| order(&a.camera).cmp(&order(&b.camera)));
    Ok(cameras)
}

fn order(camera: &Camera) -> (u16, Timestamp, &CameraId) {
    (camera.priority, camera.created_at, &camera.id)
}

fn elements<'a>(
    document: &'a Document,
    array: &str,
) -> impl Iterator<Item = (usize, &'a Document)> {
    let elements = document.get_array(array).map(Vec::as_slice).unwrap_or_default();
    elements.iter().enumerate().filter_map(|(index, bson)| Some((index, bson.as_document()?)))
}

fn read_camera(
    event: &EventId,
    id: &CameraId,
    element: &Document,
    kept: Option<&Document>,
    index: usize,
    made_at: i64,
) -> Result<FoundCamera, StoreError> {
    let mut fields = kept.cloned().unwrap_or_default();
    fields.remove("camera_id");
    let kept_hash = fields.get_str("key_hash").ok().and_then(SecretHash::from_hex);
    let (key_hash, plain_key) = key(event, id, element.get_str("stream_key").ok(), kept_hash);
    let name = element.get_str("name").ok().filter(|name| DisplayName::parse(name).is_ok());
    fields.insert("id", id.as_str());
    fields.insert("event", event.as_str());
    fields.insert("name", name.unwrap_or(id.as_str()));
    fields.insert("key_hash", key_hash.to_hex());
    let defaults = [
        ("priority", Bson::Int32(Camera::PRIORITY_DEFAULT.into())),
        ("sync_offset_ms", Bson::Int32(0)),
        ("created_at", Bson::Int64(time(element.get("created_at")).unwrap_or(made_at))),
    ];
    for (field, default) in defaults {
        if !fields.contains_key(field) {
            fields.insert(field, default);
        }
    }
    let camera = deserialize_from_document(fields).map_err(corrupt("camera"))?;
    Ok(FoundCamera { camera, index, is_own: kept.is_some(), plain_key })
}

/// The hash of a camera's key, and the key if it is readable.
///
/// `stream_key` holds the hash that the sub-document has, or a key that another program put there. A camera
/// without a key gets a hash that no key is known to have, so that nobody can publish to it.
fn key(
    event: &EventId,
    id: &CameraId,
    stream_key: Option<&str>,
    kept: Option<SecretHash>,
) -> (SecretHash, Option<String>) {
    match (stream_key.filter(|key| !key.is_empty()), kept) {
        (Some(text), Some(kept)) if SecretHash::from_hex(text) == Some(kept) => (kept, None),
        (Some(plain), _) => (SecretHash::of(plain), Some(plain.to_owned())),
        (None, Some(kept)) => (kept, None),
        (None, None) => (SecretHash::of_nothing(&format!("{event}/{id}")), None),
    }
}

/// A time as other programs write it: a date, RFC 3339, or milliseconds.
fn time(value: Option<&Bson>) -> Option<i64> {
    match value? {
        Bson::DateTime(time) => Some(time.timestamp_millis()),
        Bson::String(text) => Timestamp::parse(text).ok().map(Timestamp::as_millis),
        Bson::Int64(millis) => Some(*millis),
        _ => None,
    }
}

/// `time`, for the migration of older logs.
pub(super) fn read_time(value: Option<&Bson>) -> Option<Timestamp> {
    time(value).map(Timestamp::from_millis)
}

/// A document as an event with its cameras, `None` if its id cannot be one of Genlock's.
pub(super) fn read(document: &Document) -> Result<Option<EventWithCameras>, StoreError> {
    let Some(id) = event_id(document) else { return Ok(None) };
    let read = || {
        let event = read_event(&id, document)?;
        let cameras = read_cameras(&id, document)?.into_iter().map(|found| found.camera).collect();
        Ok(EventWithCameras { event, cameras })
    };
    read()
        .map(Some)
        .map_err(|error: StoreError| corrupt("document")(Unreadable { id: id.to_string(), error }))
}

/// Which of many documents it is that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{id}: {error}")]
struct Unreadable {
    id: String,
    error: StoreError,
}

/// What has to be set below `path` to lead from one document to the other. Sub-documents are compared field by field
/// where both sides have one, so that fields that neither knows stay.
pub(super) fn changes(path: &str, before: &Document, after: &Document, set: &mut Document) {
    for (field, value) in after {
        let path = format!("{path}.{field}");
        match (before.get(field), value) {
            (Some(old), value) if old == value => {}
            (Some(Bson::Document(old)), Bson::Document(new)) => changes(&path, old, new, set),
            _ => {
                set.insert(path, value.clone());
            }
        }
    }
}
