//! The video track: H.264 (FLV 10.1 §E.4.3.2), HEVC and AV1 (E-RTMP v2, "ExVideoTagBody").

use std::sync::Arc;

use bytes::Bytes;
use genlock_media::hevc::{Irap, Leading};
use genlock_media::{
    Dependency, EventTime, MediaError, TrackConfig, TrackKind, VideoCodec, VideoConfig, av1, avc,
    hevc,
};
use genlock_rtmp::flv::{FourCc, FrameType, VideoCodecId, VideoPacket, VideoTag};

use super::{ChangeBudget, DemuxError, Notice, Notices, TagError, codec_name};
use crate::limits::{GOP_BYTES_MAX, GOP_SAMPLES_MAX};
use crate::unit::Unit;

/// State of the video track.
#[derive(Debug, Default)]
pub(super) struct VideoTrack {
    header: Option<Header>,
    /// What decodes the pictures since the last sync sample.
    config: Option<Arc<TrackConfig>>,
    /// What takes over at the next sync sample.
    next_config: Option<VideoConfig>,
    gop: Gop,
    changes: ChangeBudget,
    dropped: u64,
    open_gops: u64,
}

/// The newest sequence header as sent, to know it again, and what it says about framing.
#[derive(Debug)]
struct Header {
    codec: VideoCodec,
    record: Bytes,
    length_size: usize,
}

/// The open group of pictures.
#[derive(Debug, Default)]
struct Gop {
    state: GopState,
    samples: u32,
    bytes: u64,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum GopState {
    /// Nothing can be decoded until a sync sample comes.
    #[default]
    WaitsForSync,
    /// It began with a picture whose RASL pictures cannot be decoded.
    WithoutRasl,
    /// Everything that comes can be decoded.
    Open,
}

/// A picture, whatever its codec.
struct Picture {
    payload: Bytes,
    dependency: Dependency,
    parameter_sets: Vec<Bytes>,
    irap: Option<Irap>,
    is_rasl: bool,
    /// Decoding could be joined here, though not cleanly.
    recovers: bool,
}

impl VideoTrack {
    pub(super) fn tag(
        &mut self,
        now: EventTime,
        timestamp: u32,
        tag: VideoTag,
        notices: &mut Notices,
    ) -> Result<Option<Unit>, TagError> {
        let composition_time_ms = match tag.packet {
            VideoPacket::SequenceStart => None,
            VideoPacket::CodedFrames { composition_time_ms } => Some(composition_time_ms),
            VideoPacket::SequenceEnd
            | VideoPacket::Metadata
            | VideoPacket::Mpeg2TsSequenceStart
            | VideoPacket::Command(_)
            | VideoPacket::Other(_) => return Ok(None),
        };
        let codec = carried(tag.codec)?;
        if tag.body.is_empty() {
            return Ok(None);
        }
        let Some(composition_time_ms) = composition_time_ms else {
            self.sequence_header(now, codec, tag.body)?;
            return Ok(None);
        };
        let Some(picture) = self.picture(now, codec, &tag, notices)? else {
            return Ok(None);
        };
        self.open_gops += u64::from(picture.recovers || picture.is_rasl);
        let Some(config) = self.admit(&picture, notices) else {
            self.dropped += 1;
            return Ok(None);
        };
        let nanos = i64::from(tag.timestamp_nano_offset);
        Ok(Some(Unit {
            config,
            timestamp,
            composition_micros: i64::from(composition_time_ms) * 1000 + nanos / 1000,
            dependency: picture.dependency,
            payload: picture.payload,
        }))
    }

    /// A sequence header of a codec that is carried has come.
    pub(super) const fn is_announced(&self) -> bool {
        self.header.is_some()
    }

    pub(super) const fn dropped(&self) -> u64 {
        self.dropped
    }

    pub(super) const fn open_gops(&self) -> u64 {
        self.open_gops
    }

    fn sequence_header(
        &mut self,
        now: EventTime,
        codec: VideoCodec,
        record: Bytes,
    ) -> Result<(), DemuxError> {
        if self.header.as_ref().is_some_and(|h| h.codec == codec && h.record == record) {
            return Ok(());
        }
        let unusable = |error: MediaError| DemuxError::VideoHeader(error.to_string());
        let (config, length_size) = match codec {
            VideoCodec::Avc => (VideoConfig::from_avcc(&record), avc::length_size(&record)),
            VideoCodec::Hevc => (VideoConfig::from_hvcc(&record), hevc::length_size(&record)),
            VideoCodec::Av1 => (VideoConfig::from_av1c(&record), Ok(0)),
        };
        let (config, length_size) = (config.map_err(unusable)?, length_size.map_err(unusable)?);
        if self.header.is_some() {
            self.changes.spend(now)?;
        }
        self.next_config = Some(config);
        self.header = Some(Header { codec, record, length_size });
        Ok(())
    }

