//! A certificate of our own making, for development: no browser trusts it before it is told to.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rcgen::{CertificateParams, DnType, KeyPair};

use crate::limits::{SELF_SIGNED_REST_MIN, SELF_SIGNED_TIME};
use crate::pair::{Pair, PairFiles};

/// The pair in `folder`, made for `names` (host names and addresses) where there is none that still does. It is kept,
/// so that a browser that was told to trust it does so after a restart.
///
/// # Errors
/// When it cannot be made or written.
pub fn self_signed(
    folder: &Path,
    names: &[String],
    now: SystemTime,
) -> Result<PairFiles, SelfSignedError> {
    let at = |name| folder.join(name);
    let files = PairFiles { certificate: at("self-signed.pem"), key: at("self-signed.key.pem") };
    if does(&files, names, now) {
        return Ok(files);
    }
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "Genlock, self-signed");
    params.not_before = now.into();
    params.not_after = (now + SELF_SIGNED_TIME).into();
    let certificate = params.self_signed(&key)?;
    let failed = |path: &Path, error| SelfSignedError::Write { path: path.to_owned(), error };
    fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    for (path, text) in [(&files.certificate, certificate.pem()), (&files.key, key.serialize_pem())]
    {
        write(path, &text).map_err(|error| failed(path, error))?;
    }
    Ok(files)
}

fn does(files: &PairFiles, names: &[String], now: SystemTime) -> bool {
    let Ok(pair) = files.read().and_then(|pem| Pair::new(&pem)) else { return false };
    let good = pair.validity().from <= now && now + SELF_SIGNED_REST_MIN < pair.validity().until;
    good && names.iter().all(|name| pair.is_for(name))
}

/// For its owner's eyes only.
fn write(path: &Path, text: &str) -> io::Result<()> {
    // One that is there may be readable by others, and keeps its mode when it is written again.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SelfSignedError {
    /// It cannot be made.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// It cannot be kept.
    #[error("cannot write {}: {error}", .path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn it_is_kept_as_long_as_it_does() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("tls");
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let here = names(&["localhost", "127.0.0.1", "::1"]);
        let made =
            |names: &[String], now| self_signed(&folder, names, now).unwrap().read().unwrap();
        let first = made(&here, now);
        let pair = Pair::new(&first).unwrap();
        assert!(here.iter().all(|name| pair.is_for(name)));
        assert_eq!(pair.validity().until, now + SELF_SIGNED_TIME);
        assert_eq!(made(&here, now + Duration::from_secs(60)), first);
        assert_eq!(made(&here[..1], now), first, "it does for fewer names");

        let for_more = made(&names(&["localhost", "studio.local"]), now);
        assert_ne!(for_more, first);
        assert_ne!(made(&here[..1], now + SELF_SIGNED_TIME - SELF_SIGNED_REST_MIN), for_more);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_reads_the_key() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let files = self_signed(folder.path(), &names(&["localhost"]), SystemTime::UNIX_EPOCH);
        let mode = fs::metadata(files.unwrap().key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
