//! What strangers and machines do to a server, and what a healthy camera and the programme must not notice of it: no picture
//! of the camera and no segment of the programme is missing, by the media itself.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use genlock_e2e::api::NewCamera;
use genlock_e2e::crowd::{self, Crowd};
use genlock_e2e::witness::Pictures;
use genlock_e2e::{Api, Camera, Clip, Colour, Server, Witness, wait};

const LIMIT: Duration = Duration::from_secs(30);

/// C0 and C1 of a client that goes no further.
const HALF_A_HANDSHAKE: [u8; 1537] = {
    let mut bytes = [0; 1537];
    bytes[0] = 3;
    bytes
};

/// A server with a healthy camera on air, and who watches it and the programme.
struct Show {
    server: Server,
    api: Api,
    event: String,
    healthy: NewCamera,
    _publisher: Camera,
    witnesses: [(Witness, Pictures); 2],
}

impl Show {
    fn start(toml: &str) -> Result<Self> {
        Self::on(Server::start_configured(toml)?, Pictures::All)
    }

    fn on(server: Server, of_program: Pictures) -> Result<Self> {
        let api = server.api();
        let event = api.create_event("Match")?;
        let healthy = api.create_camera(&event, "Healthy")?;
        // Longer than any of this takes: where a clip begins again, its sound and its pictures do not meet.
        let clip = Clip { seconds: 120, ..Clip::new(Colour::Green) };
        let publisher = Camera::publish(&clip, &healthy.publish_url)?;
        api.wait_active(&event, &healthy.id)?;
        let witness = |name: &str| Witness::of(&api, &format!("/hls/{event}/{name}/"));
        let witnesses = [(witness("program")?, of_program), (witness(&healthy.id)?, Pictures::All)];
        Ok(Self { server, api, event, healthy, _publisher: publisher, witnesses })
    }

    fn rtmp(&self) -> Result<SocketAddr> {
        crowd::address(&self.server.rtmp)
    }

    fn http(&self) -> Result<SocketAddr> {
        crowd::address(&self.server.http)
    }

    /// A metric's value.
    fn metric(&self, name: &str) -> Result<f64> {
        let (_, text) = self.api.call("GET", "/metrics", None)?;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.with_context(|| format!("no {name}"))?.parse().context("no number")
    }

    fn wait_metric(&self, name: &str, enough: f64) -> Result<()> {
        wait::until(&format!("{name} {enough}"), LIMIT, || {
            Ok((self.metric(name)? >= enough).then_some(()))
        })
    }

    /// Waits until the programme has so many segments more.
    fn wait_segments(&self, more: u64) -> Result<()> {
        let path = format!("/hls/{}/program/media.m3u8", self.event);
        let end = || -> Result<u64> {
            let text = self.api.wait_for(&path)?;
            let first = text.lines().find_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:"));
            let first: u64 = first.context("no number")?.parse()?;
            Ok(first + text.matches("#EXTINF").count() as u64)
        };
        let wanted = end()? + more;
        wait::until("more segments", LIMIT, || Ok((end()? >= wanted).then_some(())))
    }

    /// The healthy camera is as it was, and nothing is missing.
    fn nobody_noticed(self) -> Result<()> {
        for (witness, pictures) in self.witnesses {
            witness.testify(pictures)?;
        }
        let path = format!("/api/events/{}/cameras/{}", self.event, self.healthy.id);
        let camera = self.api.json("GET", &path, None)?;
        ensure!(camera["status"] == "live", "{camera}");
        let [dropped, jumps, reconnects] = ["dropped", "timestamp_jumps", "reconnects"]
            .map(|name| camera["health"][name].as_u64());
        ensure!([dropped, jumps, reconnects] == [Some(0); 3], "{camera}");
        Ok(())
    }
}

