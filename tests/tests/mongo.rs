//! Everything in a MongoDB that other programs share, and that is away for a while.

use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use genlock_e2e::api::NewCamera;
use genlock_e2e::{Api, Camera, Clip, Colour, Database, Server, wait};
use genlock_mongod::Mongod;
use mongodb::bson::{DateTime, Document, doc};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(60);

/// From one take to the next. Each is awaited, so that none replaces the one before it.
const TAKE_EVERY: Duration = Duration::from_secs(1);

/// A call that asked the database would take longer while it hangs: the driver's patience is 3 s.
const WAITED_FOR_DATABASE: Duration = Duration::from_secs(2);

/// How long the database is away: short by default, `GENLOCK_OUTAGE_S=60` for the record.
fn outage() -> Duration {
    let seconds = std::env::var("GENLOCK_OUTAGE_S").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(8))
}

/// A server on MongoDB with an event and two live cameras.
struct Show {
    database: Database,
    server: Server,
    event: String,
    cameras: [NewCamera; 2],
    _publishers: [Camera; 2],
}

impl Show {
    fn start(mongod: &Mongod) -> Result<Self> {
        let database = Database::connect(mongod)?;
        let data_dir = Arc::new(tempfile::tempdir()?);
        let server = Server::start_with(data_dir, &["--mongodb-uri", &database.uri()])?;
        let api = server.api();
        let event = api.create_event("Match")?;
        let cameras = [api.create_camera(&event, "One")?, api.create_camera(&event, "Two")?];
        let publishers = publish(&api, &event, &cameras.each_ref().map(|c| c.publish_url.clone()))?;
        api.wait_active(&event, &cameras[0].id)?;
        api.wait_status(&event, &cameras[1].id, "live")?;
        Ok(Self { database, server, event, cameras, _publishers: publishers })
    }

    /// Takes the cameras in turn, one a second, notes which, and returns how long the longest answer took.
    fn take_in_turn(&self, lasting: Duration, taken: &mut Vec<String>) -> Result<Duration> {
        let (api, end) = (self.server.api(), Instant::now() + lasting);
        let mut longest = Duration::ZERO;
        while Instant::now() < end {
            let next = &self.cameras[(taken.len() + 1) % 2].id;
            let asked = Instant::now();
            api.switch(&self.event, next)?;
            longest = longest.max(asked.elapsed());
            api.wait_active(&self.event, next)?;
            taken.push(next.clone());
            sleep(TAKE_EVERY.saturating_sub(asked.elapsed()));
        }
        Ok(longest)
    }
}

fn publish(api: &Api, event: &str, urls: &[String; 2]) -> Result<[Camera; 2]> {
    let one = Camera::publish(&Clip::new(Colour::Red), &urls[0])?;
    wait::until("the first camera on air", LIMIT, || Ok(api.active(event)?.map(drop)))?;
    Ok([one, Camera::publish(&Clip::new(Colour::Green), &urls[1])?])
}

fn ready(api: &Api) -> Result<(u16, Value)> {
    let (status, text) = api.call("GET", "/readyz", None)?;
    Ok((status, serde_json::from_str(&text)?))
}

fn wait_store(api: &Api, state: &str) -> Result<()> {
    wait::until(&format!("the store {state}"), LIMIT, || {
        let (_, ready) = ready(api)?;
        let there = ready["store"] == state && (state != "ok" || ready["pending"] == 0);
        Ok(there.then_some(()))
    })
}

/// The cameras that were taken, by a log of the database.
fn takes(log: &[Document]) -> Vec<String> {
    let takes = log.iter().filter(|entry| entry.get_str("reason").is_ok_and(|r| r == "take"));
    takes.filter_map(|entry| Some(entry.get_str("to").ok()?.to_owned())).collect()
}

#[test]
fn switches_of_an_outage_are_in_the_database_in_order_and_once() -> Result<()> {
    let Some(mut mongod) = Mongod::start()? else { return Ok(()) };
    let show = Show::start(&mongod)?;
    let api = show.server.api();
    let mut taken = Vec::new();
    show.take_in_turn(Duration::from_secs(2), &mut taken)?;

    mongod.kill()?;
    let before = taken.len();
    let longest = show.take_in_turn(outage(), &mut taken)?.as_millis();
    eprintln!(
        "{} takes while the database was away, the longest answer {longest} ms",
        taken.len() - before
    );
    wait_store(&api, "behind")?;
    let (status, told) = ready(&api)?;
    assert_eq!(status, 200, "what needs no database goes on: {told}");
    assert!(told["pending"].as_u64().is_some_and(|pending| pending > 0), "{told}");
    let metrics = api.wait_for("/metrics")?;
    assert!(metrics.contains("genlock_store_up 0\n"), "{metrics}");
    api.create_camera(&show.event, "Made meanwhile")?;

    mongod.resume()?;
    let back = Instant::now();
    wait_store(&api, "ok")?;
    eprintln!("everything is there {:.1} s after it was back", back.elapsed().as_secs_f64());
    show.take_in_turn(Duration::from_secs(2), &mut taken)?;
    wait_store(&api, "ok")?;
    let log = show.database.switches(&show.event)?;
    assert_eq!(takes(&log), taken);
    let document = show.database.wedding(&show.event)?;
    let shown = document.get_array("camera_switches")?;
    let shown: Vec<_> = shown
        .iter()
        .filter_map(|entry| Some(entry.as_document()?.get_str("to_camera_id").ok()?.to_owned()))
        .collect();
    assert!(shown.ends_with(&taken), "{shown:?} after {taken:?}");
    assert_eq!(document.get_array("multi_cameras")?.len(), 3);
    let store = api.json("GET", "/api/store", None)?;
    assert_eq!(store["rejected"], 0, "{store}");
    Ok(())
}

