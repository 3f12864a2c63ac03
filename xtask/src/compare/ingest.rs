//! What cameras cost, and what packaging and recording them adds.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::Result;

use super::load::{Load, number};
use super::server::Server;
use super::table::{Row, Spread, table};

/// How one row is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// nginx-rtmp that takes cameras and does nothing with them.
    NginxTakes,
    /// nginx-rtmp that writes HLS of every camera.
    NginxHls,
    /// Genlock with one programme of an event as LL-HLS.
    Programme,
    /// The same, and every camera as LL-HLS.
    Cameras,
    /// The programme as LL-HLS; everything is recorded.
    Recorded,
}

impl Way {
    const ALL: [Self; 5] =
        [Self::NginxTakes, Self::NginxHls, Self::Programme, Self::Cameras, Self::Recorded];

    fn name(self) -> &'static str {
        match self {
            Self::NginxTakes => "nginx-rtmp, no output",
            Self::NginxHls => "nginx-rtmp, HLS of every camera",
            Self::Programme => "Genlock, programme as LL-HLS",
            Self::Cameras => "Genlock, programme and every camera as LL-HLS",
            Self::Recorded => "Genlock, programme as LL-HLS, all recorded",
        }
    }
}

/// What a server used.
#[derive(Debug, Clone, Copy)]
struct Use {
    /// Processor seconds per camera-second.
    cpu: f64,
    /// Resident memory in MB.
    rss: f64,
}

/// Processor time and memory by cameras.
pub(crate) fn measure(load: &Load<'_>) -> Result<String> {
    let mut rows = Vec::new();
    for &count in &load.options.cameras {
        // In rounds of all ways, so that a machine that is slower for a while is so for each of them.
        let rounds = load.repeat(|| Round::of(load, count))?;
        for way in Way::ALL {
            let spread =
                |of: fn(&Round, Way) -> f64| Spread::of(rounds.iter().map(|round| of(round, way)));
            let rss = Spread::of(rounds.iter().map(|round| round.of_way(way).rss / count as f64));
            rows.push(Row::new(vec![
                count.to_string(),
                way.name().to_owned(),
                spread(|round, way| round.of_way(way).cpu).text(5),
                spread(|round, way| round.of_way(way).cpu / round.of_way(Way::NginxHls).cpu)
                    .text(2),
                rss.text(1),
            ]));
        }
    }
    Ok(table(
        "Ingest: cameras of 6 Mb/s, 1080p30",
        &[
            "cameras",
            "server",
            "CPU-s per camera-second",
            "to nginx-rtmp with HLS in the same round",
            "MB per camera",
        ],
        &rows,
    ))
}

/// Each way once, in the order of [`Way::ALL`].
#[derive(Debug)]
struct Round([Use; Way::ALL.len()]);

impl Round {
    fn of(load: &Load<'_>, count: usize) -> Result<Self> {
        let mut uses = [Use { cpu: 0.0, rss: 0.0 }; Way::ALL.len()];
        for (way, used) in Way::ALL.into_iter().zip(&mut uses) {
            *used = once(load, way, count)?;
        }
        Ok(Self(uses))
    }

    fn of_way(&self, way: Way) -> Use {
        self.0[way as usize]
    }
}

fn once(load: &Load<'_>, way: Way, count: usize) -> Result<Use> {
    let seconds = load.options.seconds;
    let (server, show) = match way {
        Way::NginxTakes | Way::NginxHls => {
            let server = Server::nginx(load.folder, way == Way::NginxHls)?;
            let show = load.names(&server, count)?;
            (server, show)
        }
        Way::Programme | Way::Cameras | Way::Recorded => {
            let server = Server::genlock(load.folder)?;
            let recording = if way == Way::Recorded { "all" } else { "off" };
            let show = load.prepare(&server, count, recording)?;
            (server, show)
        }
    };
    let mut wanted: Vec<String> = show.programmes().collect();
    if way == Way::Cameras {
        wanted.extend(show.camera_playlists());
    }
    let over = AtomicBool::new(false);
    let result = thread::scope(|scope| {
        scope.spawn(|| keep_wanting(&server, &wanted, &over));
        let result = load.publish(&server, &show, seconds);
        over.store(true, Ordering::Relaxed);
        result
    })?;
    let stage = |figure| number(&result, &format!("/stages/0/{figure}"));
    Ok(Use { cpu: stage("cpu_s_per_unit_s")?, rss: stage("rss_mb")? })
}

/// One viewer of each playlist who reloads it every second. What nobody watches is not packaged.
fn keep_wanting(server: &Server, playlists: &[String], over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        for playlist in playlists {
            // Cameras that are not there yet answer with an error, which is no fault.
            let _ = server.get(playlist);
        }
        thread::sleep(Duration::from_secs(1));
    }
}
