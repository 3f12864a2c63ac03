//! The embedded store: one SQLite file, one thread that owns it.
//!
//! ```text
//!  caller ──call──▶ bounded channel ──▶ writer thread ──▶ genlock.db (WAL, synchronous=FULL)
//!         ◀─oneshot answer──────────────┘
//! ```
//!
//! Events, cameras and access tokens are in memory, too, and read there: whoever takes a camera or begins to publish does not
//! wait for a slow disk. All other calls go through the one connection, reads too: at 0.4 ms for a durable commit and far
//! less for a read there is nothing to win by more of them, and every caller sees what was written before. Each record is a
//! JSON document in a `doc` column, with those fields as columns beside it that are searched, sorted or unique.
//!
//! `synchronous=FULL` makes a commit durable when it returns (NORMAL may lose the last ones on a power
//! cut). A file lock beside the database keeps a second server out of the data folder.

mod adopt;
mod calls;
mod documents;
mod memory;
pub(crate) mod outbox;
mod queries;
mod records;
mod rejected;
mod schema;
mod transaction;
mod writer;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

pub use adopt::{Adopted, Fetched};
pub use outbox::OutboxMark;

use self::memory::Memory;
use self::outbox::Outbox;
use self::transaction::Faults;
use self::writer::Writer;
use crate::error::StoreError;
use crate::limits::EVENTS_DEFAULT;

/// The database in the data folder.
const DATABASE_FILE: &str = "genlock.db";

/// The copy of a shared database in the data folder.
const COPY_FILE: &str = "genlock-copy.db";

/// Locked while a server uses the data folder. Its content means nothing.
const LOCK_FILE: &str = "genlock.lock";

/// The embedded store. Dropping it waits until the calls already queued are done.
///
/// Under a paused tokio clock calls time out at once: the runtime does not see that the thread works.
#[derive(Debug)]
pub struct SqliteStore {
    writer: Writer,
    memory: Arc<Memory>,
    faults: Faults,
    /// Only in the copy of a shared database.
    outbox: Option<Arc<Outbox>>,
    events_max: u32,
}

impl SqliteStore {
    /// Opens the store in `data_dir`, making the folder and the file when they are missing and bringing
    /// an older schema up to date.
    ///
    /// Blocks on the disk; meant for start-up, before anything is served.
    pub fn open(data_dir: &Path) -> Result<Self, StoreError> {
        Self::open_file(data_dir, DATABASE_FILE, None)
    }

    /// Opens the copy of a shared database in `data_dir`: the same store in a file of its own, that notes every write for
    /// [`Replica`](crate::Replica) to carry out there, too. With `plain_keys`, keys are noted as well, so that they
    /// can be read there.
    pub fn open_copy(data_dir: &Path, plain_keys: bool) -> Result<Self, StoreError> {
        Self::open_file(data_dir, COPY_FILE, Some(plain_keys))
    }

    /// Bounds its events: [`EVENTS_DEFAULT`] otherwise.
    #[must_use]
    pub fn with_events_max(self, events_max: u32) -> Self {
        Self { events_max, ..self }
    }

    /// A copy of a shared database that is gone when it is dropped. For tests and trials.
    pub fn copy_in_memory(plain_keys: bool) -> Result<Self, StoreError> {
        let path = Path::new(":memory:");
        let connection = Connection::open_in_memory().map_err(cannot_open(path))?;
        Self::start(connection, path, None, Some(plain_keys))
    }

    /// A store that is gone when it is dropped, through the same code. For tests and trials.
    pub fn in_memory() -> Result<Self, StoreError> {
        let path = Path::new(":memory:");
        let connection = Connection::open_in_memory().map_err(cannot_open(path))?;
        Self::start(connection, path, None, None)
    }

    fn open_file(data_dir: &Path, name: &str, copy: Option<bool>) -> Result<Self, StoreError> {
        fs::create_dir_all(data_dir).map_err(cannot_open(data_dir))?;
        let lock = lock_folder(data_dir)?;
        let path = data_dir.join(name);
        create_private(&path).map_err(cannot_open(&path))?;
        let connection = Connection::open(&path).map_err(cannot_open(&path))?;
        Self::start(connection, &path, Some(lock), copy)
    }

    fn start(
        mut connection: Connection,
        path: &Path,
        lock: Option<File>,
        copy: Option<bool>,
    ) -> Result<Self, StoreError> {
        schema::prepare(&mut connection, path)?;
        let outbox = copy.map(|plain_keys| Arc::new(Outbox::new(plain_keys)));
        if let Some(outbox) = &outbox {
            outbox.count(&connection)?;
        }
        let memory = Arc::new(Memory::load(&connection)?);
        let writer = Writer::spawn(connection, lock).map_err(cannot_open(path))?;
        let faults = Faults::default();
        Ok(Self { writer, memory, faults, outbox, events_max: EVENTS_DEFAULT })
    }
}

