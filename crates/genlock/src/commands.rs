//! `genlock store export`, `genlock store import` and `genlock migrate`.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use genlock_store::transfer::{self, Imported, Record, Sink};
use genlock_store::{Store, StoreError};

use crate::config::{Flags, Settings};
use crate::storage::Storage;

/// Bytes of one line of an import. The largest record is a recording with all its files.
const LINE_BYTES_MAX: u64 = 1 << 20;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum StoreCommand {
    /// Write everything that is kept as lines of JSON. Holds hashes of keys, and what signs playback paths and hooks: keep it safe
    #[command(args_override_self = true)]
    Export {
        /// File to write [default: standard output]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        flags: Flags,
    },
    /// Read what `export` wrote into a store that has no events
    #[command(args_override_self = true)]
    Import {
        /// File to read [default: standard input]
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        /// Add to the events that are there; what is there stays as it is
        #[arg(long)]
        merge: bool,
        #[command(flatten)]
        flags: Flags,
    },
}

impl StoreCommand {
    pub(crate) const fn flags(&self) -> &Flags {
        match self {
            Self::Export { flags, .. } | Self::Import { flags, .. } => flags,
        }
    }
}

/// Runs a command on the store of `settings`. The server must not run on the same data folder.
pub(crate) async fn run(command: StoreCommand, settings: &Settings) -> Result<()> {
    let storage = Storage::open(settings).await?;
    let done = match command {
        StoreCommand::Export { file, .. } => export_to(&storage, file.as_deref()).await,
        StoreCommand::Import { file, merge, .. } => {
            import_from(&storage, file.as_deref(), merge).await
        }
    };
    storage.store.close().await?;
    done
}

async fn export_to(storage: &Storage, file: Option<&Path>) -> Result<()> {
    if let Err(error) = storage.catch_up().await {
        tracing::warn!(%error, "MongoDB does not answer: what is written is the copy of it here");
    }
    let mut out: Box<dyn Write + Send> = match file {
        Some(path) => Box::new(create_private(path)?),
        None => Box::new(io::stdout()),
    };
    let lines = export(storage.store.as_ref(), &mut out).await?;
    tracing::info!(lines, "exported");
    Ok(())
}

/// Writes everything in `store` and returns the number of lines.
async fn export(store: &dyn Store, out: &mut (dyn Write + Send)) -> Result<u64> {
    let mut lines = Lines { out: BufWriter::new(out), count: 0 };
    transfer::export(store, &mut lines).await?;
    lines.out.flush()?;
    Ok(lines.count)
}

struct Lines<'a> {
    out: BufWriter<&'a mut (dyn Write + Send)>,
    count: u64,
}

#[async_trait]
impl Sink for Lines<'_> {
    async fn take(&mut self, record: Record) -> Result<(), StoreError> {
        let line = serde_json::to_string(&record).map_err(|error| io_failed(error.into()))?;
        writeln!(self.out, "{line}").map_err(io_failed)?;
        self.count += 1;
        Ok(())
    }
}

fn io_failed(error: io::Error) -> StoreError {
    StoreError::Backend(Box::new(error))
}

/// For its owner's eyes only.
fn create_private(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).with_context(|| format!("cannot write {}", path.display()))
}

async fn import_from(storage: &Storage, file: Option<&Path>, merge: bool) -> Result<()> {
    let input: Box<dyn Read> = match file {
        Some(path) => {
            let opened = File::open(path);
            Box::new(opened.with_context(|| format!("cannot read {}", path.display()))?)
        }
        None => Box::new(io::stdin()),
    };
    let counts = import(storage.store.as_ref(), BufReader::new(input), merge).await?;
    tracing::info!(added = counts.added, were_there = counts.were_there, "imported");
    if let Err(error) = storage.catch_up().await {
        let pending = storage.store.status().pending;
        tracing::warn!(%error, pending, "MongoDB does not answer: it gets what it lacks from the server");
    }
    Ok(())
}

/// What an import did.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    added: u64,
    were_there: u64,
}

/// Reads lines until their end. An error names the line; the lines before it are in the store.
async fn import(store: &dyn Store, mut input: impl BufRead, merge: bool) -> Result<Counts> {
    if !merge && !store.events().await?.is_empty() {
        bail!("the store has events already: `--merge` adds to them");
    }
    let mut counts = Counts::default();
    let mut number = 0_u64;
    let mut line = Vec::new();
    loop {
        line.clear();
        number += 1;
        input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            break;
        }
        let record = read_line(&line, number).with_context(|| format!("line {number}"))?;
        match transfer::import(store, record).await.with_context(|| format!("line {number}"))? {
            Imported::Added => counts.added += 1,
            Imported::WasThere => counts.were_there += 1,
        }
    }
    if number == 1 {
        bail!("there is nothing to import");
    }
    // The first line is not a record of the store.
    counts.were_there -= 1;
    Ok(counts)
}

fn read_line(line: &[u8], number: u64) -> Result<Record> {
    if line.len() as u64 == LINE_BYTES_MAX {
        bail!("is longer than {LINE_BYTES_MAX} bytes");
    }
    let record = serde_json::from_slice(line)?;
    if (number == 1) != matches!(record, Record::Format(_)) {
        bail!("an export begins, once, with its form: {{\"genlock_store\":1}}");
    }
    Ok(record)
}

