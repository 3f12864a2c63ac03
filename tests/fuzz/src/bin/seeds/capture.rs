//! A connection of ffmpeg, received by the server's own session and kept as it came.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};
use bytes::Bytes;
use genlock_rtmp::chunk::{ChunkReader, Phase};
use genlock_rtmp::message::{Message, MessageType};
use genlock_rtmp::{Limits, MediaMessage, ServerConfig, ServerEvent, ServerSession};

/// C0, C1 and C2.
const HANDSHAKE_BYTES: usize = 3_073;

/// What came, and what it says.
pub(crate) struct Capture {
    /// Everything, from the first byte of the handshake on.
    pub(crate) bytes: Vec<u8>,
    /// All messages.
    pub(crate) messages: Vec<Message>,
    /// Where the chunks of the first audio or video message begin, counted behind the handshake.
    pub(crate) media_at: usize,
    /// Audio and video.
    pub(crate) media: Vec<MediaMessage>,
}

/// Three seconds of a tiny picture with B-frames, and a tone.
pub(crate) fn of_ffmpeg() -> Result<Capture> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("rtmp://{}/live/a-key?token=1", listener.local_addr()?);
    let mut ffmpeg = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=s=64x48:r=30",
            "-f",
            "lavfi",
            "-i",
            "sine",
        ])
        .args(["-t", "3", "-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "15"])
        .args([
            "-b:v", "20k", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "24k", "-f", "flv", &url,
        ])
        .stdin(Stdio::null())
        .spawn()
        .context("cannot start ffmpeg")?;
    let (stream, _) = listener.accept()?;
    let received = receive(stream);
    ffmpeg.wait()?;
    let (bytes, media) = received?;
    let (messages, media_at) = messages(bytes.get(HANDSHAKE_BYTES..).context("no handshake")?)?;
    Ok(Capture { bytes, messages, media_at, media })
}

fn receive(mut stream: TcpStream) -> Result<(Vec<u8>, Vec<MediaMessage>)> {
    let now = Instant::now();
    let mut session = ServerSession::new(ServerConfig::default(), now, [9; 1528]);
    let (mut all, mut media, mut buffer) = (Vec::new(), Vec::new(), [0; 65_536]);
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok((all, media));
        }
        all.extend_from_slice(&buffer[..count]);
        session.handle_bytes(now, Bytes::copy_from_slice(&buffer[..count]))?;
        while let Some(event) = session.poll_event() {
            match event {
                ServerEvent::ConnectRequested(_) => session.accept_connect(now)?,
                ServerEvent::PublishRequested(request) => {
                    session.accept_publish(now, request.id)?
                }
                ServerEvent::Media(message) => media.push(message),
                _ => {}
            }
        }
        while let Some(bytes) = session.poll_transmit() {
            stream.write_all(&bytes)?;
        }
    }
}

fn messages(bytes: &[u8]) -> Result<(Vec<Message>, usize)> {
    let mut reader = ChunkReader::new(Limits::default(), 0);
    reader.set_phase(Phase::Publishing);
    let (mut messages, mut media_at) = (Vec::new(), None);
    let mut input = Bytes::copy_from_slice(bytes);
    while let Some(received) = reader.next_message(&mut input)? {
        let message = received.message;
        if message.kind == MessageType::SET_CHUNK_SIZE
            && let Some(size) = message.payload.first_chunk()
        {
            reader.set_chunk_size(u32::from_be_bytes(*size));
        }
        if matches!(message.kind, MessageType::AUDIO | MessageType::VIDEO) {
            media_at.get_or_insert(usize::try_from(received.at.byte)?);
        }
        messages.push(message);
    }
    Ok((messages, media_at.context("no audio and no video")?))
}
