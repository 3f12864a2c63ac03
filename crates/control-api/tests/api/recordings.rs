//! Recordings: listing, watching, downloading, removing.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use genlock_feed::{Feed, FeedLimits, FeedWriter};
use genlock_media::{Dependency, Sample, TrackConfig, VideoConfig};
use genlock_recorder::{Recording, RecordingId, Source, Stop};
use genlock_store::{
    CameraId, EventId, Store, SwitchOutcome, SwitchReason, SwitchRecord, SwitchStyle, Timestamp,
    UnknownFields,
};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::harness::{Answer, Api, TOKEN, creator_token, last_segment};
use crate::pages::pages;

/// x264, constrained baseline, 320x180.
const AVCC: &[u8] = &[
    0x01, 0x42, 0xc0, 0x0d, 0xff, 0xe1, 0x00, 0x17, 0x67, 0x42, 0xc0, 0x0d, 0xda, 0x05, 0x06, 0x7e,
    0x7c, 0x04, 0x40, 0x00, 0x00, 0x03, 0x00, 0x40, 0x00, 0x00, 0x0f, 0x03, 0xc5, 0x0a, 0xa8, 0x01,
    0x00, 0x04, 0x68, 0xce, 0x0f, 0xc8,
];

/// An event whose programme is recorded.
struct Recorded {
    api: Api,
    /// `/api/events/{event}`
    event: String,
    source: Source,
    writer: FeedWriter,
}

impl Recorded {
    /// Ten GOPs of a second, as soon as they are on the disk.
    async fn new() -> (Self, Recording) {
        let api = Api::new();
        let event = api.event().await;
        let source = Source::new(last_segment(&event), "program").unwrap();
        let feed = Feed::new(FeedLimits::default());
        api.recorder.record(source.clone(), feed.clone());
        eventually(|| api.recorder.status(&source)).await;
        let (writer, now) = (feed.open(api.clock.now()), api.clock.now());
        let mut recorded = Self { api, event, source, writer };
        let config = VideoConfig::from_avcc(&Bytes::from_static(AVCC)).unwrap();
        let config = Arc::new(TrackConfig::Video(config));
        for picture in 0..100 {
            let is_sync = picture % 10 == 0;
            let sample = Sample {
                config: Arc::clone(&config),
                dts: now.as_micros() * 9 / 100 + picture * 9_000,
                composition_offset: 9_000,
                duration: None,
                dependency: if is_sync { Dependency::Sync } else { Dependency::Reference },
                payload: vec![0xA5; 2_000].into(),
            };
            recorded.writer.push(now, sample).unwrap();
        }
        let recording = eventually(|| {
            recorded.newest().filter(|newest| newest.timeline.fragments().len() >= 36)
        });
        let recording = recording.await;
        (recorded, recording)
    }

    /// The same when it is over.
    async fn over() -> (Self, Recording) {
        let (recorded, _) = Self::new().await;
        recorded.api.recorder.stop(&recorded.source, Stop::End);
        let ended = || recorded.newest().filter(|newest| newest.timeline.ended().is_some());
        let recording = eventually(ended).await;
        (recorded, recording)
    }

    fn newest(&self) -> Option<Recording> {
        self.api.recorder.library().list(self.source.event()).unwrap().pop()
    }

    fn path(&self, recording: &Recording, rest: &str) -> String {
        format!("{}/recordings/{}{rest}", self.event, recording.id)
    }

    /// The running system ends the event.
    fn end(&self) {
        let id = EventId::parse(last_segment(&self.event)).unwrap();
        self.api.live.state().lives.insert(id, genlock_store::Life::Ended);
    }

    /// Asks without a token.
    async fn anonymous(&self, path: &str) -> (Response, Bytes) {
        let request = Request::get(path).header(header::HOST, "genlock.test:8080");
        let request = request.body(Body::empty()).unwrap();
        let response = self.api.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        (Response::from_parts(parts, Body::empty()), bytes)
    }

    async fn public(&self, path: &str) -> (Response, Value) {
        let (response, body) = self.anonymous(path).await;
        let told = serde_json::from_slice(&body).unwrap();
        (response, told)
    }

