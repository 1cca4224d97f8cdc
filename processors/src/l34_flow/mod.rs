//! `l34_flow`: events with packets become L3/L4 flows, by the rules of Hubble's `threefour` parser
//! (v1.19.4).
//!
//! A flow has all fields that its event alone determines. What Hubble looks up in the agent's
//! memory (endpoint ids, names, labels, services, policies) stays empty, as in Hubble's parser
//! without getters. In particular, no endpoint is known to be local, so an egress drop is shown as
//! ingress, as in Retina, until `cilium_enrich` corrects it.
//!
//! A packet that Hubble refuses is dropped with the reason. So are captures of Cilium's recorder,
//! whose type Hubble refuses, unless the configuration accepts them. Events without packets are
//! passed on unchanged.

mod fast_path;
mod header;
mod packet;

use header::TraceRules;
use packet::Capture;

use serde::Deserialize;
use tidegate_model::flow::Flow;
use tidegate_model::record::{DecodedHeader, Event, EventBody};
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Kind, Kinds, Outcome, Record, Span};
use tidegate_runtime::component::{
    BuildContext, BuildError, ComponentKind, Outcomes, ProcessorConfig, ProcessorKind, Reasons,
};
use tidegate_runtime::config::Table as _;
use tidegate_runtime::stage::Processor;
use tidegate_wire::event;

/// The kind.
pub const KIND: ProcessorKind = ComponentKind {
    name: "l34_flow",
    about: Config::ABOUT,
    keys: Config::KEYS,
    outcomes: Outcomes {
        dropped: REASONS,
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

tidegate_runtime::config_table! {
    /// Turns events with packets into L3/L4 flows as Hubble does.
    #[derive(Clone, Copy, Debug)]
    pub struct Config {
        /// Whether captures of Cilium's recorder (1.12 to 1.18) become flows, with event type 6 and
        /// an unknown verdict. Hubble refuses them; by default they are dropped as
        /// `recorder_capture`.
        pub recorder_captures: bool = false,
    }
}

impl ProcessorConfig for Config {
    fn consumes(&self) -> Kinds {
        Kinds::of(&[Kind::Event])
    }

    fn produces(&self, input: Kinds) -> Kinds {
        input.union(Kinds::of(&[Kind::Flow]))
    }

    fn build(&self, _context: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
        Ok(Box::new(L34Flow {
            recorder_captures: self.recorder_captures,
        }))
    }
}

/// The processor, which has no state.
#[derive(Clone, Copy, Debug, Default)]
pub struct L34Flow {
    recorder_captures: bool,
}

impl Processor for L34Flow {
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        batch.sift(tally, |record, bytes| {
            let Record::Event(Event {
                time,
                seq,
                data,
                ref body,
                ..
            }) = *record
            else {
                return Outcome::Keep;
            };
            let EventBody::Packet(decoded) = *body else {
                return Outcome::Keep;
            };
            match self.fill(record.begin_flow(time, seq), data, decoded, bytes) {
                Ok(()) => Outcome::Keep,
                Err(reason) => Outcome::Dropped(reason),
            }
        });
    }
}

impl L34Flow {
    fn fill(
        self,
        flow: &mut Flow,
        data: Span,
        decoded: DecodedHeader,
        bytes: &[u8],
    ) -> Result<(), &'static str> {
        let Some(trace) = event::fast_path::trace(data.of(bytes), decoded.len.into()) else {
            return self.fill_general(flow, data, decoded, bytes);
        };
        packet::read(flow, &Capture::of(&trace), data).map_err(|reason| reason.as_str())?;
        header::trace(flow, &trace, TraceRules::SINCE_1_19);
        Ok(())
    }

    /// As [`Self::fill`], for events of any type and layout.
    fn fill_general(
        self,
        flow: &mut Flow,
        data: Span,
        decoded: DecodedHeader,
        bytes: &[u8],
    ) -> Result<(), &'static str> {
        let event =
            event::reparse(data.of(bytes), decoded.len.into()).map_err(|reason| reason.as_str())?;
        let mut read = |capture: Capture<'_>| {
            packet::read(flow, &capture, data).map_err(|reason| reason.as_str())
        };
        match event {
            event::Event::Drop(drop) => {
                read(Capture::of(&drop))?;
                header::drop(flow, &drop, decoded.files);
            }
            event::Event::Trace(trace) => {
                read(Capture::of(&trace))?;
                let rules = TraceRules::of(&trace, decoded.original_source);
                header::trace(flow, &trace, rules);
            }
            event::Event::PolicyVerdict(verdict) => {
                read(Capture::of(&verdict))?;
                header::policy_verdict(flow, &verdict);
            }
            event::Event::Capture(capture) => {
                read(Capture::of(&capture))?;
                header::capture(flow, &capture);
            }
            event::Event::Recorder(recorder) if self.recorder_captures => {
                read(Capture::of_recorder(&recorder))?;
                header::recorder(flow, &recorder);
            }
            event::Event::Recorder(_) => return Err(RECORDER_CAPTURE),
            // `cilium_decode` marks no event of these types as one with a packet.
            _ => return Err(NO_PACKET),
        }
        Ok(())
    }
}

