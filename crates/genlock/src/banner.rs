//! What the person who starts the server sees first.

use std::io::{self, Write};
use std::net::SocketAddr;

use genlock_store::AdminToken;

/// Prints the addresses; the token and how to begin, if the token is new.
pub(crate) fn print(
    http: Option<SocketAddr>,
    rtmp: Option<SocketAddr>,
    token: Option<&AdminToken>,
) {
    let (Some(http), Some(rtmp)) = (http.map(reachable), rtmp.map(reachable)) else { return };
    say(&text(http, rtmp, token));
}

/// Writes to standard output. It may be closed, as behind `| head -1`: then the server runs all the same.
pub(crate) fn say(text: &str) {
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        let hint = "a new admin token was to be shown there: set one with --admin-token";
        tracing::warn!(%error, hint, "cannot write to standard output");
    }
}

fn text(http: SocketAddr, rtmp: SocketAddr, token: Option<&AdminToken>) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let addresses =
        format!("genlock {version}\n  http    http://{http}\n  rtmp    rtmp://{rtmp}/live\n");
    let Some(token) = token.map(AdminToken::reveal) else { return addresses };
    let event = post(http, token, "", "Wedding");
    let camera = post(http, token, "/EVENT_ID/cameras", "Altar");
    format!(
        "{addresses}  token   {token}   (the administrator's; shown this once)\n\n\
         Make an event, then a camera in it; the answer holds its stream key:\n\n  {event}\n  {camera}\n\n"
    )
}

fn post(http: SocketAddr, token: &str, path: &str, name: &str) -> String {
    format!(
        "curl -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' \\\n       \
         -d '{{\"name\":\"{name}\"}}' http://{http}/api/events{path}"
    )
}

/// An address that can be opened on this machine: the loopback one for "all interfaces".
pub(crate) fn reachable(bound: SocketAddr) -> SocketAddr {
    let ip = match bound {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => [127, 0, 0, 1].into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        other => other.ip(),
    };
    SocketAddr::new(ip, bound.port())
}
