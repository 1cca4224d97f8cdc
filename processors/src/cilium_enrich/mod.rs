//! `cilium_enrich`: names the endpoints of flows, from what the Cilium agent announces on its
//! socket, from lists of its API and of the Kubernetes API, and from answers of DNS servers, with
//! the rules of Hubble's parsers (v1.19.4).
//!
//! Agent events pass unchanged; lists of names are absorbed. Flows get the identity, endpoint id,
//! namespace, pod, labels, cluster, workload, service, DNS names and interface that they lack, and
//! their direction if it depends on the endpoint id. Flows of sockets also get the address of their
//! pod. Debug events get the endpoint that sent them.
//!
//! The table is in the crate `tidegate-names`, and shared by all pipelines with this component.
//! Without an API, it has what the agent announces, which is only changes: addresses are announced
//! again when the agent restarts, endpoints are not. Unknown fields stay empty.

mod change_log;
mod enrich;
mod flow;
mod metrics;
mod policies;
mod policy_requests;

use serde::Deserialize;
use tidegate_model::{Kind, Kinds};
use tidegate_names::{RejectReason, Settings, SharedTable};
use tidegate_runtime::component::{
    BuildContext, BuildError, ChainPosition, ComponentKind, Finding, FlowContent, Outcomes,
    ProcessorConfig, ProcessorKind,
};
use tidegate_runtime::config::{HumanDuration, Table as _, Whole};
use tidegate_runtime::requests::RequestKind;
use tidegate_runtime::stage::Processor;

use enrich::CiliumEnrich;

/// The rule by which flows of sockets are removed whose control group belongs to no pod.
const UNKNOWN_CGROUP: &str = "unknown_cgroup";
/// An entry was removed to make room for another one.
const EVICTED: &str = "enrich_evicted";
const NOTES: &[&str] = &[
    RejectReason::TableFull.as_str(),
    RejectReason::BadPrefix.as_str(),
    RejectReason::LongNames.as_str(),
    EVICTED,
];

/// The kind.
pub const KIND: ProcessorKind = ComponentKind {
    name: "cilium_enrich",
    about: Config::ABOUT,
    keys: Config::KEYS,
    outcomes: Outcomes {
        filtered: &[UNKNOWN_CGROUP],
        noted: NOTES,
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(Enrich::new(Config::deserialize(table)?))),
};

tidegate_runtime::config_table! {
    /// Adds names to flows: pods, labels, workloads, services, DNS names, interfaces, policies, labels
    /// of the node. They come from what the Cilium agent announces on the socket, and from receivers of
    /// names in the same pipeline, such as `cilium_api`.
    ///
    /// Without such a receiver, pods that existed before stay without names until the agent restarts
    /// or they change. All pipelines with this component share one table; list a second component,
    /// such as `cilium_enrich/recording`, for the flows of another agent. Leave it out of the pipeline
    /// for flows with numbers and addresses alone.
    #[derive(Clone, Copy, Debug)]
    pub struct Config {
        /// The number of addresses, prefixes and endpoints to remember, together, at about 150 bytes
        /// each: one per pod address of the cluster and its mesh, and one per pod of the node. If the
        /// agent's API feeds the table, further ones replace the pods of other nodes that no flow has
        /// shown for long, with the note `enrich_evicted`. Without it they are refused, since the old
        /// ones are never announced again, and stay unnamed, with the note `enrich_table_full`.
        pub max_entries: Whole<1, { 1 << 24 }> = Whole::new(131_072),
        /// The number of pairs of a pod and an address whose DNS names are remembered, at about 400
        /// bytes each; beyond it, those that expire first are forgotten. 0 shows no DNS names. Hubble
        /// shows only those that a DNS policy lets Cilium's proxy see; this shows those in captured
        /// packets, too.
        pub max_dns_names: Whole<0, { 1 << 20 }> = Whole::new(16_384),
        /// How long the names of a deleted pod are still used, for the last packets of its
        /// connections. "0s" forgets them at once, as Hubble does.
        pub keep_deleted: HumanDuration = HumanDuration::from_secs(5),
        /// Whether the workload of a pod of this node is inferred from the labels of its controller
        /// if the Kubernetes API is not read. That is wrong for some pods with names of more than 58
        /// characters.
        pub infer_workloads: bool = true,
        /// Whether flows of sockets (`sock_flow`) are removed if their control group belongs to no
        /// pod, with the rule `unknown_cgroup`, as Hubble does by default. Only once the agent's API
        /// has listed the control groups.
        pub skip_unknown_cgroups: bool = true,
    }
}

impl Config {
    fn settings(&self) -> Settings {
        Settings {
            max_entries: self.max_entries.get(),
            max_dns_names: self.max_dns_names.get(),
            keep_deleted: self.keep_deleted.0,
            infer_workloads: self.infer_workloads,
        }
    }
}

/// The configuration, and the table that its processors share.
#[derive(Debug)]
struct Enrich {
    config: Config,
    table: SharedTable,
}

impl Enrich {
    fn new(config: Config) -> Self {
        Self {
            config,
            table: SharedTable::new(config.settings()),
        }
    }
}

impl ProcessorConfig for Enrich {
    fn consumes(&self) -> Kinds {
        Kinds::of(&[
            Kind::Flow,
            Kind::AgentEvent,
            Kind::DebugEvent,
            Kind::Lost,
            Kind::Names,
        ])
    }

    fn produces(&self, input: Kinds) -> Kinds {
        input.without(Kinds::of(&[Kind::Names]))
    }

    fn sends_requests(&self) -> &'static [RequestKind] {
        &[
            RequestKind::IdentityWanted,
            RequestKind::EndpointWanted,
            RequestKind::CgroupsWanted,
            RequestKind::RuleLogsWanted,
            RequestKind::Resync,
        ]
    }

    fn contributes(&self) -> &'static [FlowContent] {
        &[FlowContent::Names]
    }

    fn inspect(&self, position: &ChainPosition) -> Vec<Finding> {
        crate::made_later::not_named(position).into_iter().collect()
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
        Ok(Box::new(CiliumEnrich::new(
            &self.config,
            self.table.clone(),
            context,
        )))
    }
}
