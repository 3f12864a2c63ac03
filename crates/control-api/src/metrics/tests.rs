//! What a scrape shows of a few events and cameras, and what it never does.

use std::collections::BTreeSet;
use std::time::Duration;

use genlock_store::{CameraId, EventId};

use super::*;
use crate::live::EventStatus;
use crate::telemetry::{IssueCounts, PlaylistReading, VideoReading};

/// What operators read; each row is a metric.
const DOCUMENTED: &str = include_str!("../../../../docs/metrics.md");

fn camera(id: &str) -> CameraReading {
    CameraReading {
        camera: CameraId::parse(id).unwrap(),
        status: CameraStatus::Live,
        since: Some(Duration::from_secs(9)),
        on_air: true,
        peer: Some("192.0.2.7".parse().unwrap()),
        encoder: Some("obs-output".to_owned()),
        bytes: 1_000,
        samples: 30,
        buffer_bytes: 900,
        bitrate_bps: 6_000_000,
        video: Some(VideoReading {
            codec: "avc1.640028".to_owned(),
            width: 1920,
            height: 1080,
            fps: 29.97,
            bitrate_bps: 5_800_000,
            gop: Some(Duration::from_millis(2_000)),
        }),
        audio: None,
        sound_ahead_ms: None,
        dropped: 1,
        timestamp_jumps: 2,
        reconnects: 3,
        issues: IssueCounts { info: 0, warning: 1, error: 0 },
        viewers: 4,
    }
}

fn reading() -> EventsReading {
    let wedding = EventReading {
        event: EventId::parse("wedding").unwrap(),
        status: EventStatus::Live,
        active: Some(CameraId::parse("altar").unwrap()),
        on_air: Some(Duration::from_secs(9)),
        slate: false,
        locked: true,
        cuts: 5,
        bytes: 2_000,
        samples: 60,
        bitrate_bps: 6_000_000,
        viewers: 7,
        playlist: Some(PlaylistReading {
            age: Duration::from_millis(120),
            behind: Duration::from_millis(640),
        }),
        cameras: vec![camera("altar"), CameraReading { video: None, ..camera("drone") }],
    };
    EventsReading { events: vec![wedding], left_out: 0 }
}

fn whole() -> String {
    let totals = Totals { viewers: Some(7), ..Totals::default() };
    let recordings = RecordingTotals { recording: 7, free: Some(9), ..RecordingTotals::default() };
    let store =
        StoreStatus { state: StoreState::Behind, pending: 12, rejected: 1, last_error: None };
    let process = ProcessReading {
        id: 1,
        uptime: Duration::from_secs(10),
        started_at: 1_767_225_600,
        cpu: Some(Duration::from_millis(1_250)),
        resident_bytes: Some(2),
        threads: Some(3),
        open_files: Some(4),
        open_files_max: Some(5),
    };
    let certificate_expires_at = Some(1_798_761_600);
    let reading = ServerReading { process, certificate_expires_at, ..ServerReading::default() };
    let archive = ArchiveTotals { sent_bytes: 10, failures: 11, waiting: 12, removals: 13 };
    server(&totals, &recordings, Some(&archive), &store, &reading)
}

fn names(scrape: &str) -> BTreeSet<&str> {
    let series = scrape.lines().filter(|line| !line.starts_with('#'));
    series.map(|line| line.split(['{', ' ']).next().unwrap()).collect()
}

#[test]
fn a_scrape_reads_as_prometheus_expects() {
    let scrape = whole();
    for part in [
        "# HELP genlock_cameras Cameras by state: waiting, live, offline\n\
         # TYPE genlock_cameras gauge\n\
         genlock_cameras{state=\"waiting\"} 0\n\
         genlock_cameras{state=\"live\"} 0\n",
        "# TYPE genlock_viewers gauge\ngenlock_viewers 7\n",
        "genlock_recordings{state=\"recording\"} 7\n",
        "genlock_recordings_free_bytes 9\n",
        "genlock_object_store_sent_bytes_total 10\n",
        "genlock_object_store_removals_waiting 13\n",
        "genlock_store_up 0\n",
        "genlock_store_pending 12\n",
        "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 1.25\n",
        "genlock_tls_certificate_expires_seconds 1798761600\n",
        "process_start_time_seconds 1767225600\n",
    ] {
        assert!(scrape.contains(part), "{part}\n{scrape}");
    }
    let of_events = events(&reading());
    for part in [
        "genlock_event_on_air{event=\"wedding\"} 1\n",
        "genlock_playlist_behind_seconds{event=\"wedding\"} 0.64\n",
        "genlock_camera_gop_seconds{event=\"wedding\",camera=\"altar\"} 2\n",
        "genlock_camera_issues{event=\"wedding\",camera=\"drone\",severity=\"warning\"} 1\n",
    ] {
        assert!(of_events.contains(part), "{part}\n{of_events}");
    }
    assert!(!of_events.contains("genlock_camera_gop_seconds{event=\"wedding\",camera=\"drone\"}"));
}

#[test]
fn labels_hold_ids_and_nothing_else_that_identifies() {
    let scrape = whole() + &events(&reading());
    for secret in ["192.0.2.7", "obs-output"] {
        assert!(!scrape.contains(secret), "{scrape}");
    }
}

#[test]
fn every_metric_is_scraped_and_documented() {
    let scrape = whole() + &events(&reading());
    let declared: BTreeSet<_> = f::ALL.iter().map(|family| family.name).collect();
    assert_eq!(declared.len(), f::ALL.len(), "a name is there twice");
    assert_eq!(names(&scrape), declared);
    for family in f::ALL {
        let labels: Vec<_> = family.labels.iter().map(|label| format!("`{label}`")).collect();
        let (name, kind, help) = (family.name, family.kind, family.help);
        let row = format!("| `{name}` | {kind} | {} | {help} |", labels.join(" "));
        assert!(DOCUMENTED.contains(&row), "docs/metrics.md lacks: {row}");
    }
    let rows = DOCUMENTED
        .lines()
        .filter(|line| line.starts_with("| `genlock_") || line.starts_with("| `process_"));
    assert_eq!(rows.count(), f::ALL.len(), "docs/metrics.md has what is not there");
}
