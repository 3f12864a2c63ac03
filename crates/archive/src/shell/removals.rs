//! What was removed here is removed in the store. One that cannot be rests, and holds up no other.

use std::collections::BTreeMap;
use std::path::PathBuf;

use genlock_recorder::Recorder;
use genlock_recorder::shell::{Removed, media_name};

use super::back_off::BackOff;
use super::error::{StoreFault, disk};
use super::folder;
use super::objects::Objects;
use super::status::Archive;
use super::time::unix_millis;

/// The removals that have failed, by their folders.
#[derive(Debug, Default)]
pub(super) struct Removals(BTreeMap<PathBuf, BackOff>);

impl Removals {
    /// Tries each that is due once.
    pub(super) async fn turn(&mut self, recorder: &Recorder, objects: &Objects, archive: &Archive) {
        let removed = folder::blocking(recorder, |recorder| recorder.library().removed()).await;
        let removed = removed.unwrap_or_default();
        self.0.retain(|folder, _| removed.iter().any(|removed| removed.folder == *folder));
        archive.count(|totals| totals.removals = removed.len() as u64);
        for removed in removed {
            let now = unix_millis();
            if self.0.get(&removed.folder).is_some_and(|back_off| !back_off.is_due(now)) {
                continue;
            }
            match clear(recorder, objects, &removed).await {
                Ok(()) => {
                    self.0.remove(&removed.folder);
                    archive.count(|totals| totals.removals -= 1);
                }
                Err(error) => {
                    let Removed { objects, folder } = removed;
                    let failures = self.0.entry(folder).or_default().failed(now);
                    tracing::warn!(%error, objects, failures, "a removed recording stays in the store for now");
                    archive.count(|totals| totals.failures += 1);
                }
            }
        }
    }
}

async fn clear(
    recorder: &Recorder,
    objects: &Objects,
    removed: &Removed,
) -> Result<(), StoreFault> {
    let folder = removed.folder.clone();
    let ledger = folder::blocking(recorder, move |_| folder::ledger(&folder)).await;
    let ledger = ledger.map_err(|error| disk(&error))?.unwrap_or_default();
    if !ledger.store.is_empty() && ledger.store != objects.name() {
        let why = format!("it is in another object store: {}", ledger.store);
        return Err(StoreFault::Other(why));
    }
    for (file, upload) in ledger.uploads() {
        let object = format!("{}/{}", removed.objects, media_name(file));
        objects.abort(&object, upload).await?;
    }
    objects.remove_all(&removed.objects).await?;
    let removed = removed.clone();
    let forgotten = folder::blocking(recorder, move |recorder| {
        tracing::info!(objects = removed.objects, "a removed recording is out of the store");
        recorder.library().forget(&removed)
    });
    forgotten.await.map_err(|error| disk(&error))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use genlock_feed::clock::EventClock;
    use genlock_media::EventTime;
    use genlock_recorder::RecorderConfig;
    use genlock_recorder::shell::LEDGER;

    use super::*;
    use crate::ledger::Ledger;
    use crate::shell::{StoreConfig, StoreUrl};

    /// A recording that was removed and is in `store`; returns its ledger's folder.
    fn removed(recordings: &Path, objects: &str, store: &str) -> PathBuf {
        let folder = recordings.join(".removed").join(objects);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(LEDGER), serde_json::to_vec(&Ledger::new(store)).unwrap()).unwrap();
        folder
    }

    #[tokio::test]
    async fn one_that_cannot_be_removed_holds_up_no_other_and_rests() {
        let root = tempfile::tempdir().unwrap();
        let (recordings, store) = (root.path().join("recordings"), root.path().join("store"));
        let object = store.join("event/b/2/1.mp4");
        fs::create_dir_all(object.parent().unwrap()).unwrap();
        fs::write(&object, b"media").unwrap();
        let objects = Objects::new(&StoreConfig::new(StoreUrl::Folder(store))).unwrap();
        let elsewhere = removed(&recordings, "event/a/1", "file:///where/it/was/before");
        let here = removed(&recordings, "event/b/2", &objects.name());
        let config = RecorderConfig { keep_free: 0, ..RecorderConfig::new(recordings, 0) };
        let clock = EventClock::starting_at(EventTime::ZERO);
        let recorder = Recorder::start(config, clock).unwrap();
        let (mut removals, archive) = (Removals::default(), Archive::default());
        archive.configure();

        removals.turn(&recorder, &objects, &archive).await;
        assert!(!object.exists() && !here.exists(), "the second is gone");
        assert!(elsewhere.exists(), "the first waits for its store");
        let totals = archive.totals().unwrap();
        assert_eq!((totals.removals, totals.failures), (1, 1));
        assert!(!removals.0[&elsewhere].is_due(unix_millis()));

        removals.turn(&recorder, &objects, &archive).await;
        assert_eq!(archive.totals().unwrap().failures, 1, "it is not tried again at once");
    }
}
