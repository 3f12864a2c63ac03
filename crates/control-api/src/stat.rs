//! `/stat`: the XML of nginx-rtmp's statistics module, for NOALBS and dashboards that read it.
//!
//! Elements, their order and their units are those of `ngx_rtmp_stat_module.c` of nginx-rtmp 1.2.2. A stream's name there
//! is its key; here it is the camera's id, which is no secret. `docs/metrics.md` says what else differs.

use std::fmt::{Display, Write as _};
use std::time::Duration;

use crate::live::CameraStatus;
use crate::telemetry::{
    AudioReading, CameraReading, EventReading, EventsReading, ServerReading, VideoReading,
};

/// What nginx-rtmp would be whose answers look like this.
const IMITATED: &str = "1.2.2";

/// The answer.
pub(crate) fn render(server: &ServerReading, reading: &EventsReading) -> String {
    let mut xml = Xml("<?xml version=\"1.0\" encoding=\"utf-8\" ?>\n".to_owned());
    let cameras = || {
        let events = reading.events.iter();
        events.flat_map(|event| &event.cameras).filter(|camera| camera.status == CameraStatus::Live)
    };
    xml.element("rtmp", |xml| {
        xml.text("nginx_version", concat!("genlock/", env!("CARGO_PKG_VERSION")));
        xml.text("nginx_rtmp_version", IMITATED);
        xml.text("pid", server.process.id);
        xml.text("uptime", server.process.uptime.as_secs());
        xml.text("naccepted", server.rtmp.accepted);
        xml.text("bw_in", cameras().map(|camera| camera.bitrate_bps).sum::<u64>());
        let events = reading.events.iter();
        let all = events.flat_map(|event| &event.cameras);
        xml.text("bytes_in", all.map(|camera| camera.bytes).sum::<u64>());
        // What leaves is counted in bytes, and by nobody per second.
        xml.text("bw_out", 0);
        xml.text("bytes_out", server.http.bytes_sent);
        xml.element("server", |xml| {
            application(
                xml,
                "live",
                cameras()
                    .enumerate()
                    .map(|(number, camera)| move |xml: &mut Xml| publisher(xml, number, camera)),
            );
            let programs = reading.events.iter().filter(|event| event.active.is_some());
            application(
                xml,
                "program",
                programs.map(|event| move |xml: &mut Xml| program(xml, event)),
            );
        });
    });
    xml.0
}

/// An application and its streams, each of which tells its clients.
fn application<S: FnOnce(&mut Xml) -> u64>(
    xml: &mut Xml,
    name: &str,
    streams: impl Iterator<Item = S>,
) {
    xml.element("application", |xml| {
        xml.text("name", name);
        xml.element("live", |xml| {
            let mut clients = 0;
            for stream in streams {
                xml.element("stream", |xml| clients += stream(xml));
            }
            xml.text("nclients", clients);
        });
    });
}

/// A camera; returns its clients.
fn publisher(xml: &mut Xml, number: usize, camera: &CameraReading) -> u64 {
    let of_video = camera.video.as_ref().map_or(0, |video| video.bitrate_bps);
    let of_audio = camera.audio.as_ref().map_or(0, |audio| audio.bitrate_bps);
    let clients = 1 + camera.viewers;
    xml.text("name", camera.camera.as_str());
    xml.millis("time", camera.since);
    xml.text("bw_in", camera.bitrate_bps);
    xml.text("bytes_in", camera.bytes);
    xml.text("bw_out", 0);
    xml.text("bytes_out", 0);
    xml.text("bw_audio", of_audio);
    xml.text("bw_video", of_video);
    xml.text("bw_data", 0);
    xml.element("client", |xml| {
        xml.text("id", number + 1);
        if let Some(peer) = camera.peer {
            xml.text("address", peer);
        }
        xml.millis("time", camera.since);
        if let Some(encoder) = &camera.encoder {
            xml.text("flashver", encoder);
        }
        xml.text("dropped", camera.dropped);
        xml.text("avsync", camera.sound_ahead_ms.unwrap_or(0));
        xml.empty("publishing");
        xml.empty("active");
    });
    // Readers take both parts for granted where there is a `meta`.
    if let Some(video) = &camera.video {
        xml.element("meta", |xml| {
            xml.element("video", |xml| describe_video(xml, video));
            xml.element("audio", |xml| describe_audio(xml, camera.audio.as_ref()));
        });
    }
    xml.text("nclients", clients);
    xml.empty("publishing");
    xml.empty("active");
    clients
}

