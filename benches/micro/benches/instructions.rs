//! Instructions of each stage under callgrind: `cargo xtask instructions`. Two seconds of one camera unless it says
//! otherwise. The counts do not depend on what else runs on the machine.

#![allow(
    missing_docs,
    clippy::exit,
    reason = "what the macros make has no documentation and exits"
)]

use std::hint::black_box;

use bytes::Bytes;
use genlock_media::{EventTime, Sample};
use genlock_micro::{camera, stages};
use genlock_packager::{Encoding, Snapshot, TimedSample};
use genlock_program::planner::{Plan, SyncTime};
use genlock_rtmp::message::Message;
use gungraun::{library_benchmark, library_benchmark_group, main};
use std::sync::Arc;

#[library_benchmark]
#[bench::two_seconds(camera::wire(2))]
fn chunk_reader(pieces: Vec<Bytes>) -> usize {
    black_box(stages::read_chunks(&pieces))
}

#[library_benchmark]
#[bench::two_seconds(camera::messages(2))]
fn flv_demux(messages: Vec<Message>) -> usize {
    black_box(stages::demux(&messages))
}

#[library_benchmark]
#[bench::two_seconds(camera::samples(2))]
fn feed_push_and_read(samples: Vec<(EventTime, Sample)>) -> usize {
    black_box(stages::pass_through_feed(&samples))
}

#[library_benchmark]
#[bench::instant(stages::sync_times())]
fn planner(syncs: Vec<SyncTime>) -> Plan {
    black_box(stages::plan_a_cut(&syncs))
}

#[library_benchmark]
#[bench::ten_seconds_of_two_cameras_with_four_takes(camera::samples(10))]
fn splicer(samples: Vec<(EventTime, Sample)>) -> u64 {
    black_box(stages::splice(&samples))
}

#[library_benchmark]
#[bench::half_a_second(camera::pictures(0, 15), camera::access_units(0, 23))]
fn cmaf_part(video: Vec<TimedSample>, audio: Vec<TimedSample>) -> usize {
    black_box(stages::mux_cmaf(&video, &audio))
}

#[library_benchmark]
#[bench::two_seconds(camera::pictures(0, 60), camera::access_units(0, 94))]
fn ts_segment(video: Vec<TimedSample>, audio: Vec<TimedSample>) -> usize {
    black_box(stages::mux_ts(&video, &audio))
}

#[library_benchmark]
#[bench::ten_seconds(camera::samples(10))]
fn packager(samples: Vec<(EventTime, Sample)>) -> Arc<Snapshot> {
    black_box(stages::package(&samples))
}

#[library_benchmark]
#[bench::identity(stages::package(&camera::samples(20)), Encoding::Identity)]
#[bench::gzip(stages::package(&camera::samples(20)), Encoding::Gzip)]
fn playlist(snapshot: Arc<Snapshot>, encoding: Encoding) -> usize {
    black_box(stages::render(&snapshot, encoding))
}

library_benchmark_group!(
    name = hot_path;
    benchmarks = chunk_reader, flv_demux, feed_push_and_read, planner, splicer, cmaf_part, ts_segment, packager, playlist
);

main!(library_benchmark_groups = hot_path);
