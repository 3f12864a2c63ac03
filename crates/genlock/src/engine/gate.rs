//! Who may publish: whoever has a camera's stream key.

use std::sync::Arc;

use async_trait::async_trait;
use genlock_ingest::{Admission, PublishGate, PublishRequest, Refusal};
use genlock_store::SecretHash;

use super::Engine;

#[async_trait]
impl PublishGate for Engine {
    /// A lookup by the hash of what was presented: it takes the same time whether the key is wrong in
    /// its first character or in its last, and answers without the store.
    async fn admit(&self, request: PublishRequest) -> Result<Admission, Refusal> {
        let presented = SecretHash::of(request.stream_key.expose());
        let camera = self.keys.get(presented.as_bytes()).map(|camera| Arc::clone(&camera));
        camera.map(|camera| camera.admission()).ok_or(Refusal::UnknownKey)
    }
}
