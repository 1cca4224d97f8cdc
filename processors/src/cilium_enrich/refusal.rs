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
    /// All notes.
    pub(super) const NOTES: [&'static str; 3] = [
        Self::TableFull.as_str(),
        Self::BadPrefix.as_str(),
        Self::LongNames.as_str(),
    ];

    /// The note in the books.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::TableFull => "enrich_table_full",
            Self::BadPrefix => "enrich_bad_prefix",
            Self::LongNames => "enrich_long_names",
        }
    }
}
