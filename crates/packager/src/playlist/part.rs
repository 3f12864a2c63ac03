//! `EXT-X-PART` (rfc8216bis-22 §4.4.4.9).

use std::fmt::{self, Write};
use std::sync::Arc;

use super::seconds::Seconds;
use crate::names::{Name, Names};
use crate::segment::Part;

/// Writes the parts of a segment, and `EXT-X-GAP` after the first if they are gaps.
pub(super) fn write_all(out: &mut String, names: &Names, parts: &[Arc<Part>]) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        write(out, names, part)?;
        if index == 0 && part.body.is_none() {
            super::segment::gap_tag(out)?;
        }
    }
    Ok(())
}

fn write(out: &mut String, names: &Names, part: &Part) -> fmt::Result {
    let uri = names.write(Name::Part(part.counter));
    write!(out, "#EXT-X-PART:DURATION={},URI=\"{uri}\"", Seconds(part.duration_90k))?;
    if part.independent {
        write!(out, ",INDEPENDENT=YES")?;
    }
    if part.body.is_none() {
        write!(out, ",GAP=YES")?;
    }
    writeln!(out)
}
