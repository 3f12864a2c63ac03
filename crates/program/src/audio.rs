//! The audio grid: the programme's sound as one uninterrupted row of access units, whatever camera it
//! comes from. [`audio_source`](crate::audio_source) chooses that.
//!
//! Decoders and playlists want audio to step exactly one access unit for ever; cameras count their own.
//! The grid owns the output times. An access unit of the camera on air takes the grid's next place if its
//! own time is near enough:
//!
//! ```text
//!   error = its time - the grid's next place, in access units
//!   <= -0.75   it is dropped (overlap)
//!   >=  0.75   a silent access unit takes the place (gap), then it is looked at again
//!   else       it takes the place
//! ```
//!
//! At a seam, after silence, and where the camera's own count is interrupted (it has reconnected), both
//! thresholds are 0.5: it is quantised to the nearest place, an error of at most half an access unit
//! (10.7 ms at 48 kHz, 11.6 ms at 44.1 kHz). The error is taken afresh from the
//! identity map at each seam, so it never adds up. The wider thresholds later on keep a camera whose
//! clock wanders from being repaired back and forth.
//!
//! Another configuration (other rate, channels or codec) ends the grid and starts one in the new
//! timescale at the new access unit's own time, after an overlap of less than one access unit and
//! without a hole. Where the picture has a hole because nothing was on air, the grid steps over it by
//! whole access units.
//!
//! The grid decodes nothing: the silence is a constant access unit, and two cameras meet without a
//! cross-fade.

use std::sync::Arc;

use bytes::Bytes;
use genlock_media::{AudioConfig, Dependency, EventTime, MediaTime, Sample, TrackConfig};

/// The running grid.
#[derive(Debug, Default)]
pub(crate) struct AudioGrid {
    running: Option<Running>,
    /// The next access unit does not continue the last.
    seam: bool,
}

#[derive(Debug)]
struct Running {
    config: Arc<TrackConfig>,
    /// Start of the next access unit in ticks of the configuration.
    next: i64,
    /// Where the source's own next access unit starts if its count goes on.
    own_next: i64,
    /// Usual length of an access unit in ticks.
    unit: i64,
    /// `None` where the configuration has no constant silence; places then stay empty.
    silence: Option<Bytes>,
}

/// What the grid makes of the source's next access unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It takes the next place.
    Place,
    /// It starts a new grid.
    Restart,
    /// Its time has been filled already.
    Drop,
    /// The next place is silent.
    Gap,
}

impl AudioGrid {
    /// Configuration of the running grid.
    pub(crate) fn config(&self) -> Option<&Arc<TrackConfig>> {
        self.running.as_ref().map(|running| &running.config)
    }

    /// The next place.
    pub(crate) fn next_place(&self) -> Option<Place> {
        self.running.as_ref().map(Running::place)
    }

    /// The next access unit comes from another source.
    pub(crate) const fn begin_seam(&mut self) {
        self.seam = true;
    }

    /// Starts the grid in `config` at `start` if it does not run.
    pub(crate) fn start(&mut self, config: &Arc<TrackConfig>, start: MediaTime) {
        if self.running.is_none() {
            let next = start.rescale(config.timescale()).ticks;
            self.running = Running::new(Arc::clone(config), next);
        }
    }

    /// Starts the grid so that `unit` falls on a place and the first place lies at or just after
    /// `from`.
    pub(crate) fn start_with(&mut self, unit: &Sample, from: EventTime) {
        let Some(audio) = unit.config.as_audio() else {
            return;
        };
        let ahead = unit.dts.saturating_sub(from.to_media(unit.timescale()).ticks);
        let length = i64::from(audio.samples_per_access_unit.max(1));
        let lead = ahead.div_euclid(length).max(0).saturating_mul(length);
        let start = MediaTime::new(unit.dts.saturating_sub(lead), unit.timescale());
        self.start(&unit.config, start);
    }

    /// What to do with `unit`.
    pub(crate) fn fit(&self, unit: &Sample) -> Fit {
        let Some(running) = &self.running else {
            return Fit::Restart;
        };
        if running.has(&unit.config) {
            running.fit_same(unit.dts, self.seam || running.is_interrupted(unit.dts))
        } else {
            running.fit_other(unit)
        }
    }

    /// How far `unit` would be moved to the next place; zero where it starts a grid at its own time.
    pub(crate) fn shift_of(&self, unit: &Sample) -> i64 {
        let running = self.running.as_ref().filter(|running| running.has(&unit.config));
        running.map_or(0, |running| {
            let place = running.at(running.next).to_event().as_micros();
            place.saturating_sub(unit.dts_time().to_event().as_micros())
        })
    }

