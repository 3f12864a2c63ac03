//! `docs/limits.md`: one table of everything that a peer can grow, made of the crates' `limits.rs`.
//!
//! Those files hold a reason above each bound. This reads them as text, so that a private constant is listed as well as a
//! public one, and a bound that is added is in the table or fails a test.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process;

/// A bound.
#[derive(Debug, PartialEq, Eq)]
struct Bound {
    /// `CONSTANT`, or `Type::field`.
    name: String,
    value: String,
    /// What it bounds, its unit and its reason, as its documentation says.
    reason: String,
}

/// Bounds that are configured, and their keys.
const KEYS: &[(&str, &str)] = &[
    ("IngestConfig::connections", "limits.rtmp_connections"),
    ("IngestConfig::connections_per_address", "limits.rtmp_connections_per_address"),
    ("IngestConfig::handshake_timeout", "limits.rtmp_handshake_s"),
    ("IngestConfig::publish_timeout", "limits.rtmp_publish_s"),
    ("IngestConfig::silence_timeout", "rtmp.idle_timeout_s"),
    ("FeedLimits::span", "limits.buffer_s"),
    ("FeedLimits::held_span", "limits.buffer_held_s"),
    ("FeedLimits::bytes", "limits.buffer_mb"),
    ("ServerLimits::connections", "limits.http_connections"),
    ("ServerLimits::connections_per_address", "limits.http_connections_per_address"),
    ("ServerLimits::first_request_timeout", "limits.http_first_request_s"),
    ("ServerLimits::idle_timeout", "limits.http_idle_s"),
    ("FOLLOWERS_DEFAULT", "limits.followers"),
    ("ServerLimits::write_timeout", "limits.slow_viewer_s"),
    ("ServerLimits::write_progress_bytes", "limits.slow_viewer_kb"),
    ("ServerLimits::response_timeout", "limits.response_s"),
    ("OriginLimits::held_requests", "limits.held_requests"),
    ("EVENTS_DEFAULT", "store.events_max"),
];

/// Files with bounds, beside every `crates/*/src/limits.rs`.
const MORE: [&str; 1] = ["crates/ingest/src/config.rs"];

const HEAD: &str = "\
# Limits

Everything that somebody else can make grow, and how far: peers, viewers, callers of the API, back ends. Made by
`cargo xtask limits` of the crates' `limits.rs`; a test holds them together.

A bound with a key is configured by it: how many there may be, how long they may take, how much of the machine they get. The others
are constants, because they follow from a format (the 24 bits of a message's length, the depth of AMF), from a standard or from what is
measured together (how long sound may lag behind its picture), or are so far above what anybody needs that whoever comes to one
is broken or hostile. Changing one is a change of the program, with its tests.

## Memory

What a server takes at most, whoever attacks it, is the sum of:

| for each | at most | of which |
|---|---|---|
| RTMP connection that does not publish | 1 MiB | 64 KiB are read at once; unfinished messages, held input and replies have 256 KiB each. One that is idle was seen to take 20 kB |
| camera that publishes | 88 MiB, and 48 MiB for each track that is recorded to a disk that stands | its buffer has 14 s, 30 s while a recorder is late, 64 MiB at most; messages have 24 MiB |
| programme | 64 MiB | its buffer |
| playlist that is watched | 32 s of media | what is listed, and what was; each viewer of it shares that |
| HTTP connection | 256 KiB | heads; media is shared. One that is idle takes some kB |
| client that follows an event | 10 kB | |
| event | 75 kB | |

A machine that has less than all of that at once lowers the keys: with the defaults 1 000 RTMP connections are 1 GiB, 32 768 of HTTP are
8 GiB, of which an attack gets as much as it can pay for. `tests/tests/faults.rs` attacks a server with all of it at once
(`memory_stays_in_its_envelope_under_all_of_it_at_once`): 1 000 idle connections each of RTMP and HTTP, 200 handshakes of a byte in a tenth of a
second, 100 peers with unfinished messages of 256 KiB, 4 publishers with an unfinished one of 16 MiB, 500 viewers that take nothing. It grew by
174 MB, of which 93 MB are the unfinished messages (debug build, 2026-11-26).
";

/// Writes the table anew.
pub(crate) fn write() -> Result<()> {
    fs::write(file(), table()?).context("cannot write docs/limits.md")
}

fn file() -> PathBuf {
    process::root().join("docs/limits.md")
}

fn table() -> Result<String> {
    let mut text = HEAD.to_owned();
    for source in sources()? {
        let shown = source.strip_prefix(process::root()).unwrap_or(&source).display();
        let code = fs::read_to_string(&source).with_context(|| format!("cannot read {shown}"))?;
        let bounds = read(&code).with_context(|| shown.to_string())?;
        if bounds.is_empty() {
            bail!("{shown} has no bounds");
        }
        writeln!(text, "\n## {shown}\n\n| bound | default | key | |\n|---|---|---|---|")?;
        for Bound { name, value, reason } in bounds {
            let key = KEYS.iter().find(|(bound, _)| *bound == name);
            let key = key.map_or_else(String::new, |(_, key)| format!("`{key}`"));
            writeln!(text, "| `{name}` | {value} | {key} | {reason} |")?;
        }
    }
    Ok(text)
}

fn sources() -> Result<Vec<PathBuf>> {
    let crates = fs::read_dir(process::root().join("crates"))?;
    let mut found: Vec<_> = crates
        .filter_map(|entry| Some(entry.ok()?.path().join("src/limits.rs")))
        .chain(MORE.iter().map(|file| process::root().join(file)))
        .filter(|file| Path::is_file(file))
        .collect();
    found.sort();
    Ok(found)
}

/// The documented constants and, with their defaults, the documented fields of structs of a file.
fn read(code: &str) -> Result<Vec<Bound>> {
    let defaults = defaults(code);
    let mut bounds = Vec::new();
    let (mut docs, mut structure) = (String::new(), None);
    let mut lines = code.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if let Some(doc) = line.strip_prefix("///") {
            docs.push_str(doc);
            continue;
        }
        let item = line.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
        if item.starts_with("mod tests") {
            break;
        } else if let Some(rest) =
            item.strip_prefix("const ").filter(|rest| !rest.starts_with("fn"))
        {
            let mut whole = rest.to_owned();
            while !whole.ends_with(';') {
                whole.push(' ');
                whole.push_str(lines.next().context("a constant does not end")?);
            }
            bounds.push(constant(&whole, &docs)?);
        } else if let Some(rest) = item.strip_prefix("struct ") {
            structure = rest.split([' ', '{', '(']).next().map(str::to_owned);
        } else if line == "}" {
            structure = None;
        } else if let (Some(of), Some((field, _))) = (&structure, item.split_once(": "))
            && line.starts_with("pub ")
        {
            let value = defaults.iter().find(|(name, _)| name == field).map(|(_, value)| value);
            // What is no bound, such as the application's name, is no number either.
            if let Some(value) = value.filter(|value| value.chars().any(|c| c.is_ascii_digit())) {
                let name = format!("{of}::{field}");
                bounds.push(Bound { name, value: plain(value), reason: cell(&docs) });
            }
        }
        if !line.starts_with("#[") {
            docs.clear();
        }
    }
    Ok(bounds)
}

