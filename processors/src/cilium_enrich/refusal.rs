//! Why an announcement is not remembered.

/// The reason; the announcement itself passes all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// As many entries as may be are remembered.
    TableFull,
    /// It is about something that is neither an address nor a prefix.
    BadPrefix,
    /// A name or the labels are longer than Kubernetes lets them be.
    LongNames,
}

impl Refusal {
    /// The note in the books.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::TableFull => "enrich_table_full",
            Self::BadPrefix => "enrich_bad_prefix",
            Self::LongNames => "enrich_long_names",
        }
    }
}
