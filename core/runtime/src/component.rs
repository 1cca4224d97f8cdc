//! How a stage crate tells the agent which kinds of components it has: each kind is a constant with
//! its name, its keys and its parser, and the crate's `lib.rs` lists them. Parsing, building and
//! running are three steps; nothing is opened or bound before a component runs.

mod outcomes;

pub use outcomes::{Cause, Outcomes, Reasons};

use std::fmt::Debug;
use std::net::SocketAddr;

use toml::de::ValueDeserializer;

use tidegate_model::record::Kinds;

use crate::config::Key;
use crate::health::Health;
use crate::hold::Hold;
use crate::limits::Limits;
use crate::stage::{Exporter, Processor, Receiver};
use crate::stage_id::StageId;
use crate::telemetry::Telemetry;

/// A kind of component. `C` is what its configuration can do.
pub struct ComponentKind<C: ?Sized + 'static> {
    /// The name in configuration files.
    pub name: &'static str,
    /// What it does: the doc comment of its table. The first paragraph is a summary.
    pub about: &'static str,
    /// Its keys, in the order of the documentation.
    pub keys: &'static [Key],
    /// Everything that it counts in the books by a name.
    pub outcomes: Outcomes,
    /// Reads its table. Positions in errors are those of the file.
    pub parse: fn(ValueDeserializer<'_>) -> Result<Box<C>, toml::de::Error>,
}

/// A kind of receiver.
pub type ReceiverKind = ComponentKind<dyn ReceiverConfig>;
/// A kind of processor.
pub type ProcessorKind = ComponentKind<dyn ProcessorConfig>;
/// A kind of exporter.
pub type ExporterKind = ComponentKind<dyn ExporterConfig>;

/// Cilium's name for a cluster that was given none.
pub const DEFAULT_CLUSTER: &str = "default";

/// What components are built with.
#[derive(Clone, Debug)]
pub struct BuildContext {
    /// The component's name in books and telemetry, such as `exporters.otlp/backup`.
    pub stage: StageId,
    /// The node as Hubble names it on flows: `<cluster>/<node>`, or the node alone in the cluster
    /// `default`.
    pub node_name: String,
    /// For instruments of its own.
    pub telemetry: Telemetry,
    /// Where it reports that it cannot do its work, and that it can again.
    pub health: Health,
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

/// What is wrong with a value that its type allows.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct BuildError {
    /// The key that the value belongs to.
    pub key: &'static str,
    /// What is wrong, and what to do.
    pub message: String,
}

/// A receiver's configuration.
pub trait ReceiverConfig: Debug + Send {
    /// The kinds of records that it makes.
    fn produces(&self) -> Kinds;
    /// Whether its source can be kept waiting without losing anything, as a file can be.
    fn can_wait(&self) -> bool;
    /// Addresses that it listens on.
    fn listens(&self) -> Vec<SocketAddr> {
        Vec::new()
    }
    /// Makes the component.
    fn build(&self, context: &BuildContext) -> Result<Box<dyn Receiver>, BuildError>;
}

/// A processor's configuration.
pub trait ProcessorConfig: Debug + Send {
    /// The kinds of records that it works on; one of them has to arrive.
    fn consumes(&self) -> Kinds;
    /// The kinds that leave it when `input` arrives.
    fn produces(&self, input: Kinds) -> Kinds;
    /// Makes the component, once for each pipeline.
    fn build(&self, context: &BuildContext) -> Result<Box<dyn Processor>, BuildError>;
}

/// An exporter's configuration.
pub trait ExporterConfig: Debug + Send {
    /// The kinds of records that it takes: its `signals`.
    fn consumes(&self) -> Kinds;
    /// Addresses that it listens on.
    fn listens(&self) -> Vec<SocketAddr> {
        Vec::new()
    }
    /// What nobody else can hold while it runs.
    fn holds(&self) -> Vec<Hold> {
        self.listens().into_iter().map(Hold::Address).collect()
    }
    /// Its inbox, where the configuration does not say otherwise; what happens when it is full
    /// depends on the wiring then.
    fn default_queue(&self) -> Limits {
        Limits::DEFAULT
    }
    /// Makes the component.
    fn build(&self, context: &BuildContext) -> Result<Box<dyn Exporter>, BuildError>;
}
