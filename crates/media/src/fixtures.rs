//! What real encoders wrote, for the tests of several modules.
//!
//! Made with FFmpeg 5.1 from `-f lavfi -i testsrc2=s=SIZE:r=RATE` and the options named at each
//! constant; records are the MP4 file's sample entries, access units are its samples cut short.

use bytes::Bytes;
use proptest::prelude::*;

/// `-c:v libx264 -profile:v baseline -pix_fmt yuv420p`, 640x360 at 30.
pub(crate) const X264_BASELINE: &str = "0142c01effe100196742c01ed900a02ff970110000030001000003003c0f162e480\
    1000568cb83cb20";
/// `-c:v libx264 -profile:v high -bf 3 -pix_fmt yuv420p`, 1920x1080 at 30.
pub(crate) const X264_HIGH: &str = "01640028ffe1001b67640028acd940780227e5c044000003000400000300f03c60c65801\
    000668ebe3cb22c0fdf8f800";
/// `-c:v libx264 -flags +ildct+ilme -x264-params nal-hrd=cbr:… -pix_fmt yuv422p`, 720x576 at 25.
pub(crate) const X264_INTERLACED_HRD: &str = "017a001effe10023677a001ebcd940b424d808800000030080000019302000\
    7a12000f427261807c50a65801000568fbacb22cfef8f800";
/// `-c:v libx265 -x265-params info=0:open-gop=1 -pix_fmt yuv420p`, 640x360 at 30.
pub(crate) const X265_MAIN: &str = "0101600000009000000000003ff000fcfdf8f800000f03a00001001840010c01ffff0160\
    0000030090000003000003003f959809a10001002a42010101600000030090000003000003003fa00502016965959a4932b\
    c05a020000003002000000303c1a2000100074401c172b46240";
/// `-c:v libx265 -x265-params info=0 -pix_fmt yuv420p10le`, 1920x1080 at 60.
pub(crate) const X265_MAIN_10: &str = "0102200000009000000000007bf000fcfdfafa00000f03a00001001840010c01ffff0\
    2200000030090000003000003007b959809a10001002c42010102200000030090000003000003007ba003c08010e4d96566\
    924caf016808000003000800000301e040a2000100074401c172b46240";
/// `-c:v libsvtav1 -pix_fmt yuv420p`, 640x360 at 30.
pub(crate) const SVT_AV1: &str = "81010c000a0b0000000cc4ff6700be0010";
/// `-c:v libaom-av1 -pix_fmt yuv420p10le`, 320x180 at 30.
pub(crate) const AOM_AV1_10: &str = "81004c000a0b000000043cfeccdaf94040";

/// The bytes of a hexadecimal constant.
pub(crate) fn hex(text: &str) -> Bytes {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect::<Vec<_>>().into()
}

/// NAL units with 4-byte lengths.
pub(crate) fn with_lengths(nals: &[&str]) -> Bytes {
    let mut out = Vec::new();
    for nal in nals.iter().map(|nal| hex(nal)) {
        out.extend(u32::try_from(nal.len()).unwrap().to_be_bytes());
        out.extend_from_slice(&nal);
    }
    out.into()
}

/// Real bytes with up to eight of them replaced, cut short at times: garbage that gets past the first
/// checks.
pub(crate) fn damaged(original: Bytes) -> impl Strategy<Value = Bytes> {
    let len = original.len();
    let edits = proptest::collection::vec((0..len, any::<u8>()), 0..8);
    (edits, 0..=len).prop_map(move |(edits, cut)| {
        let mut bytes = original.to_vec();
        for (at, byte) in edits {
            bytes[at] = byte;
        }
        bytes.truncate(if cut < len / 2 { len } else { cut });
        bytes.into()
    })
}

/// Bytes of any kind.
pub(crate) fn garbage() -> impl Strategy<Value = Bytes> {
    proptest::collection::vec(any::<u8>(), 0..120).prop_map(Bytes::from)
}
