//! What the bytes of an event leave open: which reading was chosen is a rule, and how often is in the books.

use tidegate_core::ledger::Tally;
use tidegate_wire::release::Releases;

/// A choice between readings that fit the same bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Doubt {
    /// A version 1 drop has 32 bytes in 1.12 and 36 after it: an `EtherType` behind one of them decides, else 36.
    DropHeader,
    /// A source file's number means another file in another release: the newest release decides.
    DropSourceFile,
    /// 1.19 reordered a socket trace: what can be an address decides.
    TraceSockLayout,
    /// Since 1.16 Hubble takes the original source of a trace for a sign of egress: the newest release decides.
    TrafficDirection,
    /// Hubble's text of a debug message changed: the newest release decides.
    DebugText,
    /// Since 1.20 Hubble writes an IPv4-mapped address of a socket trace as IPv6: the newest release decides.
    MappedAddress,
    /// A downstream build's extension of the header has no length: the captured length decides.
    HeaderExtension,
}

impl Doubt {
    const ALL: [Self; 7] = [
        Self::DropHeader,
        Self::DropSourceFile,
        Self::TraceSockLayout,
        Self::TrafficDirection,
        Self::DebugText,
        Self::MappedAddress,
        Self::HeaderExtension,
    ];

    /// The `choice` that it is counted by.
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

    fn advice(self) -> &'static str {
        match self {
            Self::DropHeader => "drops of Cilium 1.12 and 1.13 look alike; `cilium_version` settles which they are",
            Self::DropSourceFile => {
                "the source files of drops are numbered differently in several releases; `cilium_version` settles by which, \
                 written with its patch release"
            }
            Self::TraceSockLayout => {
                "socket traces of Cilium 1.18 and 1.19 look alike; `cilium_version` settles which they are"
            }
            Self::TrafficDirection => {
                "traces of Cilium 1.15 and 1.16 look alike, and Hubble's traffic direction differs; `cilium_version` \
                 settles which they are"
            }
            Self::DebugText => {
                "Hubble's text of some debug messages differs from release to release; `cilium_version` settles which it is"
            }
            Self::MappedAddress => {
                "Hubble of Cilium 1.19 and 1.20 write IPv4-mapped addresses differently; `cilium_version` settles which \
                 it is"
            }
            Self::HeaderExtension => {
                "events have an extension that is not Cilium's; its length is taken from the packet's"
            }
        }
    }
}

/// The `choice` of every doubt.
pub(super) const CHOICES: [&str; Doubt::ALL.len()] = {
    let mut choices = [""; Doubt::ALL.len()];
    let mut at = 0;
    while at < choices.len() {
        choices[at] = Doubt::ALL[at].as_str();
        at += 1;
    }
    choices
};

/// Which releases the sender can be of, by all that is known and by the events alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) releases: Releases,
    pub(super) shown: Releases,
}

/// Counts of one batch, and what was said of them already.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    counts: Counts,
    said: [bool; Doubt::ALL.len()],
    /// What only the configuration settled in the stream at hand.
    by_configuration: Counts,
}

type Counts = [u64; Doubt::ALL.len()];

impl Doubts {
    pub(super) fn add(&mut self, doubt: Doubt) {
        self.counts[doubt as usize] += 1;
    }

    /// Counts a choice if it is open for the releases that are known.
    pub(super) fn judge(&mut self, doubt: Doubt, known: Known, is_open: impl Fn(Releases) -> bool) {
        if is_open(known.releases) {
            self.add(doubt);
        } else if known.releases != known.shown && is_open(known.shown) {
            self.by_configuration[doubt as usize] += 1;
        }
    }

    /// Begins with another stream.
    pub(super) fn forget(&mut self) {
        self.by_configuration = Counts::default();
    }

    /// The configuration has turned out to be wrong: what only it settled is counted as open after all, and is
    /// returned by choice.
    pub(super) fn distrust(&mut self) -> Vec<(&'static str, u64)> {
        let wrong = std::mem::take(&mut self.by_configuration);
        let wrong = Doubt::ALL.map(|doubt| (doubt, wrong[doubt as usize]));
        for (doubt, count) in wrong {
            self.counts[doubt as usize] += count;
        }
        wrong.into_iter().filter(|(_, count)| *count > 0).map(|(doubt, count)| (doubt.as_str(), count)).collect()
    }

    /// Moves the counts into the books. What is new there is logged.
    pub(super) fn enter(&mut self, tally: &mut Tally) {
        for doubt in Doubt::ALL {
            let count = std::mem::take(&mut self.counts[doubt as usize]);
            tally.ambiguous(doubt.as_str(), count);
            if count > 0 && !std::mem::replace(&mut self.said[doubt as usize], true) {
                tracing::warn!(choice = doubt.as_str(), "{}", doubt.advice());
            }
        }
    }
}