    async fn raw(&self, path: &str, headers: &[(header::HeaderName, &str)]) -> (Response, Bytes) {
        let mut request =
            Request::get(path).header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let response =
            self.api.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        (Response::from_parts(parts, Body::empty()), bytes)
    }
}

/// Asks until there is something, for 30 s.
async fn eventually<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    for _ in 0..1500 {
        if let Some(got) = ask() {
            return got;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it did not happen");
}

fn header_of<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers()[name].to_str().unwrap()
}

#[tokio::test]
async fn an_event_without_recordings_lists_none() {
    let api = Api::new();
    let event = api.event().await;
    let list = api.get(&format!("{event}/recordings")).await.json();
    assert_eq!(list, json!({ "items": [], "next_after": null, "sources": [] }));
    let missing = api.get("/api/events/nobody/recordings").await;
    missing.problem(404, "event_not_found", None);
    for id in ["1-program", "program", "..", "1-a.b"] {
        let missing = api.get(&format!("{event}/recordings/{id}")).await;
        missing.problem(404, "recording_not_found", None);
    }
}

#[tokio::test]
async fn a_recording_is_told_while_it_goes_on_and_after() {
    let (recorded, recording) = Recorded::new().await;
    let list = recorded.api.get(&format!("{}/recordings", recorded.event)).await.json();
    let id = recording.id.to_string();
    assert_eq!(list["sources"][0]["recording_id"], id, "{list}");
    assert_eq!(list["sources"][0]["source"], "program");
    let item = &list["items"][0];
    assert_eq!((&item["id"], &item["source"]), (&json!(id), &json!("program")));
    assert_ne!(item["status"], "finished");
    assert!(item["began_at"].as_str().unwrap().starts_with("2026-01-01T01:00:"), "{item}");
    let open = recorded.path(&recording, "");
    recorded.api.call("DELETE", &open).await.problem(409, "recording_open", None);

    recorded.api.recorder.stop(&recorded.source, Stop::End);
    eventually(|| recorded.newest().filter(|newest| newest.timeline.ended().is_some())).await;
    let told = recorded.api.get(&open).await.json();
    assert_eq!(told["status"], "finished");
    assert_eq!((&told["duration_ms"], &told["gap_count"]), (&json!(10_000), &json!(0)));
    assert_eq!((&told["stored"], &told["store_error"]), (&json!("local"), &Value::Null));
    assert_eq!(told["files"][0]["name"], "1.mp4");
    assert_eq!(told["files"][0]["bytes"], told["bytes"]);
    let track = json!({
        "video_codec": "avc1.42c00d", "width": 320, "height": 180,
        "audio_codec": null, "sample_rate": null,
    });
    assert_eq!(told["tracks"], json!([track]));
    assert!(told["playlist_url"].as_str().unwrap().ends_with(&format!("{open}/index.m3u8")));
}

