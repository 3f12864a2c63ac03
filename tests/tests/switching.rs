//! The main job: cameras in, one programme out, switched, watched by a real browser.

use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;
use genlock_e2e::api::NewCamera;
use genlock_e2e::browser::{Seen, Viewer};
use genlock_e2e::players::recording::Recording;
use genlock_e2e::{Camera, Clip, Colour, Server, probe, wait};
use serde_json::json;

/// Pause between two takes: longer than the longest GOP of the clips, so that every camera is seen.
const BETWEEN_TAKES: Duration = Duration::from_millis(3500);

/// More than a player is behind: what happened that long ago has been seen.
const PLAYER_LATENCY: Duration = Duration::from_secs(5);

/// From a take to the entry in the log that tells when it was listed: a GOP, a segment, and a slow machine.
const LISTED_MAX: Duration = Duration::from_secs(20);

/// How often the takes are watched before a stall counts. A machine that has no time for a browser stalls
/// at random, a splice that is wrong stalls every time.
const ATTEMPTS: usize = 3;

/// A server with an event and one publishing camera for each clip; the first is on air.
struct Show {
    server: Server,
    event: String,
    cameras: Vec<(NewCamera, Camera)>,
}

impl Show {
    fn start(clips: &[Clip]) -> Result<Self> {
        let server = Server::start()?;
        let api = server.api();
        let event = api.create_event("Match")?;
        let mut cameras = Vec::new();
        for clip in clips {
            let made = api.create_camera(&event, &format!("{:?}", clip.picture))?;
            let publisher = Camera::publish(clip, &made.publish_url)?;
            api.wait_status(&event, &made.id, "live")?;
            cameras.push((made, publisher));
        }
        api.wait_active(&event, &cameras[0].0.id)?;
        Ok(Self { server, event, cameras })
    }

    fn url(&self, path: &str) -> String {
        format!("{}/hls/{}/{path}", self.server.http, self.event)
    }

    /// Watches the viewer page while the cameras are taken in turn, `takes` times.
    fn watch_takes(&self, takes: u32) -> Result<Seen> {
        let page = format!("{}/watch/{}", self.server.http, self.event);
        self.server.api().wait_for(&format!("/hls/{}/program/index.m3u8", self.event))?;
        self.server.api().switch(&self.event, &self.cameras[0].0.id)?;
        self.server.api().wait_active(&self.event, &self.cameras[0].0.id)?;
        // A player starts behind the live edge: what was on air before must have passed that point, too.
        sleep(PLAYER_LATENCY);
        let viewer = Viewer::open(&page)?;
        sleep(PLAYER_LATENCY);
        self.take_in_turn(takes)?;
        sleep(PLAYER_LATENCY);
        viewer.finish()
    }

    /// Takes a camera while the programme is watched: the switch log tells when the playlist listed the cut,
    /// which is behind the moment at which it was made.
    fn assert_listed(&self) -> Result<()> {
        let api = self.server.api();
        let playlist = format!("/hls/{}/program/media.m3u8", self.event);
        api.wait_for(&playlist)?;
        let (taken, _) = &self.cameras[1];
        api.switch(&self.event, &taken.id)?;
        let [made, listed] = self.wait_listed(&taken.id)?;
        // RFC 3339 in UTC: the order of the texts is that of the times.
        assert!(made <= listed, "made at {made}, listed at {listed}");
        Ok(())
    }

    /// When the newest cut was made and listed, once it is; it must be one to `camera`.
    fn wait_listed(&self, camera: &str) -> Result<[String; 2]> {
        let api = self.server.api();
        let playlist = format!("/hls/{}/program/media.m3u8", self.event);
        let log = format!("/api/events/{}/switches?limit=1", self.event);
        wait::until("a listed cut", LISTED_MAX, || {
            api.wait_for(&playlist)?;
            let entry = api.json("GET", &log, None)?["items"][0].clone();
            let time = |name: &str| entry["ledger"][name].as_str().map(str::to_owned);
            let taken = entry["to_camera_id"] == *camera;
            let times = time("committed_at").zip(time("published_at")).filter(|_| taken);
            Ok(times.map(|(made, listed)| [made, listed]))
        })
    }

    /// The takes are spread over the watching time; nothing is asserted on when they show.
    fn take_in_turn(&self, takes: u32) -> Result<()> {
        let api = self.server.api();
        for take in 1..=takes {
            sleep(BETWEEN_TAKES);
            let next = &self.cameras[take as usize % self.cameras.len()].0.id;
            api.switch(&self.event, next)?;
            api.wait_active(&self.event, next)?;
        }
        Ok(())
    }
}

/// Ten takes, watched: every colour in turn and nothing that a viewer would call a fault.
fn assert_seamless(show: &Show, clips: &[Clip]) -> Result<()> {
    const TAKES: u32 = 10;
    let expected: Vec<Colour> =
        clips.iter().filter_map(Clip::colour).cycle().take(TAKES as usize + 1).collect();
    let mut faults = Vec::new();
    for _ in 0..ATTEMPTS {
        let seen = show.watch_takes(TAKES)?;
        assert_eq!(seen.backwards, 0, "{}", seen.report);
        let stalled = seen.stalls_ms.iter().any(|ms| *ms > 100.0);
        if !stalled && seen.colours == expected {
            return Ok(());
        }
        faults.push(seen.report.to_string());
    }
    panic!("faults in each of {ATTEMPTS} runs: {faults:#?}")
}

