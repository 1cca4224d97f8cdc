//! Where entries are from.

use tidegate_model::names::NamesSource;

/// The source that last stated an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The agent's announcements on the monitor socket.
    Announced,
    /// A list, or an answer of a DNS server.
    Listed(NamesSource),
}

impl Origin {
    /// All origins.
    pub const ALL: [Self; 4] = [
        Self::Announced,
        Self::Listed(NamesSource::CiliumApi),
        Self::Listed(NamesSource::Kubernetes),
        Self::Listed(NamesSource::Dns),
    ];

    /// The name in telemetry.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Announced => "monitor",
            Self::Listed(source) => source.name(),
        }
    }
}
