//! Crashes: files and index cut at every byte of their ends, damaged, or gone.

use genlock_media::EventTime;
use genlock_recorder::index::{Entry, Fragment, GapReason, Records, TrackSpan};
use genlock_recorder::repair::{Repair, repair, repaired_index};
use genlock_recorder::{Clip, Rolling, Timeline, playlist};
use proptest::prelude::*;

use crate::support::{Camera, Folder, ZERO_UNIX_MICROS, hevc};

const NOW: EventTime = EventTime::from_millis(9_000_000);

fn recorded() -> Folder {
    let mut camera = Camera::new(Rolling::default());
    camera.run(6_000);
    camera.folder
}

fn mend(folder: &mut Folder) -> Repair {
    let done = repair(&folder.index, folder, NOW, ZERO_UNIX_MICROS);
    folder.index = repaired_index(&folder.index, &done);
    for (file, bytes) in &done.truncate {
        folder.files.get_mut(file).unwrap().truncate(usize::try_from(*bytes).unwrap());
    }
    done
}

/// What is told is there, what is there is told, and another repair finds nothing.
fn check_mended(folder: &Folder) -> Timeline {
    let timeline = folder.timeline();
    for file in timeline.files() {
        assert_eq!(folder.files[&file.number].len() as u64, file.bytes);
    }
    let again = repair(&folder.index, folder, NOW, ZERO_UNIX_MICROS);
    assert!(again.is_nothing(folder.index.len() as u64), "{again:?}");
    timeline
}

/// Fragments that end within the first `bytes` of file 1.
fn whole_within(timeline: &Timeline, bytes: usize) -> usize {
    let ends = |placed: &&genlock_recorder::timeline::Placed| {
        placed.fragment.offset + u64::from(placed.fragment.bytes) <= bytes as u64
    };
    timeline.fragments().iter().filter(ends).count()
}

#[test]
fn nothing_is_done_to_what_is_whole() {
    let folder = recorded();
    let done = repair(&folder.index, &folder, NOW, ZERO_UNIX_MICROS);
    assert!(done.is_nothing(folder.index.len() as u64), "{done:?}");
}

/// A cut within the last two fragments leaves every fragment before it, with and without its record.
#[test]
fn a_file_cut_at_every_byte_of_its_last_two_fragments_keeps_the_others() {
    let whole = recorded();
    let before = whole.timeline();
    let fragments = before.fragments();
    let start = usize::try_from(fragments[fragments.len() - 2].fragment.offset).unwrap();
    let end = whole.files[&1].len();
    let unindexed = {
        let mut records = Records::new(&whole.index);
        let positions: Vec<usize> =
            std::iter::from_fn(|| records.next().map(|_| records.position())).collect();
        positions[positions.len() - 3]
    };
    for cut in start..=end {
        for index_bytes in [whole.index.len(), unindexed] {
            let mut folder = whole.clone();
            folder.files.get_mut(&1).unwrap().truncate(cut);
            folder.index.truncate(index_bytes);
            let done = mend(&mut folder);
            let timeline = check_mended(&folder);
            assert_eq!(timeline.fragments().len(), whole_within(&before, cut), "cut at {cut}");
            assert_eq!(timeline.fragments(), &fragments[..timeline.fragments().len()]);
            let torn = cut as u64 - timeline.bytes();
            let told: u64 = timeline.repairs().iter().map(|repaired| repaired.cut).sum();
            assert_eq!((torn, done.truncate.len()), (told, usize::from(torn > 0)));
        }
    }
}

#[test]
fn an_index_cut_at_every_byte_loses_no_media() {
    let whole = recorded();
    let before = whole.timeline();
    for cut in 0..whole.index.len() {
        let mut folder = whole.clone();
        folder.index.truncate(cut);
        mend(&mut folder);
        let timeline = check_mended(&folder);
        assert_eq!(timeline.fragments(), before.fragments(), "index cut at {cut}");
        assert_eq!(timeline.inits(), before.inits());
        assert!(timeline.began().is_some());
    }
}

#[test]
fn files_that_the_index_has_not_come_to_are_found() {
    let mut camera = Camera::new(Rolling::default());
    camera.run(4_000);
    let told = camera.folder.index.len();
    camera.video = hevc();
    camera.sync_next();
    camera.run(4_000);
    let mut folder = camera.folder;
    let before = folder.timeline();
    folder.index.truncate(told);
    mend(&mut folder);
    let timeline = check_mended(&folder);
    assert_eq!(timeline.files().len(), 2);
    assert_eq!(timeline.fragments(), before.fragments());
    assert_eq!(timeline.inits(), before.inits());
}

#[test]
fn bytes_that_a_power_cut_has_left_zero_are_cut_off() {
    let whole = recorded();
    let before = whole.timeline();
    let last = before.fragments().last().unwrap().fragment;
    let at = usize::try_from(last.offset).unwrap() + last.bytes as usize / 2;
    let mut folder = whole;
    folder.files.get_mut(&1).unwrap()[at..].fill(0);
    mend(&mut folder);
    let timeline = check_mended(&folder);
    let kept = &before.fragments()[..before.fragments().len() - 1];
    assert_eq!(timeline.fragments(), kept);
    assert_eq!(timeline.repairs().len(), 1);
}

#[test]
fn what_was_ended_stays_ended() {
    let mut camera = Camera::new(Rolling::default());
    camera.run(3_000);
    let now = camera.now();
    camera.writer.interrupt(now, GapReason::Paused, 0);
    let mut folder = camera.end();
    mend(&mut folder);
    assert!(check_mended(&folder).ended().is_some());
    assert!(Records::new(&folder.index).any(|entry| matches!(entry, Entry::Ended { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn noise_in_the_place_of_files_is_survived(
        index in proptest::collection::vec(any::<u8>(), 0..200),
        file in proptest::collection::vec(any::<u8>(), 0..400),
        keep in 0usize..9_000,
    ) {
        let mut folder = recorded();
        folder.index.truncate(keep % (folder.index.len() + 1));
        folder.index.extend_from_slice(&index);
        let media = folder.files.get_mut(&1).unwrap();
        media.truncate(keep * 7 % (media.len() + 1));
        media.extend_from_slice(&file);
        mend(&mut folder);
        check_mended(&folder);
    }
}

#[test]
fn an_index_that_tells_of_all_times_and_places_is_read() {
    let mut timeline = recorded().timeline();
    let known = timeline.fragments().first().expect("a fragment").fragment;
    for (dts, offset) in [(i64::MIN, u64::MAX), (i64::MAX, 0), (0, u64::MAX), (i64::MIN, 7)] {
        let video = known.video.map(|span| TrackSpan { dts, ..span });
        timeline.apply(Entry::Fragment(Fragment { offset, video, ..known }));
    }
    let holes = timeline.holes();
    assert!(!holes.is_empty() && holes.iter().all(|hole| hole.from <= hole.to), "{holes:?}");
    let clip = Clip { fragments: 0..timeline.fragments().len(), ..Clip::whole(&timeline).unwrap() };
    assert!(playlist::render(&timeline, Some(&clip), true).ends_with("#EXT-X-ENDLIST\n"));
    assert_eq!(timeline.bytes(), u64::MAX);
}
