//! What is compared, and for how long.

use anyhow::{Result, bail};

/// A part of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Processor time and memory of ingest, by cameras.
    Ingest,
    /// How old a frame is when a viewer has it.
    Availability,
    /// From a take to the new camera, and what the playlist did.
    Switching,
    /// Bytes and requests a second and core.
    Delivery,
    /// Ten thousand viewers who wait for one part.
    Herd,
    /// Garbage and idle connections beside a healthy camera.
    Abuse,
}

impl Part {
    const ALL: [Self; 6] = [
        Self::Ingest,
        Self::Availability,
        Self::Switching,
        Self::Delivery,
        Self::Herd,
        Self::Abuse,
    ];

    /// As it is written on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Availability => "availability",
            Self::Switching => "switching",
            Self::Delivery => "delivery",
            Self::Herd => "herd",
            Self::Abuse => "abuse",
        }
    }
}

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) parts: Vec<Part>,
    /// Repetitions of each figure.
    pub(crate) runs: usize,
    /// Length of one ingest run in seconds.
    pub(crate) seconds: u32,
    /// Cameras of the ingest rows.
    pub(crate) cameras: Vec<usize>,
    /// Takes of each way to switch.
    pub(crate) takes: u32,
}

const USAGE: &str = "\
usage: cargo xtask compare [OPTIONS]

  --only PART,..     of: ingest, availability, switching, delivery, herd, abuse   [all]
  --cameras N,..     cameras of the ingest rows                                   [5,20,50,100]
  --runs N           repetitions of each figure                                   [3]
  --seconds N        length of one ingest run, 15 or more                         [30]
  --takes N          takes of each way to switch                                  [30]";

impl Options {
    /// Reads the command line.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            parts: Part::ALL.to_vec(),
            runs: 3,
            seconds: 30,
            cameras: vec![5, 20, 50, 100],
            takes: 30,
        };
        let mut rest = arguments.iter();
        while let Some(option) = rest.next() {
            let Some(value) = rest.next() else { bail!("{USAGE}") };
            match option.as_str() {
                "--only" => options.parts = parts(value)?,
                "--cameras" => {
                    options.cameras = value
                        .split(',')
                        .map(|count| number(option, count, 1, 1000))
                        .collect::<Result<_>>()?;
                }
                "--runs" => options.runs = number(option, value, 1, 99)?,
                "--seconds" => options.seconds = number(option, value, 15, 3600)?,
                "--takes" => options.takes = number(option, value, 1, 1000)?,
                _ => bail!("{USAGE}"),
            }
        }
        Ok(options)
    }
}

fn parts(list: &str) -> Result<Vec<Part>> {
    let part = |name| Part::ALL.into_iter().find(|part| part.name() == name);
    let found: Option<Vec<_>> = list.split(',').map(part).collect();
    found.map_or_else(|| bail!("--only {list}: no such part\n{USAGE}"), Ok)
}

fn number<T>(option: &str, text: &str, least: T, most: T) -> Result<T>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    match text.parse() {
        Ok(value) if value >= least && value <= most => Ok(value),
        _ => bail!("{option} must be {least} to {most}, not `{text}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn everything_is_compared_unless_parts_are_named() {
        assert_eq!(parse("").unwrap().parts, Part::ALL);
        let options = parse("--only herd,ingest --cameras 3,7 --runs 1").unwrap();
        assert_eq!(options.parts, [Part::Herd, Part::Ingest]);
        assert_eq!((options.cameras, options.runs), (vec![3, 7], 1));
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        for line in ["--only ingest,x", "--cameras 0", "--runs", "--seconds 1", "--twice 2"] {
            assert!(parse(line).is_err(), "{line}");
        }
        assert!(parse("--seconds 1").unwrap_err().to_string().contains("15 to 3600"));
    }
}
