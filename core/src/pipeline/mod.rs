//! Runs stages: wires them with edges, keeps their books, ends them in order, and changes the
//! wiring of what runs.

mod chain;
mod control;
mod fan_out;
mod heritage;
mod place;
mod repeats;
mod run;
mod runtimes;
mod segment;
mod tasks;
mod topology;
mod wiring;

pub use control::{Change, Control, Stopping};
pub(crate) use fan_out::{Admitted, FanOut, send};
pub(crate) use repeats::RepeatRequests;
pub use run::{Failure, Running};
pub use runtimes::Runtimes;
pub use topology::{ExporterNode, Hold, PipelineNode, ProcessorNode, ReceiverNode, Topology};
