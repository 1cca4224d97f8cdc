//! Runs stages: connects them with edges, keeps the ledger, ends them in order, and applies
//! reloads.

mod chain;
mod chain_task;
mod error;
mod handover;
mod reload;
mod run;
mod runtimes;
mod stage_cursor;
mod tasks;
mod topology;
mod wiring;

pub use error::RunError;
pub use reload::{Refreshed, ReloadHandle, ShuttingDown, TopologyChange};
pub use run::RunningTopology;
pub use runtimes::Runtimes;
pub use topology::{ExporterNode, PipelineNode, ProcessorNode, ReceiverNode, Topology};
