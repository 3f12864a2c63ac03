//! Against a real MongoDB server.

use genlock_mongod::Mongod;
use mongodb::Client;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, DateTime, Document, doc};

use super::*;
use crate::conformance::{self, camera, event, switch};
use crate::{
    CameraId, CameraPatch, CameraPresence, DisplayName, EventId, EventPatch, Placed, SecretHash,
    Store, StreamKey, SwitchPage, Timestamp,
};

/// Stores in databases of their own, on one server.
struct Rig {
    mongod: Mongod,
    databases: std::cell::Cell<u32>,
}

impl Rig {
    fn start() -> Option<Self> {
        let mongod = Mongod::start().unwrap()?;
        Some(Self { mongod, databases: std::cell::Cell::new(0) })
    }

    fn options(&self) -> MongoOptions {
        self.databases.set(self.databases.get() + 1);
        let database = Some(format!("test{}", self.databases.get()));
        MongoOptions { database, ..MongoOptions::new(self.mongod.uri()) }
    }

    /// A store, and the collection of its events as another program sees it.
    async fn shared(&self) -> (MongoStore, mongodb::Collection<Document>) {
        let options = self.options();
        let client = Client::with_uri_str(&options.uri).await.unwrap();
        let database = client.database(options.database.as_deref().unwrap());
        (MongoStore::new(options), database.collection("weddings"))
    }
}

#[tokio::test]
async fn conforms() {
    let Some(rig) = Rig::start() else { return };
    conformance::run(|| MongoStore::new(rig.options())).await;
}

#[tokio::test]
async fn documents_are_shared_with_other_programs() {
    let Some(rig) = Rig::start() else { return };
    a_document_has_the_fields_of_the_plan(&rig).await;
    a_document_of_another_program_is_an_event_and_keeps_what_is_in_it(&rig).await;
    an_event_that_is_deleted_leaves_the_other_programs_document(&rig).await;
    keys_are_readable_only_where_the_operator_wants_it(&rig).await;
    presence_shows_in_the_document(&rig).await;
    the_document_shows_the_newest_switches_once(&rig).await;
    the_log_is_cut_to_its_limit(&rig).await;
    documents_that_are_no_events_stay_out(&rig).await;
    a_document_that_cannot_be_read_is_named(&rig).await;
    a_collection_with_equal_ids_works(&rig).await;
    a_migration_brings_documents_up_and_a_second_does_nothing(&rig).await;
}

/// A document as a back end for the NGINX-RTMP plan makes it, with fields of its own.
fn theirs() -> Document {
    doc! {
        "_id": ObjectId::new(),
        "id": "wedding-1",
        "creator_id": "creator-7",
        "title": "Ann & Bob",
        "guests": [{ "name": "Carol" }],
        "multi_cameras": [
            { "camera_id": "front", "name": "Front", "stream_key": "plain-front", "status": "live",
              "hls_url": "/hls/plain.m3u8", "created_at": DateTime::from_millis(5), "lens": "35mm" },
            { "camera_id": "back", "name": "Back", "stream_key": "plain-back", "status": "waiting",
              "hls_url": "/hls/plain.m3u8", "created_at": "2026-06-01T12:00:00Z" },
        ],
        "active_camera_id": "front",
        "camera_switches": [
            { "from_camera_id": "back", "to_camera_id": "front", "switched_at": DateTime::from_millis(7) },
        ],
        "composition_config": { "active": true, "output_hls_url": "/out.m3u8", "layout": "single" },
    }
}

async fn found(weddings: &mongodb::Collection<Document>, id: &str) -> Document {
    weddings.find_one(doc! { "id": id }).await.unwrap().unwrap()
}

fn id(id: &str) -> EventId {
    EventId::parse(id).unwrap()
}

fn camera_id(id: &str) -> CameraId {
    CameraId::parse(id).unwrap()
}

