//! Counts the allocations of our pipelines in this process, once, since the count hardly varies, and
//! never during a timed run.

use std::error::Error;
use std::path::Path;
use tidegate_runtime::stage_id::StageId;

use dhat::{HeapStats, Profiler};

use crate::agent::plan::Component;
use crate::in_process::{Pipeline, configuration, context};

#[global_allocator]
static COUNTING: dhat::Alloc = dhat::Alloc;

/// Allocated blocks and bytes.
#[derive(Clone, Copy)]
pub(crate) struct Allocations {
    pub(crate) blocks: f64,
    pub(crate) bytes: f64,
}

impl Allocations {
    /// Scales the counts for `events` events to a million.
    pub(crate) fn per_million(self, events: f64) -> Self {
        Self {
            blocks: self.blocks * 1e6 / events,
            bytes: self.bytes * 1e6 / events,
        }
    }
}

/// Counts the allocations of a recording through processors.
pub(crate) fn count(
    recording: &Path,
    processors: &[Component<'_>],
) -> Result<Allocations, Box<dyn Error>> {
    let file = format!("file = \"{}\"", recording.display());
    let receiver = configuration(tidegate_receivers::KINDS, &("replay", &file))?
        .build(&context(&StageId::receiver("replay")))?;
    let pipeline = Pipeline::new(receiver, processors)?;
    let profiler = Profiler::builder().testing().build();
    pipeline.run()?;
    let stats = HeapStats::get();
    drop(profiler);
    Ok(Allocations {
        blocks: stats.total_blocks as f64,
        bytes: stats.total_bytes as f64,
    })
}
