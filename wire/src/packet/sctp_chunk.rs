//! Types of SCTP chunks.

/// The type of an SCTP chunk: `flow.SCTPChunkType` (v1.20.2), the chunks that open and close
/// associations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "the variants are Hubble's own names")]
pub enum SctpChunk {
    /// Any other chunk, and none.
    #[default]
    Unsupported = 0,
    Init = 1,
    InitAck = 2,
    Shutdown = 3,
    ShutdownAck = 4,
    ShutdownComplete = 5,
    Abort = 6,
}

impl SctpChunk {
    /// All of them, by number.
    pub const ALL: [Self; 7] = [
        Self::Unsupported,
        Self::Init,
        Self::InitAck,
        Self::Shutdown,
        Self::ShutdownAck,
        Self::ShutdownComplete,
        Self::Abort,
    ];

    /// By the type in the packet (RFC 9260, section 3.2), if one was captured.
    #[must_use]
    pub fn from_packet(chunk: Option<u8>) -> Self {
        match chunk {
            Some(1) => Self::Init,
            Some(2) => Self::InitAck,
            Some(6) => Self::Abort,
            Some(7) => Self::Shutdown,
            Some(8) => Self::ShutdownAck,
            Some(14) => Self::ShutdownComplete,
            _ => Self::Unsupported,
        }
    }

    /// The protobuf enum's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unsupported => "UNSUPPORTED",
            Self::Init => "INIT",
            Self::InitAck => "INIT_ACK",
            Self::Shutdown => "SHUTDOWN",
            Self::ShutdownAck => "SHUTDOWN_ACK",
            Self::ShutdownComplete => "SHUTDOWN_COMPLETE",
            Self::Abort => "ABORT",
        }
    }
}
