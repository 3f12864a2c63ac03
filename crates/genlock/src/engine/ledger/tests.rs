//! What the programme tells, and the entries that come of it.

use genlock_program::{Forecast, Reason};
use genlock_store::{CameraId, Timestamp};

use super::*;

const WALL: WallClock = WallClock::new(1_000_000_000);

fn at(millis: i64) -> EventTime {
    EventTime::from_millis(millis)
}

/// The wall time of an event-clock time.
fn wall(millis: i64) -> Timestamp {
    WALL.timestamp(at(millis))
}

fn id(name: &str) -> Option<CameraId> {
    CameraId::parse(name).ok()
}

/// A take of `b` at 1 s that is to be cut at 2 s.
fn plan() -> Cut {
    Cut {
        id: CutId(7),
        from: Some("a".into()),
        to: "b".into(),
        planned_at: at(1000),
        forecast: Forecast {
            cut_at: Some(at(2000)),
            wait: Some(Duration::from_secs(1)),
            style: genlock_program::CutStyle::Instant,
            discontinuity: genlock_program::Discontinuity::Parameters,
            reason: Reason::Cadence,
        },
    }
}

fn committed() -> ProgramEvent {
    ProgramEvent::CutCommitted {
        id: CutId(7),
        from: Some("a".into()),
        to: "b".into(),
        planned_at: at(1000),
        cut_at: at(2040),
        wait: Duration::from_millis(1030),
        style: genlock_program::CutStyle::Clean,
        discontinuity: genlock_program::Discontinuity::Codec,
    }
}

fn record(told: &ProgramEvent, scheduled: Option<&str>) -> Option<SwitchRecord> {
    let (event, plan) = (EventId::parse("e").unwrap(), plan());
    let scheduled = scheduled.map(|id| ScheduledTakeId::parse(id).unwrap());
    let scene = Scene { event: &event, wall: WALL, now: at(1500), plan: Some(&plan), scheduled };
    scene.record(told)
}

#[test]
fn a_cut_is_logged_with_its_plan_beside_what_came() {
    let logged = record(&committed(), None).unwrap();
    assert_eq!((logged.from, logged.to), (id("a"), id("b")));
    assert_eq!(logged.requested_at, wall(1000));
    assert_eq!(logged.switched_at, Some(wall(2040)));
    assert_eq!((logged.style, logged.wait_ms), (SwitchStyle::Clean, 1030));
    assert_eq!(logged.discontinuity, Discontinuity::Codec);
    assert_eq!((logged.reason, logged.scheduled), (SwitchReason::Take, None));
    assert_eq!(logged.outcome, SwitchOutcome::Cut);
    let ledger = Ledger {
        planned_at: Some(wall(2000)),
        committed_at: Some(wall(2030)),
        ..Ledger::default()
    };
    assert_eq!(logged.ledger, ledger);
}

#[test]
fn a_scheduled_take_is_logged_as_one_whatever_becomes_of_it() {
    let (id, failed) = (CutId(7), CutFailure::CameraGone);
    for (told, outcome) in [
        (committed(), SwitchOutcome::Cut),
        (ProgramEvent::CutSuperseded { id }, SwitchOutcome::Superseded),
        (ProgramEvent::CutUndone { id }, SwitchOutcome::Withdrawn),
        (ProgramEvent::CutFailed { id, to: "b".into(), reason: failed }, SwitchOutcome::CameraGone),
    ] {
        let logged = record(&told, Some("t")).unwrap();
        assert_eq!(logged.outcome, outcome);
        assert_eq!(logged.reason, SwitchReason::Scheduled);
        assert_eq!(logged.scheduled.unwrap().as_str(), "t");
    }
}

#[test]
fn a_take_that_came_to_nothing_is_logged_with_its_plan() {
    let id_of_take = CutId(7);
    let logged = record(&ProgramEvent::CutUndone { id: id_of_take }, None).unwrap();
    assert_eq!((logged.from, logged.to), (id("a"), id("b")));
    assert_eq!((logged.requested_at, logged.switched_at), (wall(1000), None));
    assert_eq!((logged.style, logged.wait_ms), (SwitchStyle::Instant, 500));
    assert_eq!(logged.discontinuity, Discontinuity::Parameters);
    assert_eq!(logged.reason, SwitchReason::Take);
    assert_eq!(logged.ledger.planned_at, Some(wall(2000)));
    let superseded = ProgramEvent::CutSuperseded { id: id_of_take };
    assert_eq!(record(&superseded, None), None, "a human who changes his mind");
}

