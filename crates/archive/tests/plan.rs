//! Plans against a store that loses answers, forgets uploads, and keeps what it was sent.

use std::collections::BTreeMap;
use std::time::Duration;

use genlock_archive::Stored;
use genlock_archive::checksum::{Verdict, md5_hex, verdict};
use genlock_archive::ledger::{Ledger, Progress, SentPart};
use genlock_archive::limits::PART_BYTES;
use genlock_archive::plan::{Facts, Outcome, Policy, Step, next, part_bytes};
use proptest::prelude::*;

const NEVER: Policy = Policy { let_go_after: None, resumable: true };
const AFTER_A_MINUTE: Policy =
    Policy { let_go_after: Some(Duration::from_secs(60)), resumable: true };

/// What a store holds, by sizes: the bytes of a file are all its number.
#[derive(Debug, Default)]
struct Store {
    objects: BTreeMap<u32, Vec<(u64, String)>>,
    uploads: BTreeMap<String, (u32, Vec<(u64, String)>)>,
    index: Option<u64>,
    begun: u32,
}

fn sum(file: u32, offset: u64, bytes: u64) -> String {
    md5_hex(format!("{file} {offset} {bytes}").as_bytes())
}

impl Store {
    fn perform(&mut self, step: &Step, facts: &Facts) -> Outcome {
        match step {
            Step::Put { file, bytes, .. } => {
                let md5 = sum(*file, 0, *bytes);
                self.objects.insert(*file, vec![(*bytes, md5.clone())]);
                Outcome::Sent(vec![SentPart { etag: String::new(), md5 }])
            }
            Step::Begin { file, .. } => {
                self.begun += 1;
                let name = format!("upload {}", self.begun);
                self.uploads.insert(name.clone(), (*file, Vec::new()));
                Outcome::Begun(name)
            }
            Step::Part { file, upload, part, offset, bytes } => {
                let Some((of, parts)) = self.uploads.get_mut(upload) else { return Outcome::Lost };
                assert_eq!(of, file);
                let md5 = sum(*file, *offset, *bytes);
                parts.truncate(*part);
                assert_eq!(parts.len(), *part, "a part is missing");
                parts.push((*bytes, md5.clone()));
                Outcome::PartSent(SentPart { etag: md5.clone(), md5 })
            }
            Step::Complete { upload, .. } => match self.uploads.remove(upload) {
                Some((file, parts)) => {
                    self.objects.insert(file, parts);
                    Outcome::Done
                }
                None => Outcome::Lost,
            },
            Step::Verify { file, bytes, parts, .. } => {
                let there = self.objects.get(file);
                let same = there.is_some_and(|there| {
                    there.iter().map(|(bytes, _)| bytes).sum::<u64>() == *bytes
                        && there.iter().map(|(_, md5)| md5).eq(parts.iter().map(|part| &part.md5))
                });
                if same { Outcome::Done } else { Outcome::Lost }
            }
            Step::Abort { upload, .. } => {
                self.uploads.remove(upload);
                Outcome::Done
            }
            Step::PutIndex => {
                self.index = Some(facts.index_bytes);
                Outcome::IndexSent { bytes: facts.index_bytes }
            }
            Step::LetGo { .. } => Outcome::Done,
            Step::Rest(_) => unreachable!("nothing is to be done"),
        }
    }
}

fn facts(files: &[(u32, u64)], over: bool) -> Facts {
    Facts { files: files.iter().copied().collect(), over, index_bytes: 100, recut: false }
}

/// Does what is to be done until there is nothing, and tells the steps.
fn run(ledger: &mut Ledger, facts: &mut Facts, policy: Policy, now: i64) -> Vec<Step> {
    let (mut store, mut steps) = (Store::default(), Vec::new());
    loop {
        let step = next(ledger, facts, policy, now);
        if matches!(step, Step::Rest(_)) {
            return steps;
        }
        let outcome = store.perform(&step, facts);
        ledger.apply(&step, outcome, now);
        if let Step::LetGo { file } = step {
            facts.files.remove(&file);
        }
        steps.push(step);
        assert!(steps.len() < 100, "{steps:?}");
    }
}

