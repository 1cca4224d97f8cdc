//! `cilium_enrich`: names the sides of flows by what Cilium's agent announces on the socket, by the
//! rules of Hubble's `pkg/hubble/parser/common/endpoint.go` and `seven/parser.go` (v1.19.4).
//!
//! Agent events pass unchanged, and flows get what they lack: identity, endpoint id, namespace,
//! pod, labels, cluster, and the direction where it hangs on the endpoint id; debug events get the
//! endpoint that sent them. Announced are changes alone. What was there before the connection is
//! named when it is announced again: addresses when the agent restarts, endpoints never, since a
//! restart restores them. Workloads, services and DNS names are not announced at all. What is
//! unknown stays empty.
//!
//! A restart of the agent does not empty the table: endpoints and addresses outlive it, and the
//! agent says that it has started after it has begun to announce. A stale address is right again
//! once it is announced for another pod. Only identities that the agent gave out itself, to
//! prefixes and to other nodes, go with its connection: the next agent numbers them anew, and
//! announces them again.

mod changes;
mod identities;
mod ip_cache;
mod local_scope;
mod pairing;
mod pods;
mod prefix;
mod refusal;
mod reporters;
mod resolve;
mod table;
mod views;

use serde::Deserialize;
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Kind, Kinds, Outcome, Record};
use tidegate_runtime::component::{
    BuildContext, BuildError, ComponentKind, Outcomes, ProcessorConfig, ProcessorKind,
};
use tidegate_runtime::config::{Table as _, Whole};
use tidegate_runtime::stage::Processor;
use tidegate_runtime::telemetry::Gauge;

use refusal::Refusal;
use table::Table;

/// The kind.
pub const KIND: ProcessorKind = ComponentKind {
    name: "cilium_enrich",
    about: Config::ABOUT,
    keys: Config::KEYS,
    outcomes: Outcomes {
        noted: &Refusal::NOTES,
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
        Kinds::of(&[Kind::Flow, Kind::AgentEvent, Kind::DebugEvent])
    }

    fn produces(&self, input: Kinds) -> Kinds {
        input
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
        let gauge = |of: &str| {
            let help = "What cilium_enrich remembers of the agent's announcements.";
            context.telemetry.gauge(
                "tidegate_enrich_entries",
                help,
                &[("stage", &context.stage), ("of", of)],
            )
        };
        Ok(Box::new(CiliumEnrich {
            table: Table::new(self.max_entries.get()),
            entries: ["addresses", "prefixes", "endpoints"].map(gauge),
            refused: Vec::new(),
        }))
    }
}

/// The processor.
#[derive(Debug)]
struct CiliumEnrich {
    table: Table,
    entries: [Gauge; 3],
    /// What the batch at hand announced in vain.
    refused: Vec<Refusal>,
}

impl Processor for CiliumEnrich {
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        let Self {
            table,
            entries,
            refused,
        } = self;
        batch.sift(tally, |record, _| {
            match record {
                Record::AgentEvent(event) => {
                    let refusal = table.learn(event).err();
                    changes::log(event, refusal);
                    refused.extend(refusal);
                }
                Record::Flow(flow) => table.name_sides(flow),
                Record::DebugEvent(event) => table.name_reporter(event),
                _ => {}
            }
            Outcome::Keep
        });
        for refusal in refused.drain(..) {
            tally.note(refusal.as_str());
        }
        for (gauge, count) in entries.iter().zip(table.census()) {
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }
}
