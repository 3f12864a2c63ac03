//! A disk that fails while files on it are written to: an ext4 file system in a file, which the kernel is told to take for
//! damaged. It becomes read-only at once, as with `errors=remount-ro` after a fault of the hardware.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::{Server, wait};

const LIMIT: Duration = Duration::from_secs(60);

/// Where the system's programs are for whoever has no path to them.
const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A disk and the server whose recordings are on it.
#[derive(Debug)]
pub struct FailingDisk {
    /// The server.
    pub server: Server,
    /// Where the disk is mounted, in the server's namespace.
    mount: PathBuf,
    image: PathBuf,
    _folder: TempDir,
}

impl FailingDisk {
    /// Starts a server on a disk of 64 MiB; `None`, loudly, where that cannot be had.
    ///
    /// # Errors
    /// When the server does not come up.
    pub fn start() -> Result<Option<Self>> {
        let folder = tempfile::tempdir()?;
        let (mount, image) = (folder.path().join("disk"), folder.path().join("image"));
        std::fs::create_dir(&mount)?;
        let mounting = mounting(&image, &mount);
        let make = format!(
            "truncate -s 64M '{0}' && mkfs.ext4 -q -F '{0}' && {mounting} && test -w {1}",
            image.display(),
            trigger(&mount)
        );
        let probe = shell("unshare", &["--mount"], &make)?;
        if let Err(why) = probe {
            skipped(&why);
            return Ok(None);
        }
        let server = Server::start_mounted(&mount, &["--mount"], &mounting)?;
        Ok(Some(Self { server, mount, image, _folder: folder }))
    }

    /// The disk becomes read-only.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn fail(&self) -> Result<()> {
        self.inside(&format!("echo 1 > {}", trigger(&self.mount)))
    }

    /// Unmounts the disk as soon as nobody has files of it open, mends it and mounts it again.
    ///
    /// # Errors
    /// When files stay open, or it cannot be mended.
    pub fn mend(&self) -> Result<()> {
        let unmount = format!("umount '{}'", self.mount.display());
        wait::until("nobody has files of it open", LIMIT, || self.inside(&unmount).map(Some))?;
        // 1: it was mended.
        let check = format!("e2fsck -fy '{}' > /dev/null || test $? -eq 1", self.image.display());
        self.inside(&check)?;
        self.inside(&mounting(&self.image, &self.mount))
    }

    fn inside(&self, script: &str) -> Result<()> {
        let pid = self.server.pid().to_string();
        let done = shell("nsenter", &["--mount", "--target", &pid], script)?;
        ensure!(done.is_ok(), "{script}: {done:?}");
        Ok(())
    }
}

fn mounting(image: &Path, mount: &Path) -> String {
    format!("mount -o loop,errors=remount-ro '{}' '{}'", image.display(), mount.display())
}

/// What tells the kernel that the file system at `mount` is damaged.
fn trigger(mount: &Path) -> String {
    let device = format!("findmnt -n -o SOURCE '{}'", mount.display());
    format!("\"/sys/fs/ext4/$(basename \"$({device})\")/trigger_fs_error\"")
}

fn shell(program: &str, arguments: &[&str], script: &str) -> Result<Result<(), String>> {
    let output = Command::new(program)
        .args(arguments)
        .args(["sh", "-c", script])
        .env("PATH", SYSTEM_PATH)
        .output()
        .with_context(|| format!("cannot start {program}"))?;
    let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Ok(if output.status.success() { Ok(()) } else { Err(why) })
}

#[expect(clippy::print_stderr, reason = "a test that is skipped must be seen")]
fn skipped(why: &str) {
    eprintln!(
        "NO DISK THAT FAILS: this test is skipped. It wants root, loop devices and ext4: {why}"
    );
}
