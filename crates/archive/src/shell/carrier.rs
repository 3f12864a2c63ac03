//! The task that carries recordings to the store: one step of one recording at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use genlock_recorder::shell::{LEDGER, Shelved, media_name};
use genlock_recorder::{Recorder, RecordingId, Source};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::back_off::BackOff;
use super::config::StoreConfig;
use super::error::{StoreFault, disk};
use super::folder;
use super::objects::Objects;
use super::removals::Removals;
use super::status::Archive;
use super::time::{millis, unix_millis};
use crate::ledger::{Ledger, Progress, SentPart, Stored};
use crate::limits::{LOOK_AGAIN, LOOK_EACH};
use crate::plan::{Facts, Outcome, Policy, Step, next};

/// See the module documentation.
#[derive(Debug)]
pub struct Carrier {
    objects: Arc<Objects>,
    recorder: Recorder,
    archive: Archive,
    policy: Policy,
    rate: Option<u64>,
    known: BTreeMap<PathBuf, Known>,
    removals: Removals,
}

/// What is remembered of a recording.
#[derive(Debug, Default)]
struct Known {
    /// How it was when there was nothing to do.
    rested: Option<Look>,
    /// When its index is read again although it looks the same, in milliseconds since 1970.
    look_again: i64,
    back_off: BackOff,
}

/// What can be seen of a recording without reading its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// It is written to, and has so many entries in its folder.
    Open(usize),
    /// It stands still, and has an index of this length.
    Still(u64),
    /// Nothing will be added to it, and nothing is to be done.
    Settled(u64),
}

/// Why a recording is left alone for now.
#[derive(Debug)]
enum Halt {
    /// There is nothing to do: until then, or as long as the disk has nothing new.
    Rest(Option<i64>),
    /// A file is done; others have their turn.
    Turn,
    /// It was removed.
    Gone,
}

/// A recording as the plan wants to know it.
#[derive(Debug)]
struct View {
    shelved: Shelved,
    look: Look,
    ledger: Ledger,
    facts: Facts,
}

impl Carrier {
    /// Carries recordings of `recorder` to `objects`; what becomes of them is told by `archive`.
    #[must_use]
    pub fn new(
        objects: Arc<Objects>,
        recorder: Recorder,
        archive: Archive,
        config: &StoreConfig,
    ) -> Self {
        let resumable = objects.is_resumable();
        let policy = Policy { let_go_after: config.let_go_after, resumable };
        archive.configure();
        Self {
            objects,
            recorder,
            archive,
            policy,
            rate: config.rate,
            known: BTreeMap::new(),
            removals: Removals::default(),
        }
    }

    /// Works until `stop`. What is interrupted goes on at the next start.
    pub async fn run(mut self, stop: CancellationToken) {
        tracing::info!(store = self.objects.name(), "finished recordings go to the object store");
        stop.run_until_cancelled(async {
            loop {
                if self.recorder.is_mended() {
                    self.turn().await;
                }
                sleep(LOOK_EACH).await;
            }
        })
        .await;
    }

    /// Looks at every recording once.
    async fn turn(&mut self) {
        self.removals.turn(&self.recorder, &self.objects, &self.archive).await;
        let shelved = match self.blocking(|recorder| recorder.library().shelved()).await {
            Ok(shelved) => shelved,
            Err(error) => return tracing::error!(%error, "the recordings' folder cannot be read"),
        };
        let there: BTreeSet<(&Source, &RecordingId)> =
            shelved.iter().map(|it| (&it.source, &it.id)).collect();
        self.archive.retain(|source, id| there.contains(&(source, id)));
        let folders: BTreeSet<&PathBuf> = shelved.iter().map(|it| &it.folder).collect();
        self.known.retain(|folder, _| folders.contains(folder));
        for shelved in shelved {
            let known = self.known.entry(shelved.folder.clone()).or_default();
            if known.back_off.is_due(unix_millis()) {
                self.visit(shelved).await;
            }
        }
    }

    async fn visit(&mut self, shelved: Shelved) {
        let (source, id) = (shelved.source.clone(), shelved.id.clone());
        let folder = shelved.folder.clone();
        let halt = self.work(shelved).await;
        let known = self.known.entry(folder).or_default();
        match halt {
            Ok(Halt::Rest(at)) => known.back_off.succeeded(at.unwrap_or(0)),
            Ok(Halt::Turn | Halt::Gone) => known.back_off.succeeded(0),
            Err(fault) => {
                let (event, failures) = (source.event(), known.back_off.failed(unix_millis()));
                tracing::warn!(event, recording = %id, error = %fault, failures, "a recording cannot be carried to the store yet");
                self.archive.count(|totals| totals.failures += 1);
            }
        }
    }

