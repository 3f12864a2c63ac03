//! The one place where an event's updates are made, for all clients that follow it.
//!
//! ```text
//!  Live ──happenings──▶┐                          ┌─goes round─▶ crowd (WebSockets that have everything)
//!  store, on changes ──▶ task ──▶ picture, journal ┤
//!  Live ──4 looks/s────▶┘                          └──wakes────▶ followers (server-sent events)
//! ```
//!
//! The task runs while somebody follows, and a little longer, so that a client that comes back finds what it
//! has missed. An event that nobody follows costs nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::{FutureExt, StreamExt};
use genlock_store::{CameraId, EventId, StoreError};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, MissedTickBehavior};

use super::crowd::{Crowd, Member, Pace};
use super::follower::{Follower, Resume};
use super::journal::{Entry, Journal, Sequence};
use super::message::{CameraSwitched, CutUpdate, OffAir, Snapshot, Update};
use super::picture::{Kept, Picture, Scope};
use crate::addresses::Links;
use crate::cameras::CameraView;
use crate::events::EventView;
use crate::limits::{
    HAPPENINGS_AT_ONCE, LOOK_EVERY, LOOKS_PER_FORECAST, LOOKS_PER_HEALTH, UPDATES_LINGER,
    VISITS_AT_ONCE,
};
use crate::live::Happening;
use crate::problem::Problem;
use crate::recordings;
use crate::socket::Sent;
use crate::state::Shared;

/// The hubs of the events that are followed.
#[derive(Debug, Default)]
pub(crate) struct Hubs(Mutex<HashMap<EventId, Arc<Hub>>>);

/// The updates of one event.
#[derive(Debug)]
pub(super) struct Hub {
    /// Names the journal.
    pub(super) stream: String,
    links: Links,
    state: Mutex<State>,
    /// Wakes followers that go at their own pace.
    pub(super) changes: watch::Sender<()>,
    pub(super) crowd: Crowd,
    /// Wakes the hub's task to go round the crowd.
    round: Notify,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) journal: Journal,
    picture: Picture,
    /// The camera that whoever switches has in preview.
    pub(super) preview: Option<CameraId>,
    /// The event was deleted.
    pub(super) gone: bool,
}

/// Follows `event` from `resume` on, or from a snapshot.
pub(super) async fn follow(
    shared: &Arc<Shared>,
    event: &EventId,
    resume: Option<Resume>,
) -> Result<Follower, Problem> {
    if let Some(hub) = shared.hubs.lock().get(event) {
        return Ok(Follower::new(hub, resume));
    }
    // Subscribed before looking, so that nothing happens unseen between the two.
    let kept_changes = shared.kept_changes();
    let happenings = shared.live.happenings(event);
    let kept = read(shared, event).await?.ok_or_else(Problem::event_not_found)?;
    let picture = take_picture(shared, kept);
    let stream = EventId::random().map_err(crate::cameras::random_failed)?.to_string();
    let links = Links::without_request(&shared.addresses);
    let state = State { journal: Journal::default(), picture, preview: None, gone: false };
    let new = Hub {
        stream,
        links,
        state: Mutex::new(state),
        changes: watch::Sender::new(()),
        crowd: Crowd::default(),
        round: Notify::new(),
    };
    let mut hubs = shared.hubs.lock();
    if let Some(hub) = hubs.get(event) {
        return Ok(Follower::new(hub, resume));
    }
    let hub = Arc::new(new);
    hubs.insert(event.clone(), Arc::clone(&hub));
    let follower = Follower::new(&hub, resume);
    drop(hubs);
    let happenings = happenings.unwrap_or_else(|| futures_util::stream::pending().boxed());
    let task = Task { shared: Arc::clone(shared), event: event.clone(), hub, kept_changes };
    tokio::spawn(task.run(happenings));
    Ok(follower)
}

async fn read(shared: &Shared, event: &EventId) -> Result<Option<Kept>, StoreError> {
    let Some(found) = shared.store.event(event).await? else { return Ok(None) };
    Ok(Some(Kept { event: found, cameras: shared.store.cameras(event).await? }))
}

