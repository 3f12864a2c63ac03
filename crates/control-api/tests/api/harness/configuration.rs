//! A configuration that a test changes.

use std::sync::Mutex;

use async_trait::async_trait;
use genlock_control_api::Configuration;
use genlock_control_api::configuration::{ReloadError, Reloaded};

/// Tells what the test says, once; afterwards that nothing changed.
#[derive(Default)]
pub(crate) struct FakeConfiguration(pub(crate) Mutex<Option<Result<Reloaded, ReloadError>>>);

#[async_trait]
impl Configuration for FakeConfiguration {
    async fn reload(&self) -> Result<Reloaded, ReloadError> {
        self.0.lock().unwrap().take().unwrap_or_else(|| Ok(Reloaded::default()))
    }
}
