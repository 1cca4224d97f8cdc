//! Where the fields of events are, as `event.h` has them. Events are Cilium 1.19's TraceNotify
//! (version 2) or DropNotify (version 3), then the extension, then the packet.

/// `ext_version` of our events.
pub const EXTENSION_VERSION: u8 = 0x54;
/// Length of the extension, in bytes.
pub const EXTENSION_LEN: usize = 40;
/// Where the extension begins in a trace.
pub const TRACE_EXTENSION: usize = 56;
/// Where the extension begins in a drop.
pub const DROP_EXTENSION: usize = 48;

/// Positions in the extension.
pub mod extension {
    /// `CLOCK_BOOTTIME` of the packet, in nanoseconds: u64.
    pub const TIME: usize = 0;
    /// Id of the socket's cgroup, 0 unknown: u64.
    pub const CGROUP: usize = 8;
    /// Bytes of this direction of the connection so far, with this packet: u64.
    pub const BYTES: usize = 16;
    /// Packets of the same: u32, wraps.
    pub const PACKETS: usize = 24;
    /// Inode of the network namespace, 0 unknown: u32.
    pub const NETNS: usize = 28;
    /// The kernel's drop reason: u16.
    pub const KERNEL_REASON: usize = 32;
    /// 0 unknown, 1 ingress, 2 egress: u8.
    pub const DIRECTION: usize = 34;
    /// All TCP flags since the direction's last report: u8.
    pub const TCP_FLAGS: usize = 35;
    /// The CPU: u32.
    pub const CPU: usize = 36;
}
