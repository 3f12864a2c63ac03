//! Metrics as Prometheus text (exposition format 0.0.4).
//!
//! Totals of the whole server. No label holds a name, an id or a key, so that the path may be public and
//! the number of series does not grow with use.

use std::fmt::Write as _;

use genlock_archive::ArchiveTotals;
use genlock_recorder::shell::RecordingTotals;
use genlock_store::{StoreState, StoreStatus};

use crate::live::Totals;

/// The text for one scrape.
pub(crate) fn render(
    totals: &Totals,
    recordings: &RecordingTotals,
    archive: Option<&ArchiveTotals>,
    store: &StoreStatus,
) -> String {
    let mut text = Exposition::default();
    text.family("genlock_build_info", "gauge", "Version of the server");
    text.sample("genlock_build_info", concat!("{version=\"", env!("CARGO_PKG_VERSION"), "\"}"), 1);
    text.family("genlock_cameras", "gauge", "Cameras by state");
    text.sample("genlock_cameras", "{state=\"waiting\"}", totals.cameras_waiting);
    text.sample("genlock_cameras", "{state=\"live\"}", totals.cameras_live);
    text.sample("genlock_cameras", "{state=\"offline\"}", totals.cameras_offline);
    text.single("genlock_events_live", "gauge", "Events with a camera on air", totals.events_live);
    text.single(
        "genlock_ingest_bytes_total",
        "counter",
        "Bytes received from publishers",
        totals.ingest_bytes,
    );
    text.single("genlock_cuts_total", "counter", "Cuts made, by takes or failovers", totals.cuts);
    if let Some(viewers) = totals.viewers {
        text.single("genlock_viewers", "gauge", "Players that fetch playlists", viewers);
    }
    text.recordings(recordings);
    if let Some(archive) = archive {
        text.archive(archive);
    }
    text.store(store);
    text.0
}

#[derive(Default)]
struct Exposition(String);

impl Exposition {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    fn sample(&mut self, name: &str, labels: &str, value: u64) {
        self.line(format_args!("{name}{labels} {value}"));
    }

    fn single(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        self.family(name, kind, help);
        self.sample(name, "", value);
    }

    fn recordings(&mut self, totals: &RecordingTotals) {
        let name = "genlock_recordings";
        self.family(name, "gauge", "Cameras and programmes that are to be recorded, by state");
        for (state, count) in [
            ("waiting", totals.waiting),
            ("recording", totals.recording),
            ("disk_low", totals.disk_low),
            ("quota_reached", totals.quota_reached),
            ("failed", totals.failed),
        ] {
            self.sample(name, &format!("{{state=\"{state}\"}}"), count);
        }
        let (bytes, lost) = (totals.bytes, totals.lost);
        self.single("genlock_recorded_bytes_total", "counter", "Bytes of media recorded", bytes);
        let help = "Samples that the disk was too slow for";
        self.single("genlock_recording_lost_samples_total", "counter", help, lost);
        if let Some(free) = totals.free {
            self.single("genlock_recordings_free_bytes", "gauge", "Room for recordings", free);
        }
    }

    /// Only where there is an object store.
    fn archive(&mut self, totals: &ArchiveTotals) {
        let ArchiveTotals { sent_bytes, failures, waiting, removals } = *totals;
        let help = "Bytes of recordings sent to the object store";
        self.single("genlock_object_store_sent_bytes_total", "counter", help, sent_bytes);
        let help = "What the object store refused or could not be asked";
        self.single("genlock_object_store_failures_total", "counter", help, failures);
        let help = "Recordings that are on their way to the object store";
        self.single("genlock_object_store_waiting", "gauge", help, waiting);
        let help = "Removed recordings that the object store still has";
        self.single("genlock_object_store_removals_waiting", "gauge", help, removals);
    }

    fn store(&mut self, store: &StoreStatus) {
        let up = u64::from(store.state == StoreState::Ok);
        self.single(
            "genlock_store_up",
            "gauge",
            "Whether the store takes writes where they belong",
            up,
        );
        let help = "Writes that wait for the shared database";
        self.single("genlock_store_pending", "gauge", help, store.pending);
        let help = "Writes that the shared database refused for what they are";
        self.single("genlock_store_rejected", "gauge", help, store.rejected);
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        writeln!(self.0, "{line}").expect("writing to a string does not fail");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scrape_reads_as_prometheus_expects() {
        let totals = Totals {
            events_live: 1,
            cameras_waiting: 2,
            cameras_live: 3,
            cameras_offline: 4,
            ingest_bytes: 5,
            cuts: 6,
            viewers: None,
        };
        let expect = "\
# HELP genlock_build_info Version of the server
# TYPE genlock_build_info gauge
genlock_build_info{version=\"0.1.0\"} 1
# HELP genlock_cameras Cameras by state
# TYPE genlock_cameras gauge
genlock_cameras{state=\"waiting\"} 2
genlock_cameras{state=\"live\"} 3
genlock_cameras{state=\"offline\"} 4
# HELP genlock_events_live Events with a camera on air
# TYPE genlock_events_live gauge
genlock_events_live 1
# HELP genlock_ingest_bytes_total Bytes received from publishers
# TYPE genlock_ingest_bytes_total counter
genlock_ingest_bytes_total 5
# HELP genlock_cuts_total Cuts made, by takes or failovers
# TYPE genlock_cuts_total counter
genlock_cuts_total 6
# HELP genlock_recordings Cameras and programmes that are to be recorded, by state
# TYPE genlock_recordings gauge
genlock_recordings{state=\"waiting\"} 0
genlock_recordings{state=\"recording\"} 7
genlock_recordings{state=\"disk_low\"} 0
genlock_recordings{state=\"quota_reached\"} 0
genlock_recordings{state=\"failed\"} 0
# HELP genlock_recorded_bytes_total Bytes of media recorded
# TYPE genlock_recorded_bytes_total counter
genlock_recorded_bytes_total 8
# HELP genlock_recording_lost_samples_total Samples that the disk was too slow for
# TYPE genlock_recording_lost_samples_total counter
genlock_recording_lost_samples_total 0
# HELP genlock_store_up Whether the store takes writes where they belong
# TYPE genlock_store_up gauge
genlock_store_up 0
# HELP genlock_store_pending Writes that wait for the shared database
# TYPE genlock_store_pending gauge
genlock_store_pending 12
# HELP genlock_store_rejected Writes that the shared database refused for what they are
# TYPE genlock_store_rejected gauge
genlock_store_rejected 1
";
        let expect = expect.replace("0.1.0", env!("CARGO_PKG_VERSION"));
        let store =
            StoreStatus { state: StoreState::Behind, pending: 12, rejected: 1, last_error: None };
        let recordings = RecordingTotals { recording: 7, bytes: 8, ..RecordingTotals::default() };
        assert_eq!(render(&totals, &recordings, None, &store), expect);
        let recordings = RecordingTotals { free: Some(9), ..recordings };
        let archive = ArchiveTotals { sent_bytes: 10, failures: 11, waiting: 12, removals: 13 };
        let totals = Totals { viewers: Some(7), ..totals };
        let more = render(&totals, &recordings, Some(&archive), &store);
        assert!(more.contains("# TYPE genlock_viewers gauge\ngenlock_viewers 7\n"));
        assert!(more.contains("\ngenlock_recordings_free_bytes 9\n"));
        for line in [
            "genlock_object_store_sent_bytes_total 10",
            "genlock_object_store_failures_total 11",
            "genlock_object_store_waiting 12",
            "genlock_object_store_removals_waiting 13",
        ] {
            assert!(more.lines().any(|told| told == line), "{line}");
        }
    }
}
