//! The report page.

use crate::outcome::Outcome;

/// placeholder
pub(crate) fn page(outcome: &Outcome) -> String {
    outcome.command.to_owned()
}
