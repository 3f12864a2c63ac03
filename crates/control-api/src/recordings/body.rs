//! Bodies made of memory and stretches of files, whole or in part (RFC 9110 §14).
//!
//! A file is read in blocks, each when the client has taken the one before, so a download needs one block
//! of memory however large it is, and wherever the file is.

use std::io;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use genlock_recorder::shell::{MediaFile, OpenMedia};

/// A piece of a body.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    Memory(Bytes),
    File { media: MediaFile, offset: u64, bytes: u64 },
}

impl Piece {
    fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File { bytes, .. } => *bytes,
        }
    }

    /// The part of it from `skip` on, at most `most` bytes.
    fn part(&self, skip: u64, most: u64) -> Self {
        let bytes = (self.len() - skip).min(most);
        match self {
            Self::Memory(memory) => {
                // Both are below the length of something in memory.
                let range = skip as usize..(skip + bytes) as usize;
                Self::Memory(memory.slice(range))
            }
            Self::File { media, offset, .. } => {
                Self::File { media: media.clone(), offset: offset + skip, bytes }
            }
        }
    }
}

/// Pieces, one after the other.
#[derive(Debug, Clone, Default)]
pub(super) struct Pieces(pub(super) Vec<Piece>);

/// What a client asked for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    /// First byte, and number of bytes.
    Range(u64, u64),
    /// Nothing of it is there.
    Nothing,
}

impl Pieces {
    fn len(&self) -> u64 {
        self.0.iter().map(Piece::len).sum()
    }

    /// `bytes` bytes from `start` on.
    fn range(&self, start: u64, bytes: u64) -> Self {
        let (mut skip, mut most, mut parts) = (start, bytes, Vec::new());
        for piece in &self.0 {
            if skip >= piece.len() {
                skip -= piece.len();
            } else if most > 0 {
                let part = piece.part(skip, most);
                most -= part.len();
                skip = 0;
                parts.push(part);
            }
        }
        Self(parts)
    }

    /// The answer to a request with `headers`. `tag` changes with the content.
    pub(super) fn answer(
        self,
        headers: &HeaderMap,
        media_type: &'static str,
        tag: &str,
    ) -> Response {
        let total = self.len();
        let etag = format!("\"{tag}\"");
        let asked = if is_current(headers, &etag) { asked(headers, total) } else { Asked::Whole };
        let about = [
            (header::CONTENT_TYPE, media_type.to_owned()),
            (header::ACCEPT_RANGES, "bytes".to_owned()),
            (header::CACHE_CONTROL, "private, no-cache".to_owned()),
            (header::ETAG, etag),
        ];
        let (status, range, body) = match asked {
            Asked::Nothing => {
                let range = [(header::CONTENT_RANGE, format!("bytes */{total}"))];
                return (StatusCode::RANGE_NOT_SATISFIABLE, range, about).into_response();
            }
            Asked::Whole => (StatusCode::OK, None, self),
            Asked::Range(start, bytes) => {
                let range = format!("bytes {start}-{}/{total}", start + bytes - 1);
                (StatusCode::PARTIAL_CONTENT, Some(range), self.range(start, bytes))
            }
        };
        let length = body.len();
        let mut response = (status, about, body.into_body()).into_response();
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        if let Some(range) = range.and_then(|range| HeaderValue::from_str(&range).ok()) {
            response.headers_mut().insert(header::CONTENT_RANGE, range);
        }
        response
    }

    fn into_body(self) -> Body {
        let reader = Reader { pieces: self.0.into_iter(), open: None };
        Body::from_stream(stream::unfold(reader, |mut reader| async move {
            let read = tokio::task::spawn_blocking(move || {
                let block = reader.next();
                (block, reader)
            });
            match read.await {
                Ok((Some(block), reader)) => Some((block, reader)),
                Ok((None, _)) | Err(_) => None,
            }
        }))
    }
}

/// Reads pieces block by block.
struct Reader {
    pieces: std::vec::IntoIter<Piece>,
    /// The file that is read, where, and how much of it is left.
    open: Option<(OpenMedia, u64, u64)>,
}

