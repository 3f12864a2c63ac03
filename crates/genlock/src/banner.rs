//! What the person who starts the server sees first.

use std::net::SocketAddr;

use genlock_store::AdminToken;

/// Prints the addresses; the token and how to begin, if the token is new.
#[expect(clippy::print_stdout, reason = "a command line tool talks to its user")]
pub(crate) fn print(
    http: Option<SocketAddr>,
    rtmp: Option<SocketAddr>,
    token: Option<&AdminToken>,
) {
    let (Some(http), Some(rtmp)) = (http.map(reachable), rtmp.map(reachable)) else { return };
    println!("genlock {}", env!("CARGO_PKG_VERSION"));
    println!("  http    http://{http}");
    println!("  rtmp    rtmp://{rtmp}/live");
    let Some(token) = token else { return };
    let token = token.reveal();
    println!("  token   {token}   (the administrator's; shown this once)");
    println!("\nMake an event, then a camera in it; the answer holds its stream key:\n");
    println!("  {}", post(http, token, "", "Wedding"));
    println!("  {}\n", post(http, token, "/EVENT_ID/cameras", "Altar"));
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
