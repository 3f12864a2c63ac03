//! `EXT-X-PRELOAD-HINT` (rfc8216bis-22 §4.4.5.3).

use std::fmt::{self, Write};

use crate::names::Name;
use crate::published::Published;

/// Announces the next part, whose name is known whatever segment it will belong to. Another init section
/// needs no hint: its `EXT-X-MAP` is there before.
pub(super) fn write(out: &mut String, published: &Published) -> fmt::Result {
    let uri = published.settings.names.write(Name::Part(published.next_part));
    writeln!(out, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{uri}\"")
}
