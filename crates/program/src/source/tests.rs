//! What is let in of a camera, and at what times.

use std::sync::Arc;

use genlock_feed::{FeedLimits, FeedWriter};
use genlock_media::{Dependency, TrackConfig};

use super::*;
use crate::testing::{sample, video_config};

const LATE_MAX: Duration = Duration::from_millis(1_500);
const FRAME: i64 = 3_000;

struct Rig {
    feed: Feed,
    writer: FeedWriter,
    source: Source,
    config: Arc<TrackConfig>,
}

impl Rig {
    fn new() -> Self {
        // Tests read once, after everything was pushed.
        let feed = Feed::new(FeedLimits { span: Duration::MAX, ..FeedLimits::default() });
        let writer = feed.open(EventTime::ZERO);
        let source = Source::new("a".into(), feed.clone(), Start::Next);
        Self { feed, writer, source, config: video_config(1) }
    }

    /// A picture of 30 fps: places in decode and presentation order. It comes `late` after its
    /// decoding time.
    fn push(&mut self, dependency: Dependency, decoded: i64, shown: i64, late: Duration) {
        let mut picture = sample(&self.config, decoded * FRAME, shown * FRAME + 9_000);
        picture.dependency = dependency;
        let now = picture.dts_time().to_event() + late;
        self.writer.push(now, picture).unwrap();
    }

    fn sync(&mut self, place: i64) {
        self.push(Dependency::Sync, place, place, Duration::ZERO);
    }

    fn inter(&mut self, place: i64) {
        self.push(Dependency::Reference, place, place, Duration::ZERO);
    }

    /// Places, in decode order, of what was let in beyond `edge`.
    fn let_in(&mut self, edge: Option<Edge>) -> Vec<i64> {
        self.source.pull(edge, LATE_MAX);
        let places = self.source.video.iter().map(|held| held.sample.dts / FRAME);
        places.collect()
    }
}

#[test]
fn enters_at_the_first_sync_sample_beyond_the_edge() {
    let mut rig = Rig::new();
    for place in 0..6 {
        if place % 3 == 0 { rig.sync(place) } else { rig.inter(place) }
    }
    let edge = Some(Edge { dts: 2 * FRAME, pts: 2 * FRAME + 9_000 });
    assert_eq!(rig.let_in(edge), [3, 4, 5]);
    assert_eq!(rig.source.missed, 1);
    assert_eq!(rig.source.in_point().map(|held| held.sample.dts), Some(3 * FRAME));
}

#[test]
fn leading_pictures_of_an_open_gop_are_dropped() {
    let mut rig = Rig::new();
    rig.push(Dependency::Sync, 0, 2, Duration::ZERO);
    rig.push(Dependency::Disposable, 1, 0, Duration::ZERO);
    rig.push(Dependency::Disposable, 2, 1, Duration::ZERO);
    rig.push(Dependency::Reference, 3, 3, Duration::ZERO);
    assert_eq!(rig.let_in(None), [0, 3]);
}

#[test]
fn a_new_session_waits_for_its_sync_sample() {
    let mut rig = Rig::new();
    rig.sync(0);
    rig.inter(1);
    rig.writer = rig.feed.open(EventTime::from_millis(60));
    rig.inter(2);
    rig.sync(3);
    assert_eq!(rig.let_in(None), [0, 1, 3]);
}

#[test]
fn a_new_session_in_the_middle_of_a_catch_up_goes_forward() {
    let mut rig = Rig::new();
    rig.source = Source::cached("a".into(), rig.feed.clone(), Start::Next);
    rig.sync(0);
    (1..30).for_each(|place| rig.inter(place));
    let edge = Some(Edge { dts: 30 * FRAME, pts: 30 * FRAME + 9_000 });
    rig.source.pull(edge, LATE_MAX);
    rig.source.enter(31 * FRAME + 9_000, edge);
    // None of it has left when the publisher comes back, with a picture that is shown before the last of it.
    rig.writer = rig.feed.open(EventTime::ZERO);
    rig.sync(32);
    rig.inter(33);
    rig.source.pull(edge, LATE_MAX);
    let times: Vec<_> = rig.source.video.iter().map(|held| held.sample.dts).collect();
    assert!(times.is_sorted_by(|one, next| one < next), "{times:?}");
    assert_eq!(times.last(), Some(&(33 * FRAME)), "the new session is at its own times");
}

