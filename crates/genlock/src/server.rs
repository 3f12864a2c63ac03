//! Start-up and shutdown of the whole server.
//!
//! Start-up takes everything that can fail (store, ports) before anything runs, so that a start that
//! cannot work leaves nothing behind. Shutdown goes against the stream: publishers are told first, then
//! held requests are answered, and the store is closed last.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::{Router, middleware};
use genlock_archive::{Archive, Carrier, Objects, StoreError as ObjectStoreError};
use genlock_control_api::{Access, AccessRules, Addresses, ApiState, Changes};
use genlock_delivery::{HttpServer, Origin};
use genlock_feed::clock::EventClock;
use genlock_hooks::Deliveries;
use genlock_ingest::{Ingest, IngestConfig, TakeoverPolicy};
use genlock_packager::PackagerConfig;
use genlock_recorder::Recorder;
use genlock_recorder::shell::Remote;
use genlock_store::secret::{InvalidToken, NoEntropy};
use genlock_store::{AdminToken, MetaKey, SecretHash, SlateFolder, SqliteStore, Store, StoreError};
use genlock_tls::{Certificates, PairError, SelfSignedError, TlsError};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{ConfigError, Flags, SecondPublisher, Settings};
use crate::engine::{Engine, Hooks, WallClock, unix_micros};
use crate::follow::Follower;
use crate::hook_desk::{HookDesk, Targets};
use crate::logs::LiveFilter;
use crate::ports::{Bound, Ports};
use crate::reload::{self, Parts, Reloader};
use crate::storage::Storage;
use crate::telemetry::{Instruments, Started};
use crate::traces::requests;
use crate::{banner, certificate, demo, pages, signal};

/// How far the event clock's zero lies before a data folder's first use: a camera's first pictures may
/// be older than the server, and decoding times run ahead of presentation, but no output time may be
/// negative.
const ZERO_BEFORE_FIRST_USE_MICROS: i64 = 3600 * 1_000_000;

/// Length of the part of every media URI that is new at every start.
const SESSION_CHARS: usize = 6;

/// Time for a publisher's admission beyond that for the back end's answer.
const ADMIT_BEYOND_HOOK: Duration = Duration::from_secs(5);

/// How long the store may take to write out what it holds.
const STORE_CLOSE_MAX: Duration = Duration::from_secs(5);

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("log.filter must be a filter such as `info`, not `{0}`: {1}")]
    LogFilter(String, tracing_subscriber::filter::ParseError),
    #[error("cannot start the runtime: {0}")]
    Runtime(io::Error),
    #[error(transparent)]
    ObjectStore(#[from] ObjectStoreError),
    #[error("traces: {0}")]
    Traces(String),
    #[error("cannot start the recorder: {0}")]
    Recorder(io::Error),
    #[error("cannot make a folder for the demo: {0}")]
    DemoFolder(io::Error),
    #[error("tls: {0}")]
    Certificate(PairError),
    #[error("--tls-self-signed: {0}")]
    SelfSigned(SelfSignedError),
    #[error("tls: {0}")]
    Tls(TlsError),
    #[error("{what}: cannot listen on {address}: {error}")]
    Listen { what: &'static str, address: SocketAddr, error: io::Error },
    #[error("data folder {}: {error}", .path.display())]
    Store { path: PathBuf, error: StoreError },
    #[error(
        "store.mongodb_uri: the data folder has no copy of the database yet, and it cannot be made: {0}"
    )]
    SharedStore(StoreError),
    #[cfg_attr(feature = "mongodb", expect(dead_code, reason = "every build has it"))]
    #[error("store.mongodb_uri: this genlock was built without MongoDB")]
    NoMongo,
    #[error("{0:#}")]
    Command(anyhow::Error),
    #[error("admin_token: {0}")]
    AdminToken(InvalidToken),
    #[error(transparent)]
    Randomness(NoEntropy),
}

