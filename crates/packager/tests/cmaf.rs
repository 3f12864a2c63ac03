//! Init sections and fragments, read back by mp4-atom and by the mp4 crate.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::io::Cursor;
use std::sync::Arc;

use bytes::Bytes;
use genlock_media::{Dependency, TrackConfig, TrackKind, VideoConfig};
use genlock_packager::{ByteChain, MuxError, TimedSample, cmaf};
use mp4_atom::{Atom, Decode, Header, Moof, TrunEntry};
use proptest::prelude::*;
use support::{ACCESS_UNIT, COMPOSITION_OFFSET, PICTURE};

fn video_track(config: VideoConfig) -> Arc<TrackConfig> {
    Arc::new(TrackConfig::Video(config))
}

fn audio_track() -> Arc<TrackConfig> {
    Arc::new(TrackConfig::Audio(support::aac()))
}

mod init_section {
    use super::*;

    /// Lines of `type size`, indented by depth.
    fn tree(bytes: &[u8], depth: usize, out: &mut String) {
        const CONTAINERS: [&[u8; 4]; 7] =
            [b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl", b"mvex"];
        let mut rest = bytes;
        while let Some((size, kind)) = rest.first_chunk().zip(rest.get(4..8)) {
            let size = u32::from_be_bytes(*size);
            let (this, next) = rest.split_at(size as usize);
            out.push_str(&format!("{}{} {size}\n", "  ".repeat(depth), kind.escape_ascii()));
            let skip = match kind {
                kind if CONTAINERS.iter().any(|container| *container == kind) => 8,
                b"stsd" => 16,
                b"avc1" => 86,
                b"mp4a" => 36,
                _ => this.len(),
            };
            tree(&this[skip..], depth + 1, out);
            rest = next;
        }
    }

    #[test]
    fn has_the_boxes_of_cmaf_in_their_order() {
        let init = cmaf::init_section(Some(&support::avc()), Some(&support::aac())).unwrap();
        let mut found = String::new();
        tree(&init, 0, &mut found);
        insta::assert_snapshot!(found);
    }

    #[test]
    fn the_brands_are_those_of_cmaf() {
        let init = cmaf::init_section(None, Some(&support::aac())).unwrap();
        assert_eq!(&init[8..28], b"iso6\0\0\0\0iso6cmfcmp42");
    }

    #[track_caller]
    fn check_record(config: &VideoConfig, entry: &[u8; 4], kind: &[u8; 4]) {
        let init = cmaf::init_section(Some(config), None).unwrap();
        let at = init.windows(4).position(|window| window == kind).expect("the record's box");
        let size = u32::from_be_bytes(init[at - 4..at].try_into().unwrap()) as usize;
        assert_eq!(init[at + 4..at - 4 + size], config.record);
        assert!(init.windows(4).any(|window| window == entry));
    }

    #[test]
    fn decoder_configuration_records_survive_byte_for_byte() {
        check_record(&support::avc(), b"avc1", b"avcC");
        check_record(&support::hevc(), b"hvc1", b"hvcC");
        check_record(&support::av1(), b"av01", b"av1C");
    }

    #[test]
    fn equal_configurations_give_equal_bytes() {
        let write = || cmaf::init_section(Some(&support::avc()), Some(&support::aac())).unwrap();
        assert_eq!(write(), write());
    }

    #[test]
    fn mp4_atom_reads_every_codec() {
        for video in [support::avc(), support::hevc(), support::av1()] {
            for audio in [support::aac(), support::opus()] {
                let init = cmaf::init_section(Some(&video), Some(&audio)).unwrap();
                let mut rest = &init[..];
                mp4_atom::Ftyp::decode(&mut rest).unwrap();
                let moov = mp4_atom::Moov::decode(&mut rest).unwrap();
                assert!(rest.is_empty());

                let [picture, sound] = moov.trak.as_slice() else { panic!("two tracks") };
                assert_eq!(picture.mdia.mdhd.timescale, 90_000);
                assert_eq!(sound.mdia.mdhd.timescale, 48_000);
                assert!(picture.edts.is_none() && sound.edts.is_none(), "no edit list");
                let visual = picture.mdia.minf.stbl.stsd.codecs[0].visual().unwrap().clone();
                assert_eq!((visual.width, visual.height), (320, 180));
                let audio = sound.mdia.minf.stbl.stsd.codecs[0].audio().unwrap().clone();
                assert_eq!((audio.channel_count, audio.sample_rate.integer()), (2, 48_000));
                let ids: Vec<u32> =
                    moov.mvex.unwrap().trex.iter().map(|trex| trex.track_id).collect();
                assert_eq!(ids, [cmaf::VIDEO_TRACK_ID, cmaf::AUDIO_TRACK_ID]);
            }
        }
    }

    #[test]
    fn the_audio_specific_config_stands_in_the_esds() {
        let init = cmaf::init_section(None, Some(&support::aac())).unwrap();
        let moov = mp4_atom::Moov::decode(&mut &init[28..]).unwrap();
        let mp4_atom::Codec::Mp4a(entry) = &moov.trak[0].mdia.minf.stbl.stsd.codecs[0] else {
            panic!("mp4a")
        };
        let config = entry.esds.es_desc.dec_config.clone();
        assert_eq!((config.object_type_indication, config.stream_type), (0x40, 5));
        assert_eq!(config.dec_specific.unwrap().raw, support::aac().record);
    }

    #[test]
    fn nothing_to_describe_is_an_error() {
        assert_eq!(cmaf::init_section(None, None), Err(MuxError::NoTrack));
    }
}

/// The boxes of a fragment.
struct Parsed {
    moof: Moof,
    body: Bytes,
}

fn parse(fragment: &ByteChain) -> Parsed {
    let body = fragment.to_bytes();
    let mut rest = &body[..];
    let moof = Moof::decode(&mut rest).unwrap();
    let mdat = Header::decode(&mut rest).unwrap();
    assert_eq!(mdat.kind, mp4_atom::Mdat::KIND);
    assert_eq!(mdat.size, Some(rest.len()), "the mdat ends with the fragment");
    Parsed { moof, body }
}

/// A sample as a reader sees it, defaults applied.
#[derive(Debug, PartialEq)]
struct ReadSample {
    dts: u64,
    duration: u32,
    flags: u32,
    offset: i64,
    payload: Bytes,
}

impl Parsed {
    fn samples(&self, track_id: u32) -> Vec<ReadSample> {
        let Some(traf) = self.moof.traf.iter().find(|traf| traf.tfhd.track_id == track_id) else {
            return Vec::new();
        };
        assert!(traf.tfhd.default_base_is_moof && traf.tfhd.base_data_offset.is_none());
        let [run] = traf.trun.as_slice() else { panic!("one run") };
        let mut at = usize::try_from(run.data_offset.unwrap()).unwrap();
        let mut dts = traf.tfdt.as_ref().unwrap().base_media_decode_time;
        run.samples
            .iter()
            .map(|TrunEntry { duration, size, flags, cts }| {
                let duration = duration.or(traf.tfhd.default_sample_duration).unwrap();
                let end = at + size.unwrap() as usize;
                let sample = ReadSample {
                    dts,
                    duration,
                    flags: flags.or(traf.tfhd.default_sample_flags).unwrap(),
                    offset: cts.unwrap_or(0),
                    payload: self.body.slice(at..end),
                };
                at = end;
                dts += u64::from(duration);
                sample
            })
            .collect()
    }
}

const SYNC: u32 = 0x0200_0000;
const NOT_SYNC: u32 = 0x0101_0000;
const DISPOSABLE: u32 = 0x0181_0000;

const fn flags(dependency: Dependency) -> u32 {
    match dependency {
        Dependency::Sync => SYNC,
        Dependency::Reference => NOT_SYNC,
        Dependency::Disposable => DISPOSABLE,
    }
}

mod fragment {
    use super::*;

