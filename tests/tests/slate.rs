//! No camera is left: gaps, the slate, and the way back, without a reload for anyone.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use genlock_e2e::{Camera, Clip, Colour, Server, wait};

const LIMIT: Duration = Duration::from_secs(40);

#[test]
fn the_slate_follows_the_gap_and_a_returning_camera_ends_it() -> Result<()> {
    let server = Server::start()?;
    let api = server.api();
    let event = api.create_event("Match")?;
    let made = api.create_camera(&event, "One")?;
    let slate = format!("/api/events/{event}/slate");
    let (status, body) = api.upload(&slate, "image/png", &Colour::Blue.png()?)?;
    assert_eq!(status, 200, "{body}");

    let clip = Clip::new(Colour::Green);
    let camera = Camera::publish(&clip, &made.publish_url)?;
    api.wait_active(&event, &made.id)?;
    api.wait_for(&format!("/hls/{event}/program/ts.m3u8"))?;
    let player = Player::open(&format!("{}/hls/{event}/program/ts.m3u8", server.http))?;
    player.wait_for(&[Colour::Green])?;

    drop(camera);
    let playlist = format!("/hls/{event}/program/media.m3u8");
    let gone = wait::until("media after a gap", LIMIT, || {
        let text = api.wait_for(&playlist)?;
        let after = text.split("#EXT-X-GAP").last().filter(|_| text.contains("#EXT-X-GAP"));
        Ok(after.is_some_and(|after| after.contains("INDEPENDENT=YES")).then_some(text))
    })?;
    assert_eq!(api.active(&event)?, None, "the slate is no camera");
    player.wait_for(&[Colour::Green, Colour::Blue])?;

    let _camera = Camera::publish(&clip, &made.publish_url)?;
    api.wait_active(&event, &made.id)?;
    player.wait_for(&[Colour::Green, Colour::Blue, Colour::Green])?;
    let back = api.wait_for(&playlist)?;
    assert!(number(&back, "#EXT-X-MEDIA-SEQUENCE:") >= number(&gone, "#EXT-X-MEDIA-SEQUENCE:"));
    assert_eq!(
        number(&back, "#EXT-X-TARGETDURATION:"),
        number(&gone, "#EXT-X-TARGETDURATION:"),
        "the playlist is the same"
    );
    Ok(())
}

#[test]
fn an_uploaded_slate_survives_a_restart_and_goes_with_its_event() -> Result<()> {
    let server = Server::start()?;
    let api = server.api();
    let event = api.create_event("Match")?;
    let slate = format!("/api/events/{event}/slate");
    let card = api.download(&slate)?;
    assert!(card.starts_with(&[0xff, 0xd8]), "the card is a JPEG");
    let picture = Colour::Green.png()?;
    assert_eq!(api.upload(&slate, "image/png", &picture)?.0, 200);
    let (status, body) = api.upload(&slate, "image/png", b"no picture")?;
    assert_eq!(status, 422, "{body}");
    let data_dir = server.data_dir();
    assert!(server.terminate()?.success());

    let server = Server::start_in(Arc::clone(&data_dir))?;
    let api = server.api();
    assert_eq!(api.download(&slate)?, picture);
    let kept = data_dir.path().join("slates").join(&event);
    assert!(kept.exists());
    assert_eq!(api.call("DELETE", &format!("/api/events/{event}"), None)?.0, 204);
    assert!(!kept.exists(), "the picture goes with its event");
    Ok(())
}

fn number(playlist: &str, tag: &str) -> Option<u64> {
    playlist.lines().find_map(|line| line.strip_prefix(tag)?.parse().ok())
}

/// An ffmpeg that plays one URL to its end and tells the colours that it has seen.
struct Player {
    ffmpeg: Child,
    seen: Arc<Mutex<Vec<Colour>>>,
}

impl Player {
    fn open(url: &str) -> Result<Self> {
        let mut ffmpeg = Command::new("ffmpeg")
            .args(["-v", "error", "-i", url, "-an", "-vf", "crop=64:64,scale=1:1"])
            .args(["-fps_mode", "passthrough", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start ffmpeg")?;
        let mut pixels = ffmpeg.stdout.take().context("ffmpeg has no standard output")?;
        let seen = Arc::<Mutex<Vec<Colour>>>::default();
        let noted = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut pixel = [0; 3];
            while pixels.read_exact(&mut pixel).is_ok() {
                let [red, green, blue] = pixel.map(u64::from);
                let mut seen = noted.lock().unwrap_or_else(PoisonError::into_inner);
                let colour = Colour::of(red, green, blue);
                if colour.is_some() && seen.last() != colour.as_ref() {
                    seen.extend(colour);
                }
            }
        });
        Ok(Self { ffmpeg, seen })
    }

    /// Waits until exactly these colours have been seen, one after the other.
    fn wait_for(&self, colours: &[Colour]) -> Result<()> {
        wait::until(&format!("{colours:?} in the player"), LIMIT, || {
            let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            Ok((*seen == colours).then_some(()))
        })
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        // Either fails only when ffmpeg has ended by itself.
        let _ = self.ffmpeg.kill();
        let _ = self.ffmpeg.wait();
    }
}
