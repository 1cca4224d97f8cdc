//! Why an entry is not added.

/// The reason for which an announcement, or an entry of a list, is not added to the table. An
/// announcement still passes to the next stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectReason {
    /// The table is full, and nothing in it can be had again; or the labels of all entries take as much
    /// memory as they may.
    TableFull,
    /// The address or prefix is invalid.
    BadPrefix,
    /// A name, the labels or the addresses of an entry are longer, or more, than Kubernetes and Cilium
    /// give.
    LongNames,
}

impl RejectReason {
    /// The note in the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TableFull => "enrich_table_full",
            Self::BadPrefix => "enrich_bad_prefix",
            Self::LongNames => "enrich_long_names",
        }
    }
}
