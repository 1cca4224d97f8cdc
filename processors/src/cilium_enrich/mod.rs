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

use std::num::NonZeroUsize;

use serde::Deserialize;
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Kind, Kinds, Outcome, Record};
use tidegate_runtime::component::{
    BuildContext, BuildError, ComponentKind, Key, Outcomes, ProcessorConfig, ProcessorKind,
};
use tidegate_runtime::stage::Processor;
use tidegate_runtime::telemetry::Gauge;

use refusal::Refusal;
use table::Table;

/// The kind.
pub const KIND: ProcessorKind = ComponentKind {
    name: "cilium_enrich",
    about: "Names pods on flows by what the Cilium agent announces while it is listened to",
    keys: KEYS,
    outcomes: Outcomes {
        noted: &Refusal::NOTES,
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

const KEYS: &[Key] = &[Key {
    name: "max_entries",
    default: "65536",
    effect: "addresses, prefixes and endpoints that are remembered, together; beyond it new ones stay unnamed, with the note `enrich_table_full`",
}];

const MOST_ENTRIES: usize = 1 << 24;

/// Configuration of `cilium_enrich`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Addresses, prefixes and endpoints that are remembered, together (default 65536, at most
    /// 16777216): one for each pod address of the cluster and its mesh, and one for each pod of the
    /// node. Some 500 bytes each. When there are more, the new ones are refused, because the old
    /// ones would never be announced again.
    pub max_entries: NonZeroUsize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_entries: NonZeroUsize::new(65_536).unwrap_or(NonZeroUsize::MIN),
        }
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
        if self.max_entries.get() > MOST_ENTRIES {
            let message = format!("max_entries is {MOST_ENTRIES} at most");
            return Err(BuildError {
                key: "max_entries",
                message,
            });
        }
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
