//! How a take becomes a cut: the styles, and an event's choice between them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::error::UnknownStyle;
use crate::limits::LOOKAHEAD_MAX;

/// How a take becomes a cut.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CutStyle {
    /// The programme chooses: [`Self::Lookahead`] where it runs behind the cameras, else
    /// [`Self::Clean`] if the wait is short ([`StylePolicy::auto_wait`]), else [`Self::Instant`].
    #[default]
    Auto,
    /// At the target's next sync sample: no artefact, waits up to one GOP.
    Clean,
    /// At once: the target's GOP that is under way is played faster until it is back on the event clock.
    Instant,
    /// At the target's sync sample that is nearest to the command, before or after it, in a programme
    /// that runs behind the cameras ([`StylePolicy::lookahead`]).
    Lookahead,
}

impl CutStyle {
    /// Every style.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Clean, Self::Instant, Self::Lookahead];

    /// The name that commands use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Clean => "clean",
            Self::Instant => "instant",
            Self::Lookahead => "lookahead",
        }
    }
}

impl fmt::Display for CutStyle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CutStyle {
    type Err = UnknownStyle;

    fn from_str(name: &str) -> Result<Self, UnknownStyle> {
        let named = Self::ALL.into_iter().find(|style| style.as_str() == name);
        named.ok_or_else(|| UnknownStyle(name.to_owned()))
    }
}

/// What an event wants of its cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StylePolicy {
    /// Style of a take that names none. Default [`CutStyle::Auto`].
    pub style: CutStyle,
    /// The longest wait for which [`CutStyle::Auto`] is clean. Default 1 s.
    pub auto_wait: Duration,
    /// How far the programme runs behind the cameras. Default 0; at most [`LOOKAHEAD_MAX`]. All of it is
    /// added to the viewers' latency.
    pub lookahead: Duration,
}

impl StylePolicy {
    /// The policy with its spans within their limits.
    #[must_use]
    pub fn normalised(self) -> Self {
        Self { lookahead: self.lookahead.min(LOOKAHEAD_MAX), ..self }
    }
}

impl Default for StylePolicy {
    fn default() -> Self {
        Self {
            style: CutStyle::default(),
            auto_wait: Duration::from_secs(1),
            lookahead: Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_others_are_refused() {
        for style in CutStyle::ALL {
            assert_eq!(style.as_str().parse(), Ok(style));
        }
        assert_eq!("wipe".parse::<CutStyle>(), Err(UnknownStyle("wipe".to_owned())));
    }

    #[test]
    fn lookahead_is_bounded() {
        let wide = StylePolicy { lookahead: Duration::from_secs(60), ..StylePolicy::default() };
        assert_eq!(wide.normalised().lookahead, LOOKAHEAD_MAX);
    }
}
