//! Load harness for any server that takes RTMP and gives HLS.

fn main() {}
