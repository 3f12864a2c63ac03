//! The same things in the words of the programme, of the API and of the store.

use std::time::Duration;

use genlock_control_api::live as api;
use genlock_program as program;
use genlock_store as store;

use super::wall::WallClock;

/// The programme's name of a camera is its id.
pub(super) fn program_id(id: &store::CameraId) -> program::CameraId {
    program::CameraId::new(id.as_str())
}

/// The store's id of what the programme names; `None` for the slate.
pub(super) fn store_id(id: &program::CameraId) -> Option<store::CameraId> {
    if id.is_slate() { None } else { store::CameraId::parse(id.as_str()).ok() }
}

/// A style that a client names.
pub(super) const fn asked_style(style: api::CutStyle) -> program::CutStyle {
    match style {
        api::CutStyle::Auto => program::CutStyle::Auto,
        api::CutStyle::Clean => program::CutStyle::Clean,
        api::CutStyle::Instant => program::CutStyle::Instant,
        api::CutStyle::Lookahead => program::CutStyle::Lookahead,
    }
}

/// A style that the store keeps.
pub(super) const fn kept_style(style: store::SwitchStyle) -> program::CutStyle {
    match style {
        store::SwitchStyle::Auto => program::CutStyle::Auto,
        store::SwitchStyle::Clean => program::CutStyle::Clean,
        store::SwitchStyle::Instant => program::CutStyle::Instant,
        store::SwitchStyle::Lookahead => program::CutStyle::Lookahead,
    }
}

/// A style as clients are told it.
pub(super) const fn told_style(style: program::CutStyle) -> api::CutStyle {
    match style {
        program::CutStyle::Clean => api::CutStyle::Clean,
        program::CutStyle::Instant => api::CutStyle::Instant,
        program::CutStyle::Lookahead => api::CutStyle::Lookahead,
        _ => api::CutStyle::Auto,
    }
}

/// A style as it is logged.
pub(super) const fn logged_style(style: program::CutStyle) -> store::SwitchStyle {
    match style {
        program::CutStyle::Clean => store::SwitchStyle::Clean,
        program::CutStyle::Instant => store::SwitchStyle::Instant,
        program::CutStyle::Lookahead => store::SwitchStyle::Lookahead,
        _ => store::SwitchStyle::Auto,
    }
}

/// The plan of a cut to `camera`, as clients are told it.
pub(super) fn told_cut(
    camera: store::CameraId,
    forecast: &program::Forecast,
    wall: WallClock,
) -> api::Cut {
    api::Cut {
        camera_id: camera,
        style: told_style(forecast.style),
        cut_at: forecast.cut_at.map(|at| wall.timestamp(at)),
        wait_ms: forecast.wait.map(millis),
        discontinuity: told_cost(forecast.discontinuity),
        reason: told_reason(forecast.reason),
    }
}

/// What a cut costs, as clients are told it.
pub(super) const fn told_cost(cost: program::Discontinuity) -> api::Discontinuity {
    match cost {
        program::Discontinuity::None => api::Discontinuity::None,
        program::Discontinuity::Parameters => api::Discontinuity::Parameters,
        program::Discontinuity::Codec => api::Discontinuity::Codec,
    }
}

/// What a cut cost, as it is logged.
pub(super) const fn logged_cost(cost: program::Discontinuity) -> store::Discontinuity {
    match cost {
        program::Discontinuity::None => store::Discontinuity::None,
        program::Discontinuity::Parameters => store::Discontinuity::Parameters,
        program::Discontinuity::Codec => store::Discontinuity::Codec,
    }
}

/// What the time of a cut rests on, as clients are told it.
pub(super) const fn told_reason(reason: program::Reason) -> api::CutReason {
    match reason {
        program::Reason::Held => api::CutReason::Held,
        program::Reason::Cached => api::CutReason::Cached,
        program::Reason::Cadence => api::CutReason::Cadence,
        program::Reason::Unknown => api::CutReason::Unknown,
        program::Reason::Queued => api::CutReason::Queued,
    }
}

/// Whole milliseconds of a span.
pub(super) fn millis(span: Duration) -> u32 {
    u32::try_from(span.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_keep_their_names() {
        for style in program::CutStyle::ALL {
            assert_eq!(asked_style(told_style(style)), style);
            assert_eq!(kept_style(logged_style(style)), style);
        }
    }
}
