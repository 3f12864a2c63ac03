//! What is done with the bytes of a fuzzer, and what must hold whatever they are.
//!
//! ```text
//!  fuzz/fuzz_targets/NAME.rs   libFuzzer, nightly, sanitizers ─┐
//!                                                              ├─▶ [`TARGETS`]
//!  tests/corpus.rs             an ordinary test, stable ───────┘
//! ```
//!
//! A function here takes any bytes, does with them what the server does with bytes of strangers, and panics where a
//! promise is broken. `fuzz/seeds/NAME/` holds inputs to begin with and every input that has broken one. What the
//! bytes of a target mean stands at its function.

mod access_unit;
mod amf;
mod choices;
mod chunk_reader;
mod codec_config;
mod flv;
mod handshake;
mod nginx;
mod playlist;
mod program;
mod publish;
mod recording;
mod session;
mod testing;
mod viewer;

/// A thing to be fuzzed.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// What libFuzzer's program, the folder of its seeds and the command line call it.
    pub name: &'static str,
    /// Takes any input; panics where a promise is broken.
    pub run: fn(&[u8]),
}

/// All of them, by name.
pub const TARGETS: [Target; 13] = [
    Target { name: "access_unit", run: access_unit::run },
    Target { name: "amf0", run: amf::amf0 },
    Target { name: "amf3", run: amf::amf3 },
    Target { name: "chunk_reader", run: chunk_reader::run },
    Target { name: "codec_config", run: codec_config::run },
    Target { name: "flv", run: flv::run },
    Target { name: "handshake", run: handshake::run },
    Target { name: "nginx_conf", run: nginx::run },
    Target { name: "playlist", run: playlist::run },
    Target { name: "program", run: program::run },
    Target { name: "publish", run: publish::run },
    Target { name: "recording", run: recording::run },
    Target { name: "session", run: session::run },
];

/// Runs the target of that name.
///
/// # Panics
/// When there is none, or when `input` breaks a promise of it.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target's name");
    (target.run)(input);
}
