//! Time of each stage: `cargo bench -p genlock-micro --bench times`. Two seconds of one camera unless it says otherwise.

use divan::Bencher;
use divan::counter::BytesCount;
use genlock_micro::{camera, stages};
use genlock_packager::Encoding;

fn main() {
    divan::main();
}

/// Bytes of what one camera sends in two seconds.
fn media_bytes() -> BytesCount {
    let bytes: usize = camera::samples(2).iter().map(|(_, sample)| sample.payload.len()).sum();
    BytesCount::new(bytes)
}

#[divan::bench]
fn chunk_reader(bencher: Bencher<'_, '_>) {
    let pieces = camera::wire(2);
    bencher.counter(media_bytes()).bench(|| stages::read_chunks(&pieces));
}

#[divan::bench]
fn flv_demux(bencher: Bencher<'_, '_>) {
    let messages = camera::messages(2);
    bencher.counter(media_bytes()).bench(|| stages::demux(&messages));
}

#[divan::bench]
fn feed_push_and_read(bencher: Bencher<'_, '_>) {
    let samples = camera::samples(2);
    bencher.bench(|| stages::pass_through_feed(&samples));
}

#[divan::bench]
fn planner(bencher: Bencher<'_, '_>) {
    let syncs = stages::sync_times();
    bencher.bench(|| stages::plan_a_cut(&syncs));
}

#[divan::bench(name = "splicer, 10 s of two cameras with four takes")]
fn splicer(bencher: Bencher<'_, '_>) {
    let samples = camera::samples(10);
    bencher.bench(|| stages::splice(&samples));
}

#[divan::bench(name = "cmaf_part, 0.5 s")]
fn cmaf_part(bencher: Bencher<'_, '_>) {
    let (video, audio) = (camera::pictures(0, 15), camera::access_units(0, 23));
    bencher.bench(|| stages::mux_cmaf(&video, &audio));
}

#[divan::bench]
fn ts_segment(bencher: Bencher<'_, '_>) {
    let (video, audio) = (camera::pictures(0, 60), camera::access_units(0, 94));
    bencher.counter(media_bytes()).bench(|| stages::mux_ts(&video, &audio));
}

#[divan::bench(name = "packager, 10 s")]
fn packager(bencher: Bencher<'_, '_>) {
    let samples = camera::samples(10);
    bencher.bench(|| stages::package(&samples));
}

#[divan::bench(args = [Encoding::Identity, Encoding::Gzip])]
fn playlist(bencher: Bencher<'_, '_>, encoding: Encoding) {
    let samples = camera::samples(20);
    bencher
        .with_inputs(|| stages::package(&samples))
        .bench_values(|snapshot| stages::render(&snapshot, encoding));
}
