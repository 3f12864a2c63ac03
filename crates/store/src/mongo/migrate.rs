//! Bringing documents of other programs up: what Genlock would have written, had it made them.

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};

use super::connection::Collections;
use super::document::{self, FoundCamera, OWN};
use super::error::is_duplicate;
use super::switches::switch_id;
use super::{MongoOptions, MongoStore, own};
use crate::error::StoreError;
use crate::event::Event;
use crate::id::{CameraId, EventId};
use crate::switch::{
    Discontinuity, Ledger, SwitchOutcome, SwitchReason, SwitchRecord, SwitchStyle,
};
use crate::time::Timestamp;
use crate::unknown::UnknownFields;

/// What a migration found and did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Migration {
    /// Documents that are events.
    pub documents: u64,
    /// Those of them that were brought up. The rest was already, or is among `skipped`.
    pub brought_up: u64,
    /// Cameras that Genlock's sub-documents had nothing of.
    pub cameras: u64,
    /// Keys that stood there readable and are hashes now.
    pub keys_hashed: u64,
    /// Entries of the documents' switch logs that are in the collection of their own now.
    pub switches: u64,
    /// Documents that cannot be brought up.
    pub skipped: Vec<SkippedDocument>,
}

/// A document that cannot be brought up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedDocument {
    /// Its `id`, as far as it has one.
    pub id: String,
    /// Why.
    pub why: String,
}

/// What one document lacks.
struct Plan {
    id: EventId,
    /// The document as it was looked at, where it matters.
    still: Document,
    set: Document,
    cameras: u64,
    keys_hashed: u64,
    switches: Vec<(i64, SwitchRecord)>,
}

impl MongoStore {
    /// Brings every event's document up to what this build writes; with `dry_run` only says what it would do.
    /// Doing it again does nothing. Fields that Genlock does not know stay as they are.
    ///
    /// Not bounded in time: it reads the whole collection. Each write is.
    pub async fn migrate(&self, dry_run: bool) -> Result<Migration, StoreError> {
        let db = self.call(async |db| Ok(db)).await?;
        let mut migration = Migration::default();
        let mut documents = db.events.find(document::is_event()).sort(doc! { "_id": 1 }).await?;
        while let Some(found) = documents.try_next().await? {
            migration.documents += 1;
            let Some(plan) = check(&found, &self.options, &mut migration) else { continue };
            let switches = db.missing_switches(&plan).await?;
            if plan.set.is_empty() && switches.is_empty() {
                continue;
            }
            if !dry_run && let Err(why) = db.carry_out(&plan, &switches).await? {
                let id = plan.id.as_str().to_owned();
                migration.skipped.push(SkippedDocument { id, why: why.to_owned() });
                continue;
            }
            migration.brought_up += 1;
            migration.cameras += plan.cameras;
            migration.keys_hashed += plan.keys_hashed;
            migration.switches += switches.len() as u64;
        }
        Ok(migration)
    }
}

/// The plan for a document that can be brought up; else says why not.
fn check(found: &Document, options: &MongoOptions, migration: &mut Migration) -> Option<Plan> {
    let id = found.get_str("id").unwrap_or_default().to_owned();
    let why = match document::event_id(found) {
        None => "its id has characters that cannot stand in a path".to_owned(),
        Some(event) => match plan(event, found, options) {
            Ok(plan) => return Some(plan),
            Err(error) => error.to_string(),
        },
    };
    migration.skipped.push(SkippedDocument { id, why });
    None
}

fn plan(id: EventId, found: &Document, options: &MongoOptions) -> Result<Plan, StoreError> {
    let event = document::read_event(&id, found)?;
    let cameras = document::read_cameras(&id, found)?;
    let switches = old_log(&event, found);
    let mut plan = Plan {
        still: doc! { "id": id.as_str() },
        id,
        set: Document::new(),
        cameras: 0,
        keys_hashed: 0,
        switches,
    };
    plan.fill_event(&event, found, options)?;
    plan.fill_own_cameras(&cameras, found)?;
    for camera in &cameras {
        plan.fill_camera(camera, found, options);
    }
    Ok(plan)
}

impl Plan {
    fn fill_event(
        &mut self,
        event: &Event,
        found: &Document,
        options: &MongoOptions,
    ) -> Result<(), StoreError> {
        let kept = document::own(found);
        for (field, value) in document::event_fields(event)? {
            if !kept.contains_key(&field) {
                self.set.insert(format!("{OWN}.{field}"), value);
            }
        }
        if let Some((newest, _)) = self.switches.last()
            && !kept.contains_key("last_switch_seq")
        {
            self.set.insert("genlock.last_switch_seq", *newest);
        }
        let defaults = document::new_document(event, options)?;
        for field in ["multi_cameras", "active_camera_id", "camera_switches", "composition_config"]
        {
            if !found.contains_key(field)
                && let Some(default) = defaults.get(field)
            {
                self.set.insert(field, default.clone());
            }
        }
        Ok(())
    }

