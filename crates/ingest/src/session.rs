//! What is known of one publish session: its counters, its measures and its issues.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use genlock_media::{EventTime, Sample, TrackConfig, TrackKind};

use crate::demux::{DemuxCounters, Notice};
use crate::diagnosis::{AudioMeasures, Measures, VideoMeasures, diagnose};
use crate::health::{AudioHealth, VideoHealth};
use crate::issue::{Issue, IssueType};
use crate::issue_log::IssueLog;
use crate::measure::{FrameRate, Jitter, ReorderDepth};
use crate::rate::RateWindow;
use crate::timeline::TimelineCounters;

/// Groups of pictures whose lengths are remembered.
const GOPS: usize = 4;
/// Between two looks at the measures.
const LOOK_EACH: Duration = Duration::from_secs(1);
/// What is dropped while a session begins is no loss.
const DROPS_COUNT_AFTER: Duration = Duration::from_secs(3);

/// Starts anew with every publish session.
#[derive(Debug, Default)]
pub(crate) struct Session {
    started: Option<EventTime>,
    looked: Option<EventTime>,
    video: Track,
    audio: Track,
    frame_rate: FrameRate,
    reorder: ReorderDepth,
    jitter: Jitter,
    newest_picture: EventTime,
    last_sync: Option<EventTime>,
    /// Lengths of the last groups of pictures, oldest first.
    gops: VecDeque<Duration>,
    gop_max: Option<Duration>,
    samples: u64,
    timeline: TimelineCounters,
    demux: DemuxCounters,
    issues: IssueLog,
}

#[derive(Debug, Default)]
struct Track {
    /// The configuration, and since when it is in force.
    config: Option<(Arc<TrackConfig>, EventTime)>,
    rate: RateWindow,
    last_arrival: EventTime,
}

impl Session {
    pub(crate) fn sample(&mut self, now: EventTime, sample: &Sample, gop_long: Duration) {
        self.started.get_or_insert(now);
        self.samples += 1;
        match sample.kind() {
            TrackKind::Video => {
                self.video.note(now, sample);
                self.issues.withdraw(IssueType::NoVideoHeader);
                self.picture(now, sample);
            }
            TrackKind::Audio => {
                self.audio.note(now, sample);
                self.issues.withdraw(IssueType::NoAudioHeader);
                if self.video.config.is_none() {
                    self.jitter.note(now, sample.dts_time().to_event());
                }
            }
        }
        self.look(now, gop_long);
    }

    fn picture(&mut self, now: EventTime, sample: &Sample) {
        let pts = sample.pts_event();
        self.frame_rate.note(sample.dts);
        self.reorder.note(sample.pts(), sample.is_video_sync());
        self.jitter.note(now, sample.dts_time().to_event());
        self.newest_picture = self.newest_picture.max(pts);
        if !sample.is_video_sync() {
            return;
        }
        if let Some(last) = self.last_sync.replace(pts) {
            let gop = pts.saturating_since(last);
            if self.gops.len() == GOPS {
                self.gops.pop_front();
            }
            self.gops.push_back(gop);
            self.gop_max = self.gop_max.max(Some(gop));
        }
    }

    /// Judges what was measured, if it was not just done.
    pub(crate) fn look(&mut self, now: EventTime, gop_long: Duration) {
        let early = self.looked.is_some_and(|last| now.saturating_since(last) < LOOK_EACH);
        let Some(started) = self.started.filter(|_| !early) else { return };
        self.looked = Some(now);
        self.frame_rate.settle(now);
        let mut issues = std::mem::take(&mut self.issues);
        let measures = Measures {
            started,
            video: self.video_measures(now),
            audio: self.audio_measures(now),
            jitter: self.jitter.spread(),
            gop_long,
        };
        diagnose(now, &measures, &mut issues);
        self.issues = issues;
    }

    pub(crate) fn counters(
        &mut self,
        now: EventTime,
        timeline: TimelineCounters,
        demux: DemuxCounters,
    ) {
        let old_timeline = std::mem::replace(&mut self.timeline, timeline);
        let old_demux = std::mem::replace(&mut self.demux, demux);
        let moved = |of: fn(&TimelineCounters) -> u64| of(&timeline) > of(&old_timeline);
        if moved(|c| c.jumps) {
            self.issues.occurred(now, IssueType::TimestampJump, "The timestamps jumped.");
        }
        if moved(|c| c.repeats) {
            let particulars = "Video timestamps repeat or go back.";
            self.issues.occurred(now, IssueType::TimestampNotMonotonic, particulars);
        }
        if moved(|c| c.shifts) {
            let particulars = "Everything arrives over a second later than before.";
            self.issues.occurred(now, IssueType::DelayShift, particulars);
        }
        if moved(|c| c.jumps + c.shifts + c.offsets) {
            self.jitter.forget();
        }
        if demux.open_gops > old_demux.open_gops {
            let particulars = "Key frames are not closed.";
            self.issues.occurred(now, IssueType::OpenGop, particulars);
        }
        let settled = |started| now.saturating_since(started) >= DROPS_COUNT_AFTER;
        let lost = moved(|c| c.dropped) || demux.dropped > old_demux.dropped;
        if lost && self.started.is_some_and(settled) {
            let particulars = format!("{} access units could not be used.", self.dropped());
            self.issues.occurred(now, IssueType::MediaDropped, particulars);
        }
        if demux.malformed > old_demux.malformed {
            let particulars = format!("{} tags could not be read.", demux.malformed);
            self.issues.occurred(now, IssueType::MalformedData, particulars);
        }
    }

