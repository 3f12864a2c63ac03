//! The threat model in `docs/security.md` names a test for everything that it claims. This holds it to them.

use std::fs;

use crate::process;

/// `path::test` of each test that a text names in backquotes.
fn named(text: &str) -> Vec<(&str, &str)> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter_map(|quoted| quoted.split_once(".rs::")).collect()
}

#[test]
fn every_test_that_the_threat_model_names_is_there() {
    let document = fs::read_to_string(process::root().join("docs/security.md")).unwrap();
    let model = document.split_once("## Threat model").unwrap().1;
    let named = named(model);
    assert!(named.len() > 20, "{named:?}");
    for (file, test) in named {
        let path = process::root().join(format!("{file}.rs"));
        let code = fs::read_to_string(&path).unwrap_or_else(|_| panic!("no {file}.rs"));
        let before = code.split_once(&format!("fn {test}(")).map_or("", |(before, _)| before);
        // The line itself may have begun with `async`.
        let is_test = before.lines().rev().take(2).any(|line| {
            let line = line.trim();
            line.ends_with("test]") || line.contains("test(")
        });
        assert!(is_test, "{file}.rs has no test {test}");
    }
}

#[test]
fn tests_are_found_between_other_words() {
    let text = "| a | `x` | `a/b.rs::c`, `d.rs::e` |";
    assert_eq!(named(text), [("a/b", "c"), ("d", "e")]);
}
