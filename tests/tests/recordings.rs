//! Recordings that survive: the server is killed, the disk is full; then foreign readers look at them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use genlock_e2e::clip::Picture;
use genlock_e2e::disk::FailingDisk;
use genlock_e2e::strip::{CELLS, HEIGHT, Reading};
use genlock_e2e::{Api, Camera, Clip, Colour, Server, probe, wait};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(60);

/// Pictures at the end of a file among which some may be missing: as many as x264 reorders, and more.
const REORDERED_MAX: usize = 4;

/// What a kill may lose of what had come: see `genlock_recorder::limits::HELD_MAX`.
const LOST_MAX: Duration = Duration::from_secs(1);

/// A time as the API reads it.
fn wall(at: SystemTime) -> Result<String> {
    let seconds = at.duration_since(UNIX_EPOCH)?.as_secs_f64();
    let date = ["-u", "-d", &format!("@{seconds:.3}"), "+%Y-%m-%dT%H:%M:%S.%3NZ"];
    let output = Command::new("date").args(date).output().context("cannot start date")?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Until when a playlist shows pictures.
fn shown_until(playlist: &str) -> Result<SystemTime> {
    let (mut segments, mut parts) = (None, Duration::ZERO);
    let seconds = |text: &str| Ok::<_, anyhow::Error>(Duration::from_secs_f64(text.parse()?));
    for line in playlist.lines() {
        if let Some(date) = line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:") {
            let output = Command::new("date").args(["-u", "-d", date, "+%s.%N"]).output()?;
            let unix = seconds(String::from_utf8(output.stdout)?.trim())?;
            segments = Some(UNIX_EPOCH + unix);
        } else if let Some(part) = line.strip_prefix("#EXT-X-PART:") {
            let duration = part.split(',').find_map(|field| field.strip_prefix("DURATION="));
            parts += seconds(duration.context("a part without a duration")?)?;
        } else if let Some(duration) = line.strip_prefix("#EXTINF:") {
            segments = segments
                .map(|at| Ok::<_, anyhow::Error>(at + seconds(duration.trim_end_matches(','))?))
                .transpose()?;
            parts = Duration::ZERO;
        }
    }
    Ok(segments.context("no date")? + parts)
}

/// A camera whose pictures say when they were made, with a GOP that is longer than a fragment.
fn clock(number: u8) -> Clip {
    Clip { picture: Picture::Clock(number), gop: 45, ..Clip::new(Colour::Red) }
}

/// The recordings of an event, by source.
fn recordings(api: &Api, event: &str) -> Result<BTreeMap<String, Value>> {
    let list = api.json("GET", &format!("/api/events/{event}/recordings"), None)?;
    let items = list["items"].as_array().context("no items")?;
    let by_source = |item: &Value| Some((item["source"].as_str()?.to_owned(), item.clone()));
    Ok(items.iter().filter_map(by_source).collect())
}

fn wait_recorded(
    api: &Api,
    event: &str,
    sources: usize,
    millis: u64,
) -> Result<BTreeMap<String, Value>> {
    wait::until("enough is recorded", LIMIT, || {
        let found = recordings(api, event)?;
        let long = |item: &&Value| item["duration_ms"].as_u64() >= Some(millis);
        Ok((found.values().filter(long).count() >= sources).then_some(found))
    })
}

/// Waits until the live playlist says something new.
fn programme_goes_on(api: &Api, event: &str) -> Result<()> {
    let playlist = format!("/hls/{event}/program/media.m3u8");
    let now = api.wait_for(&playlist)?;
    wait::until("the programme goes on", LIMIT, || {
        Ok((api.wait_for(&playlist)? != now).then_some(()))
    })
}

/// The media files below a folder.
fn media_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(media_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "mp4") {
            files.push(path);
        }
    }
    Ok(files)
}