/// Passes a publisher's bytes on, then garbage in the middle of them.
fn garbage_behind(
    server: SocketAddr,
    bytes: usize,
) -> Result<(SocketAddr, thread::JoinHandle<Result<()>>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let passing = thread::spawn(move || {
        let (mut publisher, _) = listener.accept()?;
        let mut server = TcpStream::connect(server)?;
        let (mut replies, mut back) = (server.try_clone()?, publisher.try_clone()?);
        let replying = thread::spawn(move || std::io::copy(&mut replies, &mut back));
        std::io::copy(&mut (&mut publisher).take(bytes as u64), &mut server)?;
        let garbage: Vec<u8> =
            (0..100_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
        // The server may hang up in the middle of it.
        let _ = server.write_all(&garbage);
        let _ = server.shutdown(std::net::Shutdown::Write);
        // Its answer ends when it has hung up.
        let _ = replying.join();
        Ok(())
    });
    Ok((address, passing))
}

#[test]
fn a_publisher_that_sends_garbage_in_the_middle_of_its_stream() -> Result<()> {
    let show = Show::start("")?;
    let bad = show.api.create_camera(&show.event, "Bad")?;
    let (address, passing) = garbage_behind(show.rtmp()?, 300_000)?;
    let url = format!("rtmp://{address}/live/{}", bad.key);
    let publisher = Camera::publish(&Clip::new(Colour::Red), &url)?;
    show.api.wait_status(&show.event, &bad.id, "live")?;
    passing.join().expect("passing on does not panic")?;
    show.api.wait_status(&show.event, &bad.id, "offline")?;
    drop(publisher);
    ensure!(show.server.log().matches("panicked").count() == 0, "{}", show.server.log());
    show.nobody_noticed()
}

#[test]
fn a_camera_that_reconnects_ten_times_in_a_minute() -> Result<()> {
    let show = Show::start("")?;
    let restless = show.api.create_camera(&show.event, "Restless")?;
    for _ in 0..10 {
        let publisher = Camera::publish(&Clip::new(Colour::Red), &restless.publish_url)?;
        show.api.wait_status(&show.event, &restless.id, "live")?;
        drop(publisher);
        show.api.wait_status(&show.event, &restless.id, "offline")?;
    }
    show.nobody_noticed()
}

#[test]
fn two_thousand_idle_connections() -> Result<()> {
    let show = Show::start(
        "[limits]\nrtmp_connections = 1100\nrtmp_connections_per_address = 1100\nrtmp_handshake_s = 600\n",
    )?;
    let mut rtmp = Crowd::gather(show.rtmp()?, 1_000, &[])?;
    let mut http =
        Crowd::gather(show.http()?, 1_000, b"GET /healthz HTTP/1.1\r\nhost: genlock\r\n\r\n")?;
    show.wait_metric("genlock_http_connections", 1_000.0)?;
    ensure!(rtmp.open() == 1_000, "RTMP connections within the limit were closed");
    ensure!(http.open() >= 990, "kept-alive connections were closed");
    show.nobody_noticed()
}

#[test]
fn two_hundred_slow_handshakes() -> Result<()> {
    let show = Show::start("[limits]\nrtmp_connections_per_address = 300\nrtmp_handshake_s = 3\n")?;
    let crowd = Crowd::gather(show.rtmp()?, 200, &HALF_A_HANDSHAKE[..1])?;
    let slow = crowd.say_slowly(vec![0], Duration::from_millis(100));
    wait::until("the end of the last handshake", LIMIT, || {
        Ok((show.metric("genlock_rtmp_connections")? < 10.0).then_some(()))
    })?;
    drop(slow);
    show.nobody_noticed()
}

#[test]
fn five_hundred_slow_viewers() -> Result<()> {
    let show = Show::start("[limits]\nslow_viewer_s = 3\nresponse_s = 3\n")?;
    let path = format!("/hls/{}/program/", show.event);
    let playlist = show.api.wait_for(&format!("{path}media.m3u8"))?;
    let segment = playlist.lines().find(|line| !line.starts_with('#')).context("no segment")?;
    let viewers = crowd::slow_viewers(show.http()?, 500, &format!("{path}{segment}"))?;
    show.wait_metric("genlock_slow_viewers_total", 500.0)?;
    drop(viewers);
    show.nobody_noticed()
}

#[test]
fn a_burst_of_switches() -> Result<()> {
    let show = Show::on(Server::start()?, Pictures::OfCuts)?;
    let other = show.api.create_camera(&show.event, "Other")?;
    let _publisher = Camera::publish(&Clip::new(Colour::Red), &other.publish_url)?;
    show.api.wait_status(&show.event, &other.id, "live")?;
    let taking: Vec<_> = [&other.id, &show.healthy.id, &other.id, &show.healthy.id]
        .map(|camera| {
            let (api, event, camera) = (show.api.clone(), show.event.clone(), camera.clone());
            thread::spawn(move || {
                (0..50).try_for_each(|_| {
                    match api.call(
                        "POST",
                        &format!("/api/events/{event}/cameras/{camera}/switch"),
                        None,
                    )? {
                        // It is on air already, or it is asked for more often than anybody may.
                        (200 | 400 | 409 | 429, _) => Ok(()),
                        (status, body) => Err(anyhow::anyhow!("{status}: {body}")),
                    }
                })
            })
        })
        .into();
    for taking in taking {
        taking.join().expect("taking does not panic")?;
    }
    // Afterwards a take is a take.
    show.api.call(
        "POST",
        &format!("/api/events/{}/cameras/{}/switch", show.event, show.healthy.id),
        None,
    )?;
    show.api.wait_active(&show.event, &show.healthy.id)?;
    show.nobody_noticed()
}

#[test]
fn file_descriptors_run_out() -> Result<()> {
    const DESCRIPTORS: u32 = 160;
    let server = Server::start_with_descriptors(DESCRIPTORS)?;
    let show = Show::on(server, Pictures::All)?;
    let crowd = Crowd::gather(show.http()?, 2 * DESCRIPTORS as usize, b"GET /hls")?;
    // It says so ten times a second.
    wait::until("descriptors that have run out for a while", LIMIT, || {
        Ok((show.server.log().matches("cannot accept connections").count() >= 40).then_some(()))
    })?;
    drop(crowd);
    // Whoever comes now is served again.
    let newcomer = Api::new(show.api.base(), "nobody");
    wait::until("an answer", LIMIT, || {
        Ok((newcomer.call("GET", "/healthz", None)?.0 == 200).then_some(()))
    })?;
    show.nobody_noticed()
}

#[test]
fn the_clock_is_stepped_by_an_hour_both_ways() -> Result<()> {
    let Some(library) = faketime() else {
        eprintln!("SKIPPED: there is no libfaketime (apt-get install libfaketime)");
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let offset = folder.path().join("offset");
    std::fs::write(&offset, "+0")?;
    let server = Server::start_in_environment(&[
        ("LD_PRELOAD", library.as_ref()),
        ("FAKETIME_TIMESTAMP_FILE", offset.as_os_str()),
        ("FAKETIME_NO_CACHE", "1".as_ref()),
        // A step of the wall clock leaves the monotonic one alone.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".as_ref()),
    ])?;
    let show = Show::on(server, Pictures::All)?;
    for step in ["+3600", "-3600", "+0"] {
        std::fs::write(&offset, step)?;
        show.wait_segments(2)?;
    }
    show.nobody_noticed()
}

/// What docs/limits.md says of as many connections: 1 200 of RTMP that say next to nothing, 100 that say all they may, 4 publishers
/// with the largest message, 1 000 of HTTP that are idle and 500 that take nothing.
const ENVELOPE: u64 = 1_200 * (64 << 10) + 100 * (1 << 20) + 4 * (24 << 20) + 1_500 * (256 << 10);

#[test]
fn memory_stays_in_its_envelope_under_all_of_it_at_once() -> Result<()> {
    let show = Show::start(
        "[limits]\nrtmp_connections = 2000\nrtmp_connections_per_address = 2000\nrtmp_handshake_s = 60\n\
         rtmp_publish_s = 60\nslow_viewer_s = 60\n",
    )?;
    let before = show.server.resident_bytes()?;
    let (rtmp, http) = (show.rtmp()?, show.http()?);
    let path = format!("/hls/{}/program/", show.event);
    let playlist = show.api.wait_for(&format!("{path}media.m3u8"))?;
    let segment = playlist.lines().find(|line| !line.starts_with('#')).context("no segment")?;
    let cameras: Vec<_> = (0..4)
        .map(|number| show.api.create_camera(&show.event, &format!("Greedy {number}")))
        .collect::<Result<_>>()?;
    let slow = Crowd::gather(rtmp, 200, &HALF_A_HANDSHAKE[..1])?
        .say_slowly(vec![0], Duration::from_millis(100));
    let crowd = (
        Crowd::gather(rtmp, 1_000, &[])?,
        Crowd::gather(http, 1_000, b"GET /healthz HTTP/1.1\r\nhost: genlock\r\n\r\n")?,
        crowd::slow_viewers(http, 500, &format!("{path}{segment}"))?,
        crowd::unfinished_messages(rtmp, 100, 4)?,
        cameras
            .iter()
            .map(|camera| crowd::largest_message(rtmp, &camera.key))
            .collect::<Result<Vec<_>>>()?,
    );
    let mut most = 0;
    for _ in 0..10 {
        thread::sleep(Duration::from_millis(500));
        most = most.max(show.server.resident_bytes()?);
    }
    drop((crowd, slow));
    let grown = most.saturating_sub(before);
    ensure!(grown < ENVELOPE, "{before} bytes have grown by {grown} of {ENVELOPE}");
    println!("{before} bytes have grown by {grown} of {ENVELOPE}");
    show.nobody_noticed()
}

/// Where Debian keeps it.
fn faketime() -> Option<&'static Path> {
    let machine = std::env::consts::ARCH;
    let known = match machine {
        "x86_64" => "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
        _ => "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    };
    Some(Path::new(known)).filter(|path| path.is_file())
}
