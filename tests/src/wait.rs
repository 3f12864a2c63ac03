//! Waiting for a condition, with a deadline.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

const POLL: Duration = Duration::from_millis(50);

/// Asks `ready` until it gives a value; an error names `what` after `limit`.
///
/// # Errors
/// When the limit passes first.
pub fn until<T>(
    what: &str,
    limit: Duration,
    mut ready: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        let outcome = ready();
        if let Ok(Some(value)) = outcome {
            return Ok(value);
        }
        if Instant::now() > deadline {
            outcome.with_context(|| format!("while waiting for {what}"))?;
            anyhow::bail!("{what} did not happen within {limit:?}");
        }
        std::thread::sleep(POLL);
    }
}
