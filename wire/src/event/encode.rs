//! Encodes events as the datapath of a given release does, perf padding included, for the simulator
//! and for tests.

use super::fields::{
    CaptureFields, Common, DebugFields, DropFields, PolicyFields, RecorderFields, SockFields,
    TraceFields,
};
use super::{capture, drop, flags, message_type, policy, recorder, sock, trace};

/// A range of releases with the same layouts, named by its first release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// 1.12: a drop without a device.
    V1_12,
    /// 1.13 to 1.17.3.
    V1_13,
    /// 1.17.4 to 1.17: layer-3 devices.
    V1_17_4,
    /// 1.18: tunnels.
    V1_18,
    /// 1.19 and later.
    V1_19,
}

impl Profile {
    /// All profiles, oldest first.
    pub const ALL: [Self; 5] = [
        Self::V1_12,
        Self::V1_13,
        Self::V1_17_4,
        Self::V1_18,
        Self::V1_19,
    ];

    /// Whether these releases send `TraceSockNotify`.
    #[must_use]
    pub fn sends_trace_sock(self) -> bool {
        self >= Self::V1_13
    }

    /// Whether these releases send `RecorderCapture`.
    #[must_use]
    pub fn sends_recorder(self) -> bool {
        self < Self::V1_19
    }

    fn drop_layout(self) -> (u8, usize) {
        match self {
            Self::V1_12 => (1, drop::HEADER_1_12),
            Self::V1_13 => (1, drop::HEADER_V1),
            Self::V1_17_4 | Self::V1_18 => (2, drop::HEADER_V2),
            Self::V1_19 => (3, drop::HEADER_V3),
        }
    }

    fn trace_layout(self) -> (u8, usize) {
        match self {
            Self::V1_19 => (2, trace::HEADER_V2),
            _ => (1, trace::HEADER_V1),
        }
    }

    fn policy_layout(self) -> (u8, usize) {
        match self {
            Self::V1_19 => (1, policy::HEADER_1_19),
            _ => (1, policy::HEADER_1_12),
        }
    }

    fn known_flags(self) -> u8 {
        match self {
            Self::V1_12 | Self::V1_13 => flags::IPV6,
            Self::V1_17_4 => flags::IPV6 | flags::L3_DEVICE,
            Self::V1_18 | Self::V1_19 => {
                flags::IPV6 | flags::L3_DEVICE | flags::VXLAN | flags::GENEVE
            }
        }
    }
}

/// Encodes events in the layouts of one release. Each method appends a complete, padded
/// `Payload.Data` to `out`.
///
/// `packet` is the captured part of the packet; bytes beyond 65,535 are omitted.
#[derive(Debug, Clone, Copy)]
pub struct Encoder {
    /// The release.
    pub profile: Profile,
    /// The byte that fills the padding. In the kernel, padding is not initialised.
    pub padding: u8,
}

impl Encoder {
    /// A drop. Flags and fields that the release lacks are omitted.
    pub fn drop(&self, event: &DropFields, packet: &[u8], out: &mut Vec<u8>) {
        let (version, header) = self.profile.drop_layout();
        self.sample(out, header, packet, |out| {
            common(out, message_type::DROP, version, &event.common, packet);
            out.extend(event.src_label.to_le_bytes());
            out.extend(event.dst_label.to_le_bytes());
            out.extend(event.dst_id.to_le_bytes());
            out.extend(event.line.to_le_bytes());
            out.push(event.file);
            out.extend(event.ext_error.to_le_bytes());
            out.extend(event.ifindex.to_le_bytes());
            out.extend([event.flags & self.profile.known_flags(), 0, 0, 0]);
            out.extend(event.ip_trace_id.to_le_bytes());
        });
    }

    /// A trace. Flags and fields that the release lacks are omitted.
    pub fn trace(&self, event: &TraceFields, packet: &[u8], out: &mut Vec<u8>) {
        let (version, header) = self.profile.trace_layout();
        self.sample(out, header, packet, |out| {
            common(out, message_type::TRACE, version, &event.common, packet);
            out.extend(event.src_label.to_le_bytes());
            out.extend(event.dst_label.to_le_bytes());
            out.extend(event.dst_id.to_le_bytes());
            out.push(event.reason & 0x7f | u8::from(event.encrypted) << 7);
            out.push(event.flags & self.profile.known_flags());
            out.extend(event.ifindex.to_le_bytes());
            out.extend(event.orig_ip);
            out.extend(event.ip_trace_id.to_le_bytes());
        });
    }

