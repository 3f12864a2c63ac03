//! The protocol below commands: chunks both ways, chunk size, abort, acknowledgement, window, ping.
//! Both sessions stand on it.

use bytes::Bytes;

use crate::chunk::{ChunkReader, ChunkWriter, Phase, Received};
use crate::error::{RtmpError, WirePosition};
use crate::limits::Limits;
use crate::message::control::{self, Control};
use crate::message::{Message, MessageType};

#[derive(Debug)]
pub(crate) struct Link {
    reader: ChunkReader,
    writer: ChunkWriter,
    transmit_bytes_max: usize,
    /// Our window, for peers that ask by Set Peer Bandwidth.
    own_window: u32,
    /// After how many bytes the peer wants an acknowledgement.
    peer_window: u32,
    acknowledged: u64,
}

impl Link {
    pub(crate) fn new(limits: &Limits, writer: ChunkWriter, window: u32, position: u64) -> Self {
        Self {
            reader: ChunkReader::new(limits.clone(), position),
            writer,
            transmit_bytes_max: limits.transmit_bytes,
            own_window: window,
            // Until the peer names its own. Some encoders never do but wait for acknowledgements.
            peer_window: window,
            acknowledged: 0,
        }
    }

    /// The next message that is not about the protocol itself, or `None` once `input` is used up.
    pub(crate) fn next_message(
        &mut self,
        input: &mut Bytes,
    ) -> Result<Option<Received>, RtmpError> {
        while let Some(received) = self.reader.next_message(input)? {
            let Received { message, at } = &received;
            if message.payload.is_empty() {
                // Empty messages of any type happen and mean nothing.
                continue;
            }
            if !message.kind.is_control() {
                return Ok(Some(received));
            }
            self.handle_control(message, *at)?;
        }
        Ok(None)
    }

    /// What the peer has begun and not finished.
    pub(crate) fn unfinished(&self) -> Option<(&'static str, WirePosition)> {
        self.reader.unfinished()
    }

    fn handle_control(&mut self, message: &Message, at: WirePosition) -> Result<(), RtmpError> {
        let control = Control::parse(message.kind, &message.payload)
            .map_err(|fault| RtmpError::Malformed { fault, at })?;
        match control {
            Control::SetChunkSize(size) => self.reader.set_chunk_size(size),
            Control::Abort { chunk_stream } => self.reader.abort(chunk_stream),
            // A window of zero says nothing sensible; the one before stays.
            Control::WindowAckSize(0) | Control::Acknowledgement | Control::OtherEvent => {}
            Control::WindowAckSize(window) => self.peer_window = window,
            Control::SetPeerBandwidth(_) => {
                let window = self.own_window;
                let reply = control::number_message(MessageType::WINDOW_ACK_SIZE, window);
                self.reply(&reply, at)?;
            }
            Control::Ping { timestamp } => self.reply(&control::pong(timestamp), at)?,
        }
        Ok(())
    }

    /// Sends an acknowledgement if the peer's window has been filled since the last one. To be
    /// called once per input: a tiny window must not cost a reply per chunk.
    ///
    /// "This field holds the number of bytes received so far" (RTMP 1.0 §5.4.3), a running total
    /// that wraps.
    pub(crate) fn acknowledge(&mut self, received: u64) {
        if received.saturating_sub(self.acknowledged) < u64::from(self.peer_window) {
            return;
        }
        self.acknowledged = received;
        let [.., a, b, c, d] = received.to_be_bytes();
        let total = u32::from_be_bytes([a, b, c, d]);
        self.writer.write(&control::number_message(MessageType::ACKNOWLEDGEMENT, total));
    }

    pub(crate) fn set_phase(&mut self, phase: Phase) {
        self.reader.set_phase(phase);
    }

    /// Tells the peer a chunk size and uses it from there on.
    pub(crate) fn announce_chunk_size(&mut self, chunk_size: u32) {
        self.writer.write(&control::number_message(MessageType::SET_CHUNK_SIZE, chunk_size));
        self.writer.set_chunk_size(chunk_size);
    }

    /// Sends a message that the application asked for.
    pub(crate) fn send(&mut self, message: &Message) {
        self.writer.write(message);
    }

