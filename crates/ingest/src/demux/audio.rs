//! The audio track: AAC (FLV 10.1 §E.4.2.2) and Opus (E-RTMP v2, "ExAudioTagBody").

use std::sync::Arc;

use bytes::Bytes;
use genlock_media::{AudioCodec, AudioConfig, Dependency, EventTime, TrackConfig, TrackKind};
use genlock_rtmp::flv::{AudioCodecId, AudioPacket, AudioTag, FourCc};

use super::{ChangeBudget, Notice, Notices, TagError, codec_name};
use crate::unit::Unit;

/// State of the audio track.
#[derive(Debug, Default)]
pub(super) struct AudioTrack {
    /// The newest sequence header as sent, to know it again.
    header: Option<(AudioCodec, Bytes)>,
    config: Option<Arc<TrackConfig>>,
    unsupported: Option<String>,
    changes: ChangeBudget,
    dropped: u64,
}

impl AudioTrack {
    /// Reads a tag. Every access unit of audio is a sync sample, so a new configuration holds at once.
    pub(super) fn tag(
        &mut self,
        now: EventTime,
        timestamp: u32,
        tag: AudioTag,
        notices: &mut Notices,
    ) -> Result<Option<Unit>, TagError> {
        let codec = match tag.codec {
            AudioCodecId::Aac | AudioCodecId::FourCc(FourCc::AAC) => AudioCodec::Aac,
            AudioCodecId::FourCc(FourCc::OPUS) => AudioCodec::Opus,
            other => {
                self.ignore(codec_name::audio(other), notices);
                return Ok(None);
            }
        };
        if tag.body.is_empty() {
            return Ok(None);
        }
        match tag.packet {
            AudioPacket::SequenceStart => {
                self.sequence_header(now, codec, tag.body, notices)?;
                Ok(None)
            }
            AudioPacket::CodedFrames => Ok(self.access_unit(timestamp, codec, tag.body, notices)),
            AudioPacket::SequenceEnd | AudioPacket::MultichannelConfig | AudioPacket::Other(_) => {
                Ok(None)
            }
        }
    }

    /// Name of the codec, if the track is ignored because of it.
    pub(super) fn unsupported(&self) -> Option<&str> {
        self.unsupported.as_deref()
    }

    pub(super) const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// What cannot be used is told once. It is not counted with what is lost.
    fn ignore(&mut self, codec: String, notices: &mut Notices) {
        if self.unsupported.as_ref() != Some(&codec) {
            let notice = Notice::Unsupported { track: TrackKind::Audio, codec: codec.clone() };
            notices.once(notice);
            self.unsupported = Some(codec);
        }
    }

    fn sequence_header(
        &mut self,
        now: EventTime,
        codec: AudioCodec,
        header: Bytes,
        notices: &mut Notices,
    ) -> Result<(), TagError> {
        if self.header.as_ref().is_some_and(|known| *known == (codec, header.clone())) {
            return Ok(());
        }
        let read = match codec {
            AudioCodec::Aac => AudioConfig::from_asc(&header),
            AudioCodec::Opus => AudioConfig::from_opus_head(&header),
        };
        self.header = Some((codec, header));
        let config = match read {
            Ok(config) => TrackConfig::Audio(config),
            Err(error) => {
                notices.once(Notice::BadAudioHeader(error.to_string()));
                self.unsupported = Some(error.to_string());
                self.config = None;
                return Ok(());
            }
        };
        self.unsupported = None;
        match &self.config {
            Some(known) if **known == config => return Ok(()),
            Some(_) => {
                self.changes.spend(now)?;
                notices.say(Notice::Reconfigured(TrackKind::Audio));
            }
            None => {}
        }
        self.config = Some(Arc::new(config));
        Ok(())
    }

    fn access_unit(
        &mut self,
        timestamp: u32,
        codec: AudioCodec,
        payload: Bytes,
        notices: &mut Notices,
    ) -> Option<Unit> {
        let config = self
            .config
            .as_ref()
            .filter(|config| config.as_audio().is_some_and(|audio| audio.codec == codec));
        let Some(config) = config else {
            if self.unsupported.is_none() {
                self.dropped += 1;
                notices.once(Notice::HeaderMissing(TrackKind::Audio));
            }
            return None;
        };
        Some(Unit {
            config: Arc::clone(config),
            timestamp,
            composition_micros: 0,
            dependency: Dependency::Sync,
            payload,
        })
    }
}
