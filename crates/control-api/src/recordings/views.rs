//! Recordings as JSON.

use std::io;

use genlock_archive::{Archive, Stored};
use genlock_recorder::index::GapReason;
use genlock_recorder::shell::{Deleted, media_name};
use genlock_recorder::timeline::{Hole, Timeline};
use genlock_recorder::{Recorder, Recording, Source, State, Status};
use genlock_store::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::addresses::Links;
use crate::limits::RECORDING_GAPS_MAX;
use crate::query::Cursor;
use crate::time::{rfc3339, rfc3339_option};

/// A page of the recordings of an event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecordingList {
    /// Oldest first.
    pub(super) items: Vec<RecordingView>,
    /// What `after` must be to get the next page, `null` if this is the last.
    #[schema(example = "1764104406.program")]
    pub(super) next_after: Option<String>,
    /// What becomes of the cameras and the programme now, as far as they are to be recorded.
    pub(super) sources: Vec<SourceView>,
}

/// A camera or the programme, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RecordingSource)]
pub(crate) struct SourceView {
    /// The camera's id, or `program`.
    #[schema(example = "program")]
    source: String,
    /// What becomes of it.
    state: SourceState,
    /// The recording that is open.
    #[schema(example = "1764104406-program")]
    recording_id: Option<String>,
    /// Samples lost since the server started.
    lost_samples: u64,
    /// Why writing fails, while it does.
    error: Option<String>,
}

/// What becomes of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RecordingSourceState)]
enum SourceState {
    /// It is not to be recorded any more. In updates only.
    Off,
    /// Ready, and nobody publishes.
    Waiting,
    /// What comes is written.
    Recording,
    /// The disk is too full; goes on when there is room.
    DiskLow,
    /// The quota of the event, or of all, is used up.
    QuotaReached,
    /// Writing fails, and is tried again.
    Failed,
}

/// A recording of a camera or of the programme.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Recording)]
pub(crate) struct RecordingView {
    /// Identity within the event.
    #[schema(example = "1764104406-program")]
    id: String,
    /// The camera's id, `program`, or `recut` for what was cut again.
    #[schema(example = "program")]
    source: String,
    /// What a re-cut is called.
    #[schema(example = "Highlights")]
    title: Option<String>,
    /// Whether something may be added.
    status: RecordingStatus,
    /// When its first picture was shown.
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    began_at: Option<Timestamp>,
    /// Until when its pictures are shown so far.
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// From its first picture to the end of its last, gaps included, in milliseconds.
    #[schema(example = 5_400_000)]
    duration_ms: u64,
    /// Bytes of its media files.
    #[schema(example = 4_050_000_000_u64)]
    bytes: u64,
    /// Gaps and seams between sessions.
    #[schema(example = 0)]
    gap_count: usize,
    /// Where it is.
    stored: StoredView,
    /// Why the object store does not take it, while it does not; it is tried again for ever.
    store_error: Option<String>,
    /// HLS: `EVENT` while something may be added, `VOD` after.
    playlist_url: String,
    /// A progressive MP4 of what there is.
    download_url: String,
    /// A picture of it.
    thumbnail_url: String,
}

/// Where a recording is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RecordingStored)]
enum StoredView {
    /// On the server's disk alone.
    Local,
    /// On the disk; some of it is in the object store, or on its way there.
    Uploading,
    /// On the disk and in the object store.
    Both,
    /// In the object store, from where it is read.
    Remote,
}

impl From<Stored> for StoredView {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Local => Self::Local,
            Stored::Uploading => Self::Uploading,
            Stored::Both => Self::Both,
            Stored::Remote => Self::Remote,
        }
    }
}

/// Whether something may be added to a recording.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RecordingStatus {
    /// Something is added now.
    Recording,
    /// Something may be added.
    Open,
    /// It is over.
    Finished,
}

/// A recording with its files and gaps.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecordingDetail {
    #[serde(flatten)]
    recording: RecordingView,
    /// Its media files, in order: fragmented MP4, each to be played by itself.
    files: Vec<FileView>,
    /// What its files hold, in order of their changes.
    tracks: Vec<TracksView>,
    /// What is missing, and where sessions meet; the first thousand.
    gaps: Vec<GapView>,
    /// Torn ends that were cut off after a crash.
    repairs: Vec<RepairView>,
}

