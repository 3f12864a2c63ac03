//! Previews and slates without a picture in them.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use genlock_control_api::preview::{PreviewRequest, PreviewSession, Previews};
use genlock_control_api::slates::{Kept, Slates, SlatesError, Uploaded};
use genlock_store::EventId;

/// Tells a client what it said.
#[derive(Debug)]
pub(super) struct FakePreviews;

struct Echo(Vec<String>);

impl Previews for FakePreviews {
    fn open(&self, _event: &EventId) -> Option<Box<dyn PreviewSession>> {
        Some(Box::new(Echo(vec!["hello".to_owned()])))
    }
}

#[async_trait]
impl PreviewSession for Echo {
    fn hear(&mut self, said: PreviewRequest) -> Result<(), &'static str> {
        if matches!(said, PreviewRequest::Subscribe { sub: 999, .. }) {
            return Err("too many subscriptions");
        }
        self.0.push(format!("{said:?}"));
        Ok(())
    }

    async fn next(&mut self) -> Bytes {
        match self.0.pop() {
            Some(said) => said.into(),
            None => std::future::pending().await,
        }
    }
}

/// Slates that are pictures unless they say that they are broken.
#[derive(Debug, Default)]
pub(super) struct FakeSlates(Mutex<HashMap<EventId, Bytes>>);

#[async_trait]
impl Slates for FakeSlates {
    async fn check(&self, picture: Bytes) -> Result<Uploaded, SlatesError> {
        if picture == "broken" {
            return Err(SlatesError::Unusable("this is no picture".to_owned()));
        }
        Ok(Uploaded { media_type: "image/png", width: 40, height: 30, bytes: picture.len() })
    }

    async fn keep(&self, event: &EventId, picture: Bytes) -> Result<(), SlatesError> {
        if picture == "no space" {
            return Err(std::io::Error::other("no space left").into());
        }
        self.0.lock().unwrap().insert(event.clone(), picture);
        Ok(())
    }

    async fn picture(&self, event: &EventId) -> Result<Kept, SlatesError> {
        let card = Kept { media_type: "image/jpeg", picture: "card".into() };
        let kept = self.0.lock().unwrap().get(event).cloned();
        Ok(kept.map_or(card, |picture| Kept { media_type: "image/png", picture }))
    }

    async fn remove(&self, event: &EventId) -> Result<(), SlatesError> {
        self.0.lock().unwrap().remove(event);
        Ok(())
    }
}
