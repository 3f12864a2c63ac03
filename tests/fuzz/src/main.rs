//! `cargo run -p genlock-fuzz -- TARGET FILE …`: does with the files what a fuzzer does with its inputs.

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, files)) = arguments.split_first().filter(|(_, files)| !files.is_empty()) else {
        bail!("usage: cargo run -p genlock-fuzz -- TARGET FILE …");
    };
    for file in files {
        let input = std::fs::read(file).with_context(|| format!("cannot read {file}"))?;
        genlock_fuzz::run(name, &input);
    }
    Ok(())
}