#[tokio::test]
async fn a_playlist_leads_to_the_bytes_of_the_files() {
    let (recorded, recording) = Recorded::over().await;
    let (answer, text) = recorded.raw(&recorded.path(&recording, "/index.m3u8"), &[]).await;
    assert_eq!(header_of(&answer, "content-type"), "application/vnd.apple.mpegurl");
    let text = String::from_utf8(text.to_vec()).unwrap();
    assert!(text.contains("#EXT-X-PLAYLIST-TYPE:VOD") && text.ends_with("#EXT-X-ENDLIST\n"));
    let range = text.lines().find_map(|line| line.strip_prefix("#EXT-X-BYTERANGE:")).unwrap();
    let (bytes, offset) = range.split_once('@').unwrap();
    let (bytes, offset): (usize, usize) = (bytes.parse().unwrap(), offset.parse().unwrap());
    let wanted = format!("bytes={offset}-{}", offset + bytes - 1);
    let (answer, body) =
        recorded.raw(&recorded.path(&recording, "/1.mp4"), &[(header::RANGE, &wanted)]).await;
    assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(header_of(&answer, "content-length"), bytes.to_string());
    assert_eq!(body.len(), bytes);
    assert_eq!(&body[4..8], b"moof");

    let (whole, file) = recorded.raw(&recorded.path(&recording, "/1.mp4"), &[]).await;
    assert_eq!(header_of(&whole, "accept-ranges"), "bytes");
    assert_eq!(file[offset..offset + bytes], body);
    let beyond = format!("bytes={}-", file.len());
    let (answer, _) =
        recorded.raw(&recorded.path(&recording, "/1.mp4"), &[(header::RANGE, &beyond)]).await;
    assert_eq!(answer.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    for name in ["/2.mp4", "/0.mp4", "/index", "/x.mp4"] {
        let missing = recorded.api.get(&recorded.path(&recording, name)).await;
        missing.problem(404, "recording_not_found", None);
    }
}

#[tokio::test]
async fn a_download_begins_with_its_index_and_any_range_is_that_of_the_whole() {
    let (recorded, recording) = Recorded::over().await;
    let path = recorded.path(&recording, "/download.mp4");
    let (answer, whole) = recorded.raw(&path, &[]).await;
    assert_eq!(header_of(&answer, "content-type"), "video/mp4");
    assert_eq!(header_of(&answer, "content-length"), whole.len().to_string());
    assert_eq!((&whole[4..8], header_of(&answer, "x-genlock-clip-to-ms")), (&b"ftyp"[..], "10000"));
    let size = u32::from_be_bytes(whole[..4].try_into().unwrap()) as usize;
    assert_eq!(&whole[size + 4..size + 8], b"moov");
    let etag = header_of(&answer, "etag").to_owned();
    for (range, expect) in [
        ("bytes=0-99", &whole[..100]),
        ("bytes=100-30000", &whole[100..=30_000]),
        ("bytes=-50", &whole[whole.len() - 50..]),
    ] {
        let (answer, body) =
            recorded.raw(&path, &[(header::RANGE, range), (header::IF_RANGE, &etag)]).await;
        assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(body, expect, "{range}");
    }
    let other = [(header::RANGE, "bytes=0-9"), (header::IF_RANGE, "\"other\"")];
    let (answer, body) = recorded.raw(&path, &other).await;
    assert_eq!((answer.status(), body.len()), (StatusCode::OK, whole.len()));
}

#[tokio::test]
async fn a_clip_says_what_it_was_snapped_to() {
    let (recorded, recording) = Recorded::over().await;
    let clip = recorded.api.get(&recorded.path(&recording, "/clip?from=2.5&to=4.2")).await.json();
    assert_eq!((&clip["from_ms"], &clip["to_ms"]), (&json!(2_000), &json!(4_300)));
    let path = clip["download_url"].as_str().unwrap();
    assert!(path.ends_with("/download.mp4?from=2.000&to=4.300"), "{path}");
    let (answer, short) = recorded.raw(path, &[]).await;
    assert_eq!(header_of(&answer, "x-genlock-clip-from-ms"), "2000");
    let (_, whole) = recorded.raw(&recorded.path(&recording, "/download.mp4"), &[]).await;
    assert!(short.len() < whole.len() / 2);
    let (_, list) = recorded.raw(clip["playlist_url"].as_str().unwrap(), &[]).await;
    assert!(String::from_utf8(list.to_vec()).unwrap().contains("#EXT-X-ENDLIST"));
    let began = recorded.api.get(&recorded.path(&recording, "")).await.json()["began_at"].clone();
    let wall = format!("/clip?from={}&to=2030-01-01T00:00:00Z", began.as_str().unwrap());
    let clip = recorded.api.get(&recorded.path(&recording, &wall)).await.json();
    assert_eq!((&clip["from_ms"], &clip["to_ms"]), (&json!(0), &json!(10_000)));

    for (query, status, code, field) in [
        ("/clip?from=3&to=3", 400, "invalid_value", Some("to")),
        ("/clip?from=noon", 400, "invalid_value", Some("from")),
        ("/clip?until=3", 400, "unknown_field", Some("until")),
        ("/clip?from=50", 409, "nothing_recorded", None),
    ] {
        let answer = recorded.api.get(&recorded.path(&recording, query)).await;
        answer.problem(status, code, field);
    }
}

#[tokio::test]
async fn a_picture_is_that_of_the_sync_sample_before() {
    let (recorded, recording) = Recorded::over().await;
    // The access unit with its parameter sets in front.
    let expect = format!("recorded Some(\"avc1.42c00d {}\")", 2_000 + 4 + 23 + 4 + 4);
    for query in ["", "?at=4.7", "?at=99"] {
        let answer =
            recorded.api.get(&recorded.path(&recording, &format!("/thumbnail.jpg{query}"))).await;
        assert_eq!((answer.status, answer.text), (StatusCode::OK, expect.clone()), "{query}");
    }
}

#[tokio::test]
async fn the_switch_log_is_an_edit_list_of_the_programme() {
    let (recorded, recording) = Recorded::over().await;
    let begin =
        recording.timeline.span().unwrap().0.as_micros() + recording.timeline.zero_unix_micros();
    let (event, camera) =
        (EventId::parse(recorded.source.event()).unwrap(), CameraId::parse("cam").unwrap());
    for (second, to) in [(0, Some(camera)), (4, None)] {
        let at = Timestamp::from_millis(begin / 1000 + second * 1000);
        let record = SwitchRecord {
            event: event.clone(),
            from: None,
            to,
            requested_at: at,
            switched_at: Some(at),
            style: SwitchStyle::Clean,
            wait_ms: 0,
            discontinuity: genlock_store::Discontinuity::None,
            reason: SwitchReason::Take,
            scheduled: None,
            outcome: SwitchOutcome::Cut,
            ledger: genlock_store::Ledger::default(),
            unknown: UnknownFields::default(),
        };
        recorded.api.store.append_switch(record).await.unwrap();
    }
    let path = recorded.path(&recording, "/edit-list");
    let otio = recorded.api.get(&path).await;
    assert_eq!(otio.header("content-type"), "application/json");
    let clips = otio.json()["tracks"]["children"][0]["children"].clone();
    // 10 pictures a second; the camera was not recorded, and the slate is no camera.
    let lengths: Vec<Value> = clips
        .as_array()
        .unwrap()
        .iter()
        .map(|clip| clip["source_range"]["duration"]["value"].clone())
        .collect();
    assert_eq!(lengths, [json!(40.0), json!(60.0)]);
    assert_eq!((&clips[0]["name"], &clips[0]["OTIO_SCHEMA"]), (&json!("cam"), &json!("Gap.1")));
    for (format, begins) in [("edl", "TITLE: "), ("fcpxml", "<?xml")] {
        let answer = recorded.api.get(&format!("{path}?format={format}")).await;
        assert!(answer.text.starts_with(begins), "{answer:?}");
        assert!(answer.header("content-disposition").ends_with(&format!(".{format}\"")));
    }
    recorded.api.get(&format!("{path}?format=avi")).await.problem(
        400,
        "invalid_value",
        Some("format"),
    );
}

#[tokio::test]
async fn whoever_removes_a_recording_is_written_down() {
    let (recorded, recording) = Recorded::over().await;
    let path = recorded.path(&recording, "");
    let ann = creator_token("ann", &json!({}));
    assert_eq!(recorded.api.by(&ann, "DELETE", &path, None).await.status, StatusCode::FORBIDDEN);
    assert_eq!(recorded.api.call("DELETE", &path).await.status, StatusCode::NO_CONTENT);
    recorded.api.call("DELETE", &path).await.problem(404, "recording_not_found", None);
    let list = recorded.api.get(&format!("{}/recordings/deletions", recorded.event)).await.json();
    let item = &list["items"][0];
    assert_eq!(
        (&item["by"], &item["recording_id"]),
        (&json!("administrator"), &json!(recording.id.to_string()))
    );
    let items =
        recorded.api.get(&format!("{}/recordings", recorded.event)).await.json()["items"].clone();
    assert_eq!(items, Value::Array(Vec::new()));
}

#[tokio::test]
async fn recordings_and_their_deletions_come_in_pages() {
    let (recorded, recording) = Recorded::over().await;
    let folder = recorded.api.recordings.path().join(recorded.source.event()).join("program");
    for more in 1..=2 {
        // A copied folder is a recording of its own.
        let copy = folder.join((recording.id.began() + more).to_string());
        std::fs::create_dir(&copy).unwrap();
        for file in std::fs::read_dir(folder.join(recording.id.began().to_string())).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
        }
    }
    let ids: Vec<String> = [0, 1, 2]
        .map(|more| RecordingId::new(recording.id.began() + more, "program").unwrap().to_string())
        .into();
    let list = format!("{}/recordings", recorded.event);
    assert_eq!(pages(&recorded.api, &list, "id").await, [&ids[..2], &ids[2..]]);
    for id in &ids {
        recorded.api.call("DELETE", &format!("{list}/{id}")).await;
    }
    let deletions = format!("{list}/deletions");
    let listed = pages(&recorded.api, &deletions, "recording_id").await;
    assert_eq!(listed, [&ids[..2], &ids[2..]]);
}

