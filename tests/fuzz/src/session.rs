//! A publisher's connection and the application behind it: any split of the bytes gives the same events, an error is
//! final, what is sent back is bounded.

use std::time::{Duration, Instant};

use bytes::Bytes;
use genlock_rtmp::amf0::{Object, Value, encode_all};
use genlock_rtmp::chunk::{ChunkWriter, ExtendedTimestamps, HeaderCompression};
use genlock_rtmp::limits::TRANSMIT_BYTES_MAX;
use genlock_rtmp::message::{Message, MessageType};
use genlock_rtmp::{
    ChunkStreamId, EndReason, MessageStreamId, PublishId, RejectCode, RtmpError, RtmpTimestamp,
    ServerConfig, ServerEvent, ServerSession,
};

use crate::choices::{Choices, pieces};

/// Most operations of one input: more only make it slow.
const OPERATIONS_MAX: usize = 64;

/// One thing that the peer or the application does.
#[derive(Debug)]
enum Operation {
    Bytes(Bytes),
    Answer { accept: bool },
    EndPublish,
    AskToReconnect,
    Wait(Duration),
    Close,
}

/// `length of the pieces, operations`.
pub(crate) fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let length = usize::from(choices.u8());
    let operations = operations(choices);
    let whole = play(&operations, usize::MAX);
    assert_eq!(whole, play(&operations, length), "another split, another story");
}

/// The publisher's bytes are written once, whichever way they are cut afterwards.
fn operations(mut choices: Choices<'_>) -> Vec<Operation> {
    let mut writer = ChunkWriter::new(
        choices.pick(&[HeaderCompression::On, HeaderCompression::Off]),
        choices.pick(&[ExtendedTimestamps::Repeated, ExtendedTimestamps::LeftOut]),
    );
    let mut operations = Vec::new();
    while !choices.is_empty() && operations.len() < OPERATIONS_MAX {
        match choices.below(12) {
            0 => operations.push(Operation::Bytes(Bytes::copy_from_slice(choices.chunk()))),
            1 => operations.push(Operation::Answer { accept: false }),
            2 | 3 => operations.push(Operation::Answer { accept: true }),
            4 => operations.push(Operation::EndPublish),
            5 => operations.push(Operation::AskToReconnect),
            6 => operations.push(Operation::Wait(Duration::from_millis(choices.u16().into()))),
            7 => operations.push(Operation::Close),
            8 => {
                let size = u32::from(choices.u16());
                writer.write(&message(2, 0, MessageType::SET_CHUNK_SIZE, 0, &size.to_be_bytes()));
                writer.set_chunk_size(size);
            }
            9 => {
                let body = command(&mut choices);
                let stream = u32::from(choices.u8() % 4);
                writer.write(&message(3, stream, MessageType::COMMAND_AMF0, 0, &body));
            }
            _ => {
                let chunk_stream = choices.pick(&[4, 6, 2, 3, 64, 319, 320, 65_599]);
                let stream = u32::from(choices.u8() % 4);
                let kind =
                    MessageType(choices.pick(&[9, 8, 18, 15, 17, 20, 22, 1, 2, 3, 4, 5, 6, 77]));
                let timestamp = choices.u32();
                writer.write(&message(chunk_stream, stream, kind, timestamp, choices.chunk()));
            }
        }
        if let Some(bytes) = writer.take() {
            operations.push(Operation::Bytes(bytes));
        }
    }
    operations
}

fn message(
    chunk_stream: u32,
    stream: u32,
    kind: MessageType,
    timestamp: u32,
    body: &[u8],
) -> Message {
    Message {
        chunk_stream: ChunkStreamId::new(chunk_stream).expect("one of the ids above"),
        kind,
        timestamp: RtmpTimestamp(timestamp),
        message_stream: MessageStreamId(stream),
        payload: Bytes::copy_from_slice(body),
    }
}

