//! The switch log and scheduled takes.

use super::{event, scheduled, switch};
use crate::limits::{SCHEDULED_PER_EVENT_MAX, SWITCH_PAGE_MAX};
use crate::{
    EventId, Ledger, LoggedSwitch, Store, StoreError, SwitchPage, SwitchRecord, SwitchSeq,
    Timestamp,
};

pub(super) async fn the_log_is_paged_newest_first(store: &impl Store) {
    let (event, other) = (event("a"), event("b"));
    store.create_event(event.clone()).await.unwrap();
    store.create_event(other).await.unwrap();
    let mut seqs = Vec::new();
    for at in 0..5 {
        seqs.push(store.append_switch(switch("a", at)).await.unwrap());
        store.append_switch(switch("b", at)).await.unwrap();
    }
    assert!(seqs.is_sorted(), "{seqs:?}");
    let page = |before: Option<SwitchSeq>, limit| SwitchPage { before, limit };
    let newest = store.switches(&event.id, page(None, 2)).await.unwrap();
    assert_eq!(newest.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [seqs[4], seqs[3]]);
    assert_eq!(newest[0].record, switch("a", 4));
    let rest = store.switches(&event.id, page(Some(seqs[3]), SWITCH_PAGE_MAX)).await.unwrap();
    assert_eq!(rest.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [seqs[2], seqs[1], seqs[0]]);
    let before_all = store.switches(&event.id, page(Some(SwitchSeq(0)), 10)).await.unwrap();
    assert!(before_all.is_empty());
    let far = store.switches(&event.id, page(Some(SwitchSeq(u64::MAX)), 10)).await.unwrap();
    assert_eq!(far.len(), 5);
}

pub(super) async fn the_ledger_of_an_entry_is_filled_in_later(store: &impl Store) {
    let (here, elsewhere) = (event("a"), event("b"));
    store.create_event(here.clone()).await.unwrap();
    store.create_event(elsewhere.clone()).await.unwrap();
    let seq = store.append_switch(switch("a", 0)).await.unwrap();
    let other = store.append_switch(switch("a", 1)).await.unwrap();
    let ledger = Ledger {
        published_at: Some(Timestamp::from_millis(40)),
        video_gap_us: Some(-33),
        ..Ledger::default()
    };
    assert!(store.set_ledger(&here.id, seq, ledger).await.unwrap());
    assert!(!store.set_ledger(&elsewhere.id, seq, ledger).await.unwrap());
    assert!(!store.set_ledger(&here.id, SwitchSeq(u64::MAX), ledger).await.unwrap());
    let page = SwitchPage { before: None, limit: 10 };
    let log = store.switches(&here.id, page).await.unwrap();
    let expect = [(other, switch("a", 1)), (seq, SwitchRecord { ledger, ..switch("a", 0) })];
    let log: Vec<_> = log.into_iter().map(|entry| (entry.seq, entry.record)).collect();
    assert_eq!(log, expect);
}

pub(super) async fn scheduled_takes_come_in_the_order_of_their_times(store: &impl Store) {
    store.create_event(event("a")).await.unwrap();
    store.create_event(event("b")).await.unwrap();
    let (late, early, same) =
        (scheduled("a", "x", 20), scheduled("a", "y", 10), scheduled("a", "w", 20));
    for take in [&late, &early, &same, &scheduled("b", "z", 15)] {
        store.schedule_take(take.clone()).await.unwrap();
    }
    let takes = store.scheduled_takes(&late.event).await.unwrap();
    assert_eq!(takes, [early, late, same]);
    let orphan = store.schedule_take(scheduled("c", "o", 0)).await;
    assert!(matches!(orphan, Err(StoreError::NotFound { what: "event" })), "{orphan:?}");
    assert!(store.scheduled_takes(&EventId::parse("c").unwrap()).await.unwrap().is_empty());
    let again = store.schedule_take(scheduled("b", "x", 0)).await;
    let what = "scheduled take";
    assert!(matches!(again, Err(StoreError::AlreadyExists { what: w }) if w == what), "{again:?}");
}

pub(super) async fn a_scheduled_take_is_removed_once(store: &impl Store) {
    let (here, elsewhere) = (event("a"), event("b"));
    store.create_event(here.clone()).await.unwrap();
    store.create_event(elsewhere.clone()).await.unwrap();
    let take = scheduled("a", "x", 20);
    store.schedule_take(take.clone()).await.unwrap();
    assert_eq!(store.delete_scheduled_take(&elsewhere.id, &take.id).await.unwrap(), None);
    let gone = store.delete_scheduled_take(&here.id, &take.id).await.unwrap();
    assert_eq!(gone, Some(take.clone()));
    assert_eq!(store.delete_scheduled_take(&here.id, &take.id).await.unwrap(), None);
    assert!(store.scheduled_takes(&here.id).await.unwrap().is_empty());
}

pub(super) async fn an_event_has_a_limited_number_of_scheduled_takes(store: &impl Store) {
    store.create_event(event("a")).await.unwrap();
    store.create_event(event("b")).await.unwrap();
    for number in 0..SCHEDULED_PER_EVENT_MAX {
        store.schedule_take(scheduled("a", &format!("x{number}"), 0)).await.unwrap();
    }
    let refused = store.schedule_take(scheduled("a", "y", 0)).await;
    assert!(matches!(refused, Err(StoreError::LimitExceeded { .. })), "{refused:?}");
    store.schedule_take(scheduled("b", "y", 0)).await.unwrap();
}

pub(super) async fn an_entry_keeps_its_place_and_comes_into_the_log_once(store: &impl Store) {
    let event = event("a");
    store.create_event(event.clone()).await.unwrap();
    let at = |seq, millis| LoggedSwitch { seq: SwitchSeq(seq), record: switch("a", millis) };
    assert!(store.put_switch(at(5000, 5)).await.unwrap());
    assert!(store.put_switch(at(7000, 7)).await.unwrap());
    assert!(!store.put_switch(at(7000, 8)).await.unwrap());
    let next = store.append_switch(switch("a", 6)).await.unwrap();
    assert!(next > SwitchSeq(7000), "{next:?}");
    let log = store.switches(&event.id, SwitchPage { before: None, limit: 10 }).await.unwrap();
    assert_eq!(log, [at(next.0, 6), at(7000, 7), at(5000, 5)]);
    let elsewhere = LoggedSwitch { seq: SwitchSeq(9), record: switch("b", 0) };
    let orphan = store.put_switch(elsewhere).await;
    assert!(matches!(orphan, Err(StoreError::NotFound { what: "event" })), "{orphan:?}");
}
