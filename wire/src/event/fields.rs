//! The fields of each event as plain values, independent of the layout version, for the encoder.
//!
//! A field that a layout lacks is not written, and reads as 0.

use super::sample::PacketEvent;

/// The common fields of drops, traces, policy verdicts and debug captures. The encoder adds lengths
/// and versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Common {
    /// Drop reason, observation point or capture point; 0 for a policy verdict.
    pub subtype: u8,
    /// The endpoint whose program sent the event; 0 if none.
    pub source: u16,
    /// The packet's hash.
    pub hash: u32,
    /// The packet's length on the device, in bytes.
    pub len_orig: u32,
}

impl Common {
    pub(super) fn of<'a>(event: &impl PacketEvent<'a>) -> Self {
        Self {
            subtype: event.subtype(),
            source: event.source(),
            hash: event.hash(),
            len_orig: event.len_orig(),
        }
    }
}

/// The fields of a `DropNotify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DropFields {
    /// The common part.
    pub common: Common,
    /// The source's security identity.
    pub src_label: u32,
    /// The destination's security identity.
    pub dst_label: u32,
    /// The destination endpoint; 0 on egress.
    pub dst_id: u32,
    /// The line of the BPF source file.
    pub line: u16,
    /// The BPF source file's number.
    pub file: u8,
    /// Details of the reason; 0 if none.
    pub ext_error: i8,
    /// The device; since 1.13.
    pub ifindex: u32,
    /// The bits of [`flags`](super::flags); since 1.17.4.
    pub flags: u8,
    /// The packet's IP option trace id; since 1.19.
    pub ip_trace_id: u64,
}

/// The fields of a `TraceNotify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TraceFields {
    /// The common part.
    pub common: Common,
    /// The source's security identity.
    pub src_label: u32,
    /// The destination's security identity.
    pub dst_label: u32,
    /// The destination endpoint or proxy port.
    pub dst_id: u16,
    /// The trace reason, below 0x80.
    pub reason: u8,
    /// Whether the packet is encrypted.
    pub encrypted: bool,
    /// The bits of [`flags`](super::flags).
    pub flags: u8,
    /// The device; 0 if unknown.
    pub ifindex: u32,
    /// The source before source NAT, IPv4 in the first four bytes; zeros if none.
    pub orig_ip: [u8; 16],
    /// The packet's IP option trace id; since 1.19.
    pub ip_trace_id: u64,
}

/// The fields of a `PolicyVerdictNotify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PolicyFields {
    /// The common part.
    pub common: Common,
    /// The peer's security identity.
    pub remote_label: u32,
    /// 0 allowed, above 0 the proxy port, below 0 the negated drop reason.
    pub verdict: i32,
    /// The destination port.
    pub dst_port: u16,
    /// The IP protocol.
    pub proto: u8,
    /// Direction (bits 0-1), IPv6 (2), match type (3-5), audited (6), layer-3 device (7).
    pub flags: u8,
    /// The required authentication; since 1.14.
    pub auth_type: u8,
    /// The policy's log cookie; since 1.19.
    pub cookie: u32,
}

/// The fields of a `DebugCapture`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CaptureFields {
    /// The common part.
    pub common: Common,
    /// The first argument.
    pub arg1: u32,
    /// The second argument.
    pub arg2: u32,
}

/// The fields of a `DebugMsg`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DebugFields {
    /// The type of the message.
    pub subtype: u8,
    /// The endpoint whose program sent the event.
    pub source: u16,
    /// The packet's hash.
    pub hash: u32,
    /// The three arguments.
    pub args: [u32; 3],
}

/// The fields of a `RecorderCapture`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecorderFields {
    /// 1 ingress, 2 egress.
    pub subtype: u8,
    /// The rule that selected the packet.
    pub rule_id: u16,
    /// Nanoseconds since boot.
    pub time_boot: u64,
    /// The packet's length, in bytes.
    pub len_orig: u32,
}

/// The fields of a `TraceSockNotify`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SockFields {
    /// Before or after the translation, of a request or a reply.
    pub xlate_point: u8,
    /// The destination, IPv4 in the first four bytes.
    pub dst_ip: [u8; 16],
    /// The destination's port.
    pub dst_port: u16,
    /// The socket's cookie.
    pub sock_cookie: u64,
    /// The process's cgroup.
    pub cgroup_id: u64,
    /// 1 TCP, 2 UDP, else unknown.
    pub l4_proto: u8,
    /// Bit 0: IPv6.
    pub flags: u8,
}
