//! The issues of a session, told only once they last, and withdrawn only once they stay away.
//!
//! ```text
//!  holds       ▁▁▔▁▁▁▔▔▔▔▔▔▔▔▔▁▁▔▔▔▁▁▁▁▁▁▁▁▁▁
//!  told                └ raise ─▶▔▔▔▔▔▔▔▔▔▔▔▔▔▁   one stretch, since its first moment
//!                       after          clear after ┘
//! ```
//!
//! Holds each type at most once, so it is bounded by their number. Pure.

use std::time::Duration;

use genlock_media::EventTime;

use crate::issue::{Issue, IssueType};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct IssueLog {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    issue: Issue,
    /// When it was seen to hold last.
    held: EventTime,
    /// When it was first seen not to hold after that.
    gone: Option<EventTime>,
}

impl IssueLog {
    /// Takes note whether the condition behind `kind` holds at `now`: the particulars if it does.
    pub(crate) fn observe(&mut self, now: EventTime, kind: IssueType, holds: Option<String>) {
        let known = self.entries.iter().position(|entry| entry.issue.kind == kind);
        match (known, holds) {
            (Some(at), Some(particulars)) => {
                let Some(entry) = self.entries.get_mut(at) else { return };
                if entry.is_over(now) {
                    entry.issue.since = now;
                }
                (entry.held, entry.gone) = (now, None);
                entry.issue.sentence = sentence(kind, &particulars);
            }
            (None, Some(particulars)) => {
                let issue = Issue { kind, sentence: sentence(kind, &particulars), since: now };
                self.entries.push(Entry { issue, held: now, gone: None });
            }
            (Some(at), None) => {
                let Some(entry) = self.entries.get_mut(at) else { return };
                entry.gone.get_or_insert(now);
                if entry.is_over(now) || !entry.is_raised() {
                    self.entries.remove(at);
                }
            }
            (None, None) => {}
        }
    }

    /// Something that happens at a moment, not over a time.
    pub(crate) fn occurred(
        &mut self,
        now: EventTime,
        kind: IssueType,
        particulars: impl Into<String>,
    ) {
        self.observe(now, kind, Some(particulars.into()));
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.issue.kind == kind) {
            entry.gone = Some(now);
        }
    }

    /// What was so is known not to be so any more.
    pub(crate) fn withdraw(&mut self, kind: IssueType) {
        self.entries.retain(|entry| entry.issue.kind != kind);
    }

    /// Whether an issue of the type is told at `now`.
    pub(crate) fn has(&self, now: EventTime, kind: IssueType) -> bool {
        self.entries.iter().any(|entry| entry.issue.kind == kind && entry.is_told(now))
    }

    /// What is to be told at `now`, oldest first.
    pub(crate) fn told(&self, now: EventTime) -> Vec<Issue> {
        let told = self.entries.iter().filter(|entry| entry.is_told(now));
        let mut issues: Vec<_> = told.map(|entry| entry.issue.clone()).collect();
        issues.sort_by_key(|issue| issue.since);
        issues
    }
}

impl Entry {
    fn is_raised(&self) -> bool {
        self.held.saturating_since(self.issue.since) >= raise_after(self.issue.kind)
    }

    fn is_over(&self, now: EventTime) -> bool {
        let away = self.gone.map(|gone| now.saturating_since(gone));
        away.zip(clear_after(self.issue.kind)).is_some_and(|(away, span)| away >= span)
    }

    fn is_told(&self, now: EventTime) -> bool {
        self.is_raised() && !self.is_over(now)
    }
}

fn sentence(kind: IssueType, particulars: &str) -> String {
    format!("{particulars} {}", kind.about().meaning)
}

