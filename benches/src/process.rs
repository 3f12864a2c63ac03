//! Processor time and memory of the server under load, from `/proc` (proc(5)).
//!
//! A process is measured with its descendants, so that a server of several workers, or one that starts helpers, is
//! seen whole. Time of children that have ended counts once their parent has waited for them.

use std::collections::HashSet;
use std::fs;

/// Clock ticks per second in `/proc/*/stat`; 100 on every Linux that user space sees.
const TICKS_PER_SECOND: f64 = 100.0;

/// What a group of processes has used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    /// User and system time since they started, in seconds.
    pub(crate) cpu_s: f64,
    /// Resident memory in bytes. Pages shared between processes count for each.
    pub(crate) rss_bytes: u64,
    /// Living processes.
    pub(crate) processes: usize,
}

/// One line of `/proc/*/stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    /// Own time and that of children waited for.
    ticks: u64,
}

/// Usage of these processes and their descendants.
pub(crate) fn usage_of(roots: &[u32]) -> Usage {
    let table = processes();
    let mut group: HashSet<u32> = roots.iter().copied().collect();
    loop {
        let known = group.len();
        group.extend(
            table
                .iter()
                .filter(|(_, stat)| group.contains(&stat.parent))
                .map(|(pid, _)| *pid)
                .collect::<Vec<_>>(),
        );
        if group.len() == known {
            break;
        }
    }
    let members: Vec<_> = table.iter().filter(|(pid, _)| group.contains(pid)).collect();
    Usage {
        cpu_s: members.iter().map(|(_, stat)| stat.ticks).sum::<u64>() as f64 / TICKS_PER_SECOND,
        rss_bytes: members.iter().filter_map(|(pid, _)| rss_bytes(*pid)).sum(),
        processes: members.len(),
    }
}

/// Processor time of this process in seconds: what the load itself costs on the same cores.
pub(crate) fn own_cpu_s() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").ok();
    let ticks = stat.as_deref().and_then(parse_stat).map_or(0, |stat| stat.ticks);
    ticks as f64 / TICKS_PER_SECOND
}

/// Descriptors that this process may open.
pub(crate) fn open_files_max() -> Option<usize> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn processes() -> Vec<(u32, Stat)> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid: u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some((pid, parse_stat(&text)?))
    })
    .collect()
}

fn parse_stat(text: &str) -> Option<Stat> {
    // The name is in parentheses and may contain anything, parentheses too.
    let (_, fields) = text.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    // Field 3 of proc(5) is the first here: ppid is 4, utime to cstime are 14 to 17.
    let parent = fields.get(1)?.parse().ok()?;
    let times = fields.get(11..15)?;
    let ticks = times.iter().filter_map(|field| field.parse::<u64>().ok()).sum();
    Some(Stat { parent, ticks })
}

fn rss_bytes(pid: u32) -> Option<u64> {
    parse_rss(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

fn parse_rss(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_parentheses_do_not_shift_the_fields() {
        let text = "42 (a) b) c) S 7 42 42 0 -1 4194560 9 0 0 0 100 20 3 4 20 0 1 0 5 6 7";
        assert_eq!(parse_stat(text), Some(Stat { parent: 7, ticks: 127 }));
        assert_eq!(parse_stat("42 (a) S 7"), None);
    }

    #[test]
    fn resident_memory_is_in_bytes() {
        assert_eq!(parse_rss("Name:\tx\nVmRSS:\t  1024 kB\n"), Some(1_048_576));
        assert_eq!(parse_rss("Name:\tkthread\n"), None);
    }

    #[test]
    fn this_process_is_found() {
        let usage = usage_of(&[std::process::id()]);
        assert!(usage.processes >= 1);
        assert!(usage.rss_bytes > 100_000);
        assert!(open_files_max().is_some_and(|files| files > 2));
    }
}
