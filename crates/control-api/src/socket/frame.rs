//! A text message as the server sends it, framed once for all clients (RFC 6455 §5.2).

use bytes::{BufMut, Bytes, BytesMut};

/// Final frame of a text message.
const FIN_TEXT: u8 = 0x81;
/// In place of a length: two bytes of it follow.
const LENGTH_16: u8 = 126;
/// In place of a length: eight bytes of it follow.
const LENGTH_64: u8 = 127;
/// Bytes in front of the text, at most.
const HEADER_BYTES_MAX: usize = 10;

/// A whole text message in one frame. A server masks nothing, so all clients share its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextFrame {
    bytes: Bytes,
    text_at: usize,
}

impl TextFrame {
    /// Frames `text`.
    pub(crate) fn of(text: &str) -> Self {
        let mut frame = BytesMut::with_capacity(HEADER_BYTES_MAX + text.len());
        frame.put_u8(FIN_TEXT);
        match (u8::try_from(text.len()), u16::try_from(text.len())) {
            (Ok(short), _) if short < LENGTH_16 => frame.put_u8(short),
            (_, Ok(length)) => {
                frame.put_u8(LENGTH_16);
                frame.put_u16(length);
            }
            (_, Err(_)) => {
                frame.put_u8(LENGTH_64);
                frame.put_u64(text.len() as u64);
            }
        }
        let text_at = frame.len();
        frame.put_slice(text.as_bytes());
        Self { bytes: frame.freeze(), text_at }
    }

    /// What goes over the wire.
    pub(crate) const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The message.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes[self.text_at..]).expect("made of a text")
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use tokio_tungstenite::tungstenite::protocol::frame::FrameSocket;

    use super::*;

    #[test]
    fn a_client_reads_what_was_framed() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 100_000] {
            let text = "a".repeat(length);
            let frame = TextFrame::of(&text);
            assert_eq!(frame.text(), text);
            let mut client = FrameSocket::new(Cursor::new(frame.bytes().to_vec()));
            let read = client.read(None).unwrap().expect("a frame");
            assert!(read.header().is_final, "{length}");
            assert_eq!(read.into_text().unwrap().as_str(), text);
            assert!(client.read(None).unwrap().is_none(), "{length}: nothing is left");
        }
    }
}
