//! Chunks in, messages out.

use bytes::{Buf, Bytes};

use super::DEFAULT_CHUNK_SIZE;
use super::header::{ChunkHeader, Fields, HEADER_BYTES_MAX};
use crate::error::{Malformed, RtmpError, WirePosition};
use crate::limits::{CHUNK_SIZE_MAX, COPY_BELOW_BYTES, Limits, PARTIAL_STEP_BYTES};
use crate::message::{Message, MessageType};
use crate::names::{ChunkStreamId, MessageStreamId};
use crate::time::RtmpTimestamp;

/// Puts messages together from the bytes of one direction of a connection, handshake excluded.
///
/// A message that arrived in one piece is a slice of the input; any other is copied once, into a
/// buffer that grows as data arrives. Unfinished input is kept as a few header bytes or as part of
/// the message it belongs to, never as a second buffer.
#[derive(Debug)]
pub struct ChunkReader {
    limits: Limits,
    phase: Phase,
    chunk_size: u32,
    streams: Vec<ChunkStream>,
    /// Capacity of all unfinished payloads.
    reserved: usize,
    /// The beginning of a chunk header that was cut by the end of the input.
    carry: Vec<u8>,
    /// The chunk whose data is being read.
    open: Option<OpenChunk>,
    /// Bytes consumed so far, counted from the start of the connection.
    consumed: u64,
}

/// How much a peer is trusted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nobody has vouched for the peer: small messages only.
    BeforePublish,
    /// A publish was accepted.
    Publishing,
}

/// A message, and where its first chunk stands in the byte stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The message.
    pub message: Message,
    /// Its place.
    pub at: WirePosition,
}

#[derive(Debug)]
struct ChunkStream {
    id: ChunkStreamId,
    header: MessageHeader,
    /// What a type 3 chunk adds when it starts a message.
    delta: u32,
    /// The extended field of the last header that had a time field, if it was extended.
    extended: Option<u32>,
    /// Payload of the unfinished message.
    partial: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug)]
struct MessageHeader {
    timestamp: RtmpTimestamp,
    length: usize,
    kind: MessageType,
    message_stream: MessageStreamId,
    /// Byte position of the message's first chunk.
    position: u64,
}

/// The chunk being read owns its message's payload; it goes back to the chunk stream when the chunk
/// ends.
#[derive(Debug)]
struct OpenChunk {
    index: usize,
    chunk_stream: ChunkStreamId,
    header: MessageHeader,
    payload: Vec<u8>,
    /// Bytes of this chunk that are still to come.
    left: usize,
}

impl ChunkReader {
    /// A reader whose input starts at byte `position` of the connection.
    #[must_use]
    pub fn new(limits: Limits, position: u64) -> Self {
        Self {
            limits,
            phase: Phase::BeforePublish,
            chunk_size: DEFAULT_CHUNK_SIZE,
            streams: Vec::new(),
            reserved: 0,
            carry: Vec::new(),
            open: None,
            consumed: position,
        }
    }

    /// Chooses the limits for messages that start from now on.
    pub fn set_phase(&mut self, phase: Phase) {
        self.phase = phase;
    }

    /// Applies a chunk size, for chunks that start from now on. It has no effect beyond the longest
    /// message.
    pub fn set_chunk_size(&mut self, chunk_size: u32) {
        self.chunk_size = chunk_size.clamp(1, CHUNK_SIZE_MAX);
    }

    /// Forgets the unfinished message of a chunk stream (RTMP 1.0 §5.4.2).
    pub fn abort(&mut self, chunk_stream: u32) {
        let stream = self.streams.iter_mut().find(|stream| stream.id.get() == chunk_stream);
        if let Some(payload) = stream.and_then(|stream| stream.partial.take()) {
            self.release(payload.capacity());
        }
    }

    /// Takes bytes from `input` until a message is complete. `None` means that all of `input` has
    /// been taken.
    ///
    /// Bytes behind the message stay in `input`: the message may change the chunk size that they
    /// need.
    ///
    /// # Errors
    ///
    /// If a header is malformed or a limit is exceeded. The reader is of no use after that.
    pub fn next_message(&mut self, input: &mut Bytes) -> Result<Option<Received>, RtmpError> {
        loop {
            let chunk = match self.open.take() {
                Some(chunk) => chunk,
                None => match self.read_header(input)? {
                    Some(chunk) => chunk,
                    None => return Ok(None),
                },
            };
            match self.read_data(chunk, input)? {
                DataStep::Message(received) => return Ok(Some(received)),
                DataStep::ChunkDone => {}
                DataStep::NeedInput => return Ok(None),
            }
        }
    }