    #[test]
    fn carries_both_tracks_with_their_own_decode_times() {
        let video = support::group_of_pictures(&video_track(support::avc()), 900_000, 12);
        let audio = support::access_units(&audio_track(), 480_512, 22);
        let parsed = parse(&cmaf::fragment(7, &video, &audio).unwrap());

        assert_eq!(parsed.moof.mfhd.sequence_number, 7);
        let read = parsed.samples(cmaf::VIDEO_TRACK_ID);
        assert_eq!(read.len(), 12);
        assert_eq!(read[11].dts, 900_000 + 11 * u64::from(PICTURE));
        assert!(read.iter().all(|sample| sample.offset == i64::from(COMPOSITION_OFFSET)));
        assert_eq!((read[0].flags, read[1].flags), (SYNC, NOT_SYNC));
        let read = parsed.samples(cmaf::AUDIO_TRACK_ID);
        assert_eq!(read.len(), 22);
        assert_eq!(read[21].dts, 480_512 + 21 * u64::from(ACCESS_UNIT));
        assert!(read.iter().all(|sample| sample.flags == SYNC && sample.payload.len() == 340));
    }

    #[test]
    fn says_common_values_once() {
        let video = support::group_of_pictures(&video_track(support::avc()), 0, 4);
        let audio = support::access_units(&audio_track(), 0, 4);
        let parsed = parse(&cmaf::fragment(1, &video, &audio).unwrap());
        for (traf, duration) in parsed.moof.traf.iter().zip([PICTURE, ACCESS_UNIT]) {
            assert_eq!(traf.tfhd.default_sample_duration, Some(duration));
            let entries: Vec<TrunEntry> = traf.trun[0].samples.iter().collect();
            assert!(entries.iter().all(|entry| entry.duration.is_none()));
            assert!(entries[1..].iter().all(|entry| entry.flags.is_none()));
        }
        assert!(parsed.moof.traf[1].trun[0].samples.iter().all(|entry| entry.cts.is_none()));
    }

