//! The process as Linux tells of it in `/proc/self`. Elsewhere nothing is told.

use std::fs;
use std::time::Duration;

use genlock_control_api::telemetry::ProcessReading;

/// Linux counts the time of processes in hundredths of a second for whoever asks, whatever its own clock is
/// (`USER_HZ`, proc_pid_stat(5)).
const TICK: Duration = Duration::from_millis(10);

/// What of a reading the operating system tells.
pub(super) fn read() -> ProcessReading {
    let file = |name: &str| fs::read_to_string(format!("/proc/self/{name}")).ok();
    let status = file("status");
    let of_status = |key| status.as_deref().and_then(|text| number_after(text, key));
    ProcessReading {
        cpu: file("stat").as_deref().and_then(cpu_time),
        resident_bytes: of_status("VmRSS:").map(|kib| kib.saturating_mul(1024)),
        threads: of_status("Threads:"),
        // The folder that is read is one of them.
        open_files: fs::read_dir("/proc/self/fd")
            .ok()
            .map(|open| (open.count() as u64).saturating_sub(1)),
        open_files_max: file("limits").as_deref().and_then(open_files_max),
        ..ProcessReading::default()
    }
}

/// The number behind `key`, which begins a line.
fn number_after(text: &str, key: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// `utime` and `stime`, fields 14 and 15. The name in front of them may hold anything, spaces and parentheses too.
fn cpu_time(stat: &str) -> Option<Duration> {
    let fields = stat.rsplit_once(')')?.1;
    let mut ticks = fields.split_whitespace().skip(11).map_while(|field| field.parse::<u32>().ok());
    Some(TICK * ticks.next()?.checked_add(ticks.next()?)?)
}

/// The soft limit; `None` for "unlimited".
pub(crate) fn open_files_max(limits: &str) -> Option<u64> {
    number_after(limits, "Max open files")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_behind_a_name_that_may_hold_anything() {
        let stat = "7 (gen) lock 1) S 1 7 7 0 -1 4194560 1 2 3 4 120 5 0 0 20 0 4 0 99 1 2\n";
        assert_eq!(cpu_time(stat), Some(Duration::from_millis(1_250)));
        assert_eq!(cpu_time("7 (genlock) S"), None);
        assert_eq!(cpu_time(""), None);
    }

    #[test]
    fn numbers_are_read_where_there_are_any() {
        let status = "Name:\tgenlock\nVmRSS:\t  123456 kB\nThreads:\t4\n";
        assert_eq!(number_after(status, "VmRSS:"), Some(123_456));
        assert_eq!(number_after(status, "VmSwap:"), None);
        let limits = "Limit  Soft Limit  Hard Limit  Units\n\
                      Max open files            1024                 524288               files\n";
        assert_eq!(open_files_max(limits), Some(1024));
        let unlimited = "Max open files            unlimited            unlimited            files";
        assert_eq!(open_files_max(unlimited), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_knows_itself() {
        let reading = read();
        assert!(reading.cpu.is_some());
        assert!(reading.resident_bytes.is_some_and(|bytes| bytes > 100_000), "{reading:?}");
        assert!(reading.open_files.is_some_and(|open| open >= 3), "{reading:?}");
        assert!(reading.threads.is_some_and(|threads| threads >= 1), "{reading:?}");
    }
}