    /// What the peer has begun and not finished, and its place; `None` between two messages.
    pub(crate) fn unfinished(&self) -> Option<(&'static str, WirePosition)> {
        if let Some(chunk) = &self.open {
            return Some(("a message", chunk.place()));
        }
        if !self.carry.is_empty() {
            return Some(("a chunk header", WirePosition::default()));
        }
        let stream = self.streams.iter().find(|stream| stream.partial.is_some())?;
        let message_type = Some(stream.header.kind.0);
        Some(("a message", WirePosition { message_type, ..self.place(stream.id) }))
    }

    fn read_header(&mut self, input: &mut Bytes) -> Result<Option<OpenChunk>, RtmpError> {
        let joined: Vec<u8>;
        let window = if self.carry.is_empty() {
            input.as_ref()
        } else {
            let bytes = self.carry.iter().chain(input.iter());
            joined = bytes.take(HEADER_BYTES_MAX).copied().collect();
            &joined
        };
        let Some((header, len)) = self.header_len(window) else {
            self.carry.extend_from_slice(input);
            input.clear();
            return Ok(None);
        };
        let chunk = self.begin_chunk(header)?;
        self.skip(len, input);
        Ok(Some(chunk))
    }

    /// The header at the start of `window` and its whole length, or `None` if more bytes are needed
    /// to tell.
    fn header_len(&self, window: &[u8]) -> Option<(ChunkHeader, usize)> {
        let header = ChunkHeader::parse(window)?;
        let mut len = header.len;
        if header.fields == Fields::Type3
            && let Some(stream) = self.streams.iter().find(|s| s.id == header.chunk_stream)
            && stream.repeats_extended(window.get(len..).unwrap_or_default())?
        {
            len = len.saturating_add(4);
        }
        Some((header, len))
    }

    /// Applies a header to its chunk stream and opens the chunk.
    fn begin_chunk(&mut self, header: ChunkHeader) -> Result<OpenChunk, RtmpError> {
        let ChunkHeader { chunk_stream, fields, .. } = header;
        let found = self.streams.iter().position(|stream| stream.id == chunk_stream);
        let (index, fresh) = match found {
            Some(index) => (index, false),
            None => (self.add_stream(chunk_stream, fields)?, true),
        };
        let position = self.consumed;
        let Some(stream) = self.streams.get_mut(index) else {
            return Err(self.fresh_chunk_stream(chunk_stream, fields));
        };
        let mut dropped = 0;
        let mut payload = stream.partial.take().unwrap_or_default();
        // A header inside an unfinished message starts the message anew: encoders do so after they
        // dropped frames.
        if fields != Fields::Type3 {
            dropped = payload.capacity();
            payload = Vec::new();
        }
        if payload.is_empty() {
            stream.start_message(fields, fresh, position);
        }
        let header = stream.header;
        self.release(dropped);
        self.check_length(chunk_stream, header)?;
        let missing = header.length.saturating_sub(payload.len());
        let left = missing.min(usize::try_from(self.chunk_size).unwrap_or(usize::MAX));
        Ok(OpenChunk { index, chunk_stream, header, payload, left })
    }

    fn add_stream(&mut self, id: ChunkStreamId, fields: Fields) -> Result<usize, RtmpError> {
        if matches!(fields, Fields::Type2 { .. } | Fields::Type3) {
            return Err(self.fresh_chunk_stream(id, fields));
        }
        let count = self.streams.len();
        if count >= self.limits.chunk_streams {
            return Err(RtmpError::LimitExceeded {
                what: "chunk streams",
                limit: self.limits.chunk_streams as u64,
                got: count.saturating_add(1) as u64,
                at: self.place(id),
            });
        }
        let header = MessageHeader {
            timestamp: RtmpTimestamp(0),
            length: 0,
            kind: MessageType(0),
            message_stream: MessageStreamId::CONNECTION,
            position: self.consumed,
        };
        self.streams.push(ChunkStream { id, header, delta: 0, extended: None, partial: None });
        Ok(count)
    }

