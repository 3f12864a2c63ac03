//! A transport stream as mpeg2ts-reader sees it.

#![allow(unreachable_pub, reason = "the filter switch that mpeg2ts-reader's macro makes is public")]

use std::collections::HashMap;

use mpeg2ts_reader::demultiplex::{
    Demultiplex, DemuxContext, FilterChangeset, FilterRequest, NullPacketFilter, PatPacketFilter,
    PmtPacketFilter,
};
use mpeg2ts_reader::packet::{ContinuityCounter, Packet};
use mpeg2ts_reader::pes::{
    ElementaryStreamConsumer, PesContents, PesHeader, PesLength, PesPacketFilter, PtsDts,
};
use mpeg2ts_reader::{StreamType, packet_filter_switch, psi};

pub(crate) const VIDEO_PID: u16 = 0x100;
pub(crate) const AUDIO_PID: u16 = 0x101;

/// One PES packet.
#[derive(Debug, Default)]
pub(crate) struct Pes {
    pub(crate) pid: u16,
    pub(crate) pts: u64,
    pub(crate) dts: u64,
    /// From the header; `None` if it says 0.
    pub(crate) payload_bytes: Option<usize>,
    pub(crate) payload: Vec<u8>,
}

/// A clock reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pcr {
    pub(crate) packet: usize,
    pub(crate) pid: u16,
    pub(crate) base: u64,
}

/// What a stream was found to hold.
#[derive(Default)]
pub struct Found {
    changes: FilterChangeset<Filter>,
    /// PIDs and stream types of every list of tracks, in the order of the PMT versions.
    pub(crate) streams: Vec<(u16, StreamType)>,
    pub(crate) pcr_pid: Option<u16>,
    pub(crate) pes: Vec<Pes>,
    pub(crate) pcrs: Vec<Pcr>,
    /// Packets that say random access, and those that say discontinuity.
    pub(crate) random_access: Vec<(usize, u16)>,
    pub(crate) discontinuities: Vec<(usize, u16)>,
    /// PID of every packet.
    pub(crate) pids: Vec<u16>,
}

impl Found {
    /// The PES packets of one PID.
    pub(crate) fn pes_of(&self, pid: u16) -> Vec<&Pes> {
        self.pes.iter().filter(|pes| pes.pid == pid).collect()
    }

    /// The index of the packet in which each PES packet of `pid` starts.
    fn observe(&mut self, index: usize, packet: &Packet<'_>) {
        let pid = u16::from(packet.pid());
        self.pids.push(pid);
        let Some(field) = packet.adaptation_field() else {
            return;
        };
        if field.random_access_indicator() {
            self.random_access.push((index, pid));
        }
        if field.discontinuity_indicator() {
            self.discontinuities.push((index, pid));
        }
        if let Ok(pcr) = field.pcr() {
            assert_eq!(pcr.extension(), 0);
            self.pcrs.push(Pcr { packet: index, pid, base: pcr.base() });
        }
    }
}

/// Reads a whole stream and asserts what every stream must keep: whole packets, and continuity
/// counters that run on, those of PAT and PMT too.
pub(crate) fn read(stream: &[u8]) -> Found {
    assert_eq!(stream.len() % Packet::SIZE, 0, "whole packets");
    let mut found = Found::default();
    let mut counters: HashMap<u16, ContinuityCounter> = HashMap::new();
    for (index, bytes) in stream.chunks_exact(Packet::SIZE).enumerate() {
        let packet = Packet::try_new(bytes).expect("a sync byte");
        let counter = packet.continuity_counter();
        if let Some(last) = counters.insert(packet.pid().into(), counter) {
            match packet.adaptation_control().has_payload() {
                true => assert!(counter.follows(last), "packet {index}: a counter jumps"),
                false => assert_eq!(counter.count(), last.count(), "packet {index}"),
            }
        }
        found.observe(index, &packet);
    }
    let mut demux = Demultiplex::new(&mut found);
    demux.push(&mut found, stream);
    for pes in &found.pes {
        if let Some(bytes) = pes.payload_bytes {
            assert_eq!(pes.payload.len(), bytes, "PES length of a packet on {}", pes.pid);
        }
    }
    found
}

packet_filter_switch! {
    Filter<Found> {
        Pes: PesPacketFilter<Found, Collector>,
        Pat: PatPacketFilter<Found>,
        Pmt: PmtPacketFilter<Found>,
        Null: NullPacketFilter<Found>,
    }
}

impl DemuxContext for Found {
    type F = Filter;

    fn filter_changeset(&mut self) -> &mut FilterChangeset<Filter> {
        &mut self.changes
    }

    fn construct(&mut self, request: FilterRequest<'_, '_>) -> Filter {
        match request {
            FilterRequest::ByPid(psi::pat::PAT_PID) => Filter::Pat(PatPacketFilter::default()),
            FilterRequest::Pmt { pid, program_number } => {
                Filter::Pmt(PmtPacketFilter::new(pid, program_number))
            }
            FilterRequest::ByStream { pmt, stream_info, .. } => {
                let pid = stream_info.elementary_pid().into();
                self.streams.push((pid, stream_info.stream_type()));
                self.pcr_pid = Some(pmt.pcr_pid().into());
                Filter::Pes(PesPacketFilter::new(Collector { pid }))
            }
            FilterRequest::ByPid(_) | FilterRequest::Nit { .. } => {
                Filter::Null(NullPacketFilter::default())
            }
        }
    }
}

/// Puts the pieces of PES packets together.
pub struct Collector {
    pid: u16,
}

impl ElementaryStreamConsumer<Found> for Collector {
    fn start_stream(&mut self, _: &mut Found) {}

    fn begin_packet(&mut self, found: &mut Found, header: PesHeader<'_>) {
        let PesContents::Parsed(Some(contents)) = header.contents() else {
            panic!("a PES header with fields")
        };
        let (pts, dts, header_bytes) = match contents.pts_dts() {
            Ok(PtsDts::PtsOnly(Ok(pts))) => (pts, pts, 8),
            Ok(PtsDts::Both { pts: Ok(pts), dts: Ok(dts) }) => (pts, dts, 13),
            other => panic!("time stamps, not {other:?}"),
        };
        let payload_bytes = match header.pes_packet_length() {
            PesLength::Bounded(bytes) => Some(usize::from(bytes.get()) - header_bytes),
            PesLength::Unbounded => None,
        };
        found.pes.push(Pes {
            pid: self.pid,
            pts: pts.value(),
            dts: dts.value(),
            payload_bytes,
            payload: contents.payload().to_vec(),
        });
    }

    fn continue_packet(&mut self, found: &mut Found, data: &[u8]) {
        let open = found.pes.iter_mut().rfind(|pes| pes.pid == self.pid);
        open.expect("a packet was begun").payload.extend_from_slice(data);
    }

    fn end_packet(&mut self, _: &mut Found) {}

    fn continuity_error(&mut self, _: &mut Found) {
        panic!("continuity error on PID {}", self.pid);
    }
}
