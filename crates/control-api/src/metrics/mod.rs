//! Metrics as Prometheus text (exposition format 0.0.4).
//!
//! Two halves. What is of the whole server names no event and no camera, so it may be public. What is of events and
//! cameras is for observers with a token; its labels are ids, never names, addresses or keys, and how many series there
//! are is bounded ([`EVENTS_SCRAPED_MAX`](crate::limits::EVENTS_SCRAPED_MAX)).

mod exposition;
mod families;

use genlock_archive::ArchiveTotals;
use genlock_recorder::shell::RecordingTotals;
use genlock_store::{StoreState, StoreStatus};

use self::exposition::Exposition;
use self::families::{self as f, Family};
use crate::live::{CameraStatus, Totals};
use crate::telemetry::{
    CameraReading, EventReading, EventsReading, HooksReading, HttpReading, ProcessReading,
    RtmpReading, ServerReading,
};

/// What is of the whole server.
pub(crate) fn server(
    totals: &Totals,
    recordings: &RecordingTotals,
    archive: Option<&ArchiveTotals>,
    store: &StoreStatus,
    reading: &ServerReading,
) -> String {
    let mut text = Exposition::default();
    text.family(&f::BUILD_INFO, [([env!("CARGO_PKG_VERSION")], 1)]);
    let cameras = [
        (["waiting"], totals.cameras_waiting),
        (["live"], totals.cameras_live),
        (["offline"], totals.cameras_offline),
    ];
    text.family(&f::CAMERAS, cameras);
    text.single(&f::EVENTS_LIVE, totals.events_live);
    text.single(&f::INGEST_BYTES, totals.ingest_bytes);
    text.single(&f::CUTS, totals.cuts);
    text.maybe(&f::VIEWERS, totals.viewers);
    rtmp(&mut text, &reading.rtmp);
    http(&mut text, &reading.http);
    recorder(&mut text, recordings);
    if let Some(archive) = archive {
        object_store(&mut text, archive);
    }
    text.single(&f::STORE_UP, u64::from(store.state == StoreState::Ok));
    text.single(&f::STORE_PENDING, store.pending);
    text.single(&f::STORE_REJECTED, store.rejected);
    hooks(&mut text, &reading.hooks);
    text.maybe(&f::CERTIFICATE_END, reading.certificate_expires_at);
    process(&mut text, &reading.process);
    text.finish()
}

fn rtmp(text: &mut Exposition, reading: &RtmpReading) {
    text.single(&f::RTMP_OPEN, reading.open);
    text.single(&f::RTMP_ACCEPTED, reading.accepted);
    text.single(&f::RTMP_REFUSED, reading.refused);
}

fn http(text: &mut Exposition, reading: &HttpReading) {
    text.single(&f::HTTP_OPEN, reading.open);
    text.single(&f::HTTP_ACCEPTED, reading.accepted);
    text.single(&f::HTTP_REFUSED, reading.refused);
    text.single(&f::HTTP_SENT, reading.bytes_sent);
    text.single(&f::HLS_REQUESTS, reading.requests);
    let errors = [(["4xx"], reading.client_errors), (["5xx"], reading.server_errors)];
    text.family(&f::HLS_ERRORS, errors);
    text.single(&f::HLS_HELD, reading.held);
    text.single(&f::HLS_HELD_REFUSED, reading.held_refused);
    text.single(&f::SLOW_VIEWERS, reading.slow_viewers);
    text.single(&f::PACKAGING, reading.packaging);
    text.single(&f::PACKAGING_FAULTS, reading.packaging_faults);
}

fn recorder(text: &mut Exposition, totals: &RecordingTotals) {
    let states = [
        (["waiting"], totals.waiting),
        (["recording"], totals.recording),
        (["disk_low"], totals.disk_low),
        (["quota_reached"], totals.quota_reached),
        (["failed"], totals.failed),
    ];
    text.family(&f::RECORDINGS, states);
    text.single(&f::RECORDED_BYTES, totals.bytes);
    text.single(&f::RECORDING_LOST, totals.lost);
    text.maybe(&f::RECORDINGS_FREE, totals.free);
}

fn object_store(text: &mut Exposition, totals: &ArchiveTotals) {
    text.single(&f::ARCHIVE_SENT, totals.sent_bytes);
    text.single(&f::ARCHIVE_FAILURES, totals.failures);
    text.single(&f::ARCHIVE_WAITING, totals.waiting);
    text.single(&f::ARCHIVE_REMOVALS, totals.removals);
}