async fn a_document_has_the_fields_of_the_plan(rig: &Rig) {
    let (store, weddings) = rig.shared().await;
    store.create_event(event("a")).await.unwrap();
    store.create_camera(camera("a", "x")).await.unwrap();
    let document = found(&weddings, "a").await;
    let fields: Vec<_> = document.keys().map(String::as_str).collect();
    let plan = [
        "_id",
        "id",
        "creator_id",
        "multi_cameras",
        "active_camera_id",
        "camera_switches",
        "composition_config",
        "genlock",
    ];
    assert_eq!(fields, plan);
    let expect = doc! {
        "camera_id": "x", "name": "Aisle", "stream_key": SecretHash::of("x").to_hex(),
        "status": "waiting", "hls_url": "/hls/a/x/index.m3u8", "created_at": DateTime::from_millis(0),
    };
    assert_eq!(document.get_array("multi_cameras").unwrap(), &[Bson::Document(expect)]);
    let expect = doc! { "active": false, "output_hls_url": "/hls/a/program/index.m3u8" };
    assert_eq!(document.get_document("composition_config").unwrap(), &expect);
    let on_air = Placed { camera: camera_id("x"), at: Timestamp::from_millis(3) };
    let patch = EventPatch { on_air: Some(Some(on_air)), ..EventPatch::default() };
    store.update_event(&id("a"), patch).await.unwrap();
    let document = found(&weddings, "a").await;
    assert_eq!(document.get_str("active_camera_id").unwrap(), "x");
    let composition = document.get_document("composition_config").unwrap();
    assert!(composition.get_bool("active").unwrap());
}

async fn a_document_of_another_program_is_an_event_and_keeps_what_is_in_it(rig: &Rig) {
    let (store, weddings) = rig.shared().await;
    let before = theirs();
    weddings.insert_one(before.clone()).await.unwrap();
    let event = store.event(&id("wedding-1")).await.unwrap().unwrap();
    assert_eq!(event.name.as_str(), "wedding-1");
    assert_eq!(event.creator_id.unwrap().as_str(), "creator-7");
    let cameras = store.cameras(&event.id).await.unwrap();
    let known: Vec<_> = cameras.iter().map(|c| (c.id.as_str(), c.key_hash)).collect();
    let keys = [("front", "plain-front"), ("back", "plain-back")];
    assert_eq!(known, keys.map(|(id, key)| (id, SecretHash::of(key))));
    assert_eq!(cameras[1].created_at, Timestamp::parse("2026-06-01T12:00:00Z").unwrap());
    // Every kind of change.
    let name = DisplayName::parse("Named").ok();
    let patch = EventPatch { name: name.clone(), ..EventPatch::default() };
    store.update_event(&event.id, patch).await.unwrap();
    let patch = CameraPatch { name, priority: Some(7), ..CameraPatch::default() };
    let changed = store.update_camera(&event.id, &camera_id("front"), patch).await.unwrap();
    store.create_camera(camera("wedding-1", "third")).await.unwrap();
    store.delete_camera(&event.id, &camera_id("back")).await.unwrap();
    store.append_switch(switch("wedding-1", 9)).await.unwrap();
    store.tell_presence(&event.id, &camera_id("front"), CameraPresence::Offline).await.unwrap();
    assert_eq!(store.camera(&event.id, &camera_id("front")).await.unwrap(), changed);
    // What is theirs is as it was.
    let after = found(&weddings, "wedding-1").await;
    for field in
        ["_id", "id", "creator_id", "title", "guests", "active_camera_id", "composition_config"]
    {
        assert_eq!(after.get(field), before.get(field), "{field}");
    }
    let front = after.get_array("multi_cameras").unwrap()[0].as_document().unwrap();
    let expect = doc! {
        "camera_id": "front", "name": "Named", "stream_key": "plain-front", "status": "offline",
        "hls_url": "/hls/plain.m3u8", "created_at": DateTime::from_millis(5), "lens": "35mm",
    };
    assert_eq!(*front, expect);
    assert_eq!(after.get_array("camera_switches").unwrap().len(), 2);
}

async fn an_event_that_is_deleted_leaves_the_other_programs_document(rig: &Rig) {
    let (store, weddings) = rig.shared().await;
    weddings.insert_one(theirs()).await.unwrap();
    assert!(store.delete_event(&id("wedding-1")).await.unwrap().is_some());
    let left = found(&weddings, "wedding-1").await;
    let fields: Vec<_> = left.keys().map(String::as_str).collect();
    assert_eq!(fields, ["_id", "id", "creator_id", "title", "guests", "composition_config"]);
    let composition = doc! { "layout": "single" };
    assert_eq!(left.get_document("composition_config").unwrap(), &composition);
    assert_eq!(store.event(&id("wedding-1")).await.unwrap(), None);
    store.create_event(event("wedding-1")).await.unwrap();
    let again = found(&weddings, "wedding-1").await;
    assert_eq!(again.get("guests"), left.get("guests"));
    let url = "/hls/wedding-1/program/index.m3u8";
    let composition = doc! { "layout": "single", "active": false, "output_hls_url": url };
    assert_eq!(again.get_document("composition_config").unwrap(), &composition);
    assert!(store.event(&id("wedding-1")).await.unwrap().is_some());
    store.create_event(event("ours")).await.unwrap();
    store.delete_event(&id("ours")).await.unwrap();
    assert_eq!(weddings.find_one(doc! { "id": "ours" }).await.unwrap(), None);
}