    /// Splits an access unit. `None` when it holds no picture, or nothing says how to read it.
    fn picture(
        &mut self,
        now: EventTime,
        codec: VideoCodec,
        tag: &VideoTag,
        notices: &mut Notices,
    ) -> Result<Option<Picture>, TagError> {
        let Some(header) = self.header.as_ref().filter(|header| header.codec == codec) else {
            self.dropped += 1;
            notices.once(Notice::HeaderMissing(TrackKind::Video));
            return Ok(None);
        };
        let mut picture =
            split(header, &tag.body).map_err(|e| TagError::Malformed(e.to_string()))?;
        if tag.frame_type == FrameType::DisposableInter && picture.dependency != Dependency::Sync {
            picture.dependency = Dependency::Disposable;
        }
        self.take_parameter_sets(now, &picture.parameter_sets)?;
        Ok(Some(picture).filter(|picture| !picture.payload.is_empty()))
    }

    /// Parameter sets found in band change the configuration from the next sync sample on, which is
    /// usually the very access unit that they were found in.
    fn take_parameter_sets(&mut self, now: EventTime, sets: &[Bytes]) -> Result<(), TagError> {
        let current = self.config.as_ref().and_then(|config| config.as_video());
        let Some(known) = self.next_config.as_ref().or(current) else {
            return Ok(());
        };
        if sets.is_empty() {
            return Ok(());
        }
        match known.updated_by(sets) {
            Ok(None) => Ok(()),
            Ok(Some(updated)) => {
                self.changes.spend(now)?;
                self.next_config = Some(updated);
                Ok(())
            }
            Err(error) => Err(TagError::Malformed(error.to_string())),
        }
    }

    /// The configuration that decodes the picture; `None` when the picture must be dropped.
    fn admit(&mut self, picture: &Picture, notices: &mut Notices) -> Option<Arc<TrackConfig>> {
        if picture.dependency == Dependency::Sync {
            self.take_next_config(notices);
            self.gop.begin(picture);
        } else if !self.gop.admits(picture, notices) {
            return None;
        }
        self.config.clone()
    }

    fn take_next_config(&mut self, notices: &mut Notices) {
        let Some(next) = self.next_config.take() else {
            return;
        };
        let next = TrackConfig::Video(next);
        match &self.config {
            Some(known) if **known == next => return,
            Some(_) => notices.say(Notice::Reconfigured(TrackKind::Video)),
            None => {}
        }
        self.config = Some(Arc::new(next));
    }
}

impl Gop {
    /// A sync sample. Only where nothing came before it are its RASL pictures undecodable; for a
    /// broken link they always are.
    fn begin(&mut self, picture: &Picture) {
        let without_rasl = match picture.irap {
            Some(Irap::Bla) => true,
            Some(Irap::Cra) => self.state == GopState::WaitsForSync,
            Some(Irap::Idr) | None => false,
        };
        let state = if without_rasl { GopState::WithoutRasl } else { GopState::Open };
        *self = Self { state, samples: 0, bytes: 0 };
        self.count(picture);
    }

    fn admits(&mut self, picture: &Picture, notices: &mut Notices) -> bool {
        match self.state {
            GopState::WaitsForSync => return false,
            GopState::WithoutRasl if picture.is_rasl => return false,
            GopState::WithoutRasl | GopState::Open => {}
        }
        if picture.recovers {
            (self.samples, self.bytes) = (0, 0);
        }
        self.count(picture);
        if self.samples > GOP_SAMPLES_MAX || self.bytes > GOP_BYTES_MAX {
            self.state = GopState::WaitsForSync;
            notices.once(Notice::EndlessGop);
            return false;
        }
        true
    }

    fn count(&mut self, picture: &Picture) {
        self.samples = self.samples.saturating_add(1);
        self.bytes = self.bytes.saturating_add(picture.payload.len() as u64);
    }
}

fn carried(codec: VideoCodecId) -> Result<VideoCodec, DemuxError> {
    match codec {
        VideoCodecId::Avc | VideoCodecId::FourCc(FourCc::AVC) => Ok(VideoCodec::Avc),
        VideoCodecId::HevcLegacy | VideoCodecId::FourCc(FourCc::HEVC) => Ok(VideoCodec::Hevc),
        VideoCodecId::FourCc(FourCc::AV1) => Ok(VideoCodec::Av1),
        other => Err(DemuxError::Unsupported {
            track: TrackKind::Video,
            codec: codec_name::video(other),
        }),
    }
}

fn split(header: &Header, payload: &Bytes) -> Result<Picture, MediaError> {
    Ok(match header.codec {
        VideoCodec::Avc => {
            let unit = avc::access_unit(payload, header.length_size)?;
            Picture {
                payload: unit.payload,
                dependency: unit.dependency,
                parameter_sets: unit.parameter_sets,
                irap: None,
                is_rasl: false,
                recovers: unit.recovery_point == Some(0),
            }
        }
        VideoCodec::Hevc => {
            let unit = hevc::access_unit(payload, header.length_size)?;
            Picture {
                payload: unit.payload,
                dependency: unit.dependency,
                parameter_sets: unit.parameter_sets,
                irap: unit.irap,
                is_rasl: unit.leading == Some(Leading::Rasl),
                recovers: false,
            }
        }
        VideoCodec::Av1 => {
            let unit = av1::temporal_unit(payload)?;
            Picture {
                payload: unit.payload,
                dependency: unit.dependency,
                parameter_sets: unit.parameter_sets,
                irap: None,
                is_rasl: false,
                recovers: false,
            }
        }
    })
}