/// Everything that was taken at start and is not running yet.
pub(crate) struct Server {
    store: Arc<SqliteStore>,
    /// Only with a shared database.
    follower: Option<Follower>,
    engine: Arc<Engine>,
    origin: Origin,
    http: HttpServer,
    ingest: Ingest,
    bound: Bound,
    /// Only with TLS.
    certificates: Option<Certificates>,
    api: Router,
    token: Token,
    /// JSON hooks.
    deliveries: Deliveries,
    /// Only with an object store.
    carrier: Option<Carrier>,
    reloader: Arc<Reloader>,
    changes: Changes,
}

/// The administrator's token, as far as it is known.
enum Token {
    /// Given by the configuration.
    Given(AdminToken),
    /// Made at this start: shown once.
    New(AdminToken),
    /// Made and shown at an earlier start; its hash is in the store.
    Kept(SecretHash),
}

impl Token {
    /// The token itself, where it is known.
    const fn text(&self) -> Option<&AdminToken> {
        match self {
            Self::Given(token) | Self::New(token) => Some(token),
            Self::Kept(_) => None,
        }
    }

    /// The token, if this is the time to show it.
    const fn to_show(&self) -> Option<&AdminToken> {
        match self {
            Self::New(token) => Some(token),
            Self::Given(_) | Self::Kept(_) => None,
        }
    }

    fn hash(&self) -> SecretHash {
        match self {
            Self::Given(token) | Self::New(token) => token.hash(),
            Self::Kept(hash) => *hash,
        }
    }
}

impl Server {
    /// Takes the ports, opens the store, and restores events and cameras.
    pub(crate) async fn start(
        settings: Settings,
        flags: Flags,
        filter: LiveFilter,
    ) -> Result<Self, StartError> {
        let started = Started::now();
        let certificates = certificate::open(&settings)?;
        let ports = Ports::take(&settings, certificates.as_ref()).await?;
        let bound = ports.bound;
        let failed = |error| StartError::Store { path: settings.data_dir.clone(), error };
        let storage = Storage::open(&settings).await?;
        let store = Arc::clone(&storage.store);
        let token = admin_token(&settings, &store).await?;
        let wall = wall_clock(&store).await.map_err(failed)?;
        let clock = EventClock::starting_at(wall.event_time(SystemTime::now()));
        let origin = Origin::new(clock, packaging(&settings, wall)?, settings.limits.origin);
        let takeover = takeover(settings.takeover);
        let slates = SlateFolder::in_data_folder(&settings.data_dir);
        let targets = hook_targets(&settings, &store);
        let told = targets.all().await.map_err(failed)?;
        let (client, backoff) = (settings.hooks.client.clone(), settings.hooks.backoff);
        let (notices, deliveries) =
            Deliveries::open(store.clone(), client, told, backoff).await.map_err(failed)?;
        let ingest_config = ingest_config(&settings);
        let publish = reload::publish_hooks(&settings.hooks);
        let hooks = Hooks::new(publish, Some(notices.clone()));
        let mut recordings =
            settings.recordings.config(&settings.data_dir, wall.zero_unix_micros());
        let object_store = settings.recordings.object_store;
        let objects = object_store.as_ref().map(Objects::new).transpose()?.map(Arc::new);
        recordings.remote = objects.clone().map(|objects| objects as Arc<dyn Remote>);
        let recorder = Recorder::start(recordings, clock).map_err(StartError::Recorder)?;
        let archive = Archive::default();
        let carrier = objects.zip(object_store).map(|(objects, config)| {
            Carrier::new(objects, recorder.clone(), archive.clone(), &config)
        });
        let engine = Engine::new(
            store.clone(),
            origin.clone(),
            clock,
            wall,
            takeover,
            settings.limits.buffer,
            slates,
            hooks.clone(),
            recorder.clone(),
        );
        let mut ingest = Ingest::new(ingest_config, engine.clone(), clock);
        let http = ports.open(&mut ingest);
        engine.restore().await.map_err(failed)?;
        engine.tell_of(archive.clone());
        let changes = Changes::default();
        let telemetry = Instruments {
            engine: engine.clone(),
            origin: origin.clone(),
            rtmp: ingest.counters(),
            notices: notices.clone(),
            certificates: certificates.clone(),
            started,
        };
        let access = Access::new(AccessRules {
            creators: settings.creators,
            creator_limits: settings.creator_limits,
            observers: settings.observers,
        });
        let desk = Arc::new(HookDesk::new(notices, targets));
        let parts = Parts {
            access: access.clone(),
            certificates: certificates.clone(),
            desk: Arc::clone(&desk),
            engine: engine.clone(),
            filter,
            hooks,
            http: http.limits(),
            origin: origin.clone(),
            rtmp: ingest.config(),
        };
        let reloader = Arc::new(Reloader::new(flags, parts, settings.keys));
        let api = genlock_control_api::router(ApiState {
            store: store.clone(),
            live: engine.clone(),
            slates: engine.clone(),
            thumbnails: engine.clone(),
            previews: engine.clone(),
            hooks: desk,
            recorder,
            archive,
            admin_token: token.hash(),
            configuration: reloader.clone(),
            telemetry: Arc::new(telemetry),
            access,
            addresses: Addresses {
                public_url: settings.http_public_url,
                rtmp_public_url: settings.rtmp_public_url,
                rtmp_port: bound.for_cameras(),
            },
            changes: changes.clone(),
            followers_max: settings.limits.followers,
        });
        let api = match settings.traces {
            Some(_) => api.layer(middleware::from_fn(requests::trace)),
            None => api,
        };
        let follower =
            settings.shared_store.zip(storage.replica).map(|(shared, replica)| Follower {
                replica,
                store: store.clone(),
                engine: engine.clone(),
                changes: changes.clone(),
                interval: shared.follow_interval,
            });
        Ok(Self {
            store,
            follower,
            engine,
            origin,
            http,
            ingest,
            bound,
            certificates,
            api,
            token,
            deliveries,
            carrier,
            reloader,
            changes,
        })
    }