    pub(crate) fn notice(&mut self, now: EventTime, notice: &Notice) {
        let (kind, particulars) = describe(notice);
        self.issues.occurred(now, kind, particulars);
    }

    pub(crate) fn issues(&self, now: EventTime) -> Vec<Issue> {
        self.issues.told(now)
    }

    pub(crate) fn bits_per_second(&self, now: EventTime) -> u64 {
        self.video.rate.bits_per_second(now) + self.audio.rate.bits_per_second(now)
    }

    pub(crate) const fn samples(&self) -> u64 {
        self.samples
    }

    pub(crate) const fn dropped(&self) -> u64 {
        self.demux.dropped + self.timeline.dropped
    }

    pub(crate) const fn timestamp_jumps(&self) -> u64 {
        self.timeline.jumps
    }

    pub(crate) fn video_health(&self, now: EventTime) -> Option<VideoHealth> {
        let (config, config_since) = self.video.config.as_ref()?;
        let video = config.as_video()?;
        let rate = self.frame_rate.settled();
        Some(VideoHealth {
            codec: video.codec,
            codec_string: video.codec_string.clone(),
            width: video.width,
            height: video.height,
            frames_per_second: self.video.rate.samples_per_second(now, config.timescale().get()),
            bits_per_second: self.video.rate.bits_per_second(now),
            gop: self.gops.back().copied(),
            gop_max: self.gop_max,
            gop_recent_max: self.gops.iter().max().copied(),
            frame_rate: rate.map(|(rate, _)| rate),
            reorder_frames: self.reorder.depth(),
            since: rate.map_or(*config_since, |(_, since)| since.max(*config_since)),
        })
    }

    pub(crate) fn audio_health(&self, now: EventTime) -> Option<AudioHealth> {
        let (config, since) = self.audio.config.as_ref()?;
        let audio = config.as_audio()?;
        Some(AudioHealth {
            codec: audio.codec,
            codec_string: audio.codec_string.clone(),
            sample_rate: audio.timescale.get(),
            channels: audio.channels,
            bits_per_second: self.audio.rate.bits_per_second(now),
            since: *since,
        })
    }

    fn video_measures(&self, now: EventTime) -> Option<VideoMeasures<'_>> {
        let (config, _) = self.video.config.as_ref()?;
        Some(VideoMeasures {
            config: config.as_video()?,
            last_arrival: self.video.last_arrival,
            frame_rate: self.frame_rate.settled().map(|(rate, _)| rate),
            arriving: self.video.rate.arriving_per_second(now),
            speed: self.video.rate.speed(now, config.timescale().get()),
            bits_per_second: self.video.rate.bits_per_second(now),
            gop_max: self.gops.iter().max().copied(),
            gop_open: self
                .last_sync
                .map_or(Duration::ZERO, |sync| self.newest_picture.saturating_since(sync)),
        })
    }

    fn audio_measures(&self, now: EventTime) -> Option<AudioMeasures<'_>> {
        let (config, _) = self.audio.config.as_ref()?;
        Some(AudioMeasures {
            config: config.as_audio()?,
            last_arrival: self.audio.last_arrival,
            bits_per_second: self.audio.rate.bits_per_second(now),
        })
    }
}

impl Track {
    fn note(&mut self, now: EventTime, sample: &Sample) {
        self.rate.note(now, sample.payload.len(), sample.dts);
        self.last_arrival = now;
        let same = |(known, _): &(Arc<TrackConfig>, EventTime)| Arc::ptr_eq(known, &sample.config);
        if !self.config.as_ref().is_some_and(same) {
            self.config = Some((Arc::clone(&sample.config), now));
        }
    }
}

fn describe(notice: &Notice) -> (IssueType, String) {
    match notice {
        Notice::Unsupported { track, codec } => {
            let (kind, name) = match track {
                TrackKind::Video => (IssueType::VideoCodec, "Video"),
                TrackKind::Audio => (IssueType::AudioCodec, "Audio"),
            };
            (kind, format!("{name} codec {codec} is not supported and ignored."))
        }
        Notice::HeaderMissing(TrackKind::Audio) => {
            (IssueType::NoAudioHeader, "Audio without a sequence header is ignored.".to_owned())
        }
        Notice::HeaderMissing(TrackKind::Video) => {
            (IssueType::NoVideoHeader, "Video without a sequence header is ignored.".to_owned())
        }
        Notice::BadAudioHeader(why) => (IssueType::AudioCodec, format!("Audio is ignored: {why}.")),
        Notice::Reconfigured(track) => {
            let name = match track {
                TrackKind::Video => "video",
                TrackKind::Audio => "audio",
            };
            let particulars = format!("The {name} configuration changed while publishing.");
            (IssueType::ConfigurationChanged, particulars)
        }
        Notice::Multitrack(TrackKind::Video) => {
            (IssueType::MultipleVideoStreams, "There are several video tracks.".to_owned())
        }
        Notice::Multitrack(TrackKind::Audio) => {
            (IssueType::MultipleAudioStreams, "There are several audio tracks.".to_owned())
        }
        Notice::Malformed(why) => (IssueType::MalformedData, format!("A tag was dropped: {why}.")),
        Notice::EndlessGop => {
            (IssueType::GopSizeOver, "No key frame comes; video is dropped.".to_owned())
        }
    }
}
