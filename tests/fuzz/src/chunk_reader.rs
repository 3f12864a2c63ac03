//! Chunks to messages: any split gives the same, and what was read is written back to the same messages.

use bytes::Bytes;
use genlock_rtmp::Limits;
use genlock_rtmp::chunk::{
    ChunkReader, ChunkWriter, ExtendedTimestamps, HeaderCompression, Phase, Received,
};
use genlock_rtmp::message::{Message, MessageType};

use crate::choices::{Choices, pieces};

/// `phase, three lengths of pieces, chunk size of the way back, bytes of the connection`.
pub(crate) fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let phase = choices.pick(&[Phase::BeforePublish, Phase::Publishing]);
    let lengths = [choices.u8(), choices.u8(), choices.u8()].map(usize::from);
    let chunk_size = u32::from(choices.u16());
    let bytes = choices.rest();

    let whole = read(phase, bytes, &[bytes.len()]);
    assert_eq!(whole, read(phase, bytes, &lengths), "another split, other messages");
    let payloads: usize = whole.messages.iter().map(|read| read.message.payload.len()).sum();
    assert!(payloads <= bytes.len(), "{payloads} bytes of messages out of {}", bytes.len());
    write_back(phase, &whole.messages, chunk_size);
}

#[derive(Debug, Default, PartialEq)]
struct Outcome {
    messages: Vec<Received>,
    error: Option<String>,
}

fn read(phase: Phase, bytes: &[u8], lengths: &[usize]) -> Outcome {
    let mut reader = ChunkReader::new(Limits::default(), 0);
    reader.set_phase(phase);
    let mut outcome = Outcome::default();
    for piece in pieces(bytes, lengths) {
        let mut input = Bytes::copy_from_slice(piece);
        loop {
            match reader.next_message(&mut input) {
                Ok(Some(received)) => {
                    obey(&mut reader, &received.message);
                    outcome.messages.push(received);
                }
                Ok(None) => break,
                Err(error) => {
                    outcome.error = Some(error.to_string());
                    return outcome;
                }
            }
        }
        assert!(input.is_empty(), "bytes are left without a message");
    }
    outcome
}

/// What a connection does with the messages that concern its reader.
fn obey(reader: &mut ChunkReader, message: &Message) {
    let Some(number) = message.payload.first_chunk().map(|bytes| u32::from_be_bytes(*bytes)) else {
        return;
    };
    match message.kind {
        MessageType::SET_CHUNK_SIZE => reader.set_chunk_size(number),
        MessageType::ABORT => reader.abort(number),
        _ => {}
    }
}

fn write_back(phase: Phase, messages: &[Received], chunk_size: u32) {
    for headers in [HeaderCompression::On, HeaderCompression::Off] {
        let mut writer = ChunkWriter::new(headers, ExtendedTimestamps::Repeated);
        writer.set_chunk_size(chunk_size);
        for read in messages {
            writer.write(&read.message);
        }
        let mut bytes = writer.take().unwrap_or_default();
        let mut reader = ChunkReader::new(Limits::default(), 0);
        reader.set_phase(phase);
        reader.set_chunk_size(chunk_size);
        for read in messages {
            let again = reader.next_message(&mut bytes).expect("what a writer wrote can be read");
            assert_eq!(again.map(|again| again.message).as_ref(), Some(&read.message));
        }
        assert!(bytes.is_empty());
    }
}
