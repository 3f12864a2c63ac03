//! The marker in every access unit: which camera sent it, as which one, and when.
//!
//! It is an SEI message `user_data_unregistered` (ISO/IEC 14496-10 §D.1.7, payload type 5) with a UUID of our own, which
//! servers carry along with the pictures. Its numbers are written seven bits to a byte with the top bit set, and
//! the UUID has no zero byte: emulation prevention (§7.4.1) never touches a marker, so that the same bytes are
//! found in RTMP messages, in MP4 samples and, transport headers removed, in MPEG-TS.
//!
//! ```text
//!  UUID (16) | camera (3) | counter (5) | send time, µs since 1970 (8)
//! ```

/// UUID of our markers. No byte is zero.
const UUID: [u8; 16] = *b"\xE7\x9A\xC4genlock-mark\x01";
const CAMERA_BYTES: usize = 3;
const COUNTER_BYTES: usize = 5;
const TIME_BYTES: usize = 8;
/// Length of a marker with its UUID.
pub(crate) const MARKER_BYTES: usize = UUID.len() + CAMERA_BYTES + COUNTER_BYTES + TIME_BYTES;

/// UUID of the padding that brings a generated stream to its bit rate.
const PADDING_UUID: [u8; 16] = *b"\xE7\x9A\xC4genlock-fill\x01";
const PAYLOAD_USER_DATA_UNREGISTERED: u8 = 5;
const RBSP_STOP: u8 = 0x80;

/// What one access unit says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Marker {
    /// Number of the camera within the run that publishes, from 1.
    pub(crate) camera: u16,
    /// Number of the access unit in sending (decoding) order. 35 bits are carried.
    pub(crate) counter: u64,
    /// When it was handed to the socket, in microseconds since 1970. 56 bits are carried.
    pub(crate) sent_us: u64,
}

impl Marker {
    /// The marker as bytes.
    pub(crate) fn to_bytes(self) -> [u8; MARKER_BYTES] {
        let mut bytes = [0x80; MARKER_BYTES];
        let (uuid, numbers) = bytes.split_at_mut(UUID.len());
        uuid.copy_from_slice(&UUID);
        let (camera, numbers) = numbers.split_at_mut(CAMERA_BYTES);
        let (counter, time) = numbers.split_at_mut(COUNTER_BYTES);
        put_septets(camera, self.camera.into());
        put_septets(counter, self.counter);
        put_septets(time, self.sent_us);
        bytes
    }

    /// Every marker in `bytes`, in order.
    pub(crate) fn find_all(bytes: &[u8]) -> Vec<Self> {
        let mut found = Vec::new();
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| *byte == UUID[0]) {
            rest = &rest[at..];
            match Self::read(rest) {
                Some(marker) => {
                    found.push(marker);
                    rest = &rest[MARKER_BYTES..];
                }
                None => rest = &rest[1..],
            }
        }
        found
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let numbers = bytes.strip_prefix(&UUID)?;
        let (camera, numbers) = numbers.split_at_checked(CAMERA_BYTES)?;
        let (counter, numbers) = numbers.split_at_checked(COUNTER_BYTES)?;
        let (time, _) = numbers.split_at_checked(TIME_BYTES)?;
        Some(Self {
            camera: septets(camera)?.try_into().ok()?,
            counter: septets(counter)?,
            sent_us: septets(time)?,
        })
    }
}

/// Position of the first marker's first byte.
pub(crate) fn position(bytes: &[u8]) -> Option<usize> {
    bytes.windows(UUID.len()).position(|window| window == UUID)
}

/// SEI messages, without NAL unit header: an empty marker and `padding` bytes of padding behind it, or somewhat fewer.
///
/// Padding is a second message because players look into the first; its bytes are random so that nothing on
/// the way can compress them, and never zero.
pub(crate) fn sei_messages(padding: usize, random: &mut crate::random::Random) -> Vec<u8> {
    let marker = Marker { camera: 0, counter: 0, sent_us: 0 };
    let mut out = Vec::with_capacity(padding.saturating_add(64));
    put_message(&mut out, &marker.to_bytes());
    // The message's own type, size bytes and UUID count as padding.
    let overhead = 2 + padding / 255 + PADDING_UUID.len();
    if let Some(fill) = padding.checked_sub(overhead) {
        let mut payload = PADDING_UUID.to_vec();
        payload.resize(PADDING_UUID.len() + fill, 0);
        random.fill(&mut payload[PADDING_UUID.len()..]);
        for byte in &mut payload[PADDING_UUID.len()..] {
            *byte |= 0x01;
        }
        put_message(&mut out, &payload);
    }
    out.push(RBSP_STOP);
    out
}

/// `sei_message()` of §7.3.2.3.1.
fn put_message(out: &mut Vec<u8>, payload: &[u8]) {
    out.push(PAYLOAD_USER_DATA_UNREGISTERED);
    out.resize(out.len() + payload.len() / 255, 0xFF);
    out.push((payload.len() % 255) as u8);
    out.extend_from_slice(payload);
}

fn put_septets(to: &mut [u8], mut value: u64) {
    for byte in to.iter_mut().rev() {
        *byte = 0x80 | (value & 0x7F) as u8;
        value >>= 7;
    }
}

fn septets(bytes: &[u8]) -> Option<u64> {
    bytes.iter().try_fold(0, |value, byte| {
        (byte & 0x80 != 0).then_some((value << 7) | u64::from(byte & 0x7F))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::Random;

    proptest! {
        #[test]
        fn a_marker_survives_among_other_bytes(
            camera: u16,
            counter in 0_u64..1 << 35,
            sent_us in 0_u64..1 << 56,
            before: Vec<u8>,
            after: Vec<u8>,
        ) {
            let marker = Marker { camera, counter, sent_us };
            let bytes = [before.as_slice(), &marker.to_bytes(), &after].concat();
            prop_assert_eq!(Marker::find_all(&bytes), [marker]);
        }

        #[test]
        fn any_bytes_are_searched_without_harm(bytes: Vec<u8>) {
            prop_assert_eq!(Marker::find_all(&bytes), []);
        }
    }

    #[test]
    fn a_cut_marker_is_none() {
        let marker = Marker { camera: 1, counter: 2, sent_us: 3 };
        assert_eq!(Marker::find_all(&marker.to_bytes()[..MARKER_BYTES - 1]), []);
    }

    #[test]
    fn sei_messages_need_no_emulation_prevention_and_have_the_size_asked_for() {
        for padding in [0, 1, 18, 19, 255, 300, 25_000] {
            let sei = sei_messages(padding, &mut Random::new(3));
            assert_eq!(position(&sei), Some(2));
            assert!(!sei.contains(&0), "padding {padding}");
            let bare = 2 + MARKER_BYTES + 1;
            assert!(sei.len() <= bare + padding, "padding {padding}: {}", sei.len());
            assert!(sei.len() + 20 >= bare + padding, "padding {padding}: {}", sei.len());
        }
    }
}
