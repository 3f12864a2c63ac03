//! Traces as an OpenTelemetry collector gets them, and what becomes of a show while it is away.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use genlock_e2e::collector::Collector;
use genlock_e2e::server::ADMIN_TOKEN;
use genlock_e2e::{Camera, Clip, Colour, Server, wait};

const LIMIT: Duration = Duration::from_secs(30);
const HEADER: &str = "what-lets-into-the-collector";

fn start(collector: SocketAddr) -> Result<Server> {
    let folder = std::sync::Arc::new(tempfile::tempdir()?);
    let headers = folder.path().join("headers");
    std::fs::write(&headers, format!("x-api-key: {HEADER}\n"))?;
    let toml = format!(
        "[log]\nfilter = \"debug\"\n[traces]\nendpoint = \"http://{}\"\nheaders_file = {headers:?}\n\
         service_name = \"chapel\"\nresource = {{ \"deployment.environment.name\" = \"test\" }}\n",
        collector
    );
    Server::restart_configured(folder, &toml)
}

#[test]
fn requests_takes_and_publish_sessions_are_spans_without_secrets() -> Result<()> {
    let collector = Collector::start()?;
    let server = start(collector.address)?;
    let api = server.api();
    let event = api.create_event("Wedding of Ann")?;
    let (one, two) = (api.create_camera(&event, "Altar")?, api.create_camera(&event, "Aisle")?);
    let _first = Camera::publish(&Clip::new(Colour::Red), &one.publish_url)?;
    api.wait_active(&event, &one.id)?;
    let second = Camera::publish(&Clip::new(Colour::Green), &two.publish_url)?;
    api.wait_status(&event, &two.id, "live")?;
    // A playlist lists the cut only where somebody watches.
    api.wait_for(&format!("/hls/{event}/program/index.m3u8"))?;
    let media = format!("/hls/{event}/program/media.m3u8");
    let watched = api.clone();
    api.switch(&event, &two.id)?;
    wait::until("the take's span", LIMIT, || {
        let _ = watched.call("GET", &media, None)?;
        Ok(collector.spans().iter().any(|span| span.name == "take").then_some(()))
    })?;
    let take = collector.wait_for("a take", |span| span.name == "take")?;
    ensure!(take.attributes["genlock.camera"] == two.id, "{take:?}");
    ensure!(take.attributes["genlock.event"] == event, "{take:?}");
    ensure!(take.events.starts_with(&["accepted".to_owned(), "committed".to_owned()]), "{take:?}");
    ensure!(take.resource["service.name"] == "chapel", "{take:?}");
    ensure!(take.resource["deployment.environment.name"] == "test", "{take:?}");

    let route = "/api/events/{event}/cameras/{camera}/switch";
    let request = collector.wait_for("its request", |span| span.id == take.parent)?;
    ensure!(request.name == format!("POST {route}") && request.trace == take.trace, "{request:?}");
    ensure!(request.attributes["http.response.status_code"] == "200", "{request:?}");
    ensure!(request.attributes["request_id"].len() > 8, "{request:?}");

    drop(second);
    let published = |span: &genlock_e2e::collector::Sent| {
        span.name == "publish" && span.attributes["genlock.camera"] == two.id
    };
    let session = collector.wait_for("a publish session", published)?;
    ensure!(session.events == ["live"] && session.parent.is_empty(), "{session:?}");
    ensure!(session.attributes["genlock.end"] == "Gone", "{session:?}");

    // What goes on is sent at the end, and the end waits for it no longer than it must.
    let first = collector
        .spans()
        .iter()
        .any(|span| span.name == "publish" && span.attributes["genlock.camera"] == one.id);
    ensure!(!first, "the first camera is there still");
    let log = server.log();
    ensure!(server.terminate()?.success(), "the server did not end well");
    collector.wait_for("the other session", |span| {
        span.name == "publish" && span.attributes["genlock.camera"] == one.id
    })?;

    ensure!(collector.heard_text(HEADER), "the header was not sent");
    for secret in [&one.key, &two.key, ADMIN_TOKEN, "Wedding of Ann", "Altar"] {
        ensure!(!collector.heard_text(secret), "{secret} was sent");
    }
    ensure!(!log.contains(HEADER) && !log.contains("genlock.camera"), "spans stand in the log");
    Ok(())
}

#[test]
fn a_caller_that_has_a_trace_finds_the_request_in_it() -> Result<()> {
    let collector = Collector::start()?;
    let server = start(collector.address)?;
    let (trace, parent) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    let status = std::process::Command::new("curl")
        .args(["-s", "-o", "/dev/null", "-H", &format!("traceparent: 00-{trace}-{parent}-01")])
        .arg(format!("{}/api/events", server.http))
        .status()
        .context("cannot start curl")?;
    ensure!(status.success(), "curl failed");
    let span = collector.wait_for("the request", |span| span.trace == trace)?;
    ensure!(span.parent == parent && span.name == "GET /api/events", "{span:?}");
    ensure!(span.attributes["http.response.status_code"] == "401", "{span:?}");
    Ok(())
}

#[test]
fn a_collector_that_is_away_holds_nothing_up_and_is_told_once() -> Result<()> {
    // Whoever listens there accepts and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0")?;
    let away = silent.local_addr()?;
    let server = start(away)?;
    let api = server.api();
    let event = api.create_event("Match")?;
    let one = api.create_camera(&event, "One")?;
    let _camera = Camera::publish(&Clip::new(Colour::Red), &one.publish_url)?;
    api.wait_active(&event, &one.id)?;
    let told = "traces cannot be sent";
    wait::until(told, LIMIT, || {
        api.active(&event)?;
        Ok(server.log().contains(told).then_some(()))
    })?;
    // More than the queue holds, and each is answered.
    for _ in 0..3000 {
        api.active(&event)?;
    }
    ensure!(server.log().matches(told).count() == 1, "told more than once");
    ensure!(api.active(&event)?.as_deref() == Some(one.id.as_str()), "the camera is gone");
    let begun = Instant::now();
    ensure!(server.terminate()?.success(), "the server did not end well");
    ensure!(begun.elapsed() < Duration::from_secs(12), "{:?} to end", begun.elapsed());
    Ok(())
}