fn constant(text: &str, docs: &str) -> Result<Bound> {
    let (name, rest) = text.split_once(':').context("a constant without a type")?;
    let (_, value) = rest.split_once('=').with_context(|| format!("{name} has no value"))?;
    if docs.is_empty() {
        bail!("{name} has no reason");
    }
    let value = plain(value.trim().trim_end_matches(';'));
    Ok(Bound { name: name.to_owned(), value, reason: cell(docs) })
}

/// `field: value` of everything that is made, which in these files are the defaults.
fn defaults(code: &str) -> Vec<(String, String)> {
    let made = code.split("fn default()").skip(1);
    let bodies = made.map(|body| body.split("\n}").next().unwrap_or_default());
    bodies
        .flat_map(|body| body.split([',', '{']))
        .filter_map(|part| part.trim().split_once(": "))
        .map(|(field, value)| {
            (field.trim().to_owned(), value.trim().trim_end_matches([' ', '}']).to_owned())
        })
        .collect()
}

/// A value as people write it: `Duration::from_secs(10)` is 10 s.
fn plain(value: &str) -> String {
    for (function, unit) in [
        ("Duration::from_secs(", "s"),
        ("Duration::from_millis(", "ms"),
        ("Duration::from_micros(", "µs"),
    ] {
        if let Some(number) = value.strip_prefix(function) {
            return format!("{} {unit}", number.trim_end_matches(')').replace('_', " "));
        }
    }
    let digits = value.chars().all(|c| c.is_ascii_digit() || c == '_');
    if digits { value.replace('_', " ") } else { format!("`{value}`") }
}

/// Documentation as a cell of a table.
fn cell(docs: &str) -> String {
    docs.trim().replace('|', "\\|").replace("[`", "`").replace("`]", "`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_table_is_that_of_the_code() {
        let documented = fs::read_to_string(file()).unwrap();
        let made = table().unwrap();
        assert!(documented == made, "run `cargo xtask limits` and review the difference");
        for (name, key) in KEYS {
            let row = made.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
            assert!(row.is_some_and(|row| row.contains(key)), "{name} is no bound");
        }
    }

    #[test]
    fn constants_and_fields_are_read_with_their_reasons() {
        let code = "\
/// Bytes of a [`Body`]. 64 KiB:
/// more than | anybody sends.
pub const BODY_BYTES_MAX: usize =
    64 * 1024;

/// Bounds.
pub struct Limits {
    /// Seconds. Default 5.
    pub time: Duration,
    /// A name.
    pub name: String,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(5), name: \"live\".to_owned() }
    }
}

/// Cameras.
pub(crate) const CAMERAS: u32 = 1_000;
";
        let bound = |name: &str, value: &str, reason: &str| Bound {
            name: name.to_owned(),
            value: value.to_owned(),
            reason: reason.to_owned(),
        };
        let expect = [
            bound(
                "BODY_BYTES_MAX",
                "`64 * 1024`",
                "Bytes of a `Body`. 64 KiB: more than \\| anybody sends.",
            ),
            bound("Limits::time", "5 s", "Seconds. Default 5."),
            bound("CAMERAS", "1 000", "Cameras."),
        ];
        assert_eq!(read(code).unwrap(), expect);
        assert!(read("const SILENT: u32 = 1;").is_err());
    }
}
