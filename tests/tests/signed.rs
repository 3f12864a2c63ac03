//! Signed playback in a real browser: the path carries the token, and its end is the end.

use anyhow::{Context, Result, bail, ensure};
use genlock_e2e::browser::perform_with_input;
use genlock_e2e::{Api, Camera, Clip, Colour, Server};
use serde_json::{Value, json};

/// Enough for a loaded machine to begin and play.
const LINK_SECONDS: u32 = 40;

fn link(api: &Api, event: &str, expires_in: u32) -> Result<Value> {
    let wanted = json!({ "expires_in": expires_in });
    api.json("POST", &format!("/api/events/{event}/playback-tokens"), Some(&wanted))
}

/// The path of an address of the server.
fn path(api: &Api, url: &Value) -> Result<String> {
    let url = url.as_str().context("no address")?;
    Ok(url.strip_prefix(api.base()).context("another server")?.to_owned())
}

#[test]
fn a_signed_event_plays_by_its_link_until_that_ends() -> Result<()> {
    let server = Server::start()?;
    let api = server.api();
    let event = api.create_event("Signed")?;
    let signed = json!({ "playback": "signed" });
    api.json("PATCH", &format!("/api/events/{event}"), Some(&signed))?;
    let camera = api.create_camera(&event, "Altar")?;
    let _publisher = Camera::publish(&Clip::new(Colour::Red), &camera.publish_url)?;
    api.wait_status(&event, &camera.id, "live")?;

    let first = link(&api, &event, LINK_SECONDS)?;
    let playlist = path(&api, &first["hls_url"])?;
    api.wait_for(&playlist)?;
    let (prefix, plain) = playlist.split_at(playlist.find("/hls/").context("no playlist")?);
    ensure!(api.call("GET", plain, None)?.0 == 403, "{plain} needs a token");

    let watch = first["watch_url"].as_str().context("no page")?;
    let prefix = format!("{prefix}/hls/");
    let mut has_played = false;
    let seen =
        perform_with_input("signed.mjs", &[api.base(), watch, &prefix], |said| match *said {
            ["plays"] => {
                has_played = true;
                Ok(None)
            }
            ["over"] => {
                ensure!(has_played, "it was over before it played");
                ensure!(api.call("GET", &playlist, None)?.0 == 403, "{playlist} has expired");
                let next = link(&api, &event, 600)?;
                Ok(next["watch_url"].as_str().map(str::to_owned))
            }
            _ => bail!("the viewer said {said:?}"),
        })?;
    eprintln!("a signed link: {seen}");
    Ok(())
}