/// Takes the data folder for this process, until the returned file is closed.
fn lock_folder(data_dir: &Path) -> Result<File, StoreError> {
    let path = data_dir.join(LOCK_FILE);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(cannot_open(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { path: data_dir.to_owned() }),
        Err(TryLockError::Error(error)) => Err(cannot_open(&path)(error)),
    }
}

/// Makes the database file readable for its owner only, before SQLite would make it for everybody. SQLite
/// gives its journal files the same mode.
fn create_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(|_| ())
}

fn cannot_open<E>(path: &Path) -> impl FnOnce(E) -> StoreError
where
    E: std::error::Error + Send + Sync + 'static,
{
    let path: PathBuf = path.to_owned();
    move |error| StoreError::Open { path, source: Box::new(error) }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::conformance::{self, camera, event, switch};
    use crate::{MetaKey, Store, StoreState, StoreStatus, SwitchPage};

    #[tokio::test]
    async fn conforms_in_memory() {
        conformance::run(|| SqliteStore::in_memory().unwrap()).await;
    }

    #[tokio::test]
    async fn conforms_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let number = std::cell::Cell::new(0);
        conformance::run(|| {
            number.set(number.get() + 1);
            SqliteStore::open(&folder.path().join(number.get().to_string())).unwrap()
        })
        .await;
    }

    async fn fill(store: &SqliteStore) {
        store.create_event(event("a")).await.unwrap();
        store.create_camera(camera("a", "x")).await.unwrap();
        store.append_switch(switch("a", 1)).await.unwrap();
        store.set_meta(MetaKey::AdminTokenHash, "hash".to_owned()).await.unwrap();
    }

    async fn check_filled(store: &SqliteStore) {
        assert_eq!(store.events().await.unwrap(), [event("a")]);
        let camera = camera("a", "x");
        assert_eq!(store.camera_by_key(&camera.key_hash).await.unwrap(), Some(camera));
        let page = SwitchPage { before: None, limit: 10 };
        let log = store.switches(&event("a").id, page).await.unwrap();
        assert_eq!(log.len(), 1);
        let hash = store.meta(MetaKey::AdminTokenHash).await.unwrap();
        assert_eq!(hash.as_deref(), Some("hash"));
    }

    #[tokio::test]
    async fn a_restart_keeps_everything() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path()).unwrap();
        fill(&store).await;
        store.close().await.unwrap();
        drop(store);
        check_filled(&SqliteStore::open(folder.path()).unwrap()).await;
    }

    #[tokio::test]
    async fn dropping_without_closing_keeps_everything() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path()).unwrap();
        fill(&store).await;
        drop(store);
        check_filled(&SqliteStore::open(folder.path()).unwrap()).await;
    }

    /// The files as they are on disk while the store runs are what a killed process leaves.
    #[tokio::test]
    async fn a_kill_keeps_every_answered_write() {
        let (folder, after_kill) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = SqliteStore::open(folder.path()).unwrap();
        fill(&store).await;
        for file in fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), after_kill.path().join(file.file_name())).unwrap();
        }
        check_filled(&SqliteStore::open(after_kill.path()).unwrap()).await;
    }

    #[tokio::test]
    async fn a_torn_journal_loses_only_the_write_in_flight() {
        let (folder, after_kill) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = SqliteStore::open(folder.path()).unwrap();
        fill(&store).await;
        let journal = folder.path().join("genlock.db-wal");
        let whole = fs::metadata(&journal).unwrap().len();
        store.create_event(event("in-flight")).await.unwrap();
        for file in fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), after_kill.path().join(file.file_name())).unwrap();
        }
        let torn = after_kill.path().join("genlock.db-wal");
        OpenOptions::new().write(true).open(torn).unwrap().set_len(whole + 100).unwrap();
        check_filled(&SqliteStore::open(after_kill.path()).unwrap()).await;
    }

    #[test]
    fn a_newer_schema_is_refused_untouched() {
        let folder = tempfile::tempdir().unwrap();
        drop(SqliteStore::open(folder.path()).unwrap());
        let path = folder.path().join(DATABASE_FILE);
        let newer = schema::VERSION + 1;
        Connection::open(&path).unwrap().pragma_update(None, "user_version", newer).unwrap();
        let refused = SqliteStore::open(folder.path()).unwrap_err();
        let expect = format!(
            "{} was written by a newer genlock (schema {newer}, this one knows up to {})",
            path.display(),
            schema::VERSION
        );
        assert_eq!(refused.to_string(), expect);
        let version =
            Connection::open(&path)
                .unwrap()
                .pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0));
        assert_eq!(version.unwrap(), newer);
    }

    #[test]
    fn a_database_of_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(DATABASE_FILE);
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
        let refused = SqliteStore::open(folder.path());
        assert!(matches!(refused, Err(StoreError::Foreign { .. })), "{refused:?}");
        fs::write(&path, "no database, only some text that is long enough".repeat(30)).unwrap();
        let refused = SqliteStore::open(folder.path());
        assert!(matches!(refused, Err(StoreError::Foreign { .. })), "{refused:?}");
    }

    #[test]
    fn a_second_server_is_kept_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = SqliteStore::open(folder.path()).unwrap();
        let second = SqliteStore::open(folder.path());
        assert!(matches!(second, Err(StoreError::InUse { .. })), "{second:?}");
        drop(first);
        SqliteStore::open(folder.path()).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let refused = SqliteStore::open(&file.join("data")).unwrap_err();
        assert!(refused.to_string().contains("file/data"), "{refused}");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_reads_the_file() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let _store = SqliteStore::open(folder.path()).unwrap();
        for name in ["genlock.db", "genlock.db-wal"] {
            let mode = fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[tokio::test]
    async fn the_number_of_events_is_limited() {
        let store = SqliteStore::in_memory().unwrap().with_events_max(3);
        for number in 0..3 {
            store.create_event(event(&format!("e{number}"))).await.unwrap();
        }
        let refused = store.create_event(event("one-more")).await;
        assert!(matches!(refused, Err(StoreError::LimitExceeded { .. })), "{refused:?}");
    }

    #[tokio::test]
    async fn a_damaged_document_is_an_error_not_a_panic() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path()).unwrap();
        fill(&store).await;
        let damage = |db: &mut Connection| Ok(db.execute("UPDATE events SET doc = '{}'", [])?);
        store.writer.call(damage).await.unwrap();
        drop(store);
        let opened = SqliteStore::open(folder.path());
        assert!(matches!(opened, Err(StoreError::Corrupt { what: "event", .. })), "{opened:?}");
    }

    #[tokio::test]
    async fn a_disk_that_takes_no_writes_is_told_until_it_does() {
        let store = SqliteStore::in_memory().unwrap();
        fill(&store).await;
        assert_eq!(store.status(), StoreStatus::default());
        let full = |db: &mut Connection| Ok(db.pragma_update(None, "query_only", true)?);
        store.writer.call(full).await.unwrap();
        assert!(store.create_event(event("b")).await.is_err());
        let status = store.status();
        assert_eq!(status.state, StoreState::Failing);
        assert!(status.last_error.is_some_and(|why| why.contains("readonly")));
        assert_eq!(store.events().await.unwrap(), [event("a")], "nothing of it was learnt");
        let mended = |db: &mut Connection| Ok(db.pragma_update(None, "query_only", false)?);
        store.writer.call(mended).await.unwrap();
        let refused = store.create_event(event("a")).await;
        assert!(matches!(refused, Err(StoreError::AlreadyExists { .. })), "{refused:?}");
        assert_eq!(store.status().state, StoreState::Failing, "nothing was written");
        store.create_event(event("b")).await.unwrap();
        assert_eq!(store.status(), StoreStatus::default());
    }

    #[tokio::test]
    async fn a_disk_that_hangs_keeps_nobody_from_taking_or_publishing() {
        let store = SqliteStore::in_memory().unwrap();
        fill(&store).await;
        let (release, held) = std::sync::mpsc::channel::<()>();
        let disk = store.writer.call(move |_| {
            // Ends when the other side is dropped.
            let _ = held.recv();
            Ok(())
        });
        let asked = async {
            let camera = camera("a", "x");
            assert_eq!(store.event(&event("a").id).await.unwrap(), Some(event("a")));
            assert_eq!(store.events().await.unwrap(), [event("a")]);
            let found = store.camera(&camera.event, &camera.id).await.unwrap();
            assert_eq!(found.as_ref(), Some(&camera));
            let listed = store.cameras(&camera.event).await.unwrap();
            assert_eq!(listed.as_slice(), found.as_slice());
            assert_eq!(store.camera_by_key(&camera.key_hash).await.unwrap(), found);
            assert_eq!(store.token_by_hash(&camera.key_hash).await.unwrap(), None);
            assert_eq!(store.snapshot().await.unwrap().len(), 1);
            drop(release);
        };
        let (hung, ()) = tokio::join!(disk, asked);
        hung.unwrap();
    }

    #[tokio::test]
    async fn no_file_holds_a_key() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path()).unwrap();
        let key = crate::StreamKey::random().unwrap();
        store.create_event(event("a")).await.unwrap();
        let camera = crate::Camera { key_hash: key.hash(), ..camera("a", "x") };
        store.create_camera(camera).await.unwrap();
        for file in fs::read_dir(folder.path()).unwrap() {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            let key = key.reveal().as_bytes();
            assert!(!bytes.windows(key.len()).any(|window| window == key));
        }
    }
}
