//! What a take is on the wire: the URL and body per camera, and the forecast in the answer.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use serde_json::{Value, json};

use crate::http::Post;
use crate::target::HttpUrl;

/// The path of a take on a Genlock server.
const TAKE_PATH: &str = "/api/events/{event}/cameras/{camera}/switch";

/// How takes are commanded.
#[derive(Clone, Args)]
pub(crate) struct CommandArgs {
    /// The server's API, http://host:port.
    #[arg(long, value_name = "URL")]
    api: Option<String>,
    /// The event whose programme is switched.
    #[arg(long, default_value = "", value_name = "ID")]
    event: String,
    /// Bearer token of the API.
    #[arg(long, env = "GENLOCK_ADMIN_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// A camera to take, as ID or ID=NUMBER with its number in markers; repeated. Without numbers they count from 1.
    #[arg(long, value_name = "ID[=NUMBER]")]
    camera: Vec<String>,
    /// File with one camera a line.
    #[arg(long, value_name = "FILE")]
    camera_file: Option<PathBuf>,
    /// Style of the cut; the server's default if not given.
    #[arg(long)]
    style: Option<String>,
    /// Another server's take: URL with {camera}, and {event} if it needs it. Posted to.
    #[arg(long, value_name = "URL")]
    take_url: Option<String>,
    /// Another server's take: body with {camera}.
    #[arg(long, value_name = "TEXT")]
    take_body: Option<String>,
}

/// The token stays out of logs.
impl std::fmt::Debug for CommandArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CommandArgs").field("camera", &self.camera).finish_non_exhaustive()
    }
}

/// A take of one camera, ready to be posted.
#[derive(Debug)]
pub(crate) struct Order {
    /// The camera's id.
    pub(crate) camera: String,
    /// The camera's number in markers.
    pub(crate) number: u16,
    /// Where to post.
    pub(crate) url: HttpUrl,
    /// What to post.
    pub(crate) post: Post,
}

impl CommandArgs {
    /// The style asked for.
    pub(crate) fn style(&self) -> &str {
        self.style.as_deref().unwrap_or("default")
    }

    /// The token, if one was given.
    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Where a Genlock server tells what happens in the event; `None` without `--api`.
    pub(crate) fn updates(&self) -> Option<HttpUrl> {
        let api = self.api.as_deref()?.trim_end_matches('/');
        HttpUrl::parse(&format!("{api}/api/events/{}/ws", self.event)).ok()
    }

    /// A take for each camera.
    ///
    /// # Errors
    ///
    /// If a URL does not parse or there are fewer than two cameras.
    pub(crate) fn orders(&self) -> anyhow::Result<Vec<Order>> {
        let mut names = self.camera.clone();
        if let Some(path) = &self.camera_file {
            let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
            names.extend(
                text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned),
            );
        }
        ensure!(names.len() >= 2, "switching needs two cameras: say --camera or --camera-file");
        let template = match (&self.take_url, &self.api) {
            (Some(url), _) => url.clone(),
            (None, Some(api)) => format!("{}{TAKE_PATH}", api.trim_end_matches('/')),
            (None, None) => bail!("say --api, or --take-url for another server"),
        };
        names.iter().zip(1..).map(|(name, place)| self.order(&template, name, place)).collect()
    }

    fn order(&self, template: &str, name: &str, place: u16) -> anyhow::Result<Order> {
        let (id, number) = match name.split_once('=') {
            Some((id, number)) => (id, number.parse().with_context(|| name.to_owned())?),
            None => (name, place),
        };
        let fill = |text: &str| text.replace("{camera}", id).replace("{event}", &self.event);
        let body = match (&self.take_body, &self.style) {
            (Some(body), _) => fill(body),
            (None, Some(style)) => json!({ "style": style }).to_string(),
            (None, None) => String::new(),
        };
        let post = Post { token: self.token.clone(), body };
        Ok(Order { camera: id.to_owned(), number, url: HttpUrl::parse(&fill(template))?, post })
    }
}

/// What an answer says of the cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The wait that it foretells, if it does.
    pub(super) wait: Option<Duration>,
    /// How it says that the cut is made.
    pub(super) style: Option<String>,
}

impl Plan {
    /// Reads an answer; one of another server says nothing.
    pub(super) fn of(answer: &[u8]) -> Self {
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        let wait_ms = answer["cut"]["wait_ms"].as_f64();
        Self {
            wait: wait_ms.and_then(|ms| Duration::try_from_secs_f64(ms / 1e3).ok()),
            style: answer["cut"]["style"].as_str().map(str::to_owned),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args() -> CommandArgs {
        CommandArgs {
            api: Some("http://h:8080/".to_owned()),
            event: "e".to_owned(),
            token: None,
            camera: vec!["a".to_owned(), "b=7".to_owned()],
            camera_file: None,
            style: Some("clean".to_owned()),
            take_url: None,
            take_body: None,
        }
    }

    #[test]
    fn takes_go_to_the_api_by_default() {
        let orders = args().orders().unwrap();
        assert_eq!(orders[0].url.path, "/api/events/e/cameras/a/switch");
        assert_eq!(orders[0].post.body, r#"{"style":"clean"}"#);
        assert_eq!(orders.iter().map(|order| order.number).collect::<Vec<_>>(), [1, 7]);
    }

    #[test]
    fn another_servers_take_is_a_template() {
        let take_url = Some("http://h/take?c={camera}".to_owned());
        let take_body = Some("{camera}!".to_owned());
        let orders = CommandArgs { take_url, take_body, ..args() }.orders().unwrap();
        assert_eq!(orders[1].url.path, "/take?c=b");
        assert_eq!(orders[1].post.body, "b!");
    }

    #[test]
    fn one_camera_cannot_be_switched() {
        assert!(CommandArgs { camera: vec!["a".to_owned()], ..args() }.orders().is_err());
        assert!(CommandArgs { api: None, ..args() }.orders().is_err());
    }

    #[test]
    fn a_plan_is_optional() {
        let check = |text: &str, wait_ms: Option<u64>, style: Option<&str>| {
            let (wait, style) = (wait_ms.map(Duration::from_millis), style.map(str::to_owned));
            assert_eq!(Plan::of(text.as_bytes()), Plan { wait, style }, "{text}");
        };
        check(r#"{"cut":{"wait_ms":250,"style":"instant"}}"#, Some(250), Some("instant"));
        check(r#"{"cut":{"wait_ms":null,"style":"clean"}}"#, None, Some("clean"));
        check(r#"{"cut":null}"#, None, None);
        check("ok", None, None);
    }
}
