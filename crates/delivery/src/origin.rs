//! The HLS origin: the publications and what they share.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use genlock_feed::Feed;
use genlock_feed::clock::EventClock;
use genlock_packager::{Dialect, PackagerConfig};
use tokio_util::sync::CancellationToken;

use crate::answer::unix_seconds;
#[cfg(target_os = "linux")]
use crate::copy::Copies;
use crate::counters::{Counters, DeliveryStats};
use crate::limits::OriginLimits;
use crate::listings::{self, Listed, Listings};
use crate::packaging;
use crate::playback::{Checker, Grant, Scope, SigningKey};
use crate::publication::{Demand, Publication, PublicationId};

/// Packages Feeds while they are wanted, and answers what viewers ask for. Clones share the origin.
///
/// Architecture Invariant: a request takes no lock that packaging takes. Requests read the registry
/// and the snapshots through `arc-swap`; what they get is theirs, so nothing is guarded across an
/// await.
#[derive(Clone)]
pub struct Origin {
    shared: Arc<Shared>,
}

struct Shared {
    publications: ArcSwap<HashMap<Box<str>, Arc<Publication>>>,
    /// Events that are watched by signed paths only.
    signed: ArcSwap<HashSet<Box<str>>>,
    checker: ArcSwap<Checker>,
    clock: EventClock,
    packaging: PackagerConfig,
    limits: ArcSwap<OriginLimits>,
    counters: Arc<Counters>,
    #[cfg(target_os = "linux")]
    copies: Copies,
    /// No request is held any more.
    closing: AtomicBool,
    /// Parent of every publication's end.
    end: CancellationToken,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

impl Origin {
    /// An origin without publications.
    ///
    /// `packaging` is the pattern for every publication. Its session must be new for each start of
    /// the process. The origin chooses the numbers that a run starts with, and may raise the target
    /// duration before the first playlist is served.
    #[must_use]
    pub fn new(clock: EventClock, packaging: PackagerConfig, limits: OriginLimits) -> Self {
        let shared = Shared {
            publications: ArcSwap::default(),
            signed: ArcSwap::default(),
            checker: ArcSwap::default(),
            clock,
            packaging,
            limits: ArcSwap::from_pointee(limits),
            counters: Arc::default(),
            #[cfg(target_os = "linux")]
            copies: Copies::default(),
            closing: AtomicBool::new(false),
            end: CancellationToken::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Publishes `feed` under `/hls/{id}/`. What was published there before is gone. Needs a tokio
    /// runtime.
    pub fn publish(&self, id: PublicationId, feed: Feed, demand: Demand) {
        let Shared { clock, packaging, counters, end, .. } = &*self.shared;
        let key = Box::<str>::from(id.as_str());
        let publication = Arc::new(Publication::new(id, feed, demand, *clock, end.child_token()));
        self.change(&key.clone(), |publications| {
            publications.insert(key.clone(), Arc::clone(&publication));
        });
        let task = packaging::run(publication, packaging.clone(), Arc::clone(counters));
        tokio::spawn(task);
    }

    /// Closes a publication's playlists with `EXT-X-ENDLIST`: nothing comes any more. What is listed stays for
    /// [`FINISHED_TIME`](crate::limits::FINISHED_TIME).
    pub fn finish(&self, id: &PublicationId) {
        if let Some(publication) = self.publication(id.as_str()) {
            publication.finish();
        }
    }

    /// Whether `event` is watched by signed paths only. Players that hold an unsigned path stop at their next
    /// request.
    pub fn set_signed(&self, event: &str, signed: bool) {
        self.shared.signed.rcu(|events| {
            let mut events = HashSet::clone(events);
            if signed {
                events.insert(event.into())
            } else {
                events.remove(event)
            };
            events
        });
    }

    /// The keys that playback tokens are signed with, newest first. Tokens of other keys open nothing any more.
    pub fn set_playback_keys(&self, keys: Vec<SigningKey>) {
        self.shared.checker.store(Arc::new(Checker::new(keys)));
    }

    /// A playback token: `/p/{token}/hls/…` is open to whoever has it. `None` before there are keys.
    #[must_use]
    pub fn sign_playback(&self, grant: &Grant<'_>) -> Option<String> {
        self.shared.checker.load().sign(grant)
    }

    /// What a playback token of `event` opens now to a viewer at `peer`; `None` for nothing. For what is watched beside
    /// the playlists.
    #[must_use]
    pub fn opened_by(&self, token: &str, event: &str, peer: IpAddr) -> Option<Scope> {
        let checker = self.shared.checker.load();
        checker.verify(unix_seconds(), token, event, peer).ok().map(|verified| verified.scope)
    }

    /// How many viewers reload the playlists of a publication; what that cannot know stands with `audience`.
    #[must_use]
    pub fn viewers(&self, id: &PublicationId) -> usize {
        self.publication(id.as_str()).map_or(0, |publication| publication.viewers())
    }

    /// Ends a publication. Its requests, held ones too, are answered 404 from now on.
    pub fn remove(&self, id: &PublicationId) {
        self.change(id.as_str(), |publications| {
            publications.remove(id.as_str());
        });
    }

    /// Sets what the multivariant playlists of a publication speak when their URL names no dialect. Strict
    /// at first; of no effect where nothing is published.
    pub fn set_default_dialect(&self, id: &PublicationId, dialect: Dialect) {
        if let Some(publication) = self.publication(id.as_str()) {
            publication.set_default_dialect(dialect);
        }
    }

    /// Tells what the playlist of a publication lists, from now on; `None` where nothing is published.
    #[must_use]
    pub fn listings(&self, id: &PublicationId) -> Option<Listings> {
        self.publication(id.as_str()).map(Listings::new)
    }

    /// What the playlist of a publication lists now; `None` where nothing is published or packaged.
    #[must_use]
    pub fn listed(&self, id: &PublicationId) -> Option<Listed> {
        self.publication(id.as_str()).and_then(|publication| listings::current(&publication))
    }

    /// Changes the registry, and ends the publication that was at `key` before.
    fn change(&self, key: &str, change: impl Fn(&mut HashMap<Box<str>, Arc<Publication>>)) {
        let before = self.shared.publications.rcu(|publications| {
            let mut publications = HashMap::clone(publications);
            change(&mut publications);
            publications
        });
        if let Some(publication) = before.get(key) {
            publication.end();
        }
    }

    /// Other limits for requests that come from now on; those that are held stay so.
    pub fn change_limits(&self, limits: OriginLimits) {
        self.shared.limits.store(Arc::new(limits));
    }

    /// Answers all held requests with what there is, and holds none any more.
    pub fn close(&self) {
        // Before the calls, so that who is not called sees it.
        self.shared.closing.store(true, Ordering::SeqCst);
        for publication in self.shared.publications.load().values() {
            publication.call();
        }
    }

    /// The counters as they are now.
    #[must_use]
    pub fn stats(&self) -> DeliveryStats {
        self.shared.counters.read()
    }

    pub(crate) fn publication(&self, key: &str) -> Option<Arc<Publication>> {
        let publications = self.shared.publications.load();
        publications.get(key).map(Arc::clone)
    }

    pub(crate) fn is_signed(&self, event: &str) -> bool {
        self.shared.signed.load().contains(event)
    }

    pub(crate) fn checker(&self) -> arc_swap::Guard<Arc<Checker>> {
        self.shared.checker.load()
    }

    pub(crate) fn limits(&self) -> OriginLimits {
        **self.shared.limits.load()
    }

    pub(crate) fn counters(&self) -> &Arc<Counters> {
        &self.shared.counters
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn copies(&self) -> &Copies {
        &self.shared.copies
    }

    /// Whether no request is held any more.
    pub(crate) fn is_closing(&self) -> bool {
        self.shared.closing.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let publications = self.shared.publications.load();
        f.debug_struct("Origin")
            .field("publications", &publications.keys())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
