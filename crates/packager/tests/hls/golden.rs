//! Whole playlists, to be read as a reviewer reads a diff.

use std::time::Duration;

use genlock_media::EventTime;
use genlock_packager::{Dialect, Encoding, Flavour, Skip};

use crate::camera::{Camera, config, play, play_on, seconds, wait};

#[test]
fn low_latency_with_parts() {
    let (_, viewer) = play(config(), &Camera::plain().samples(Duration::ZERO, seconds(18.8)));
    insta::assert_snapshot!(viewer.text(Flavour::Cmaf, Skip::No), @r#"
    #EXTM3U
    #EXT-X-VERSION:9
    #EXT-X-TARGETDURATION:4
    #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.500000,CAN-SKIP-UNTIL=24.000000
    #EXT-X-PART-INF:PART-TARGET=0.500000
    #EXT-X-MEDIA-SEQUENCE:101
    #EXT-X-DISCONTINUITY-SEQUENCE:0
    #EXT-X-INDEPENDENT-SEGMENTS
    #EXT-X-MAP:URI="t-i0.mp4"
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:22.100Z
    #EXTINF:2.000000,
    t-s101.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:24.100Z
    #EXTINF:2.000000,
    t-s102.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:26.100Z
    #EXTINF:2.000000,
    t-s103.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:28.100Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p16.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.500000,URI="t-p17.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p18.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p19.m4s"
    #EXTINF:2.000000,
    t-s104.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:30.100Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p20.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.500000,URI="t-p21.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p22.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p23.m4s"
    #EXTINF:2.000000,
    t-s105.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:32.100Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p24.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.500000,URI="t-p25.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p26.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p27.m4s"
    #EXTINF:2.000000,
    t-s106.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:34.100Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p28.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.500000,URI="t-p29.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p30.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p31.m4s"
    #EXTINF:2.000000,
    t-s107.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:36.100Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p32.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.500000,URI="t-p33.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p34.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p35.m4s"
    #EXTINF:2.000000,
    t-s108.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:38.100Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p36.m4s",INDEPENDENT=YES
    #EXT-X-PRELOAD-HINT:TYPE=PART,URI="t-p37.m4s"
    "#);
}

#[test]
fn delta_update() {
    let mut config = config();
    config.window = Duration::from_secs(32);
    let (_, viewer) = play(config, &Camera::plain().samples(Duration::ZERO, seconds(31.0)));
    insta::assert_snapshot!(viewer.text(Flavour::Cmaf, Skip::Yes), @r#"
    #EXTM3U
    #EXT-X-VERSION:9
    #EXT-X-TARGETDURATION:4
    #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.500000,CAN-SKIP-UNTIL=24.000000
    #EXT-X-PART-INF:PART-TARGET=0.500000
    #EXT-X-MEDIA-SEQUENCE:100
    #EXT-X-DISCONTINUITY-SEQUENCE:0
    #EXT-X-INDEPENDENT-SEGMENTS
    #EXT-X-SKIP:SKIPPED-SEGMENTS=3
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:26.100Z
    #EXTINF:2.000000,
    t-s103.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:28.100Z
    #EXTINF:2.000000,
    t-s104.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:30.100Z
    #EXTINF:2.000000,
    t-s105.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:32.100Z
    #EXTINF:2.000000,
    t-s106.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:34.100Z
    #EXTINF:2.000000,
    t-s107.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:36.100Z
    #EXTINF:2.000000,
    t-s108.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:38.100Z
    #EXTINF:2.000000,
    t-s109.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:40.100Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p40.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.500000,URI="t-p41.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p42.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p43.m4s"
    #EXTINF:2.000000,
    t-s110.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:42.100Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p44.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.500000,URI="t-p45.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p46.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p47.m4s"
    #EXTINF:2.000000,
    t-s111.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:44.100Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p48.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.500000,URI="t-p49.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p50.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p51.m4s"
    #EXTINF:2.000000,
    t-s112.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:46.100Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p52.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.500000,URI="t-p53.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p54.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p55.m4s"
    #EXTINF:2.000000,
    t-s113.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:48.100Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p56.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.500000,URI="t-p57.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p58.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p59.m4s"
    #EXTINF:2.000000,
    t-s114.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:50.100Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p60.m4s",INDEPENDENT=YES
    #EXT-X-PRELOAD-HINT:TYPE=PART,URI="t-p61.m4s"
    "#);
}

#[test]
fn discontinuity_between_unlike_cameras() {
    let mut arrivals = Camera::plain().samples(Duration::ZERO, seconds(4.7));
    arrivals.extend(Camera::unlike().samples(seconds(4.7), seconds(7.0)));
    let (_, viewer) = play(config(), &arrivals);
    insta::assert_snapshot!(viewer.text(Flavour::Cmaf, Skip::No), @r#"
    #EXTM3U
    #EXT-X-VERSION:9
    #EXT-X-TARGETDURATION:4
    #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.500000,CAN-SKIP-UNTIL=24.000000
    #EXT-X-PART-INF:PART-TARGET=0.500000
    #EXT-X-MEDIA-SEQUENCE:100
    #EXT-X-DISCONTINUITY-SEQUENCE:0
    #EXT-X-INDEPENDENT-SEGMENTS
    #EXT-X-MAP:URI="t-i0.mp4"
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.100Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p0.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.500000,URI="t-p1.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p2.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p3.m4s"
    #EXTINF:2.000000,
    t-s100.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:22.100Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p4.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.500000,URI="t-p5.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p6.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p7.m4s"
    #EXTINF:2.000000,
    t-s101.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:24.100Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p8.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.200000,URI="t-p9.m4s"
    #EXTINF:0.700000,
    t-s102.m4s
    #EXT-X-DISCONTINUITY
    #EXT-X-MAP:URI="t-i1.mp4"
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:24.800Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p10.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.500000,URI="t-p11.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p12.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p13.m4s"
    #EXTINF:2.000000,
    t-s103.m4s
    #EXT-X-PRELOAD-HINT:TYPE=PART,URI="t-p14.m4s"
    "#);
}

#[test]
fn a_coming_discontinuity_is_told_before_its_first_part() {
    let mut arrivals = Camera::plain().samples(Duration::ZERO, seconds(4.7));
    arrivals.extend(Camera::unlike().samples(seconds(4.7), seconds(4.9)));
    let (_, viewer) = play(config(), &arrivals);
    insta::assert_snapshot!(viewer.text(Flavour::Cmaf, Skip::No), @r#"
    #EXTM3U
    #EXT-X-VERSION:9
    #EXT-X-TARGETDURATION:4
    #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.500000,CAN-SKIP-UNTIL=24.000000
    #EXT-X-PART-INF:PART-TARGET=0.500000
    #EXT-X-MEDIA-SEQUENCE:100
    #EXT-X-DISCONTINUITY-SEQUENCE:0
    #EXT-X-INDEPENDENT-SEGMENTS
    #EXT-X-MAP:URI="t-i0.mp4"
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.100Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p0.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.500000,URI="t-p1.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p2.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p3.m4s"
    #EXTINF:2.000000,
    t-s100.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:22.100Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p4.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.500000,URI="t-p5.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p6.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p7.m4s"
    #EXTINF:2.000000,
    t-s101.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:24.100Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p8.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.200000,URI="t-p9.m4s"
    #EXTINF:0.700000,
    t-s102.m4s
    #EXT-X-DISCONTINUITY
    #EXT-X-MAP:URI="t-i1.mp4"
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:24.800Z
    #EXT-X-PRELOAD-HINT:TYPE=PART,URI="t-p10.m4s"
    "#);
}

#[test]
fn gap_and_resumption() {
    let camera = Camera::plain();
    let (mut packager, mut viewer) = play(config(), &camera.samples(Duration::ZERO, seconds(3.2)));
    wait(&mut packager, &mut viewer, EventTime::from_millis(7_000));
    play_on(&mut packager, &mut viewer, &camera.samples(seconds(7.0), seconds(8.0)));
    insta::assert_snapshot!(viewer.text(Flavour::Cmaf, Skip::No), @r#"
    #EXTM3U
    #EXT-X-VERSION:9
    #EXT-X-TARGETDURATION:4
    #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.500000,CAN-SKIP-UNTIL=24.000000
    #EXT-X-PART-INF:PART-TARGET=0.500000
    #EXT-X-MEDIA-SEQUENCE:100
    #EXT-X-DISCONTINUITY-SEQUENCE:0
    #EXT-X-INDEPENDENT-SEGMENTS
    #EXT-X-MAP:URI="t-i0.mp4"
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.100Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p0.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.500000,URI="t-p1.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p2.m4s"
    #EXT-X-PART:DURATION=0.500000,URI="t-p3.m4s"
    #EXTINF:2.000000,
    t-s100.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:22.100Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p4.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.500000,URI="t-p5.m4s"
    #EXT-X-PART:DURATION=0.200000,URI="t-p6.m4s"
    #EXTINF:1.200000,
    t-s101.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:23.300Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p7.m4s",GAP=YES
    #EXT-X-GAP
    #EXT-X-PART:DURATION=0.500000,URI="t-p8.m4s",GAP=YES
    #EXT-X-PART:DURATION=0.500000,URI="t-p9.m4s",GAP=YES
    #EXT-X-PART:DURATION=0.500000,URI="t-p10.m4s",GAP=YES
    #EXTINF:2.000000,
    t-s102.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:25.300Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p11.m4s",GAP=YES
    #EXT-X-GAP
    #EXT-X-PART:DURATION=0.500000,URI="t-p12.m4s",GAP=YES
    #EXT-X-PART:DURATION=0.500000,URI="t-p13.m4s",GAP=YES
    #EXT-X-PART:DURATION=0.300000,URI="t-p14.m4s",GAP=YES
    #EXTINF:1.800000,
    t-s103.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:27.100Z
    #EXT-X-PART:DURATION=0.500000,URI="t-p15.m4s",INDEPENDENT=YES
    #EXT-X-PRELOAD-HINT:TYPE=PART,URI="t-p16.m4s"
    "#);
}

#[test]
fn mpeg_ts() {
    let mut arrivals = Camera::plain().samples(Duration::ZERO, seconds(4.7));
    arrivals.extend(Camera::unlike().samples(seconds(4.7), seconds(10.0)));
    let (mut packager, mut viewer) = play(config(), &arrivals);
    packager.enable_ts();
    viewer.look(EventTime::from_millis(10_000), &packager);
    insta::assert_snapshot!(viewer.text(Flavour::Ts, Skip::No), @r#"
    #EXTM3U
    #EXT-X-VERSION:3
    #EXT-X-TARGETDURATION:4
    #EXT-X-MEDIA-SEQUENCE:100
    #EXT-X-DISCONTINUITY-SEQUENCE:0
    #EXT-X-INDEPENDENT-SEGMENTS
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.100Z
    #EXTINF:2.000000,
    t-s100.ts
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:22.100Z
    #EXTINF:2.000000,
    t-s101.ts
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:24.100Z
    #EXTINF:0.700000,
    t-s102.ts
    #EXT-X-DISCONTINUITY
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:24.800Z
    #EXTINF:2.000000,
    t-s103.ts
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:26.800Z
    #EXTINF:2.000000,
    t-s104.ts
    "#);
}

#[test]
fn end_of_the_feed() {
    let camera = Camera::plain();
    let (mut packager, mut viewer) = play(config(), &camera.samples(Duration::ZERO, seconds(3.2)));
    packager.end(EventTime::from_millis(3_300));
    viewer.look(EventTime::from_millis(3_300), &packager);
    insta::assert_snapshot!(viewer.text(Flavour::Cmaf, Skip::No), @r#"
    #EXTM3U
    #EXT-X-VERSION:9
    #EXT-X-TARGETDURATION:4
    #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.500000,CAN-SKIP-UNTIL=24.000000
    #EXT-X-PART-INF:PART-TARGET=0.500000
    #EXT-X-MEDIA-SEQUENCE:100
    #EXT-X-DISCONTINUITY-SEQUENCE:0
    #EXT-X-INDEPENDENT-SEGMENTS
    #EXT-X-MAP:URI="t-i0.mp4"
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.100Z
    #EXTINF:2.000000,
    t-s100.m4s
    #EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:22.100Z
    #EXTINF:1.200000,
    t-s101.m4s
    #EXT-X-ENDLIST
    "#);
}

#[test]
fn multivariant() {
    let mut arrivals = Camera::plain().samples(Duration::ZERO, seconds(4.7));
    arrivals.extend(Camera::unlike().samples(seconds(4.7), seconds(10.0)));
    let (mut packager, mut viewer) = play(config(), &arrivals);
    packager.enable_ts();
    viewer.look(EventTime::from_millis(10_000), &packager);
    let text = |flavour| {
        let text =
            viewer.snapshot().multivariant(flavour, Dialect::Strict, Encoding::Identity).unwrap();
        String::from_utf8(text.to_vec()).unwrap()
    };
    insta::assert_snapshot!(text(Flavour::Cmaf), @r#"
    #EXTM3U
    #EXT-X-INDEPENDENT-SEGMENTS
    #EXT-X-STREAM-INF:BANDWIDTH=97831,AVERAGE-BANDWIDTH=78681,CODECS="avc1.64000c,avc1.64000d,mp4a.40.2",RESOLUTION=320x180,FRAME-RATE=30.000
    media.m3u8
    "#);
    insta::assert_snapshot!(text(Flavour::Ts), @r#"
    #EXTM3U
    #EXT-X-INDEPENDENT-SEGMENTS
    #EXT-X-STREAM-INF:BANDWIDTH=141791,AVERAGE-BANDWIDTH=117708,CODECS="avc1.64000c,avc1.64000d,mp4a.40.2",RESOLUTION=320x180,FRAME-RATE=30.000
    ts-media.m3u8
    "#);
}