    /// A policy verdict. The cookie is omitted before 1.19.
    pub fn policy_verdict(&self, event: &PolicyFields, packet: &[u8], out: &mut Vec<u8>) {
        let (version, header) = self.profile.policy_layout();
        let kind = message_type::POLICY_VERDICT;
        self.sample(out, header, packet, |out| {
            common(out, kind, version, &event.common, packet);
            out.extend(event.remote_label.to_le_bytes());
            out.extend(event.verdict.to_le_bytes());
            out.extend(event.dst_port.to_le_bytes());
            out.extend([event.proto, event.flags, event.auth_type, 0, 0, 0]);
            out.extend(event.cookie.to_le_bytes());
            out.extend([0; 4]);
        });
    }

    /// A debug capture, the same in every release.
    pub fn capture(&self, event: &CaptureFields, packet: &[u8], out: &mut Vec<u8>) {
        self.sample(out, capture::HEADER, packet, |out| {
            common(out, message_type::CAPTURE, 1, &event.common, packet);
            out.extend(event.arg1.to_le_bytes());
            out.extend(event.arg2.to_le_bytes());
        });
    }

    /// A recorder's capture, for releases with [`Profile::sends_recorder`].
    pub fn recorder(&self, event: &RecorderFields, packet: &[u8], out: &mut Vec<u8>) {
        self.sample(out, recorder::HEADER, packet, |out| {
            out.extend([message_type::RECORDER, event.subtype]);
            out.extend(event.rule_id.to_le_bytes());
            out.extend([0; 4]);
            out.extend(event.time_boot.to_le_bytes());
            out.extend(u32::from(captured_len(packet)).to_le_bytes());
            out.extend(event.len_orig.to_le_bytes());
        });
    }

    /// A debug message, the same in every release.
    pub fn debug(&self, event: &DebugFields, out: &mut Vec<u8>) {
        out.extend([message_type::DEBUG, event.subtype]);
        out.extend(event.source.to_le_bytes());
        out.extend(event.hash.to_le_bytes());
        out.extend(event.args.map(u32::to_le_bytes).as_flattened());
    }

    /// A socket's translation, for releases with [`Profile::sends_trace_sock`].
    pub fn trace_sock(&self, event: &SockFields, out: &mut Vec<u8>) {
        let at = match self.profile {
            Profile::V1_19 => &sock::ALIGNED,
            _ => &sock::PACKED,
        };
        let mut header = [0; 40];
        let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
        put(0, &[message_type::TRACE_SOCK, event.xlate_point]);
        put(at.dst_ip, &event.dst_ip);
        put(at.dst_port, &event.dst_port.to_le_bytes());
        put(at.sock_cookie, &event.sock_cookie.to_le_bytes());
        put(at.cgroup_id, &event.cgroup_id.to_le_bytes());
        put(at.l4_proto, &[event.l4_proto]);
        put(at.flags, &[event.flags]);
        self.sample(out, at.len, &[], |out| out.extend(header));
    }

    /// Writes the newest header, truncated to `header` bytes, the packet, and the padding of a perf
    /// sample.
    fn sample(
        &self,
        out: &mut Vec<u8>,
        header: usize,
        packet: &[u8],
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let start = out.len();
        write(out);
        out.truncate(start + header);
        out.extend_from_slice(&packet[..captured_len(packet).into()]);
        let len = out.len() - start;
        // The kernel rounds a sample with its own four-byte length up to eight bytes.
        let padded = (len + 4).next_multiple_of(8) - 4;
        out.resize(start + padded, self.padding);
    }
}

fn common(out: &mut Vec<u8>, kind: u8, version: u8, common: &Common, packet: &[u8]) {
    out.extend([kind, common.subtype]);
    out.extend(common.source.to_le_bytes());
    out.extend(common.hash.to_le_bytes());
    out.extend(common.len_orig.to_le_bytes());
    out.extend(captured_len(packet).to_le_bytes());
    out.extend([version, 0]);
}

fn captured_len(packet: &[u8]) -> u16 {
    u16::try_from(packet.len()).unwrap_or(u16::MAX)
}