impl Iterator for Reader {
    type Item = io::Result<Bytes>;

    /// Blocks.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((file, offset, left)) = self.open.take_if(|(_, _, left)| *left > 0) {
                let take = left.min(file.block_bytes());
                let block = file.read(offset, take);
                self.open = Some((file, offset + take, left - take));
                return Some(block);
            }
            match self.pieces.next()? {
                Piece::Memory(memory) if memory.is_empty() => {}
                Piece::Memory(memory) => return Some(Ok(memory)),
                Piece::File { media, offset, bytes } => match media.open() {
                    Ok(file) => self.open = Some((file, offset, bytes)),
                    Err(error) => return Some(Err(error)),
                },
            }
        }
    }
}

/// RFC 9110 §13.1.5: a range of another version is of no use.
fn is_current(headers: &HeaderMap, etag: &str) -> bool {
    headers.get(header::IF_RANGE).is_none_or(|given| given.as_bytes() == etag.as_bytes())
}

/// One range of bytes. Several at once, and what is no range, are answered with everything, as RFC 9110
/// §14.2 allows.
fn asked(headers: &HeaderMap, total: u64) -> Asked {
    let Some(text) = headers.get(header::RANGE).and_then(|value| value.to_str().ok()) else {
        return Asked::Whole;
    };
    let range = text.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-'));
    let number = |text: &str| text.parse::<u64>().ok();
    match range {
        Some(("", last)) => match number(last) {
            Some(0) => Asked::Nothing,
            Some(last) if total > 0 => Asked::Range(total - last.min(total), last.min(total)),
            Some(_) => Asked::Nothing,
            None => Asked::Whole,
        },
        Some((first, last)) => match (number(first), number(last), last) {
            (Some(first), _, _) if first >= total => Asked::Nothing,
            (Some(first), None, "") => Asked::Range(first, total - first),
            (Some(first), Some(last), _) if last >= first => {
                Asked::Range(first, last.min(total - 1) - first + 1)
            }
            _ => Asked::Whole,
        },
        None => Asked::Whole,
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    fn check(range: &str, total: u64, expect: Asked) {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, range.parse().unwrap());
        assert_eq!(asked(&headers, total), expect, "{range}");
    }

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        check("bytes=0-0", 10, Asked::Range(0, 1));
        check("bytes=2-5", 10, Asked::Range(2, 4));
        check("bytes=5-", 10, Asked::Range(5, 5));
        check("bytes=5-99", 10, Asked::Range(5, 5));
        check("bytes=-3", 10, Asked::Range(7, 3));
        check("bytes=-99", 10, Asked::Range(0, 10));
        for nothing in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
            check(nothing, 10, Asked::Nothing);
        }
        check("bytes=0-", 0, Asked::Nothing);
        for whole in ["bytes=5-2", "bytes=0-1,3-4", "pages=1-2", "bytes=a-b", "bytes=-"] {
            check(whole, 10, Asked::Whole);
        }
    }

    #[tokio::test]
    async fn any_range_of_pieces_is_that_of_their_bytes() {
        let folder = std::env::temp_dir().join(format!("genlock-pieces-{}", std::process::id()));
        std::fs::write(&folder, b"0123456789").unwrap();
        let media = MediaFile::on_disk(folder.clone());
        let file = |offset, bytes| Piece::File { media: media.clone(), offset, bytes };
        let pieces =
            Pieces(vec![Piece::Memory(Bytes::from_static(b"head")), file(2, 3), file(7, 2)]);
        let whole = b"head23478";
        for start in 0..whole.len() {
            for bytes in 1..=whole.len() - start {
                let body = pieces.range(start as u64, bytes as u64).into_body();
                let got = to_bytes(body, 100).await.unwrap();
                assert_eq!(got, whole[start..start + bytes], "{bytes} from {start}");
            }
        }
        std::fs::remove_file(folder).unwrap();
    }
}