    /// Genlock's array as a whole: it is its only writer.
    fn fill_own_cameras(
        &mut self,
        cameras: &[FoundCamera],
        found: &Document,
    ) -> Result<(), StoreError> {
        let wanted = cameras
            .iter()
            .map(|found| document::camera_fields(&found.camera).map(Bson::Document))
            .collect::<Result<Vec<_>, _>>()?;
        let kept = document::own(found);
        let kept = kept.get_array("cameras").map(Vec::as_slice).unwrap_or_default();
        let is_kept = |wanted| kept.contains(wanted);
        if kept.len() != wanted.len() || !wanted.iter().all(is_kept) {
            self.cameras = cameras.iter().filter(|found| !found.is_own).count() as u64;
            self.set.insert("genlock.cameras", wanted);
        }
        Ok(())
    }

    /// The camera's element is named by its place, which the write checks again.
    fn fill_camera(&mut self, at: &FoundCamera, found: &Document, options: &MongoOptions) {
        let FoundCamera { camera, index, plain_key, .. } = at;
        let path = |field: &str| format!("multi_cameras.{index}.{field}");
        let element = found
            .get_array("multi_cameras")
            .ok()
            .and_then(|cameras| cameras.get(*index)?.as_document())
            .cloned()
            .unwrap_or_default();
        let before = self.set.len();
        if let Some(key) = plain_key.as_ref().filter(|_| !options.plain_keys) {
            self.still.insert(path("stream_key"), key);
            self.set.insert(path("stream_key"), camera.key_hash.to_hex());
            self.keys_hashed += 1;
        }
        for (field, default) in document::new_camera(camera, options) {
            let is_there = !matches!(element.get(&field), None | Some(Bson::Null));
            // A camera without a key stays without: its hash is one that no key has.
            if !is_there && field != "stream_key" {
                self.set.insert(path(&field), default);
            }
        }
        if self.set.len() > before {
            self.still.insert(path("camera_id"), camera.id.as_str());
        }
    }
}

/// The document's own log as entries of Genlock's, oldest first. Their places are the microseconds of their times.
/// An entry that Genlock wrote is in its collection already.
fn old_log(event: &Event, found: &Document) -> Vec<(i64, SwitchRecord)> {
    if document::own(found).contains_key("last_switch_seq") {
        return Vec::new();
    }
    let entries = found.get_array("camera_switches").map(Vec::as_slice).unwrap_or_default();
    let mut log = Vec::new();
    let mut last = 0;
    for entry in entries.iter().filter_map(Bson::as_document) {
        let id = |field| CameraId::parse(entry.get_str(field).ok()?).ok();
        let at = document::read_time(entry.get("switched_at"));
        let (Some(to), Some(at)) = (id("to_camera_id"), at) else { continue };
        last = at.as_millis().saturating_mul(1000).max(last + 1);
        log.push((last, old_switch(event, id("from_camera_id"), to, at)));
    }
    log
}

fn old_switch(event: &Event, from: Option<CameraId>, to: CameraId, at: Timestamp) -> SwitchRecord {
    SwitchRecord {
        event: event.id.clone(),
        from,
        to: Some(to),
        requested_at: at,
        switched_at: Some(at),
        style: SwitchStyle::Clean,
        wait_ms: 0,
        discontinuity: Discontinuity::None,
        reason: SwitchReason::Take,
        scheduled: None,
        outcome: SwitchOutcome::Cut,
        ledger: Ledger::default(),
        unknown: UnknownFields::default(),
    }
}

impl Collections {
    /// The entries of the old log that the collection does not have.
    async fn missing_switches(&self, plan: &Plan) -> Result<Vec<(i64, SwitchRecord)>, StoreError> {
        let mut missing = Vec::new();
        for (seq, record) in &plan.switches {
            let id = doc! { "_id": switch_id(&plan.id, *seq) };
            if self.switches.find_one(id).await?.is_none() {
                missing.push((*seq, record.clone()));
            }
        }
        Ok(missing)
    }

    /// The log first: once the document says that it is there, nobody looks again.
    async fn carry_out(
        &self,
        plan: &Plan,
        switches: &[(i64, SwitchRecord)],
    ) -> Result<Result<(), &'static str>, StoreError> {
        for (seq, record) in switches {
            let mut document = own::document("switch", &switch_id(&plan.id, *seq), record)?;
            document.insert("seq", *seq);
            match own::insert(&self.switches, "switch", document).await {
                Ok(()) | Err(StoreError::AlreadyExists { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if plan.set.is_empty() {
            return Ok(Ok(()));
        }
        let update = doc! { "$set": plan.set.clone() };
        match self.events.update_one(plan.still.clone(), update).await {
            Ok(updated) if updated.matched_count > 0 => Ok(Ok(())),
            Ok(_) => Ok(Err("it was changed meanwhile: migrate again")),
            Err(error) if is_duplicate(&error) => {
                Ok(Err("one of its keys is the key of a camera elsewhere"))
            }
            Err(error) => Err(error.into()),
        }
    }
}
