//! A small client of the REST API.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::wait;

const LIMIT: Duration = Duration::from_secs(20);

/// Longest download. Default 256 MB: recordings of a few minutes.
const DOWNLOAD_BYTES_MAX: u64 = 256_000_000;

/// A client with a token.
#[derive(Debug, Clone)]
pub struct Api {
    base: String,
    token: String,
    agent: ureq::Agent,
}

/// A camera as it is told when it is made.
#[derive(Debug, Clone)]
pub struct NewCamera {
    /// Its id.
    pub id: String,
    /// Where it publishes, with the key.
    pub publish_url: String,
    /// The key alone, to look for it where it must not be.
    pub key: String,
}

impl Api {
    /// A client of the server at `base` (`http://host:port`).
    #[must_use]
    pub fn new(base: &str, token: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(LIMIT))
            .build();
        Self { base: base.to_owned(), token: token.to_owned(), agent: config.into() }
    }

    /// The server's address.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Status and body of a call.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<(u16, String)> {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", self.token));
        let mut response = match body {
            Some(body) => {
                let request = request.header("content-type", "application/json");
                self.agent.run(request.body(body.to_string())?)?
            }
            None => self.agent.run(request.body(())?)?,
        };
        Ok((response.status().as_u16(), response.body_mut().read_to_string()?))
    }

    /// Status and body of a `PUT` of a file.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn upload(&self, path: &str, media_type: &str, file: &[u8]) -> Result<(u16, String)> {
        let request = ureq::http::Request::put(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", media_type);
        let mut response = self.agent.run(request.body(file)?)?;
        Ok((response.status().as_u16(), response.body_mut().read_to_string()?))
    }

    /// The bytes at a path that must answer 200.
    ///
    /// # Errors
    /// When it does not.
    pub fn download(&self, path: &str) -> Result<Vec<u8>> {
        let request = ureq::http::Request::get(format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {}", self.token));
        let mut response = self.agent.run(request.body(())?)?;
        if response.status() != 200 {
            bail!("GET {path} answered {}", response.status());
        }
        Ok(response.body_mut().with_config().limit(DOWNLOAD_BYTES_MAX).read_to_vec()?)
    }

    /// The JSON of a call that must succeed.
    ///
    /// # Errors
    /// When the status is not 2xx or the body is not JSON.
    pub fn json(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let (status, text) = self.call(method, path, body)?;
        if !(200..300).contains(&status) {
            bail!("{method} {path} answered {status}: {text}");
        }
        serde_json::from_str(&text).with_context(|| format!("{method} {path} answered {text}"))
    }

    /// Makes an event and returns its id.
    ///
    /// # Errors
    /// When the call fails.
    pub fn create_event(&self, name: &str) -> Result<String> {
        text(&self.json("POST", "/api/events", Some(&json!({ "name": name })))?, "id")
    }

    /// Makes a camera.
    ///
    /// # Errors
    /// When the call fails.
    pub fn create_camera(&self, event: &str, name: &str) -> Result<NewCamera> {
        let path = format!("/api/events/{event}/cameras");
        let made = self.json("POST", &path, Some(&json!({ "name": name })))?;
        let key = text(&made, "stream_key")?;
        let publish_url = format!("{}/{key}", text(&made, "ingest_url")?);
        Ok(NewCamera { id: text(&made, "camera_id")?, publish_url, key })
    }

    /// Puts a camera on air; the answer holds the plan.
    ///
    /// # Errors
    /// When the call fails.
    pub fn switch(&self, event: &str, camera: &str) -> Result<Value> {
        self.json("POST", &format!("/api/events/{event}/cameras/{camera}/switch"), None)
    }

    /// The camera that is on air, if any.
    ///
    /// # Errors
    /// When the call fails.
    pub fn active(&self, event: &str) -> Result<Option<String>> {
        let answer = self.json("GET", &format!("/api/events/{event}/active"), None)?;
        Ok(answer["active_camera"]["camera_id"].as_str().map(str::to_owned))
    }

    /// Waits until the camera is on air.
    ///
    /// # Errors
    /// When it is not within 20 s.
    pub fn wait_active(&self, event: &str, camera: &str) -> Result<()> {
        wait::until(&format!("camera {camera} on air"), LIMIT, || {
            Ok((self.active(event)?.as_deref() == Some(camera)).then_some(()))
        })
    }

    /// Waits until the camera has the status.
    ///
    /// # Errors
    /// When it has not within 20 s.
    pub fn wait_status(&self, event: &str, camera: &str, status: &str) -> Result<()> {
        let path = format!("/api/events/{event}/cameras/{camera}");
        wait::until(&format!("camera {camera} {status}"), LIMIT, || {
            Ok((self.json("GET", &path, None)?["status"] == status).then_some(()))
        })
    }

    /// Waits until a path answers 200 and returns the body.
    ///
    /// # Errors
    /// When it does not within 20 s.
    pub fn wait_for(&self, path: &str) -> Result<String> {
        wait::until(path, LIMIT, || {
            let (status, body) = self.call("GET", path, None)?;
            Ok((status == 200).then_some(body))
        })
    }
}

fn text(value: &Value, field: &str) -> Result<String> {
    let found = value[field].as_str().with_context(|| format!("no `{field}` in {value}"))?;
    Ok(found.to_owned())
}
