//! What goes wrong at an event, and what nobody must notice.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result};
use genlock_e2e::{Camera, Clip, Colour, Server, server, wait};
use serde_json::json;

const LIMIT: Duration = Duration::from_secs(30);

#[test]
fn when_the_camera_on_air_is_lost_the_next_takes_over_and_the_programme_survives_none() -> Result<()>
{
    let server = Server::start()?;
    let api = server.api();
    let event = api.create_event("Match")?;
    let (first, second) = (api.create_camera(&event, "One")?, api.create_camera(&event, "Two")?);
    let one = Camera::publish(&Clip::new(Colour::Red), &first.publish_url)?;
    api.wait_active(&event, &first.id)?;
    let two = Camera::publish(&Clip::new(Colour::Green), &second.publish_url)?;
    api.wait_status(&event, &second.id, "live")?;

    drop(one);
    api.wait_active(&event, &second.id)?;
    drop(two);
    let playlist = format!("/hls/{event}/program/media.m3u8");
    wait::until("a gap in the playlist", LIMIT, || {
        Ok(api.wait_for(&playlist)?.contains("#EXT-X-GAP").then_some(()))
    })?;

    let _one = Camera::publish(&Clip::new(Colour::Red), &first.publish_url)?;
    api.wait_active(&event, &first.id)?;
    wait::until("media after the gap", LIMIT, || {
        let text = api.wait_for(&playlist)?;
        let after_gap = text.rsplit("#EXT-X-GAP").next().unwrap_or_default();
        Ok(after_gap.contains("INDEPENDENT=YES").then_some(()))
    })
}

#[test]
fn garbage_on_the_rtmp_port_costs_one_log_line_and_disturbs_nobody() -> Result<()> {
    let server = Server::start()?;
    let api = server.api();
    let event = api.create_event("Match")?;
    let made = api.create_camera(&event, "One")?;
    let _camera = Camera::publish(&Clip::new(Colour::Red), &made.publish_url)?;
    api.wait_active(&event, &made.id)?;

    let address = server.rtmp.trim_start_matches("rtmp://").trim_end_matches("/live").to_owned();
    let mut socket = TcpStream::connect(&address)?;
    socket.write_all(b"GET / HTTP/1.1\r\nhost: not-rtmp\r\n\r\n")?;
    wait::until("the refusal in the log", LIMIT, || {
        Ok(server.log().contains("byte 0").then_some(()))
    })?;
    assert_eq!(api.active(&event)?.as_deref(), Some(made.id.as_str()));
    Ok(())
}

#[test]
fn an_unknown_key_is_refused_before_publishing_starts() -> Result<()> {
    let server = Server::start()?;
    let url = format!("{}/not-a-key", server.rtmp);
    let printed = Camera::publish(&Clip::new(Colour::Red), &url)?.refused()?;
    assert!(!printed.is_empty(), "ffmpeg was not told why");
    assert!(!server.log().contains("not-a-key"), "a key stands in the log");
    Ok(())
}

#[test]
fn a_camera_that_is_not_live_cannot_be_taken() -> Result<()> {
    let server = Server::start()?;
    let api = server.api();
    let event = api.create_event("Match")?;
    let made = api.create_camera(&event, "One")?;
    let path = format!("/api/events/{event}/cameras/{}/switch", made.id);
    let (status, body) = api.call("POST", &path, None)?;
    assert_eq!(status, 409, "{body}");
    let path = format!("/api/stream/camera/{event}/{}/switch", made.id);
    let (status, body) = api.call("POST", &path, None)?;
    assert_eq!(status, 400, "{body}");
    Ok(())
}

#[test]
fn bad_requests_are_told_what_is_wrong_with_them() -> Result<()> {
    let server = Server::start()?;
    let api = server.api();
    let (status, body) = api.call("POST", "/api/events", Some(&json!({ "nam": "Match" })))?;
    assert_eq!(status, 400, "{body}");
    assert!(body.contains("nam"), "the field is not named: {body}");
    let (status, body) = api.call("GET", "/api/events/none", None)?;
    assert_eq!(status, 404, "{body}");
    let stranger = genlock_e2e::Api::new(&server.http, "another-token");
    let (status, body) = stranger.call("GET", "/api/events", None)?;
    assert_eq!(status, 401, "{body}");
    Ok(())
}

#[test]
fn a_restart_keeps_events_cameras_and_keys_and_shows_no_key() -> Result<()> {
    let server = Server::start()?;
    let api = server.api();
    let event = api.create_event("Match")?;
    let made = api.create_camera(&event, "One")?;
    let data_dir = server.data_dir();
    assert!(server.terminate()?.success(), "SIGTERM is an orderly end");

    for file in std::fs::read_dir(data_dir.path())? {
        let bytes = std::fs::read(file?.path())?;
        let plain = bytes.windows(made.key.len()).any(|window| window == made.key.as_bytes());
        assert!(!plain, "the key is kept in plain text");
    }
    let server = Server::start_in(data_dir)?;
    let api = server.api();
    let shown = api.json("GET", &format!("/api/events/{event}/cameras/{}", made.id), None)?;
    assert_eq!(shown["name"], "One");
    assert!(!shown.to_string().contains(&made.key), "the key is shown again");
    let url = format!("{}/{}", server.rtmp, made.key);
    let _camera = Camera::publish(&Clip::new(Colour::Red), &url)?;
    api.wait_active(&event, &made.id)
}

#[test]
fn a_start_that_cannot_work_is_one_line_and_exit_code_2() -> Result<()> {
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let address = taken.local_addr()?.to_string();
    let folder = tempfile::tempdir()?;
    let broken = folder.path().join("broken.toml");
    std::fs::write(&broken, "[hls]\npart_ms = \"short\"\n")?;
    let file = folder.path().join("file");
    std::fs::write(&file, "")?;
    let data_in_a_file = file.join("data");
    let cases: [(&[&str], &str); 3] = [
        (&["--rtmp", &address], "rtmp"),
        (&["--config", broken.to_str().context("utf-8")?], "part_ms"),
        (&["--data-dir", data_in_a_file.to_str().context("utf-8")?], "data"),
    ];
    for (arguments, named) in cases {
        let output = server::command(&folder.path().join("data")).args(arguments).output()?;
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {printed}");
        assert_eq!(printed.trim_end().lines().count(), 1, "{arguments:?}: {printed}");
        assert!(printed.contains(named), "{arguments:?}: {printed}");
    }
    Ok(())
}
