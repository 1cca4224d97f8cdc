//! `port_sample`: keeps one in some flows to configured ports. This is the example of
//! `docs/writing-a-component.md`, and not part of the agent.

use std::any::Any;
use std::collections::BTreeMap;

use serde::Deserialize;
use tidegate_model::{Batch, Kind, Kinds, Outcome, Record, Tally};
use tidegate_runtime::component::{
    BuildContext, BuildError, ComponentKind, Outcomes, ProcessorConfig, ProcessorKind,
};
use tidegate_runtime::config::{Table as _, Whole};
use tidegate_runtime::stage::{Processor, Stateful};

tidegate_runtime::config_table! {
    /// Keeps one in `one_in` flows to some ports, and all other records.
    #[derive(Clone, Debug)]
    pub struct Config {
        /// Destination ports whose flows are sampled.
        #[sample = "[53]"]
        pub ports: Vec<Whole<1, 65_535>>,
        /// Of how many flows to a port one is kept. 1 keeps all of them.
        pub one_in: Whole<1, 1_000_000> = Whole::new(10),
    }
}

/// The rule by which flows are removed.
const NOT_SAMPLED: &str = "not_sampled";

/// The kind.
pub const KIND: ProcessorKind = ComponentKind {
    name: "port_sample",
    about: Config::ABOUT,
    keys: Config::KEYS,
    outcomes: Outcomes {
        filtered: &[NOT_SAMPLED],
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

impl ProcessorConfig for Config {
    fn consumes(&self) -> Kinds {
        Kinds::of(&[Kind::Flow])
    }

    fn produces(&self, input: Kinds) -> Kinds {
        input
    }

    fn build(&self, _context: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
        let mut positions = BTreeMap::new();
        for port in self.ports.iter().map(|port| port.get()) {
            if positions.insert(port, 0).is_some() {
                return Err(BuildError {
                    key: "ports",
                    message: format!("{port} is listed twice; remove one"),
                });
            }
        }
        let one_in = self.one_in.get();
        Ok(Box::new(PortSample { one_in, positions }))
    }
}

/// The processor.
struct PortSample {
    one_in: usize,
    /// For each port, the position of its next flow in a group of `one_in`. The first is kept.
    positions: BTreeMap<usize, usize>,
}

impl PortSample {
    fn outcome(&mut self, record: &Record) -> Outcome {
        let Record::Flow(flow) = record else {
            return Outcome::Keep;
        };
        let port = flow.l4.ports().map(|(_, destination)| destination.into());
        let Some(position) = port.and_then(|port| self.positions.get_mut(&port)) else {
            return Outcome::Keep;
        };
        let is_sampled = *position == 0;
        *position = (*position + 1) % self.one_in;
        if is_sampled {
            Outcome::Keep
        } else {
            Outcome::Filtered(NOT_SAMPLED)
        }
    }
}

impl Processor for PortSample {
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        batch.sift(tally, |record, _bytes| self.outcome(record));
    }

    fn as_stateful(&mut self) -> Option<&mut dyn Stateful> {
        Some(self)
    }
}

impl Stateful for PortSample {
    fn take_over(&mut self, old: &mut dyn Stateful) {
        let Some(old) = (old as &mut dyn Any).downcast_ref::<Self>() else {
            return;
        };
        for (port, position) in &mut self.positions {
            *position = old.positions.get(port).map_or(0, |old| old % self.one_in);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::de::IntoDeserializer as _;
    use tidegate_model::flow::{Flow, L4};
    use tidegate_runtime::stage_id::StageId;
    use tidegate_runtime::telemetry::Telemetry;
    use toml::de::ValueDeserializer;

    use super::*;

    /// Builds the processor from an inline table.
    fn build(table: &str) -> Result<Box<dyn Processor>, String> {
        let table = ValueDeserializer::parse(table).map_err(|error| error.to_string())?;
        let config = (KIND.parse)(table.into_deserializer()).map_err(|error| error.to_string())?;
        let context = BuildContext {
            stage: StageId::processor(KIND.name),
            node_name: "node-a".into(),
            telemetry: Telemetry::default(),
            health: Default::default(),
            requests: Default::default(),
        };
        let built = config.build(&context);
        built.map_err(|error| format!("{}: {error}", error.key))
    }

    /// Returns the numbers of the flows that are kept of flows to these ports.
    fn kept(processor: &mut dyn Processor, ports: &[u16], tally: &mut Tally) -> Vec<u64> {
        let mut batch = Batch::new();
        for (seq, &destination_port) in (0..).zip(ports) {
            let l4 = L4::Udp {
                source_port: 40_000,
                destination_port,
            };
            batch.push(Record::Flow(Flow {
                seq,
                l4,
                ..Flow::default()
            }));
        }
        processor.process(&mut batch, tally);
        let seq = |record: &Record| match record {
            Record::Flow(flow) => flow.seq,
            other => panic!("not a flow: {other:?}"),
        };
        batch.records().iter().map(seq).collect()
    }

    #[test]
    fn one_in_three_flows_to_a_listed_port_is_kept() {
        let mut processor = build("{ ports = [53, 80], one_in = 3 }").unwrap();
        let mut tally = Tally::default();
        let ports = [53, 53, 443, 80, 53, 443, 53];
        let kept = kept(processor.as_mut(), &ports, &mut tally);
        assert_eq!(kept, [0, 2, 3, 5, 6]);
        assert_eq!(tally.filters(), [(KIND.outcomes.filtered[0], 2)]);
    }

    #[test]
    fn a_reload_keeps_the_positions_of_unchanged_ports() {
        let mut old = build("{ ports = [53, 80], one_in = 3 }").unwrap();
        let mut new = build("{ ports = [53, 443], one_in = 2 }").unwrap();
        let mut tally = Tally::default();
        kept(old.as_mut(), &[53, 80], &mut tally);
        new.as_stateful()
            .unwrap()
            .take_over(old.as_stateful().unwrap());
        let kept = kept(new.as_mut(), &[53, 443, 53], &mut tally);
        assert_eq!(kept, [1, 2]);
    }

    #[test]
    fn wrong_values_are_refused_with_what_is_allowed() {
        for (table, expected) in [
            ("{}", "missing field `ports`"),
            ("{ ports = [0] }", "a whole number from 1 to 65535"),
            ("{ ports = [53, 53] }", "ports: 53 is listed twice"),
            ("{ ports = [53], one_of = 3 }", "unknown field `one_of`"),
        ] {
            let message = build(table).err().unwrap_or_default();
            assert!(message.contains(expected), "{table}: {message}");
        }
    }
}
