//! Media files that the disk has let go, read from where a copy is.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use genlock_recorder::recut::AskedClip;
use genlock_recorder::shell::{LEDGER, Remote, Removal, Shelved, media_name};
use genlock_recorder::{Clip, RecorderConfig, Recording, Recut, Stop};

use crate::disk::{Desk, config, wait_for};

/// Objects by name, and how often they were asked for.
#[derive(Debug, Default)]
struct Copies {
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    reads: AtomicUsize,
}

impl Remote for Copies {
    fn read(&self, object: &str, offset: u64, length: u64) -> io::Result<Bytes> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let objects = self.objects.lock().unwrap();
        let object = objects.get(object).ok_or(io::ErrorKind::NotFound)?;
        let at = usize::try_from(offset).unwrap();
        let end = object.len().min(at + usize::try_from(length).unwrap());
        Ok(Bytes::copy_from_slice(&object[at..end]))
    }
}

/// A recording that is over, whose file is a copy alone.
fn let_go(desk: &mut Desk, copies: &Copies) -> Recording {
    desk.push(20);
    desk.wait_fragments(19);
    desk.recorder.stop(&desk.source, Stop::End);
    let over =
        wait_for(|| desk.recordings().pop().filter(|newest| newest.timeline.ended().is_some()));
    let file = over.folder().join(media_name(1));
    let object = format!("wedding/cam/{}/0001.mp4", over.id.began());
    copies.objects.lock().unwrap().insert(object, fs::read(&file).unwrap());
    let shelved = shelved(&over);
    let library = desk.recorder.library();
    assert!(library.write_beside(&shelved, LEDGER, b"{}").unwrap());
    for _ in 0..2 {
        assert!(library.let_go(&shelved, 1).unwrap());
    }
    assert!(!file.exists());
    over
}

fn shelved(recording: &Recording) -> Shelved {
    let Recording { source, id, .. } = recording.clone();
    Shelved { source, id, folder: recording.folder().to_owned() }
}

fn with(copies: &Arc<Copies>, config: RecorderConfig) -> RecorderConfig {
    let remote: Arc<dyn Remote> = Arc::clone(copies) as Arc<dyn Remote>;
    RecorderConfig { remote: Some(remote), ..config }
}

#[test]
fn what_was_let_go_is_used_as_before_and_its_heads_cost_no_request() {
    let (data, copies) = (tempfile::tempdir().unwrap(), Arc::new(Copies::default()));
    let mut desk = Desk::new(with(&copies, config(data.path())));
    let over = let_go(&mut desk, &copies);
    let whole = Clip::whole(&over.timeline).unwrap();
    let movie = over.movie(&whole).unwrap();
    assert_eq!(movie.extents.len(), 1);
    assert!(over.rate().is_ok());
    assert_eq!(copies.reads.load(Ordering::Relaxed), 0, "heads were asked for");

    let (_, picture) = over.sync_sample(over.timeline.fragments()[3].begin).unwrap().unwrap();
    assert!(picture.ends_with(&[0xA5; 5_000]));
    assert_eq!(copies.reads.load(Ordering::Relaxed), 1);
    let media = over.media(1).open().unwrap();
    assert!(!media.is_here());
    let object = copies.objects.lock().unwrap().values().next().unwrap().clone();
    assert_eq!(media.read(10, 100).unwrap(), object[10..110]);
    let end = object.len() as u64;
    assert!(media.read(end - 5, 10).is_err(), "less than was asked for is an error");

    let (from, to) = over.timeline.span().unwrap();
    let clip = AskedClip { name: "all".to_owned(), recording: over.id, from, to };
    let made = desk.recorder.library().recut("wedding", "again", &[clip], desk.clock.now());
    let Recut::Made(recut) = made.unwrap() else { panic!("it was known") };
    assert!(recut.movie(&Clip::whole(&recut.timeline).unwrap()).is_ok());
    desk.recorder.finish();
}

#[test]
fn without_a_store_it_is_an_error_and_not_a_torn_recording() {
    let (data, copies) = (tempfile::tempdir().unwrap(), Arc::new(Copies::default()));
    let mut desk = Desk::new(with(&copies, config(data.path())));
    let over = let_go(&mut desk, &copies);
    desk.recorder.finish();
    // The index is looked at again after a restart: what is missing must not be taken for torn.
    let desk = Desk::at(config(data.path()), 3_700_000);
    wait_for(|| desk.recorder.is_mended().then_some(()));
    let again = desk.recordings().pop().unwrap();
    assert_eq!(again.timeline, over.timeline);
    let error = again.media(1).open().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    desk.recorder.finish();
}

#[test]
fn what_is_removed_here_is_remembered_until_the_store_has_heard_of_it() {
    let (data, copies) = (tempfile::tempdir().unwrap(), Arc::new(Copies::default()));
    let mut desk = Desk::new(with(&copies, config(data.path())));
    let over = let_go(&mut desk, &copies);
    let library = desk.recorder.library();
    let removed = library.remove("wedding", &over.id, "me", desk.clock.now()).unwrap();
    let Removal::Removed(told) = removed else { panic!("it was not removed") };
    assert!(told.bytes > over.timeline.bytes(), "what is elsewhere counts");
    assert!(desk.recordings().is_empty());
    let [removed] = &library.removed().unwrap()[..] else { panic!("one") };
    assert_eq!(removed.objects, format!("wedding/cam/{}", over.id.began()));
    let names: Vec<_> = fs::read_dir(&removed.folder).unwrap().collect();
    assert_eq!(names.len(), 1);
    assert!(removed.folder.join(LEDGER).is_file());
    // Nothing is written for it any more, and no other recording gets its name.
    assert!(!library.write_beside(&shelved(&over), LEDGER, b"{}").unwrap());
    library.forget(removed).unwrap();
    assert!(library.removed().unwrap().is_empty());
    assert!(!data.path().join("recordings/.removed").exists());
    desk.recorder.finish();
}
