//! nginx-rtmp's hooks.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use genlock_hooks::form::Publisher;
use genlock_hooks::{
    AddressPolicy, Client, OnFailure, PublishConfig, PublishHooks, Refused, Target, Update, Verdict,
};
use http::Method;

use crate::server::{BackEnd, status};

fn hooks(url: &str, change: impl FnOnce(&mut PublishConfig)) -> PublishHooks {
    let target = Target::parse(url).unwrap();
    let mut config = PublishConfig {
        on_publish: Some(target.clone()),
        on_publish_done: Some(target.clone()),
        on_update: Some(target),
        update_every: Duration::from_secs(30),
        update_strict: false,
        method: Method::POST,
        send_key: false,
        timeout: Duration::from_secs(10),
        on_failure: OnFailure::Refuse,
    };
    change(&mut config);
    PublishHooks::new(Client::new(AddressPolicy::default(), None).unwrap(), config)
}

fn publisher() -> Publisher {
    Publisher {
        app: "live".to_owned(),
        flash_version: String::new(),
        swf_url: String::new(),
        tc_url: String::new(),
        page_url: String::new(),
        address: [192, 0, 2, 7].into(),
        client: 3,
        publish_type: "live",
        args: Vec::new(),
        name: "aisle".to_owned(),
        event: None,
        camera: None,
    }
}

async fn verdict(line: &'static str, headers: &'static str) -> Verdict {
    let back_end = BackEnd::start(move |_| status(line, headers)).await;
    hooks(&back_end.url, |_| {}).publish(&publisher()).await
}

#[tokio::test]
async fn the_back_end_allows_renames_and_refuses() {
    assert_eq!(verdict("200 OK", "").await, Verdict::Allow);
    let renamed = verdict("302 Found", "Location: /live/other\r\n").await;
    assert_eq!(renamed, Verdict::Rename("other".to_owned()));
    assert_eq!(verdict("403 Forbidden", "").await, Verdict::Refuse(Refused::Denied));
    assert_eq!(verdict("404 Not Found", "").await, Verdict::Refuse(Refused::Unknown));
    assert_eq!(verdict("500 Oops", "").await, Verdict::Refuse(Refused::NoAnswer));
}

#[tokio::test]
async fn the_back_end_is_asked_as_nginx_rtmp_asks() {
    let back_end = BackEnd::start(|_| status("200 OK", "")).await;
    hooks(&back_end.url, |_| {}).publish(&publisher()).await;
    hooks(&back_end.url, |config| config.method = Method::GET).publish(&publisher()).await;
    let asked = back_end.asked();
    assert_eq!(asked[0].header("content-type"), "application/x-www-form-urlencoded");
    assert!(
        asked[0].body.ends_with("&addr=192.0.2.7&clientid=3&call=publish&name=aisle&type=live")
    );
    assert!(asked[1].head.starts_with("GET /hook?app=live&"), "{}", asked[1].head);
    assert!(asked[1].body.is_empty());
}

#[tokio::test]
async fn without_an_answer_the_configuration_decides() {
    let silent = BackEnd::start(|_| None).await;
    for (on_failure, expect) in [
        (OnFailure::Allow, Verdict::Allow),
        (OnFailure::Refuse, Verdict::Refuse(Refused::NoAnswer)),
    ] {
        let hooks = hooks(&silent.url, |config| {
            config.on_failure = on_failure;
            config.timeout = Duration::from_millis(200);
        });
        assert_eq!(hooks.publish(&publisher()).await, expect);
    }
}

#[tokio::test]
async fn an_update_ends_a_publish_only_when_it_is_refused_unless_it_is_strict() {
    for (line, lenient, strict) in [
        ("200 OK", Update::GoOn, Update::GoOn),
        ("302 Found", Update::GoOn, Update::End),
        ("403 Forbidden", Update::End, Update::End),
        ("502 Bad Gateway", Update::GoOn, Update::End),
    ] {
        let back_end = BackEnd::start(move |_| status(line, "")).await;
        let update = hooks(&back_end.url, |_| {}).update(&publisher(), 30, 30_000).await;
        assert_eq!(update, lenient, "{line}");
        let hooks = hooks(&back_end.url, |config| config.update_strict = true);
        assert_eq!(hooks.update(&publisher(), 30, 30_000).await, strict, "{line}");
        assert!(back_end.asked()[0].body.contains("call=update_publish&time=30&timestamp=30000"));
    }
}

#[tokio::test]
async fn the_end_is_told_again_when_it_was_not_heard_unless_it_is_stale() {
    let count = AtomicU32::new(0);
    let back_end = BackEnd::start(move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 => status("503 Busy", ""),
        _ => status("200 OK", ""),
    })
    .await;
    hooks(&back_end.url, |_| {}).done(&publisher(), || false).await;
    assert_eq!(back_end.asked().len(), 2);
    assert!(back_end.asked()[1].body.contains("call=publish_done&name=aisle"));
    let deaf = BackEnd::start(|_| status("503 Busy", "")).await;
    hooks(&deaf.url, |_| {}).done(&publisher(), || true).await;
    assert_eq!(deaf.asked().len(), 1);
}
