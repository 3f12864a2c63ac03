//! The constants of a session's playlists.

use crate::config::PackagerConfig;
use crate::line::ticks_90k;
use crate::names::Names;

/// What every playlist of a session says alike.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) names: Names,
    pub(crate) target_duration: u8,
    pub(crate) target_duration_90k: i64,
    pub(crate) part_target_90k: i64,
    pub(crate) part_hold_back_90k: i64,
    pub(crate) can_skip_until_90k: i64,
    pub(crate) wall_clock_at_zero_ms: i64,
    /// rfc8216bis-22 §6.2.5.2: three parts, or `3 / PART-TARGET` where that is below one second.
    pub(crate) advance_part_limit: u64,
}

impl Settings {
    pub(crate) fn new(config: &PackagerConfig) -> Self {
        let part_ms = config.part_target.as_millis().clamp(1, 1000);
        Self {
            names: Names::new(&config.session),
            target_duration: config.target_duration,
            target_duration_90k: ticks_90k(config.target_duration()),
            part_target_90k: ticks_90k(config.part_target),
            part_hold_back_90k: ticks_90k(config.part_hold_back()),
            can_skip_until_90k: ticks_90k(config.can_skip_until()),
            wall_clock_at_zero_ms: config.wall_clock_at_zero_ms,
            advance_part_limit: u64::try_from(3000 / part_ms).unwrap_or(3),
        }
    }
}
