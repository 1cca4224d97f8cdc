//! The runtimes that stages run on. Receivers, processors and exporters of a pipeline run on one
//! thread, so that a batch stays in one CPU's cache; stages that block or take long [run
//! apart](crate::stage::Exporter::runs_apart).

use tokio::runtime::Handle;

/// The runtimes of a topology.
#[derive(Clone, Debug)]
pub struct Runtimes {
    io: Handle,
    data: Vec<Handle>,
}

/// The runtime of a stage.
#[derive(Clone, Copy, Debug)]
pub(super) enum Placement {
    /// With the processors of the pipeline at this index.
    Data(usize),
    /// With blocking input and output.
    Io,
}

impl Runtimes {
    /// Pipelines are distributed over the runtimes in `data`, each of which should have one thread;
    /// without any, everything runs on `io`.
    #[must_use]
    pub fn new(io: Handle, data: Vec<Handle>) -> Self {
        Self { io, data }
    }

    pub(super) fn of(&self, placement: Placement) -> &Handle {
        match placement {
            Placement::Data(pipeline) if !self.data.is_empty() => {
                &self.data[pipeline % self.data.len()]
            }
            _ => &self.io,
        }
    }
}

impl From<&Handle> for Runtimes {
    /// Uses one runtime for everything.
    fn from(runtime: &Handle) -> Self {
        Self::new(runtime.clone(), Vec::new())
    }
}
