//! `EXT-X-PART` (rfc8216bis-22 §4.4.4.9).

use std::fmt::{self, Write};

use super::seconds::Seconds;
use crate::names::{Name, Names};
use crate::segment::Part;

pub(super) fn write(out: &mut String, names: &Names, part: &Part) -> fmt::Result {
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
