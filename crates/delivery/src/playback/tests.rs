//! Tokens that are made, believed, refused, outdated and rotated.

use std::time::Instant;

use super::*;

const NOW: u64 = 1_800_000_000;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn key(id: &str, retires_at: Option<u64>) -> SigningKey {
    SigningKey { id: id.to_owned(), secret: [id.as_bytes()[0]; 32], retires_at }
}

fn checker() -> Checker {
    Checker::new(vec![key("new", None), key("old", Some(NOW + 10))])
}

fn grant() -> Grant<'static> {
    Grant { event: "wedding", scope: Scope::Program, expires_at: NOW + 60, address: None }
}

fn check(checker: &Checker, token: &str, now: u64) -> Result<u64, Refused> {
    checker.check(now, token, "wedding", "program", ip("192.0.2.1"))
}

#[test]
fn a_token_opens_its_event_until_it_expires() {
    let checker = checker();
    let token = checker.sign(&grant()).unwrap();
    // The second time from the cache.
    for _ in 0..2 {
        assert_eq!(check(&checker, &token, NOW), Ok(NOW + 60));
        assert_eq!(check(&checker, &token, NOW + 59), Ok(NOW + 60));
        assert_eq!(check(&checker, &token, NOW + 60), Err(Refused::Expired));
        let elsewhere = checker.check(NOW, &token, "match", "program", ip("192.0.2.1"));
        assert_eq!(elsewhere, Err(Refused::Invalid));
        let camera = checker.check(NOW, &token, "wedding", "altar", ip("192.0.2.1"));
        assert_eq!(camera, Err(Refused::Invalid));
    }
}

#[test]
fn a_token_for_the_event_opens_its_cameras() {
    let checker = checker();
    let token = checker.sign(&Grant { scope: Scope::Event, ..grant() }).unwrap();
    assert!(checker.check(NOW, &token, "wedding", "altar", ip("192.0.2.1")).is_ok());
    assert!(check(&checker, &token, NOW).is_ok());
}

#[test]
fn a_token_for_recordings_opens_what_is_live_too_and_says_so() {
    let checker = checker();
    for (scope, address) in [(Scope::Archive, None), (Scope::Archive, Some(ip("192.0.2.1")))] {
        let token = checker.sign(&Grant { scope, address, ..grant() }).unwrap();
        assert!(checker.check(NOW, &token, "wedding", "altar", ip("192.0.2.1")).is_ok());
        let verified = checker.verify(NOW, &token, "wedding", ip("192.0.2.1")).unwrap();
        assert_eq!(verified.scope, Scope::Archive);
        assert!(checker.verify(NOW + 60, &token, "wedding", ip("192.0.2.1")).is_err());
    }
}

#[test]
fn a_bound_token_opens_nothing_elsewhere() {
    let checker = checker();
    let bound = Grant { address: Some(ip("2001:db8::1")), ..grant() };
    let token = checker.sign(&bound).unwrap();
    let at = |peer| checker.check(NOW, &token, "wedding", "program", ip(peer));
    for _ in 0..2 {
        assert!(at("2001:db8::1").is_ok());
        assert!(at("2001:db8::2").is_ok(), "the same network of one host");
        assert_eq!(at("2001:db8:0:1::1"), Err(Refused::Invalid));
        assert_eq!(at("192.0.2.1"), Err(Refused::Invalid));
    }
    let token = checker.sign(&Grant { address: Some(ip("192.0.2.1")), ..grant() }).unwrap();
    let mapped = checker.check(NOW, &token, "wedding", "program", ip("::ffff:192.0.2.1"));
    assert!(mapped.is_ok());
}

#[test]
fn a_changed_token_is_not_valid() {
    let checker = checker();
    let token = checker.sign(&grant()).unwrap();
    assert!(check(&checker, &token, NOW).is_ok());
    for at in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(check(&checker, &changed, NOW), Err(Refused::Invalid), "{changed}");
    }
    let later = token.replacen(&format!("{:x}", NOW + 60), &format!("{:x}", NOW + 9999), 1);
    assert_ne!(later, token);
    assert_eq!(check(&checker, &later, NOW), Err(Refused::Invalid));
}

#[test]
fn what_is_no_token_is_not_valid() {
    let long = "x".repeat(10_000);
    for token in ["", "-", "---", "new-1-pn-00", "new--pn-", "a/b", "\u{e9}-1-pn-x", &long] {
        assert_eq!(check(&checker(), token, NOW), Err(Refused::Invalid), "{token:?}");
    }
    assert_eq!(Checker::default().sign(&grant()), None);
}

#[test]
fn an_old_key_is_believed_until_it_retires() {
    let old = Checker::new(vec![key("old", None)]).sign(&grant()).unwrap();
    let rotated = checker();
    assert_eq!(check(&rotated, &old, NOW), Ok(NOW + 10));
    assert_eq!(check(&rotated, &old, NOW + 10), Err(Refused::Expired));
    let dropped = Checker::new(vec![key("new", None)]);
    assert_eq!(check(&dropped, &old, NOW), Err(Refused::Invalid));
    let fresh = rotated.sign(&grant()).unwrap();
    assert!(fresh.starts_with("new-"), "{fresh}");
}

#[test]
fn secrets_do_not_print() {
    let printed = format!("{:?} {:?}", checker(), key("new", None));
    assert!(!printed.contains("110"), "the secret's bytes: {printed}");
}

/// Prints what a check costs; fails only if it is far from next to nothing, also on a busy machine.
#[test]
fn a_check_of_a_known_token_costs_next_to_nothing() {
    let checker = checker();
    let token = checker.sign(&grant()).unwrap();
    let rounds = 10_000_u32;
    let best = (0..20)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..rounds {
                assert!(check(&checker, std::hint::black_box(&token), NOW).is_ok());
            }
            start.elapsed() / rounds
        })
        .min()
        .unwrap();
    println!("a check of a known token: {best:?}");
    assert!(best.as_micros() < 50, "{best:?}");
}