/// What ffmpeg complains about when it reads all of an input.
fn complaints(input: &[&str]) -> Result<String> {
    let output = Command::new("ffmpeg")
        .args(["-v", "error"])
        .args(input)
        .args(["-f", "null", "-"])
        .output()
        .context("cannot start ffmpeg")?;
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Options of ffmpeg for every picture as it is.
const EACH: [&str; 2] = ["-vsync", "passthrough"];
/// For one picture in each thirtieth of a second: an edit list counts time, and a busy machine may leave a hole.
const BY_TIME: [&str; 4] = ["-vsync", "cfr", "-r", "30"];

/// What the pictures of a file say.
fn readings(file: &Path) -> Result<Vec<Reading>> {
    decode(file, &EACH)
}

fn decode(file: &Path, pace: &[&str]) -> Result<Vec<Reading>> {
    let filter = format!("crop=iw:{HEIGHT}:0:ih-{HEIGHT},scale={CELLS}:1:flags=area,format=gray");
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(file)
        .arg("-an")
        .args(pace)
        .args(["-vf", &filter, "-f", "rawvideo", "-"])
        .output()
        .context("cannot start ffmpeg")?;
    let pictures = output.stdout.chunks_exact(CELLS as usize);
    pictures
        .map(|pixels| Reading::of_pixels(pixels.iter().copied()).context("a torn picture"))
        .collect()
}

/// Pictures that are missing between those that are there; the clip begins anew every ten seconds.
fn missing(readings: &[Reading]) -> u32 {
    let picture = |reading: &Reading| (reading.clip_ms * 30 + 500) / 1000;
    let step = |pair: &[Reading]| (picture(&pair[1]) + 300 - picture(&pair[0])) % 300;
    readings.windows(2).map(|pair| step(pair).saturating_sub(1)).sum()
}

#[test]
fn killed_in_the_middle_a_recording_is_whole_and_goes_on() -> Result<()> {
    let server = Server::start()?;
    let api = server.api();
    let event = api.create_event("Match")?;
    let mut cameras = Vec::new();
    let mut ids = Vec::new();
    for number in 0..3 {
        let made = api.create_camera(&event, &format!("Camera {number}"))?;
        cameras.push(Camera::publish(&clock(number), &made.publish_url)?);
        ids.push(made.id);
    }
    wait_recorded(&api, &event, 4, 5_000)?;
    let take = format!("/api/events/{event}/cameras/{}/switch", other(&api, &event, &ids)?);
    api.json("POST", &take, Some(&serde_json::json!({ "style": "clean" })))?;
    let before = wait_recorded(&api, &event, 4, 9_000)?;
    let data_dir = server.data_dir();
    // What viewers had been shown is what had come at least; the cameras' playlists begin with the first of two calls.
    let mut shown = BTreeMap::new();
    let sources: Vec<&str> = ids.iter().map(String::as_str).chain(["program"]).collect();
    for source in sources.repeat(2) {
        let playlist = api.wait_for(&format!("/hls/{event}/{source}/media.m3u8"))?;
        shown.insert(source.to_owned(), shown_until(&playlist)?);
    }
    // SIGKILL, while everybody publishes.
    drop(server);
    drop(cameras);

    let files = media_files(&data_dir.path().join("recordings"))?;
    ensure!(files.len() == 4, "{files:?}");
    let server = Server::start_in(Arc::clone(&data_dir))?;
    let api = server.api();
    let after = wait_recorded(&api, &event, 4, 9_000)?;
    for (source, item) in &after {
        let (kept, had) = (item["duration_ms"].as_u64(), before[source]["duration_ms"].as_u64());
        ensure!(kept >= had, "{source}: {had:?} ms before the kill, {kept:?} ms after");
        // There is a picture from so shortly before the kill.
        let id = item["id"].as_str().context("no id")?;
        let from = wall(shown[source] - LOST_MAX)?;
        let clip = format!("/api/events/{event}/recordings/{id}/clip?from={from}");
        let (status, body) = api.call("GET", &clip, None)?;
        ensure!(status == 200, "{source} lost more than {LOST_MAX:?}: {body}");
    }
    for file in &files {
        let name = file.to_string_lossy();
        ensure!(probe::streams(&name)?.len() == 2, "{name}");
        let said = complaints(&["-i", &name])?;
        ensure!(said.is_empty(), "{name}: {said}");
    }
    for (number, id) in ids.iter().enumerate() {
        let file =
            files.iter().find(|file| file.to_string_lossy().contains(id)).context("no file")?;
        let pictures = readings(file)?;
        ensure!(pictures.len() >= 200, "{} pictures of camera {number}", pictures.len());
        ensure!(pictures.iter().all(|reading| usize::from(reading.camera) == number));
        // Fragments end in decoding order, in which a picture comes before those that are shown before it. So some that are
        // shown before the last one may be in the fragment that was lost; nothing is missing but those.
        let (shown, reordered) = pictures.split_at(pictures.len() - REORDERED_MAX);
        ensure!(missing(shown) == 0, "camera {number}: {} pictures missing", missing(shown));
        let at_end = missing(&pictures);
        ensure!(
            at_end < REORDERED_MAX as u32,
            "camera {number}: {at_end} missing in {reordered:?}"
        );
    }
    uses(&server, &event, &after["program"])?;
    edit_list_shows_what_the_programme_showed(&api, &event, &after["program"])?;

    // A camera that comes back goes on in the recording that it had.
    let path = format!("/api/events/{event}/cameras/{}/rotate-key", ids[0]);
    let rotated = api.json("POST", &path, None)?;
    let url = format!("{}/{}", server.rtmp, rotated["stream_key"].as_str().context("no key")?);
    let _camera = Camera::publish(&clock(0), &url)?;
    let id = after[&ids[0]]["id"].as_str().context("no id")?.to_owned();
    let path = format!("/api/events/{event}/recordings/{id}");
    let told = wait::until("the recording goes on", LIMIT, || {
        let told = api.json("GET", &path, None)?;
        Ok((told["files"].as_array().map(Vec::len) == Some(2) && told["status"] == "recording")
            .then_some(told))
    })?;
    // On a busy machine a camera may have been silent, too.
    let gaps = told["gaps"].as_array().context("no gaps")?;
    ensure!(gaps.iter().any(|gap| gap["reason"] == "restart"), "{told}");
    let (status, body) = api.call("DELETE", &path, None)?;
    ensure!(status == 409, "{body}");
    Ok(())
}

/// A camera that is not on air.
fn other(api: &Api, event: &str, ids: &[String]) -> Result<String> {
    let active = api.active(event)?;
    ids.iter().find(|id| Some(*id) != active.as_ref()).cloned().context("no other camera")
}

/// The pictures of a recording as it is downloaded.
fn downloaded(api: &Api, event: &str, id: &str, pace: &[&str]) -> Result<Vec<Reading>> {
    let folder = tempfile::tempdir()?;
    let movie = folder.path().join("movie.mp4");
    let path = format!("/api/events/{event}/recordings/{id}/download.mp4");
    std::fs::write(&movie, api.download(&path)?)?;
    decode(&movie, pace)
}

/// Each clip of the edit list has, in the camera's recording, the pictures that the programme has there.
fn edit_list_shows_what_the_programme_showed(
    api: &Api,
    event: &str,
    program: &Value,
) -> Result<()> {
    let id = program["id"].as_str().context("no id")?;
    let shown = downloaded(api, event, id, &BY_TIME)?;
    let list = api.json("GET", &format!("/api/events/{event}/recordings/{id}/edit-list"), None)?;
    let clips = list["tracks"]["children"][0]["children"].as_array().context("no clips")?;
    let frames =
        |time: &Value| time["value"].as_f64().map(|frames| frames as usize).context("no time");
    let (mut begin, mut compared) = (0, 0);
    for clip in clips {
        let length = frames(&clip["source_range"]["duration"])?;
        if let Some(media) = clip["media_references"]["DEFAULT_MEDIA"]["name"].as_str() {
            let camera = downloaded(api, event, media, &BY_TIME)?;
            let offset = frames(&clip["source_range"]["start_time"])?;
            for frame in [length / 4, length / 2, length * 3 / 4] {
                let (shown, cut) = (&shown[begin + frame], &camera[offset + frame]);
                ensure!(shown.camera == cut.camera, "{list}");
                // Cameras begin their pictures at different times, so half a frame is lost or won at a cut.
                let apart = (i64::from(shown.clip_ms) - i64::from(cut.clip_ms)).rem_euclid(10_000);
                ensure!(
                    apart <= 34 || apart >= 9_966,
                    "{shown:?} in the programme, {cut:?} in the list"
                );
            }
            compared += 1;
        }
        begin += length;
    }
    ensure!(compared >= 2, "{list}");
    Ok(())
}

/// Complaints without those of the output, which counts in frames of 30 fps: behind an instant cut there are more.
fn of_decoder(complaints: &str) -> String {
    let of_output =
        |line: &&str| line.contains("dts to muxer") || line.contains("message repeated");
    complaints.lines().filter(|line| !of_output(line)).collect()
}

/// Size and hash of each picture as it is stored, and when it is shown, in milliseconds from the first.
fn packets(file: &Path) -> Result<Vec<(String, i64)>> {
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(file)
        .args(["-map", "0:v", "-c", "copy", "-f", "framehash", "-hash", "md5", "-"])
        .output()
        .context("cannot start ffmpeg")?;
    let text = String::from_utf8(output.stdout)?;
    let (mut packets, mut ticks, mut second) = (Vec::new(), None, 90_000);
    for line in text.lines() {
        if let Some((_, rate)) = line.strip_prefix("#tb 0: ").and_then(|tb| tb.split_once('/')) {
            second = rate.parse()?;
        }
        let fields: Vec<&str> = match line.starts_with('#') {
            true => continue,
            false => line.split(',').map(str::trim).collect(),
        };
        if let [_, _, pts, _, size, hash] = fields[..] {
            let pts: i64 = pts.parse()?;
            let first = *ticks.get_or_insert(pts);
            packets.push((format!("{size} {hash}"), (pts - first) * 1000 / second));
        }
    }
    Ok(packets)
}

/// OpenTimelineIO reads each form of the edit list, and finds the same in them. `cargo xtask test` says where it is.
fn editing_programs_read(api: &Api, path: &str, clips: usize) -> Result<()> {
    let Some(python) = std::env::var_os("GENLOCK_OTIO_PYTHON") else { return Ok(()) };
    let folder = tempfile::tempdir()?;
    let formats = ["otio", "edl", "fcpxml"];
    let files = formats.map(|format| folder.path().join(format!("list.{format}")));
    for (file, format) in files.iter().zip(formats) {
        std::fs::write(file, api.download(&format!("{path}?format={format}"))?)?;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/otio/read.py");
    let output = Command::new(python).args([script, "30"]).args(&files).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: Value = serde_json::from_slice(&output.stdout)?;
    let of = |file: usize| read[files[file].to_string_lossy().as_ref()].as_array().cloned();
    let (otio, edl) = of(0).zip(of(1)).context("no clips")?;
    let fcpxml = of(2).context("no clips")?;
    ensure!(otio.len() == clips, "{clips} clips were shown: {read}");
    let mut next = 0.0;
    for clip in &otio {
        let number = |field: &str| clip[field].as_f64().context("no number");
        ensure!(number("record")? == next && number("frames")? >= 1.0, "{clip} at {next}");
        ensure!(number("source")? + number("frames")? <= number("available")? + 1.0, "{clip}");
        next += number("frames")?;
    }
    let places = |clips: &[Value]| -> Vec<Value> {
        let fields = ["name", "record", "source", "frames"];
        clips.iter().map(|clip| fields.map(|field| clip[field].clone()).into()).collect()
    };
    ensure!(places(&otio) == places(&edl), "{read}");
    ensure!(places(&otio) == places(&fcpxml), "{read}");
    Ok(())
}

/// Places in `again` of the pictures of `shown`, as far as they go together, and how often `again` has some more.
///
/// Where the last pictures of a camera come too late for a cut, the programme shows the next camera's first one in their place
/// (docs/decisions.md, "An in-point fills the hole in front of it"); a re-cut has them. They are the whole end of a mini-GOP, so that
/// places are the same in the order of decoding and of showing.
fn in_both(shown: &[(String, i64)], again: &[(String, i64)]) -> (Vec<usize>, usize) {
    let (mut places, mut late, mut next) = (Vec::new(), 0, 0);
    for (picture, _) in shown {
        let ahead = again.iter().skip(next).take(REORDERED_MAX);
        let Some(ahead) = ahead.map(|(again, _)| again).position(|again| again == picture) else {
            break;
        };
        late += usize::from(ahead > 0);
        places.push(next + ahead);
        next += ahead + 1;
    }
    (places, late)
}

/// Clean cuts between three cameras, then the switch log is cut again.
#[test]
fn cut_again_by_the_switch_log_the_programme_has_the_same_pictures() -> Result<()> {
    let server = Server::start()?;
    let api = server.api();
    let event = api.create_event("Match")?;
    let (mut cameras, mut ids) = (Vec::new(), Vec::new());
    for number in 0..3 {
        let made = api.create_camera(&event, &format!("Camera {number}"))?;
        cameras.push(Camera::publish(&clock(number), &made.publish_url)?);
        ids.push(made.id);
    }
    wait_recorded(&api, &event, 4, 3_000)?;
    for (turn, style) in ["clean", "clean", "instant", "clean"].into_iter().enumerate() {
        let next = other(&api, &event, &ids)?;
        let take = format!("/api/events/{event}/cameras/{next}/switch");
        api.json("POST", &take, Some(&serde_json::json!({ "style": style })))?;
        wait::until("the cut is logged", LIMIT, || {
            let log = api.json("GET", &format!("/api/events/{event}/switches"), None)?;
            let made = log["items"].as_array().context("no items")?.len();
            Ok((made >= turn + 2 && api.active(&event)?.as_ref() == Some(&next)).then_some(()))
        })?;
        // Each clip is longer than a GOP.
        let so_far =
            recordings(&api, &event)?.values().filter_map(|it| it["duration_ms"].as_u64()).max();
        wait_recorded(&api, &event, 4, so_far.context("no duration")? + 2_300)?;
    }
    api.json("POST", &format!("/api/events/{event}/end"), None)?;
    let program = wait::until("the programme is over", LIMIT, || {
        let found = recordings(&api, &event)?.remove("program").context("no programme")?;
        Ok((found["status"] == "finished").then_some(found))
    })?;
    let base = format!("/api/events/{event}/recordings");
    let id = program["id"].as_str().context("no id")?;
    let list = api.json("GET", &format!("{base}/{id}/edit-list?format=json"), None)?;
    let of_cameras = |clip: &&Value| clip["source"] != "program";
    let clips = list["clips"].as_array().context("no clips")?;
    ensure!(clips.iter().filter(of_cameras).count() >= 4, "{list}");
    let recut = api.json("PUT", &format!("{base}/{id}/edit-list"), Some(&list))?;
    editing_programs_read(&api, &format!("{base}/{id}/edit-list"), clips.len())?;

    let folder = tempfile::tempdir()?;
    let mut found = Vec::new();
    for id in [id, recut["id"].as_str().context("no id")?] {
        let file = folder.path().join(format!("{id}.mp4"));
        std::fs::write(&file, api.download(&format!("{base}/{id}/download.mp4"))?)?;
        let said = of_decoder(&complaints(&["-i", &file.to_string_lossy()])?);
        ensure!(said.is_empty(), "{id}: {said}");
        found.push((packets(&file)?, readings(&file)?));
    }
    let [(shown, read), (again, read_again)] = &found[..] else { anyhow::bail!("two files") };
    ensure!(shown.len() > 300, "{} pictures", shown.len());
    let (places, late) = in_both(shown, again);
    let around = |list: &[(String, i64)], at: usize| {
        let list = list.iter().skip(at.saturating_sub(3)).take(12);
        list.map(|(size, at)| format!("{at}: {size:.12}")).collect::<Vec<_>>()
    };
    // The event ends at any picture; the last clip with one that leaves no hole.
    let unseen = again.len() - places.last().map_or(0, |last| last + 1);
    ensure!(
        shown.len() - places.len() <= REORDERED_MAX && unseen <= REORDERED_MAX && late <= 4,
        "{} pictures, {} again, {late} times late; {:#?}, again {:#?}\n{recut}",
        shown.len(),
        again.len(),
        around(shown, places.len()),
        around(again, places.last().map_or(0, |last| last + 1))
    );
    let (mut moved, mut next) = (0, 0);
    for (shown, &place) in shown.iter().zip(&places) {
        let early = shown.1 - again[place].1;
        let least = if place == next { -1 } else { -34 * REORDERED_MAX as i64 };
        ensure!((least..=34).contains(&early), "{shown:?}, again {:?}\n{recut}", again[place]);
        moved += u32::from(early > 1);
        next = place + 1;
    }
    // Where the camera follows what was played faster, its first picture fills the hole of less than a picture.
    ensure!(moved <= 1, "{moved} pictures at other times\n{recut}");
    ensure!(read_again.len() == again.len(), "{} of {} decoded", read_again.len(), again.len());
    let whole = places.len() - REORDERED_MAX;
    let same = |(read, &place): (&Reading, &usize)| *read == read_again[place];
    ensure!(read.iter().zip(&places).take(whole).all(same), "the pictures say other times");
    let bearer = format!("Authorization: Bearer {}\r\n", genlock_e2e::server::ADMIN_TOKEN);
    let id = recut["id"].as_str().context("no id")?;
    let playlist = format!("{}{base}/{id}/index.m3u8", server.http);
    let said = of_decoder(&complaints(&["-headers", &bearer, "-i", &playlist])?);
    ensure!(said.is_empty(), "the playlist of the re-cut: {said}");
    Ok(())
}

/// Watches and downloads a recording as its owner would.
fn uses(server: &Server, event: &str, recording: &Value) -> Result<()> {
    let api = server.api();
    let id = recording["id"].as_str().context("no id")?;
    let base = format!("{}/api/events/{event}/recordings/{id}", server.http);
    let bearer = format!("Authorization: Bearer {}\r\n", genlock_e2e::server::ADMIN_TOKEN);
    for name in ["download.mp4", "1.mp4", "download.mp4?from=2&to=5", "index.m3u8?to=8"] {
        let said = complaints(&["-headers", &bearer, "-i", &format!("{base}/{name}")])?;
        ensure!(said.is_empty(), "{name}: {said}");
    }
    let pictures = downloaded(&api, event, id, &EACH)?.len();
    ensure!(pictures >= 200, "pictures are missing from the download");
    let path = format!("/api/events/{event}/recordings/{id}");
    let clip = api.json("GET", &format!("{path}/clip?from=2&to=5"), None)?;
    ensure!(
        clip["from_ms"].as_u64() <= Some(2_000) && clip["to_ms"].as_u64() >= Some(5_000),
        "{clip}"
    );
    let jpeg = api.download(&format!("{path}/thumbnail.jpg?at=3"))?;
    ensure!(jpeg.starts_with(&[0xff, 0xd8]) && jpeg.len() > 2_000, "no picture");
    Ok(())
}

/// The recordings are on a file system of 1.5 MB. Viewers see nothing of it, and when there is room again
/// the recording goes on.
#[test]
fn a_full_disk_stops_recordings_and_nothing_else() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mount = folder.path().join("disk");
    std::fs::create_dir(&mount)?;
    let server = Server::start_on_small_disk(&mount, 1_536 * 1024)?;
    let api = server.api();
    let event = api.create_event("Match")?;
    let made = api.create_camera(&event, "One")?;
    let _camera = Camera::publish(&Clip::new(Colour::Red), &made.publish_url)?;
    let list = format!("/api/events/{event}/recordings");
    let state = |wanted: &str| {
        wait::until(wanted, LIMIT, || {
            let told = api.json("GET", &list, None)?;
            let sources = told["sources"].as_array().context("no sources")?;
            Ok(sources.iter().any(|source| source["state"] == wanted).then_some(()))
        })
    };
    state("failed")?;
    programme_goes_on(&api, &event)?;

    // Cameras are not recorded any more, and what was recorded of them is removed.
    let policy = serde_json::json!({ "policy": { "recording": "program" } });
    api.json("PATCH", &format!("/api/events/{event}"), Some(&policy))?;
    let id = recordings(&api, &event)?[&made.id]["id"].as_str().context("no id")?.to_owned();
    wait::until("the camera's recording is removed", LIMIT, || {
        Ok((api.call("DELETE", &format!("{list}/{id}"), None)?.0 == 204).then_some(()))
    })?;
    wait::until("the programme's recording goes on", LIMIT, || {
        let told = api.json("GET", &list, None)?;
        Ok((told["sources"][0]["state"] == "recording").then_some(()))
    })
}

/// The file system is read-only when a recording begins, then it is not any more.
#[test]
fn a_disk_that_is_read_only_stops_recordings_and_nothing_else() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mount = folder.path().join("disk");
    std::fs::create_dir(&mount)?;
    let server = Server::start_on_small_disk(&mount, 64 << 20)?;
    let api = server.api();
    let event = api.create_event("Match")?;
    let made = api.create_camera(&event, "One")?;
    let _camera = Camera::publish(&Clip::new(Colour::Red), &made.publish_url)?;
    let list = format!("/api/events/{event}/recordings");
    let states = || {
        let told = api.json("GET", &list, None)?;
        let sources = told["sources"].as_array().context("no sources")?.clone();
        Ok::<_, anyhow::Error>(sources)
    };
    let all = |wanted: &str| {
        wait::until(wanted, LIMIT, || {
            let sources = states()?;
            let are = sources.iter().filter(|source| source["state"] == wanted).count();
            Ok((are == 2).then_some(sources))
        })
    };
    let policy = |recording: &str| {
        let policy = serde_json::json!({ "policy": { "recording": recording } });
        api.json("PATCH", &format!("/api/events/{event}"), Some(&policy))
    };
    all("recording")?;
    // Nobody can mount a file system read-only while files on it are written to.
    policy("off")?;
    wait::until("the files are closed", LIMIT, || Ok(states()?.is_empty().then_some(())))?;
    wait::until("it is read-only", LIMIT, || Ok(server.remount(&mount, "ro").ok()))?;
    policy("all")?;
    let failed = all("failed")?;
    let error = failed[0]["error"].as_str().context("no error")?;
    ensure!(error.to_lowercase().contains("read-only"), "{error}");
    programme_goes_on(&api, &event)?;
    server.remount(&mount, "rw")?;
    all("recording")?;
    let items = recordings(&api, &event)?;
    ensure!(items.len() == 2, "the recordings that were begun go on: {items:?}");
    Ok(())
}

