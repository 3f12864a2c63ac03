//! A shared database that fails on command.

use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;

use super::*;
use crate::{
    Camera, CameraId, CameraPatch, CameraPresence, Event, EventPatch, HookDelivery, HookDeliveryId,
    HookQueue, Ledger, LoggedSwitch, ScheduledTake, ScheduledTakeId, SecretHash, StreamKey,
    SwitchPage, SwitchRecord, SwitchSeq,
};

/// What the database does with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    /// Answers.
    Up,
    /// Does nothing.
    Down,
    /// Does it, and the answer is lost.
    Deaf,
    /// Refuses it for what it is.
    Refusing,
}

/// An embedded store in the place of the shared database.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) inner: SqliteStore,
    mood: Mutex<Mood>,
    /// What the next calls get, before the mood counts again.
    pub(super) script: Mutex<Vec<Mood>>,
    pub(super) told: Mutex<Vec<(CameraId, CameraPresence)>>,
    pub(super) shown: Mutex<Vec<String>>,
}

impl Shared {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            inner: SqliteStore::in_memory().unwrap(),
            mood: Mutex::new(Mood::Up),
            script: Mutex::default(),
            told: Mutex::default(),
            shown: Mutex::default(),
        })
    }

    pub(super) fn set(&self, mood: Mood) {
        *self.mood() = mood;
    }

    fn mood(&self) -> MutexGuard<'_, Mood> {
        self.mood.lock().unwrap()
    }

    async fn through<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let mood = self.script.lock().unwrap().pop().unwrap_or_else(|| *self.mood());
        let fault = || Box::new(std::io::Error::other("unplugged"));
        match mood {
            Mood::Up => call.await,
            Mood::Down => Err(StoreError::Unavailable(fault())),
            Mood::Deaf => call.await.and(Err(StoreError::TimedOut)),
            Mood::Refusing => Err(StoreError::Rejected(fault())),
        }
    }
}

/// Every call goes to the store behind it, if the mood lets it.
macro_rules! pass_on {
    ($(fn $name:ident($($arg:ident: $kind:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl Store for Shared {
            $(async fn $name(&self, $($arg: $kind),*) -> Result<$answer, StoreError> {
                self.through(self.inner.$name($($arg),*)).await
            })*

            async fn tell_presence(
                &self,
                _event: &EventId,
                camera: &CameraId,
                presence: CameraPresence,
            ) -> Result<(), StoreError> {
                let tell = async {
                    self.told.lock().unwrap().push((camera.clone(), presence));
                    Ok(())
                };
                self.through(tell).await
            }

            async fn show_key(
                &self,
                _event: &EventId,
                _camera: &CameraId,
                key: &StreamKey,
            ) -> Result<(), StoreError> {
                let show = async {
                    self.shown.lock().unwrap().push(key.reveal().to_owned());
                    Ok(())
                };
                self.through(show).await
            }
        }
    };
}

pass_on! {
    fn create_event(event: Event) -> ();
    fn event(id: &EventId) -> Option<Event>;
    fn events() -> Vec<Event>;
    fn update_event(id: &EventId, patch: EventPatch) -> Option<Event>;
    fn delete_event(id: &EventId) -> Option<Event>;
    fn create_camera(camera: Camera) -> ();
    fn camera(event: &EventId, id: &CameraId) -> Option<Camera>;
    fn camera_by_key(hash: &SecretHash) -> Option<Camera>;
    fn cameras(event: &EventId) -> Vec<Camera>;
    fn update_camera(event: &EventId, id: &CameraId, patch: CameraPatch) -> Option<Camera>;
    fn delete_camera(event: &EventId, id: &CameraId) -> Option<Camera>;
    fn append_switch(record: SwitchRecord) -> SwitchSeq;
    fn put_switch(entry: LoggedSwitch) -> bool;
    fn set_ledger(event: &EventId, seq: SwitchSeq, ledger: Ledger) -> bool;
    fn switches(event: &EventId, page: SwitchPage) -> Vec<LoggedSwitch>;
    fn schedule_take(take: ScheduledTake) -> ();
    fn scheduled_takes(event: &EventId) -> Vec<ScheduledTake>;
    fn delete_scheduled_take(event: &EventId, id: &ScheduledTakeId) -> Option<ScheduledTake>;
    fn put_hook_delivery(delivery: HookDelivery) -> ();
    fn hook_deliveries(queue: HookQueue, limit: u32) -> Vec<HookDelivery>;
    fn delete_hook_delivery(id: &HookDeliveryId) -> Option<HookDelivery>;
    fn create_token(token: crate::AccessToken, now: crate::Timestamp) -> ();
    fn token_by_hash(hash: &SecretHash) -> Option<crate::AccessToken>;
    fn tokens(event: &EventId) -> Vec<crate::AccessToken>;
    fn delete_token(event: &EventId, id: &crate::TokenId) -> Option<crate::AccessToken>;
    fn meta(key: MetaKey) -> Option<String>;
    fn set_meta(key: MetaKey, value: String) -> ();
    fn close() -> ();
}
