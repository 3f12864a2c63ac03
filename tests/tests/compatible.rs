//! The requests of front ends and back ends that were written against the NGINX-RTMP plan.

use anyhow::Result;
use genlock_e2e::{Camera, Clip, Colour, Server};
use serde_json::Value;

#[test]
fn the_plans_own_requests_are_answered() -> Result<()> {
    let server = Server::start()?;
    let api = server.api();
    let wedding = api.create_event("Wedding")?;
    let clip = Clip::new(Colour::Red);
    let altar = api.create_camera(&wedding, "Altar")?;
    let aisle = api.create_camera(&wedding, "Aisle")?;
    let take = |camera: &str| {
        api.call("POST", &format!("/api/stream/camera/{wedding}/{camera}/switch"), None)
    };
    assert_eq!(take(&altar.id)?.0, 400, "nobody publishes yet");

    let _publishers =
        [Camera::publish(&clip, &altar.publish_url)?, Camera::publish(&clip, &aisle.publish_url)?];
    for camera in [&altar, &aisle] {
        api.wait_status(&wedding, &camera.id, "live")?;
    }
    for camera in [&altar, &aisle] {
        let (status, text) = take(&camera.id)?;
        assert_eq!(status, 200, "{text}");
        let answer: Value = serde_json::from_str(&text)?;
        assert_eq!(answer["status"], "success");
        assert_eq!(answer["active_camera"]["camera_id"], camera.id.as_str());
    }
    api.wait_active(&wedding, &aisle.id)?;
    let active = api.json("GET", &format!("/api/stream/camera/{wedding}/active"), None)?;
    assert_eq!(active["active_camera"]["camera_id"], aisle.id.as_str());
    let thumbnail = api.download(&format!("/api/camera-thumbnail/{}", altar.id))?;
    assert!(thumbnail.starts_with(&[0xff, 0xd8]), "no JPEG");

    let folder = format!("/hls_output/output_{wedding}");
    api.wait_for(&format!("{folder}/output.m3u8"))?;
    let playlist = String::from_utf8(api.download(&format!("{folder}/output.m3u8"))?)?;
    let media = first_uri(&playlist);
    let listed = String::from_utf8(api.download(&format!("{folder}/{media}"))?)?;
    let segment = first_uri(&listed);
    assert!(!api.download(&format!("{folder}/{segment}"))?.is_empty());
    for text in [&playlist, &listed] {
        assert!(!text.contains(&altar.key) && !text.contains(&aisle.key), "a key is a secret");
    }
    let by_key = format!("/hls/{}.m3u8", altar.key);
    assert_eq!(api.call("GET", &by_key, None)?.0, 404, "a key is no address");
    Ok(())
}

/// The first line that is no tag.
fn first_uri(playlist: &str) -> &str {
    playlist.lines().find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default()
}
