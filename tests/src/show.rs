//! A show of two cameras to which things happen, as the scripts of `browser/` want it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::NewCamera;
use crate::{Api, Camera, Clip, Colour, Server};

/// An event with a red and a green camera, known by their colours, a blue slate, and the server that it runs on.
#[derive(Debug)]
pub struct Show {
    server: Option<Server>,
    /// Where the server takes HTTP and RTMP, and does again after a restart.
    addresses: [String; 2],
    data: Arc<TempDir>,
    /// With the administrator's token.
    pub api: Api,
    /// The event's id.
    pub event: String,
    cameras: Vec<(&'static str, Clip, NewCamera)>,
    publishers: HashMap<&'static str, Camera>,
}

impl Show {
    /// A server with the event; nobody publishes yet.
    ///
    /// # Errors
    /// When the server does not come up, or refuses something.
    pub fn new(name: &str, policy: &Value) -> Result<Self> {
        let server = Server::start()?;
        let api = server.api();
        let event = api.create_event(name)?;
        api.json("PATCH", &format!("/api/events/{event}"), Some(&json!({ "policy": policy })))?;
        let slate = Colour::Blue.png()?;
        let (status, body) =
            api.upload(&format!("/api/events/{event}/slate"), "image/png", &slate)?;
        anyhow::ensure!(status == 200, "the slate: {status}: {body}");
        let cameras = [("Altar", "red", Colour::Red), ("Aisle", "green", Colour::Green)];
        let cameras = cameras
            .map(|(name, known_by, colour)| {
                Ok((known_by, Clip::new(colour), api.create_camera(&event, name)?))
            })
            .into_iter()
            .collect::<Result<Vec<_>>>()?;
        let address = |url: &str| url.split('/').nth(2).unwrap_or_default().to_owned();
        Ok(Self {
            addresses: [address(&server.http), address(&server.rtmp)],
            data: server.data_dir(),
            server: Some(server),
            api,
            event,
            cameras,
            publishers: HashMap::new(),
        })
    }

    /// Does what a script has said: `publish` (every camera that is away), `cut COLOUR`, `lose` (all cameras), `lose
    /// COLOUR`, `restart` (the server loses its power), `start` (it is back, and so are the cameras), `pause`, `resume`, `end`.
    ///
    /// # Errors
    /// When that is not possible, or was none of it.
    pub fn act(&mut self, said: &[&str]) -> Result<()> {
        match *said {
            ["publish"] => self.publish(),
            ["cut", wanted] => self.cut(wanted),
            ["lose"] => {
                self.publishers.clear();
                Ok(())
            }
            ["lose", known_by] => {
                self.publishers.remove(known_by).map(drop).context("it is away already")
            }
            ["restart"] => self.lose_the_server(),
            ["start"] => self.start_again(),
            [step @ ("pause" | "resume" | "end")] => {
                let path = format!("/api/events/{}/{step}", self.event);
                self.api.json("POST", &path, None).map(drop)
            }
            _ => bail!("the script said {said:?}"),
        }
    }

    fn publish(&mut self) -> Result<()> {
        for (known_by, clip, made) in &self.cameras {
            if let Entry::Vacant(away) = self.publishers.entry(*known_by) {
                away.insert(Camera::publish(clip, &made.publish_url)?);
                self.api.wait_status(&self.event, &made.id, "live")?;
            }
        }
        Ok(())
    }

    fn cut(&self, wanted: &str) -> Result<()> {
        let camera = self.cameras.iter().find(|(known_by, ..)| *known_by == wanted);
        let (.., made) = camera.context("no such camera")?;
        self.api.switch(&self.event, &made.id).map(drop)
    }

    fn lose_the_server(&mut self) -> Result<()> {
        self.server.take().context("the server is gone already")?.kill()?;
        self.publishers.clear();
        Ok(())
    }

    fn start_again(&mut self) -> Result<()> {
        let [http, rtmp] = &self.addresses;
        let flags = ["--http", http, "--rtmp", rtmp];
        self.server = Some(Server::start_with(Arc::clone(&self.data), &flags)?);
        self.publish()
    }
}