    pub(crate) fn send_interleaved(&mut self, messages: &[Message]) {
        self.writer.write_interleaved(messages);
    }

    /// Sends a message that the peer caused. A peer that causes many without reading them is cut
    /// off.
    pub(crate) fn reply(&mut self, message: &Message, at: WirePosition) -> Result<(), RtmpError> {
        self.writer.write(message);
        let pending = self.writer.pending();
        if pending > self.transmit_bytes_max {
            return Err(RtmpError::LimitExceeded {
                what: "reply bytes waiting",
                limit: self.transmit_bytes_max as u64,
                got: pending as u64,
                at,
            });
        }
        Ok(())
    }

    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        self.writer.write_raw(bytes);
    }

    pub(crate) fn pending(&self) -> usize {
        self.writer.pending()
    }

    pub(crate) fn take(&mut self) -> Option<Bytes> {
        self.writer.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::{ExtendedTimestamps, HeaderCompression};

    fn writer() -> ChunkWriter {
        ChunkWriter::new(HeaderCompression::Off, ExtendedTimestamps::Repeated)
    }

    fn link() -> Link {
        Link::new(&Limits::default(), writer(), 1000, 0)
    }

    /// Feeds control messages and returns the control messages that come back.
    fn exchange(link: &mut Link, kind: MessageType, body: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let mut writer = writer();
        let message = control::number_message(kind, 0);
        writer.write(&Message { payload: Bytes::copy_from_slice(body), ..message });
        let mut input = writer.take().unwrap();
        assert_eq!(link.next_message(&mut input), Ok(None));
        replies(link)
    }

    fn replies(link: &mut Link) -> Vec<(u8, Vec<u8>)> {
        let mut reader = ChunkReader::new(Limits::default(), 0);
        let mut bytes = link.take().unwrap_or_default();
        let mut replies = Vec::new();
        while let Some(received) = reader.next_message(&mut bytes).unwrap() {
            replies.push((received.message.kind.0, received.message.payload.to_vec()));
        }
        replies
    }

    #[test]
    fn ping_is_answered_with_its_timestamp() {
        let reply = exchange(&mut link(), MessageType::USER_CONTROL, &[0, 6, 1, 2, 3, 4]);
        assert_eq!(reply, [(4, vec![0, 7, 1, 2, 3, 4])]);
    }

    #[test]
    fn peer_bandwidth_is_answered_with_our_window() {
        let reply = exchange(&mut link(), MessageType::SET_PEER_BANDWIDTH, &[0, 0, 0, 9, 2]);
        assert_eq!(reply, [(5, vec![0, 0, 3, 0xE8])]);
    }

    #[test]
    fn acknowledgements_carry_the_running_total_of_the_peers_window() {
        let mut link = link();
        exchange(&mut link, MessageType::WINDOW_ACK_SIZE, &[0, 0, 0, 100]);
        link.acknowledge(99);
        assert_eq!(replies(&mut link), []);
        link.acknowledge(250);
        assert_eq!(replies(&mut link), [(3, vec![0, 0, 0, 250])]);
        link.acknowledge(349);
        assert_eq!(replies(&mut link), []);
        link.acknowledge((1 << 32) + 7);
        assert_eq!(replies(&mut link), [(3, vec![0, 0, 0, 7])]);
    }

    #[test]
    fn a_window_of_zero_changes_nothing() {
        let mut link = link();
        exchange(&mut link, MessageType::WINDOW_ACK_SIZE, &[0; 4]);
        link.acknowledge(999);
        assert_eq!(replies(&mut link), []);
        link.acknowledge(1000);
        assert_eq!(replies(&mut link).len(), 1);
    }

    #[test]
    fn a_ping_flood_ends_in_an_error() {
        let mut link = link();
        let mut writer = writer();
        let ping = control::number_message(MessageType::USER_CONTROL, 0);
        let ping = Message { payload: Bytes::from_static(&[0, 6, 0, 0, 0, 0]), ..ping };
        for _ in 0..20_000 {
            writer.write(&ping);
        }
        let error = link.next_message(&mut writer.take().unwrap()).unwrap_err();
        assert!(matches!(error, RtmpError::LimitExceeded { what: "reply bytes waiting", .. }));
    }
}