/// A media file.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordingFile)]
struct FileView {
    /// Its name below the recording's URL.
    #[schema(example = "1.mp4")]
    name: String,
    /// Its name on the server's disk.
    #[schema(example = "0001.mp4")]
    file: String,
    /// The recording whose file it is, where a re-cut refers to another.
    #[schema(example = "1764104406-program")]
    recording_id: Option<String>,
    /// Its length.
    bytes: u64,
}

/// What is in a file from a place on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordingTracks)]
struct TracksView {
    /// RFC 6381.
    #[schema(example = "avc1.64001f")]
    video_codec: Option<String>,
    /// In pixels.
    width: Option<u32>,
    /// In pixels.
    height: Option<u32>,
    /// RFC 6381.
    #[schema(example = "mp4a.40.2")]
    audio_codec: Option<String>,
    /// Per second.
    sample_rate: Option<u32>,
}

/// Something that is missing.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordingGap)]
struct GapView {
    /// Where the media before it ends.
    #[serde(serialize_with = "rfc3339_option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// How long it is, in milliseconds; 0 where sessions meet without one.
    duration_ms: u64,
    /// Why.
    reason: GapCause,
    /// Samples that are known to be lost.
    lost_samples: u64,
}

/// Why something is missing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum GapCause {
    /// The publisher connected again.
    Reconnect,
    /// The disk was too slow for too long.
    Overrun,
    /// Samples had impossible times or could not be put into the container.
    Refused,
    /// There was too little space, or the policy forbade it.
    Paused,
    /// The recording was closed and opened again: a restart of the server.
    Restart,
    /// Nothing came.
    Silence,
}

/// A torn end that was cut off.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordingRepair)]
struct RepairView {
    /// The file.
    #[schema(example = "1.mp4")]
    name: String,
    /// Bytes that were cut off.
    cut_bytes: u64,
}

/// A page of the recordings that were removed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordingDeletionList)]
pub(crate) struct DeletionList {
    /// Oldest first.
    pub(super) items: Vec<DeletionView>,
    /// What `after` must be to get the next page, `null` if this is the last.
    #[schema(example = "1764190806000.1764104406-program")]
    pub(super) next_after: Option<String>,
}

/// A recording that was removed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecordingDeletion)]
pub(crate) struct DeletionView {
    /// When.
    #[serde(serialize_with = "rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    deleted_at: Timestamp,
    /// Its id.
    #[schema(example = "1764104406-program")]
    recording_id: String,
    /// Bytes of its files.
    bytes: u64,
    /// Who has removed it: `administrator`, `creator {id}`, or `age` for the limit of the configuration.
    #[schema(example = "administrator")]
    by: String,
}

impl DeletionView {
    /// Its place in the list.
    pub(super) fn place(deleted: &Deleted) -> Cursor {
        Cursor::at(Timestamp::from_millis(deleted.at_unix_millis), &deleted.recording)
    }
}

impl From<Deleted> for DeletionView {
    fn from(deleted: Deleted) -> Self {
        Self {
            deleted_at: Timestamp::from_millis(deleted.at_unix_millis),
            recording_id: deleted.recording,
            bytes: deleted.bytes,
            by: deleted.by,
        }
    }
}

/// What recordings are told with.
pub(super) struct Telling<'a> {
    pub(super) recorder: &'a Recorder,
    pub(super) archive: &'a Archive,
    pub(super) links: &'a Links,
}

impl RecordingView {
    /// Blocks: it reads where the recording is.
    pub(super) fn of(recording: &Recording, telling: &Telling<'_>) -> io::Result<Self> {
        let Telling { recorder, archive, links } = *telling;
        let (stored, store_error) = archive.stored(recording)?;
        let Recording { source, id, timeline, .. } = recording;
        let (begin, end) = timeline.span().unzip();
        let url = |file: &str| links.recording(source.event(), &id.to_string(), file);
        let duration = begin.zip(end).map(|(begin, end)| end.saturating_since(begin));
        Ok(Self {
            id: id.to_string(),
            source: source.name().to_owned(),
            title: timeline.title().map(str::to_owned),
            status: status(recording, recorder),
            began_at: begin.map(|at| wall(timeline, at.as_micros())),
            ended_at: end.map(|at| wall(timeline, at.as_micros())),
            duration_ms: duration.map_or(0, millis),
            bytes: timeline.bytes(),
            gap_count: timeline.holes().len(),
            stored: stored.into(),
            store_error,
            playlist_url: url("index.m3u8"),
            download_url: url("download.mp4"),
            thumbnail_url: url("thumbnail.jpg"),
        })
    }
}

