//! A write as a value: what the outbox keeps until the shared database has it.

use serde::{Deserialize, Deserializer, Serialize};

use crate::access_token::AccessToken;
use crate::camera::{Camera, CameraPatch};
use crate::error::StoreError;
use crate::event::{Event, EventPatch};
use crate::id::{CameraId, EventId, ScheduledTakeId, TokenId};
use crate::scheduled::ScheduledTake;
use crate::secret::StreamKey;
use crate::store::{MetaKey, Store};
use crate::switch::{Ledger, LoggedSwitch, SwitchRecord, SwitchSeq};
use crate::time::Timestamp;

/// A write that took effect in one store and is to take effect in another. Doing it twice is doing it once, as
/// long as the writes after it are done again, too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "write", rename_all = "snake_case")]
pub(crate) enum Write {
    CreateEvent { event: Box<Event> },
    UpdateEvent { id: EventId, patch: Box<EventPatch> },
    DeleteEvent { id: EventId },
    CreateCamera { camera: Box<Camera> },
    UpdateCamera { event: EventId, id: CameraId, patch: CameraPatch },
    DeleteCamera { event: EventId, id: CameraId },
    ShowKey { event: EventId, camera: CameraId, key: ShownKey },
    PutSwitch { seq: u64, record: Box<SwitchRecord> },
    SetLedger { event: EventId, seq: u64, ledger: Ledger },
    ScheduleTake { take: ScheduledTake },
    DeleteScheduledTake { event: EventId, id: ScheduledTakeId },
    CreateToken { token: Box<AccessToken>, now: Timestamp },
    DeleteToken { event: EventId, id: TokenId },
    SetMeta { key: MetaKey, value: String },
}

impl Write {
    /// What it does, in a word: its name in the outbox.
    pub(crate) fn kind(&self) -> String {
        let value = serde_json::to_value(self).unwrap_or_default();
        value["write"].as_str().unwrap_or_default().to_owned()
    }

    /// The event that it is about.
    pub(crate) fn event(&self) -> Option<&EventId> {
        Some(match self {
            Self::CreateEvent { event } => &event.id,
            Self::CreateCamera { camera } => &camera.event,
            Self::PutSwitch { record, .. } => &record.event,
            Self::ScheduleTake { take } => &take.event,
            Self::CreateToken { token, .. } => &token.event,
            Self::UpdateEvent { id, .. } | Self::DeleteEvent { id } => id,
            Self::UpdateCamera { event, .. }
            | Self::DeleteCamera { event, .. }
            | Self::ShowKey { event, .. }
            | Self::SetLedger { event, .. }
            | Self::DeleteScheduledTake { event, .. }
            | Self::DeleteToken { event, .. } => event,
            Self::SetMeta { .. } => return None,
        })
    }

    /// Does it to `store`. That it was done already is no error.
    pub(crate) async fn apply(self, store: &dyn Store) -> Result<(), StoreError> {
        let done = match self {
            Self::CreateEvent { event } => store.create_event(*event).await,
            Self::UpdateEvent { id, patch } => store.update_event(&id, *patch).await.map(drop),
            Self::DeleteEvent { id } => store.delete_event(&id).await.map(drop),
            Self::CreateCamera { camera } => store.create_camera(*camera).await,
            Self::UpdateCamera { event, id, patch } => {
                store.update_camera(&event, &id, patch).await.map(drop)
            }
            Self::DeleteCamera { event, id } => store.delete_camera(&event, &id).await.map(drop),
            Self::ShowKey { event, camera, key } => store.show_key(&event, &camera, &key.0).await,
            Self::PutSwitch { seq, record } => {
                let entry = LoggedSwitch { seq: SwitchSeq(seq), record: *record };
                store.put_switch(entry).await.map(drop)
            }
            Self::SetLedger { event, seq, ledger } => {
                store.set_ledger(&event, SwitchSeq(seq), ledger).await.map(drop)
            }
            Self::ScheduleTake { take } => store.schedule_take(take).await,
            Self::DeleteScheduledTake { event, id } => {
                store.delete_scheduled_take(&event, &id).await.map(drop)
            }
            Self::CreateToken { token, now } => store.create_token(*token, now).await,
            Self::DeleteToken { event, id } => store.delete_token(&event, &id).await.map(drop),
            Self::SetMeta { key, value } => store.set_meta(key, value).await,
        };
        match done {
            // The same write, done before a crash. Ids are random: nobody else has made this one. A key that
            // another camera has is another matter.
            Err(StoreError::AlreadyExists { what }) if what != "key" => Ok(()),
            done => done,
        }
    }
}

/// A key on its way to those who share the store, kept only where the operator wants keys to be readable.
#[derive(Debug, Clone)]
pub(crate) struct ShownKey(pub(crate) StreamKey);

impl PartialEq for ShownKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.hash() == other.0.hash()
    }
}

impl Serialize for ShownKey {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0.reveal())
    }
}

impl<'de> Deserialize<'de> for ShownKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(StreamKey::known).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::{camera, event, switch};

    fn round_trip(write: &Write) -> Write {
        serde_json::from_str(&serde_json::to_string(write).unwrap()).unwrap()
    }

    #[test]
    fn a_write_reads_back_as_it_was() {
        let id = event("a").id;
        for write in [
            Write::CreateEvent { event: Box::new(event("a")) },
            Write::CreateCamera { camera: Box::new(camera("a", "x")) },
            Write::PutSwitch { seq: u64::MAX / 4, record: Box::new(switch("a", 7)) },
            Write::DeleteEvent { id },
        ] {
            assert_eq!(round_trip(&write), write);
        }
    }

    #[test]
    fn leaving_a_field_and_emptying_it_stay_apart() {
        let id = event("a").id;
        let release = EventPatch { lock: Some(None), ..EventPatch::default() };
        let write = Write::UpdateEvent { id, patch: Box::new(release) };
        assert_eq!(round_trip(&write), write);
    }

    #[test]
    fn a_key_does_not_print() {
        let key = StreamKey::random().unwrap();
        let shown = ShownKey(key.clone());
        assert!(!format!("{shown:?}").contains(key.reveal()));
        assert_eq!(round_trip_key(&shown), shown);
    }

    fn round_trip_key(key: &ShownKey) -> ShownKey {
        serde_json::from_str(&serde_json::to_string(key).unwrap()).unwrap()
    }
}
