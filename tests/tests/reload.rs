//! SIGHUP and a call of the API: the configuration changes under a show, and nobody is dropped for it.

use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Result, ensure};
use genlock_e2e::back_end::BackEnd;
use genlock_e2e::{Api, Camera, Clip, Colour, Server, wait};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(30);
const OBSERVER: &str = "token-for-monitoring";

/// Writes another configuration, asks the server to read it, and waits until it says so.
fn reload(server: &Server, toml: &str, said: &str) -> Result<()> {
    let before = server.log().len();
    std::fs::write(server.data_dir().path().join("genlock.toml"), toml)?;
    server.hang_up()?;
    wait::until(said, LIMIT, || {
        let log = server.log();
        Ok(log.get(before..).is_some_and(|log| log.contains(said)).then_some(()))
    })
}

#[test]
fn what_can_change_changes_and_the_rest_is_named() -> Result<()> {
    let server = Server::start_configured("log.filter = \"info\"\n")?;
    let api = server.api();
    let event = api.create_event("Match")?;
    let (one, two) = (api.create_camera(&event, "One")?, api.create_camera(&event, "Two")?);
    let _camera = Camera::publish(&Clip::new(Colour::Red), &one.publish_url)?;
    api.wait_active(&event, &one.id)?;
    let observer = Api::new(&server.http, OBSERVER);
    ensure!(observer.call("GET", "/metrics", None)?.0 == 401);

    // Nobody listens at that port: whoever is not asked yet is refused from now on.
    let changed = format!(
        "log.filter = \"info,genlock_ingest=debug\"\nhls.part_ms = 400\n\
         http.metrics_token = \"{OBSERVER}\"\nlimits.http_connections = 4000\n\
         hooks.on_publish = \"http://127.0.0.1:9/hook\"\n"
    );
    reload(&server, &changed, "needs_restart=\"hls.part_ms\"")?;
    ensure!(observer.call("GET", "/metrics", None)?.0 == 200, "the token is not known");
    let refused = Camera::publish(&Clip::new(Colour::Green), &two.publish_url)?.refused()?;
    ensure!(!refused.is_empty(), "the back end was not asked");
    // Who comes and says nothing is worth a line of that level only.
    let address = server.rtmp.trim_start_matches("rtmp://").trim_end_matches("/live").to_owned();
    drop(TcpStream::connect(address)?);
    wait::until("a line of level debug", LIMIT, || {
        Ok(server.log().contains("DEBUG").then_some(()))
    })?;

    // A file with a mistake changes nothing, and says where it is.
    reload(&server, "http.metrics_token = \"short\"\n", "the configuration stays as it was")?;
    ensure!(server.log().contains("http.metrics_token must be 8 characters or more"));
    ensure!(observer.call("GET", "/metrics", None)?.0 == 200, "the token is gone");

    // What is left out has its default again.
    reload(&server, "", "the configuration was read again")?;
    ensure!(observer.call("GET", "/metrics", None)?.0 == 401, "the token is still known");
    let _camera = Camera::publish(&Clip::new(Colour::Green), &two.publish_url)?;
    api.wait_status(&event, &two.id, "live")?;

    ensure!(api.active(&event)?.as_deref() == Some(one.id.as_str()));
    let begun = server.log().matches("publishing").count();
    ensure!(begun == 2, "{begun} publishers came: one of them was dropped");
    ensure!(!server.log().contains(OBSERVER), "a token stands in the log");
    Ok(())
}

/// Writes another configuration and asks the server by the API to read it: status and answer.
fn call(server: &Server, toml: &str) -> Result<(u16, Value)> {
    std::fs::write(server.data_dir().path().join("genlock.toml"), toml)?;
    let (status, text) = server.api().call("POST", "/api/configuration/reload", None)?;
    Ok((status, serde_json::from_str(&text)?))
}

#[test]
fn the_api_reads_it_again_and_tells_what_came_of_it() -> Result<()> {
    let told = BackEnd::start(|_| ("200 OK".to_owned(), String::new()))?;
    let server = Server::start_configured("log.format = \"json\"\n")?;
    let api = server.api();
    let event = api.create_event("Match")?;
    let (one, two) = (api.create_camera(&event, "One")?, api.create_camera(&event, "Two")?);
    let _camera = Camera::publish(&Clip::new(Colour::Red), &one.publish_url)?;
    api.wait_active(&event, &one.id)?;

    let targets = format!(
        "[[hooks.targets]]\nname = \"desk\"\nurl = \"{}\"\nsecret = \"a secret of both ends\"\n",
        told.url
    );
    let changed = format!(
        "limits.held_requests = 9\nrtmp.takeover = \"reject\"\nlog.format = \"text\"\n{targets}"
    );
    let (status, answer) = call(&server, &changed)?;
    let expected = json!({
        "changed": ["hooks.targets", "limits.held_requests", "rtmp.takeover"],
        "needs_restart": ["log.format"],
    });
    ensure!((status, &answer) == (200, &expected), "{status} {answer}");
    // Who would have taken over is refused, and who was not told before is.
    let refused = Camera::publish(&Clip::new(Colour::Green), &one.publish_url)?.refused()?;
    ensure!(!refused.is_empty(), "the second publisher took over");
    let _other = Camera::publish(&Clip::new(Colour::Green), &two.publish_url)?;
    told.wait_for("a notice", |call| call.body.contains("camera.live"))?;

    let (status, answer) = call(&server, "[limits]\nhttp_connections = \"hunter2\"\n")?;
    ensure!(status == 422 && answer["code"] == "configuration_refused", "{status} {answer}");
    ensure!(answer["field"] == "limits.http_connections", "{answer}");
    let (status, answer) = call(&server, "hls.part_ms = 10\n")?;
    ensure!(status == 422 && answer["field"] == "hls.part_ms", "{status} {answer}");
    let (_, kept) = call(&server, &changed)?;
    ensure!(kept == json!({ "changed": [], "needs_restart": ["log.format"] }), "{kept}");

    let log = server.log();
    let line = log.lines().find(|line| line.contains("\"by\":\"API\""));
    ensure!(line.is_some_and(|line| line.contains("request_id")), "no line tells who asked: {log}");
    ensure!(!log.contains("hunter2") && !log.contains("a secret of both ends"), "{log}");
    ensure!(log.matches("publishing").count() == 2, "a publisher was dropped: {log}");
    Ok(())
}