async fn keys_are_readable_only_where_the_operator_wants_it(rig: &Rig) {
    for plain_keys in [false, true] {
        let (mut store, weddings) = rig.shared().await;
        store.options.plain_keys = plain_keys;
        store.create_event(event("a")).await.unwrap();
        let key = StreamKey::random().unwrap();
        let made = crate::Camera { key_hash: key.hash(), ..camera("a", "x") };
        store.create_camera(made.clone()).await.unwrap();
        store.show_key(&made.event, &made.id, &key).await.unwrap();
        let document = found(&weddings, "a").await;
        assert_eq!(document.to_string().contains(key.reveal()), plain_keys);
        assert_eq!(store.camera_by_key(&key.hash()).await.unwrap(), Some(made.clone()));
        let rotated = CameraPatch { key_hash: Some(SecretHash::of("n")), ..CameraPatch::default() };
        store.update_camera(&made.event, &made.id, rotated).await.unwrap();
        let document = found(&weddings, "a").await;
        assert!(!document.to_string().contains(key.reveal()), "the old key is gone");
    }
}

async fn presence_shows_in_the_document(rig: &Rig) {
    let (store, weddings) = rig.shared().await;
    store.create_event(event("a")).await.unwrap();
    store.create_camera(camera("a", "x")).await.unwrap();
    store.tell_presence(&id("a"), &camera_id("x"), CameraPresence::Live).await.unwrap();
    store.tell_presence(&id("a"), &camera_id("gone"), CameraPresence::Live).await.unwrap();
    let document = found(&weddings, "a").await;
    let cameras = document.get_array("multi_cameras").unwrap();
    assert_eq!(cameras.len(), 1);
    assert_eq!(cameras[0].as_document().unwrap().get_str("status").unwrap(), "live");
}

async fn the_document_shows_the_newest_switches_once(rig: &Rig) {
    let (store, weddings) = rig.shared().await;
    store.create_event(event("a")).await.unwrap();
    let first = store.append_switch(switch("a", 1)).await.unwrap();
    let second = store.append_switch(switch("a", 2)).await.unwrap();
    for seq in [first, second, first] {
        let entry = crate::LoggedSwitch { seq, record: switch("a", 1) };
        assert!(!store.put_switch(entry).await.unwrap());
    }
    let missed = crate::SwitchOutcome::NoSyncSample;
    let missed = crate::SwitchRecord { outcome: missed, switched_at: None, ..switch("a", 3) };
    store.append_switch(missed).await.unwrap();
    let document = found(&weddings, "a").await;
    let entry = |at| {
        let from = Bson::Null;
        let at = DateTime::from_millis(at);
        doc! { "from_camera_id": from, "to_camera_id": "aisle", "switched_at": at }.into()
    };
    assert_eq!(document.get_array("camera_switches").unwrap(), &[entry(1), entry(2)]);
    for at in 0..i64::from(crate::limits::SWITCHES_IN_DOCUMENT_MAX) {
        store.append_switch(switch("a", 10 + at)).await.unwrap();
    }
    let document = found(&weddings, "a").await;
    let shown = document.get_array("camera_switches").unwrap();
    assert_eq!(shown.len(), crate::limits::SWITCHES_IN_DOCUMENT_MAX as usize);
    assert_eq!(shown[0], entry(10));
}

async fn the_log_is_cut_to_its_limit(rig: &Rig) {
    let (store, _) = rig.shared().await;
    for event_id in ["busy", "quiet"] {
        store.create_event(event(event_id)).await.unwrap();
        for at in 0..10 {
            store.append_switch(switch(event_id, at)).await.unwrap();
        }
    }
    store.call(async |db| db.trim_switches(&id("busy"), 3).await).await.unwrap();
    let page = SwitchPage { before: None, limit: 100 };
    let kept = store.switches(&id("busy"), page).await.unwrap();
    let times: Vec<_> = kept.iter().map(|entry| entry.record.requested_at.as_millis()).collect();
    assert_eq!(times, [9, 8, 7]);
    assert_eq!(store.switches(&id("quiet"), page).await.unwrap().len(), 10);
}

