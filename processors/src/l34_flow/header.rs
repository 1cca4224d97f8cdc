//! Fills a flow from an event's header, by the rules of Hubble's
//! `pkg/hubble/parser/threefour/parser.go` (v1.19.4; for older events, of their releases).
//!
//! To be called after the packet was read, because a trace's original source replaces that of the
//! IP header.

use tidegate_model::flow::{
    Address, AuthType, Direction, DropReason, FileNumbering, Flow, FlowType, OriginalSource,
    PolicyMatch, SourceFile, TracePoint, TraceReason, Verdict, message_type,
};
use tidegate_wire::event::{
    DebugCapture, DropNotify, PacketEvent, PolicyVerdictNotify, RecorderCapture, TraceNotify,
    trace_reason,
};

pub(super) fn drop(flow: &mut Flow, drop: &DropNotify<'_>, files: FileNumbering) {
    event_type(flow, message_type::DROP, drop.subtype());
    flow.verdict = Verdict::Dropped;
    flow.drop_reason = DropReason(drop.subtype().into());
    // A drop is egress if its source is the reporting endpoint, which is unknown here.
    flow.direction = if drop.source() == 0 {
        Direction::Unknown
    } else {
        Direction::Ingress
    };
    flow.reversing_endpoint = drop.source();
    flow.source.identity = drop.src_label();
    flow.destination.identity = drop.dst_label();
    flow.file = Some(SourceFile {
        id: drop.file(),
        line: drop.line(),
        numbering: files,
    });
    flow.ip_trace_id = drop.ip_trace_id();
}

/// The rules for traces of the Hubble in the sender's release.
#[derive(Clone, Copy, Debug)]
pub(super) struct TraceRules {
    original_source: OriginalSource,
    /// Whether an encrypted overlay packet is egress, whichever endpoint reports it: until 1.18.
    overlay_is_egress: bool,
}

impl TraceRules {
    pub(super) const SINCE_1_19: Self = Self {
        original_source: OriginalSource::ImpliesEgress,
        overlay_is_egress: false,
    };

    pub(super) fn of(trace: &TraceNotify<'_>, original_source: OriginalSource) -> Self {
        Self {
            original_source,
            overlay_is_egress: trace.version() < 2,
        }
    }

    /// Whether the trace is egress, whichever endpoint reports it.
    fn is_egress(self, trace: &TraceNotify<'_>, original: Option<Address>) -> bool {
        let is_translated =
            original.is_some() & (self.original_source == OriginalSource::ImpliesEgress);
        is_translated | (self.overlay_is_egress & (trace.reason() == trace_reason::ENCRYPT_OVERLAY))
    }
}

#[inline(always)]
pub(super) fn trace(flow: &mut Flow, trace: &TraceNotify<'_>, rules: TraceRules) {
    event_type(flow, message_type::TRACE, trace.subtype());
    flow.verdict = Verdict::Forwarded;
    flow.trace_point = TracePoint::from_datapath(trace.subtype());
    flow.trace_reason = TraceReason::from_datapath(trace.reason());
    flow.is_reply = is_reply(trace.reason());
    let original = original_source(trace);
    let is_egress = rules.is_egress(trace, original);
    flow.direction = trace_direction(trace, is_egress);
    let is_turned = (flow.direction != Direction::Unknown) & !is_egress;
    flow.reversing_endpoint = trace.source() * u16::from(is_turned);
    flow.source.identity = trace.src_label();
    flow.destination.identity = trace.dst_label();
    flow.interface = trace.ifindex();
    flow.ip_trace_id = trace.ip_trace_id();
    flow.proxy_port =
        u32::from(trace.dst_id()) * u32::from(flow.trace_point == TracePoint::TO_PROXY);
    restore_source(flow, trace, original);
}

