//! What is known about the records of a stage that is aborted.

/// Where the records of a ticket are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whereabouts {
    /// In the process only.
    Here,
    /// A peer may have received them.
    AtPeer,
    /// In a queue on disk.
    Stored,
}
