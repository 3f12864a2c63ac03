//! Messages in, chunks out.

use bytes::{BufMut, Bytes, BytesMut};

use super::{DEFAULT_CHUNK_SIZE, EXTENDED};
use crate::limits::CHUNK_SIZE_MAX;
use crate::message::{Message, MessageType};
use crate::names::{ChunkStreamId, MessageStreamId};
use crate::time::RtmpTimestamp;

/// Cuts messages into chunks and collects the bytes for one direction of a connection.
#[derive(Debug)]
pub struct ChunkWriter {
    chunk_size: usize,
    compression: HeaderCompression,
    extended: ExtendedTimestamps,
    sent: Vec<Sent>,
    out: BytesMut,
}

/// Whether message headers lean on earlier ones of the same chunk stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeaderCompression {
    /// Every message starts with a full type 0 header.
    Off,
    /// The shortest header that says everything, as encoders do.
    #[default]
    On,
}

/// What a type 3 chunk carries when its message has an extended timestamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExtendedTimestamps {
    /// The field is repeated (RTMP 1.0 §5.3.1.3; FFmpeg, OBS from 30.1).
    #[default]
    Repeated,
    /// The field is left out (librtmp, OBS before 30.1).
    LeftOut,
}

/// The last header on a chunk stream.
#[derive(Clone, Copy, Debug)]
struct Sent {
    chunk_stream: ChunkStreamId,
    message_stream: MessageStreamId,
    kind: MessageType,
    length: usize,
    timestamp: RtmpTimestamp,
    delta: u32,
}

impl ChunkWriter {
    /// A writer with the default chunk size of 128 bytes.
    #[must_use]
    pub fn new(compression: HeaderCompression, extended: ExtendedTimestamps) -> Self {
        Self {
            chunk_size: usize::try_from(DEFAULT_CHUNK_SIZE).unwrap_or(usize::MAX),
            compression,
            extended,
            sent: Vec::new(),
            out: BytesMut::new(),
        }
    }

    /// Cuts messages that are written from now on at `chunk_size`. The peer has to be told before.
    pub fn set_chunk_size(&mut self, chunk_size: u32) {
        let chunk_size = chunk_size.clamp(1, CHUNK_SIZE_MAX);
        self.chunk_size = usize::try_from(chunk_size).unwrap_or(usize::MAX);
    }

    /// Writes one message.
    pub fn write(&mut self, message: &Message) {
        let mut cursor = self.begin(message);
        while self.write_chunk(&mut cursor) {}
    }

    /// Writes several messages a chunk at a time in turn. They must be on different chunk streams.
    pub fn write_interleaved(&mut self, messages: &[Message]) {
        let mut cursors: Vec<_> = messages.iter().map(|message| self.begin(message)).collect();
        while !cursors.is_empty() {
            cursors.retain_mut(|cursor| self.write_chunk(cursor));
        }
    }

    /// Bytes that wait to be taken.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.out.len()
    }

    /// Takes what has been written, or `None` if there is nothing.
    pub fn take(&mut self) -> Option<Bytes> {
        (!self.out.is_empty()).then(|| self.out.split().freeze())
    }

    /// Appends bytes that are not chunks: the handshake.
    pub(crate) fn write_raw(&mut self, bytes: &[u8]) {
        self.out.put_slice(bytes);
    }

    fn begin<'m>(&mut self, message: &'m Message) -> Cursor<'m> {
        let previous = self.sent.iter_mut().find(|sent| sent.chunk_stream == message.chunk_stream);
        let (header, sent) = plan_header(previous.as_deref().copied(), message, self.compression);
        match previous {
            Some(previous) => *previous = sent,
            None => self.sent.push(sent),
        }
        Cursor { message, header: Some(header), time: header.time, rest: &message.payload }
    }

    /// Writes the next chunk; returns whether there are more.
    fn write_chunk(&mut self, cursor: &mut Cursor<'_>) -> bool {
        match cursor.header.take() {
            Some(header) => self.put_message_header(header, cursor.message),
            None => {
                self.put_basic_header(3, cursor.message.chunk_stream);
                if cursor.time >= EXTENDED && self.extended == ExtendedTimestamps::Repeated {
                    self.out.put_u32(cursor.time);
                }
            }
        }
        let len = cursor.rest.len().min(self.chunk_size);
        let (data, rest) = cursor.rest.split_at_checked(len).unwrap_or_default();
        self.out.put_slice(data);
        cursor.rest = rest;
        !rest.is_empty()
    }

    fn put_message_header(&mut self, header: Header, message: &Message) {
        let Header { format, time } = header;
        self.put_basic_header(format, message.chunk_stream);
        if format <= 2 {
            self.out.put_uint(time.min(EXTENDED).into(), 3);
        }
        if format <= 1 {
            self.out.put_uint(message.payload.len() as u64 & 0x00FF_FFFF, 3);
            self.out.put_u8(message.kind.0);
        }
        if format == 0 {
            self.out.put_u32_le(message.message_stream.0);
        }
        if time >= EXTENDED && (format <= 2 || self.extended == ExtendedTimestamps::Repeated) {
            self.out.put_u32(time);
        }
    }

    fn put_basic_header(&mut self, format: u8, id: ChunkStreamId) {
        let format = format << 6;
        let id = id.get();
        let low = u8::try_from(id).unwrap_or(u8::MAX);
        if id < 64 {
            self.out.put_u8(format | low);
            return;
        }
        let offset = id.saturating_sub(64);
        match u8::try_from(offset) {
            Ok(offset) => self.out.put_slice(&[format, offset]),
            Err(_) => {
                self.out.put_u8(format | 1);
                self.out.put_u16_le(u16::try_from(offset).unwrap_or(u16::MAX));
            }
        }
    }
}

