//! Writes the events of a conversation.

use std::collections::VecDeque;

use tidegate_wire::access_log::{self, LogRecord};
use tidegate_wire::agent_notify::{self, AgentNotify};
use tidegate_wire::event::{CaptureFields, Common, DropFields, PolicyFields, TraceFields, flags};
use tidegate_wire::event::{DebugFields, Encoder, RecorderFields, SockFields};
use tidegate_wire::gob::TypeId;

use crate::cluster::interface_index;
use crate::options::Options;
use crate::packet::Path;

/// The remaining events of one conversation, in order: CPU and `Payload.Data`.
pub(crate) type Conversation = VecDeque<(u16, Vec<u8>)>;

/// Writes events in the layouts of one release.
#[derive(Debug)]
pub(crate) struct EventWriter {
    encoder: Encoder,
    access_log: access_log::Encoder,
    type_id: TypeId,
    capture: usize,
    /// The events written so far.
    pub(crate) conversation: Conversation,
    /// The CPU that reports the events.
    pub(crate) cpu: u16,
}

/// The fields of a trace beside its packet.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Trace {
    /// One of [`observation_point`](tidegate_wire::event::observation_point).
    pub(crate) point: u8,
    /// One of [`trace_reason`](tidegate_wire::event::trace_reason).
    pub(crate) reason: u8,
    /// The endpoint whose program reports it.
    pub(crate) source: u16,
    /// The destination endpoint, or the port of the proxy.
    pub(crate) dst_id: u16,
    pub(crate) flags: u8,
    pub(crate) encrypted: bool,
    /// The source address before translation; zeros for none.
    pub(crate) orig_ip: [u8; 16],
}

impl EventWriter {
    pub(crate) fn new(options: &Options) -> Self {
        let release = options.release;
        Self {
            encoder: Encoder {
                profile: release.profile(),
                padding: 0xee,
            },
            access_log: access_log::Encoder::new(release.access_log(), release.first_type_id()),
            type_id: release.first_type_id(),
            capture: options.capture,
            conversation: Conversation::new(),
            cpu: 0,
        }
    }

    pub(crate) fn encoder(&self) -> Encoder {
        self.encoder
    }

    pub(crate) fn trace(&mut self, path: &Path, trace: Trace, packet: &[u8]) {
        let fields = TraceFields {
            common: common(trace.point, trace.source, path, packet),
            src_label: path.from.identity,
            dst_label: path.to.identity,
            dst_id: trace.dst_id,
            reason: trace.reason,
            encrypted: trace.encrypted,
            flags: trace.flags | ipv6_flag(path),
            ifindex: interface_index(trace.source),
            orig_ip: trace.orig_ip,
            ip_trace_id: 0,
        };
        self.write(packet, |encoder, packet, out| {
            encoder.trace(&fields, packet, out)
        });
    }

    pub(crate) fn drop(&mut self, path: &Path, source: u16, reason: u8, packet: &[u8]) {
        let fields = DropFields {
            common: common(reason, source, path, packet),
            src_label: path.from.identity,
            dst_label: path.to.identity,
            dst_id: u32::from(path.to.endpoint),
            line: 1234,
            file: 2,
            ext_error: 0,
            ifindex: 2,
            flags: ipv6_flag(path),
            ip_trace_id: 0,
        };
        self.write(packet, |encoder, packet, out| {
            encoder.drop(&fields, packet, out)
        });
    }

    /// Writes a policy verdict: 0 allowed, above 0 the proxy's port, below 0 the negated drop
    /// reason.
    pub(crate) fn verdict(
        &mut self,
        path: &Path,
        ingress: bool,
        protocol: u8,
        verdict: i32,
        packet: &[u8],
    ) {
        let (local, remote) = if ingress {
            (&path.to, &path.from)
        } else {
            (&path.from, &path.to)
        };
        let direction = if ingress { 1 } else { 2 };
        let v6 = u8::from(path.is_v6()) << 2;
        let match_type = if verdict < 0 { 0 } else { 2 << 3 };
        let fields = PolicyFields {
            common: common(0, local.endpoint, path, packet),
            remote_label: remote.identity,
            verdict,
            dst_port: path.ports.1,
            proto: protocol,
            flags: direction | v6 | match_type,
            auth_type: 0,
            cookie: 0,
        };
        self.write(packet, |encoder, packet, out| {
            encoder.policy_verdict(&fields, packet, out)
        });
    }

    pub(crate) fn capture(&mut self, path: &Path, point: u8, arg1: u32, packet: &[u8]) {
        let fields = CaptureFields {
            common: common(point, path.from.endpoint, path, packet),
            arg1,
            arg2: 0,
        };
        self.write(packet, |encoder, packet, out| {
            encoder.capture(&fields, packet, out)
        });
    }

    pub(crate) fn recorder(&mut self, fields: &RecorderFields, packet: &[u8]) {
        self.write(packet, |encoder, packet, out| {
            encoder.recorder(fields, packet, out)
        });
    }

    pub(crate) fn debug(&mut self, fields: &DebugFields) {
        self.write(&[], |encoder, _, out| encoder.debug(fields, out));
    }

    pub(crate) fn trace_sock(&mut self, fields: &SockFields) {
        self.write(&[], |encoder, _, out| encoder.trace_sock(fields, out));
    }

    pub(crate) fn access_log(&mut self, record: &LogRecord) {
        let mut data = Vec::new();
        self.access_log.encode(record, &mut data);
        self.conversation.push_back((0, data));
    }

    pub(crate) fn notify(&mut self, kind: u32, text: &str) {
        let mut data = Vec::new();
        agent_notify::encode(
            &AgentNotify {
                kind,
                text: text.to_owned(),
            },
            self.type_id,
            &mut data,
        );
        self.conversation.push_back((0, data));
    }

    fn write(&mut self, packet: &[u8], encode: impl FnOnce(&Encoder, &[u8], &mut Vec<u8>)) {
        let mut data = Vec::with_capacity(64 + self.capture);
        encode(
            &self.encoder,
            &packet[..packet.len().min(self.capture)],
            &mut data,
        );
        self.conversation.push_back((self.cpu, data));
    }
}

fn common(subtype: u8, source: u16, path: &Path, packet: &[u8]) -> Common {
    let hash = path.from.identity.rotate_left(16) ^ u32::from(path.ports.0);
    Common {
        subtype,
        source,
        hash,
        len_orig: u32::try_from(packet.len()).unwrap_or(u32::MAX),
    }
}

fn ipv6_flag(path: &Path) -> u8 {
    if path.is_v6() { flags::IPV6 } else { 0 }
}
