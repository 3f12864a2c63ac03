//! Tests of the chunk reader: headers, extended timestamps, interleaving, limits.

use super::*;
use crate::chunk::{ChunkWriter, ExtendedTimestamps, HeaderCompression};

fn reader() -> ChunkReader {
    let mut reader = ChunkReader::new(Limits::default(), 0);
    reader.set_phase(Phase::Publishing);
    reader
}

fn read_all(reader: &mut ChunkReader, bytes: &[u8]) -> Vec<Message> {
    let mut input = Bytes::copy_from_slice(bytes);
    let mut messages = Vec::new();
    while let Some(received) = reader.next_message(&mut input).unwrap() {
        messages.push(received.message);
    }
    messages
}

/// A type 0 header on chunk stream 4, audio, message stream 1.
fn type0(timestamp: u32, length: u8) -> Vec<u8> {
    let [_, t0, t1, t2] = timestamp.to_be_bytes();
    vec![0x04, t0, t1, t2, 0, 0, length, 8, 1, 0, 0, 0]
}

fn timestamps(messages: &[Message]) -> Vec<u32> {
    messages.iter().map(|message| message.timestamp.0).collect()
}

fn payloads(messages: &[Message]) -> Vec<&[u8]> {
    messages.iter().map(|message| message.payload.as_ref()).collect()
}

#[test]
fn type3_after_type0_repeats_delta() {
    let bytes = [&type0(20, 1)[..], b"a", b"\xC4b", b"\xC4c"].concat();
    assert_eq!(timestamps(&read_all(&mut reader(), &bytes)), [20, 40, 60]);
}

#[test]
fn type3_that_starts_a_message_repeats_the_delta() {
    let bytes = [&type0(10, 1)[..], b"a", b"\x84\0\0\x28b", b"\xC4c", b"\xC4d"].concat();
    assert_eq!(timestamps(&read_all(&mut reader(), &bytes)), [10, 50, 90, 130]);
}

#[test]
fn timestamps_wrap() {
    let mut bytes = type0(0x00FF_FFFF, 1);
    bytes.extend(u32::MAX.to_be_bytes());
    bytes.extend(b"a\x84\0\0\x15b\xC4c");
    assert_eq!(timestamps(&read_all(&mut reader(), &bytes)), [u32::MAX, 20, 41]);
}

#[test]
fn chunk_streams_interleave() {
    let mut reader = reader();
    reader.set_chunk_size(2);
    let mut bytes = [&type0(0, 3)[..], b"ab"].concat();
    bytes.extend(b"\x05\0\0\x07\0\0\x04\x09\x01\0\0\0VW");
    bytes.extend(b"\xC4c\xC5XY");
    let messages = read_all(&mut reader, &bytes);
    assert_eq!(payloads(&messages), [&b"abc"[..], b"VWXY"]);
    assert_eq!(timestamps(&messages), [0, 7]);
}

#[test]
fn a_fresh_chunk_stream_may_start_with_type1() {
    let messages = read_all(&mut reader(), b"\x44\0\0\x09\0\0\x01\x08a\xC4b");
    assert_eq!(timestamps(&messages), [9, 18]);
    assert_eq!(messages[0].message_stream, MessageStreamId::CONNECTION);
}

#[test]
fn a_fresh_chunk_stream_cannot_start_with_type2_or_type3() {
    for (bytes, fmt) in [(&b"\x84\0\0\x01"[..], 2), (b"\xC4", 3)] {
        let error = reader().next_message(&mut Bytes::copy_from_slice(bytes)).unwrap_err();
        let fault = Malformed::FreshChunkStream(fmt);
        let at = WirePosition { byte: 0, chunk_stream: Some(4), message_type: None };
        assert_eq!(error, RtmpError::Malformed { fault, at });
    }
}

#[test]
fn type0_inside_an_unfinished_message_restarts_it() {
    let mut reader = reader();
    reader.set_chunk_size(2);
    let bytes = [&type0(0, 4)[..], b"ab", &type0(5, 3), b"xy\xC4z"].concat();
    let messages = read_all(&mut reader, &bytes);
    assert_eq!(payloads(&messages), [b"xyz"]);
    assert_eq!(timestamps(&messages), [5]);
    assert_eq!(reader.reserved, 0);
}

#[test]
fn abort_forgets_the_unfinished_message() {
    let mut reader = reader();
    reader.set_chunk_size(2);
    assert_eq!(read_all(&mut reader, &[&type0(5, 4)[..], b"ab"].concat()), []);
    reader.abort(4);
    reader.abort(77);
    assert_eq!(reader.reserved, 0);
    // The next chunk of that stream starts a message of the same shape.
    let messages = read_all(&mut reader, b"\xC4wx\xC4yz");
    assert_eq!(payloads(&messages), [b"wxyz"]);
}

#[test]
fn zero_length_messages_are_messages() {
    let messages = read_all(&mut reader(), &[&type0(0, 0)[..], b"\xC4\xC4"].concat());
    assert_eq!(payloads(&messages), [b""; 3]);
}

#[test]
fn a_whole_message_is_a_slice_unless_it_is_tiny() {
    let mut reader = reader();
    reader.set_chunk_size(1 << 16);
    let big = [&b"\x04\0\0\0\0\x08\0\x09\x01\0\0\0"[..], &[7; 2048]].concat();
    let mut input = Bytes::from(big);
    let range = input.as_ptr_range();
    let message = reader.next_message(&mut input).unwrap().unwrap().message;
    assert!(range.contains(&message.payload.as_ptr()));

    let mut input = Bytes::from([&type0(0, 10)[..], &[7; 10]].concat());
    let range = input.as_ptr_range();
    let message = reader.next_message(&mut input).unwrap().unwrap().message;
    assert!(!range.contains(&message.payload.as_ptr()));
}

