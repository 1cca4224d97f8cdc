//! `cilium_enrich`: names the endpoints of flows, from what the Cilium agent announces on its
//! socket, and with the rules of Hubble's `pkg/hubble/parser/common/endpoint.go` and
//! `seven/parser.go` (v1.19.4).
//!
//! Agent events pass unchanged; lists of names from an API are absorbed. Flows get the identity, endpoint id, namespace, pod, labels and
//! cluster that they lack, and their direction if it depends on the endpoint id. Debug events get
//! the endpoint that sent them.
//!
//! The agent announces only changes. State from before the connection is unknown until it is
//! announced again: addresses are when the agent restarts; endpoints are not, since a restart
//! restores them. Workloads, services and DNS names are never announced. Unknown fields stay empty.
//!
//! Endpoints and addresses stay valid when the agent restarts, so the table keeps them. A stale
//! address is corrected when it is announced for another pod. Only identities that the agent itself
//! allocated, for prefixes and for other nodes, are removed when its connection ends: the next
//! agent numbers them differently, and announces them again.

mod change_log;
mod debug_events;
mod identities;
mod ip_cache;
mod local_scope;
mod pairing;
mod pods;
mod prefix;
mod reject_reason;
mod reporters;
mod reserved;
mod resolve;
mod table;
mod view_cache;

use serde::Deserialize;
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Kind, Kinds, Outcome, Record};
use tidegate_runtime::component::{
    BuildContext, BuildError, ComponentKind, FlowContent, Outcomes, ProcessorConfig, ProcessorKind,
};
use tidegate_runtime::config::{Table as _, Whole};
use tidegate_runtime::stage::Processor;
use tidegate_runtime::telemetry::Gauge;

use reject_reason::RejectReason;
use table::NameTable;

/// The kind.
pub const KIND: ProcessorKind = ComponentKind {
    name: "cilium_enrich",
    about: Config::ABOUT,
    keys: Config::KEYS,
    outcomes: Outcomes {
        noted: &RejectReason::NOTES,
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

tidegate_runtime::config_table! {
    /// Adds pod names to flows, from what the Cilium agent announces on the socket: pods that start
    /// or change.
    ///
    /// Pods that existed before stay without names until the agent restarts or they change. Leave it
    /// out of the pipeline for flows with numbers and addresses alone.
    #[derive(Clone, Copy, Debug)]
    pub struct Config {
        /// The number of addresses, prefixes and endpoints to remember, together, at about 500 bytes
        /// each: one per pod address of the cluster and its mesh, and one per pod of the node. Further
        /// ones are refused, since the old ones are never announced again, and stay unnamed, with the
        /// note `enrich_table_full`.
        pub max_entries: Whole<1, { 1 << 24 }> = Whole::new(65_536),
    }
}

impl ProcessorConfig for Config {
    fn consumes(&self) -> Kinds {
        Kinds::of(&[Kind::Flow, Kind::AgentEvent, Kind::DebugEvent, Kind::Names])
    }

    fn produces(&self, input: Kinds) -> Kinds {
        input.without(Kinds::of(&[Kind::Names]))
    }

    fn contributes(&self) -> &'static [FlowContent] {
        &[FlowContent::Names]
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
        let gauge = |of: &str| {
            let help = "Addresses, prefixes and endpoints that the agent has announced.";
            context.telemetry.gauge(
                "tidegate_enrich_entries",
                help,
                &[("stage", context.stage.as_str()), ("of", of)],
            )
        };
        Ok(Box::new(CiliumEnrich {
            table: NameTable::new(self.max_entries.get()),
            entries: ["addresses", "prefixes", "endpoints"].map(gauge),
            rejected: Vec::new(),
        }))
    }
}

/// The processor.
#[derive(Debug)]
struct CiliumEnrich {
    table: NameTable,
    entries: [Gauge; 3],
    /// The rejected announcements of the current batch.
    rejected: Vec<RejectReason>,
}

impl Processor for CiliumEnrich {
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        let Self {
            table,
            entries,
            rejected,
        } = self;
        batch.sift(tally, |record, _| {
            match record {
                Record::AgentEvent(event) => {
                    let reason = table.apply(event).err();
                    change_log::log(event, reason);
                    rejected.extend(reason);
                }
                Record::Flow(flow) => table.name_endpoints(flow),
                Record::DebugEvent(event) => table.name_reporter(event),
                Record::Names(names) => {
                    let refused = table.absorb(names);
                    rejected.extend(std::iter::repeat_n(RejectReason::TableFull, refused));
                    return Outcome::Absorbed;
                }
                _ => {}
            }
            Outcome::Keep
        });
        for reason in rejected.drain(..) {
            tally.note(reason.as_str());
        }
        for (gauge, count) in entries.iter().zip(table.counts()) {
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}
