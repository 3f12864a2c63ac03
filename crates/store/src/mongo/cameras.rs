//! Cameras: elements of two arrays of the event's document, the shared one and Genlock's own.

use mongodb::bson::{Bson, Document, doc};

use super::MongoOptions;
use super::connection::Collections;
use super::document::{self, FoundCamera};
use super::error::is_duplicate;
use crate::camera::{Camera, CameraPatch};
use crate::error::StoreError;
use crate::id::{CameraId, EventId};
use crate::limits::CAMERAS_PER_EVENT_MAX;
use crate::policy::AudioSource;
use crate::secret::SecretHash;

impl Collections {
    pub(super) async fn find_camera(
        &self,
        event: &EventId,
        id: &CameraId,
    ) -> Result<Option<FoundCamera>, StoreError> {
        let Some(found) = self.find_event(event).await? else { return Ok(None) };
        let cameras = document::read_cameras(event, &found)?;
        Ok(cameras.into_iter().find(|found| found.camera.id == *id))
    }

    /// The index finds the document; the comparison that admits is the constant-time one. A key that another
    /// program put there readable is in no index until it is migrated.
    pub(super) async fn camera_by_key(
        &self,
        key_hash: &SecretHash,
    ) -> Result<Option<Camera>, StoreError> {
        let mut filter = document::is_event();
        filter.insert("genlock.cameras.key_hash", key_hash.to_hex());
        let Some(found) = self.events.find_one(filter).await? else { return Ok(None) };
        let Some(event) = document::event_id(&found) else { return Ok(None) };
        let cameras = document::read_cameras(&event, &found)?;
        let camera = cameras.into_iter().map(|found| found.camera);
        Ok(camera.into_iter().find(|camera| camera.key_hash == *key_hash))
    }

    pub(super) async fn create_camera(
        &self,
        camera: Camera,
        options: &MongoOptions,
    ) -> Result<(), StoreError> {
        let Some(event) = self.find_event(&camera.event).await? else {
            return Err(StoreError::NotFound { what: "event" });
        };
        self.check_key_is_free(&camera).await?;
        let id = camera.id.as_str();
        if self.events.find_one(doc! { "multi_cameras.camera_id": id }).await?.is_some() {
            return Err(StoreError::AlreadyExists { what: "camera" });
        }
        if document::read_cameras(&camera.event, &event)?.len() >= CAMERAS_PER_EVENT_MAX as usize {
            let (what, limit) = ("cameras in the event", CAMERAS_PER_EVENT_MAX);
            return Err(StoreError::LimitExceeded { what, limit });
        }
        let still = doc! {
            "id": camera.event.as_str(),
            "multi_cameras.camera_id": { "$ne": id },
            "genlock.cameras.key_hash": { "$ne": camera.key_hash.to_hex() },
        };
        let update = doc! { "$push": {
            "multi_cameras": document::new_camera(&camera, options),
            "genlock.cameras": document::camera_fields(&camera)?,
        } };
        match self.events.update_one(still, update).await {
            Ok(updated) if updated.matched_count > 0 => Ok(()),
            Ok(_) => Err(StoreError::AlreadyExists { what: "camera" }),
            Err(error) if is_duplicate(&error) => Err(StoreError::AlreadyExists { what: "key" }),
            Err(error) => Err(error.into()),
        }
    }

    async fn check_key_is_free(&self, camera: &Camera) -> Result<(), StoreError> {
        match self.camera_by_key(&camera.key_hash).await? {
            Some(other) if other.id != camera.id => Err(StoreError::AlreadyExists { what: "key" }),
            _ => Ok(()),
        }
    }

    pub(super) async fn update_camera(
        &self,
        event: &EventId,
        id: &CameraId,
        patch: CameraPatch,
    ) -> Result<Option<Camera>, StoreError> {
        let Some(found) = self.find_camera(event, id).await? else { return Ok(None) };
        let mut after = found.camera.clone();
        patch.apply(&mut after);
        self.check_key_is_free(&after).await?;
        let (set, filters) = camera_changes(&found, &after)?;
        let mut update = Document::new();
        if !set.is_empty() {
            update.insert("$set", set);
        }
        if !found.is_own {
            update.insert("$push", doc! { "genlock.cameras": document::camera_fields(&after)? });
        }
        if update.is_empty() {
            return Ok(Some(after));
        }
        let there = doc! { "id": event.as_str(), "multi_cameras.camera_id": id.as_str() };
        match self.events.update_one(there, update).array_filters(filters).await {
            Ok(updated) => Ok((updated.matched_count > 0).then_some(after)),
            Err(error) if is_duplicate(&error) => Err(StoreError::AlreadyExists { what: "key" }),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn delete_camera(
        &self,
        event: &EventId,
        id: &CameraId,
    ) -> Result<Option<Camera>, StoreError> {
        let Some(found) = self.find_camera(event, id).await? else { return Ok(None) };
        let (event, id) = (event.as_str(), id.as_str());
        self.tokens.delete_many(doc! { "event": event, "camera": id }).await?;
        let sound = "genlock.policy.audio_source";
        let follow = doc! { "$set": { sound: AudioSource::Follow.to_string() } };
        self.events.update_one(doc! { "id": event, sound: id }, follow).await?;
        let this = doc! { "camera_id": id };
        let pull = doc! { "$pull": { "multi_cameras": this.clone(), "genlock.cameras": this } };
        self.events.update_one(doc! { "id": event }, pull).await?;
        Ok(Some(found.camera))
    }

    /// Sets a field of a camera's element in `multi_cameras`; no such camera is no error.
    pub(super) async fn set_in_camera(
        &self,
        event: &EventId,
        camera: &CameraId,
        field: &str,
        value: Bson,
    ) -> Result<(), StoreError> {
        let this = doc! { "id": event.as_str(), "multi_cameras.camera_id": camera.as_str() };
        let update = doc! { "$set": { format!("multi_cameras.$.{field}"): value } };
        self.events.update_one(this, update).await?;
        Ok(())
    }
}

/// What has to be set to lead from the camera that was found to the other one, and which elements the paths mean. An
/// array filter that no path uses is an error to the server.
fn camera_changes(
    found: &FoundCamera,
    after: &Camera,
) -> Result<(Document, Vec<Document>), StoreError> {
    let before = &found.camera;
    let (mut set, mut filters) = (Document::new(), Vec::new());
    if before.name != after.name {
        set.insert("multi_cameras.$[shared].name", after.name.as_str());
    }
    if before.key_hash != after.key_hash {
        set.insert("multi_cameras.$[shared].stream_key", after.key_hash.to_hex());
    }
    if !set.is_empty() {
        filters.push(doc! { "shared.camera_id": after.id.as_str() });
    }
    if found.is_own {
        let mut own = Document::new();
        let (old, new) = (document::camera_fields(before)?, document::camera_fields(after)?);
        document::changes("genlock.cameras.$[own]", &old, &new, &mut own);
        if !own.is_empty() {
            filters.push(doc! { "own.camera_id": after.id.as_str() });
            set.extend(own);
        }
    }
    Ok((set, filters))
}