/// How long a condition must hold before it is told: what is read from configurations is so at once,
/// what is measured takes its time.
const fn raise_after(kind: IssueType) -> Duration {
    match kind {
        IssueType::VideoIngestionStarved | IssueType::NoAudioStream | IssueType::NoVideoStream => {
            Duration::from_secs(2)
        }
        IssueType::ArrivalJitter => Duration::from_secs(3),
        IssueType::GopSizeShort
        | IssueType::FrameRateHigh
        | IssueType::BitrateLow
        | IssueType::BitrateHigh
        | IssueType::VideoIngestionFasterThanRealtime
        | IssueType::AudioBitrateLow
        | IssueType::AudioBitrateHigh => Duration::from_secs(10),
        _ => Duration::ZERO,
    }
}

/// How long it must stay away before it is withdrawn; `None` for what cannot go within a session.
const fn clear_after(kind: IssueType) -> Option<Duration> {
    match kind {
        IssueType::VideoCodec
        | IssueType::AudioCodec
        | IssueType::NoVideoHeader
        | IssueType::NoAudioHeader
        | IssueType::MultipleVideoStreams
        | IssueType::MultipleAudioStreams => None,
        IssueType::InterlacedVideo
        | IssueType::VideoPixelFormat
        | IssueType::AudioSampleRate
        | IssueType::AudioTooManyChannels
        | IssueType::NoAudioStream
        | IssueType::NoVideoStream => Some(Duration::from_secs(2)),
        IssueType::GopSizeLong | IssueType::GopSizeShort => Some(Duration::from_secs(30)),
        IssueType::TimestampJump
        | IssueType::TimestampNotMonotonic
        | IssueType::DelayShift
        | IssueType::MediaDropped
        | IssueType::ConfigurationChanged
        | IssueType::MalformedData
        | IssueType::OpenGop
        | IssueType::GopSizeOver => Some(Duration::from_secs(60)),
        _ => Some(Duration::from_secs(10)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> EventTime {
        EventTime::from_millis(seconds * 1000)
    }

    /// Observes `kind` once a second (`x` holds) and tells, for each second, whether it is told.
    #[track_caller]
    fn check(kind: IssueType, holds: &str, told: &str) -> IssueLog {
        let mut log = IssueLog::default();
        let mut got = String::new();
        for (second, holds) in (0..).zip(holds.chars()) {
            let particulars = (holds == 'x').then(|| format!("At {second}."));
            log.observe(at(second), kind, particulars);
            got.push(if log.told(at(second)).is_empty() { '.' } else { 'x' });
        }
        assert_eq!(got, told);
        log
    }

    #[test]
    fn a_moment_is_not_told_and_a_gap_is_not_a_withdrawal() {
        let kind = IssueType::VideoIngestionStarved;
        let holds = "x..xxxxx..xxx...........xxx";
        check(kind, holds, ".....xxxxxxxxxxxxxxxxxx...x");
    }

    #[test]
    fn what_is_seldom_looked_at_is_told_all_the_same() {
        let mut log = IssueLog::default();
        for seconds in [0, 30, 60] {
            log.observe(at(seconds), IssueType::NoAudioStream, Some("None.".to_owned()));
        }
        assert_eq!(log.told(at(60))[0].since, at(0));
    }

    #[test]
    fn since_is_the_first_moment_and_the_sentence_the_newest() {
        let log = check(IssueType::NoAudioStream, ".xxxx", "...xx");
        let issues = log.told(at(4));
        assert_eq!(issues[0].since, at(1));
        assert!(issues[0].sentence.starts_with("At 4. Viewers hear silence"), "{issues:?}");
    }

    #[test]
    fn an_event_is_told_for_a_while_and_a_fact_for_good() {
        let mut log = IssueLog::default();
        log.occurred(at(0), IssueType::TimestampJump, "The timestamps jumped.");
        log.occurred(at(0), IssueType::AudioCodec, "MP3.");
        assert_eq!(log.told(at(59)).len(), 2);
        assert_eq!(log.told(at(60)).len(), 1);
        assert!(log.has(at(9_000), IssueType::AudioCodec));
        // The same again later is a new one.
        log.occurred(at(100), IssueType::TimestampJump, "The timestamps jumped.");
        assert_eq!(log.told(at(100))[1].since, at(100));
    }
}
