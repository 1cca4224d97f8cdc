//! What the bytes of an event leave open: which reading was chosen is a rule, and how often is in
//! the books.

use tidegate_model::tally::Tally;
use tidegate_wire::release::Releases;

/// A choice between readings that fit the same bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Choice {
    /// A version 1 drop has 32 bytes in 1.12 and 36 after it: an `EtherType` behind one of them
    /// decides, else 36.
    DropHeader,
    /// A source file's number means another file in another release: the newest release decides.
    DropSourceFile,
    /// 1.19 reordered a socket trace: what can be an address decides.
    TraceSockLayout,
    /// Since 1.16 Hubble takes the original source of a trace for a sign of egress: the newest
    /// release decides.
    TrafficDirection,
    /// Hubble's text of a debug message changed: the newest release decides.
    DebugText,
    /// Since 1.20 Hubble writes an IPv4-mapped address of a socket trace as IPv6: the newest
    /// release decides.
    MappedAddress,
    /// A downstream build's extension of the header has no length: the captured length decides.
    HeaderExtension,
}

impl Choice {
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
            Self::DropHeader => {
                "drops of Cilium 1.12 and 1.13 look alike; `cilium_version` settles which they are"
            }
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

/// The names of all choices.
pub(super) const CHOICES: [&str; Choice::ALL.len()] = {
    let mut choices = [""; Choice::ALL.len()];
    let mut at = 0;
    while at < choices.len() {
        choices[at] = Choice::ALL[at].as_str();
        at += 1;
    }
    choices
};

/// The releases that the sender can be of: by the configuration and the events, and by the events
/// alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct SenderReleases {
    pub(super) releases: Releases,
    pub(super) shown: Releases,
}

/// Choices that were open in one batch, and which of them have been logged.
#[derive(Debug, Default)]
pub(super) struct Choices {
    counts: Counts,
    logged: [bool; Choice::ALL.len()],
    /// What only the configuration settled in the stream at hand.
    by_configuration: Counts,
}

type Counts = [u64; Choice::ALL.len()];

impl Choices {
    pub(super) fn add(&mut self, choice: Choice) {
        self.counts[choice as usize] += 1;
    }

    /// Counts a choice if it is open for these releases.
    pub(super) fn count_if_open(
        &mut self,
        choice: Choice,
        sender: SenderReleases,
        is_open: impl Fn(Releases) -> bool,
    ) {
        if is_open(sender.releases) {
            self.add(choice);
        } else if sender.releases != sender.shown && is_open(sender.shown) {
            self.by_configuration[choice as usize] += 1;
        }
    }

    /// For the beginning of another stream.
    pub(super) fn reset(&mut self) {
        self.by_configuration = Counts::default();
    }

    /// Counts as open what only the configuration settled, because the configuration is wrong;
    /// returns the counts by choice.
    pub(super) fn reopen(&mut self) -> Vec<(&'static str, u64)> {
        let counts = std::mem::take(&mut self.by_configuration);
        let reopened = Choice::ALL.map(|choice| (choice, counts[choice as usize]));
        for (choice, count) in reopened {
            self.counts[choice as usize] += count;
        }
        reopened
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(choice, count)| (choice.as_str(), count))
            .collect()
    }

    /// Moves the counts into the books. What is new there is logged.
    pub(super) fn enter(&mut self, tally: &mut Tally) {
        for choice in Choice::ALL {
            let count = std::mem::take(&mut self.counts[choice as usize]);
            tally.ambiguous(choice.as_str(), count);
            if count > 0 && !std::mem::replace(&mut self.logged[choice as usize], true) {
                tracing::warn!(choice = choice.as_str(), "{}", choice.advice());
            }
        }
    }
}
