//! What a video configuration says about its pictures, in the words of encoders' settings.
//!
//! Read from the parameter sets; nothing is decoded. Profiles by ISO/IEC 14496-10 annex A, ISO/IEC
//! 23008-2 annex A and AV1 annex A.

use std::fmt;

use crate::config::{VideoCodec, VideoConfig};
use crate::{av1, avc, hevc};

/// The kind of pictures in a video track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureFormat {
    /// Name of the profile, for example `High`; its number where it has no common name.
    pub profile: String,
    /// The level, for example `4.1`.
    pub level: String,
    /// How much colour there is.
    pub chroma: Chroma,
    /// Bits of a luma sample.
    pub bit_depth: u8,
    /// There may be fields.
    pub interlaced: bool,
}

/// Chroma samples for each luma sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Chroma {
    /// No colour.
    Monochrome,
    /// Half in both directions: what every decoder takes.
    Half,
    /// Half in each row, as production equipment sends it.
    HalfRows,
    /// As many as luma samples.
    Full,
}

impl fmt::Display for Chroma {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Monochrome => "4:0:0",
            Self::Half => "4:2:0",
            Self::HalfRows => "4:2:2",
            Self::Full => "4:4:4",
        })
    }
}

impl fmt::Display for PictureFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} bit", self.chroma, self.bit_depth)
    }
}

impl VideoConfig {
    /// What the first parameter set of the sequence says of the pictures; `None` if there is none that
    /// can be read.
    #[must_use]
    pub fn picture_format(&self) -> Option<PictureFormat> {
        match self.codec {
            VideoCodec::Avc => self.first_set(avc::Sps::parse).map(|sps| avc_format(&sps)),
            VideoCodec::Hevc => self.first_set(hevc::Sps::parse).map(|sps| hevc_format(&sps)),
            VideoCodec::Av1 => av1::newest_sequence_header(&self.parameter_sets)
                .ok()
                .map(|header| av1_format(&header)),
        }
    }

    fn first_set<S, E>(&self, parse: impl Fn(&[u8]) -> Result<S, E>) -> Option<S> {
        self.parameter_sets.iter().find_map(|set| parse(set).ok())
    }
}

fn avc_format(sps: &avc::Sps) -> PictureFormat {
    let constrained = sps.constraint_flags & 0x40 != 0;
    let profile = match sps.profile_idc {
        66 if constrained => "Constrained Baseline".to_owned(),
        66 => "Baseline".to_owned(),
        77 => "Main".to_owned(),
        88 => "Extended".to_owned(),
        100 => "High".to_owned(),
        110 => "High 10".to_owned(),
        122 => "High 4:2:2".to_owned(),
        244 => "High 4:4:4 Predictive".to_owned(),
        other => other.to_string(),
    };
    PictureFormat {
        profile,
        level: format!("{}.{}", sps.level_idc / 10, sps.level_idc % 10),
        chroma: chroma(sps.chroma_format_idc),
        bit_depth: sps.bit_depth_luma,
        interlaced: !sps.frame_mbs_only,
    }
}

fn hevc_format(sps: &hevc::Sps) -> PictureFormat {
    let profile = match sps.profile.profile_idc {
        1 => "Main".to_owned(),
        2 => "Main 10".to_owned(),
        4 => "Range Extensions".to_owned(),
        other => other.to_string(),
    };
    // general_progressive_source_flag, then general_interlaced_source_flag.
    let [source, ..] = sps.profile.constraints;
    PictureFormat {
        profile,
        level: format!("{}.{}", sps.profile.level_idc / 30, sps.profile.level_idc % 30 / 3),
        chroma: chroma(sps.chroma_format_idc),
        bit_depth: sps.bit_depth_luma,
        interlaced: source & 0xc0 == 0x40,
    }
}

fn av1_format(header: &av1::SequenceHeader) -> PictureFormat {
    let profile = match header.profile {
        0 => "Main".to_owned(),
        1 => "High".to_owned(),
        2 => "Professional".to_owned(),
        other => other.to_string(),
    };
    let chroma = match (header.color.monochrome, header.color.subsampling_x) {
        (true, _) => Chroma::Monochrome,
        (false, false) => Chroma::Full,
        (false, true) if header.color.subsampling_y => Chroma::Half,
        (false, true) => Chroma::HalfRows,
    };
    PictureFormat {
        profile,
        level: format!("{}.{}", 2 + header.level_idx / 4, header.level_idx % 4),
        chroma,
        bit_depth: header.color.bit_depth,
        interlaced: false,
    }
}

const fn chroma(format_idc: u8) -> Chroma {
    match format_idc {
        0 => Chroma::Monochrome,
        1 => Chroma::Half,
        2 => Chroma::HalfRows,
        _ => Chroma::Full,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{
        AOM_AV1_10, SVT_AV1, X264_BASELINE, X264_HIGH, X264_INTERLACED_HRD, X265_MAIN,
        X265_MAIN_10, hex,
    };

    #[track_caller]
    fn check(config: VideoConfig, expect: &str) {
        let format = config.picture_format().unwrap();
        let scan = if format.interlaced { "interlaced" } else { "progressive" };
        assert_eq!(format!("{} {} {format} {scan}", format.profile, format.level), expect);
    }

    #[test]
    fn formats_of_real_encoders() {
        let avc = |record| VideoConfig::from_avcc(&hex(record)).unwrap();
        check(avc(X264_BASELINE), "Constrained Baseline 3.0 4:2:0 8 bit progressive");
        check(avc(X264_HIGH), "High 4.0 4:2:0 8 bit progressive");
        check(avc(X264_INTERLACED_HRD), "High 4:2:2 3.0 4:2:2 8 bit interlaced");
        let hevc = |record| VideoConfig::from_hvcc(&hex(record)).unwrap();
        check(hevc(X265_MAIN), "Main 2.1 4:2:0 8 bit progressive");
        check(hevc(X265_MAIN_10), "Main 10 4.1 4:2:0 10 bit progressive");
        let av1 = |record| VideoConfig::from_av1c(&hex(record)).unwrap();
        check(av1(SVT_AV1), "Main 2.1 4:2:0 8 bit progressive");
        check(av1(AOM_AV1_10), "Main 2.0 4:2:0 10 bit progressive");
    }

    #[test]
    fn without_a_readable_parameter_set_nothing_is_said() {
        let mut config = VideoConfig::from_avcc(&hex(X264_HIGH)).unwrap();
        config.parameter_sets.clear();
        assert_eq!(config.picture_format(), None);
    }
}
