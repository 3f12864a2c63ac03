//! A key set that rotates, goes down and comes back.

use std::collections::VecDeque;
use std::time::Duration;

use jsonwebtoken::EncodingKey;
use serde_json::json;

use super::*;

const RSA: &[u8] = include_bytes!("testdata/rsa.pem");
const EC: &[u8] = include_bytes!("testdata/ec.pem");

/// Answers with one text after the other, then not at all.
#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<Result<String, String>>>,
    asked: Mutex<u32>,
}

impl Script {
    fn answering<const N: usize>(answers: [Result<String, String>; N]) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.into()), asked: Mutex::default() })
    }

    fn asked(&self) -> u32 {
        *self.asked.lock().unwrap()
    }
}

#[async_trait]
impl KeyFetch for Script {
    async fn fetch(&self) -> Result<String, String> {
        *self.asked.lock().unwrap() += 1;
        let answer = self.answers.lock().unwrap().pop_front();
        match answer {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }
}

fn jwk(kid: &str, pem: &[u8]) -> Value {
    let key = EncodingKey::from_rsa_pem(pem).map(|key| (key, Algorithm::RS256));
    let (key, algorithm) =
        key.or_else(|_| EncodingKey::from_ec_pem(pem).map(|key| (key, Algorithm::ES256))).unwrap();
    let mut jwk = serde_json::to_value(Jwk::from_encoding_key(&key, algorithm).unwrap()).unwrap();
    jwk["kid"] = json!(kid);
    jwk
}

fn set(keys: &[Value]) -> Result<String, String> {
    Ok(json!({ "keys": keys }).to_string())
}

fn down() -> Result<String, String> {
    Err("connection refused".to_owned())
}

async fn has(keys: &Arc<RemoteKeys>, now: Instant, kid: &str) -> bool {
    keys.find(now, Some(kid), Algorithm::RS256).await.is_some()
}

/// Lets a fetch that nobody waits for come to its end.
async fn settle() {
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_set_is_fetched_once_and_kept() {
    let script = Script::answering([set(&[jwk("a", RSA)])]);
    let keys = RemoteKeys::new(script.clone());
    let now = Instant::now();
    assert!(has(&keys, now, "a").await);
    assert!(has(&keys, now + KEYS_FRESH_TIME / 2, "a").await);
    assert_eq!(script.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_new_key_id_is_fetched_at_once_but_made_up_ones_are_no_flood() {
    let script = Script::answering([set(&[jwk("a", RSA)]), set(&[jwk("b", RSA)])]);
    let keys = RemoteKeys::new(script.clone());
    let now = Instant::now();
    assert!(has(&keys, now, "a").await);
    for _ in 0..100 {
        assert!(!has(&keys, now + KEYS_RETRY_TIME / 2, "made-up").await);
    }
    assert_eq!(script.asked(), 1);
    let later = now + KEYS_RETRY_TIME;
    assert!(has(&keys, later, "b").await);
    assert!(!has(&keys, later, "a").await, "a key that was withdrawn opens nothing");
    assert_eq!(script.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn while_the_url_is_down_the_old_keys_stay() {
    let script = Script::answering([set(&[jwk("a", RSA)]), down(), Ok("<html>".to_owned())]);
    let keys = RemoteKeys::new(script.clone());
    let mut now = Instant::now();
    assert!(has(&keys, now, "a").await);
    for asked in 2..=4 {
        // Down, then something else, then no answer at all.
        now += KEYS_FRESH_TIME;
        assert!(has(&keys, now, "a").await);
        settle().await;
        assert_eq!(script.asked(), asked);
    }
    tokio::time::sleep(KEYS_FETCH_TIME_MAX + Duration::from_secs(1)).await;
    assert!(has(&keys, now, "a").await);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_never_ends_is_given_up() {
    let script = Script::answering([]);
    let keys = RemoteKeys::new(script.clone());
    let before = Instant::now();
    assert!(!has(&keys, before, "a").await);
    assert_eq!(before.elapsed(), KEYS_FETCH_TIME_MAX);
}

#[tokio::test(start_paused = true)]
async fn many_requests_at_once_are_one_fetch() {
    let script = Script::answering([set(&[jwk("a", RSA)])]);
    let keys = RemoteKeys::new(script.clone());
    let now = Instant::now();
    let found = tokio::join!(has(&keys, now, "a"), has(&keys, now, "a"), has(&keys, now, "a"));
    assert_eq!(found, (true, true, true));
    assert_eq!(script.asked(), 1);
}

#[test]
fn only_public_keys_for_signatures_are_used() {
    let usable = |keys: &[Value]| {
        let read = KeySet::read(&json!({ "keys": keys }).to_string());
        read.map_or(0, |keys| keys.len())
    };
    assert_eq!(usable(&[jwk("a", RSA), jwk("b", EC)]), 2);
    let mut for_encryption = jwk("a", RSA);
    for_encryption["use"] = json!("enc");
    let mut of_another_algorithm = jwk("a", RSA);
    of_another_algorithm["alg"] = json!("PS256");
    let symmetric = json!({ "kty": "oct", "kid": "a", "k": "c2VjcmV0", "alg": "HS256" });
    let unknown = json!({ "kty": "later", "kid": "a" });
    for bad in [for_encryption, of_another_algorithm, symmetric, unknown, json!(7)] {
        assert_eq!(usable(std::slice::from_ref(&bad)), 0, "{bad}");
        assert_eq!(usable(&[bad, jwk("b", EC)]), 1);
    }
    assert_eq!(usable(&vec![jwk("a", EC); KEY_SET_KEYS_MAX + 5]), KEY_SET_KEYS_MAX);
}

#[test]
fn a_key_is_found_by_its_id_and_without_one_only_if_there_is_no_choice() {
    let keys = KeySet::read(&set(&[jwk("a", RSA), jwk("b", EC)]).unwrap()).unwrap();
    let set = KeySet { keys, ..KeySet::default() };
    assert!(set.find(Some("a"), Algorithm::RS256).is_some());
    assert!(set.find(Some("a"), Algorithm::ES256).is_none(), "a key goes with one algorithm");
    assert!(set.find(None, Algorithm::ES256).is_some());
    let two = [jwk("a", EC), jwk("b", EC)];
    let keys = KeySet::read(&json!({ "keys": two }).to_string()).unwrap();
    let set = KeySet { keys, ..KeySet::default() };
    assert!(set.find(None, Algorithm::ES256).is_none());
}
