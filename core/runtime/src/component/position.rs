//! Where a processor is in a pipeline, as far as its configuration can depend on it.

use tidegate_model::record::Kinds;

/// What a processor contributes to flows beyond making them of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowContent {
    /// Names of pods.
    Names,
    /// Flows of DNS messages.
    Dns,
    /// Flows of HTTP messages.
    Http,
    /// Flows of messages of other L7 protocols, such as Kafka.
    OtherL7,
    /// Flows of sockets.
    Sockets,
}

/// The place of a processor in a pipeline.
#[derive(Clone, Debug)]
pub struct ChainPosition {
    /// The kinds of records that the pipeline's receivers create.
    pub received: Kinds,
    /// The kinds of records that arrive.
    pub arriving: Kinds,
    /// What earlier processors contribute to flows.
    pub earlier: Vec<FlowContent>,
    /// What later processors contribute to flows.
    pub later: Vec<FlowContent>,
    /// The kinds of records that later processors create.
    pub created_later: Kinds,
}
