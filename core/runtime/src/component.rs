//! The kinds of components. Each kind is a constant with its name, keys and parser, and a stage
//! crate lists its kinds in `lib.rs`. Parsing, building and running are separate steps; nothing is
//! opened or bound before a component runs.

mod file_use;
mod finding;
mod outcomes;
mod position;
mod variables;

pub use file_use::{FileContent, FileUse};
pub use finding::{Finding, Lint, Place};
pub use outcomes::{Cause, Outcomes, Reasons};
pub use position::{ChainPosition, FlowContent};
pub use variables::{Environment, Variables};

use std::fmt::Debug;
use std::net::SocketAddr;

use toml::de::ValueDeserializer;

use tidegate_model::record::Kinds;

use crate::config::{ByteSize, Key, RequestQueue};
use crate::exclusive::ExclusiveResource;
use crate::health::Health;
use crate::limits::Limits;
use crate::requests::{RequestKind, Requests};
use crate::stage::{Exporter, Processor, Receiver};
use crate::stage_id::StageId;
use crate::telemetry::Telemetry;

/// A kind of component. `C` is the trait of its configuration.
pub struct ComponentKind<C: ?Sized + 'static> {
    /// The name in configuration files.
    pub name: &'static str,
    /// What it does: the doc comment of its table. The first paragraph is a summary.
    pub about: &'static str,
    /// Its keys, in the order of the documentation.
    pub keys: &'static [Key],
    /// All names that it counts by in the ledger.
    pub outcomes: Outcomes,
    /// Parses its table. Spans of errors are those of the file.
    pub parse: fn(ValueDeserializer<'_>) -> Result<Box<C>, toml::de::Error>,
}

/// A kind of receiver.
pub type ReceiverKind = ComponentKind<dyn ReceiverConfig>;
/// A kind of processor.
pub type ProcessorKind = ComponentKind<dyn ProcessorConfig>;
/// A kind of exporter.
pub type ExporterKind = ComponentKind<dyn ExporterConfig>;

/// Cilium's default name of a cluster.
pub const DEFAULT_CLUSTER: &str = "default";

/// What components are built with.
#[derive(Clone, Debug)]
pub struct BuildContext {
    /// The component's name in the ledger and in telemetry, such as `exporters.otlp/backup`.
    pub stage: StageId,
    /// The node as Hubble names it on flows: `<cluster>/<node>`, or the node alone in the cluster
    /// `default`.
    pub node_name: String,
    /// Creates its instruments.
    pub telemetry: Telemetry,
    /// Reports failure and recovery.
    pub health: Health,
    /// Sends requests to the receivers of its pipeline, or of all pipelines that a receiver feeds;
    /// [reads](Requests::reader) them in a receiver.
    pub requests: Requests,
}

impl BuildContext {
    /// The node's name without its cluster, as Hubble's exporter writes it on lost and agent
    /// events.
    #[must_use]
    pub fn bare_node_name(&self) -> &str {
        self.node_name
            .split_once('/')
            .map_or(&self.node_name, |(_, node)| node)
    }

    /// The cluster's name, `default` included.
    #[must_use]
    pub fn cluster_name(&self) -> &str {
        self.node_name
            .split_once('/')
            .map_or(DEFAULT_CLUSTER, |(cluster, _)| cluster)
    }
}

/// An invalid value that its type allows.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct BuildError {
    /// The key of the value.
    pub key: &'static str,
    /// The error, and what to do.
    pub message: String,
}

