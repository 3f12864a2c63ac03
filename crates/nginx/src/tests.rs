//! Configurations as people have them, and the remarks that they get.

use super::*;

/// The configuration that many tutorials end with.
const USUAL: &str = r#"
worker_processes auto;
rtmp_auto_push on;
events { worker_connections 1024; }
rtmp {
    server {
        listen 1935;
        chunk_size 4096;
        drop_idle_publisher 10s;
        application live {
            live on;
            record all;
            record_path /var/rec;
            record_max_size 128K;
            on_publish http://127.0.0.1:3000/auth?x=1;
            on_publish_done http://127.0.0.1:3000/done;
            notify_method get;
            hls on;
            hls_path /tmp/hls;
            hls_fragment 3;
            hls_playlist_length 60;
            allow publish 127.0.0.1;
            deny play all;
            push rtmp://a.example/live/key;
            exec ffmpeg -i rtmp://localhost/live/$name -f flv rtmp://localhost/hls/${name}_low;
        }
        application backup { live on; hls_fragment 6s; }
    }
}
http {
    server {
        listen 8080;
        location /stat { rtmp_stat all; rtmp_stat_stylesheet stat.xsl; }
        location /hls { types { application/vnd.apple.mpegurl m3u8; } root /tmp; }
    }
}
"#;

fn keys(toml: &str) -> String {
    let lines = toml.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_usual_configuration_is_taken_over() {
    let toml = import(USUAL).unwrap();
    let expect = "\
[hls]
segment_ms = 3000 # line 20: hls_fragment
window_s = 60 # line 21: hls_playlist_length
[hooks]
method = \"get\" # line 17: notify_method
on_publish = \"http://127.0.0.1:3000/auth?x=1\" # line 15: on_publish
on_publish_done = \"http://127.0.0.1:3000/done\" # line 16: on_publish_done
send_key = true # line 15: on_publish
[recordings]
file_mb = 16 # line 14: record_max_size
folder = \"/var/rec\" # line 13: record_path
[rtmp]
idle_timeout_s = 10 # line 9: drop_idle_publisher
listen = \"0.0.0.0:1935\" # line 7: listen
";
    assert_eq!(keys(&toml), expect, "{toml}");
    for remark in [
        "# line 3: rtmp_auto_push needs no key: ",
        "# line 12: record is set elsewhere: an event's policy",
        "# line 14: record_max_size would be 1: recordings.file_mb is 16, the nearest",
        "# line 24: push HAS NO COUNTERPART: ",
        "# line 25: exec HAS NO COUNTERPART: ",
        "# line 27: hls_fragment is left out: hls.segment_ms has its value from line 20",
        "# line 33: rtmp_stat is set elsewhere: `GET /stat`",
    ] {
        assert!(toml.contains(remark), "{remark}\n{toml}");
    }
    // Nothing of nginx's own.
    assert!(!toml.contains("worker") && !toml.contains("8080"), "{toml}");
}

#[test]
fn what_cannot_be_read_is_left_out_and_said() {
    let text = "rtmp { listen unix:/x; hls_fragment soon; drop_idle_publisher off; include x;\n new_one; }";
    let toml = import(text).unwrap();
    assert_eq!(keys(&toml), "");
    for remark in [
        "listen is left out: `unix:/x` is not an address with a port",
        "hls_fragment is left out: `soon` is not a time",
        "drop_idle_publisher is off",
        "include is not followed",
        "new_one is not known",
    ] {
        assert!(toml.contains(remark), "{remark}\n{toml}");
    }
}

#[test]
fn a_file_without_nginx_rtmp_is_told() {
    assert_eq!(import("events {}\nhttp { server {} }"), Err(ImportError::NoRtmp));
    assert!(matches!(import("rtmp {"), Err(ImportError::Syntax(_))));
}

#[test]
fn every_directive_has_a_remark_or_a_key() {
    for name in super::directives() {
        let toml = import(&format!("rtmp {{\n {name} 15s;\n}}")).unwrap();
        assert!(toml.contains(&format!("# line 2: {name}")), "{toml}");
    }
}
