//! Runs stages: wires them with edges, keeps their books, and ends them in order.

mod fan_out;
mod place;
mod run;
mod segment;
mod topology;

pub(crate) use fan_out::{FanOut, send};
pub use run::{Failure, Running};
pub use topology::{ExporterNode, PipelineNode, ProcessorNode, ReceiverNode, Topology};