#[test]
fn a_small_file_goes_in_one_piece_and_a_large_one_in_parts() {
    let mut ledger = Ledger::new("s3://b");
    let mut whole = facts(&[(1, 10), (2, 2 * PART_BYTES + 1)], true);
    let steps = run(&mut ledger, &mut whole, NEVER, 0);
    let kinds: Vec<&str> = steps
        .iter()
        .map(|step| match step {
            Step::Put { .. } => "put",
            Step::Begin { .. } => "begin",
            Step::Part { .. } => "part",
            Step::Complete { .. } => "complete",
            Step::Verify { .. } => "verify",
            Step::PutIndex => "index",
            _ => "other",
        })
        .collect();
    let large = ["begin", "part", "part", "part", "complete", "verify"];
    assert_eq!(kinds, [["put", "verify"].as_slice(), &large, &["index"]].concat());
    assert_eq!(ledger.stored(&whole), Stored::Both);
    assert_eq!(ledger.bytes(), 2 * PART_BYTES + 11);
}

#[test]
fn a_file_that_is_still_written_stays_here() {
    let mut ledger = Ledger::new("s3://b");
    let mut open = facts(&[(1, 10), (2, 20)], false);
    run(&mut ledger, &mut open, NEVER, 0);
    assert_eq!(ledger.files.keys().copied().collect::<Vec<_>>(), [1]);
    assert_eq!(ledger.stored(&open), Stored::Uploading);
    // Its index is there as far as the file goes, and again when the recording is over.
    assert_eq!(ledger.index.unwrap().files, 1);
    let mut over = Facts { over: true, index_bytes: 200, ..open };
    run(&mut ledger, &mut over, NEVER, 0);
    assert_eq!((ledger.index.unwrap().bytes, ledger.stored(&over)), (200, Stored::Both));
}

#[test]
fn a_file_is_let_go_when_it_was_verified_for_long_enough() {
    let mut ledger = Ledger::new("s3://b");
    let mut whole = facts(&[(1, 10), (2, 20)], true);
    run(&mut ledger, &mut whole, AFTER_A_MINUTE, 1_000);
    assert_eq!(next(&ledger, &whole, AFTER_A_MINUTE, 1_000), Step::Rest(Some(61_000)));
    run(&mut ledger, &mut whole, AFTER_A_MINUTE, 61_000);
    assert_eq!((ledger.gone(), ledger.stored(&whole)), (2, Stored::Remote));
    assert_eq!(next(&ledger, &whole, AFTER_A_MINUTE, 70_000), Step::Rest(None));

    let mut recut = Facts { recut: true, ..facts(&[(1, 10)], true) };
    let mut ledger = Ledger::new("s3://b");
    run(&mut ledger, &mut recut, AFTER_A_MINUTE, 61_000);
    assert_eq!(ledger.stored(&recut), Stored::Both);
}

#[test]
fn a_recut_without_media_of_its_own_is_its_index() {
    let mut ledger = Ledger::new("s3://b");
    let mut recut = Facts { recut: true, ..facts(&[], true) };
    assert_eq!(ledger.stored(&recut), Stored::Local);
    assert_eq!(run(&mut ledger, &mut recut, NEVER, 0), [Step::PutIndex]);
    assert_eq!(ledger.stored(&recut), Stored::Both);
}

#[test]
fn an_upload_of_a_file_that_has_changed_is_given_up() {
    let mut ledger = Ledger::new("s3://b");
    let long = facts(&[(1, 3 * PART_BYTES)], true);
    let mut store = Store::default();
    for _ in 0..2 {
        let step = next(&ledger, &long, NEVER, 0);
        let outcome = store.perform(&step, &long);
        ledger.apply(&step, outcome, 0);
    }
    let shorter = facts(&[(1, 2 * PART_BYTES)], true);
    let step = next(&ledger, &shorter, NEVER, 0);
    assert_eq!(step, Step::Abort { file: 1, upload: "upload 1".to_owned() });
    let outcome = store.perform(&step, &shorter);
    ledger.apply(&step, outcome, 0);
    assert!(
        matches!(next(&ledger, &shorter, NEVER, 0), Step::Begin { bytes, .. } if bytes == 2 * PART_BYTES)
    );
}

