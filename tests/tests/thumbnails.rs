//! Small pictures of what cameras send and of what the programme shows.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use genlock_e2e::{Camera, Clip, Colour, Server, wait};

const LIMIT: Duration = Duration::from_secs(30);

#[test]
fn a_thumbnail_shows_what_the_camera_sends() -> Result<()> {
    let server = Server::start()?;
    let api = server.api();
    let event = api.create_event("Match")?;
    let made = api.create_camera(&event, "One")?;
    let path = format!("/api/events/{event}/cameras/{}/thumbnail.jpg", made.id);
    assert_eq!(colour_of(&api.download(&path)?)?, None, "a card before the first picture");

    let _camera = Camera::publish(&Clip::new(Colour::Green), &made.publish_url)?;
    api.wait_active(&event, &made.id)?;
    let of_program = format!("/api/events/{event}/program/thumbnail.jpg");
    let compatible = format!("/api/camera-thumbnail/{}", made.id);
    for path in [path, of_program, compatible] {
        wait::until(&path, LIMIT, || {
            Ok((colour_of(&api.download(&path)?)? == Some(Colour::Green)).then_some(()))
        })?;
    }
    Ok(())
}

/// The colour of a JPEG's middle, as ffmpeg reads it.
fn colour_of(jpeg: &[u8]) -> Result<Option<Colour>> {
    let mut ffmpeg = Command::new("ffmpeg")
        .args(["-v", "error", "-f", "mjpeg", "-i", "-", "-vf", "crop=64:64,scale=1:1"])
        .args(["-pix_fmt", "rgb24", "-f", "rawvideo", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start ffmpeg")?;
    ffmpeg.stdin.take().context("ffmpeg has no standard input")?.write_all(jpeg)?;
    let pixel = ffmpeg.wait_with_output()?.stdout;
    let [red, green, blue] = *pixel.first_chunk().context("no picture")?;
    Ok(Colour::of(red.into(), green.into(), blue.into()))
}