    /// Serves until a signal, then drains: publishers, held requests, store.
    ///
    /// With `demo`, there are cameras of its own.
    pub(crate) async fn run(self, demo: bool) {
        let Self { store, follower, engine, origin, http, ingest, bound, certificates, .. } = self;
        let (api, token, deliveries, carrier) =
            (self.api, self.token, self.deliveries, self.carrier);
        banner::print(&bound, token.to_show());
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let hooks_stop = CancellationToken::new();
        let delivering = tokio::spawn(deliveries.run(hooks_stop.clone()));
        let pages_and_api = api.clone().merge(pages::router(api.clone()));
        tasks.spawn(http.run(stop.clone(), origin, pages_and_api));
        tasks.spawn(ingest.run(stop.clone()));
        if let Some(follower) = &follower {
            follower.spawn(&tasks, &stop);
        }
        if let Some(carrier) = carrier {
            tasks.spawn(carrier.run(stop.clone()));
        }
        let hang_ups = Arc::new(Notify::new());
        tasks.spawn(signal::hang_ups(Arc::clone(&hang_ups), stop.clone()));
        tasks.spawn(self.reloader.follow(self.changes, hang_ups, stop.clone()));
        if let Some(certificates) = certificates {
            tasks.spawn(certificate::watch(certificates, stop.clone()));
        }
        if let (true, Some(token)) = (demo, token.text()) {
            tasks.spawn(demo::run(api, token.reveal().to_owned(), bound, stop.clone()));
        }
        signal::stop().await;
        stop.cancel();
        tasks.close();
        tokio::select! {
            () = tasks.wait() => {}
            () = signal::stop() => tracing::warn!("stopping without waiting any longer"),
        }
        engine.stop().await;
        hooks_stop.cancel();
        if let Err(error) = delivering.await {
            tracing::error!(%error, "hooks ended with a fault");
        }
        if let Some(follower) = &follower {
            follower.finish().await;
        }
        match tokio::time::timeout(STORE_CLOSE_MAX, store.close()).await {
            Ok(Ok(())) => tracing::info!("stopped"),
            Ok(Err(error)) => tracing::error!(%error, "the store did not close well"),
            Err(_elapsed) => tracing::error!("the store did not close in time"),
        }
    }
}