/// Sixteen messages around the point where timestamps need 32 bits, cut into chunks of 16 bytes.
fn long_stream(extended: ExtendedTimestamps) -> (Vec<Message>, Bytes) {
    let mut writer = ChunkWriter::new(HeaderCompression::On, extended);
    writer.set_chunk_size(16);
    let messages: Vec<_> = (0..16_u32)
        .map(|n| Message {
            chunk_stream: ChunkStreamId::new(6).unwrap(),
            kind: MessageType::VIDEO,
            timestamp: RtmpTimestamp(0x00FF_FFFF - 200 + n * 40 + (n / 8) * 0x0100_0000),
            message_stream: MessageStreamId(1),
            // The payload of one message starts like a timestamp would.
            payload: Bytes::from(vec![u8::from(n == 9); 40 + n as usize / 4]),
        })
        .collect();
    for message in &messages {
        writer.write(message);
    }
    (messages, writer.take().unwrap())
}

#[test]
fn extended_timestamps_with_and_without_the_copy_in_type3() {
    for extended in [ExtendedTimestamps::Repeated, ExtendedTimestamps::LeftOut] {
        let (messages, bytes) = long_stream(extended);
        let mut at_once = reader();
        at_once.set_chunk_size(16);
        assert_eq!(read_all(&mut at_once, &bytes), messages, "{extended:?}");
        let mut reader = reader();
        reader.set_chunk_size(16);
        let single: Vec<_> = bytes.chunks(1).flat_map(|byte| read_all(&mut reader, byte)).collect();
        assert_eq!(single, messages, "{extended:?} byte by byte");
    }
}

#[test]
fn a_type3_copy_may_be_the_absolute_timestamp() {
    let mut reader = reader();
    reader.set_chunk_size(1);
    // Type 0 at 1, then type 1 with an extended delta, then a continuation that repeats 1 + delta.
    let mut bytes = [&type0(1, 1)[..], b"a"].concat();
    bytes.extend(b"\x44\xFF\xFF\xFF\0\0\x02\x08\x01\x00\x00\x00x\xC4\x01\x00\x00\x01y");
    let messages = read_all(&mut reader, &bytes);
    assert_eq!(payloads(&messages), [&b"a"[..], b"xy"]);
    assert_eq!(timestamps(&messages), [1, 0x0100_0001]);
}

#[test]
fn an_extended_delta_below_the_threshold_is_taken_as_it_is() {
    let bytes =
        [&type0(100, 1)[..], b"a\x84\xFF\xFF\xFF\x00\x00\x00\x05b\xC4\x00\x00\x00\x05c"].concat();
    assert_eq!(timestamps(&read_all(&mut reader(), &bytes)), [100, 105, 110]);
}

fn limit_error(reader: &mut ChunkReader, bytes: &[u8]) -> (&'static str, u64, u64) {
    let mut input = Bytes::copy_from_slice(bytes);
    loop {
        match reader.next_message(&mut input) {
            Ok(Some(_)) => {}
            Err(RtmpError::LimitExceeded { what, limit, got, .. }) => return (what, limit, got),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn messages_are_small_before_a_publish() {
    let mut reader = ChunkReader::new(Limits::default(), 0);
    let header = b"\x04\0\0\0\x01\x00\x01\x09\x01\0\0\0";
    assert_eq!(limit_error(&mut reader, header), ("message bytes", 65_536, 65_537));
    reader.set_phase(Phase::Publishing);
    assert_eq!(read_all(&mut reader, header), []);
}

#[test]
fn each_message_type_has_its_limit() {
    let check = |kind: u8, limit: u32| {
        let [_, l0, l1, l2] = (limit + 1).to_be_bytes();
        let header = [0x04, 0, 0, 0, l0, l1, l2, kind, 1, 0, 0, 0];
        assert_eq!(
            limit_error(&mut reader(), &header),
            ("message bytes", limit.into(), u64::from(limit) + 1)
        );
    };
    check(1, 1024);
    check(4, 1024);
    check(8, 1024 * 1024);
    check(15, 256 * 1024);
    check(18, 256 * 1024);
    check(20, 64 * 1024);
    check(99, 256 * 1024);
}

#[test]
fn chunk_streams_are_counted() {
    let bytes: Vec<u8> = (0..65_u8).flat_map(|n| [0, n, 0, 0, 0, 0, 0, 0, 8, 1, 0, 0, 0]).collect();
    assert_eq!(limit_error(&mut reader(), &bytes), ("chunk streams", 64, 65));
}

#[test]
fn unfinished_messages_share_a_budget() {
    let mut reader = ChunkReader::new(Limits::default(), 0);
    let open: Vec<u8> = (10..15_u8)
        .flat_map(|id| [&[id, 0, 0, 0, 0, 0xFF, 0xFF, 9, 1, 0, 0, 0][..], &[0; 128]].concat())
        .collect();
    let (what, limit, got) = limit_error(&mut reader, &open);
    assert_eq!((what, limit), ("bytes of unfinished messages", 256 * 1024));
    assert!(got > limit);
}

#[test]
fn an_announced_length_does_not_reserve_memory() {
    let mut reader = reader();
    let header = b"\x04\0\0\0\xFF\xFF\xFF\x09\x01\0\0\0";
    read_all(&mut reader, &[&header[..], &[0; 100]].concat());
    assert!(reader.open.as_ref().unwrap().payload.capacity() <= PARTIAL_STEP_BYTES);
}
