//! Somebody who looks at every snapshot: media sequence and listed bytes never change.

use std::collections::BTreeMap;

use bytes::Bytes;
use genlock_packager::{Dialect, Encoding, Flavour, PlaylistRequest, Skip, Snapshot};

/// Most URIs that are remembered.
const SEEN_MAX: usize = 4_096;

/// What has been seen of a playlist.
#[derive(Debug, Default)]
pub(crate) struct Viewer {
    media_sequence: u64,
    bytes: BTreeMap<String, Bytes>,
}

impl Viewer {
    /// Looks at all that is published.
    pub(crate) fn look(&mut self, snapshot: &Snapshot) {
        for flavour in [Flavour::Cmaf, Flavour::Ts] {
            for dialect in [Dialect::Strict, Dialect::Seamless] {
                let request =
                    |skip| PlaylistRequest { flavour, dialect, skip, encoding: Encoding::Identity };
                let Some(text) = snapshot.media_playlist(&request(Skip::No)) else { continue };
                let text = String::from_utf8(text.to_vec()).expect("playlists are text");
                assert!(text.starts_with("#EXTM3U\n"), "{text}");
                assert!(snapshot.media_playlist(&request(Skip::Yes)).is_some());
                assert!(snapshot.multivariant(flavour, dialect, Encoding::Identity).is_some());
                if flavour == Flavour::Cmaf {
                    self.follow(&text);
                    self.fetch(&text, snapshot);
                }
            }
        }
    }

    fn follow(&mut self, text: &str) {
        let number = text.lines().find_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:"));
        let number =
            number.and_then(|number| number.parse().ok()).expect("a media sequence number");
        assert!(number >= self.media_sequence, "the media sequence goes back");
        self.media_sequence = number;
    }

    /// Downloads what is listed and has not been seen.
    fn fetch(&mut self, text: &str, snapshot: &Snapshot) {
        let uris = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let uris: Vec<_> = uris.take(SEEN_MAX - self.bytes.len().min(SEEN_MAX)).collect();
        for uri in uris {
            let Some(resource) = snapshot.resource(uri) else { continue };
            let bytes = resource.body.to_bytes();
            let seen = self.bytes.entry(uri.to_owned()).or_insert_with(|| bytes.clone());
            assert_eq!(*seen, bytes, "{uri} has other bytes than before");
        }
    }
}
