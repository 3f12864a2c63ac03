//! Who may publish: whoever has a camera's stream key, and whom the back end lets in; nobody, once the event has
//! ended or while the camera is to stay away.

use std::sync::Arc;

use async_trait::async_trait;
use genlock_hooks::form::Publisher;
use genlock_hooks::{PublishHooks, Refused, Verdict};
use genlock_ingest::{Admission, PublishGate, PublishRequest, PublishType, Refusal, TcUrl};
use genlock_store::SecretHash;

use super::Engine;
use super::camera::LiveCamera;

#[async_trait]
impl PublishGate for Engine {
    async fn admit(&self, request: PublishRequest) -> Result<Admission, Refusal> {
        let known = self.camera_with(request.stream_key.expose());
        if let Some(camera) = &known {
            self.may_publish(camera)?;
        }
        let Some(hooks) = self.hooks.publish() else {
            let camera = known.ok_or(Refusal::UnknownKey)?;
            return Ok(camera.admission(&self.hooks, request.peer.ip(), None));
        };
        let mut publisher =
            publisher(&request, known.as_deref(), &hooks).ok_or(Refusal::UnknownKey)?;
        let asked = self.ask(&hooks, &publisher, known.clone()).await;
        let camera = asked.inspect_err(|refusal| {
            known.iter().for_each(|camera| camera.note_refusal(&refusal.to_string()));
        })?;
        self.may_publish(&camera)?;
        publisher.event = Some(camera.event().to_string());
        publisher.camera = Some(camera.id().to_string());
        Ok(camera.admission(&self.hooks, request.peer.ip(), Some(publisher)))
    }
}

impl Engine {
    fn camera_with(&self, key: &str) -> Option<Arc<LiveCamera>> {
        let presented = SecretHash::of(key);
        self.keys.get(presented.as_bytes()).map(|camera| Arc::clone(&camera))
    }

    /// The camera that `publisher` may feed. Whoever came without a key is told the same whatever the back end
    /// said, so that names cannot be tried out on it.
    async fn ask(
        &self,
        hooks: &PublishHooks,
        publisher: &Publisher,
        known: Option<Arc<LiveCamera>>,
    ) -> Result<Arc<LiveCamera>, Refusal> {
        match (hooks.publish(publisher).await, known) {
            (Verdict::Rename(key), _) => self.camera_with(&key).ok_or_else(|| {
                tracing::error!("the back end renamed a publisher to a key that no camera has");
                Refusal::UnknownKey
            }),
            (Verdict::Allow, Some(camera)) => Ok(camera),
            (Verdict::Refuse(why), Some(_)) => Err(refusal(why)),
            (Verdict::Allow | Verdict::Refuse(_), None) => Err(Refusal::UnknownKey),
        }
    }
}

fn refusal(why: Refused) -> Refusal {
    match why {
        Refused::Unknown => Refusal::UnknownKey,
        Refused::Denied => Refusal::Denied("the back end does not allow this publish".to_owned()),
        Refused::NoAnswer => {
            Refusal::Unavailable("the back end cannot be asked at present, try again".to_owned())
        }
    }
}

/// A publisher as the back end is told of it. `None` if it has no name that may be told: its key is unknown, and
/// keys stay here.
fn publisher(
    request: &PublishRequest,
    known: Option<&LiveCamera>,
    hooks: &PublishHooks,
) -> Option<Publisher> {
    let send_key = hooks.config().send_key;
    let connect = &request.connect;
    let url = |url: &TcUrl| if send_key { url.expose().to_owned() } else { without_secrets(url) };
    let name = match known {
        _ if send_key => request.stream_key.expose().to_owned(),
        known => known?.id().to_string(),
    };
    Some(Publisher {
        app: request.app.clone(),
        flash_version: connect.flash_version.clone(),
        swf_url: url(&connect.swf_url),
        tc_url: if send_key {
            url(&connect.tc_url)
        } else {
            up_to_app(&connect.tc_url, &request.app)
        },
        page_url: url(&connect.page_url),
        address: request.peer.ip(),
        client: request.connection.0,
        publish_type: match request.publish_type {
            PublishType::Live => "live",
            PublishType::Record => "record",
            PublishType::Append => "append",
        },
        args: request.query.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        name,
        event: known.map(|camera| camera.event().to_string()),
        camera: known.map(|camera| camera.id().to_string()),
    })
}

/// A URL without its query.
fn without_secrets(url: &TcUrl) -> String {
    url.expose().split('?').next().unwrap_or_default().to_owned()
}

/// A URL without its query and what follows the application: in publishers without a separate key, that is the
/// key.
fn up_to_app(url: &TcUrl, app: &str) -> String {
    let text = without_secrets(url);
    match text.split_once("://") {
        Some((scheme, rest)) => {
            let authority = rest.split('/').next().unwrap_or_default();
            let host = authority.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}/{app}")
        }
        None => String::new(),
    }
}
