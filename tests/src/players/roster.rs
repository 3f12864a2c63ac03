//! The players.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// A player.
#[derive(Debug, Clone, PartialEq)]
pub struct Player {
    /// Its name in tables and on the command line.
    pub name: &'static str,
    /// How it is started.
    pub kind: Kind,
}

/// How a player is started.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// In a browser, by `tests/players/play.mjs`: what it is told, without name and address.
    Page(Value),
    /// This ffmpeg, decoding to nothing.
    Ffmpeg(PathBuf),
    /// `vlc`
    Vlc,
    /// `gst-launch-1.0` with `playbin3`, which takes `hlsdemux2`.
    Gstreamer,
}

/// Every player that this machine has.
#[must_use]
pub fn all() -> Vec<Player> {
    let page = |browser: &str, player: &str, library: &str, config: Value| {
        Kind::Page(json!({
            "browser": browser, "player": player, "library": library, "config": config
        }))
    };
    let mut players = vec![
        Player { name: "hls.js-1.7", kind: page("chromium", "hls", "hls-1.7", json!({})) },
        Player { name: "hls.js-1.7-page", kind: page("chromium", "hls", "hls-1.7", viewer_page()) },
        Player { name: "hls.js-1.6", kind: page("chromium", "hls", "hls-1.6", json!({})) },
        Player { name: "hls.js-1.5", kind: page("chromium", "hls", "hls-1.5", json!({})) },
        Player {
            name: "shaka",
            kind: page(
                "chromium",
                "shaka",
                "shaka-player",
                json!({ "manifest": { "hls": { "sequenceMode": true } } }),
            ),
        },
        Player {
            name: "shaka-default",
            kind: page("chromium", "shaka", "shaka-player", json!({})),
        },
        Player { name: "native", kind: page("chromium", "native", "", json!({})) },
    ];
    if is_there("firefox-esr") {
        let kind = page("firefox", "hls", "hls-1.7", json!({}));
        players.push(Player { name: "firefox-hls.js-1.7", kind });
    }
    players.push(Player { name: "ffmpeg", kind: Kind::Ffmpeg("ffmpeg".into()) });
    if let Some(newer) = crate::camera::enhanced_ffmpeg() {
        players.push(Player { name: "ffmpeg-new", kind: Kind::Ffmpeg(newer) });
    }
    if is_there("vlc") {
        players.push(Player { name: "vlc", kind: Kind::Vlc });
    }
    if is_there("gst-launch-1.0") {
        players.push(Player { name: "gstreamer", kind: Kind::Gstreamer });
    }
    players
}

/// The settings of `web/src/watch/player.ts`.
fn viewer_page() -> Value {
    json!({
        "maxLiveSyncPlaybackRate": 1.06,
        "liveSyncOnStallIncrease": 0.5,
    })
}

fn is_there(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}
