//! Action Message Format: within its bounds, and what was read is written and read again to the same bytes.

use genlock_rtmp::AmfLimits;
use genlock_rtmp::amf0::{AmfFault, decode_all, encode_all};

/// Switches one value of AMF0 to AMF3.
const AVMPLUS_OBJECT: u8 = 0x11;

/// A message body in AMF0.
pub(crate) fn amf0(input: &[u8]) {
    check(input);
}

/// One value in AMF3, and AMF0 behind it.
pub(crate) fn amf3(input: &[u8]) {
    check(&[&[AVMPLUS_OBJECT], input].concat());
}

fn check(body: &[u8]) {
    let limits = AmfLimits::default();
    let Ok(values) = decode_all(body, limits) else { return };
    assert!(values.len() <= limits.elements);
    let written = encode_all(&values);
    match decode_all(&written, limits) {
        // Text that is no UTF-8 is replaced by longer text, which may pass the bound of a string.
        Err(error) => assert!(matches!(error.fault, AmfFault::StringTooLong(_)), "{error}"),
        // Bytes rather than values: a number may be no number, which equals nothing.
        Ok(again) => assert_eq!(encode_all(&again), written),
    }
}
