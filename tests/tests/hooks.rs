//! A back end that is asked and told, with real publishers and a server that is killed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use genlock_e2e::back_end::{BackEnd, Call};
use genlock_e2e::{Camera, Clip, Colour, Server, wait};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

const LIMIT: Duration = Duration::from_secs(30);
const SECRET: &str = "a secret of both ends";

fn plain(status: &str) -> (String, String) {
    (status.to_owned(), String::new())
}

#[test]
fn the_back_end_refuses_renames_allows_and_is_told_the_end() -> Result<()> {
    let other_key = Arc::new(Mutex::new(String::new()));
    let key = Arc::clone(&other_key);
    let back_end = BackEnd::start(move |call| {
        if call.has("who", "stranger") {
            return plain("403 Forbidden");
        }
        if call.has("who", "renamed") {
            let location =
                format!("location: {}\r\n", key.lock().map(|key| key.clone()).unwrap_or_default());
            return ("302 Found".to_owned(), location);
        }
        plain("200 OK")
    })?;
    let url = &back_end.url;
    let server = Server::start_configured(&format!(
        "[hooks]\non_publish = \"{url}\"\non_publish_done = \"{url}\"\non_update = \"{url}\"\nupdate_every_s = 1\n"
    ))?;
    let api = server.api();
    let event = api.create_event("Match")?;
    let (one, two) = (api.create_camera(&event, "One")?, api.create_camera(&event, "Two")?);
    if let Ok(mut key) = other_key.lock() {
        key.clone_from(&two.key);
    }
    let clip = Clip::new(Colour::Red);

    let stranger = Camera::publish(&clip, &format!("{}?who=stranger", one.publish_url))?;
    assert!(!stranger.refused()?.is_empty(), "ffmpeg was not told why");
    let path = format!("/api/events/{event}/cameras/{}", one.id);
    let error = api.json("GET", &path, None)?["health"]["last_error"].to_string();
    assert!(error.contains("back end"), "{error}");

    let camera = Camera::publish(&clip, &format!("{}?who=friend", one.publish_url))?;
    api.wait_active(&event, &one.id)?;
    let asked = back_end.wait_for("on_publish", |call| call.has("who", "friend"))?;
    assert!(asked.has("call", "publish") && asked.has("name", &one.id) && asked.has("app", "live"));
    assert!(asked.has("addr", "127.0.0.1") && asked.has("type", "live"), "{}", asked.body);
    back_end.wait_for("on_update", |call| {
        call.has("call", "update_publish") && !call.has("time", "0") && !call.has("timestamp", "0")
    })?;
    drop(camera);
    back_end.wait_for("on_publish_done", |call| {
        call.has("call", "publish_done") && call.has("name", &one.id)
    })?;

    let _renamed = Camera::publish(&clip, &format!("{}?who=renamed", one.publish_url))?;
    api.wait_status(&event, &two.id, "live")?;
    let everything = format!("{}{:?}", server.log(), back_end.calls());
    assert!(!everything.contains(&one.key) && !everything.contains(&two.key), "a key was told");
    Ok(())
}

#[test]
fn notices_survive_a_kill_and_arrive_in_order_with_a_valid_signature() -> Result<()> {
    let up = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&up);
    let back_end = BackEnd::start(move |_| match switch.load(Ordering::Relaxed) {
        true => plain("200 OK"),
        false => plain("503 Service Unavailable"),
    })?;
    let config = format!(
        "[[hooks.targets]]\nname = \"back-end\"\nurl = \"{}\"\nsecret = \"{SECRET}\"\n",
        back_end.url
    );
    let server = Server::start_configured(&config)?;
    let api = server.api();
    let event = api.create_event("Match")?;
    let camera = api.create_camera(&event, "One")?;
    let publisher = Camera::publish(&Clip::new(Colour::Red), &camera.publish_url)?;
    api.wait_active(&event, &camera.id)?;
    back_end.wait_for("the first try", |_| true)?;
    let data = server.data_dir();
    // The cable is pulled first, so that the last notice is the end of the publish.
    drop(publisher);
    api.wait_status(&event, &camera.id, "offline")?;
    drop(server);

    let tried = back_end.calls().len();
    up.store(true, Ordering::Relaxed);
    let _server = Server::restart_configured(data, &config)?;
    let kinds = wait::until("everything that was told", LIMIT, || {
        let kinds: Vec<String> = back_end.calls()[tried..].iter().map(kind).collect();
        Ok(kinds.iter().any(|kind| kind == "camera.offline").then_some(kinds))
    })?;
    let told =
        ["event.created", "camera.created", "camera.live", "program.switched", "camera.offline"];
    let places: Vec<_> =
        told.iter().map(|told| kinds.iter().position(|kind| kind == told)).collect();
    assert!(places.iter().all(Option::is_some), "{kinds:?}");
    assert_eq!(&kinds[..2], &told[..2], "in order");
    let calls = back_end.calls();
    assert!(calls.iter().all(is_signed), "a signature is not valid");
    let sequences: Vec<_> =
        calls[tried..].iter().map(|call| parse(call)["sequence"].as_u64()).collect();
    assert!(sequences.is_sorted(), "{sequences:?}");
    Ok(())
}

#[test]
fn a_target_that_is_added_while_the_server_runs_is_told_also_after_a_restart() -> Result<()> {
    let back_end = BackEnd::start(|_| plain("200 OK"))?;
    let server = Server::start()?;
    let api = server.api();
    let event = api.create_event("Not told")?;
    let path = "/api/hooks/targets/back-end";
    let wanted = json!({ "url": back_end.url, "secret": SECRET, "events": ["camera.*"] });
    api.json("PUT", path, Some(&wanted))?;
    let camera = api.create_camera(&event, "One")?;
    back_end.wait_for("camera.created", |call| kind(call) == "camera.created")?;
    let listed = api.call("GET", "/api/hooks/targets", None)?.1;
    assert!(listed.contains("back-end") && !listed.contains(SECRET), "{listed}");

    let data = server.kill()?;
    let server = Server::start_in(data)?;
    let api = server.api();
    api.json(
        "PATCH",
        &format!("/api/events/{event}/cameras/{}", camera.id),
        Some(&json!({ "name": "Two" })),
    )?;
    back_end.wait_for("camera.updated", |call| kind(call) == "camera.updated")?;
    assert!(
        back_end.calls().iter().all(|call| is_signed(call) && kind(call).starts_with("camera."))
    );
    assert_eq!(api.call("DELETE", path, None)?.0, 204);
    assert!(!server.log().contains(SECRET), "{}", server.log());
    Ok(())
}

fn parse(call: &Call) -> Value {
    serde_json::from_str(&call.body).unwrap_or(Value::Null)
}

fn kind(call: &Call) -> String {
    parse(call)["type"].as_str().unwrap_or_default().to_owned()
}

/// What docs/hooks.md tells receivers to do.
fn is_signed(call: &Call) -> bool {
    let header = call.header("genlock-signature");
    let Some((time, digest)) = header.strip_prefix("t=").and_then(|rest| rest.split_once(",v1="))
    else {
        return false;
    };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()) else { return false };
    mac.update(format!("{time}.{}", call.body).as_bytes());
    let expect: String =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    expect == digest
}