pub(super) fn policy_verdict(flow: &mut Flow, verdict: &PolicyVerdictNotify<'_>) {
    event_type(flow, message_type::POLICY_VERDICT, verdict.subtype());
    match verdict.verdict() {
        denied @ ..0 => {
            flow.verdict = Verdict::Dropped;
            flow.drop_reason = DropReason(denied.unsigned_abs());
        }
        0 if verdict.is_audited() => flow.verdict = Verdict::Audit,
        0 => flow.verdict = Verdict::Forwarded,
        1.. => flow.verdict = Verdict::Redirected,
    }
    flow.is_reply = (verdict.verdict() >= 0).then_some(false);
    flow.policy_match = PolicyMatch(verdict.match_type());
    flow.auth_type = AuthType(verdict.auth_type());
    let remote = if verdict.is_ingress() {
        flow.direction = Direction::Ingress;
        &mut flow.source
    } else {
        flow.direction = Direction::Egress;
        &mut flow.destination
    };
    remote.identity = verdict.remote_label();
}

pub(super) fn capture(flow: &mut Flow, capture: &DebugCapture<'_>) {
    event_type(flow, message_type::CAPTURE, capture.subtype());
    match capture.subtype() {
        4..=7 | 10 | 11 => flow.interface = capture.arg1(),
        // Hubble swaps the 16-bit port as a 32-bit number, which gives the port times 65536.
        8 | 9 => flow.proxy_port = capture.arg1().swap_bytes(),
        _ => {}
    }
}

/// Hubble refuses this type. The flow is that of a debug capture, without the device, which a
/// recorder does not report.
pub(super) fn recorder(flow: &mut Flow, recorder: &RecorderCapture<'_>) {
    event_type(flow, message_type::RECORDER, recorder.subtype());
}

fn event_type(flow: &mut Flow, message_type: u8, sub_type: u8) {
    flow.flow_type = FlowType::L34;
    flow.message_type = message_type;
    flow.sub_type = sub_type;
}

fn is_reply(reason: u8) -> Option<bool> {
    // A table, because a branch on the reason would be mispredicted.
    const REPLIES: [Option<bool>; 8] = {
        let mut replies = [Some(false); 8];
        replies[trace_reason::CT_REPLY as usize] = Some(true);
        replies[trace_reason::UNKNOWN as usize] = None;
        replies[trace_reason::SRV6_ENCAP as usize] = None;
        replies[trace_reason::SRV6_DECAP as usize] = None;
        replies
    };
    REPLIES
        .get(usize::from(reason))
        .copied()
        .unwrap_or(Some(false))
}

/// Applies Hubble's rule, as if the source were never a local endpoint.
fn trace_direction(trace: &TraceNotify<'_>, is_egress: bool) -> Direction {
    let is_unknown = (trace.source() == 0) | (trace.reason() == trace_reason::UNKNOWN);
    let is_egress = (trace.reason() == trace_reason::CT_REPLY) | is_egress;
    // A table, because branches on these would be mispredicted.
    const DIRECTIONS: [Direction; 4] = [
        Direction::Ingress,
        Direction::Egress,
        Direction::Unknown,
        Direction::Unknown,
    ];
    DIRECTIONS[usize::from(is_unknown) * 2 + usize::from(is_egress)]
}

/// Restores the source before address translation. If the packet's own differs, it is kept, too.
fn restore_source(flow: &mut Flow, trace: &TraceNotify<'_>, original: Option<Address>) {
    let Some(ip) = &mut flow.ip else { return };
    ip.encrypted = trace.is_encrypted();
    let Some(original) = original else { return };
    if original != ip.source {
        ip.source_xlated = Some(ip.source);
        ip.source = original;
    }
}

/// Returns the source before address translation, which few events have.
#[inline(always)]
fn original_source(trace: &TraceNotify<'_>) -> Option<Address> {
    if trace.orig_ip_bytes() == [0; 16] {
        None
    } else {
        parse_original_source(trace)
    }
}

/// As in Go, `::ffff:0.0.0.0` counts as unset, too.
#[inline(never)]
fn parse_original_source(trace: &TraceNotify<'_>) -> Option<Address> {
    trace
        .orig_ip()
        .filter(|ip| !ip.to_canonical().is_unspecified())
        .map(Address::from)
}