    #[test]
    fn a_track_without_samples_has_no_traf() {
        let audio = support::access_units(&audio_track(), 0, 4);
        let parsed = parse(&cmaf::fragment(1, &[], &audio).unwrap());
        assert_eq!(parsed.moof.traf.len(), 1);
        assert_eq!(parsed.samples(cmaf::AUDIO_TRACK_ID).len(), 4);
        assert_eq!(cmaf::fragment(1, &[], &[]).err(), Some(MuxError::NoTrack));
    }

    #[track_caller]
    fn check_in_band(config: &VideoConfig, length_bytes: usize) {
        let video = support::group_of_pictures(&video_track(config.clone()), 0, 2);
        let read = parse(&cmaf::fragment(1, &video, &[]).unwrap()).samples(cmaf::VIDEO_TRACK_ID);
        let mut rest = read[0].payload.clone();
        for set in &config.parameter_sets {
            let length = rest.split_to(length_bytes);
            if length_bytes == 4 {
                assert_eq!(u32::from_be_bytes(length[..].try_into().unwrap()) as usize, set.len());
            }
            assert_eq!(rest.split_to(set.len()), set);
        }
        assert_eq!(rest, video[0].sample.payload);
        assert_eq!(read[1].payload, video[1].sample.payload, "none before other samples");
    }

    #[test]
    fn parameter_sets_precede_every_sync_sample() {
        check_in_band(&support::avc(), 4);
        check_in_band(&support::hevc(), 4);
        check_in_band(&support::av1(), 0);
    }

    #[test]
    fn a_sequence_header_that_is_there_is_not_repeated() {
        let mut video = support::group_of_pictures(&video_track(support::av1()), 0, 1);
        let unit = [&support::av1().parameter_sets[0][..], &[0x32, 0x01, 0x10]].concat();
        video[0].sample.payload = unit.into();
        let read = parse(&cmaf::fragment(1, &video, &[]).unwrap()).samples(cmaf::VIDEO_TRACK_ID);
        assert_eq!(read[0].payload, video[0].sample.payload);
    }

    #[test]
    fn a_large_payload_is_referred_to_and_a_small_one_copied() {
        let config = video_track(support::avc());
        let sizes = [cmaf::COALESCE_BELOW, cmaf::COALESCE_BELOW - 1];
        let video =
            sizes.map(|bytes| support::video(&config, 0, PICTURE, Dependency::Reference, bytes));
        let chain = cmaf::fragment(1, &video, &[]).unwrap();
        let [large, small] = &video;
        let refers_to = |sample: &TimedSample| {
            chain.iter().any(|slice| slice.as_ptr() == sample.sample.payload.as_ptr())
        };
        assert!(refers_to(large));
        assert!(!refers_to(small));
        assert_eq!(chain.iter().count(), 3, "head, large payload, rest");
    }

    #[test]
    fn what_no_container_can_say_is_an_error() {
        let (picture, sound) = (video_track(support::avc()), audio_track());
        let early = support::group_of_pictures(&picture, -1, 1);
        assert_eq!(
            cmaf::fragment(1, &early, &[]).err(),
            Some(MuxError::BeforeZero { track: TrackKind::Video, dts: -1 })
        );
        let units = support::access_units(&sound, 0, 1);
        assert_eq!(
            cmaf::fragment(1, &units, &[]).err(),
            Some(MuxError::WrongTrack { expected: TrackKind::Video })
        );
    }
}

mod mp4_crate {
    use super::*;