impl RecordingDetail {
    /// Blocks: it reads where the recording is.
    pub(super) fn of(recording: &Recording, telling: &Telling<'_>) -> io::Result<Self> {
        let timeline = &recording.timeline;
        let origin = |number| timeline.origins().iter().find(move |origin| origin.number == number);
        let files = timeline.files().iter().map(|file| FileView {
            name: format!("{}.mp4", file.number),
            file: media_name(origin(file.number).map_or(file.number, |origin| origin.file)),
            recording_id: origin(file.number).map(|origin| origin.recording.to_string()),
            bytes: file.bytes,
        });
        let tracks = timeline.inits().iter().map(|placed| TracksView {
            video_codec: placed.init.video.as_ref().map(|video| video.codec.clone()),
            width: placed.init.video.as_ref().map(|video| video.width),
            height: placed.init.video.as_ref().map(|video| video.height),
            audio_codec: placed.init.audio.as_ref().map(|audio| audio.codec.clone()),
            sample_rate: placed.init.audio.as_ref().map(|audio| audio.timescale),
        });
        let repairs = timeline.repairs().iter().map(|repaired| RepairView {
            name: format!("{}.mp4", repaired.file),
            cut_bytes: repaired.cut,
        });
        let holes = timeline.holes();
        Ok(Self {
            recording: RecordingView::of(recording, telling)?,
            files: files.collect(),
            tracks: tracks.collect(),
            gaps: holes.iter().take(RECORDING_GAPS_MAX).map(|hole| gap(timeline, hole)).collect(),
            repairs: repairs.collect(),
        })
    }
}

impl SourceView {
    pub(super) fn of(source: &Source, status: &Status) -> Self {
        Self {
            source: source.name().to_owned(),
            state: match status.state {
                State::Waiting => SourceState::Waiting,
                State::Recording => SourceState::Recording,
                State::DiskLow => SourceState::DiskLow,
                State::QuotaReached => SourceState::QuotaReached,
                State::Failed => SourceState::Failed,
            },
            recording_id: status.recording.as_ref().map(ToString::to_string),
            lost_samples: status.lost,
            error: status.error.clone(),
        }
    }
}

impl SourceView {
    /// Whether both are of the same source.
    pub(crate) fn is_of(&self, other: &Self) -> bool {
        self.source == other.source
    }

    /// The same source when it is not recorded any more.
    pub(crate) fn stopped(&self) -> Self {
        Self { state: SourceState::Off, recording_id: None, error: None, ..self.clone() }
    }
}

/// Whether something may be added to `recording`.
fn status(recording: &Recording, recorder: &Recorder) -> RecordingStatus {
    if recording.is_over(recorder.now()) {
        return RecordingStatus::Finished;
    }
    let adds =
        recorder.status(&recording.source).is_some_and(|status| status.state == State::Recording);
    if adds && recorder.is_open(&recording.source, &recording.id) {
        RecordingStatus::Recording
    } else {
        RecordingStatus::Open
    }
}

fn gap(timeline: &Timeline, hole: &Hole) -> GapView {
    GapView {
        from: Some(wall(timeline, hole.from.as_micros())),
        duration_ms: millis(hole.to.saturating_since(hole.from)),
        reason: match hole.reason {
            Some(GapReason::Reconnect) => GapCause::Reconnect,
            Some(GapReason::Overrun) => GapCause::Overrun,
            Some(GapReason::Refused) => GapCause::Refused,
            Some(GapReason::Paused) => GapCause::Paused,
            Some(GapReason::Restart) => GapCause::Restart,
            None => GapCause::Silence,
        },
        lost_samples: hole.lost,
    }
}

/// The wall time of a place on the event clock.
fn wall(timeline: &Timeline, micros: i64) -> Timestamp {
    Timestamp::from_millis(timeline.zero_unix_micros().saturating_add(micros).div_euclid(1000))
}

fn millis(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
