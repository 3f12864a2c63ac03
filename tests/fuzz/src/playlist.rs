//! What a request for a playlist, a part or a segment may say.

use std::sync::{Arc, OnceLock};

use genlock_media::EventTime;
use genlock_packager::{
    BlockingQuery, Dialect, Encoding, Flavour, Packager, PackagerConfig, PlaylistRequest,
    Readiness, Snapshot,
};

use crate::testing;

/// `query, a line feed, name of a resource`.
pub(crate) fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (query, name) = text.split_once('\n').unwrap_or((&text, ""));
    let snapshot = snapshot();
    let edge = snapshot.edge();
    let dialect = Dialect::of_query(query).unwrap_or_default();
    if let Ok(asked) = BlockingQuery::parse(query) {
        let readiness = snapshot.readiness(&asked);
        match asked.wanted {
            None => assert_eq!(readiness, Readiness::Ready),
            Some(wanted) if wanted.media_sequence < edge.media_sequence.saturating_sub(1) => {
                assert_eq!(readiness, Readiness::Ready, "{wanted:?} was published long ago");
            }
            Some(wanted) if wanted.media_sequence > edge.media_sequence + 2 => {
                assert!(matches!(readiness, Readiness::Bad(_)), "{wanted:?} is waited for");
            }
            Some(_) => {}
        }
        let request = PlaylistRequest {
            flavour: Flavour::Cmaf,
            dialect,
            skip: asked.skip,
            encoding: Encoding::Identity,
        };
        assert!(snapshot.media_playlist(&request).is_some());
    }
    let is_part = snapshot.resource(name).is_some();
    assert!(!(is_part && snapshot.hinted(name)), "{name} is there and announced");
}

/// What is published after some seconds of a camera.
fn snapshot() -> &'static Snapshot {
    static SNAPSHOT: OnceLock<Arc<Snapshot>> = OnceLock::new();
    SNAPSHOT.get_or_init(|| {
        let mut packager = Packager::new(PackagerConfig::new("s", 7, 0), EventTime::ZERO);
        for frame in 0..300 {
            let at = EventTime::from_micros(frame * 33_333);
            packager.push(at, testing::picture(frame * 3_000, frame % 30 == 0));
        }
        packager.snapshot()
    })
}
