//! Runs stages: wires them with edges, keeps their books, ends them in order, and changes the
//! wiring of what runs.

mod chain;
mod chain_task;
mod error;
mod handover;
mod place;
mod reload;
mod run;
mod runtimes;
mod tasks;
mod topology;
mod wiring;

pub use error::RunError;
pub use reload::{ReloadHandle, ShuttingDown, TopologyChange};
pub use run::RunningTopology;
pub use runtimes::Runtimes;
pub use topology::{ExporterNode, PipelineNode, ProcessorNode, ReceiverNode, Topology};
