//! Holds `docs/health.md` and the code together.

use genlock_ingest::IssueType;
use genlock_program::compatibility::Field;

/// Its tables are written anew with `UPDATE_GOLDEN=1 cargo test -p genlock health_table`.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/health.md");

const HEAD: &str = "| type | severity | meaning | change |\n|---|---|---|---|\n";

fn input_table() -> String {
    let rows = IssueType::ALL.map(|kind| {
        let about = kind.about();
        let severity = format!("{:?}", about.severity).to_lowercase();
        format!("| `{}` | {severity} | {} | {} |\n", about.name, about.meaning, about.setting)
    });
    rows.concat()
}

fn mismatch_table() -> String {
    let rows = Field::ALL.map(|field| {
        let (name, severity) = (field.issue_type(), format!("{:?}", field.severity()));
        let (meaning, path) = (field.meaning(), field.setting_path());
        format!("| `{name}` | {} | {meaning} | {path} |\n", severity.to_lowercase())
    });
    rows.concat()
}

/// `page` with what follows the first two heads of tables replaced.
fn with_tables(page: &str) -> String {
    let mut out = String::new();
    let mut tables = [input_table(), mismatch_table()].into_iter();
    let mut parts = page.split(HEAD);
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        out.push_str(HEAD);
        out.push_str(&tables.next().expect("the page has two tables"));
        let rest = part.split_once("\n\n").map_or("", |(_, rest)| rest);
        out.push('\n');
        out.push_str(rest);
    }
    assert_eq!(tables.next(), None, "the page has two tables");
    out
}

#[test]
fn the_page_of_health_issues_is_what_the_code_says() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let expected = with_tables(&page);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(PAGE, &expected).unwrap();
        return;
    }
    assert!(page == expected, "docs/health.md is old: run with UPDATE_GOLDEN=1, review the diff");
}

#[test]
fn no_type_has_two_meanings() {
    let names = IssueType::ALL.map(|kind| kind.about().name);
    for field in Field::ALL {
        assert!(!names.contains(&field.issue_type()), "{}", field.issue_type());
    }
}