const EQUAL: [Clip; 3] =
    [Clip::new(Colour::Red), Clip::new(Colour::Green), Clip::new(Colour::Blue)];

/// Other size, frame rate, GOP, B-frame depth and profile each.
const UNLIKE: [Clip; 3] = [
    Clip::new(Colour::Red),
    Clip {
        size: (480, 270),
        fps: 25,
        gop: 50,
        b_frames: 0,
        profile: "baseline",
        ..Clip::new(Colour::Green)
    },
    Clip {
        size: (854, 480),
        fps: 30,
        gop: 60,
        b_frames: 3,
        profile: "main",
        ..Clip::new(Colour::Blue)
    },
];

#[test]
fn a_browser_plays_through_ten_cuts_between_equal_cameras() -> Result<()> {
    let show = Show::start(&EQUAL)?;
    assert_seamless(&show, &EQUAL)?;
    let media = show.server.api().wait_for(&format!("/hls/{}/program/media.m3u8", show.event))?;
    assert!(!media.contains("#EXT-X-DISCONTINUITY\n"), "equal cameras need no tag: {media}");
    Ok(())
}

#[test]
fn a_browser_plays_through_ten_cuts_between_unlike_cameras() -> Result<()> {
    let show = Show::start(&UNLIKE)?;
    assert_seamless(&show, &UNLIKE)
}

#[test]
fn ffmpeg_decodes_the_programme_and_a_camera_in_both_flavours_without_a_warning() -> Result<()> {
    let show = Show::start(&EQUAL)?;
    show.assert_listed()?;
    show.take_in_turn(3)?;
    let camera = &show.cameras[1].0.id;
    for path in ["program/index.m3u8", "program/ts.m3u8", &format!("{camera}/index.m3u8")] {
        show.server.api().wait_for(&format!("/hls/{}/{path}", show.event))?;
        let streams = probe::streams(&show.url(path))?;
        let kinds: Vec<_> = streams.iter().filter_map(|s| s["codec_name"].as_str()).collect();
        assert!(kinds.contains(&"h264") && kinds.contains(&"aac"), "{path}: {kinds:?}");
        let warnings = probe::decode(&show.url(path), 8)?;
        let unexpected: Vec<_> = warnings.lines().filter(|line| !expected_warning(line)).collect();
        assert!(unexpected.is_empty(), "{path}: {unexpected:#?}");
    }
    Ok(())
}

/// What a downloader keeps of the programme, cut clean and at once in turn.
#[test]
fn ffmpeg_decodes_the_recorded_programme_of_unlike_cameras_without_a_warning() -> Result<()> {
    let show = Show::start(&UNLIKE)?;
    let api = show.server.api();
    let playlist = "program/media.m3u8?dialect=seamless";
    api.wait_for(&format!("/hls/{}/{playlist}", show.event))?;
    let recording = Recording::start(show.url(playlist));
    let styles = ["clean", "instant", "instant", "clean", "instant", "instant", "clean"];
    for (style, (camera, _)) in styles.iter().zip(show.cameras.iter().cycle().skip(1)) {
        let path = format!("/api/events/{}/cameras/{}/switch", show.event, camera.id);
        api.json("POST", &path, Some(&json!({ "style": style })))?;
        show.wait_listed(&camera.id)?;
    }
    // The last cut's segment must be complete, which the next cut's is not before it.
    let (first, _) = &show.cameras[0];
    api.switch(&show.event, &first.id)?;
    show.wait_listed(&first.id)?;
    let complaints = recording.finish()?;
    assert!(complaints.is_empty(), "{complaints:#?}");
    Ok(())
}

/// ffmpeg's HLS reader reads a fragmented MP4 init section again before every segment and says so.
fn expected_warning(line: &str) -> bool {
    line.contains("Found duplicated MOOV Atom") || line.contains("Last message repeated")
}

#[test]
fn hevc_over_enhanced_rtmp_reaches_the_playlist() -> Result<()> {
    let Some(ffmpeg) = genlock_e2e::camera::enhanced_ffmpeg() else {
        eprintln!("skipped: GENLOCK_ENHANCED_FFMPEG names no ffmpeg that sends Enhanced RTMP");
        return Ok(());
    };
    let server = Server::start()?;
    let api = server.api();
    let event = api.create_event("Match")?;
    let made = api.create_camera(&event, "Drone")?;
    let clip = Clip { encoder: "libx265", b_frames: 0, ..Clip::new(Colour::Red) };
    let _publisher = Camera::publish_with(&ffmpeg, &clip, &made.publish_url)?;
    api.wait_active(&event, &made.id)?;
    let multivariant = api.wait_for(&format!("/hls/{event}/program/index.m3u8"))?;
    assert!(multivariant.contains("hvc1."), "{multivariant}");
    let streams = probe::streams(&format!("{}/hls/{event}/program/index.m3u8", server.http))?;
    assert!(streams.iter().any(|stream| stream["codec_name"] == "hevc"), "{streams:?}");
    Ok(())
}