fn command(choices: &mut Choices<'_>) -> Vec<u8> {
    const NAMES: [&str; 13] = [
        "connect",
        "createStream",
        "publish",
        "releaseStream",
        "FCPublish",
        "FCUnpublish",
        "deleteStream",
        "closeStream",
        "play",
        "_checkbw",
        "getStreamLength",
        "onStatus",
        "vendor",
    ];
    let mut values = vec![Value::from(choices.pick(&NAMES)), Value::Number(choices.u8().into())];
    for _ in 0..choices.below(4) {
        values.push(match choices.below(6) {
            0 => Value::Null,
            1 => Value::from("secret?token=1"),
            2 => Value::Number(choices.u8().into()),
            3 => Value::from(String::from_utf8_lossy(choices.chunk()).as_ref()),
            4 => Object::new().with("app", "live").with("tcUrl", "rtmp://localhost/live").into(),
            _ => Object::new()
                .with("app", "live")
                .with("objectEncoding", f64::from(choices.u8()))
                .with("fourCcList", Value::StrictArray(vec!["hvc1".into()]))
                .with("capsEx", f64::from(choices.u8()))
                .into(),
        });
    }
    encode_all(&values).to_vec()
}

/// What is seen of a session.
#[derive(Debug, Default, PartialEq)]
struct Story {
    events: Vec<ServerEvent>,
    error: Option<String>,
    ignored: u64,
    closes: bool,
}

/// The application: what it has been asked, and what it has let start.
struct Application {
    session: ServerSession,
    now: Instant,
    connect: bool,
    publish: Option<PublishId>,
    running: Vec<PublishId>,
    story: Story,
}

fn play(operations: &[Operation], piece: usize) -> Story {
    let now = Instant::now();
    let mut session = ServerSession::new(ServerConfig::default(), now, [9; 1528]);
    let hello = [&[3][..], &[0; 2 * 1536]].concat();
    session.handle_bytes(now, hello.into()).expect("a plain handshake is accepted");
    while session.poll_transmit().is_some() {}
    let mut application = Application {
        session,
        now,
        connect: false,
        publish: None,
        running: Vec::new(),
        story: Story::default(),
    };
    for operation in operations {
        application.perform(operation, piece);
    }
    let Application { session, mut story, .. } = application;
    story.ignored = session.ignored_messages();
    story.closes = session.should_close();
    assert!(story.error.is_none() || story.closes, "an error is final");
    story
}

impl Application {
    fn perform(&mut self, operation: &Operation, piece: usize) {
        match operation {
            Operation::Bytes(bytes) => {
                for piece in pieces(bytes, &[piece.min(bytes.len())]) {
                    let read = self.session.handle_bytes(self.now, Bytes::copy_from_slice(piece));
                    self.after(read);
                }
            }
            Operation::Answer { accept } => {
                let answered = self.answer(*accept);
                self.after(answered);
            }
            Operation::EndPublish => {
                if let Some(id) = self.running.pop() {
                    let ended = self.session.end_publish(id, EndReason::Rejected, "no");
                    self.after(ended);
                }
            }
            Operation::AskToReconnect => {
                self.session.request_reconnect(Some("rtmp://localhost/live"));
                self.after(Ok(()));
            }
            Operation::Wait(time) => {
                self.now += *time;
                let waited = self.session.handle_timeout(self.now);
                self.after(waited);
            }
            Operation::Close => {
                let ended = self.session.handle_end();
                self.after(ended);
            }
        }
    }

    fn answer(&mut self, accept: bool) -> Result<(), RtmpError> {
        if std::mem::take(&mut self.connect) {
            return match accept {
                true => self.session.accept_connect(self.now),
                false => self.session.reject_connect("no such app"),
            };
        }
        let Some(id) = self.publish.take() else { return Ok(()) };
        if !accept {
            return self.session.reject_publish(id, RejectCode::BadName, "not you");
        }
        self.running.push(id);
        self.session.accept_publish(self.now, id)
    }

    /// Drains the session as its contract asks.
    fn after(&mut self, result: Result<(), RtmpError>) {
        while let Some(event) = self.session.poll_event() {
            match &event {
                ServerEvent::ConnectRequested(_) => self.connect = true,
                ServerEvent::PublishRequested(request) => self.publish = Some(request.id),
                ServerEvent::PublishEnded { id } => self.running.retain(|running| running != id),
                _ => {}
            }
            self.story.events.push(event);
        }
        if let Err(error) = result {
            assert!(!matches!(error, RtmpError::ApiMisuse { .. }), "{error}");
            self.story.error.get_or_insert_with(|| error.to_string());
        }
        let sent: usize =
            std::iter::from_fn(|| self.session.poll_transmit()).map(|b| b.len()).sum();
        assert!(sent <= TRANSMIT_BYTES_MAX + 4096, "{sent} bytes of replies");
        if self.session.should_close() {
            // Nothing that was asked or let start outlives the connection.
            (self.connect, self.publish) = (false, None);
            self.running.clear();
        }
    }
}
