//! Where stages run. Data passes from receivers through processors to exporters on a thread of its
//! pipeline, so that a batch stays in one processor's cache; stages that block, or take long, [run
//! apart](crate::stage::Exporter::runs_apart).

use tokio::runtime::Handle;

/// The runtimes of a topology.
#[derive(Clone, Debug)]
pub struct Runtimes {
    io: Handle,
    data: Vec<Handle>,
}

/// A stage's place among them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Placement {
    /// With the processors of the pipeline at this index.
    Data(usize),
    /// With input and output.
    Io,
}

impl Runtimes {
    /// Pipelines take turns at the runtimes in `data`, each of which should have one thread;
    /// without any, all is done on `io`.
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
    /// One for everything.
    fn from(runtime: &Handle) -> Self {
        Self::new(runtime.clone(), Vec::new())
    }
}