    /// Gives `unit` the next place, starting a new grid where the configuration is another.
    pub(crate) fn place(&mut self, unit: Sample) -> Option<Sample> {
        if !self.running.as_ref().is_some_and(|running| running.has(&unit.config)) {
            self.running = Running::new(Arc::clone(&unit.config), unit.dts);
        }
        self.seam = false;
        let running = self.running.as_mut()?;
        let length = match &*running.config {
            TrackConfig::Audio(audio) => audio.duration_of(&unit.payload),
            TrackConfig::Video(_) => return None,
        };
        running.own_next = unit.dts.saturating_add(i64::from(length));
        Some(running.emit(unit.payload, length))
    }

    /// Fills the next place with silence. `None` where there is none: the place stays empty. What
    /// follows is quantised afresh.
    pub(crate) fn fill(&mut self) -> Option<Sample> {
        self.seam = true;
        let running = self.running.as_mut()?;
        let Some(silence) = running.silence.clone() else {
            running.next = running.next.saturating_add(running.unit);
            return None;
        };
        let length = u32::try_from(running.unit).unwrap_or(0);
        Some(running.emit(silence, length))
    }

    /// Steps over whole places until the next one is the nearest to `instant`.
    pub(crate) fn skip_to(&mut self, instant: EventTime) {
        if let Some(running) = &mut self.running {
            let ticks = instant.to_media(running.config.timescale()).ticks;
            let gap = ticks.saturating_sub(running.next).saturating_add(running.unit / 2);
            let steps = gap.div_euclid(running.unit);
            if steps > 0 {
                running.next = running.next.saturating_add(steps.saturating_mul(running.unit));
                self.seam = true;
            }
        }
    }
}

/// A place of the grid on the event clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) start: EventTime,
    /// Half an access unit later: who owns this instant owns the place.
    pub(crate) middle: EventTime,
}

impl Running {
    /// `None` for a configuration that is not audio or has access units of no length.
    fn new(config: Arc<TrackConfig>, next: i64) -> Option<Self> {
        let audio: &AudioConfig = config.as_audio()?;
        let unit = i64::from(audio.samples_per_access_unit);
        let silence = audio.silent_access_unit();
        (unit > 0).then_some(Self { next, own_next: next, unit, silence, config })
    }

    /// The pointer answers nearly always.
    fn has(&self, config: &Arc<TrackConfig>) -> bool {
        Arc::ptr_eq(&self.config, config) || self.config == *config
    }

    fn at(&self, ticks: i64) -> MediaTime {
        MediaTime::new(ticks, self.config.timescale())
    }

    fn place(&self) -> Place {
        Place {
            start: self.at(self.next).to_event(),
            middle: self.at(self.next.saturating_add(self.unit / 2)).to_event(),
        }
    }

    /// A clock that wanders does so by far less than a quarter of an access unit at a time.
    fn is_interrupted(&self, dts: i64) -> bool {
        dts.saturating_sub(self.own_next).saturating_abs() > self.unit / 4
    }

    fn fit_same(&self, dts: i64, seam: bool) -> Fit {
        let error = dts.saturating_sub(self.next);
        let tolerated = if seam { self.unit / 2 } else { self.unit / 4 * 3 };
        if error < -tolerated {
            Fit::Drop
        } else if error > tolerated {
            Fit::Gap
        } else {
            Fit::Place
        }
    }

    /// An overlap of less than one access unit is what a change of configuration may cost; a hole,
    /// however small, is filled first.
    fn fit_other(&self, unit: &Sample) -> Fit {
        let end = self.at(self.next);
        let length = unit.config.as_audio().map_or(0, |audio| audio.samples_per_access_unit);
        let unit_end = MediaTime::new(unit.dts.saturating_add(i64::from(length)), unit.timescale());
        if unit_end <= end {
            Fit::Drop
        } else if unit.dts_time() > end {
            Fit::Gap
        } else {
            Fit::Restart
        }
    }

