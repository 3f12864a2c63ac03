//! Access units as messages carry them: NAL units with lengths, OBUs, Opus packets.

use bytes::Bytes;
use genlock_media::nal::LENGTH_SIZE;
use genlock_media::{av1, avc, hevc, opus};

use crate::choices::Choices;

/// `codec, bytes of a length, access unit`.
pub(crate) fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let codec = choices.below(4);
    let length_size = choices.pick(&[LENGTH_SIZE, 1, 2, 3]);
    let payload = Bytes::copy_from_slice(choices.rest());
    match codec {
        0 => check_avc(&payload, length_size),
        1 => check_hevc(&payload, length_size),
        2 => check_av1(&payload),
        _ => {
            // RFC 6716 §3.4: a packet is 120 ms long at most.
            assert!(opus::packet_duration(&payload).is_none_or(|ticks| ticks <= 5_760));
        }
    }
}

/// What was taken as an access unit is one, with four-byte lengths, and holds no parameter sets any more.
fn check_avc(payload: &Bytes, length_size: usize) {
    let Ok(unit) = avc::access_unit(payload, length_size) else { return };
    let again =
        avc::access_unit(&unit.payload, LENGTH_SIZE).expect("what was taken is taken again");
    assert_eq!((&again.payload, again.parameter_sets.len()), (&unit.payload, 0));
    assert_eq!((again.dependency, again.recovery_point), (unit.dependency, unit.recovery_point));
    bounded(payload, &unit.payload, &unit.parameter_sets);
}

fn check_hevc(payload: &Bytes, length_size: usize) {
    let Ok(unit) = hevc::access_unit(payload, length_size) else { return };
    let again =
        hevc::access_unit(&unit.payload, LENGTH_SIZE).expect("what was taken is taken again");
    assert_eq!((&again.payload, again.parameter_sets.len()), (&unit.payload, 0));
    assert_eq!((again.dependency, again.irap), (unit.dependency, unit.irap));
    bounded(payload, &unit.payload, &unit.parameter_sets);
}

fn check_av1(payload: &Bytes) {
    let Ok(unit) = av1::temporal_unit(payload) else { return };
    // Without its sequence header a unit of a still picture is another one.
    if unit.parameter_sets.is_empty() {
        let again = av1::temporal_unit(&unit.payload).expect("what was taken is taken again");
        assert_eq!((&again.payload, again.dependency), (&unit.payload, unit.dependency));
    }
    bounded(payload, &unit.payload, &unit.parameter_sets);
}

/// Nothing is made up: at most three bytes more for each length that grew.
fn bounded(input: &Bytes, output: &Bytes, sets: &[Bytes]) {
    let out: usize = output.len() + sets.iter().map(Bytes::len).sum::<usize>();
    assert!(out <= 4 * input.len() + 8 * sets.len(), "{out} bytes out of {}", input.len());
}
