//! An nginx-rtmp.conf that somebody wants to move away from.

/// The text of a configuration.
pub(crate) fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    if let Ok(configuration) = genlock_nginx::import(&text) {
        let read = toml::from_str::<toml::Table>(&configuration);
        assert!(read.is_ok(), "no TOML: {read:?}\n{configuration}");
    }
}