    #[test]
    fn reads_tracks_and_fragments() {
        let (picture, sound) = (support::avc(), support::aac());
        let mut file = ByteChain::from(cmaf::init_section(Some(&picture), Some(&sound)).unwrap());
        for index in 0..3_u32 {
            let video = support::group_of_pictures(
                &video_track(picture.clone()),
                i64::from(index * 25 * PICTURE),
                25,
            );
            let audio =
                support::access_units(&audio_track(), i64::from(index * 47 * ACCESS_UNIT), 47);
            file.extend(&cmaf::fragment(index + 1, &video, &audio).unwrap());
        }
        let bytes = file.to_bytes();
        let size = bytes.len() as u64;
        let reader = mp4::Mp4Reader::read_header(Cursor::new(bytes), size).unwrap();

        let video = &reader.tracks()[&cmaf::VIDEO_TRACK_ID];
        assert_eq!(video.media_type().unwrap(), mp4::MediaType::H264);
        assert_eq!((video.width(), video.height(), video.timescale()), (320, 180, 90_000));
        assert_eq!(video.sequence_parameter_set().unwrap(), picture.parameter_sets[0]);
        assert_eq!(video.picture_parameter_set().unwrap(), picture.parameter_sets[1]);
        assert_eq!(video.sample_count(), 75);
        let audio = &reader.tracks()[&cmaf::AUDIO_TRACK_ID];
        assert_eq!(audio.media_type().unwrap(), mp4::MediaType::AAC);
        assert_eq!(audio.sample_freq_index().unwrap(), mp4::SampleFreqIndex::Freq48000);
        assert_eq!(audio.channel_config().unwrap(), mp4::ChannelConfig::Stereo);
        assert_eq!(audio.sample_count(), 141);
        let decode_times: Vec<u64> = reader
            .moofs
            .iter()
            .map(|moof| moof.trafs[0].tfdt.as_ref().unwrap().base_media_decode_time)
            .collect();
        assert_eq!(decode_times, [0, 90_000, 180_000]);
    }
}

fn dependencies() -> impl Strategy<Value = Dependency> {
    prop_oneof![Just(Dependency::Sync), Just(Dependency::Reference), Just(Dependency::Disposable),]
}

prop_compose! {
    /// Samples that follow each other, with any duration, offset, place in the group and size.
    fn any_run(config: Arc<TrackConfig>)(
        start in 0..1_i64 << 40,
        shapes in prop::collection::vec(
            (1..20_000_u32, -9_000..20_000_i32, dependencies(), 6..4_000_usize),
            0..30,
        ),
    ) -> Vec<TimedSample> {
        let mut dts = start;
        shapes
            .into_iter()
            .map(|(duration, offset, dependency, bytes)| {
                let mut timed = support::video(&config, dts, duration, dependency, bytes);
                timed.sample.composition_offset = offset;
                dts += i64::from(duration);
                timed
            })
            .collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_sample_is_read_back_as_it_was(
        video in any_run(video_track(support::avc())),
        audio_sizes in prop::collection::vec(1..3_000_usize, 0..20),
        audio_start in 0..1_i64 << 40,
    ) {
        let config = audio_track();
        let audio: Vec<TimedSample> = (audio_start..)
            .step_by(ACCESS_UNIT as usize)
            .zip(audio_sizes)
            .map(|(dts, bytes)| support::audio(&config, dts, ACCESS_UNIT, bytes))
            .collect();
        prop_assume!(!video.is_empty() || !audio.is_empty());
        let parsed = parse(&cmaf::fragment(1, &video, &audio).unwrap());
        for (track_id, written) in [(cmaf::VIDEO_TRACK_ID, &video), (cmaf::AUDIO_TRACK_ID, &audio)] {
            let read = parsed.samples(track_id);
            prop_assert_eq!(read.len(), written.len());
            for (read, TimedSample { sample, duration }) in read.iter().zip(written) {
                prop_assert_eq!(i64::try_from(read.dts).unwrap(), sample.dts);
                prop_assert_eq!(read.duration, *duration);
                prop_assert_eq!(read.offset, i64::from(sample.composition_offset));
                prop_assert_eq!(read.flags, flags(sample.dependency));
                prop_assert!(read.payload.ends_with(&sample.payload));
                let in_band = read.payload.len() - sample.payload.len();
                let sync = track_id == cmaf::VIDEO_TRACK_ID && sample.dependency == Dependency::Sync;
                prop_assert_eq!(in_band > 0, sync);
            }
        }
    }
}
