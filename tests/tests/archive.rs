//! Finished recordings in an object store: carried there whatever dies meanwhile, read from there, removed there.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use genlock_e2e::clip::Picture;
use genlock_e2e::{Api, Camera, Clip, Colour, S3Server, Server, s3, wait};
use serde_json::{Value, json};
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(120);

/// Bytes of a part: a recording that is longer has several.
const PART_BYTES: u64 = 8 << 20;

/// A store, as the configuration names it, and the folder in which its objects are files.
struct Store {
    settings: String,
    objects: PathBuf,
    secrets: Vec<&'static str>,
}

impl Store {
    fn s3(server: &S3Server) -> Self {
        let (bucket, endpoint) = (s3::BUCKET, server.endpoint());
        let (key, secret) = (s3::KEY, s3::SECRET);
        let settings = format!(
            "url = \"s3://{bucket}/live\"\nendpoint = \"{endpoint}\"\nallow_http = true\n\
             access_key_id = \"{key}\"\nsecret_access_key = \"{secret}\"\n"
        );
        Self { settings, objects: server.bucket().join("live"), secrets: vec![key, secret] }
    }

    fn folder(path: &Path) -> Self {
        let settings = format!("url = \"file://{}\"\n", path.display());
        Self { settings, objects: path.to_owned(), secrets: Vec::new() }
    }

    fn server(&self, data_dir: Arc<TempDir>, more: &str) -> Result<Server> {
        let toml = format!("[recordings.object_store]\n{}{more}", self.settings);
        Server::restart_configured(data_dir, &toml)
    }
}

/// Nothing but sync samples: some MB a second.
fn rich() -> Clip {
    let picture = Picture::Clock(1);
    Clip { picture, size: (1920, 1080), gop: 1, b_frames: 0, ..Clip::new(Colour::Red) }
}

/// What is recorded of an event, by source.
fn recording(api: &Api, event: &str, source: &str) -> Result<Value> {
    let list = api.json("GET", &format!("/api/events/{event}/recordings"), None)?;
    let items = list["items"].as_array().context("no items")?;
    items.iter().find(|item| item["source"] == source).cloned().context("it is not recorded")
}

/// Records a camera until there are more than two parts, and ends the event.
fn record(server: &Server) -> Result<(String, Value)> {
    let api = server.api();
    let event = api.create_event("Match")?;
    let policy = json!({ "policy": { "recording": "program" } });
    api.json("PATCH", &format!("/api/events/{event}"), Some(&policy))?;
    let made = api.create_camera(&event, "One")?;
    let camera = Camera::publish(&rich(), &made.publish_url)?;
    wait::until("enough is recorded", LIMIT, || {
        let bytes = recording(&api, &event, "program")?["bytes"].as_u64();
        Ok((bytes > Some(2 * PART_BYTES + 1_000_000)).then_some(()))
    })?;
    drop(camera);
    api.json("POST", &format!("/api/events/{event}/end"), None)?;
    let over = wait::until("the programme is over", LIMIT, || {
        Ok(Some(recording(&api, &event, "program")?).filter(|it| it["status"] == "finished"))
    })?;
    Ok((event, over))
}

fn wait_stored(api: &Api, event: &str, wanted: &str) -> Result<Value> {
    let told = wait::until(wanted, LIMIT, || {
        let told = recording(api, event, "program")?;
        Ok((told["stored"] == wanted && told["store_error"].is_null()).then_some(told))
    });
    told.or_else(|error| {
        let last = recording(api, event, "program")?;
        Err(error.context(last.to_string()))
    })
}

/// The recording's folder below a root.
fn folder(root: &Path, event: &str, recording: &Value) -> Result<PathBuf> {
    let id = recording["id"].as_str().context("no id")?;
    let (began, source) = id.split_once('-').context("no source")?;
    Ok(root.join(event).join(source).join(began))
}

fn recordings_of(data_dir: &TempDir) -> PathBuf {
    data_dir.path().join("recordings")
}

/// What the server and the store must have in common.
fn check_objects(store: &Store, data_dir: &TempDir, event: &str, recording: &Value) -> Result<()> {
    let here = folder(&recordings_of(data_dir), event, recording)?;
    let there = folder(&store.objects, event, recording)?;
    for name in ["0001.mp4", "index"] {
        let (here, there) = (std::fs::read(here.join(name))?, std::fs::read(there.join(name))?);
        ensure!(here == there, "{name}: {} bytes here, {} there", here.len(), there.len());
    }
    Ok(())
}

/// The first upload that a ledger tells of, and how many of its parts are there.
fn upload(data_dir: &TempDir, event: &str, recording: &Value) -> Result<(String, usize)> {
    let path = folder(&recordings_of(data_dir), event, recording)?.join("stored.json");
    let ledger: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let progress = &ledger["files"]["1"]["progress"];
    let name = progress["upload"].as_str().context("no upload")?.to_owned();
    Ok((name, progress["parts"].as_array().context("no parts")?.len()))
}