async fn documents_that_are_no_events_stay_out(rig: &Rig) {
    let (store, weddings) = rig.shared().await;
    let no_cameras = doc! { "id": "plain-wedding", "title": "No video" };
    let no_id = doc! { "multi_cameras": [] };
    let odd_id = doc! { "id": "a/b", "multi_cameras": [] };
    let odd_camera = doc! { "id": "odd", "multi_cameras": [
        { "camera_id": 7, "stream_key": "k" },
        { "camera_id": "program", "stream_key": "k" },
        "nonsense",
        { "camera_id": "no-key" },
    ] };
    weddings.insert_many([no_cameras, no_id, odd_id, odd_camera]).await.unwrap();
    let all = store.snapshot().await.unwrap();
    assert_eq!(all.len(), 1);
    let cameras: Vec<_> = all[0].cameras.iter().map(|camera| camera.id.as_str()).collect();
    assert_eq!(cameras, ["no-key"]);
    assert_ne!(all[0].cameras[0].key_hash, SecretHash::of(""), "nobody publishes without a key");
}

async fn a_document_that_cannot_be_read_is_named(rig: &Rig) {
    let (store, weddings) = rig.shared().await;
    let strange = doc! { "policy": { "failover_after_ms": "soon" } };
    weddings
        .insert_one(doc! { "id": "odd-7", "multi_cameras": [], "genlock": strange })
        .await
        .unwrap();
    let error = store.snapshot().await.unwrap_err();
    assert!(error.to_string().contains("odd-7"), "{error}");
}

async fn a_collection_with_equal_ids_works(rig: &Rig) {
    let (store, weddings) = rig.shared().await;
    let twice = || doc! { "id": "twice", "multi_cameras": [] };
    weddings.insert_many([twice(), twice()]).await.unwrap();
    store.create_event(event("a")).await.unwrap();
    assert!(store.event(&id("a")).await.unwrap().is_some());
}

async fn a_migration_brings_documents_up_and_a_second_does_nothing(rig: &Rig) {
    let (store, weddings) = rig.shared().await;
    weddings.insert_one(theirs()).await.unwrap();
    weddings.insert_one(doc! { "id": "a/b", "multi_cameras": [] }).await.unwrap();
    store.create_event(event("ours")).await.unwrap();
    store.create_camera(camera("ours", "x")).await.unwrap();
    let untouched = found(&weddings, "wedding-1").await;
    let ours = found(&weddings, "ours").await;
    let would = store.migrate(true).await.unwrap();
    assert_eq!(found(&weddings, "wedding-1").await, untouched, "a dry run changes nothing");
    let did = store.migrate(false).await.unwrap();
    assert_eq!(did, would);
    let counts = (did.documents, did.brought_up, did.cameras, did.keys_hashed, did.switches);
    assert_eq!(counts, (3, 1, 2, 2, 1));
    assert_eq!(did.skipped.len(), 1);
    assert_eq!(did.skipped[0].id, "a/b");
    assert_eq!(found(&weddings, "ours").await, ours);

    let document = found(&weddings, "wedding-1").await;
    assert!(!document.to_string().contains("plain-"), "{document}");
    for field in ["title", "guests", "active_camera_id", "camera_switches", "composition_config"] {
        assert_eq!(document.get(field), untouched.get(field), "{field}");
    }
    let key = SecretHash::of("plain-front");
    let front = store.camera_by_key(&key).await.unwrap().unwrap();
    assert_eq!(front.id.as_str(), "front");
    let page = SwitchPage { before: None, limit: 9 };
    let log = store.switches(&id("wedding-1"), page).await.unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].record.switched_at, Some(Timestamp::from_millis(7)));
    let again = store.migrate(false).await.unwrap();
    assert_eq!((again.documents, again.brought_up), (3, 0));
    assert_eq!(found(&weddings, "wedding-1").await, document);
}

#[tokio::test]
async fn a_database_that_is_away_is_unavailable_and_is_used_again_when_it_is_back() {
    let Some(mut rig) = Rig::start() else { return };
    let store = MongoStore::new(rig.options());
    store.create_event(event("a")).await.unwrap();
    rig.mongod.kill().unwrap();
    let away = store.events().await;
    assert!(matches!(away, Err(StoreError::Unavailable(_) | StoreError::TimedOut)), "{away:?}");
    rig.mongod.resume().unwrap();
    assert_eq!(store.events().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_address_without_a_server_is_unavailable_and_names_no_password() {
    let store = MongoStore::new(MongoOptions::new(
        "mongodb://ann:secret@127.0.0.1:1/?serverSelectionTimeoutMS=50".to_owned(),
    ));
    let away = store.events().await.unwrap_err();
    assert!(matches!(away, StoreError::Unavailable(_)), "{away:?}");
    let printed = format!("{away} {away:?} {store:?}");
    assert!(!printed.contains("secret"), "{printed}");
}