#[tokio::test]
async fn viewers_watch_the_programme_of_an_ended_event_again() {
    let (recorded, recording) = Recorded::over().await;
    let watch = format!("/watch/{}", last_segment(&recorded.event));
    let status = format!("{watch}/status");
    let before = recorded.public(&status).await.1;
    assert_eq!(before["recording"], json!(null), "the event goes on");
    recorded.end();
    let offered = recorded.public(&status).await.1["recording"].clone();
    assert!(offered["duration_ms"].as_u64().is_some_and(|length| length > 5_000), "{offered}");
    let url = offered["hls_url"].as_str().unwrap();
    let path = url.strip_prefix("http://genlock.test:8080").unwrap();
    assert_eq!(path, format!("{watch}/recordings/{}/index.m3u8", recording.id));
    let (_, playlist) = recorded.anonymous(path).await;
    let text = std::str::from_utf8(&playlist).unwrap();
    assert!(text.contains("#EXT-X-ENDLIST") && text.contains("1.mp4"), "{text}");
    let (file, bytes) = recorded.anonymous(&path.replace("index.m3u8", "1.mp4")).await;
    assert_eq!(file.status(), StatusCode::OK);
    assert_eq!(bytes.len() as u64, recording.timeline.bytes());
    let other = path.replace("-program", "-camera");
    assert_eq!(recorded.anonymous(&other).await.0.status(), StatusCode::NOT_FOUND);
    let poster = recorded.anonymous(&format!("{watch}/poster.jpg")).await;
    assert!(poster.1.starts_with(b"recorded"), "{poster:?}");
    recorded.api.patch(&recorded.event, json!({ "policy": { "viewer_recording": false } })).await;
    recorded.end();
    assert_eq!(recorded.public(&status).await.1["recording"], json!(null));
    assert_eq!(recorded.anonymous(path).await.0.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn links_with_a_playback_token_for_recordings_open_them_without_a_header() {
    let (recorded, recording) = Recorded::over().await;
    recorded.api.post("/api/playback-keys/rotate", json!({})).await;
    let tokens = format!("{}/playback-tokens", recorded.event);
    for (recordings, status) in [(false, StatusCode::NOT_FOUND), (true, StatusCode::OK)] {
        let wanted = json!({ "expires_in": 60, "cameras": true, "recordings": recordings });
        let made = recorded.api.post(&tokens, wanted).await.json();
        let watch = made["watch_url"].as_str().unwrap().strip_prefix("http://genlock.test:8080");
        let base = format!("{}/recordings/{}", watch.unwrap(), recording.id);
        for file in ["index.m3u8", "1.mp4", "download.mp4", "download.mp4?from=1&to=3"] {
            let answer = recorded.anonymous(&format!("{base}/{file}")).await.0;
            assert_eq!(answer.status(), status, "{file}");
        }
    }
}
/// The answer to a list of clips that is put to the programme's recording.
async fn cut_again(recorded: &Recorded, recording: &Recording, list: Value) -> Answer {
    recorded.api.put(&recorded.path(recording, "/edit-list"), list).await
}

fn clip(from: f64, to: f64) -> Value {
    json!({ "source": "program", "from": from, "to": to })
}

#[tokio::test]
async fn a_list_of_clips_is_cut_again_and_used_as_any_recording() {
    let (recorded, recording) = Recorded::over().await;
    let list = json!({ "title": "Highlights", "clips": [clip(2.2, 4.1), clip(7.0, 9.0)] });
    let made = cut_again(&recorded, &recording, list.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let told = made.json();
    let first = &told["clips"][0];
    assert_eq!((&first["from"], &first["from_moved_ms"]), (&json!(2.0), &json!(-200)), "{told}");
    // The picture at 4.0 s is shown until 4.1 s.
    assert_eq!((&first["to"], &first["to_moved_ms"]), (&json!(4.1), &json!(0)), "{told}");
    assert_eq!((&told["clips"][1]["from"], &told["clips"][1]["at"]), (&json!(7.0), &json!(2.1)));
    assert_eq!((&told["source"], &told["title"]), (&json!("recut"), &json!("Highlights")));
    assert_eq!((&told["status"], &told["duration_ms"]), (&json!("finished"), &json!(4_100)));
    let path = made.header("location").to_owned();
    let path =
        path.split_once("/api/").map_or_else(|| path.clone(), |(_, rest)| format!("/api/{rest}"));

    let detail = recorded.api.get(&path).await.json();
    let of = |file: usize| detail["files"][file]["recording_id"].clone();
    assert!([of(0), of(1)].contains(&json!(recording.id.to_string())), "{detail}");
    let (_, playlist) = recorded.raw(&format!("{path}/index.m3u8"), &[]).await;
    let playlist = String::from_utf8(playlist.to_vec()).unwrap();
    assert!(playlist.contains("#EXT-X-PLAYLIST-TYPE:VOD"), "{playlist}");
    assert!(playlist.contains("#EXT-X-DISCONTINUITY"), "{playlist}");
    for uri in playlist.lines().filter(|line| !line.starts_with('#')) {
        assert_eq!(recorded.raw(&format!("{path}/{uri}"), &[]).await.0.status(), StatusCode::OK);
    }
    let (answer, movie) = recorded.raw(&format!("{path}/download.mp4"), &[]).await;
    assert_eq!(header_of(&answer, "content-length"), movie.len().to_string());
    let range = [(header::RANGE, "bytes=500-9000")];
    let (_, part) = recorded.raw(&format!("{path}/download.mp4"), &range).await;
    assert_eq!(part, movie[500..=9_000]);

    let twin = cut_again(&recorded, &recording, list).await;
    assert_eq!((twin.status, &twin.json()["id"]), (StatusCode::OK, &told["id"]));
    let used = recorded.api.call("DELETE", &recorded.path(&recording, "")).await;
    used.problem(409, "recording_used", None);
    assert_eq!(recorded.api.call("DELETE", &path).await.status, StatusCode::NO_CONTENT);
    let gone = recorded.api.call("DELETE", &recorded.path(&recording, "")).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn what_was_read_can_be_put() {
    let (recorded, recording) = Recorded::over().await;
    let list = recorded.api.get(&recorded.path(&recording, "/edit-list?format=json")).await.json();
    assert_eq!(list["clips"][0]["recording_id"], recording.id.to_string(), "{list}");
    let whole = cut_again(&recorded, &recording, list).await;
    assert_eq!((whole.status, &whole.json()["duration_ms"]), (StatusCode::CREATED, &json!(10_000)));

    let list = json!({ "clips": [clip(2.0, 4.0), clip(7.0, 9.0)] });
    let recut = cut_again(&recorded, &recording, list).await.json();
    let base = format!("{}/recordings/{}/edit-list", recorded.event, recut["id"].as_str().unwrap());
    for format in ["otio", "json"] {
        let list = recorded.api.get(&format!("{base}?format={format}")).await.json();
        let again = recorded.api.put(&base, list).await;
        let told = again.json();
        let places: Vec<_> =
            told["clips"].as_array().unwrap().iter().map(|clip| clip["at"].clone()).collect();
        assert_eq!(places, [json!(0.0), json!(2.0)], "{format}: {again:?}");
        assert_eq!(told["duration_ms"], 4_000, "{format}: {again:?}");
    }
}

#[tokio::test]
async fn the_example_of_a_list_is_a_legal_one() {
    let (recorded, recording) = Recorded::over().await;
    let document = serde_json::to_value(genlock_control_api::document()).unwrap();
    let call = &document["paths"]["/api/events/{event}/recordings/{recording}/edit-list"]["put"];
    let list = call["requestBody"]["content"]["application/json"]["example"].clone();
    let made = cut_again(&recorded, &recording, list).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
}

#[tokio::test]
async fn what_is_wrong_with_a_list_is_named() {
    let (recorded, recording) = Recorded::over().await;
    let camera = recorded.path(&recording, "").replace("-program", "-nobody");
    let missing = recorded.api.put(&format!("{camera}/edit-list"), json!({ "clips": [] })).await;
    missing.problem(404, "recording_not_found", None);
    let wall = json!({ "source": "program", "from": "2000-01-01T00:00:00Z", "to": 3.0 });
    let named = |field: &str, value: Value| {
        let mut clip = clip(1.0, 2.0);
        clip[field] = value;
        clip
    };
    for (clips, code, field) in [
        (json!([]), "invalid_value", "clips"),
        (
            json!([clip(0.0, 1.0), named("source", json!("nobody"))]),
            "invalid_value",
            "clips[1].source",
        ),
        (json!([{ "from": 1, "to": 2 }]), "missing_field", "clips[0].source"),
        (
            json!([named("recording_id", json!("5-program"))]),
            "invalid_value",
            "clips[0].recording_id",
        ),
        (json!([named("from", json!("noon"))]), "invalid_value", "clips[0].from"),
        (json!([named("from", json!(true))]), "wrong_type", "clips[0].from"),
        (json!([named("name", json!(""))]), "invalid_value", "clips[0].name"),
        (json!([named("speed", json!(2))]), "unknown_field", "clips[0].speed"),
        (json!([wall]), "invalid_value", "clips[0].from"),
        (json!([clip(3.0, 12.0)]), "invalid_value", "clips[0].to"),
        (json!([clip(3.0, 2.0)]), "invalid_value", "clips[0].to"),
        (json!([clip(0.0, 4.0), clip(2.0, 6.0)]), "invalid_value", "clips[1].from"),
    ] {
        let answer = cut_again(&recorded, &recording, json!({ "clips": clips })).await;
        answer.problem(400, code, Some(field));
    }
    let mut again = clip(2.0, 6.0);
    again["replay"] = json!(true);
    let list = json!({ "clips": [clip(0.0, 4.0), again] });
    let made = cut_again(&recorded, &recording, list).await;
    assert_eq!(made.json()["duration_ms"], 8_000, "{made:?}");
    let otio = json!({ "OTIO_SCHEMA": "Clip.2" });
    cut_again(&recorded, &recording, otio).await.problem(400, "invalid_value", Some("OTIO_SCHEMA"));
}

#[tokio::test]
async fn a_recording_that_was_removed_meanwhile_is_named() {
    let (recorded, recording) = Recorded::over().await;
    let list = json!({ "clips": [clip(0.0, 4.0)] });
    let recut = cut_again(&recorded, &recording, list).await.json();
    let base = format!("{}/recordings/{}", recorded.event, recut["id"].as_str().unwrap());
    let list = json!({ "clips": [{ "recording_id": recut["id"], "from": 0, "to": 1 }] });
    let nested = cut_again(&recorded, &recording, list.clone()).await;
    nested.problem(400, "invalid_value", Some("clips[0].recording_id"));
    assert_eq!(recorded.api.call("DELETE", &base).await.status, StatusCode::NO_CONTENT);
    let removed = cut_again(&recorded, &recording, list).await;
    removed.problem(409, "recording_removed", Some("clips[0].recording_id"));
}
