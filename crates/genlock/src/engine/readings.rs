//! What is measured of events and cameras.

use genlock_control_api::limits::{CAMERAS_SCRAPED_MAX, EVENTS_SCRAPED_MAX};
use genlock_control_api::telemetry::{
    AudioReading, CameraReading, EventReading, EventsReading, IssueCounts, PlaylistReading,
    VideoReading,
};
use genlock_feed::FeedStatus;
use genlock_ingest::health::{AudioHealth, CameraState, VideoHealth};
use genlock_ingest::{CameraHealth, Severity};
use genlock_media::EventTime;
use genlock_store::{CameraId, Life};

use super::camera::LiveCamera;
use super::event::LiveEvent;
use super::live::{event_status, status_of};
use super::words::store_id;
use super::{Engine, PROGRAM, program_publication};

const MICROS_PER_MILLI: i64 = 1000;

impl Engine {
    /// Events that are not over, with the cameras to which anybody has published; by id, so that it is always the same
    /// that there is no room for.
    pub(crate) fn readings(&self) -> EventsReading {
        let now = self.clock.now();
        let mut events = self.all_events();
        events.retain(|event| event.life().get() != Life::Ended);
        events.sort_by(|a, b| a.id().cmp(b.id()));
        let mut left_out = events.len().saturating_sub(EVENTS_SCRAPED_MAX);
        let mut room = CAMERAS_SCRAPED_MAX;
        let mut readings = Vec::new();
        for event in events.iter().take(EVENTS_SCRAPED_MAX) {
            let mut reading = self.reading(event, now);
            left_out += reading.cameras.len().saturating_sub(room);
            reading.cameras.truncate(room);
            room -= reading.cameras.len();
            readings.push(reading);
        }
        EventsReading { events: readings, left_out: left_out as u64 }
    }

    fn reading(&self, event: &LiveEvent, now: EventTime) -> EventReading {
        let status = event.program().status();
        let output = event.output().status();
        let active = status.active.as_ref().and_then(store_id);
        let mut cameras: Vec<_> = event
            .cameras()
            .iter()
            .filter_map(|camera| self.camera_reading(camera, active.as_ref(), now))
            .collect();
        cameras.sort_by(|a, b| a.camera.cmp(&b.camera));
        let on_air = cameras.iter().find(|camera| camera.on_air);
        let listed = program_publication(event.id()).and_then(|id| self.origin.listed(&id));
        EventReading {
            event: event.id().clone(),
            status: event_status(event.life().get(), active.is_some()),
            on_air: active.as_ref().and(status.since).map(|since| now.saturating_since(since)),
            slate: status.slate,
            locked: status.lock.is_some(),
            cuts: status.cuts,
            bytes: output.bytes_pushed,
            samples: output.samples_pushed,
            bitrate_bps: on_air.map_or(0, |camera| camera.bitrate_bps),
            viewers: self.viewers(event.id(), PROGRAM),
            playlist: listed.map(|listed| PlaylistReading {
                age: now.saturating_since(listed.at),
                behind: now.saturating_since(listed.media_until),
            }),
            active,
            cameras,
        }
    }

    /// `None` for a camera to which nobody has published.
    fn camera_reading(
        &self,
        camera: &LiveCamera,
        active: Option<&CameraId>,
        now: EventTime,
    ) -> Option<CameraReading> {
        let health = camera.health(now);
        if health.state == CameraState::Waiting {
            return None;
        }
        let feed = camera.feed().status();
        Some(CameraReading {
            camera: camera.id().clone(),
            status: status_of(health.state),
            since: health.since.map(|since| now.saturating_since(since)),
            on_air: active == Some(camera.id()),
            peer: health.peer,
            encoder: health.encoder.clone(),
            bytes: feed.bytes_pushed,
            samples: feed.samples_pushed,
            buffer_bytes: feed.bytes_held as u64,
            bitrate_bps: health.bits_per_second,
            video: health.video.as_ref().map(video),
            audio: health.audio.as_ref().map(audio),
            sound_ahead_ms: sound_ahead_ms(&feed),
            dropped: health.dropped,
            timestamp_jumps: health.timestamp_jumps,
            reconnects: health.reconnects,
            issues: issues(&health),
            viewers: self.viewers(camera.event(), camera.id().as_str()),
        })
    }
}

fn video(health: &VideoHealth) -> VideoReading {
    VideoReading {
        codec: health.codec_string.clone(),
        width: health.width,
        height: health.height,
        fps: health.frames_per_second,
        bitrate_bps: health.bits_per_second,
        gop: health.gop,
    }
}

fn audio(health: &AudioHealth) -> AudioReading {
    AudioReading {
        codec: health.codec_string.clone(),
        sample_rate: health.sample_rate,
        channels: health.channels,
        bitrate_bps: health.bits_per_second,
    }
}

fn sound_ahead_ms(feed: &FeedStatus) -> Option<i64> {
    let micros = feed.newest_audio?.as_micros().saturating_sub(feed.newest_video?.as_micros());
    Some(micros / MICROS_PER_MILLI)
}

fn issues(health: &CameraHealth) -> IssueCounts {
    let mut counts = IssueCounts::default();
    for issue in &health.issues {
        *match issue.kind.about().severity {
            Severity::Info => &mut counts.info,
            Severity::Warning => &mut counts.warning,
            Severity::Error => &mut counts.error,
        } += 1;
    }
    counts
}