    fn check_length(&self, id: ChunkStreamId, header: MessageHeader) -> Result<(), RtmpError> {
        let limits = &self.limits;
        let by_type = match header.kind {
            MessageType::VIDEO | MessageType::AGGREGATE => limits.video_message_bytes,
            MessageType::AUDIO => limits.audio_message_bytes,
            MessageType::COMMAND_AMF0 | MessageType::COMMAND_AMF3 => limits.command_message_bytes,
            kind if kind.is_control() => limits.control_message_bytes,
            _ => limits.data_message_bytes,
        };
        let limit = match self.phase {
            Phase::BeforePublish => by_type.min(limits.message_bytes_before_publish),
            Phase::Publishing => by_type,
        };
        if header.length as u64 > u64::from(limit) {
            return Err(RtmpError::LimitExceeded {
                what: "message bytes",
                limit: limit.into(),
                got: header.length as u64,
                at: WirePosition { message_type: Some(header.kind.0), ..self.place(id) },
            });
        }
        Ok(())
    }

    fn read_data(
        &mut self,
        mut chunk: OpenChunk,
        input: &mut Bytes,
    ) -> Result<DataStep, RtmpError> {
        if chunk.is_whole_message() && self.carry.is_empty() && input.len() >= chunk.left {
            return Ok(DataStep::Message(self.take_whole(&chunk, input)));
        }
        self.append(&mut chunk, input)?;
        if chunk.left > 0 {
            self.open = Some(chunk);
            return Ok(DataStep::NeedInput);
        }
        if chunk.payload.len() < chunk.header.length {
            if let Some(stream) = self.streams.get_mut(chunk.index) {
                stream.partial = Some(chunk.payload);
            }
            return Ok(DataStep::ChunkDone);
        }
        self.release(chunk.payload.capacity());
        let payload = Bytes::from(std::mem::take(&mut chunk.payload));
        Ok(DataStep::Message(chunk.finish(payload)))
    }

    fn take_whole(&mut self, chunk: &OpenChunk, input: &mut Bytes) -> Received {
        self.consumed = self.consumed.saturating_add(chunk.left as u64);
        let slice = input.split_to(chunk.left);
        let payload =
            if slice.len() < COPY_BELOW_BYTES { Bytes::copy_from_slice(&slice) } else { slice };
        chunk.finish(payload)
    }

    /// Moves up to `chunk.left` bytes into the payload.
    fn append(&mut self, chunk: &mut OpenChunk, input: &mut Bytes) -> Result<(), RtmpError> {
        let carried = chunk.left.min(self.carry.len());
        let from_input = chunk.left.saturating_sub(carried).min(input.len());
        let len = carried.saturating_add(from_input);
        self.reserve(chunk, len)?;
        chunk.payload.extend(self.carry.drain(..carried));
        chunk.payload.extend_from_slice(&input.split_to(from_input));
        chunk.left = chunk.left.saturating_sub(len);
        self.consumed = self.consumed.saturating_add(len as u64);
        Ok(())
    }

    /// Makes room for `len` more bytes: doubling, at least one step, never beyond the message,
    /// within the budget.
    fn reserve(&mut self, chunk: &mut OpenChunk, len: usize) -> Result<(), RtmpError> {
        let needed = chunk.payload.len().saturating_add(len);
        let capacity = chunk.payload.capacity();
        if needed <= capacity {
            return Ok(());
        }
        let grown = capacity.saturating_mul(2).max(PARTIAL_STEP_BYTES).max(needed);
        let wanted = grown.min(chunk.header.length);
        let reserved = self.reserved.saturating_sub(capacity).saturating_add(wanted);
        let budget = match self.phase {
            Phase::BeforePublish => self.limits.partial_bytes_before_publish,
            Phase::Publishing => self.limits.partial_bytes,
        };
        if reserved > budget {
            return Err(RtmpError::LimitExceeded {
                what: "bytes of unfinished messages",
                limit: budget as u64,
                got: reserved as u64,
                at: chunk.place(),
            });
        }
        chunk.payload.reserve_exact(wanted.saturating_sub(chunk.payload.len()));
        self.release(capacity);
        self.reserved = self.reserved.saturating_add(chunk.payload.capacity());
        Ok(())
    }

