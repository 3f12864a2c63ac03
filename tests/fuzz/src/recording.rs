//! What a power cut may leave of a recording: an index and files whose ends are anything.

use bytes::{BufMut, Bytes, BytesMut};
use genlock_media::EventTime;
use genlock_recorder::index::{Entry, MAGIC, Records, encode};
use genlock_recorder::limits::HELD_SAMPLES_MAX;
use genlock_recorder::media::{fragment_head, read_fragment, read_init, sample_entries};
use genlock_recorder::repair::{MediaFiles, repair, repaired_index};
use genlock_recorder::{Clip, RecordingId, Source, Timeline, playlist};

use crate::choices::Choices;

/// `what, bytes`.
pub(crate) fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    match choices.below(6) {
        0 => check_index(choices.rest()),
        1 => check_index(&framed(choices)),
        2 => check_fragment(choices.rest()),
        3 => {
            drop(read_init(choices.rest()));
            drop(sample_entries(choices.rest()));
        }
        4 => check_repair(choices),
        _ => check_names(choices.rest()),
    }
}

/// An index of records whose lengths and checksums are right, so that what is in them is read.
fn framed(mut choices: Choices<'_>) -> Vec<u8> {
    let mut index = MAGIC.to_vec();
    while !choices.is_empty() {
        let body = choices.chunk();
        index.put_u16(u16::try_from(body.len()).expect("twelve bits of length"));
        index.put_u32(crc32fast::hash(body));
        index.put_slice(body);
    }
    index
}

fn check_index(index: &[u8]) {
    for entry in Records::new(index) {
        // Texts that are too long or no UTF-8 are written as what they are read as, or not at all.
        let written = encoded([entry]);
        assert_eq!(encoded(Records::new(&written)), written);
    }
    let timeline = Timeline::read(index);
    let holes = timeline.holes();
    assert!(holes.iter().all(|hole| hole.from <= hole.to));
    assert!(timeline.stretches(1, 0, u64::MAX).len() <= 2 * index.len() + 1);
    assert_eq!(timeline.span().is_some(), !timeline.fragments().is_empty());
    let bytes = timeline.bytes();
    assert!(timeline.is_recut() || timeline.files().iter().all(|file| file.bytes <= bytes));
    let whole = Clip::whole(&timeline);
    for (clip, is_over) in [(whole.as_ref(), true), (whole.as_ref(), false), (None, true)] {
        assert!(playlist::render(&timeline, clip, is_over).starts_with("#EXTM3U\n"));
    }
    let (from, to) = (EventTime::from_micros(1_000_000), EventTime::from_micros(2_000_000));
    drop(Clip::between(&timeline, from, to));
}

fn encoded(entries: impl IntoIterator<Item = Entry>) -> BytesMut {
    let mut index = BytesMut::from(MAGIC.as_slice());
    entries.into_iter().for_each(|entry| encode(&entry, &mut index));
    index
}

fn check_fragment(bytes: &[u8]) {
    let Some(samples) = read_fragment(bytes) else { return };
    let runs = || samples.video.iter().chain(&samples.audio);
    for run in runs() {
        assert!((1..=2 * HELD_SAMPLES_MAX + 1).contains(&run.samples.len()));
        assert_eq!(run.span().dts, run.dts);
        let most = run.payload_bytes();
        assert!(run.samples.iter().all(|sample| sample.bytes <= most));
    }
    drop(fragment_head(1, &samples));
}

/// Files in memory.
struct Files(Vec<Vec<u8>>);

impl MediaFiles for Files {
    fn bytes(&self, file: u32) -> Option<u64> {
        self.file(file).map(|bytes| bytes.len() as u64)
    }

    fn read(&self, file: u32, offset: u64, length: u32) -> Option<Bytes> {
        let from = usize::try_from(offset).ok()?;
        let to = from.checked_add(usize::try_from(length).ok()?)?;
        self.file(file)?.get(from..to).map(Bytes::copy_from_slice)
    }

    fn is_elsewhere(&self, _file: u32) -> bool {
        false
    }
}

impl Files {
    fn file(&self, number: u32) -> Option<&Vec<u8>> {
        self.0.get(usize::try_from(number).ok()?.checked_sub(1)?)
    }
}

/// Two files and an index: what has been repaired needs no repair.
fn check_repair(mut choices: Choices<'_>) {
    let mut files = Files(vec![choices.chunk().to_vec(), choices.chunk().to_vec()]);
    files.0.retain(|file| !file.is_empty());
    let index = if choices.below(2) == 0 { framed(choices) } else { choices.rest().to_vec() };
    let now = EventTime::from_micros(5_000_000);
    let done = repair(&index, &files, now, 0);
    for (number, bytes) in &done.truncate {
        let at = usize::try_from(*number).expect("a small number") - 1;
        files.0[at].truncate(usize::try_from(*bytes).expect("it has been longer"));
    }
    let index = repaired_index(&index, &done);
    let again = repair(&index, &files, now, 0);
    assert!(again.is_nothing(index.len() as u64), "{done:?} leaves {again:?}");
}

fn check_names(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(id) = RecordingId::parse(&text) {
        assert_eq!(RecordingId::parse(&id.to_string()), Some(id));
        assert!(!text.contains(['/', '\\', '\0']) && !text.contains(".."));
    }
    if let Some((event, name)) = text.split_once('\n')
        && let Some(source) = Source::new(event, name)
    {
        let safe = |name: &str| !name.is_empty() && !name.contains(['/', '.', '\0']);
        assert!(safe(source.event()) && safe(source.name()));
    }
}
