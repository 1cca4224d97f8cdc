//! TCP flags.

/// The flags of a TCP header, in the bits of its bytes 12 and 13: `flow.TCPFlags`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpFlags(pub u16);

impl TcpFlags {
    /// FIN: no more data from the sender.
    pub const FIN: u16 = 0x001;
    /// SYN: opens a connection.
    pub const SYN: u16 = 0x002;
    /// RST: aborts a connection.
    pub const RST: u16 = 0x004;
    /// PSH: push to the application.
    pub const PSH: u16 = 0x008;
    /// ACK: the acknowledgment number is valid.
    pub const ACK: u16 = 0x010;
    /// URG: the urgent pointer is valid.
    pub const URG: u16 = 0x020;
    /// ECE: echoes that congestion was experienced.
    pub const ECE: u16 = 0x040;
    /// CWR: the congestion window was reduced.
    pub const CWR: u16 = 0x080;
    /// NS: the nonce sum.
    pub const NS: u16 = 0x100;

    /// All flags with their names, in the order of Hubble's summary.
    pub const NAMES: [(u16, &str); 9] = [
        (Self::SYN, "SYN"),
        (Self::ACK, "ACK"),
        (Self::RST, "RST"),
        (Self::FIN, "FIN"),
        (Self::PSH, "PSH"),
        (Self::URG, "URG"),
        (Self::ECE, "ECE"),
        (Self::CWR, "CWR"),
        (Self::NS, "NS"),
    ];

    /// Whether every bit of `flag` is set.
    #[must_use]
    #[inline]
    pub fn has(self, flag: u16) -> bool {
        self.0 & flag == flag
    }
}