fn take_picture(shared: &Shared, kept: Kept) -> Picture {
    let event = &kept.event.id;
    let states = kept.cameras.iter().map(|camera| shared.live.camera(event, &camera.id)).collect();
    let recordings = recordings::sources(shared, event);
    Picture { program: shared.live.program(event), states, recordings, kept }
}

impl Hubs {
    fn lock(&self) -> MutexGuard<'_, HashMap<EventId, Arc<Hub>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hub {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a new picture and tells what has changed since the last.
    fn look(&self, mut picture: Picture, scope: Scope) {
        let mut state = self.lock();
        let updates = picture.changes(&state.picture, scope, &self.links);
        state.picture = picture;
        let changed = !updates.is_empty();
        for update in updates {
            state.tell(update);
        }
        drop(state);
        if changed {
            self.told();
        }
    }

    fn tell(&self, happenings: impl IntoIterator<Item = Happening>) {
        let mut state = self.lock();
        for happening in happenings {
            match update_of(happening, &state.picture, &self.links) {
                Some(update) => state.tell(update),
                None => state.journal.lose(),
            }
        }
        drop(state);
        self.told();
    }

    /// There is something new in the journal.
    pub(super) fn told(&self) {
        self.changes.send_replace(());
        self.crowd.begin_round();
        self.round.notify_one();
    }

    /// Tells some of the crowd what is new.
    fn go_round(&self) {
        for member in std::iter::from_fn(|| self.crowd.next()).take(VISITS_AT_ONCE) {
            member.go_on(|seen| self.visit(&member, seen));
        }
    }

    fn visit(&self, member: &Member, seen: Sequence) -> Pace {
        let state = self.lock();
        let (frames, newest) =
            (state.journal.frames_after(seen, member.words), state.journal.newest());
        drop(state);
        let Ok(frames) = frames else { return Pace::Own(seen) };
        if frames.is_empty() {
            return Pace::Carried(newest);
        }
        match member.line.try_send(&frames) {
            Sent::All => Pace::Carried(newest),
            Sent::Part => Pace::Own(newest),
            Sent::Nothing => Pace::Own(seen),
        }
    }

    fn end(&self) {
        self.lock().gone = true;
        self.changes.send_replace(());
        self.crowd.disperse();
    }

    pub(super) fn snapshot(&self, resync: bool) -> Entry {
        let state = self.lock();
        let picture = &state.picture;
        let cameras = picture.kept.cameras.iter().zip(&picture.states);
        let snapshot = Snapshot {
            stream: self.stream.clone(),
            resync,
            event: EventView::new(&self.links, &picture.kept.event, &picture.program),
            cameras: cameras
                .map(|(camera, state)| CameraView::of(&self.links, camera, state.clone()))
                .collect(),
            pending: picture.program.pending.clone(),
            recordings: picture.recordings.clone(),
        };
        let seq = state.journal.newest();
        let compatible = self.on_air(picture).as_ref().and_then(Update::render_compatible);
        drop(state);
        let json = Update::Snapshot(Box::new(snapshot)).render(seq);
        Entry { seq, json, compatible, published: false }
    }

    /// The camera on air, as if it had been switched to now.
    fn on_air(&self, picture: &Picture) -> Option<Update> {
        let active = picture.program.active.as_ref()?;
        let (name, hls_url) = name_and_url(active, picture, &self.links);
        Some(Update::CameraSwitched(CameraSwitched {
            camera_id: active.to_string(),
            camera_name: name,
            hls_url,
            from_camera_id: None,
            switched_at: picture.program.on_air_since.unwrap_or_else(crate::time::now),
            cause: super::message::Cause::FirstLive,
            style: None,
            discontinuity: crate::live::Discontinuity::None,
        }))
    }
}

impl State {
    pub(super) fn tell(&mut self, update: Update) {
        let (compatible, published) = (update.render_compatible(), update.tells_published());
        self.journal.push(|seq| Entry { seq, json: update.render(seq), compatible, published });
    }
}