#[test]
fn what_the_programme_does_by_itself_is_logged_with_its_reason() {
    use genlock_program::{CutStyle::Instant, Discontinuity::Parameters, Loss};
    let (a, b) = (genlock_program::CameraId::from("a"), genlock_program::CameraId::from("b"));
    let (from, to) = (a.clone(), b.clone());
    let (decided_at, cut_at, style, discontinuity) = (at(4600), at(5000), Instant, Parameters);
    let failed_over = ProgramEvent::FailedOver {
        from,
        to,
        loss: Loss::Silent,
        decided_at,
        cut_at,
        style,
        discontinuity,
    };
    let (from, to) = (a.clone(), b.clone());
    let reverted = ProgramEvent::Reverted { from, to, decided_at, cut_at, style, discontinuity };
    let slate = ProgramEvent::SlateShown { from: Some(a), decided_at, at: cut_at, discontinuity };
    let on_air = ProgramEvent::OnAir { camera: b, decided_at, at: cut_at, style, discontinuity };
    for (told, from, to, style, reason) in [
        (failed_over, id("a"), id("b"), SwitchStyle::Instant, SwitchReason::Failover),
        (reverted, id("a"), id("b"), SwitchStyle::Instant, SwitchReason::Revert),
        (slate, id("a"), None, SwitchStyle::Clean, SwitchReason::NobodyLeft),
        (on_air, None, id("b"), SwitchStyle::Instant, SwitchReason::FirstLive),
    ] {
        let logged = record(&told, None).unwrap();
        assert_eq!((logged.from, logged.to, logged.reason), (from, to, reason));
        assert_eq!((logged.style, logged.wait_ms), (style, 400));
        assert_eq!(logged.discontinuity, Discontinuity::Parameters);
        assert_eq!((logged.requested_at, logged.switched_at), (wall(4600), Some(wall(5000))));
    }
}

#[test]
fn plans_are_kept_until_their_takes_are_over() {
    let mut plans = Plans::default();
    assert_eq!(plans.note(&ProgramEvent::CutPlanned(plan())), None);
    assert_eq!(plans.note(&ProgramEvent::CutUndone { id: CutId(8) }), None);
    assert_eq!(plans.note(&committed()), Some(plan()));
    assert_eq!(plans.note(&committed()), None);
}

fn open(seq: u64, cut_at: i64) -> Open {
    Open {
        seq: SwitchSeq(seq),
        cut: Some(CutId(seq)),
        cut_at: at(cut_at),
        logged_at: at(cut_at),
        ledger: Ledger::default(),
    }
}

fn listed(recent: &mut Recent, media_until: i64) -> Vec<u64> {
    let listed = Listed { at: at(9000), media_until: at(media_until), newest_splice: None };
    recent.listed(listed, WALL).into_iter().map(|open| open.seq.0).collect()
}

#[test]
fn a_cut_is_published_when_media_behind_it_is_listed_and_told_once() {
    let mut recent = Recent::default();
    assert!(!recent.wants_listings());
    recent.push(open(1, 2000));
    recent.push(open(2, 3000));
    assert!(recent.wants_listings());
    assert_eq!(listed(&mut recent, 2000), [0; 0], "the tail of the camera before it");
    assert_eq!(listed(&mut recent, 2100), [1]);
    assert_eq!(listed(&mut recent, 2200), [0; 0]);
    assert_eq!(listed(&mut recent, 3500), [2]);
    assert!(!recent.wants_listings());
}

#[test]
fn a_settled_cut_tells_what_became_of_picture_and_sound() {
    let mut recent = Recent::default();
    recent.push(open(1, 2000));
    recent.push(open(2, 3000));
    listed(&mut recent, 5000);
    let settled = Settled {
        id: Some(CutId(2)),
        to: "b".into(),
        planned_at: at(2500),
        planned_for: Some(at(2990)),
        cut_at: at(3000),
        wait: Duration::from_millis(450),
        style: genlock_program::CutStyle::Instant,
        discontinuity: genlock_program::Discontinuity::None,
        picture_gap_us: Some(-12),
        audio_error_us: Some(-500),
        catch_up: Duration::from_millis(430),
    };
    let told = recent.settled(&settled, WALL).unwrap();
    assert_eq!(told.seq, SwitchSeq(2));
    let expect = Ledger {
        planned_at: Some(wall(2990)),
        committed_at: Some(wall(2950)),
        published_at: Some(wall(9000)),
        video_gap_us: Some(-12),
        audio_error_us: Some(-500),
        catch_up_ms: Some(430),
    };
    assert_eq!(told.ledger, expect);
    let of_another = Settled { id: Some(CutId(3)), ..settled };
    assert!(recent.settled(&of_another, WALL).is_none());
}

#[test]
fn what_the_programme_does_by_itself_settles_by_its_time() {
    let mut recent = Recent::default();
    recent.push(Open { cut: None, ..open(1, 2000) });
    recent.push(Open { cut: None, ..open(2, 3000) });
    let settled = |cut_at| Settled {
        id: None,
        to: "b".into(),
        planned_at: at(1500),
        planned_for: None,
        cut_at: at(cut_at),
        wait: Duration::ZERO,
        style: genlock_program::CutStyle::Clean,
        discontinuity: genlock_program::Discontinuity::None,
        picture_gap_us: None,
        audio_error_us: None,
        catch_up: Duration::ZERO,
    };
    // The first picture fills a hole of 80 ms.
    assert_eq!(recent.settled(&settled(1920), WALL).unwrap().seq, SwitchSeq(1));
    assert_eq!(recent.settled(&settled(3000), WALL).unwrap().seq, SwitchSeq(2));
}

#[test]
fn what_is_never_listed_is_forgotten() {
    let mut recent = Recent::default();
    (0..40).for_each(|seq| recent.push(open(seq, 2000)));
    assert_eq!(listed(&mut recent, 5000).len(), RECENT_MAX);
    let mut recent = Recent::default();
    recent.push(open(1, 2000));
    recent.forget_old(at(11_999));
    assert!(recent.wants_listings());
    recent.forget_old(at(12_000));
    assert!(!recent.wants_listings());
}
