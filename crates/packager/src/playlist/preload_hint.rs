//! `EXT-X-PRELOAD-HINT` (rfc8216bis-22 §4.4.5.3).

use std::fmt::{self, Write};
use std::sync::Arc;

use super::Dialect;
use crate::names::Name;
use crate::published::Published;
use crate::segment::Segment;

/// Announces the next part, whose name is known whatever segment it will belong to, and before the
/// first part of a segment with another init section that one too.
pub(super) fn write(
    out: &mut String,
    published: &Published,
    dialect: Dialect,
    last: Option<&Arc<Segment>>,
) -> fmt::Result {
    let names = &published.settings.names;
    let opened = published.open.as_ref().filter(|open| open.parts.is_empty());
    if let Some(coming) = opened.and_then(|open| open.head.junction(dialect).init.as_ref()) {
        let shown = last.and_then(|last| last.head.junction(dialect).init.as_ref());
        if shown.is_none_or(|shown| shown.counter != coming.counter) {
            let uri = names.write(Name::Init(coming.counter));
            writeln!(out, "#EXT-X-PRELOAD-HINT:TYPE=MAP,URI=\"{uri}\"")?;
        }
    }
    let uri = names.write(Name::Part(published.next_part));
    writeln!(out, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{uri}\"")
}
