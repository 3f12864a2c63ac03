//! Live pictures for the API: sessions on the Feeds of an event.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use bytes::Bytes;
use genlock_control_api::preview::{PreviewMode, PreviewRequest, PreviewSession, Previews};
use genlock_feed::Feed;
use genlock_preview::message::Seq;
use genlock_preview::session::Now;
use genlock_preview::{Mode, Session, Wanted};
use genlock_store::{CameraId, EventId};

use super::event::LiveEvent;
use super::{Engine, unix_micros};

/// A client of an event. It does not keep the event alive.
struct Client {
    event: Weak<LiveEvent>,
    session: Session,
}

impl Previews for Engine {
    fn open(&self, event: &EventId) -> Option<Box<dyn PreviewSession>> {
        let event = Arc::downgrade(&self.event(event)?);
        let clock = self.clock;
        let now: Now = Arc::new(move || clock.now());
        let wall = unix_micros(std::time::SystemTime::now());
        Some(Box::new(Client { event, session: Session::new(now, wall) }))
    }
}

impl Client {
    fn feed(&self, camera: Option<&CameraId>) -> Option<Feed> {
        let event = self.event.upgrade()?;
        match camera {
            Some(camera) => Some(event.camera(camera)?.feed()),
            None => Some(event.output()),
        }
    }
}

#[async_trait]
impl PreviewSession for Client {
    fn hear(&mut self, said: PreviewRequest) -> Result<(), &'static str> {
        match said {
            PreviewRequest::Subscribe { sub, camera, mode, sound } => {
                let pictures = match mode {
                    PreviewMode::All => Mode::All,
                    PreviewMode::Refs => Mode::References,
                    PreviewMode::Sync => Mode::Sync,
                    PreviewMode::None => Mode::None,
                };
                // A camera that was just removed is no fault of the client.
                let Some(feed) = self.feed(camera.as_ref()) else { return Ok(()) };
                let begun = self.session.subscribe(sub, &feed, Wanted { pictures, sound });
                return begun.map_err(|_| "too many subscriptions");
            }
            PreviewRequest::Unsubscribe { sub } => self.session.unsubscribe(sub),
            PreviewRequest::Ack { seq } => self.session.acknowledged(Seq(seq)),
            PreviewRequest::Ping { echo } => self.session.pong(echo),
        }
        Ok(())
    }

    async fn next(&mut self) -> Bytes {
        self.session.next().await
    }
}
