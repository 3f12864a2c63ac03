//! What the API says of cameras that do not fit: real encoders, the usual two mistakes.

use std::time::Duration;

use anyhow::Result;
use genlock_e2e::{Camera, Clip, Colour, Server, wait};
use serde_json::Value;

/// An encoder that is left alone: x264's 250 frames between key frames, and a sound card's 44.1 kHz.
const LEFT_ALONE: Clip = Clip { gop: 250, sample_rate: 44_100, ..Clip::new(Colour::Green) };

/// Longer than a group of pictures may be before it is told.
const LIMIT: Duration = Duration::from_secs(30);

#[test]
fn a_long_gop_and_another_sample_rate_are_told_with_the_settings_to_change() -> Result<()> {
    let server = Server::start()?;
    let api = server.api();
    let event = api.create_event("Match")?;
    let mut cameras = Vec::new();
    for (name, clip) in [("Altar", Clip::new(Colour::Red)), ("Drone", LEFT_ALONE)] {
        let made = api.create_camera(&event, name)?;
        let publisher = Camera::publish(&clip, &made.publish_url)?;
        api.wait_status(&event, &made.id, "live")?;
        cameras.push((made, publisher));
    }
    let (altar, drone) = (&cameras[0].0.id, &cameras[1].0.id);
    api.wait_active(&event, altar)?;

    let path = format!("/api/events/{event}/cameras/{drone}");
    let found = wait::until("both issues", LIMIT, || {
        let camera = api.json("GET", &path, None)?;
        let issues = ["gopSizeLong", "audioSampleRateMismatch"].map(|kind| issue(&camera, kind));
        Ok(match issues {
            [Some(gop), Some(rate)] => Some((camera, gop, rate)),
            _ => None,
        })
    })?;
    let (camera, gop, rate) = found;
    let setting = "Settings > Output > Streaming > Keyframe Interval: 2 s";
    assert_eq!((&gop["severity"], &gop["setting"]), (&"warning".into(), &setting.into()));
    let setting = "Settings > Audio > Sample Rate: 48 kHz";
    assert_eq!((&rate["severity"], &rate["setting"]), (&"warning".into(), &setting.into()));
    let sentence = "Sound's sample rate: 44.1 kHz; the programme has 48 kHz.";
    assert!(rate["sentence"].as_str().is_some_and(|text| text.starts_with(sentence)), "{rate}");
    assert_eq!(camera["compatibility"]["verdict"], "audio_change", "{camera:#}");
    assert_eq!(camera["compatibility"]["discontinuity"], camera["forecast"]["discontinuity"]);

    let on_air = api.json("GET", &format!("/api/events/{event}/cameras/{altar}"), None)?;
    assert_eq!(issue(&on_air, "gopSizeLong"), None, "{on_air:#}");
    let matrix = api.json("GET", &format!("/api/events/{event}/compatibility"), None)?;
    let pairs = matrix["pairs"].as_array().into_iter().flatten();
    let verdicts: Vec<_> = pairs.map(|pair| &pair["compatibility"]["verdict"]).collect();
    assert_eq!(verdicts, ["audio_change", "audio_change"], "{matrix:#}");
    Ok(())
}

fn issue(camera: &Value, kind: &str) -> Option<Value> {
    let issues = camera["health"]["issues"].as_array()?;
    issues.iter().find(|issue| issue["type"] == kind).cloned()
}