fn hooks(text: &mut Exposition, reading: &HooksReading) {
    text.single(&f::HOOKS_WAITING, reading.waiting);
    text.single(&f::HOOKS_DEAD, reading.dead);
    text.single(&f::HOOKS_LOST, reading.lost);
}

fn process(text: &mut Exposition, reading: &ProcessReading) {
    text.maybe(&f::CPU, reading.cpu.map(|cpu| cpu.as_secs_f64()));
    text.maybe(&f::RESIDENT, reading.resident_bytes);
    text.maybe(&f::OPEN_FILES, reading.open_files);
    text.maybe(&f::OPEN_FILES_MAX, reading.open_files_max);
    text.single(&f::STARTED, reading.started_at);
    text.maybe(&f::THREADS, reading.threads);
}

/// What is of each event and camera.
pub(crate) fn events(reading: &EventsReading) -> String {
    let mut text = Exposition::default();
    text.single(&f::LEFT_OUT, reading.left_out);
    let mut of_events = |family, value: fn(&EventReading) -> u64| {
        let series = reading.events.iter().map(|event| ([event.event.as_str()], value(event)));
        text.family(family, series);
    };
    of_events(&f::EVENT_ON_AIR, |event| event.active.is_some().into());
    of_events(&f::EVENT_SLATE, |event| event.slate.into());
    of_events(&f::EVENT_LOCKED, |event| event.locked.into());
    of_events(&f::EVENT_CUTS, |event| event.cuts);
    of_events(&f::EVENT_VIEWERS, |event| event.viewers);
    of_events(&f::PROGRAM_BYTES, |event| event.bytes);
    of_events(&f::PROGRAM_SAMPLES, |event| event.samples);
    let playlists = || {
        let events = reading.events.iter();
        events.filter_map(|event| Some(([event.event.as_str()], event.playlist?)))
    };
    text.family(&f::PLAYLIST_AGE, playlists().map(|(id, list)| (id, list.age.as_secs_f64())));
    let behind = playlists().map(|(id, list)| (id, list.behind.as_secs_f64()));
    text.family(&f::PLAYLIST_BEHIND, behind);
    cameras(&mut text, reading);
    text.finish()
}

fn cameras(text: &mut Exposition, reading: &EventsReading) {
    let all: Vec<Named<'_>> = reading.events.iter().flat_map(named).collect();
    counts(
        text,
        &all,
        &[
            (&f::CAMERA_UP, |camera| (camera.status == CameraStatus::Live).into()),
            (&f::CAMERA_ON_AIR, |camera| camera.on_air.into()),
            (&f::CAMERA_BYTES, |camera| camera.bytes),
            (&f::CAMERA_SAMPLES, |camera| camera.samples),
            (&f::CAMERA_BITRATE, |camera| camera.bitrate_bps),
        ],
    );
    let videos = || all.iter().filter_map(|(ids, camera)| Some((*ids, camera.video.as_ref()?)));
    text.family(&f::CAMERA_FPS, videos().map(|(ids, video)| (ids, video.fps)));
    let gops = videos().filter_map(|(ids, video)| Some((ids, video.gop?.as_secs_f64())));
    text.family(&f::CAMERA_GOP, gops);
    counts(
        text,
        &all,
        &[
            (&f::CAMERA_BUFFER, |camera| camera.buffer_bytes),
            (&f::CAMERA_DROPPED, |camera| camera.dropped),
            (&f::CAMERA_JUMPS, |camera| camera.timestamp_jumps),
            (&f::CAMERA_RECONNECTS, |camera| camera.reconnects),
        ],
    );
    let issues = all.iter().flat_map(|([event, id], camera)| {
        let counts = camera.issues;
        [("info", counts.info), ("warning", counts.warning), ("error", counts.error)]
            .map(|(severity, count)| ([*event, *id, severity], count))
    });
    text.family(&f::CAMERA_ISSUES, issues);
    counts(text, &all, &[(&f::CAMERA_VIEWERS, |camera| camera.viewers)]);
}

/// A camera with the values of its labels.
type Named<'a> = ([&'a str; 2], &'a CameraReading);

fn named(event: &EventReading) -> impl Iterator<Item = Named<'_>> {
    let cameras = event.cameras.iter();
    cameras.map(|camera| ([event.event.as_str(), camera.camera.as_str()], camera))
}

/// A family with one number for each camera, and which.
type Count = (&'static Family, fn(&CameraReading) -> u64);

/// Families with one number for each camera.
fn counts(text: &mut Exposition, cameras: &[Named<'_>], families: &[Count]) {
    for (family, value) in families {
        text.family(family, cameras.iter().map(|(ids, camera)| (*ids, value(camera))));
    }
}

#[cfg(test)]
mod tests;