/// The file system becomes read-only in the middle of a write. Viewers see nothing of it; when it has been mended, recordings go on.
#[test]
fn a_disk_that_fails_in_the_middle_of_a_write_stops_recordings_and_nothing_else() -> Result<()> {
    let Some(disk) = FailingDisk::start()? else { return Ok(()) };
    let api = disk.server.api();
    let event = api.create_event("Match")?;
    let made = api.create_camera(&event, "One")?;
    let _camera = Camera::publish(&Clip::new(Colour::Red), &made.publish_url)?;
    // As long as until the files have been made durable: a file system that is mended has nothing else.
    let before = wait_recorded(&api, &event, 2, 12_000)?;
    let list = format!("/api/events/{event}/recordings");
    let all = |wanted: &str| {
        wait::until(wanted, LIMIT, || {
            let told = api.json("GET", &list, None)?;
            let sources = told["sources"].as_array().context("no sources")?;
            let are = sources.iter().filter(|source| source["state"] == wanted).count();
            Ok((are == 2).then(|| sources.clone()))
        })
    };
    disk.fail()?;
    let failed = all("failed")?;
    let error = failed[0]["error"].as_str().context("no error")?;
    ensure!(error.to_lowercase().contains("read-only"), "{error}");
    programme_goes_on(&api, &event)?;
    disk.mend()?;
    all("recording")?;
    // Either goes on, in another file if the disk has lost the end of the first.
    let at_least = |millis: u64| wait_recorded(&api, &event, 2, millis);
    let longest = before.values().filter_map(|item| item["duration_ms"].as_u64()).max();
    let after = at_least(longest.context("no duration")? + 5_000)?;
    ensure!(after.len() == 2, "{after:?}");
    for (source, item) in &after {
        let id = item["id"].as_str().context("no id")?;
        ensure!(item["id"] == before[source]["id"], "{source} began anew: {item}");
        let bearer = format!("Authorization: Bearer {}\r\n", genlock_e2e::server::ADMIN_TOKEN);
        let url = format!("{}{list}/{id}/download.mp4", disk.server.http);
        let said = complaints(&["-headers", &bearer, "-i", &url])?;
        ensure!(said.is_empty(), "{source}: {said}");
    }
    Ok(())
}
