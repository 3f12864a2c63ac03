//! The console in a real browser with real cameras: a first show, and what goes wrong at one.

use anyhow::Result;
use genlock_e2e::browser::{Console, perform};
use genlock_e2e::server::ADMIN_TOKEN;
use genlock_e2e::{Clip, Colour, Server, Show};
use serde_json::json;

#[test]
fn a_stranger_runs_a_show_from_the_console() -> Result<()> {
    let server = Server::start()?;
    let cameras = [Colour::Red, Colour::Green, Colour::Blue].map(|colour| Clip {
        // Long enough for a clean cut to be withdrawn before its key frame comes.
        gop: 60,
        ..Clip::new(colour)
    });
    let report = Console::run(&server.http, &cameras)?;
    eprintln!("a take from the press: {}", report["stages"]);
    Ok(())
}

#[test]
fn the_console_shows_the_slate_and_outlives_the_server_without_a_reload() -> Result<()> {
    let mut show = Show::new("Match", &json!({}))?;
    show.act(&["publish"])?;
    let (http, event) = (show.api.base().to_owned(), show.event.clone());
    perform("trouble.mjs", &[&http, ADMIN_TOKEN, &event], |said| show.act(said))?;
    Ok(())
}