    fn release(&mut self, capacity: usize) {
        self.reserved = self.reserved.saturating_sub(capacity);
    }

    /// Drops header bytes, first those that were carried over.
    fn skip(&mut self, len: usize, input: &mut Bytes) {
        let carried = len.min(self.carry.len());
        self.carry.drain(..carried);
        input.advance(len.saturating_sub(carried));
        self.consumed = self.consumed.saturating_add(len as u64);
    }

    fn place(&self, id: ChunkStreamId) -> WirePosition {
        WirePosition { byte: self.consumed, chunk_stream: Some(id.get()), message_type: None }
    }

    fn fresh_chunk_stream(&self, id: ChunkStreamId, fields: Fields) -> RtmpError {
        let fmt = if fields == Fields::Type3 { 3 } else { 2 };
        RtmpError::Malformed { fault: Malformed::FreshChunkStream(fmt), at: self.place(id) }
    }
}

enum DataStep {
    Message(Received),
    ChunkDone,
    NeedInput,
}

impl OpenChunk {
    /// Whether this chunk carries a message from its first byte to its last.
    fn is_whole_message(&self) -> bool {
        self.payload.is_empty() && self.left == self.header.length
    }

    fn finish(&self, payload: Bytes) -> Received {
        let MessageHeader { timestamp, kind, message_stream, .. } = self.header;
        let chunk_stream = self.chunk_stream;
        let message = Message { chunk_stream, kind, timestamp, message_stream, payload };
        Received { message, at: self.place() }
    }

    fn place(&self) -> WirePosition {
        WirePosition {
            byte: self.header.position,
            chunk_stream: Some(self.chunk_stream.get()),
            message_type: Some(self.header.kind.0),
        }
    }
}

impl ChunkStream {
    /// Whether the four bytes behind a type 3 header repeat the extended timestamp; `None` if too
    /// few are there.
    ///
    /// RTMP 1.0 §5.3.1.3 has the field in type 3 chunks too. FFmpeg, Flash and OBS from 30.1 send
    /// it, librtmp and older OBS do not. Payload bytes that look like it by chance are one in four
    /// billion, so the bytes decide.
    fn repeats_extended(&self, rest: &[u8]) -> Option<bool> {
        let Some(field) = self.extended else {
            return Some(false);
        };
        let timestamp = match self.partial {
            Some(_) => self.header.timestamp,
            None => self.header.timestamp.wrapping_add(self.delta),
        };
        let seen = rest.get(..4).unwrap_or(rest);
        // Deltas are repeated as such, but some encoders repeat the absolute timestamp.
        if [field, timestamp.0].iter().all(|value| !value.to_be_bytes().starts_with(seen)) {
            return Some(false);
        }
        (seen.len() == 4).then_some(true)
    }

    fn start_message(&mut self, fields: Fields, fresh: bool, position: u64) {
        let header = &mut self.header;
        header.position = position;
        match fields {
            Fields::Type0 { length, type_id, message_stream, .. } => {
                header.length = to_len(length);
                header.kind = MessageType(type_id);
                header.message_stream = message_stream;
            }
            Fields::Type1 { length, type_id, .. } => {
                header.length = to_len(length);
                header.kind = MessageType(type_id);
            }
            Fields::Type2 { .. } | Fields::Type3 => {}
        }
        match fields {
            Fields::Type0 { time, .. } | Fields::Type1 { time, .. } | Fields::Type2 { time } => {
                self.delta = time.value;
                self.extended = time.extended.then_some(time.value);
            }
            Fields::Type3 => {}
        }
        // "If a Type 3 chunk follows a Type 0 chunk, then the timestamp delta for this Type 3 chunk
        // is the same as the timestamp of the Type 0 chunk" (RTMP 1.0 §5.3.1.2.4): both are
        // `delta`.
        header.timestamp = match fields {
            Fields::Type0 { time, .. } => RtmpTimestamp(time.value),
            _ if fresh => RtmpTimestamp(self.delta),
            _ => header.timestamp.wrapping_add(self.delta),
        };
    }
}

fn to_len(length: u32) -> usize {
    usize::try_from(length).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
