//! Why an announcement is rejected.

/// The reason for which an announcement is not added to the table. The announcement still passes to
/// the next stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RejectReason {
    /// The table has `max_entries` entries.
    TableFull,
    /// The address or prefix is invalid.
    BadPrefix,
    /// A name or the labels are longer than Kubernetes allows.
    LongNames,
}

impl RejectReason {
    /// All notes.
    pub(super) const NOTES: [&'static str; 3] = [
        Self::TableFull.as_str(),
        Self::BadPrefix.as_str(),
        Self::LongNames.as_str(),
    ];

    /// The note in the ledger.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::TableFull => "enrich_table_full",
            Self::BadPrefix => "enrich_bad_prefix",
            Self::LongNames => "enrich_long_names",
        }
    }
}
