//! Hook deliveries and access tokens.

use super::{camera, delivery, event, token};
use crate::limits::{HOOK_BODY_BYTES_MAX, TOKENS_PER_EVENT_MAX};
use crate::{
    AccessRole, AccessToken, CameraId, DisplayName, EventId, HookDelivery, HookQueue, SecretHash,
    Store, StoreError, Timestamp,
};

pub(super) async fn tokens_come_back_as_written_oldest_first(store: &impl Store) {
    store.create_event(event("a")).await.unwrap();
    store.create_event(event("b")).await.unwrap();
    let later = AccessToken { created_at: Timestamp::from_millis(5), ..token("a", "x", 100) };
    let earlier = AccessToken {
        camera: Some(CameraId::parse("altar").unwrap()),
        role: AccessRole::Operator,
        name: Some(DisplayName::parse("Tally").unwrap()),
        ..token("a", "y", 100)
    };
    for token in [&later, &earlier, &token("b", "z", 100)] {
        store.create_token(token.clone(), Timestamp::from_millis(0)).await.unwrap();
    }
    assert_eq!(store.tokens(&later.event).await.unwrap(), [earlier, later]);
    let orphan = store.create_token(token("c", "o", 100), Timestamp::from_millis(0)).await;
    assert!(matches!(orphan, Err(StoreError::NotFound { what: "event" })), "{orphan:?}");
    assert!(store.tokens(&EventId::parse("c").unwrap()).await.unwrap().is_empty());
}

pub(super) async fn a_token_is_found_by_its_hash_until_it_is_removed(store: &impl Store) {
    let (here, elsewhere) = (event("a"), event("b"));
    store.create_event(here.clone()).await.unwrap();
    store.create_event(elsewhere.clone()).await.unwrap();
    let (first, second) = (token("a", "x", 100), token("a", "y", 100));
    for token in [&first, &second] {
        store.create_token(token.clone(), Timestamp::from_millis(0)).await.unwrap();
    }
    assert_eq!(store.token_by_hash(&first.hash).await.unwrap(), Some(first.clone()));
    assert_eq!(store.token_by_hash(&SecretHash::of("other")).await.unwrap(), None);
    assert_eq!(store.delete_token(&elsewhere.id, &first.id).await.unwrap(), None);
    assert_eq!(store.delete_token(&here.id, &first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(store.delete_token(&here.id, &first.id).await.unwrap(), None);
    assert_eq!(store.token_by_hash(&first.hash).await.unwrap(), None);
    store.delete_event(&here.id).await.unwrap();
    assert_eq!(store.token_by_hash(&second.hash).await.unwrap(), None);
}

pub(super) async fn a_token_and_its_id_are_taken_once(store: &impl Store) {
    store.create_event(event("a")).await.unwrap();
    let first = token("a", "x", 100);
    store.create_token(first.clone(), Timestamp::from_millis(0)).await.unwrap();
    let same_id = AccessToken { hash: SecretHash::of("new"), ..first.clone() };
    let same_hash = AccessToken { hash: first.hash, ..token("a", "y", 100) };
    for again in [same_id, same_hash] {
        let refused = store.create_token(again, Timestamp::from_millis(0)).await;
        assert!(matches!(refused, Err(StoreError::AlreadyExists { what: "token" })), "{refused:?}");
    }
}

pub(super) async fn ended_tokens_make_room_for_new_ones(store: &impl Store) {
    store.create_event(event("a")).await.unwrap();
    let at = Timestamp::from_millis;
    for number in 0..TOKENS_PER_EVENT_MAX {
        let ends = if number == 0 { 50 } else { 100 };
        store.create_token(token("a", &format!("x{number}"), ends), at(0)).await.unwrap();
    }
    let refused = store.create_token(token("a", "y", 100), at(49)).await;
    assert!(matches!(refused, Err(StoreError::LimitExceeded { .. })), "{refused:?}");
    store.create_token(token("a", "y", 100), at(50)).await.unwrap();
    assert_eq!(store.token_by_hash(&SecretHash::of("x0")).await.unwrap(), None);
}

pub(super) async fn hook_deliveries_keep_their_place_in_the_queue(store: &impl Store) {
    let [first, second, third] = ["z", "y", "x"].map(delivery);
    for delivery in [&first, &second, &third] {
        store.put_hook_delivery(delivery.clone()).await.unwrap();
    }
    let tried =
        HookDelivery { attempts: 2, last_error: Some("it answered 503".to_owned()), ..first };
    store.put_hook_delivery(tried.clone()).await.unwrap();
    let given_up = HookDelivery { dead: true, ..second };
    store.put_hook_delivery(given_up.clone()).await.unwrap();
    let waiting = store.hook_deliveries(HookQueue::Waiting, 10).await.unwrap();
    assert_eq!(waiting, [tried.clone(), third]);
    let first = store.hook_deliveries(HookQueue::Waiting, 1).await.unwrap();
    assert_eq!(first.iter().collect::<Vec<_>>(), [&tried]);
    assert!(store.hook_deliveries(HookQueue::Waiting, 0).await.unwrap().is_empty());
    assert_eq!(store.hook_deliveries(HookQueue::Dead, 10).await.unwrap(), [given_up]);
    assert_eq!(store.delete_hook_delivery(&tried.id).await.unwrap(), Some(tried.clone()));
    assert_eq!(store.delete_hook_delivery(&tried.id).await.unwrap(), None);
    let body = "x".repeat(HOOK_BODY_BYTES_MAX as usize + 1);
    let refused = store.put_hook_delivery(HookDelivery { body, ..tried }).await;
    assert!(matches!(refused, Err(StoreError::LimitExceeded { .. })), "{refused:?}");
}

pub(super) async fn hook_deliveries_outlive_their_event(store: &impl Store) {
    let event = event("a");
    store.create_event(event.clone()).await.unwrap();
    store.put_hook_delivery(delivery("x")).await.unwrap();
    store.delete_event(&event.id).await.unwrap();
    assert_eq!(store.hook_deliveries(HookQueue::Waiting, 9).await.unwrap(), [delivery("x")]);
}

pub(super) async fn a_token_of_a_camera_goes_with_it(store: &impl Store) {
    store.create_event(event("a")).await.unwrap();
    let (camera, now) = (camera("a", "x"), Timestamp::from_millis(0));
    store.create_camera(camera.clone()).await.unwrap();
    let narrow = AccessToken { camera: Some(camera.id.clone()), ..token("a", "narrow", 100) };
    let wide = token("a", "wide", 100);
    store.create_token(narrow, now).await.unwrap();
    store.create_token(wide.clone(), now).await.unwrap();
    store.delete_camera(&camera.event, &camera.id).await.unwrap();
    assert_eq!(store.tokens(&camera.event).await.unwrap(), [wide]);
}
