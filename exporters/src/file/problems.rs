//! Failures that lose no record: of rotation, removal, compression, `fsync`, and opening a file anew.
//! Each is counted, and shown in the exporter's health until the same operation succeeds.

use std::io;

use tidegate_runtime::component::BuildContext;
use tidegate_runtime::telemetry::Counter;

/// What can fail without a loss.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operation {
    Rotation,
    Removal,
    Compression,
    Sync,
    Opening,
}

impl Operation {
    const ALL: [Self; 5] = [
        Self::Rotation,
        Self::Removal,
        Self::Compression,
        Self::Sync,
        Self::Opening,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Rotation => "rotation",
            Self::Removal => "removal",
            Self::Compression => "compression",
            Self::Sync => "sync",
            Self::Opening => "opening",
        }
    }

    fn problem(self, error: &io::Error) -> String {
        match self {
            Self::Rotation => format!("cannot rotate the file, which grows: {error}"),
            Self::Removal => format!("cannot remove old rotated files: {error}"),
            Self::Compression => format!("cannot compress a rotated file: {error}; trying again"),
            Self::Sync => format!("cannot write the file to disk: {error}"),
            Self::Opening => {
                format!(
                    "writing to the file that was moved, since no new one can be opened: {error}"
                )
            }
        }
    }
}

/// The last outcomes of one operation.
#[derive(Clone, Debug)]
pub(super) struct Outcomes {
    operation: Operation,
    failures: Counter,
    problem: Option<String>,
}

impl Outcomes {
    /// Enters an outcome.
    pub(super) fn note(&mut self, result: io::Result<()>) {
        self.problem = result.err().map(|error| {
            self.failures.add(1);
            self.operation.problem(&error)
        });
    }

    /// What is wrong, if the last outcome was a failure.
    pub(super) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }
}

/// The last outcomes of all operations.
#[derive(Clone, Debug)]
pub(super) struct Problems([Outcomes; Operation::ALL.len()]);

impl Problems {
    /// Registers the counters.
    pub(super) fn new(context: &BuildContext) -> Self {
        Self(Operation::ALL.map(|operation| Outcomes {
            operation,
            failures: context.telemetry.counter(
                "tidegate_file_failures_total",
                "Failures of the file exporter that lose no record, by what failed",
                &[("stage", context.stage.as_str()), ("of", operation.name())],
            ),
            problem: None,
        }))
    }

    /// The outcomes of an operation.
    pub(super) fn of(&mut self, operation: Operation) -> &mut Outcomes {
        &mut self.0[operation as usize]
    }

    /// The first problem there is.
    pub(super) fn first(&self) -> Option<&str> {
        self.0.iter().find_map(Outcomes::problem)
    }
}