    /// Does one step after the other until a file is done.
    async fn work(&mut self, shelved: Shelved) -> Result<Halt, StoreFault> {
        let Some(mut view) = self.view(shelved).await? else { return Ok(Halt::Rest(None)) };
        loop {
            let now = unix_millis();
            let step = next(&view.ledger, &view.facts, self.policy, now);
            if let Step::Rest(at) = step {
                self.settle(&view, at);
                return Ok(Halt::Rest(at));
            }
            let done = match self.perform(&view, &step).await {
                Ok(outcome) => self.write_down(&mut view, &step, outcome).await,
                Err(fault) => Err(fault),
            };
            let stored = view.ledger.stored(&view.facts);
            let (source, id) = (&view.shelved.source, &view.shelved.id);
            match done {
                Ok(true) => self.archive.tell(source, id, stored, None),
                Ok(false) => return Ok(Halt::Gone),
                Err(fault) => {
                    self.archive.tell(source, id, stored, Some(&fault.to_string()));
                    return Err(fault);
                }
            }
            if matches!(step, Step::Verify { .. }) {
                return Ok(Halt::Turn);
            }
        }
    }

    /// The recording as it is now; `None` if it is as it was when there was nothing to do.
    async fn view(&self, shelved: Shelved) -> Result<Option<View>, StoreFault> {
        let known = self.known.get(&shelved.folder);
        let rested = known.and_then(|known| known.rested);
        let is_due = known.is_none_or(|known| known.look_again <= unix_millis());
        let store = self.objects.name();
        let view = self.blocking(move |recorder| {
            let look = look(recorder, &shelved)?;
            let same = match (rested, look) {
                (Some(Look::Settled(was)), Look::Still(now)) => was == now,
                (Some(was), now) => was == now && !is_due,
                (None, _) => false,
            };
            if same {
                return Ok(None);
            }
            let (source, id) = (&shelved.source, &shelved.id);
            let Some(recording) = recorder.library().get(source.event(), id)? else {
                return Ok(None);
            };
            let over = matches!(look, Look::Still(_)) && recording.is_over(recorder.now());
            let facts = folder::facts(&recording, over)?;
            let ledger = ledger_of(&shelved, &store)?;
            Ok(Some(View { shelved, look, ledger, facts }))
        });
        match view.await {
            Ok(view) => Ok(view),
            // Removed meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(disk(&error)),
        }
    }

    /// Nothing is to be done before `at`, or as long as the recording looks the same.
    fn settle(&mut self, view: &View, at: Option<i64>) {
        let View { shelved, look, ledger, facts } = view;
        let stored = ledger.stored(facts);
        self.archive.settle(&shelved.source, &shelved.id, stored);
        let is_settled = facts.over && stored != Stored::Uploading;
        let rested = match (at, look) {
            (None, Look::Still(index)) if is_settled => Some(Look::Settled(*index)),
            (None, look) => Some(*look),
            (Some(_), _) => None,
        };
        let known = self.known.entry(shelved.folder.clone()).or_default();
        known.rested = rested;
        known.look_again = unix_millis().saturating_add(millis(LOOK_AGAIN));
    }

    async fn perform(&self, view: &View, step: &Step) -> Result<Outcome, StoreFault> {
        let named = |file: u32| object(view, &media_name(file));
        let begun = Instant::now();
        let (outcome, sent) = match step {
            Step::Begin { file, .. } => {
                (Outcome::Begun(self.objects.begin(&named(*file)).await?), 0)
            }
            Step::Part { file, upload, part, offset, bytes } => {
                let stretch = self.stretch(view, *file, *offset, *bytes).await?;
                match self.objects.put_part(&named(*file), upload, *part, stretch).await {
                    Ok(sent) => (Outcome::PartSent(sent), *bytes),
                    Err(StoreFault::Missing) => (Outcome::Lost, 0),
                    Err(fault) => return Err(fault),
                }
            }
            Step::Complete { file, upload, parts, .. } => {
                match self.objects.complete(&named(*file), upload, parts).await {
                    Ok(()) => (Outcome::Done, 0),
                    Err(StoreFault::Missing) => (Outcome::Lost, 0),
                    Err(fault) => return Err(fault),
                }
            }
            Step::Put { file, bytes, part_bytes } => {
                let parts = self.put(view, *file, *bytes, *part_bytes).await?;
                (Outcome::Sent(parts), *bytes)
            }
            Step::Verify { file, bytes, part_bytes, parts } => {
                let object = named(*file);
                match self.objects.is_same(&object, *bytes, *part_bytes, parts).await? {
                    true => (Outcome::Done, 0),
                    false => {
                        tracing::error!(
                            object,
                            "the object store has something else than was sent"
                        );
                        (Outcome::Lost, 0)
                    }
                }
            }
            Step::Abort { file, upload } => {
                self.objects.abort(&named(*file), upload).await?;
                (Outcome::Done, 0)
            }
            Step::PutIndex => self.put_index(view).await?,
            Step::LetGo { file } => {
                let (shelved, file) = (view.shelved.clone(), *file);
                let gone = self.blocking(move |recorder| recorder.library().let_go(&shelved, file));
                gone.await.map_err(|error| disk(&error))?;
                (Outcome::Done, 0)
            }
            Step::Rest(_) => (Outcome::Done, 0),
        };
        self.archive.count(|totals| totals.sent_bytes += sent);
        self.keep_to_rate(sent, begun).await;
        Ok(outcome)
    }

