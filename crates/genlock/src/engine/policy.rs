//! An event's policy in the programme's and the packager's words.

use std::time::Duration;

use genlock_packager::Dialect;
use genlock_program::{AudioSource, FailoverPolicy, FlapLimit, Revert, StylePolicy};
use genlock_store::{EventPolicy, PlaylistDialect};

use super::words::{kept_style, program_id};

/// What the programme may do by itself.
pub(super) fn failover(policy: &EventPolicy) -> FailoverPolicy {
    FailoverPolicy {
        silence_max: ms(policy.failover_after_ms),
        grace: ms(policy.failover_grace_ms),
        on_air_min: ms(policy.on_air_min_ms),
        flaps: policy
            .flap_limit
            .map(|limit| FlapLimit { changes: limit.changes, window: ms(limit.window_ms) }),
        revert: policy.revert_after_ms.map_or(Revert::Stay, |after| Revert::After(ms(after))),
        slate_after: ms(policy.slate_after_ms),
        ..FailoverPolicy::default()
    }
}

/// How takes become cuts.
pub(super) fn styles(policy: &EventPolicy) -> StylePolicy {
    StylePolicy {
        style: kept_style(policy.cut_style),
        auto_wait: ms(policy.auto_wait_ms),
        lookahead: ms(policy.lookahead_ms),
    }
}

/// Where the sound comes from.
pub(super) fn audio_source(policy: &EventPolicy) -> AudioSource {
    match &policy.audio_source {
        genlock_store::AudioSource::Follow => AudioSource::Follow,
        genlock_store::AudioSource::Camera(id) => AudioSource::Camera(program_id(id)),
    }
}

/// What the playlist speaks whose URL names no dialect.
pub(super) const fn dialect(policy: &EventPolicy) -> Dialect {
    match policy.dialect {
        PlaylistDialect::Strict => Dialect::Strict,
        PlaylistDialect::Seamless => Dialect::Seamless,
    }
}

fn ms(millis: u32) -> Duration {
    Duration::from_millis(millis.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The store's defaults are the programme's own.
    #[test]
    fn defaults_agree() {
        let policy = EventPolicy::default();
        assert_eq!(failover(&policy), FailoverPolicy::default());
        assert_eq!(styles(&policy), StylePolicy::default());
        assert_eq!(audio_source(&policy), AudioSource::default());
        assert_eq!(dialect(&policy), Dialect::default());
    }

    /// What the API admits, the programme takes as it is.
    #[test]
    fn limits_agree() {
        use genlock_store::limits::LOOKAHEAD_MS_MAX;
        let widest = StylePolicy { lookahead: ms(LOOKAHEAD_MS_MAX), ..StylePolicy::default() };
        assert_eq!(widest.normalised(), widest);
    }
}
