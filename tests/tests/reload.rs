//! SIGHUP: the configuration changes under a show, and nobody is dropped for it.

use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Result, ensure};
use genlock_e2e::{Api, Camera, Clip, Colour, Server, wait};

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