    fn emit(&mut self, payload: Bytes, length: u32) -> Sample {
        let sample = Sample {
            config: Arc::clone(&self.config),
            dts: self.next,
            composition_offset: 0,
            duration: Some(length),
            dependency: Dependency::Sync,
            payload,
        };
        self.next = self.next.saturating_add(i64::from(length));
        sample
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{audio_config, sample};

    const STEREO_48K: u16 = 0x1190;
    const STEREO_44K: u16 = 0x1210;

    fn unit(config: &Arc<TrackConfig>, dts: i64) -> Sample {
        sample(config, dts, dts)
    }

    /// A grid that has had one access unit at 0.
    fn running(config: &Arc<TrackConfig>) -> AudioGrid {
        let mut grid = AudioGrid::default();
        grid.place(unit(config, 0)).unwrap();
        grid
    }

    /// A camera whose clock wanders, one place after the other.
    #[test]
    fn errors_below_three_quarters_take_the_next_place() {
        let config = audio_config(STEREO_48K);
        for step in [-250, 250] {
            let mut grid = running(&config);
            for place in 1..=3 {
                let unit = unit(&config, place * (1024 + step));
                assert_eq!(grid.fit(&unit), Fit::Place, "{} off", place * step);
                grid.place(unit).unwrap();
            }
            let fourth = unit(&config, 4 * (1024 + step));
            let expect = if step < 0 { Fit::Drop } else { Fit::Gap };
            assert_eq!(grid.fit(&fourth), expect, "{} off", 4 * step);
        }
    }

    #[test]
    fn a_count_that_is_interrupted_is_quantised_afresh() {
        let config = audio_config(STEREO_48K);
        for (dts, expect) in [
            (1024, Fit::Place),
            (1024 - 513, Fit::Drop),
            (1024 + 512, Fit::Place),
            (1024 + 513, Fit::Gap),
        ] {
            assert_eq!(running(&config).fit(&unit(&config, dts)), expect, "at {dts}");
        }
    }

    #[test]
    fn a_seam_quantises_to_the_nearest_place() {
        let config = audio_config(STEREO_48K);
        for (dts, expect) in [
            (1024 - 512, Fit::Place),
            (1024 - 513, Fit::Drop),
            (1024 + 512, Fit::Place),
            (1024 + 513, Fit::Gap),
        ] {
            let mut grid = running(&config);
            grid.begin_seam();
            assert_eq!(grid.fit(&unit(&config, dts)), expect, "at {dts}");
        }
    }

    #[test]
    fn steps_are_exact_whatever_the_sources_times() {
        let config = audio_config(STEREO_48K);
        let mut grid = running(&config);
        let first = grid.place(unit(&config, 1_500)).unwrap();
        let second = grid.fill().unwrap();
        let third = grid.place(unit(&config, 3_000)).unwrap();
        assert_eq!([first.dts, second.dts, third.dts], [1024, 2048, 3072]);
        assert_eq!(second.payload, config.as_audio().unwrap().silent_access_unit().unwrap());
        assert!([first, second, third].iter().all(|unit| unit.duration == Some(1024)));
    }

    #[test]
    fn another_configuration_overlaps_by_less_than_one_access_unit() {
        let (old, new) = (audio_config(STEREO_48K), audio_config(STEREO_44K));
        let grid = running(&old);
        // The grid ends at 21.33 ms; an access unit at 44.1 kHz lasts 23.22 ms.
        let end = 941;
        assert_eq!(grid.fit(&unit(&new, end - 1024 - 1)), Fit::Drop);
        assert_eq!(grid.fit(&unit(&new, end - 1000)), Fit::Restart);
        assert_eq!(grid.fit(&unit(&new, end - 1)), Fit::Restart);
        assert_eq!(grid.fit(&unit(&new, end + 1)), Fit::Gap);
    }

    #[test]
    fn another_configuration_starts_at_its_own_time() {
        let (old, new) = (audio_config(STEREO_48K), audio_config(STEREO_44K));
        let mut grid = running(&old);
        let first = grid.place(unit(&new, 777)).unwrap();
        assert_eq!((first.dts, &first.config), (777, &new));
        assert_eq!(grid.fill().unwrap().dts, 777 + 1024);
    }

    #[test]
    fn equal_bytes_are_the_same_configuration() {
        let (one, other) = (audio_config(STEREO_48K), audio_config(STEREO_48K));
        let mut grid = running(&one);
        let placed = grid.place(unit(&other, 1_030)).unwrap();
        assert_eq!(placed.dts, 1024);
        assert!(Arc::ptr_eq(&placed.config, &one));
    }

    #[test]
    fn starts_on_a_place_at_or_after_the_picture() {
        let config = audio_config(STEREO_48K);
        let mut grid = AudioGrid::default();
        let late = unit(&config, 48_000 + 3 * 1024 + 100);
        grid.start_with(&late, EventTime::from_millis(1_000));
        assert_eq!(grid.fit(&late), Fit::Gap);
        assert_eq!(grid.fill().unwrap().dts, 48_100);
    }

    #[test]
    fn steps_over_a_hole_by_whole_access_units() {
        let config = audio_config(STEREO_48K);
        let mut grid = running(&config);
        grid.skip_to(EventTime::from_millis(5_000));
        let next = grid.fill().unwrap().dts;
        assert_eq!(next % 1024, 0);
        assert!((next - 240_000).abs() <= 512);
        grid.skip_to(EventTime::ZERO);
        assert_eq!(grid.fill().unwrap().dts, next + 1024, "never backwards");
    }
}
