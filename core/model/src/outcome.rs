//! Outcomes of records in a stage.

/// The outcome of one record in a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The record stays in the batch.
    Keep,
    /// The record was removed by a configured filter, with the name of the rule.
    Filtered(&'static str),
    /// The record was dropped, with the reason.
    Dropped(&'static str),
    /// The record was aggregated or delivered.
    Absorbed,
}
