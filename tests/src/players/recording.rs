//! Records the programme from its playlist, as a simple downloader would, and lets ffmpeg judge the file.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::NamedTempFile;

use super::programs::without_addresses;

const POLL: Duration = Duration::from_secs(1);

/// A recording that runs.
#[derive(Debug)]
pub struct Recording {
    running: Arc<AtomicBool>,
    writer: JoinHandle<Result<NamedTempFile>>,
}

impl Recording {
    /// Records the media playlist at `url` from its newest segment on.
    #[must_use]
    pub fn start(url: String) -> Self {
        let running = Arc::new(AtomicBool::new(true));
        let flag = Arc::clone(&running);
        Self { running, writer: std::thread::spawn(move || record(&url, &flag)) }
    }

    /// Ends it, decodes it and returns what ffmpeg complained about, each once.
    ///
    /// # Errors
    /// When a download failed or ffmpeg cannot be started.
    pub fn finish(self) -> Result<Vec<String>> {
        self.running.store(false, Ordering::Relaxed);
        let joined = self.writer.join().map_err(|_| anyhow::anyhow!("the recorder panicked"))?;
        let file = joined?;
        ensure!(file.as_file().metadata()?.len() > 0, "nothing was recorded");
        let output = Command::new("ffmpeg")
            .args(["-v", "warning", "-i"])
            .arg(file.path())
            // The file's own times: at a frame rate's times the pictures of a catch-up would coincide.
            .args(["-fps_mode", "passthrough", "-enc_time_base", "1:90000", "-f", "null", "-"])
            .output()
            .context("cannot start ffmpeg")?;
        let complaints = String::from_utf8_lossy(&output.stderr);
        let different: BTreeSet<String> = complaints.lines().map(without_addresses).collect();
        Ok(different.into_iter().collect())
    }
}

fn record(url: &str, running: &AtomicBool) -> Result<NamedTempFile> {
    let base = url.rsplit_once('/').context("an address has a path")?.0;
    let mut file = NamedTempFile::new()?;
    let mut written: Option<Vec<String>> = None;
    while running.load(Ordering::Relaxed) {
        let text = ureq::get(url).call()?.body_mut().read_to_string()?;
        let (init, segments) = segments(&text);
        let known = written.get_or_insert_with(|| {
            // Only what comes from now on, behind its init section.
            segments.iter().rev().skip(1).map(|uri| (*uri).to_owned()).collect()
        });
        let fresh = segments.iter().filter(|uri| !known.iter().any(|old| old == *uri));
        let fresh: Vec<String> = fresh.map(|uri| (*uri).to_owned()).collect();
        if file.as_file().metadata()?.len() == 0 && !fresh.is_empty() {
            let init = init.context("the playlist names no init section")?;
            file.write_all(&download(&format!("{base}/{init}"))?)?;
        }
        for uri in fresh {
            file.write_all(&download(&format!("{base}/{uri}"))?)?;
            known.push(uri);
        }
        std::thread::sleep(POLL);
    }
    Ok(file)
}

fn download(url: &str) -> Result<Vec<u8>> {
    ureq::get(url).call()?.body_mut().read_to_vec().with_context(|| format!("no {url}"))
}

/// The newest init section and the complete segments of a media playlist.
fn segments(text: &str) -> (Option<&str>, Vec<&str>) {
    let mut init =
        text.lines().filter_map(|line| line.strip_prefix("#EXT-X-MAP:URI=\"")?.split('"').next());
    let uris = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    (init.next_back(), uris.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_playlist_is_read() {
        let text = "#EXTM3U\n#EXT-X-MAP:URI=\"i1.mp4\"\n#EXTINF:2,\ns1.m4s\n#EXTINF:2,\ns2.m4s\n\
                    #EXT-X-PART:DURATION=0.5,URI=\"p3.m4s\"\n";
        assert_eq!(segments(text), (Some("i1.mp4"), vec!["s1.m4s", "s2.m4s"]));
    }
}
