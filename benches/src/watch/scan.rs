//! Markers in what was downloaded, MP4 fragments and MPEG-TS alike.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use crate::marker::Marker;

/// ISO/IEC 13818-1 §2.4.3.2.
const TS_PACKET: usize = 188;
const TS_SYNC: u8 = 0x47;
/// Bodies whose markers are remembered.
const REMEMBERED_MAX: usize = 64;

/// The markers of a part or segment, in decoding order.
pub(crate) fn markers(body: &[u8]) -> Vec<Marker> {
    if !is_transport_stream(body) {
        return Marker::find_all(body);
    }
    let streams = elementary_streams(body);
    streams.values().flat_map(|bytes| Marker::find_all(bytes)).collect()
}

/// Markers by URL. What is published never changes, so one viewer scans for all.
#[derive(Debug, Default)]
pub(crate) struct MarkerCache(RefCell<VecDeque<Remembered>>);

#[derive(Debug)]
struct Remembered {
    url: String,
    len: usize,
    markers: Rc<[Marker]>,
}

impl MarkerCache {
    /// The markers of this body. The length is checked: a body that was cut is scanned for itself.
    pub(crate) fn markers(&self, url: &str, body: &[u8]) -> Rc<[Marker]> {
        let mut remembered = self.0.borrow_mut();
        let known = remembered.iter().rev().find(|known| known.url == url);
        if let Some(known) = known.filter(|known| known.len == body.len()) {
            return Rc::clone(&known.markers);
        }
        let markers: Rc<[Marker]> = markers(body).into();
        if remembered.len() == REMEMBERED_MAX {
            remembered.pop_front();
        }
        let entry = Remembered { url: url.to_owned(), len: body.len(), markers };
        let markers = Rc::clone(&entry.markers);
        remembered.push_back(entry);
        markers
    }
}

fn is_transport_stream(body: &[u8]) -> bool {
    body.len().is_multiple_of(TS_PACKET)
        && body.chunks_exact(TS_PACKET).take(4).all(|packet| packet.first() == Some(&TS_SYNC))
}

/// Packet payloads by packet identifier, adaptation fields removed.
fn elementary_streams(body: &[u8]) -> BTreeMap<u16, Vec<u8>> {
    let mut streams: BTreeMap<u16, Vec<u8>> = BTreeMap::new();
    for packet in body.chunks_exact(TS_PACKET) {
        let [_, high, low, control, field_length, ..] = *packet else { continue };
        let pid = u16::from_be_bytes([high & 0x1F, low]);
        let has_field = control & 0x20 != 0;
        let start = if has_field { 5 + usize::from(field_length) } else { 4 };
        let payload = packet.get(start..).filter(|_| control & 0x10 != 0);
        streams.entry(pid).or_default().extend_from_slice(payload.unwrap_or_default());
    }
    streams
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker(counter: u64) -> Marker {
        Marker { camera: 1, counter, sent_us: 1_790_000_000_000_000 }
    }

    /// Packets of one PID with payloads of `size` bytes, stuffed by adaptation fields.
    fn packets(pid: u16, bytes: &[u8], size: usize) -> Vec<Vec<u8>> {
        let packet = |payload: &[u8]| {
            let field = TS_PACKET - 5 - payload.len();
            let [high, low] = pid.to_be_bytes();
            let mut packet = vec![TS_SYNC, high, low, 0x30, field as u8];
            packet.resize(5 + field, 0xFF);
            packet.extend_from_slice(payload);
            packet
        };
        bytes.chunks(size).map(packet).collect()
    }

    #[test]
    fn a_marker_across_packets_of_two_streams_is_found() {
        let bytes = [marker(1).to_bytes().as_slice(), b"slice", &marker(2).to_bytes()].concat();
        let video = packets(256, &bytes, 7);
        let audio = packets(257, &[9; 100], 7);
        let body: Vec<u8> = video
            .into_iter()
            .zip(audio.into_iter().cycle())
            .flat_map(|(v, a)| [v, a].concat())
            .collect();
        assert_eq!(markers(&body), [marker(1), marker(2)]);
    }

    #[test]
    fn other_bodies_are_searched_as_they_are() {
        let body = [b"moof".as_slice(), &marker(3).to_bytes(), b"x"].concat();
        assert_eq!(markers(&body), [marker(3)]);
        assert_eq!(markers(b""), []);
    }

    #[test]
    fn the_cache_does_not_mistake_a_cut_body_for_the_whole() {
        let body = [marker(1).to_bytes(), marker(2).to_bytes()].concat();
        let cache = MarkerCache::default();
        assert_eq!(cache.markers("a", &body).len(), 2);
        assert_eq!(cache.markers("a", &body[..50]).len(), 1);
        assert_eq!(cache.markers("a", &body).len(), 2);
        for index in 0..2 * REMEMBERED_MAX {
            cache.markers(&index.to_string(), &body);
        }
        assert_eq!(cache.0.borrow().len(), REMEMBERED_MAX);
    }
}