/// A message on its way out.
#[derive(Debug)]
struct Cursor<'m> {
    message: &'m Message,
    header: Option<Header>,
    time: u32,
    rest: &'m [u8],
}

/// A header format, and the timestamp or delta that belongs to it.
#[derive(Clone, Copy, Debug)]
struct Header {
    format: u8,
    time: u32,
}

/// Chooses the header of a message. A delta of a type 0 header is its timestamp (RTMP 1.0
/// §5.3.1.2.4).
fn plan_header(
    previous: Option<Sent>,
    message: &Message,
    compression: HeaderCompression,
) -> (Header, Sent) {
    let Message { chunk_stream, kind, timestamp, message_stream, payload } = message;
    let mut sent = Sent {
        chunk_stream: *chunk_stream,
        message_stream: *message_stream,
        kind: *kind,
        length: payload.len(),
        timestamp: *timestamp,
        delta: timestamp.0,
    };
    let full = Header { format: 0, time: timestamp.0 };
    let Some(previous) = previous.filter(|_| compression == HeaderCompression::On) else {
        return (full, sent);
    };
    if previous.message_stream != *message_stream || timestamp.is_before(previous.timestamp) {
        return (full, sent);
    }
    let delta = timestamp.since(previous.timestamp).cast_unsigned();
    let same_shape = previous.kind == *kind && previous.length == payload.len();
    let format = match (same_shape, delta == previous.delta) {
        (true, true) => 3,
        (true, false) => 2,
        (false, _) => 1,
    };
    sent.delta = delta;
    (Header { format, time: delta }, sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audio(timestamp: u32, payload: &'static [u8]) -> Message {
        Message {
            chunk_stream: ChunkStreamId::new(4).unwrap(),
            kind: MessageType::AUDIO,
            timestamp: RtmpTimestamp(timestamp),
            message_stream: MessageStreamId(1),
            payload: Bytes::from_static(payload),
        }
    }

    fn write(messages: &[Message]) -> Bytes {
        let mut writer = ChunkWriter::new(HeaderCompression::On, ExtendedTimestamps::Repeated);
        for message in messages {
            writer.write(message);
        }
        writer.take().unwrap()
    }

    /// RTMP 1.0 §5.3.2.1, example 1, whose third and fourth message need one header byte.
    #[test]
    fn headers_shrink_as_in_the_specification() {
        let messages = [1000, 1020, 1040, 1060].map(|time| audio(time, b"x"));
        let expect = b"\x04\x00\x03\xE8\0\0\x01\x08\x01\0\0\0x\x84\0\0\x14x\xC4x\xC4x";
        assert_eq!(write(&messages).as_ref(), expect);
    }

    #[test]
    fn a_step_back_in_time_takes_a_full_header() {
        let bytes = write(&[audio(1000, b""), audio(990, b"")]);
        assert_eq!(bytes[12..], *b"\x04\x00\x03\xDE\0\0\0\x08\x01\0\0\0");
    }

    #[test]
    fn long_chunk_stream_ids_take_two_or_three_bytes() {
        let check = |id: u32, expect: &[u8]| {
            let message =
                Message { chunk_stream: ChunkStreamId::new(id).unwrap(), ..audio(0, b"") };
            let bytes = write(&[message]);
            assert_eq!(bytes[..bytes.len() - 11], *expect, "{id}");
        };
        check(63, &[63]);
        check(64, &[0, 0]);
        check(319, &[0, 255]);
        check(320, &[1, 0, 1]);
        check(65_599, &[1, 255, 255]);
    }

    #[test]
    fn an_empty_message_is_a_header() {
        assert_eq!(write(&[audio(0, b"")]).len(), 12);
    }
}