/// `None` if there are updates that nobody knows any more.
fn update_of(happening: Happening, picture: &Picture, links: &Links) -> Option<Update> {
    Some(match happening {
        Happening::Cut { cut_id, stage, camera, plan, reason } => Update::Cut(CutUpdate {
            cut_id,
            stage,
            camera_id: camera.map(String::from),
            plan,
            reason,
        }),
        Happening::Switched { from, to, at, cause, style, discontinuity } => {
            let (camera_name, hls_url) = name_and_url(&to, picture, links);
            Update::CameraSwitched(CameraSwitched {
                camera_id: to.to_string(),
                camera_name,
                hls_url,
                from_camera_id: from.map(String::from),
                switched_at: at,
                cause,
                style,
                discontinuity,
            })
        }
        Happening::OffAir { from, slate } => {
            Update::OffAir(OffAir { from_camera_id: from.map(String::from), slate })
        }
        Happening::Missed => return None,
    })
}

fn name_and_url(camera: &CameraId, picture: &Picture, links: &Links) -> (String, String) {
    let kept = picture.kept.cameras.iter().find(|kept| kept.id == *camera);
    let name = kept.map(|kept| kept.name.to_string()).unwrap_or_default();
    (name, links.camera_hls(&picture.kept.event.id, camera))
}

/// What keeps a hub going.
struct Task {
    shared: Arc<Shared>,
    event: EventId,
    hub: Arc<Hub>,
    kept_changes: watch::Receiver<()>,
}

impl Task {
    async fn run(mut self, happenings: crate::live::Happenings) {
        let mut happenings = happenings.fuse();
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut count = 0_u32;
        let mut followed_at = Instant::now();
        loop {
            tokio::select! {
                happening = happenings.next() => match happening {
                    Some(first) => {
                        // What is there with it wakes nobody a second time.
                        let more = std::iter::from_fn(|| happenings.next().now_or_never()?);
                        let more: Vec<_> = more.take(HAPPENINGS_AT_ONCE).collect();
                        self.hub.tell(std::iter::once(first).chain(more));
                    }
                    // The programme ended: the event is gone, or the server stops.
                    None => happenings = futures_util::stream::pending().boxed().fuse(),
                },
                changed = self.kept_changes.changed() => {
                    if changed.is_err() || !self.read_again().await {
                        break;
                    }
                }
                () = self.hub.round.notified() => {}
                // Others have their turn, and what happens meanwhile is told on the same round.
                () = tokio::task::yield_now(), if self.hub.crowd.is_on_round() => self.hub.go_round(),
                now = looks.tick() => {
                    count = count.wrapping_add(1);
                    self.look(Scope {
                        health: count.is_multiple_of(LOOKS_PER_HEALTH),
                        forecasts: count.is_multiple_of(LOOKS_PER_FORECAST),
                    });
                    if self.hub.changes.receiver_count() > 0 {
                        followed_at = now;
                    } else if now >= followed_at + UPDATES_LINGER && self.retire() {
                        return;
                    }
                }
            }
        }
        self.hub.end();
        self.shared.hubs.lock().remove(&self.event);
    }

    fn look(&self, scope: Scope) {
        let kept = self.hub.lock().picture.kept.clone();
        self.hub.look(take_picture(&self.shared, kept), scope);
    }

    /// Returns whether the event still exists.
    async fn read_again(&self) -> bool {
        match read(&self.shared, &self.event).await {
            Ok(Some(kept)) => {
                let scope = Scope { health: false, forecasts: false };
                self.hub.look(take_picture(&self.shared, kept), scope);
                true
            }
            Ok(None) => false,
            Err(error) => {
                tracing::warn!(event = %self.event, %error, "live updates go on with what is known");
                true
            }
        }
    }

    /// Takes the hub away if nobody has come in the meantime. Returns whether it did.
    fn retire(&self) -> bool {
        let mut hubs = self.shared.hubs.lock();
        let unwanted = self.hub.changes.receiver_count() == 0;
        if unwanted {
            hubs.remove(&self.event);
        }
        unwanted
    }
}
