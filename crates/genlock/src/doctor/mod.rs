//! `genlock doctor`: looks at what usually stands in the way of a server before it is started.
//!
//! [`findings`] judges, and is pure; this looks, and prints. Nothing is changed: ports are taken and given back, and the
//! file that is written into the data folder is removed.

mod findings;

use std::fs;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use anyhow::{Result, bail};
use genlock_tls::Pair;

use self::findings::{Finding, Health};
use crate::banner::say;
use crate::certificate;
use crate::config::{CertificateSource, Settings, TlsSettings};
use crate::telemetry::open_files_max;

/// Written into a folder to see whether that can be done, and how fast: as much as a batch of the store's commits.
const PROBE_BYTES: usize = 64 * 1024;

/// Looks at everything and prints what was found.
///
/// # Errors
/// When something stands in the way of a start.
pub(crate) async fn run(settings: &Settings) -> Result<()> {
    let recordings = settings.recordings.folder(&settings.data_dir);
    let open_files = fs::read_to_string("/proc/self/limits").ok();
    let open_files = open_files.as_deref().and_then(open_files_max);
    let connections = settings.limits.server.connections + settings.limits.ingest.connections;
    let (data, keep_free) = (&settings.data_dir, settings.recordings.keep_free());
    let mut found = ports(settings);
    found.extend(certificate(settings));
    found.extend([
        findings::open_files(open_files, connections as u64),
        findings::folder("data_dir", data, probe(data).as_ref()),
        findings::folder("recordings.folder", &recordings, probe(&recordings).as_ref()),
        findings::room("recordings.folder", free_bytes(&recordings), keep_free),
        findings::clock(SystemTime::now(), newest(data)),
        findings::secrets(settings.http_public_url.as_deref(), settings.tls.is_some()),
    ]);
    found.push(database(settings).await);
    found.extend(collector(settings).await);
    let mut text = String::new();
    for finding in &found {
        text.push_str(&finding.line());
    }
    say(&text);
    match found.iter().filter(|finding| finding.health == Health::Bad).count() {
        0 => Ok(()),
        1 => bail!("one thing stands in the way of a start"),
        count => bail!("{count} things stand in the way of a start"),
    }
}

/// Every port that is to be open.
fn ports(settings: &Settings) -> Vec<Finding> {
    let secure =
        |port: fn(&TlsSettings) -> Option<SocketAddr>| settings.tls.as_ref().and_then(port);
    let ports = [
        ("http.listen", settings.http_listen),
        ("rtmp.listen", settings.rtmp_listen),
        ("tls.http", secure(|tls| tls.http)),
        ("tls.rtmp", secure(|tls| tls.rtmp)),
    ];
    let open = ports.into_iter().filter_map(|(what, address)| Some((what, address?)));
    open.map(|(what, address)| findings::port(what, address, bind(address).as_ref())).collect()
}

/// The certificate of TLS, where there is to be one.
fn certificate(settings: &Settings) -> Option<Finding> {
    let files = match &settings.tls.as_ref()?.certificate {
        CertificateSource::SelfSigned => return Some(findings::self_signed()),
        CertificateSource::Files(files) => files,
    };
    let pair = files.read().and_then(|pem| Pair::new(&pem));
    let host = settings.http_public_url.as_deref().and_then(certificate::host);
    Some(findings::certificate(SystemTime::now(), host.as_deref(), pair.as_ref()))
}

/// Takes a port and gives it back.
fn bind(address: SocketAddr) -> io::Result<()> {
    TcpListener::bind(address).map(drop)
}

/// Writes a file that is safe on the disk, in the folder or in the nearest one above that is there, and removes it. Returns
/// the milliseconds that it took.
fn probe(folder: &Path) -> io::Result<u128> {
    let there = nearest(folder);
    let begun = Instant::now();
    let mut file = tempfile::Builder::new().prefix(".genlock-doctor").tempfile_in(there)?;
    file.write_all(&vec![0; PROBE_BYTES])?;
    file.as_file().sync_all()?;
    Ok(begun.elapsed().as_millis())
}

fn free_bytes(folder: &Path) -> Option<u64> {
    let told = rustix::fs::statvfs(nearest(folder)).ok()?;
    Some(told.f_bavail.saturating_mul(told.f_frsize))
}

/// The folder, or the one above it in which it would be made.
fn nearest(folder: &Path) -> PathBuf {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let there = absolute.ancestors().find(|folder| folder.is_dir());
    there.unwrap_or_else(|| Path::new("/")).to_owned()
}

/// When the newest file of a folder was written.
fn newest(folder: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(folder).ok()?;
    entries.filter_map(|entry| entry.ok()?.metadata().ok()?.modified().ok()).max()
}

/// Sends nothing to the collector of traces, where there is to be one.
async fn collector(settings: &Settings) -> Option<Finding> {
    let traces = settings.traces.clone()?;
    let origin = traces.origin();
    let probed = tokio::task::spawn_blocking(move || crate::traces::probe(&traces)).await;
    let problem = probed.unwrap_or_else(|error| Some(error.to_string()));
    Some(findings::collector(&origin, problem.as_deref()))
}

/// Asks MongoDB for one small thing.
#[cfg(feature = "mongodb")]
async fn database(settings: &Settings) -> Finding {
    use genlock_store::{MetaKey, Store};

    let Some(shared) = &settings.shared_store else { return findings::embedded() };
    let begun = Instant::now();
    let asked = crate::storage::mongo(shared, settings).meta(MetaKey::StoreId).await;
    findings::database(
        asked.map(|_| begun.elapsed().as_millis()).map_err(|error| error.to_string()),
    )
}

#[cfg(not(feature = "mongodb"))]
async fn database(_settings: &Settings) -> Finding {
    findings::embedded()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_not_there_is_tried_where_it_would_be_made() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("a/b");
        assert_eq!(nearest(&folder), above.path());
        assert!(probe(&folder).is_ok());
        assert!(free_bytes(&folder).is_some());
        assert_eq!(fs::read_dir(above.path()).unwrap().count(), 0, "something was left behind");
    }

    #[test]
    fn a_port_that_is_taken_is_told_and_a_free_one_given_back() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        assert!(bind(address).is_err());
        drop(taken);
        assert!(bind(address).is_ok());
        assert!(bind(address).is_ok());
    }
}