/// A receiver's configuration.
pub trait ReceiverConfig: Debug + Send {
    /// The kinds of records that it produces.
    fn produces(&self) -> Kinds;
    /// Whether its source can wait without loss, as a file can.
    fn can_wait(&self) -> bool;
    /// The kinds of requests that it sends to other receivers of its pipelines.
    fn sends_requests(&self) -> &'static [RequestKind] {
        &[]
    }
    /// The kinds of requests that it reads.
    fn takes_requests(&self) -> &'static [RequestKind] {
        &[]
    }
    /// Whether it reads the standard input of the process.
    fn reads_standard_input(&self) -> bool {
        false
    }
    /// The addresses that it listens on.
    fn listens(&self) -> Vec<SocketAddr> {
        Vec::new()
    }
    /// Whether it needs the name that Kubernetes has for the node, which is not always that of the
    /// host, and takes it from the [context](BuildContext).
    fn needs_node_name(&self) -> bool {
        false
    }
    /// Errors that `build` cannot place, and warnings.
    fn inspect(&self) -> Vec<Finding> {
        Vec::new()
    }
    /// The files that it reads when it runs.
    fn files(&self) -> Vec<FileUse> {
        Vec::new()
    }
    /// Builds the component.
    fn build(&self, context: &BuildContext) -> Result<Box<dyn Receiver>, BuildError>;
}

/// A processor's configuration.
pub trait ProcessorConfig: Debug + Send {
    /// The kinds of records that it processes; at least one must arrive.
    fn consumes(&self) -> Kinds;
    /// The kinds of records that it outputs for `input`.
    fn produces(&self, input: Kinds) -> Kinds;
    /// The kinds of requests that it sends to receivers of its pipeline.
    fn sends_requests(&self) -> &'static [RequestKind] {
        &[]
    }
    /// Replaces defaults of keys that the file does not give by environment variables. Called once,
    /// after parsing.
    fn use_environment(&mut self, environment: Environment<'_>) {
        let _ = environment;
    }
    /// What it contributes to flows that other processors can depend on.
    fn contributes(&self) -> &'static [FlowContent] {
        &[]
    }
    /// Errors that `build` cannot place, and warnings. Called for each pipeline
    /// that has the processor.
    fn inspect(&self, position: &ChainPosition) -> Vec<Finding> {
        let _ = position;
        Vec::new()
    }
    /// The files that it reads when it runs.
    fn files(&self) -> Vec<FileUse> {
        Vec::new()
    }
    /// The kinds of records that it creates only for a later processor that absorbs them. They are
    /// not among those that it [produces](Self::produces).
    fn creates_on_demand(&self) -> Kinds {
        Kinds::NONE
    }
    /// Builds the component, once per pipeline. It creates nothing on demand.
    fn build(&self, context: &BuildContext) -> Result<Box<dyn Processor>, BuildError>;
    /// Builds the component for a pipeline in which a later processor absorbs the kinds `demanded`
    /// of those that it creates on demand.
    fn build_for(
        &self,
        demanded: Kinds,
        context: &BuildContext,
    ) -> Result<Box<dyn Processor>, BuildError> {
        let _ = demanded;
        self.build(context)
    }
}

/// An exporter's configuration.
pub trait ExporterConfig: Debug + Send {
    /// The kinds of records that it takes: its `signals`.
    fn consumes(&self) -> Kinds;
    /// The addresses that it listens on.
    fn listens(&self) -> Vec<SocketAddr> {
        Vec::new()
    }
    /// The resources that it holds exclusively while it runs.
    fn exclusive_resources(&self) -> Vec<ExclusiveResource> {
        self.listens()
            .into_iter()
            .map(ExclusiveResource::Address)
            .collect()
    }
    /// The default limits of its inbox; `when_full` depends on the wiring.
    fn default_queue(&self) -> Limits {
        Limits::DEFAULT
    }
    /// Replaces defaults of keys that the file does not give by environment variables. Called once,
    /// after parsing.
    fn use_environment(&mut self, environment: Environment<'_>) {
        let _ = environment;
    }
    /// Sets the keys of its `queue` table that are not about the inbox. Returns the default of
    /// `requests`; `None` if it keeps no requests and has no such keys.
    fn keep_requests(&mut self, queue: RequestQueue) -> Option<ByteSize> {
        let _ = queue;
        None
    }
    /// Errors that `build` cannot place, and warnings.
    fn inspect(&self) -> Vec<Finding> {
        Vec::new()
    }
    /// The files that it reads when it runs.
    fn files(&self) -> Vec<FileUse> {
        Vec::new()
    }
    /// Builds the component.
    fn build(&self, context: &BuildContext) -> Result<Box<dyn Exporter>, BuildError>;
}
