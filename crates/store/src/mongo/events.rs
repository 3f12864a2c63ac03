//! Events: documents of the shared collection.

use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};

use super::connection::Collections;
use super::document::{self, COMPOSITION, COMPOSITION_FIELDS, LIVE_FIELDS, OWN};
use super::{MongoOptions, own};
use crate::error::StoreError;
use crate::event::{Event, EventPatch};
use crate::id::EventId;
use crate::store::EventWithCameras;

impl Collections {
    /// The document of an event.
    pub(super) async fn find_event(&self, id: &EventId) -> Result<Option<Document>, StoreError> {
        let mut filter = document::is_event();
        filter.insert("id", id.as_str());
        let found = self.events.find_one(filter).projection(doc! { "camera_switches": 0 }).await?;
        Ok(found)
    }

    pub(super) async fn check_event(&self, id: &EventId) -> Result<(), StoreError> {
        match self.find_event(id).await? {
            Some(_) => Ok(()),
            None => Err(StoreError::NotFound { what: "event" }),
        }
    }

    /// The newest `max` events, oldest first. A shared collection may hold years of them.
    pub(super) async fn snapshot(&self, max: u32) -> Result<Vec<EventWithCameras>, StoreError> {
        let needed = doc! { "id": 1, "creator_id": 1, "multi_cameras": 1, OWN: 1 };
        let newest = self.events.find(document::is_event()).projection(needed);
        let found = newest.sort(doc! { "_id": -1 }).limit(max.into()).await?;
        let documents: Vec<Document> = found.try_collect().await?;
        let mut all = Vec::new();
        for document in &documents {
            all.extend(document::read(document)?);
        }
        all.sort_by(|a, b| {
            (a.event.created_at, &a.event.id).cmp(&(b.event.created_at, &b.event.id))
        });
        Ok(all)
    }

    /// Another program's document of the same id, that is no event yet, becomes one. What it has stays as it is.
    pub(super) async fn create_event(
        &self,
        event: Event,
        options: &MongoOptions,
    ) -> Result<(), StoreError> {
        let what = "event";
        if self.find_event(&event.id).await?.is_some() {
            return Err(StoreError::AlreadyExists { what });
        }
        let id = doc! { "id": event.id.as_str() };
        let mut fields = document::new_document(&event, options)?;
        let Some(theirs) = self.events.find_one(id.clone()).await? else {
            return own::insert(&self.events, what, fields).await;
        };
        for field in theirs.keys() {
            fields.remove(field);
        }
        if let Ok(kept) = theirs.get_document(COMPOSITION) {
            let ours = document::composition(&event, options).into_iter();
            let missing = ours.filter(|(field, _)| !kept.contains_key(field));
            fields.extend(missing.map(|(field, value)| (format!("{COMPOSITION}.{field}"), value)));
        }
        self.events.update_one(id, doc! { "$set": fields }).await?;
        Ok(())
    }

    pub(super) async fn update_event(
        &self,
        id: &EventId,
        patch: EventPatch,
        options: &MongoOptions,
    ) -> Result<Option<Event>, StoreError> {
        let Some(found) = self.find_event(id).await? else { return Ok(None) };
        let before = document::read_event(id, &found)?;
        let mut after = before.clone();
        patch.apply(&mut after);
        let mut set = Document::new();
        let (old, new) = (document::event_fields(&before)?, document::event_fields(&after)?);
        document::changes(OWN, &old, &new, &mut set);
        if before.on_air != after.on_air {
            set.insert("active_camera_id", document::active(&after));
            if found.get_document("composition_config").is_ok() {
                set.insert("composition_config.active", after.on_air.is_some());
            } else {
                set.insert("composition_config", document::composition(&after, options));
            }
        }
        if set.is_empty() {
            return Ok(Some(after));
        }
        let updated = self.events.update_one(doc! { "id": id.as_str() }, doc! { "$set": set });
        Ok((updated.await?.matched_count > 0).then_some(after))
    }

    /// A document in which another program keeps something stays, without what makes it an event.
    pub(super) async fn delete_event(&self, id: &EventId) -> Result<Option<Event>, StoreError> {
        let Some(found) = self.find_event(id).await? else { return Ok(None) };
        let event = document::read_event(id, &found)?;
        for belongs in [&self.switches, &self.scheduled, &self.tokens] {
            belongs.delete_many(doc! { "event": id.as_str() }).await?;
        }
        let filter = doc! { "id": id.as_str() };
        let live = live_fields(&found);
        let is_ours = |field: &&str| {
            matches!(*field, "_id" | "id" | "creator_id") || live.iter().any(|live| live == field)
        };
        if found.keys().map(String::as_str).all(|field| is_ours(&field)) {
            self.events.delete_one(filter).await?;
        } else {
            let unset: Document = live.into_iter().map(|field| (field, Bson::from(""))).collect();
            self.events.update_one(filter, doc! { "$unset": unset }).await?;
        }
        Ok(Some(event))
    }
}

/// The paths of what goes with an event. What another program keeps in `composition_config` is not among it.
fn live_fields(found: &Document) -> Vec<String> {
    let mut paths = Vec::from(LIVE_FIELDS.map(str::to_owned));
    let theirs = |field: &String| !COMPOSITION_FIELDS.contains(&field.as_str());
    if let Ok(composition) = found.get_document(COMPOSITION)
        && composition.keys().any(theirs)
    {
        paths.retain(|path| path != COMPOSITION);
        paths.extend(COMPOSITION_FIELDS.map(|field| format!("{COMPOSITION}.{field}")));
    }
    paths
}
