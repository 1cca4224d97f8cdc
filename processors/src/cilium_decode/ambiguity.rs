//! Ambiguities: events whose bytes can be read in several ways. A rule chooses one, and each choice
//! is counted.

use tidegate_model::tally::Tally;
use tidegate_wire::release::Releases;

/// A kind of ambiguity, with the rule that resolves it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ambiguity {
    /// The header of a version 1 drop has 32 bytes in 1.12 and 36 in later releases. An `EtherType`
    /// in the place where one of them would have it decides, otherwise it is 36.
    DropHeader,
    /// The number of a source file means different files in different releases: the newest release
    /// decides.
    DropSourceFile,
    /// 1.19 reordered the fields of a socket trace: what can be an address decides.
    TraceSockLayout,
    /// Since 1.16 Hubble takes the original source of a trace as a sign of egress: the newest
    /// release decides.
    TrafficDirection,
    /// Hubble's text of a debug message changed: the newest release decides.
    DebugText,
    /// Since 1.20 Hubble writes an IPv4-mapped address of a socket trace as IPv6: the newest
    /// release decides.
    MappedAddress,
    /// The header extension of a downstream build has no length: the captured length decides.
    HeaderExtension,
}

impl Ambiguity {
    const ALL: [Self; 7] = [
        Self::DropHeader,
        Self::DropSourceFile,
        Self::TraceSockLayout,
        Self::TrafficDirection,
        Self::DebugText,
        Self::MappedAddress,
        Self::HeaderExtension,
    ];

    /// The value of the label `choice`.
    const fn as_str(self) -> &'static str {
        match self {
            Self::DropHeader => "drop_header",
            Self::DropSourceFile => "drop_source_file",
            Self::TraceSockLayout => "trace_sock_layout",
            Self::TrafficDirection => "traffic_direction",
            Self::DebugText => "debug_text",
            Self::MappedAddress => "mapped_address",
            Self::HeaderExtension => "header_extension",
        }
    }

    /// The text to log.
    fn advice(self) -> &'static str {
        match self {
            Self::DropHeader => {
                "drops of Cilium 1.12 and 1.13 look alike; set `cilium_version` to distinguish them"
            }
            Self::DropSourceFile => {
                "several releases number the source files of drops differently; set \
                 `cilium_version` with its patch release to name them correctly"
            }
            Self::TraceSockLayout => {
                "socket traces of Cilium 1.18 and 1.19 look alike; set `cilium_version` to \
                 distinguish them"
            }
            Self::TrafficDirection => {
                "traces of Cilium 1.15 and 1.16 look alike, but Hubble derives their traffic \
                 direction differently; set `cilium_version` to distinguish them"
            }
            Self::DebugText => {
                "Hubble's text of some debug messages differs between releases; set \
                 `cilium_version` to select it"
            }
            Self::MappedAddress => {
                "Hubble of Cilium 1.19 and 1.20 writes IPv4-mapped addresses differently; set \
                 `cilium_version` to select the form"
            }
            Self::HeaderExtension => {
                "events have an extension that is not Cilium's; its length is derived from the \
                 length of the packet"
            }
        }
    }
}

/// The names of all ambiguities.
pub(super) const AMBIGUITIES: [&str; Ambiguity::ALL.len()] = {
    let mut names = [""; Ambiguity::ALL.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = Ambiguity::ALL[at].as_str();
        at += 1;
    }
    names
};

/// The releases that the sender can be of.
#[derive(Clone, Copy, Debug)]
pub(super) struct SenderReleases {
    /// According to the configuration and the events.
    pub(super) releases: Releases,
    /// According to the events alone.
    pub(super) shown: Releases,
}

/// The ambiguities of one batch, and which kinds have been logged.
#[derive(Debug, Default)]
pub(super) struct Ambiguities {
    counts: CountsByKind,
    is_logged: [bool; Ambiguity::ALL.len()],
    /// The ambiguities in the current stream that only the configuration resolved.
    resolved_by_configuration: CountsByKind,
}

/// Counts by kind of ambiguity.
type CountsByKind = [u64; Ambiguity::ALL.len()];

impl Ambiguities {
    pub(super) fn add(&mut self, ambiguity: Ambiguity) {
        self.counts[ambiguity as usize] += 1;
    }

    /// Counts an event if it is ambiguous for the releases that the sender can be of.
    pub(super) fn count_if(
        &mut self,
        ambiguity: Ambiguity,
        sender: SenderReleases,
        is_ambiguous: impl Fn(Releases) -> bool,
    ) {
        if is_ambiguous(sender.releases) {
            self.add(ambiguity);
        } else if sender.releases != sender.shown && is_ambiguous(sender.shown) {
            self.resolved_by_configuration[ambiguity as usize] += 1;
        }
    }

    /// To be called when another stream begins.
    pub(super) fn start_stream(&mut self) {
        self.resolved_by_configuration = CountsByKind::default();
    }

    /// Counts the events that only the configuration resolved, because the configuration turned out
    /// to be wrong. Returns the names and counts.
    pub(super) fn distrust_configuration(&mut self) -> Vec<(&'static str, u64)> {
        let distrusted = std::mem::take(&mut self.resolved_by_configuration);
        let mut names = Vec::new();
        for ambiguity in Ambiguity::ALL {
            let count = distrusted[ambiguity as usize];
            self.counts[ambiguity as usize] += count;
            if count > 0 {
                names.push((ambiguity.as_str(), count));
            }
        }
        names
    }

    /// Moves the counts to the stage's tally, and logs each kind once.
    pub(super) fn move_to(&mut self, tally: &mut Tally) {
        for ambiguity in Ambiguity::ALL {
            let count = std::mem::take(&mut self.counts[ambiguity as usize]);
            tally.ambiguous(ambiguity.as_str(), count);
            let is_logged = &mut self.is_logged[ambiguity as usize];
            if count > 0 && !std::mem::replace(is_logged, true) {
                tracing::warn!(choice = ambiguity.as_str(), "{}", ambiguity.advice());
            }
        }
    }
}
