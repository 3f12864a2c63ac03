//! The viewer's page in a real browser, through everything that happens to a show.

use anyhow::{Context, Result, bail, ensure};
use genlock_e2e::browser::perform;
use genlock_e2e::{Api, Camera, Clip, Colour, Server};
use serde_json::json;

const NAME: &str = "Ann & <Bob>";

/// A show of two cameras, and the server that it runs on.
struct Show {
    server: Option<Server>,
    api: Api,
    event: String,
    /// Where the cameras publish.
    cameras: Vec<(Clip, String)>,
    publishers: Vec<Camera>,
}

impl Show {
    fn new() -> Result<Self> {
        let server = Server::start()?;
        let api = server.api();
        let event = api.create_event(NAME)?;
        let policy = json!({ "policy": { "viewer_angles": true } });
        api.json("PATCH", &format!("/api/events/{event}"), Some(&policy))?;
        let cameras = [("Altar", Colour::Red), ("Aisle", Colour::Green)];
        let cameras = cameras
            .map(|(name, colour)| {
                Ok((Clip::new(colour), api.create_camera(&event, name)?.publish_url))
            })
            .into_iter()
            .collect::<Result<Vec<_>>>()?;
        Ok(Self { server: Some(server), api, event, cameras, publishers: Vec::new() })
    }

    fn publish(&mut self) -> Result<()> {
        let cameras = self.cameras.iter();
        self.publishers =
            cameras.map(|(clip, url)| Camera::publish(clip, url)).collect::<Result<_>>()?;
        Ok(())
    }

    /// The server loses its power, and is back at the same addresses after a while; so are the cameras.
    fn restart(&mut self) -> Result<()> {
        let server = self.server.take().context("the server is gone")?;
        let http = server.http.trim_start_matches("http://").to_owned();
        let rtmp = server.rtmp.trim_start_matches("rtmp://").trim_end_matches("/live").to_owned();
        let data = server.kill()?;
        self.publishers.clear();
        // Longer than what the page holds.
        std::thread::sleep(std::time::Duration::from_secs(6));
        self.server = Some(Server::start_with(data, &["--http", &http, "--rtmp", &rtmp])?);
        self.publish()
    }

    fn step(&self, step: &str) -> Result<()> {
        self.api.json("POST", &format!("/api/events/{}/{step}", self.event), None).map(drop)
    }
}

#[test]
fn one_page_shows_all_of_a_show_without_a_reload() -> Result<()> {
    let mut show = Show::new()?;
    let http = show.api.base().to_owned();
    let (status, page) = show.api.call("GET", &format!("/watch/{}", show.event), None)?;
    ensure!(status == 200, "{status}: {page}");
    let title = r#"<meta property="og:title" content="Ann &amp; &lt;Bob&gt;" />"#;
    ensure!(page.contains(title) && !page.contains("<Bob>"), "{page}");
    let picture = format!(r#"content="{http}/watch/{}/poster.jpg""#, show.event);
    ensure!(page.contains(&picture), "{page}");
    ensure!(show.api.call("GET", "/watch/nowhere", None)?.0 == 404);
    let event = show.event.clone();
    let seen = perform("viewer.mjs", &[&http, &event], |said| match *said {
        ["publish"] => show.publish(),
        ["restart"] => show.restart(),
        [step @ ("pause" | "resume" | "end")] => show.step(step),
        _ => bail!("the viewer said {said:?}"),
    })?;
    eprintln!("the viewer's page: {seen}");
    let off = seen["angle_off_ms"].as_i64().context("no time of the angle")?;
    ensure!(off.abs() < 1_500, "another moment: {seen}");
    Ok(())
}
