//! One client of the live updates.

use anyhow::{Context as _, bail, ensure};
use futures_util::StreamExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::takes::Takes;
use crate::arrival::Stamped;
use crate::switch::command::CommandArgs;
use crate::target::Permit;

/// Follows until the server ends it, which is an error.
pub(super) async fn follow(
    command: &CommandArgs,
    permit: Permit,
    takes: &Takes,
) -> anyhow::Result<()> {
    let url = command.updates().context("say --api")?;
    let address = permit.resolve(&url.host, url.port).await?;
    let mut request =
        format!("ws://{}:{}{}", url.host, url.port, url.path).into_client_request()?;
    if let Some(token) = command.token() {
        let value = format!("Bearer {token}").parse().context("the token is no header")?;
        request.headers_mut().insert("authorization", value);
    }
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut socket, _) = tokio_tungstenite::client_async(request, Stamped::new(stream)?).await?;
    let first = socket.next().await.context("nothing was told")??;
    ensure!(first.to_text()?.contains("\"type\":\"snapshot\""), "the first message is no snapshot");
    takes.live.set(takes.live.get() + 1);
    let _at_work = AtWork(takes);
    while let Some(message) = socket.next().await {
        if let Message::Text(text) = message? {
            takes.told(&text, socket.get_ref().arrived_us());
        }
    }
    bail!("the server hung up")
}

/// Counts a client until it is dropped.
struct AtWork<'a>(&'a Takes);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.live.set(self.0.live.get().saturating_sub(1));
    }
}
