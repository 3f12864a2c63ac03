//! What happens in a programme, for those who follow it live: the programme's own words, and when the playlist
//! listed a cut.

use std::collections::VecDeque;

use futures_util::StreamExt;
use genlock_control_api::live::{Cause, Cut, CutStage, Happening, Happenings};
use genlock_delivery::{Listed, Listings};
use genlock_media::EventTime;
use genlock_program::{CutFailure, CutId, ProgramEvent};
use genlock_store::CameraId;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::wall::WallClock;
use super::words::{store_id, told_cost, told_cut, told_style};

/// Cuts that are waited for in the playlist at a time. Where nobody watches, nothing is listed.
const UNLISTED_MAX: usize = 16;

/// What the programme tells from now on. `listings` are those of its publication.
pub(super) fn stream(
    told: Receiver<ProgramEvent>,
    listings: Option<Listings>,
    wall: WallClock,
) -> Happenings {
    let teller = Teller { told, listings, wall, unlisted: VecDeque::new(), ready: VecDeque::new() };
    futures_util::stream::unfold(teller, Teller::next).boxed()
}

struct Teller {
    told: Receiver<ProgramEvent>,
    listings: Option<Listings>,
    wall: WallClock,
    /// Cuts that no playlist has listed yet.
    unlisted: VecDeque<Unlisted>,
    ready: VecDeque<Happening>,
}

#[derive(Debug)]
struct Unlisted {
    id: CutId,
    camera: Option<CameraId>,
    cut_at: EventTime,
}

impl Teller {
    async fn next(mut self) -> Option<(Happening, Self)> {
        loop {
            if let Some(happening) = self.ready.pop_front() {
                return Some((happening, self));
            }
            let wanted = !self.unlisted.is_empty();
            tokio::select! {
                biased;
                told = self.told.recv() => match told {
                    Ok(event) => self.note(event),
                    Err(RecvError::Lagged(_)) => self.ready.push_back(Happening::Missed),
                    Err(RecvError::Closed) => return None,
                },
                listed = next(&mut self.listings), if wanted => match listed {
                    Some(listed) => self.note_listed(listed),
                    None => self.listings = None,
                },
            }
        }
    }

    fn note(&mut self, told: ProgramEvent) {
        if let ProgramEvent::CutCommitted { id, to, cut_at, .. } = &told {
            self.unlisted.push_back(Unlisted { id: *id, camera: store_id(to), cut_at: *cut_at });
            if self.unlisted.len() > UNLISTED_MAX {
                self.unlisted.pop_front();
            }
        }
        self.ready.extend(happenings(told, self.wall));
    }

    fn note_listed(&mut self, listed: Listed) {
        while let Some(cut) = self.unlisted.pop_front_if(|cut| listed.shows(cut.cut_at)) {
            self.ready.push_back(stage(cut.id, CutStage::Published, cut.camera));
        }
    }
}

/// What is listed next; never, where nothing can be.
async fn next(listings: &mut Option<Listings>) -> Option<Listed> {
    match listings {
        Some(listings) => listings.next().await,
        None => std::future::pending().await,
    }
}

/// The programme's words for clients. A cut that is made is both a stage of its take and a change on air.
fn happenings(told: ProgramEvent, wall: WallClock) -> Vec<Happening> {
    match told {
        ProgramEvent::CutPlanned(cut) => {
            let camera = store_id(&cut.to);
            let plan = camera.clone().map(|id| told_cut(id, &cut.forecast, wall));
            vec![accepted(cut.id, camera, plan)]
        }
        ProgramEvent::CutCommitted { id, from, to, cut_at, style, discontinuity, .. } => {
            let Some(to) = store_id(&to) else { return Vec::new() };
            let switched = Happening::Switched {
                from: from.as_ref().and_then(store_id),
                to: to.clone(),
                at: wall.timestamp(cut_at),
                cause: Cause::Take,
                style: Some(told_style(style)),
                discontinuity: told_cost(discontinuity),
            };
            vec![stage(id, CutStage::Committed, Some(to)), switched]
        }
        ProgramEvent::CutSuperseded { id } => vec![stage(id, CutStage::Superseded, None)],
        ProgramEvent::CutUndone { id } => vec![stage(id, CutStage::Undone, None)],
        ProgramEvent::CutFailed { id, to, reason } => vec![failed(id, store_id(&to), reason)],
        told => automatic(told, wall).into_iter().collect(),
    }
}