#[test]
fn the_largest_file_has_no_more_parts_than_a_store_takes() {
    assert_eq!((part_bytes(1), part_bytes(4 << 30)), (PART_BYTES, PART_BYTES));
    for bytes in [70u64 << 30, 1 << 40, 5 << 40] {
        let part = part_bytes(bytes);
        assert!(part.is_multiple_of(1 << 20) && bytes.div_ceil(part) <= 10_000, "{bytes}");
    }
}

#[test]
fn a_ledger_reads_as_it_was_written() {
    let mut ledger = Ledger::new("s3://b/p");
    let mut open = facts(&[(1, 10), (2, 3 * PART_BYTES), (3, 1)], false);
    run(&mut ledger, &mut open, NEVER, 7);
    let text = serde_json::to_string(&ledger).unwrap();
    assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), ledger);
}

#[test]
fn a_name_of_several_parts_is_believed_only_for_these_parts() {
    let parts = [b"a", b"b"].map(|bytes| SentPart { etag: String::new(), md5: md5_hex(bytes) });
    assert_eq!(verdict(Some("\"x-2\""), &parts), Verdict::Silent);
}

/// What may happen at a step.
#[derive(Debug, Clone, Copy)]
enum Luck {
    /// It is done, and written down.
    Good,
    /// The store cannot be reached.
    Unreachable,
    /// It is done, and the server is killed before that is written down.
    Killed,
    /// The store has forgotten all uploads.
    Forgotten,
}

fn luck() -> impl Strategy<Value = Luck> {
    prop_oneof![
        5 => Just(Luck::Good),
        1 => Just(Luck::Unreachable),
        1 => Just(Luck::Killed),
        1 => Just(Luck::Forgotten),
    ]
}

proptest! {
    /// Whatever happens, in the end the store has every file as it is, and no upload that the ledger knows of is left. Of those
    /// whose begin was not written down, a kill each.
    #[test]
    fn in_the_end_the_store_has_everything(
        sizes in prop::collection::vec(1u64..4 * PART_BYTES, 1..4),
        luck in prop::collection::vec(luck(), 0..60),
    ) {
        let files: Vec<(u32, u64)> = (1..).zip(sizes).collect();
        let whole = facts(&files, true);
        let (mut ledger, mut store) = (Ledger::new("s3://b"), Store::default());
        let mut killed = 0;
        for luck in luck.into_iter().chain(std::iter::repeat_n(Luck::Good, 200)) {
            let step = next(&ledger, &whole, NEVER, 0);
            if matches!(step, Step::Rest(_)) {
                break;
            }
            match luck {
                Luck::Good => {
                    let outcome = store.perform(&step, &whole);
                    ledger.apply(&step, outcome, 0);
                }
                Luck::Unreachable => {}
                Luck::Killed => {
                    killed += usize::from(matches!(step, Step::Begin { .. }));
                    store.perform(&step, &whole);
                }
                Luck::Forgotten => store.uploads.clear(),
            }
        }
        prop_assert_eq!(next(&ledger, &whole, NEVER, 0), Step::Rest(None));
        prop_assert_eq!(ledger.stored(&whole), Stored::Both);
        for (number, bytes) in files {
            let there: u64 = store.objects[&number].iter().map(|(bytes, _)| bytes).sum();
            prop_assert_eq!(there, bytes);
            let verified = matches!(ledger.files[&number].progress, Progress::Verified { .. });
            prop_assert!(verified);
        }
        prop_assert!(ledger.uploads().next().is_none());
        prop_assert!(store.uploads.len() <= killed);
        prop_assert_eq!(store.index, Some(100));
    }
}
