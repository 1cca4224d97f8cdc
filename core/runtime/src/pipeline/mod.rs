//! Runs stages: wires them with edges, keeps their books, ends them in order, and changes the
//! wiring of what runs.

mod chain;
mod control;
mod failure;
mod heritage;
mod place;
mod run;
mod runtimes;
mod segment;
mod tasks;
mod topology;
mod wiring;

pub use control::{Change, Control, Stopping};
pub use failure::Failure;
pub use run::Running;
pub use runtimes::Runtimes;
pub use topology::{ExporterNode, PipelineNode, ProcessorNode, ReceiverNode, Topology};