#[test]
fn a_database_that_hangs_keeps_nobody_waiting() -> Result<()> {
    let Some(mongod) = Mongod::start()? else { return Ok(()) };
    let show = Show::start(&mongod)?;
    let api = show.server.api();
    mongod.hang()?;
    let mut taken = Vec::new();
    let longest = show.take_in_turn(Duration::from_secs(8), &mut taken)?;
    eprintln!("longest wait for the answer to a take: {} ms", longest.as_millis());
    assert!(longest < WAITED_FOR_DATABASE, "{longest:?}");
    wait_store(&api, "behind")?;
    let asked = Instant::now();
    api.create_camera(&show.event, "Made meanwhile")?;
    assert!(asked.elapsed() < WAITED_FOR_DATABASE, "{:?}", asked.elapsed());

    mongod.go_on()?;
    wait_store(&api, "ok")?;
    assert_eq!(takes(&show.database.switches(&show.event)?), taken);
    Ok(())
}

#[test]
fn a_server_that_is_killed_during_an_outage_goes_on_and_loses_nothing() -> Result<()> {
    let Some(mut mongod) = Mongod::start()? else { return Ok(()) };
    let show = Show::start(&mongod)?;
    let mut taken = Vec::new();
    mongod.kill()?;
    show.take_in_turn(Duration::from_secs(4), &mut taken)?;
    // The log is written beside the cut: what the answer of the log shows is durable.
    wait::until("the last take in the log", LIMIT, || {
        let path = format!("/api/events/{}/switches?limit=1", show.event);
        let log = show.server.api().json("GET", &path, None)?;
        Ok((log["items"][0]["to_camera_id"] == *taken.last().context("takes")?).then_some(()))
    })?;
    let (uri, keys) = (show.database.uri(), show.cameras.each_ref().map(|c| c.key.clone()));
    let (event, database) = (show.event, show.database);
    let data_dir = show.server.kill()?;

    let server = Server::start_with(data_dir, &["--mongodb-uri", &uri])?;
    let api = server.api();
    let urls = keys.map(|key| format!("{}/{key}", server.rtmp));
    let _publishers = publish(&api, &event, &urls)?;
    wait_store(&api, "behind")?;
    mongod.resume()?;
    wait_store(&api, "ok")?;
    assert_eq!(takes(&database.switches(&event)?), taken);
    Ok(())
}

#[test]
fn a_document_of_another_program_becomes_an_event_while_the_server_runs() -> Result<()> {
    let Some(mongod) = Mongod::start()? else { return Ok(()) };
    let database = Database::connect(&mongod)?;
    let data_dir = Arc::new(tempfile::tempdir()?);
    let server = Server::start_with(data_dir, &["--mongodb-uri", &database.uri()])?;
    let api = server.api();
    database.insert_wedding(doc! {
        "id": "wedding-1", "creator_id": "creator-7", "title": "Ann & Bob",
        "multi_cameras": [{
            "camera_id": "front", "name": "Front", "stream_key": "key-of-theirs", "status": "waiting",
            "hls_url": null, "created_at": DateTime::from_millis(5),
        }],
        "active_camera_id": null, "camera_switches": [],
        "composition_config": { "active": false, "output_hls_url": null },
    })?;
    api.wait_for("/api/events/wedding-1")?;
    let url = format!("{}/key-of-theirs", server.rtmp);
    let _camera = Camera::publish(&Clip::new(Colour::Red), &url)?;
    api.wait_active("wedding-1", "front")?;
    let camera = |document: &Document| {
        let cameras = document.get_array("multi_cameras").ok()?;
        Some(cameras.first()?.as_document()?.get_str("status").ok()?.to_owned())
    };
    wait::until("the camera live and on air in the document", LIMIT, || {
        let document = database.wedding("wedding-1")?;
        let live = camera(&document).as_deref() == Some("live");
        let on_air = document.get_str("active_camera_id").is_ok_and(|id| id == "front");
        Ok((live && on_air).then_some(()))
    })?;
    let document = database.wedding("wedding-1")?;
    assert_eq!(document.get_str("title")?, "Ann & Bob");
    assert!(document.get_document("composition_config")?.get_bool("active")?);
    Ok(())
}