/// Brings the documents of other programs in MongoDB up, and says what was done.
#[cfg(feature = "mongodb")]
#[expect(clippy::print_stdout, reason = "a command line tool talks to its user")]
pub(crate) async fn migrate(settings: &Settings, dry_run: bool) -> Result<()> {
    let Some(shared) = &settings.shared_store else {
        bail!("store.mongodb_uri is not set: there are no documents of other programs");
    };
    let migration = crate::storage::mongo(shared, settings).migrate(dry_run).await?;
    let done = if dry_run { "would be brought up" } else { "brought up" };
    println!("documents      {:>6}", migration.documents);
    println!("{done:<14} {:>6}", migration.brought_up);
    println!("cameras        {:>6}", migration.cameras);
    println!("keys hashed    {:>6}", migration.keys_hashed);
    println!("log entries    {:>6}", migration.switches);
    println!("skipped        {:>6}", migration.skipped.len());
    for skipped in migration.skipped {
        println!("  {:?}: {}", skipped.id, skipped.why);
    }
    Ok(())
}

#[cfg(not(feature = "mongodb"))]
pub(crate) async fn migrate(_settings: &Settings, _dry_run: bool) -> Result<()> {
    bail!(crate::server::StartError::NoMongo)
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlock_store::{
        Camera, CameraId, DisplayName, Event, EventId, EventPolicy, Life, MetaKey, Playback,
        SecretHash, SqliteStore, SwitchPage, Timestamp, UnknownFields,
    };
    use genlock_store::{
        Discontinuity, Ledger, SwitchOutcome, SwitchReason, SwitchRecord, SwitchStyle,
    };

    fn event(id: &str) -> Event {
        Event {
            id: EventId::parse(id).unwrap(),
            name: DisplayName::parse("Ann & Bob").unwrap(),
            created_at: Timestamp::from_millis(1),
            creator_id: None,
            life: Life::Open,
            playback: Playback::Public,
            policy: EventPolicy::default(),
            lock: None,
            intent: None,
            on_air: None,
            unknown: UnknownFields::default(),
        }
    }

    fn switch(at_millis: i64) -> SwitchRecord {
        SwitchRecord {
            event: EventId::parse("a").unwrap(),
            from: None,
            to: Some(CameraId::parse("x").unwrap()),
            requested_at: Timestamp::from_millis(at_millis),
            switched_at: Some(Timestamp::from_millis(at_millis)),
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

    async fn filled() -> SqliteStore {
        let store = SqliteStore::in_memory().unwrap();
        store.create_event(event("a")).await.unwrap();
        let camera = Camera {
            id: CameraId::parse("x").unwrap(),
            event: EventId::parse("a").unwrap(),
            name: DisplayName::parse("Aisle").unwrap(),
            priority: 3,
            sync_offset_ms: -40,
            key_hash: SecretHash::of("key"),
            created_at: Timestamp::from_millis(2),
            unknown: UnknownFields::default(),
        };
        store.create_camera(camera).await.unwrap();
        for at in 0..600 {
            store.append_switch(switch(at)).await.unwrap();
        }
        store.set_meta(MetaKey::EventClockOrigin, "77".to_owned()).await.unwrap();
        store
    }

    async fn exported(store: &SqliteStore) -> Vec<u8> {
        let mut text = Vec::new();
        export(store, &mut text).await.unwrap();
        text
    }

    async fn log(store: &SqliteStore) -> Vec<genlock_store::LoggedSwitch> {
        let event = EventId::parse("a").unwrap();
        let mut log = Vec::new();
        let mut before = None;
        loop {
            let page = SwitchPage { before, limit: 500 };
            let entries = store.switches(&event, page).await.unwrap();
            let Some(oldest) = entries.last() else { return log };
            before = Some(oldest.seq);
            log.extend(entries);
        }
    }

    #[tokio::test]
    async fn what_is_exported_is_imported_as_it_was() {
        let (from, to) = (filled().await, SqliteStore::in_memory().unwrap());
        let text = exported(&from).await;
        let counts = import(&to, text.as_slice(), false).await.unwrap();
        assert_eq!(counts, Counts { added: 603, were_there: 0 });
        assert_eq!(to.snapshot().await.unwrap(), from.snapshot().await.unwrap());
        assert_eq!(log(&to).await, log(&from).await);
        assert_eq!(to.meta(MetaKey::EventClockOrigin).await.unwrap().as_deref(), Some("77"));
        assert_eq!(exported(&to).await, text);
    }

    #[tokio::test]
    async fn a_store_with_events_is_left_alone_unless_told() {
        let store = filled().await;
        let text = exported(&store).await;
        let refused = import(&store, text.as_slice(), false).await.unwrap_err();
        assert!(refused.to_string().contains("--merge"), "{refused}");
        let counts = import(&store, text.as_slice(), true).await.unwrap();
        assert_eq!(counts, Counts { added: 0, were_there: 603 });
        assert_eq!(exported(&store).await, text);
    }

    #[tokio::test]
    async fn what_is_no_export_is_named_with_its_line() {
        let orphan =
            r#"{"scheduled_take":{"id":"t","event":"a","camera":"x","at":1,"created_at":1}}"#;
        for (text, told) in [
            ("".to_owned(), "nothing to import"),
            ("{}".to_owned(), "line 1"),
            ("{\"meta\":{\"key\":\"event_clock_origin\",\"value\":\"1\"}}".to_owned(), "line 1"),
            ("{\"genlock_store\":2}".to_owned(), "line 1"),
            ("{\"genlock_store\":1}\n{\"event\":{}}".to_owned(), "line 2"),
            (format!("{{\"genlock_store\":1}}\n{orphan}"), "line 2"),
            (format!("{{\"genlock_store\":1}}\n{}", "x".repeat(LINE_BYTES_MAX as usize)), "line 2"),
        ] {
            let store = SqliteStore::in_memory().unwrap();
            let refused = import(&store, text.as_bytes(), false).await.unwrap_err();
            assert!(format!("{refused:#}").contains(told), "{refused:#}");
        }
    }
}