/// Everything that a recording is used for, as bytes: the same wherever it is.
fn uses(api: &Api, event: &str, recording: &Value) -> Result<Vec<Vec<u8>>> {
    let id = recording["id"].as_str().context("no id")?;
    let base = format!("/api/events/{event}/recordings/{id}");
    // What a clip is snapped to is told with addresses, and every server here has another port.
    api.json("GET", &format!("{base}/clip?from=2&to=4"), None)?;
    let names = [
        "1.mp4",
        "download.mp4",
        "download.mp4?from=2&to=4",
        "index.m3u8",
        "thumbnail.jpg?at=3",
        "edit-list?format=json",
        "edit-list",
    ];
    names.iter().map(|name| api.download(&format!("{base}/{name}"))).collect()
}

/// What ffmpeg complains about when it reads all of a recording's playlist.
fn complaints(server: &Server, event: &str, recording: &Value) -> Result<String> {
    let id = recording["id"].as_str().context("no id")?;
    let bearer = format!("Authorization: Bearer {}\r\n", genlock_e2e::server::ADMIN_TOKEN);
    let url = format!("{}/api/events/{event}/recordings/{id}/index.m3u8", server.http);
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-headers", &bearer, "-i", &url, "-f", "null", "-"])
        .output()
        .context("cannot start ffmpeg")?;
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The bytes that a range of a file answers.
fn range(server: &Server, event: &str, recording: &Value, range: &str) -> Result<(u16, Vec<u8>)> {
    let id = recording["id"].as_str().context("no id")?;
    let url = format!("{}/api/events/{event}/recordings/{id}/1.mp4", server.http);
    let bearer = format!("Bearer {}", genlock_e2e::server::ADMIN_TOKEN);
    let call = ureq::get(&url).header("authorization", &bearer).header("range", range);
    let mut answer = call.call()?;
    Ok((answer.status().as_u16(), answer.body_mut().read_to_vec()?))
}

/// Carries a recording with `store`, lets the local copy go, uses it from there, removes it.
fn stored_read_and_removed(store: &Store) -> Result<()> {
    let data_dir = Arc::new(tempfile::tempdir()?);
    let server = store.server(Arc::clone(&data_dir), "")?;
    let (event, _) = record(&server)?;
    let api = server.api();
    let told = wait_stored(&api, &event, "both")?;
    check_objects(store, &data_dir, &event, &told)?;
    let before = uses(&api, &event, &told)?;
    let log = server.log();
    drop(server);

    let server = store
        .server(Arc::clone(&data_dir), "delete_local = true\ndelete_local_after_minutes = 0\n")?;
    let api = server.api();
    let told = wait_stored(&api, &event, "remote")?;
    let here = folder(&recordings_of(&data_dir), &event, &told)?;
    ensure!(!here.join("0001.mp4").exists(), "the local copy is still there");
    let again = uses(&api, &event, &told)?;
    let differs = again.iter().zip(&before).position(|(again, before)| again != before);
    ensure!(differs.is_none(), "number {differs:?} of what is used differs from what was recorded");
    let (status, bytes) = range(&server, &event, &told, "bytes=1000-2000999")?;
    ensure!(status == 206 && bytes == before[0][1_000..2_001_000], "{status}, {}", bytes.len());
    let said = complaints(&server, &event, &told)?;
    ensure!(said.is_empty(), "{said}");

    // A re-cut is made of what is in the store, and is read from there.
    let id = told["id"].as_str().context("no id")?;
    let base = format!("/api/events/{event}/recordings");
    let list = json!({ "clips": [
        { "source": "program", "from": 1.0, "to": 3.0 }, { "source": "program", "from": 4.0, "to": 6.0 },
    ] });
    let recut = api.json("PUT", &format!("{base}/{id}/edit-list"), Some(&list))?;
    let said = complaints(&server, &event, &recut)?;
    ensure!(said.is_empty(), "{said}");
    let recut_id = recut["id"].as_str().context("no id")?;
    let recut_there = folder(&store.objects, &event, &recut)?.join("index");
    wait::until("the re-cut is stored", LIMIT, || Ok(recut_there.exists().then_some(())))?;

    // A restart finds it as it was, and does not take the missing file for damage.
    drop(server);
    let server = store.server(Arc::clone(&data_dir), "")?;
    let api = server.api();
    ensure!(recording(&api, &event, "program")?["stored"] == "remote");
    ensure!(uses(&api, &event, &told)? == before, "it differs after a restart");
    for id in [recut_id, id] {
        let (status, body) = api.call("DELETE", &format!("{base}/{id}"), None)?;
        ensure!(status == 204, "{body}");
    }
    let gone = wait::until("its objects are removed", LIMIT, || {
        Ok(s3::files(&store.objects)?.is_empty().then_some(()))
    });
    gone.with_context(|| format!("{:?}", s3::files(&store.objects)))?;
    wait::until("nothing of it is left here", LIMIT, || {
        Ok((!recordings_of(&data_dir).join(".removed").exists()).then_some(()))
    })?;
    let deletions = api.json("GET", &format!("{base}/deletions"), None)?;
    let audit = deletions["items"].as_array().context("no items")?;
    ensure!(audit.len() == 2 && audit[1]["by"] == "administrator", "{deletions}");
    ensure!(audit[1]["bytes"].as_u64() > Some(2 * PART_BYTES), "{deletions}");
    let metrics = String::from_utf8(api.download("/metrics")?)?;
    ensure!(metrics.contains("genlock_object_store_removals_waiting 0"), "{metrics}");
    for secret in &store.secrets {
        ensure!(!log.contains(secret) && !server.log().contains(secret), "{secret} is logged");
    }
    Ok(())
}

#[test]
fn a_recording_goes_to_a_folder_and_is_read_from_there() -> Result<()> {
    let folder = tempfile::tempdir()?;
    stored_read_and_removed(&Store::folder(folder.path()))
}

#[test]
fn a_recording_goes_to_s3_and_is_read_from_there() -> Result<()> {
    let Some(server) = S3Server::start()? else { return Ok(()) };
    stored_read_and_removed(&Store::s3(&server))?;
    ensure!(server.unfinished()?.is_empty(), "{:?}", server.unfinished());
    Ok(())
}

/// First the store is killed in the middle of an upload, then the server; the upload goes on where it was.
#[test]
fn an_upload_goes_on_when_the_store_or_the_server_is_killed() -> Result<()> {
    let Some(mut s3) = S3Server::start()? else { return Ok(()) };
    let store = Store::s3(&s3);
    let data_dir = Arc::new(tempfile::tempdir()?);
    // 1 MB a second: eight seconds for each part.
    let slow = "rate_mbit_s = 8\n";
    let server = store.server(Arc::clone(&data_dir), slow)?;
    let (event, over) = record(&server)?;
    let api = server.api();
    let after_parts = |least: usize| {
        wait::until("parts are sent", LIMIT, || {
            Ok(upload(&data_dir, &event, &over).ok().filter(|(_, parts)| *parts >= least))
        })
    };
    let (name, _) = after_parts(1)?;
    s3.kill()?;
    let failed = wait::until("the failure is told", LIMIT, || {
        let told = recording(&api, &event, "program")?;
        Ok(told["store_error"].as_str().map(str::to_owned).map(|error| (told, error)))
    })?;
    ensure!(failed.0["stored"] == "uploading" && failed.1.contains("refused"), "{}", failed.1);
    // While it is away everything is read from the disk.
    ensure!(!uses(&api, &event, &over)?.is_empty());
    s3.resume()?;
    let (again, parts) = after_parts(2)?;
    ensure!(again == name, "another upload was begun");
    // SIGKILL, with two parts of three in the store.
    drop(server);
    let server = store.server(Arc::clone(&data_dir), "")?;
    let api = server.api();
    let told = wait_stored(&api, &event, "both")?;
    check_objects(&store, &data_dir, &event, &told)?;
    ensure!(s3.unfinished()?.is_empty(), "{:?}", s3.unfinished());
    let metrics = String::from_utf8(api.download("/metrics")?)?;
    let sent = metrics
        .lines()
        .find_map(|line| line.strip_prefix("genlock_object_store_sent_bytes_total "));
    let sent: u64 = sent.context("no metric")?.parse()?;
    let bytes = told["bytes"].as_u64().context("no bytes")?;
    ensure!(
        sent < bytes - (parts as u64 - 1) * PART_BYTES,
        "{sent} of {bytes} bytes were sent after the kill"
    );
    Ok(())
}

/// A recording that is removed in the middle of its upload leaves nothing in the store.
#[test]
fn a_recording_that_is_removed_while_it_is_sent_leaves_nothing() -> Result<()> {
    let Some(s3) = S3Server::start()? else { return Ok(()) };
    let store = Store::s3(&s3);
    let data_dir = Arc::new(tempfile::tempdir()?);
    let server = store.server(Arc::clone(&data_dir), "rate_mbit_s = 16\n")?;
    let (event, over) = record(&server)?;
    wait::until("a part is sent", LIMIT, || {
        Ok(upload(&data_dir, &event, &over).ok().filter(|(_, parts)| *parts >= 1))
    })?;
    let id = over["id"].as_str().context("no id")?;
    let (status, body) =
        server.api().call("DELETE", &format!("/api/events/{event}/recordings/{id}"), None)?;
    ensure!(status == 204, "{body}");
    wait::until("the upload is given up", LIMIT, || {
        let left = s3.unfinished()?.len() + s3::files(&store.objects)?.len();
        Ok((left == 0).then_some(()))
    })?;
    wait::until("it is forgotten", LIMIT, || {
        Ok((!recordings_of(&data_dir).join(".removed").exists()).then_some(()))
    })
}