/// A programme; returns its clients.
fn program(xml: &mut Xml, event: &EventReading) -> u64 {
    xml.text("name", event.event.as_str());
    xml.millis("time", event.on_air);
    xml.text("bw_in", event.bitrate_bps);
    xml.text("bytes_in", event.bytes);
    xml.text("bw_out", 0);
    xml.text("bytes_out", 0);
    xml.text("nclients", event.viewers);
    xml.empty("publishing");
    xml.empty("active");
    event.viewers
}

fn describe_video(xml: &mut Xml, video: &VideoReading) {
    xml.text("width", video.width);
    xml.text("height", video.height);
    xml.text("frame_rate", format_args!("{:.3}", video.fps));
    let (name, parameters) = video.codec.split_once('.').unwrap_or((&video.codec, ""));
    xml.text("codec", codec_name(name));
    let ("avc1" | "avc3", Some([profile, compat, level])) = (name, avc(parameters)) else { return };
    xml.text("profile", avc_profile(profile));
    xml.text("compat", compat);
    xml.text("level", format_args!("{}.{}", level / 10, level % 10));
}

fn describe_audio(xml: &mut Xml, audio: Option<&AudioReading>) {
    let Some(audio) = audio else { return };
    match audio.codec.strip_prefix("mp4a.40.") {
        Some(object_type) => {
            xml.text("codec", "AAC");
            xml.text("profile", aac_profile(object_type));
        }
        None => xml.text("codec", codec_name(&audio.codec)),
    }
    xml.text("channels", audio.channels);
    xml.text("sample_rate", audio.sample_rate);
}

/// nginx-rtmp's name of what RFC 6381 calls `name`; others are told as they are.
fn codec_name(name: &str) -> &str {
    match name {
        "avc1" | "avc3" => "H264",
        "hvc1" | "hev1" => "HEVC",
        "av01" => "AV1",
        "opus" | "Opus" => "Opus",
        other => other,
    }
}

/// Profile, compatibility flags and level of `PPCCLL`.
fn avc(parameters: &str) -> Option<[u8; 3]> {
    let byte = |at| u8::from_str_radix(parameters.get(at..at + 2)?, 16).ok();
    Some([byte(0)?, byte(2)?, byte(4)?])
}

/// nginx-rtmp's names (`ngx_rtmp_stat_get_avc_profile`).
fn avc_profile(profile: u8) -> String {
    let name = match profile {
        66 => "Baseline",
        77 => "Main",
        100 => "High",
        110 => "High 10",
        122 => "High 4:2:2",
        244 => "High 4:4:4",
        other => return other.to_string(),
    };
    name.to_owned()
}

/// nginx-rtmp's names (`ngx_rtmp_stat_get_aac_profile`) of MPEG-4 object types.
fn aac_profile(object_type: &str) -> &str {
    match object_type {
        "1" => "Main",
        "2" => "LC",
        "3" => "SSR",
        "5" => "HE",
        "29" => "HEv2",
        other => other,
    }
}

/// An XML document as it is written.
struct Xml(String);

impl Xml {
    fn element(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.write(format_args!("<{name}>\n"));
        content(self);
        self.write(format_args!("</{name}>\n"));
    }

    fn empty(&mut self, name: &str) {
        self.write(format_args!("<{name}/>\n"));
    }

    fn text(&mut self, name: &str, value: impl Display) {
        let value = value.to_string();
        self.write(format_args!("<{name}>"));
        for character in value.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                // XML 1.0 has no way to write them.
                control if control.is_control() => {}
                other => self.0.push(other),
            }
        }
        self.write(format_args!("</{name}>\n"));
    }

    fn millis(&mut self, name: &str, time: Option<Duration>) {
        self.text(name, time.unwrap_or_default().as_millis());
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        self.0.write_fmt(text).expect("writing to a string does not fail");
    }
}

#[cfg(test)]
mod tests {
    use genlock_store::{CameraId, EventId};

    use super::*;
    use crate::live::EventStatus;
    use crate::telemetry::IssueCounts;

