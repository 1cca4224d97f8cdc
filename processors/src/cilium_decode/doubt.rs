//! What the bytes of an event leave open: which reading was chosen is a rule, and how often is in the books.

use tidegate_core::ledger::Tally;

/// A choice between readings that fit the same bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Doubt {
    /// A version 1 drop has 32 bytes in 1.12 and 36 after it: an `EtherType` behind one of them decides, else 36.
    DropHeader,
    /// A source file's number means another file in another release: the newest release decides.
    DropSourceFile,
    /// 1.19 reordered a socket trace: what can be an address decides.
    TraceSockLayout,
    /// A downstream build's extension of the header has no length: the captured length decides.
    HeaderExtension,
}

impl Doubt {
    const ALL: [Self; 4] = [Self::DropHeader, Self::DropSourceFile, Self::TraceSockLayout, Self::HeaderExtension];

    /// The `choice` that it is counted by.
    const fn as_str(self) -> &'static str {
        match self {
            Self::DropHeader => "drop_header",
            Self::DropSourceFile => "drop_source_file",
            Self::TraceSockLayout => "trace_sock_layout",
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

/// Counts of one batch, and what was said of them already.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    counts: [u64; Doubt::ALL.len()],
    said: [bool; Doubt::ALL.len()],
}

impl Doubts {
    pub(super) fn add(&mut self, doubt: Doubt) {
        self.counts[doubt as usize] += 1;
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
