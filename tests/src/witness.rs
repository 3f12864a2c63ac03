//! Somebody who fetches every segment of a playlist while things happen, and tells by the media itself what is missing:
//! numbers of segments, gaps, decoding times. Nothing is told by when it came, so a slow machine is no fault.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};

use crate::{Api, wait};

/// Far below the window of a playlist, 16 s, in which every segment can still be had.
const POLL: Duration = Duration::from_millis(500);

const LIMIT: Duration = Duration::from_secs(40);

/// Watches until it is asked.
#[derive(Debug)]
pub struct Witness {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Result<Seen>>,
}

/// What a witness has seen.
#[derive(Debug, Default)]
struct Seen {
    init: Option<(String, Vec<u8>)>,
    segments: BTreeMap<u64, Vec<u8>>,
    /// Segments when it was over.
    at_the_end: Option<usize>,
}

/// How far two pictures may be apart, in pictures.
#[derive(Debug, Clone, Copy)]
pub enum Pictures {
    /// None is missing.
    All,
    /// A take that waits holds the old camera's pictures back, for 300 ms as a rule and a second at most (`HOLD_WINDOW_MAX` in
    /// `crates/program`), which players' hold-back covers. One at once that overtakes it follows the last picture that has
    /// left; if it is overtaken, too, its first picture stands until its own time, 50 ms ahead of the clock
    /// (`CATCH_UP_LEAD`). Less than a mini-GOP may be left out besides.
    OfCuts,
}

impl Witness {
    /// Begins to fetch what `path` (`/hls/EVENT/NAME/`) lists, which must be a media playlist with a segment by now.
    ///
    /// # Errors
    /// When there is no playlist within 20 s.
    pub fn of(api: &Api, path: &str) -> Result<Self> {
        api.wait_for(&format!("{path}media.m3u8"))?;
        let over = Arc::new(AtomicBool::new(false));
        let (api, path, end) = (api.clone(), path.to_owned(), Arc::clone(&over));
        let thread = thread::spawn(move || {
            let mut seen = Seen::default();
            // What was on its way when it was over shows in the segments behind.
            while seen.at_the_end.is_none_or(|count| seen.segments.len() < count + 2) {
                thread::sleep(POLL);
                seen.look(&api, &path)?;
                seen.note_end(end.load(Ordering::Relaxed));
            }
            Ok(seen)
        });
        Ok(Self { over, thread })
    }

    /// Waits for two more segments and tells of what all of them held.
    ///
    /// # Errors
    /// When a segment, a picture or an access unit of sound is missing.
    pub fn testify(self, pictures: Pictures) -> Result<()> {
        self.over.store(true, Ordering::Relaxed);
        wait::until("the last segments", LIMIT, || Ok(self.thread.is_finished().then_some(())))?;
        let seen = self.thread.join().map_err(|_| anyhow!("the witness panicked"))??;
        let (first, last) =
            seen.segments.keys().next().zip(seen.segments.keys().last()).context("no segment")?;
        ensure!(
            last - first + 1 == seen.segments.len() as u64,
            "numbers are missing: {:?}",
            seen.segments.keys()
        );
        check(&seen, pictures)
    }
}

impl Seen {
    fn look(&mut self, api: &Api, path: &str) -> Result<()> {
        let (status, text) = api.call("GET", &format!("{path}media.m3u8"), None)?;
        ensure!(status == 200, "the playlist answered {status}");
        ensure!(!text.contains("#EXT-X-GAP") && !text.contains("GAP=YES"), "a gap:\n{text}");
        let first = text.lines().find_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:"));
        let first: u64 = first.context("no number")?.parse()?;
        let map = text.lines().find_map(|line| line.strip_prefix("#EXT-X-MAP:URI=\""));
        let map = map.and_then(|rest| rest.split('"').next()).context("no init section")?;
        match &self.init {
            Some((known, _)) => ensure!(known == map, "another init section: {map}"),
            None => self.init = Some((map.to_owned(), api.download(&format!("{path}{map}"))?)),
        }
        let uris = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        for (number, uri) in (first..).zip(uris) {
            if let Entry::Vacant(missing) = self.segments.entry(number) {
                missing.insert(api.download(&format!("{path}{uri}"))?);
            }
        }
        Ok(())
    }

    fn note_end(&mut self, is_over: bool) {
        if is_over {
            self.at_the_end.get_or_insert(self.segments.len());
        }
    }
}

/// Reads all decoding times back with ffprobe.
fn check(seen: &Seen, pictures: Pictures) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("seen.mp4");
    let init = seen.init.as_ref().map(|(_, bytes)| bytes.as_slice()).unwrap_or_default();
    let media: Vec<&[u8]> = seen.segments.values().map(Vec::as_slice).collect();
    std::fs::write(&file, [&[init], media.as_slice()].concat().concat())?;
    for (stream, at_most) in [("v", pictures.apart()), ("a", 1.01)] {
        let times = decoding_times(&file, stream)?;
        ensure!(times.len() > 30, "only {} of {stream}", times.len());
        let steps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let usual = if stream == "v" { 1.0 / 30.0 } else { 1024.0 / 48_000.0 };
        let odd =
            steps.iter().zip(&times).find(|(step, _)| **step <= 0.0 || **step > at_most * usual);
        if let Some((step, at)) = odd {
            return Err(anyhow!("{stream}: {step} s behind {at} s, of {} steps", steps.len()));
        }
    }
    Ok(())
}

impl Pictures {
    /// Of 30 fps: two next to each other come at whole milliseconds, so they are up to 1.1 pictures apart.
    const fn apart(self) -> f64 {
        match self {
            Self::All => 1.5,
            Self::OfCuts => 35.5,
        }
    }
}

/// In seconds, in the order in which they stand in the file.
fn decoding_times(file: &std::path::Path, stream: &str) -> Result<Vec<f64>> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-select_streams", stream, "-show_entries", "packet=dts_time"])
        .args(["-of", "csv=p=0"])
        .arg(file)
        .output()
        .context("cannot start ffprobe")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let times = text.lines().map(|line| line.trim_end_matches(',')).filter(|line| !line.is_empty());
    times.map(|time| time.parse().with_context(|| format!("no time: {time}"))).collect()
}
