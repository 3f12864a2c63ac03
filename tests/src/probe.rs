//! Independent readers: ffprobe and ffmpeg on what the server serves.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The streams that ffprobe finds at `url`.
///
/// # Errors
/// When ffprobe cannot be run or fails.
pub fn streams(url: &str) -> Result<Vec<Value>> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-of", "json", "-show_streams", url])
        .output()
        .context("cannot start ffprobe")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout)?;
    Ok(report["streams"].as_array().cloned().unwrap_or_default())
}

/// Decodes `seconds` of `url` and returns what ffmpeg complained about: nothing, when all is well.
///
/// # Errors
/// When ffmpeg cannot be run or fails.
pub fn decode(url: &str, seconds: u32) -> Result<String> {
    let output = Command::new("ffmpeg")
        .args(["-v", "warning", "-t", &seconds.to_string(), "-i", url, "-f", "null", "-"])
        .output()
        .context("cannot start ffmpeg")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stderr).into_owned())
}