#[test]
fn an_in_point_closes_the_hole_of_an_out_point() {
    let shown = |end| {
        let mut rig = Rig::new();
        rig.sync(10);
        rig.let_in(None);
        rig.source.close_hole(end);
        rig.source.video[0].sample.clone()
    };
    let at = 10 * FRAME + 9_000;
    // 271 ms: a sync sample that comes while an instant cut waits for the rest of a mini-GOP.
    let waited = at - 24_418;
    for (end, expect) in
        [(at - 1_000, at - 1_000), (waited, waited), (at, at), (at + 5, at), (0, at)]
    {
        assert_eq!(shown(end).pts(), expect, "end {end}");
        assert_eq!(shown(end).composition_offset, 9_000);
    }
}

#[test]
fn one_picture_has_no_known_end() {
    let mut rig = Rig::new();
    rig.sync(0);
    rig.let_in(None);
    let edge = Edge { dts: 0, pts: 9_000 };
    assert_eq!(rig.source.picture_end(edge), None);
    rig.inter(1);
    rig.let_in(None);
    assert_eq!(rig.source.picture_end(edge), Some(9_000 + FRAME));
}

#[test]
fn a_picture_lasts_as_long_as_most_of_the_last_ones() {
    let lasts = |places: &[i64]| {
        let mut rig = Rig::new();
        rig.sync(places[0]);
        places[1..].iter().for_each(|place| rig.inter(*place));
        rig.let_in(None);
        rig.source.picture_lasts()
    };
    assert_eq!(lasts(&[0]), 0, "one picture tells nothing");
    assert_eq!(lasts(&[0, 1, 2]), FRAME - GRID_ROUNDING_TICKS);
    assert_eq!(lasts(&[0, 1, 2, 9]), FRAME - GRID_ROUNDING_TICKS, "one odd distance");
    assert_eq!(lasts(&[0, 2, 4, 6]), 0, "15 fps: it rather ends with the cut");
}

#[test]
fn a_step_backwards_waits_for_a_sync_sample_beyond_it() {
    let mut rig = Rig::new();
    rig.sync(10);
    rig.inter(11);
    rig.inter(5);
    rig.sync(6);
    rig.inter(12);
    rig.sync(13);
    assert_eq!(rig.let_in(None), [10, 11, 13]);
}

#[test]
fn what_is_later_than_the_hold_back_is_past() {
    let mut rig = Rig::new();
    rig.sync(0);
    rig.push(Dependency::Reference, 1, 1, Duration::from_millis(1_400));
    rig.push(Dependency::Reference, 2, 2, Duration::from_millis(1_600));
    rig.push(Dependency::Sync, 3, 3, Duration::from_millis(1_600));
    rig.push(Dependency::Reference, 4, 4, Duration::from_millis(1_000));
    rig.push(Dependency::Sync, 5, 5, Duration::from_millis(1_000));
    assert_eq!(rig.let_in(None), [0, 1, 5]);
}

#[test]
fn a_camera_that_is_always_late_is_believed_after_a_while() {
    let mut rig = Rig::new();
    rig.sync(0);
    for second in 1..25 {
        rig.push(Dependency::Sync, second * 30, second * 30, Duration::from_secs(3));
    }
    let first = rig.let_in(None).get(1).copied();
    assert!(first.is_some_and(|place| (300..=600).contains(&place)), "{first:?}");
}

#[test]
fn a_time_far_ahead_is_not_believed() {
    let mut rig = Rig::new();
    rig.sync(0);
    let mut picture = sample(&rig.config, 6 * 90_000, 6 * 90_000 + 9_000);
    picture.dependency = Dependency::Sync;
    rig.writer.push(EventTime::ZERO, picture).unwrap();
    assert_eq!(rig.let_in(None), [0]);
}
