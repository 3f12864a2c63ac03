//! `genlock check-config FILE` and `genlock import-nginx FILE`: commands that read a file and start nothing.

use std::fs::File;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, bail};
use genlock_tls::Pair;

use crate::banner::say;
use crate::certificate::days_left;
use crate::config::{CertificateSource, Settings, SharedStore};
use crate::server::StartError;

/// Prints what a configuration comes to. That it can be read has been checked by whoever made `settings`.
///
/// # Errors
/// When the files of `tls` cannot be used.
pub(crate) fn config(settings: &Settings) -> Result<(), StartError> {
    let certificate = match settings.tls.as_ref().map(|tls| &tls.certificate) {
        None => None,
        Some(CertificateSource::SelfSigned) => Some("self-signed".to_owned()),
        Some(CertificateSource::Files(files)) => {
            let pair = files.read().and_then(|pem| Pair::new(&pem));
            let until = pair.map_err(StartError::Certificate)?.validity().until;
            Some(format!("certificate good for {} days", days_left(until)))
        }
    };
    say(&summary(settings, certificate.as_deref()));
    Ok(())
}

fn summary(settings: &Settings, certificate: Option<&str>) -> String {
    let store = match &settings.shared_store {
        Some(SharedStore { collection, .. }) => {
            format!("MongoDB, collection {}", collection.as_deref().unwrap_or("weddings"))
        }
        None => "embedded".to_owned(),
    };
    let token = if settings.admin_token.is_some() { "given" } else { "made at the first start" };
    let asked = if settings.hooks.publish.is_some() { "a back end" } else { "nobody" };
    let port =
        |port: Option<SocketAddr>| port.map_or_else(|| "off".to_owned(), |port| port.to_string());
    let secure = certificate.zip(settings.tls.as_ref()).map(|(certificate, tls)| {
        let (https, rtmps) = (port(tls.http), port(tls.rtmp));
        format!("  https       {https}\n  rtmps       {rtmps}\n  tls         {certificate}\n")
    });
    let traces = settings.traces.as_ref().map(|traces| {
        let share = match traces.one_in {
            1 => "all".to_owned(),
            many => format!("one in {many}"),
        };
        format!("  traces      {share}, to {}\n", traces.origin())
    });
    format!(
        "ok\n  http        {}\n  rtmp        {}\n{}  data_dir    {}\n  store       {store}\n  \
         admin token {token}\n  segments    {} ms in parts of {} ms, {} s of them\n  \
         publishers  {asked} is asked about them; {} hook targets are told\n{}",
        port(settings.http_listen),
        port(settings.rtmp_listen),
        secure.unwrap_or_default(),
        settings.data_dir.display(),
        settings.segment_target.as_millis(),
        settings.part_target.as_millis(),
        settings.window.as_secs(),
        settings.hooks.targets.len(),
        traces.unwrap_or_default(),
    )
}

/// Reads an nginx-rtmp.conf (`-` for standard input) and prints a genlock.toml.
pub(crate) fn import_nginx(file: &Path) -> Result<()> {
    let input: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(file).with_context(|| format!("cannot read {}", file.display()))?)
    };
    let mut text = String::new();
    let read = input.take(genlock_nginx::FILE_BYTES_MAX + 1).read_to_string(&mut text);
    let read = read.with_context(|| format!("cannot read {}", file.display()))?;
    if read as u64 > genlock_nginx::FILE_BYTES_MAX {
        bail!("{} is longer than {} bytes", file.display(), genlock_nginx::FILE_BYTES_MAX);
    }
    say(&genlock_nginx::import(&text).with_context(|| file.display().to_string())?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn what_is_imported_is_a_configuration() {
        let text = "rtmp { server { listen 1935; application live {
            hls on; hls_fragment 3; on_publish http://127.0.0.1:3000/auth; } } }";
        let settings = config::of_text(&genlock_nginx::import(text).unwrap()).unwrap();
        assert_eq!(settings.rtmp_listen, Some("0.0.0.0:1935".parse().unwrap()));
        assert_eq!(settings.segment_target.as_millis(), 3000);
        assert!(settings.hooks.publish.is_some());
    }

    #[test]
    fn whatever_a_directive_comes_to_is_a_configuration() {
        for name in genlock_nginx::directives() {
            let toml = genlock_nginx::import(&format!("rtmp {{\n {name} 15s;\n}}")).unwrap();
            config::of_text(&toml).unwrap_or_else(|error| panic!("{name}: {error}\n{toml}"));
        }
    }

    #[test]
    fn what_stands_in_the_file_cannot_leave_its_comment() {
        let text = "rtmp { 'x\nadmin_token = \"12345678\"\n' y; record_path 'a\"\nb'; }";
        let toml = genlock_nginx::import(text).unwrap();
        let settings = config::of_text(&toml).unwrap();
        assert_eq!(settings.admin_token, None, "{toml}");
    }

    #[test]
    fn a_summary_tells_what_counts_and_no_secret() {
        let text = "admin_token = \"a-secret-token\"\nhttp.listen = \"127.0.0.1:9\"\n\
            store.mongodb_uri = \"mongodb://ann:secret@db\"\n";
        let told = summary(&config::of_text(text).unwrap(), None);
        assert!(told.starts_with("ok\n  http        127.0.0.1:9\n"), "{told}");
        assert!(told.contains("MongoDB, collection weddings"), "{told}");
        assert!(!told.contains("secret"), "{told}");
        assert!(!told.contains("tls"), "{told}");
    }

    #[test]
    fn a_summary_tells_where_traces_go_and_not_by_what_key() {
        let text = "traces = { endpoint = \"http://c:4318/in?k=secret\", one_in = 10 }";
        let told = summary(&config::of_text(text).unwrap(), None);
        assert!(told.contains("  traces      one in 10, to http://c:4318\n"), "{told}");
        assert!(!told.contains("secret"), "{told}");
    }

    #[test]
    fn a_summary_tells_of_tls_and_closed_ports() {
        let text = "http.listen = \"off\"\n[tls]\ncertificate = \"c\"\nkey = \"k\"\n";
        let told = summary(&config::of_text(text).unwrap(), Some("certificate good for 60 days"));
        assert!(told.contains("  http        off\n"), "{told}");
        assert!(
            told.contains("  https       0.0.0.0:8443\n  rtmps       0.0.0.0:1936\n"),
            "{told}"
        );
        assert!(told.contains("good for 60 days"), "{told}");
    }
}
