//! What a stage did with a record.

/// What becomes of one record in a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on.
    Keep,
    /// It was taken out on the operator's wish; the rule's name.
    Filtered(&'static str),
    /// It is lost; the reason.
    Dropped(&'static str),
    /// It went into an aggregation table, or was delivered.
    Absorbed,
}
