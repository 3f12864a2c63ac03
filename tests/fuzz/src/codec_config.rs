//! Configuration records and parameter sets: what is believed of them, and that it is stable.

use bytes::Bytes;
use genlock_media::{AudioConfig, VideoConfig, aac, av1, avc, hevc, opus};

use crate::choices::Choices;

/// `which, record or parameter sets`.
pub(crate) fn run(input: &[u8]) {
    let mut choices = Choices::new(input);
    let which = choices.below(12);
    let bytes = Bytes::copy_from_slice(choices.rest());
    match which {
        0 => video(VideoConfig::from_avcc(&bytes).ok()),
        1 => video(VideoConfig::from_hvcc(&bytes).ok()),
        2 => video(VideoConfig::from_av1c(&bytes).ok()),
        3 => video(VideoConfig::from_avc_parameter_sets(&sets(choices)).ok()),
        4 => video(VideoConfig::from_hevc_parameter_sets(&sets(choices)).ok()),
        5 => video(VideoConfig::from_av1_parameter_sets(&sets(choices)).ok()),
        6 => audio(AudioConfig::from_asc(&bytes).ok()),
        7 => audio(AudioConfig::from_opus_head(&bytes).ok()),
        8 => drop(avc::Sps::parse(&bytes)),
        9 => drop(hevc::Sps::parse(&bytes)),
        10 => drop(av1::SequenceHeader::parse(&bytes)),
        _ => updated(choices),
    }
}

fn sets(mut choices: Choices<'_>) -> Vec<Bytes> {
    let mut sets = Vec::new();
    while !choices.is_empty() {
        sets.push(Bytes::copy_from_slice(choices.chunk()));
    }
    sets
}

fn video(config: Option<VideoConfig>) {
    let Some(config) = config else { return };
    let again = match config.codec {
        genlock_media::VideoCodec::Avc => VideoConfig::from_avcc(&config.record),
        genlock_media::VideoCodec::Hevc => VideoConfig::from_hvcc(&config.record),
        genlock_media::VideoCodec::Av1 => VideoConfig::from_av1c(&config.record),
    };
    assert_eq!(again.as_ref(), Ok(&config), "a record that was taken is taken again");
    if let Ok(Some(changed)) = config.updated_by(&config.parameter_sets) {
        assert_ne!(changed, config, "a change that is none");
    }
    drop(config.picture_format());
}

fn audio(config: Option<AudioConfig>) {
    let Some(config) = config else { return };
    assert!(config.samples_per_access_unit > 0 && config.channels > 0);
    if let Some(silence) = config.silent_access_unit() {
        assert!(config.duration_of(&silence) > 0);
    }
    if let Some(header) = aac::adts_header(&config, 300) {
        assert_eq!(header[0], 0xFF);
    }
    drop(opus::dops_from_head(&config.record));
}

/// A configuration, and parameter sets that come in band.
fn updated(mut choices: Choices<'_>) {
    let codec = choices.below(3);
    let record = Bytes::copy_from_slice(choices.chunk());
    let config = match codec {
        0 => VideoConfig::from_avcc(&record),
        1 => VideoConfig::from_hvcc(&record),
        _ => VideoConfig::from_av1c(&record),
    };
    if let Ok(config) = config
        && let Ok(Some(changed)) = config.updated_by(&sets(choices))
    {
        video(Some(changed));
    }
}
