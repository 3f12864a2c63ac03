//! An event as it is at one moment, and what has changed since the one before.

use genlock_store::{Camera, Event};

use super::message::{CameraForecast, CameraViewers, Update, Viewers};
use crate::addresses::Links;
use crate::cameras::CameraView;
use crate::events::EventView;
use crate::live::{CameraState, ProgramState};
use crate::recordings::SourceView;

/// What is kept of an event.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    pub(super) event: Event,
    /// In failover order.
    pub(super) cameras: Vec<Camera>,
}

/// What is kept of an event, and how it runs.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    pub(super) kept: Kept,
    pub(super) program: ProgramState,
    /// As many as there are cameras, in their order.
    pub(super) states: Vec<CameraState>,
    /// What becomes of what is to be recorded, by source.
    pub(super) recordings: Vec<SourceView>,
}

/// What a look compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scope {
    /// Bit rates and the like.
    pub(super) health: bool,
    /// What takes would cost.
    pub(super) forecasts: bool,
}

impl Picture {
    fn cameras(&self) -> impl Iterator<Item = (&Camera, &CameraState)> {
        self.kept.cameras.iter().zip(&self.states)
    }

    fn find(&self, camera: &Camera) -> Option<(&Camera, &CameraState)> {
        self.cameras().find(|(other, _)| other.id == camera.id)
    }

    /// What has changed since `before`. What `scope` leaves out stays as it was in `before`, so that a later
    /// look finds it.
    pub(super) fn changes(&mut self, before: &Self, scope: Scope, links: &Links) -> Vec<Update> {
        let mut updates = Vec::new();
        if self.kept.event != before.kept.event {
            let event = Box::new(EventView::new(links, &self.kept.event, &self.program));
            updates.push(Update::Event { event });
        }
        if self.program.status != before.program.status {
            updates.push(Update::EventStatus { status: self.program.status });
        }
        if self.program.heard != before.program.heard {
            let camera_id = self.program.heard.clone().map(String::from);
            updates.push(Update::Heard { camera_id });
        }
        for camera in &before.kept.cameras {
            if self.find(camera).is_none() {
                updates.push(Update::CameraRemoved { camera_id: camera.id.to_string() });
            }
        }
        for (camera, state) in self.kept.cameras.iter().zip(&mut self.states) {
            match before.find(camera) {
                None => {
                    let camera = Box::new(CameraView::of(links, camera, state.clone()));
                    updates.push(Update::CameraAdded { camera });
                }
                Some((kept, running)) => {
                    if kept != camera {
                        let camera = Box::new(CameraView::of(links, camera, state.clone()));
                        updates.push(Update::CameraChanged { camera });
                    }
                    updates.extend(camera_changes(camera, state, running, scope.health));
                }
            }
        }
        updates.extend(recording_changes(&before.recordings, &self.recordings));
        if scope.health && self.viewers() != before.viewers() {
            updates.push(Update::Viewers(self.viewers()));
        } else if !scope.health {
            self.keep_viewers(before);
        }
        if scope.forecasts && self.forecasts() != before.forecasts() {
            updates.push(Update::Forecast { cameras: self.forecasts() });
        } else {
            for (camera, state) in self.kept.cameras.iter().zip(&mut self.states) {
                let known = before.find(camera).map(|(_, known)| known.forecast.clone());
                state.forecast = known.unwrap_or_else(|| state.forecast.clone());
            }
        }
        updates
    }

    fn viewers(&self) -> Viewers {
        let of = |(camera, state): (&Camera, &CameraState)| CameraViewers {
            camera_id: camera.id.to_string(),
            viewers: state.viewers,
        };
        Viewers { program: self.program.viewers, cameras: self.cameras().map(of).collect() }
    }

    fn keep_viewers(&mut self, before: &Self) {
        self.program.viewers = before.program.viewers;
        for (camera, state) in self.kept.cameras.iter().zip(&mut self.states) {
            let known = before.find(camera).map(|(_, known)| known.viewers);
            state.viewers = known.unwrap_or(state.viewers);
        }
    }

    fn forecasts(&self) -> Vec<CameraForecast> {
        let of_live = |(camera, state): (&Camera, &CameraState)| {
            let forecast = state.forecast.clone()?;
            Some(CameraForecast { camera_id: camera.id.to_string(), forecast })
        };
        self.cameras().filter_map(of_live).collect()
    }
}

/// What has another state than before, and what is not to be recorded any more.
fn recording_changes(before: &[SourceView], now: &[SourceView]) -> Vec<Update> {
    let changed = now.iter().filter(|source| !before.contains(source)).cloned();
    let stopped = before.iter().filter(|source| now.iter().all(|other| !other.is_of(source)));
    changed.chain(stopped.map(SourceView::stopped)).map(Update::Recording).collect()
}

fn camera_changes(
    camera: &Camera,
    state: &mut CameraState,
    before: &CameraState,
    health: bool,
) -> Vec<Update> {
    let mut updates = Vec::new();
    let camera_id = camera.id.to_string();
    if (state.status, state.since) != (before.status, before.since) {
        let (camera_id, status, since) = (camera_id.clone(), state.status, state.since);
        updates.push(Update::CameraStatus { camera_id, status, since });
    }
    if !health {
        state.health.clone_from(&before.health);
    } else if state.health != before.health {
        updates.push(Update::Health { camera_id, health: state.health.clone().map(Box::new) });
    }
    updates
}