    async fn put(
        &self,
        view: &View,
        file: u32,
        bytes: u64,
        part_bytes: u64,
    ) -> Result<Vec<SentPart>, StoreFault> {
        let object = object(view, &media_name(file));
        if self.objects.is_resumable() {
            let whole = self.stretch(view, file, 0, bytes).await?;
            return Ok(vec![self.objects.put(&object, whole).await?]);
        }
        let pieces = |number: usize| {
            let offset = part_bytes.saturating_mul(number as u64);
            let length = bytes.saturating_sub(offset).min(part_bytes);
            let path = view.shelved.folder.join(media_name(file));
            self.blocking(move |_| match length {
                0 => Ok(None),
                length => folder::read(&path, offset, length).map(Some),
            })
        };
        self.objects.put_pieces(&object, pieces).await
    }

    async fn put_index(&self, view: &View) -> Result<(Outcome, u64), StoreFault> {
        let (folder, bytes) = (view.shelved.folder.clone(), view.facts.index_bytes);
        let index = self.blocking(move |_| folder::index(&folder, bytes)).await;
        let index = index.map_err(|error| disk(&error))?;
        let object = object(view, folder::INDEX);
        let sent = self.objects.put(&object, index).await?;
        if !self.objects.is_same(&object, bytes, bytes.max(1), &[sent]).await? {
            return Err(StoreFault::Other(
                "the object store has another index than was sent".into(),
            ));
        }
        Ok((Outcome::IndexSent { bytes }, bytes))
    }

    async fn stretch(
        &self,
        view: &View,
        file: u32,
        offset: u64,
        bytes: u64,
    ) -> Result<Bytes, StoreFault> {
        let path = view.shelved.folder.join(media_name(file));
        let read = self.blocking(move |_| folder::read(&path, offset, bytes));
        read.await.map_err(|error| disk(&error))
    }

    /// Makes durable what came of a step; `false` if the recording was removed meanwhile.
    async fn write_down(
        &self,
        view: &mut View,
        step: &Step,
        outcome: Outcome,
    ) -> Result<bool, StoreFault> {
        view.ledger.apply(step, outcome, unix_millis());
        if let Step::LetGo { file } = step {
            view.facts.files.remove(file);
        }
        let text = serde_json::to_vec(&view.ledger).map_err(|error| disk(&error.into()))?;
        let shelved = view.shelved.clone();
        let written =
            self.blocking(move |recorder| recorder.library().write_beside(&shelved, LEDGER, &text));
        let written = written.await.map_err(|error| disk(&error));
        if !matches!(written, Ok(true)) && matches!(step, Step::Begin { .. }) {
            // Nobody would know of it.
            self.give_up(view, step).await;
        }
        if matches!(written, Ok(false)) {
            // What was sent after the recording was removed is not looked for any more.
            self.objects.remove_all(&objects_of(&view.shelved)).await?;
        }
        written
    }

    async fn give_up(&self, view: &View, step: &Step) {
        let Step::Begin { file, .. } = step else { return };
        let known = view.ledger.files.get(file).map(|file| &file.progress);
        if let Some(Progress::Uploading { upload, .. }) = known {
            let object = object(view, &media_name(*file));
            if let Err(error) = self.objects.abort(&object, upload).await {
                tracing::warn!(%error, object, "an upload that was begun stays in the store");
            }
        }
    }

    async fn keep_to_rate(&self, sent: u64, begun: Instant) {
        let Some(rate) = self.rate.filter(|_| sent > 0) else { return };
        let wanted = Duration::from_secs_f64(sent as f64 / rate as f64);
        sleep(wanted.saturating_sub(begun.elapsed())).await;
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Recorder) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        folder::blocking(&self.recorder, work).await
    }
}

/// What the names of a recording's objects begin with.
fn objects_of(shelved: &Shelved) -> String {
    let (source, id) = (&shelved.source, &shelved.id);
    format!("{}/{}/{}", source.event(), id.name(), id.began())
}

fn object(view: &View, name: &str) -> String {
    format!("{}/{name}", objects_of(&view.shelved))
}

fn look(recorder: &Recorder, shelved: &Shelved) -> io::Result<Look> {
    match recorder.is_open(&shelved.source, &shelved.id) {
        true => Ok(Look::Open(std::fs::read_dir(&shelved.folder)?.count())),
        false => Ok(Look::Still(std::fs::metadata(shelved.folder.join(folder::INDEX))?.len())),
    }
}

/// A ledger of another store is begun anew, unless the disk has let something go for it.
fn ledger_of(shelved: &Shelved, store: &str) -> io::Result<Ledger> {
    match folder::ledger(&shelved.folder)? {
        Some(ledger) if ledger.store == store => Ok(ledger),
        Some(ledger) if ledger.gone() > 0 => {
            Err(io::Error::other(format!("it is in another object store: {}", ledger.store)))
        }
        _ => Ok(Ledger::new(store)),
    }
}