/// The event was decoded as one with a packet, but its type has none.
const NO_PACKET: &str = "event_without_packet";

/// Hubble has no flow for captures of the recorder, and the configuration does not accept them.
const RECORDER_CAPTURE: &str = "recorder_capture";

/// The reasons to drop an event.
const REASONS: &[Reasons] = &[
    Reasons::input(&[NO_PACKET, RECORDER_CAPTURE]),
    Reasons::input(event::Reason::LABELS),
    Reasons::input(tidegate_wire::packet::Reason::LABELS),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A trace with a packet of Ethernet, IP, and TCP or UDP.
    fn trace(header: &[u8; 24], is_ipv6: bool, protocol: u8, segment: &[u8]) -> Vec<u8> {
        let mut data = vec![4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0];
        data.extend(header);
        data.resize(56, 0);
        data.extend([2; 12]);
        if is_ipv6 {
            let len = segment.len() as u8;
            data.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, len, protocol, 64]);
            data.extend(1..=32);
        } else {
            let len = 20 + segment.len() as u8;
            data.extend([8, 0, 0x45, 0, 0, len, 0, 1, 0, 0, 64, protocol, 0, 0]);
            data.extend([10, 0, 0, 1, 10, 0, 0, 2]);
        }
        data.extend(segment);
        data
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn the_fast_path_and_the_general_path_make_the_same_flows(
            (sub_type, source, reason) in (0_u8..20, 0_u8..2, prop_oneof![0_u8..10, any::<u8>()]),
            flags in prop_oneof![4 => Just(0_u8), 1 => any::<u8>()],
            orig_ip in prop::option::of(any::<[u8; 4]>()),
            (is_ipv6, protocol) in (any::<bool>(), prop::sample::select(vec![6_u8, 17, 1])),
            segment in prop::collection::vec(any::<u8>(), 20..60),
            (less_captured, more_original) in (prop_oneof![Just(0_u8), 0_u8..90], 0_u8..3),
            patch in prop::option::of((0_usize..120, any::<u8>())),
            header_len in prop::sample::select(vec![56_u16, 56, 56, 48, 32, 64]),
        ) {
            let mut header = [9; 24];
            header[10] = reason;
            header[11] = flags;
            header[16..20].copy_from_slice(&orig_ip.unwrap_or_default());
            header[20..].fill(0);
            let mut segment = segment;
            if protocol == 6 {
                segment[12] = 0x50;
            } else {
                let len = segment.len() as u16;
                segment[4..6].copy_from_slice(&len.to_be_bytes());
            }
            let mut data = trace(&header, is_ipv6, protocol, &segment);
            let captured = (data.len() - 56).saturating_sub(less_captured.into()) as u8;
            data[1] = sub_type;
            data[2] = source;
            data[8] = captured + more_original;
            data[12] = captured;
            if let Some((at, byte)) = patch && let Some(patched) = data.get_mut(at) {
                *patched = byte;
            }
            let span = Span { start: 0, len: data.len() as u32 };
            let decoded = DecodedHeader {
                len: header_len,
                ..DecodedHeader::default()
            };
            let stage = L34Flow::default();
            let mut fast = Flow::default();
            let mut general = Flow::default();
            let fast_result = stage.fill(&mut fast, span, decoded, &data);
            let general_result = stage.fill_general(&mut general, span, decoded, &data);
            prop_assert_eq!(fast_result, general_result);
            prop_assert_eq!(format!("{fast:?}"), format!("{general:?}"));
        }
    }
}
