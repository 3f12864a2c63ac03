//! Making stills: off the async threads, one at a time.

use std::fmt;
use std::io;
use std::sync::Arc;

use genlock_picture::still::{self, StillGop};
use genlock_picture::{PictureError, Size, card, upload};
use tokio::sync::Semaphore;
use tracing::warn;

use crate::limits::MAKING_MAX;

/// Where the picture of an event's slate is kept.
pub trait Artwork: fmt::Debug + Send + Sync + 'static {
    /// The bytes of the uploaded picture, `None` for the built-in card. May block.
    ///
    /// # Errors
    /// When it cannot be read; the built-in card stands in.
    fn picture(&self) -> io::Result<Option<Vec<u8>>>;
}

/// Works on pictures, one at a time over all clones.
#[derive(Debug, Clone)]
pub struct Studio {
    turns: Arc<Semaphore>,
}

impl Default for Studio {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(MAKING_MAX)) }
    }
}

impl Studio {
    /// Encodes the slate of `artwork` in `size`. A picture that cannot be read is replaced by the
    /// built-in card, and a warning says so.
    ///
    /// # Errors
    /// When nothing can be encoded.
    pub async fn still(
        &self,
        artwork: Arc<dyn Artwork>,
        size: Size,
    ) -> Result<StillGop, PictureError> {
        self.work(move || {
            let uploaded = artwork.picture().map_err(|error| error.to_string());
            let picture = match uploaded {
                Ok(Some(bytes)) => upload::decode(&bytes).map_err(|error| error.to_string()),
                Ok(None) => Ok(card::draw(size)),
                Err(error) => Err(error),
            };
            let picture = picture.unwrap_or_else(|error| {
                warn!(?artwork, error, "the slate's picture cannot be read, the card stands in");
                card::draw(size)
            });
            still::encode(&picture, size)
        })
        .await
    }

    /// Runs `work` on a thread that may block, when its turn has come.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PictureError> + Send + 'static,
    ) -> Result<T, PictureError> {
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.expect("the semaphore is never closed");
        // The turn ends with the work, also where the caller has gone.
        let worked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        worked.await.unwrap_or_else(|error| Err(PictureError::Encoder(error.to_string())))
    }
}
