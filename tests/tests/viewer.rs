//! The viewer's page in a real browser, through everything that happens to a show.

use anyhow::{Context, Result, ensure};
use genlock_e2e::Show;
use genlock_e2e::browser::perform;
use serde_json::json;

const NAME: &str = "Ann & <Bob>";

#[test]
fn one_page_shows_all_of_a_show_without_a_reload() -> Result<()> {
    let mut show = Show::new(NAME, &json!({ "viewer_angles": true }))?;
    let http = show.api.base().to_owned();
    let (status, page) = show.api.call("GET", &format!("/watch/{}", show.event), None)?;
    ensure!(status == 200, "{status}: {page}");
    let title = r#"<meta property="og:title" content="Ann &amp; &lt;Bob&gt;" />"#;
    ensure!(page.contains(title) && !page.contains("<Bob>"), "{page}");
    let picture = format!(r#"content="{http}/watch/{}/poster.jpg""#, show.event);
    ensure!(page.contains(&picture), "{page}");
    ensure!(show.api.call("GET", "/watch/nowhere", None)?.0 == 404);
    let event = show.event.clone();
    let seen = perform("viewer.mjs", &[&http, &event], |said| show.act(said))?;
    eprintln!("the viewer's page: {seen}");
    let off = seen["angle_off_ms"].as_i64().context("no time of the angle")?;
    ensure!(off.abs() < 1_500, "another moment: {seen}");
    Ok(())
}
