//! A first show, run from the console in a real browser with real cameras.

use anyhow::Result;
use genlock_e2e::browser::Console;
use genlock_e2e::{Clip, Colour, Server};

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