    fn camera(id: &str) -> CameraReading {
        CameraReading {
            camera: CameraId::parse(id).unwrap(),
            status: CameraStatus::Live,
            since: Some(Duration::from_millis(1_832)),
            on_air: true,
            peer: Some("192.0.2.7".parse().unwrap()),
            encoder: Some("obs <&> output\u{7}".to_owned()),
            bytes: 766_897,
            samples: 30,
            buffer_bytes: 900,
            bitrate_bps: 6_000_000,
            video: Some(VideoReading {
                codec: "avc1.42c01f".to_owned(),
                width: 1280,
                height: 720,
                fps: 29.97,
                bitrate_bps: 5_800_000,
                gop: None,
            }),
            audio: Some(AudioReading {
                codec: "mp4a.40.2".to_owned(),
                sample_rate: 48_000,
                channels: 2,
                bitrate_bps: 200_000,
            }),
            sound_ahead_ms: Some(-21),
            dropped: 0,
            timestamp_jumps: 0,
            reconnects: 0,
            issues: IssueCounts::default(),
            viewers: 2,
        }
    }

    fn answer(cameras: Vec<CameraReading>) -> String {
        let event = EventReading {
            event: EventId::parse("wedding").unwrap(),
            status: EventStatus::Live,
            active: cameras.first().map(|camera| camera.camera.clone()),
            on_air: Some(Duration::from_secs(1)),
            slate: false,
            locked: false,
            cuts: 1,
            bytes: 5,
            samples: 6,
            bitrate_bps: 6_000_000,
            viewers: 9,
            playlist: None,
            cameras,
        };
        render(&ServerReading::default(), &EventsReading { events: vec![event], left_out: 0 })
    }

    #[test]
    fn a_stream_has_the_elements_of_nginx_rtmp_in_their_order() {
        let expect = "<stream>\n<name>altar</name>\n<time>1832</time>\n<bw_in>6000000</bw_in>\n\
            <bytes_in>766897</bytes_in>\n<bw_out>0</bw_out>\n<bytes_out>0</bytes_out>\n\
            <bw_audio>200000</bw_audio>\n<bw_video>5800000</bw_video>\n<bw_data>0</bw_data>\n\
            <client>\n<id>1</id>\n<address>192.0.2.7</address>\n<time>1832</time>\n\
            <flashver>obs &lt;&amp;&gt; output</flashver>\n<dropped>0</dropped>\n\
            <avsync>-21</avsync>\n<publishing/>\n<active/>\n</client>\n\
            <meta>\n<video>\n<width>1280</width>\n<height>720</height>\n\
            <frame_rate>29.970</frame_rate>\n<codec>H264</codec>\n<profile>Baseline</profile>\n\
            <compat>192</compat>\n<level>3.1</level>\n</video>\n\
            <audio>\n<codec>AAC</codec>\n<profile>LC</profile>\n<channels>2</channels>\n\
            <sample_rate>48000</sample_rate>\n</audio>\n</meta>\n\
            <nclients>3</nclients>\n<publishing/>\n<active/>\n</stream>\n\
            <nclients>3</nclients>\n</live>\n</application>\n";
        let xml = answer(vec![camera("altar")]);
        assert!(xml.contains(expect), "{xml}");
        assert!(xml.contains("<name>wedding</name>\n<time>1000</time>\n"), "{xml}");
    }

    #[test]
    fn cameras_without_a_publisher_are_no_streams() {
        let gone = CameraReading { status: CameraStatus::Offline, ..camera("altar") };
        let xml = answer(vec![gone]);
        assert!(!xml.contains("altar"), "{xml}");
        // Readers take an application for granted.
        assert!(xml.contains("<application>\n<name>live</name>\n<live>\n<nclients>0</nclients>"));
    }

    #[test]
    fn a_picture_without_sound_has_an_empty_sound() {
        let xml = answer(vec![CameraReading { audio: None, ..camera("altar") }]);
        assert!(xml.contains("<audio>\n</audio>\n</meta>\n"), "{xml}");
    }

    #[test]
    fn what_nginx_rtmp_does_not_carry_has_no_profile() {
        let mut drone = camera("drone");
        if let Some(video) = &mut drone.video {
            video.codec = "hvc1.1.6.L120.90".to_owned();
        }
        let xml = answer(vec![drone]);
        assert!(xml.contains("<codec>HEVC</codec>\n</video>\n"), "{xml}");
    }
}