/// What the programme does by itself.
fn automatic(told: ProgramEvent, wall: WallClock) -> Option<Happening> {
    let switched = |from: Option<CameraId>, to, at, cause, style: Option<_>, discontinuity| {
        Some(Happening::Switched {
            from,
            to: store_id(&to)?,
            at: wall.timestamp(at),
            cause,
            style: style.map(told_style),
            discontinuity: told_cost(discontinuity),
        })
    };
    match told {
        ProgramEvent::OnAir { camera, at, discontinuity, .. } => {
            switched(None, camera, at, Cause::FirstLive, None, discontinuity)
        }
        ProgramEvent::FailedOver { from, to, cut_at, style, discontinuity, .. } => {
            switched(store_id(&from), to, cut_at, Cause::Failover, Some(style), discontinuity)
        }
        ProgramEvent::Reverted { from, to, cut_at, style, discontinuity, .. } => {
            switched(store_id(&from), to, cut_at, Cause::Revert, Some(style), discontinuity)
        }
        ProgramEvent::OffAir { camera, .. } => {
            Some(Happening::OffAir { from: store_id(&camera), slate: false })
        }
        ProgramEvent::SlateShown { from, .. } => {
            Some(Happening::OffAir { from: from.as_ref().and_then(store_id), slate: true })
        }
        _ => None,
    }
}

fn accepted(id: CutId, camera: Option<CameraId>, plan: Option<Cut>) -> Happening {
    Happening::Cut { cut_id: id.0, stage: CutStage::Accepted, camera, plan, reason: None }
}

const fn stage(id: CutId, stage: CutStage, camera: Option<CameraId>) -> Happening {
    Happening::Cut { cut_id: id.0, stage, camera, plan: None, reason: None }
}

fn failed(id: CutId, camera: Option<CameraId>, reason: CutFailure) -> Happening {
    let reason = Some(reason.to_string());
    Happening::Cut { cut_id: id.0, stage: CutStage::Failed, camera, plan: None, reason }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use genlock_program::{CutStyle, Discontinuity};

    use super::*;

    fn teller() -> Teller {
        let (_, told) = tokio::sync::broadcast::channel(1);
        let wall = WallClock::new(0);
        Teller { told, listings: None, wall, unlisted: VecDeque::new(), ready: VecDeque::new() }
    }

    fn committed(id: u64, cut_at: EventTime) -> ProgramEvent {
        ProgramEvent::CutCommitted {
            id: CutId(id),
            from: None,
            to: "k5x2mhd7qpa3vtye".into(),
            planned_at: EventTime::ZERO,
            cut_at,
            wait: Duration::ZERO,
            style: CutStyle::Clean,
            discontinuity: Discontinuity::None,
        }
    }

    fn stages(teller: &mut Teller) -> Vec<(u64, CutStage)> {
        let cut = |happening| match happening {
            Happening::Cut { cut_id, stage, .. } => Some((cut_id, stage)),
            _ => None,
        };
        teller.ready.drain(..).filter_map(cut).collect()
    }

    #[test]
    fn a_cut_is_published_once_media_beyond_it_is_listed() {
        let mut teller = teller();
        let (cut_at, later) = (EventTime::from_millis(1_000), EventTime::from_millis(3_000));
        teller.note(committed(1, cut_at));
        teller.note(committed(2, later));
        let both = [(1, CutStage::Committed), (2, CutStage::Committed)];
        assert_eq!(stages(&mut teller), both);
        let listed = |media_until| Listed { at: later, media_until, newest_splice: None };
        teller.note_listed(listed(cut_at));
        assert_eq!(stages(&mut teller), []);
        teller.note_listed(listed(EventTime::from_millis(1_040)));
        assert_eq!(stages(&mut teller), [(1, CutStage::Published)]);
        teller.note_listed(listed(EventTime::from_millis(1_080)));
        assert_eq!(stages(&mut teller), []);
    }

    #[test]
    fn cuts_that_nobody_lists_do_not_pile_up() {
        let mut teller = teller();
        for id in 0..100 {
            teller.note(committed(id, EventTime::from_millis(i64::try_from(id).unwrap())));
        }
        assert_eq!(teller.unlisted.len(), UNLISTED_MAX);
    }
}
