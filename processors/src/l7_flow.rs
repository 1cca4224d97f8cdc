//! `l7_flow`: access-log records of protocols other than DNS and HTTP become L7 flows, by the rules
//! of Hubble's `seven` parser (v1.19.4): Kafka (agents until 1.19) and the protocols of Cilium's Go
//! proxy extensions.
//!
//! As in Hubble, a record without a protocol becomes a flow, too, with a generic L7 record that has
//! no name.

use serde::Deserialize;
use tidegate_model::flow::{Generic, Kafka, L7, L7Record, L7Type, MessageSource, Missing};
use tidegate_model::tally::Tally;
use tidegate_model::{Batch, Kind, Kinds, Outcome};
use tidegate_runtime::component::{
    BuildContext, BuildError, ComponentKind, FlowContent, Outcomes, ProcessorConfig, ProcessorKind,
};
use tidegate_runtime::config::Table as _;
use tidegate_runtime::stage::Processor;
use tidegate_wire::access_log::{self, Protocol};

use crate::l7::access_log::{AccessLogEntry, AccessLogParser};
use crate::l7::redaction::{self, Redaction};

/// The kind.
pub const KIND: ProcessorKind = ComponentKind {
    name: "l7_flow",
    about: Config::ABOUT,
    keys: Config::KEYS,
    outcomes: Outcomes {
        dropped: crate::l7::access_log::REASONS,
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

tidegate_runtime::config_table! {
    /// Makes L7 flows of proxies' records about Kafka and other protocols.
    #[derive(Clone, Debug)]
    pub struct Config {
        /// What is removed from flows, as in `http_flow`. Of the flows of this stage, only the
        /// names of Kafka's APIs can be removed.
        redact: redaction::Settings = redaction::Settings::default(),
    }
}

impl ProcessorConfig for Config {
    fn consumes(&self) -> Kinds {
        Kinds::of(&[Kind::Event])
    }

    fn produces(&self, input: Kinds) -> Kinds {
        input.union(Kinds::of(&[Kind::Flow]))
    }

    fn contributes(&self) -> &'static [FlowContent] {
        &[FlowContent::OtherL7]
    }

    fn build(&self, _context: &BuildContext) -> Result<Box<dyn Processor>, BuildError> {
        Ok(Box::new(L7Flow {
            parser: AccessLogParser::default(),
            redaction: self.redact.build()?,
        }))
    }
}

/// The processor.
#[derive(Debug)]
struct L7Flow {
    parser: AccessLogParser,
    redaction: Redaction,
}

impl Processor for L7Flow {
    fn process(&mut self, batch: &mut Batch, tally: &mut Tally) {
        batch.sift(tally, |record, bytes| {
            let Self { parser, redaction } = self;
            match parser.replace(record, bytes, Protocol::Other, |entry, logged_at| {
                logged_at.map(|_| l7(entry, redaction))
            }) {
                Ok(()) => Outcome::Keep,
                Err(reason) => Outcome::Dropped(reason),
            }
        });
    }
}

fn l7(entry: &AccessLogEntry<'_>, redaction: &Redaction) -> L7 {
    let l7_type = entry.l7_type;
    let record = match entry.view.kafka {
        Some(logged) => L7Record::Kafka(kafka(logged.into(), l7_type, redaction)),
        None => L7Record::Generic(generic(entry.view.l7.unwrap_or_default().into())),
    };
    L7 {
        l7_type,
        latency_ns: 0,
        observed_latency: None,
        record,
        trace_context: None,
        source: MessageSource::Proxy,
        missing: Missing::NOTHING,
    }
}

fn kafka(logged: access_log::Kafka, l7_type: L7Type, redaction: &Redaction) -> Kafka {
    let error_code = if l7_type == L7Type::Request {
        0
    } else {
        logged.error_code
    };
    Kafka {
        error_code: i32::try_from(error_code).unwrap_or_default(),
        api_version: logged.api_version.into(),
        api_key: redaction.kafka_api_key(logged.api_key),
        correlation_id: logged.correlation_id,
        topic: logged.topic.name,
    }
}

fn generic(logged: access_log::L7) -> Generic {
    Generic {
        proto: logged.proto,
        fields: logged.fields.unwrap_or_default().into_iter().collect(),
    }
}