/// Who is told what happens: of the configuration, and by an administrator.
fn hook_targets(settings: &Settings, store: &Arc<SqliteStore>) -> Targets {
    let (configured, policy) = (settings.hooks.targets.clone(), settings.hooks.policy.clone());
    Targets { store: Arc::clone(store), configured, policy }
}

/// A back end that is asked gets its time before the publisher is told that the server is busy.
pub(crate) fn ingest_config(settings: &Settings) -> IngestConfig {
    let default = settings.limits.ingest.clone();
    let hook = settings.hooks.publish.as_ref().map_or(Duration::ZERO, |hook| hook.timeout);
    IngestConfig {
        silence_timeout: settings.idle_timeout,
        admit_timeout: default.admit_timeout.max(hook + ADMIT_BEYOND_HOOK),
        ..default
    }
}

/// The token of the configuration; else the one whose hash the store keeps; else a new one.
async fn admin_token(settings: &Settings, store: &SqliteStore) -> Result<Token, StartError> {
    if let Some(text) = &settings.admin_token {
        let token = AdminToken::parse(text).map_err(StartError::AdminToken)?;
        return Ok(Token::Given(token));
    }
    let failed = |error| StartError::Store { path: settings.data_dir.clone(), error };
    let kept = store.meta(MetaKey::AdminTokenHash).await.map_err(failed)?;
    if let Some(hash) = kept.as_deref().and_then(SecretHash::from_hex) {
        return Ok(Token::Kept(hash));
    }
    let token = AdminToken::random().map_err(StartError::Randomness)?;
    let hash = token.hash().to_hex();
    store.set_meta(MetaKey::AdminTokenHash, hash).await.map_err(failed)?;
    Ok(Token::New(token))
}

/// The event clock's zero: the store's, or an hour ago at the first start.
async fn wall_clock(store: &SqliteStore) -> Result<WallClock, StoreError> {
    let kept = store.meta(MetaKey::EventClockOrigin).await?;
    if let Some(micros) = kept.and_then(|text| text.parse().ok()) {
        return Ok(WallClock::new(micros));
    }
    let micros = unix_micros(SystemTime::now()) - ZERO_BEFORE_FIRST_USE_MICROS;
    store.set_meta(MetaKey::EventClockOrigin, micros.to_string()).await?;
    Ok(WallClock::new(micros))
}

/// What all playlists have in common. The session is new at every start, so that no URI is ever used
/// for other bytes.
fn packaging(settings: &Settings, wall: WallClock) -> Result<PackagerConfig, StartError> {
    let session = session_id().map_err(StartError::Randomness)?;
    let wall_clock_at_zero_ms = wall.zero_unix_micros().div_euclid(1000);
    Ok(PackagerConfig {
        segment_target: settings.segment_target,
        part_target: settings.part_target,
        window: settings.window,
        hold_off: settings.part_target * 3,
        ..PackagerConfig::new(session, 0, wall_clock_at_zero_ms)
    })
}

/// Six letters and digits, of the store's source of randomness.
fn session_id() -> Result<String, NoEntropy> {
    let id = genlock_store::EventId::random()?;
    Ok(id.as_str().chars().take(SESSION_CHARS).collect())
}

pub(crate) fn takeover(configured: SecondPublisher) -> TakeoverPolicy {
    match configured {
        SecondPublisher::Reject => TakeoverPolicy::Reject,
        SecondPublisher::Takeover => TakeoverPolicy::Takeover,
        SecondPublisher::TakeoverIfStale => TakeoverPolicy::default(),
    }
}
