//! Why lines are not written.

use std::io;

use tidegate_runtime::component::{Cause, Reasons};

/// The reader has closed the output.
pub(super) const OUTPUT_CLOSED: &str = "output_closed";
/// Writing to the output failed.
pub(super) const WRITE_FAILED: &str = "write_failed";

/// The reasons for dropping lines.
pub(super) const REASONS: &[Reasons] = &[
    Reasons {
        cause: Cause::Unwanted,
        names: &[OUTPUT_CLOSED],
    },
    Reasons::load(&[WRITE_FAILED]),
];

/// Lines could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to {output}")]
pub struct WriteError {
    pub(super) output: String,
    pub(super) source: io::Error,
}
