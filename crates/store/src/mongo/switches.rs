//! The switch log: a collection of its own, whose newest entries the event's document shows, too.

use futures_util::TryStreamExt;
use mongodb::bson::{DateTime, Document, doc};

use super::connection::Collections;
use super::error::{corrupt, is_duplicate};
use super::own;
use crate::error::StoreError;
use crate::id::{CameraId, EventId};
use crate::limits::{SWITCH_PAGE_MAX, SWITCHES_IN_DOCUMENT_MAX, SWITCHES_PER_EVENT_MAX};
use crate::switch::{LoggedSwitch, SwitchOutcome, SwitchPage, SwitchRecord, SwitchSeq};

/// After how many entries the log of an event is cut to its limit. Counting is dear; a few entries more are not.
const TRIM_EVERY: i64 = 256;

impl Collections {
    /// Writes an entry of the log at its place: the newest of an event also into its document.
    pub(super) async fn log(&self, seq: i64, record: &SwitchRecord) -> Result<bool, StoreError> {
        self.check_event(&record.event).await?;
        if let (SwitchOutcome::Cut, Some(at)) = (record.outcome, record.switched_at) {
            self.show_in_document(seq, record, DateTime::from_millis(at.as_millis())).await?;
        }
        let mut document = own::document("switch", &switch_id(&record.event, seq), record)?;
        document.insert("seq", seq);
        match self.switches.insert_one(document).await {
            Ok(_) => {}
            Err(error) if is_duplicate(&error) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        if seq % TRIM_EVERY == 0 {
            self.trim_switches(&record.event, SWITCHES_PER_EVENT_MAX).await?;
        }
        Ok(true)
    }

    /// The number of the newest entry stands beside the array, so that an entry comes into it once.
    async fn show_in_document(
        &self,
        seq: i64,
        record: &SwitchRecord,
        at: DateTime,
    ) -> Result<(), StoreError> {
        let newer = doc! { "id": record.event.as_str(), "$or": [
            { "genlock.last_switch_seq": { "$lt": seq } },
            { "genlock.last_switch_seq": { "$exists": false } },
        ] };
        let entry = doc! {
            "from_camera_id": record.from.as_ref().map(CameraId::as_str),
            "to_camera_id": record.to.as_ref().map(CameraId::as_str),
            "switched_at": at,
        };
        let newest = -i64::from(SWITCHES_IN_DOCUMENT_MAX);
        let update = doc! {
            "$push": { "camera_switches": { "$each": [entry], "$slice": newest } },
            "$set": { "genlock.last_switch_seq": seq },
        };
        self.events.update_one(newer, update).await?;
        Ok(())
    }

    /// Drops what is older than the newest `keep` entries of an event's log.
    pub(super) async fn trim_switches(&self, event: &EventId, keep: u32) -> Result<(), StoreError> {
        let event = event.as_str();
        let beyond = self.switches.find_one(doc! { "event": event }).sort(doc! { "seq": -1 });
        if let Some(beyond) = beyond.skip(keep.into()).await? {
            let seq = beyond.get_i64("seq").map_err(corrupt("switch"))?;
            let older = doc! { "event": event, "seq": { "$lte": seq } };
            self.switches.delete_many(older).await?;
        }
        Ok(())
    }

    pub(super) async fn find_switches(
        &self,
        event: &EventId,
        page: SwitchPage,
    ) -> Result<Vec<LoggedSwitch>, StoreError> {
        let limit = page.limit.min(SWITCH_PAGE_MAX);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut filter = doc! { "event": event.as_str() };
        if let Some(before) = page.before {
            let before = i64::try_from(before.0).unwrap_or(i64::MAX);
            filter.insert("seq", doc! { "$lt": before });
        }
        let newest = self.switches.find(filter).sort(doc! { "seq": -1 });
        let documents: Vec<Document> = newest.limit(limit.into()).await?.try_collect().await?;
        documents
            .into_iter()
            .map(|document| {
                let seq = document.get_i64("seq").map_err(corrupt("switch"))?;
                let record = own::record("switch", document)?;
                Ok(LoggedSwitch { seq: SwitchSeq(seq.unsigned_abs()), record })
            })
            .collect()
    }
}

pub(super) fn switch_id(event: &EventId, seq: i64) -> String {
    format!("{event}/{seq}")
}

/// A place in the log as a number of BSON.
pub(super) fn bson_seq(seq: SwitchSeq) -> Result<i64, StoreError> {
    i64::try_from(seq.0).map_err(corrupt("place in the log"))
}
