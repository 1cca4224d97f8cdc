//! `dns`: queries, responses, and the record types of responses. The option `query` adds the
//! queried name; `ignoreAAAA` excludes messages whose only question is for AAAA.
//!
//! The rules for messages found in packets differ where Hubble's proxy has no such case:
//!
//! - If part of a message is missing from the capture, the label that depends on it is `unknown`.
//!   The record types of a response with missing answers are not counted.
//! - A dropped message is `Policy denied` only if a policy denied it, not if it was dropped for
//!   another reason.
//! - A response code without a name is a number.

use tidegate_model::flow::{
    Dns as Message, Flow, L7, L7Record, L7Type, MessagePart, MessageSource, Verdict,
};
use tidegate_model::flow::{qtype_name, rcode_name};
use tidegate_runtime::component::FlowContent;

use super::labels::{UNKNOWN, format_number};
use super::{FlowClass, Metric, Plugin};
use crate::hubble_metrics::families::{
    ContextLabels, Description, FamilyBuilder, Observation, SplitFamily,
};
use crate::hubble_metrics::series::{Collect, CounterValue, SymbolTable, TextLabels};

const AAAA: u16 = 28;

/// Hubble has one help text for all three families.
const HELP: &str = "Number of DNS queries observed";
const QUERIES: Description<'_> = Description {
    name: "hubble_dns_queries_total",
    help: HELP,
    unit: "{query}",
};
const RESPONSES: Description<'_> = Description {
    name: "hubble_dns_responses_total",
    help: HELP,
    unit: "{response}",
};
const RESPONSE_TYPES: Description<'_> = Description {
    name: "hubble_dns_response_types_total",
    help: HELP,
    unit: "{record}",
};

pub(super) const PLUGIN: Plugin = Plugin {
    name: "dns",
    options: &["query", "ignoreAAAA"],
    conflicts: &[],
    counts: Some(FlowContent::Dns),
    build: |item, options, settings| {
        let families = FamilyBuilder::new(ContextLabels::First, options, settings);
        let with_query = item.has("query");
        let query_label: &[_] = if with_query { &["query"] } else { &[] };
        let message_labels = [&["rcode", "qtypes", "ips_returned"], query_label].concat();
        let type_labels = [&["type", "qtypes"], query_label].concat();
        Box::new(Dns {
            queries: families.split_counter(
                QUERIES,
                "DNS queries found in captured packets",
                &message_labels,
            ),
            responses: families.split_counter(
                RESPONSES,
                "DNS responses found in captured packets",
                &message_labels,
            ),
            response_types: families.split_counter(
                RESPONSE_TYPES,
                "Answers of DNS responses found in captured packets, \
                 where all answers were captured",
                &type_labels,
            ),
            symbols: SymbolTable::new(),
            with_query,
            ignore_aaaa: item.has("ignoreAAAA"),
            qtypes: String::new(),
            rcode: String::new(),
            ips: String::new(),
        })
    },
};

struct Dns {
    queries: SplitFamily<CounterValue>,
    responses: SplitFamily<CounterValue>,
    response_types: SplitFamily<CounterValue>,
    symbols: SymbolTable,
    with_query: bool,
    ignore_aaaa: bool,
    /// Buffers for label values.
    qtypes: String,
    rcode: String,
    ips: String,
}

impl Metric for Dns {
    fn accepts(&self, class: FlowClass) -> bool {
        class != FlowClass::Packet
    }

    fn observe(&mut self, observation: &mut Observation<'_>) {
        let flow = observation.flow;
        let Some(l7) = flow.l7.as_deref() else { return };
        let L7Record::Dns(message) = &l7.record else {
            return;
        };
        if self.ignore_aaaa && *message.qtypes == [AAAA] {
            return;
        }
        join(&mut self.qtypes, &message.qtypes);
        let is_denied = is_denied(flow, l7);
        let is_response = !is_denied && is_response(flow, l7);
        let (family, rcode) = match (is_denied, is_response) {
            // A response that was denied counts as a query too.
            (true, _) => (&mut self.queries, "Policy denied"),
            (false, true) => (&mut self.responses, rcode(&mut self.rcode, message, l7)),
            (false, false) => (&mut self.queries, ""),
        };
        let has_all_answers = !l7.missing.has(MessagePart::Answers);
        let ips = if has_all_answers {
            format_number(&mut self.ips, message.ips.len())
        } else {
            UNKNOWN
        };
        // The query is the last label of both families, if the option is given.
        let without_query = usize::from(!self.with_query);
        let labels = [rcode, &*self.qtypes, ips, &*message.query];
        let labels = TextLabels(&labels[..labels.len() - without_query]);
        family
            .for_flow(flow)
            .value(&labels, &mut self.symbols, observation)
            .add(1);
        if is_response && has_all_answers {
            let family = self.response_types.for_flow(flow);
            for rrtype in message.rrtypes.iter() {
                let labels = [qtype_name(*rrtype), &*self.qtypes, &*message.query];
                let labels = TextLabels(&labels[..labels.len() - without_query]);
                family.value(&labels, &mut self.symbols, observation).add(1);
            }
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Collect> {
        self.queries
            .tables()
            .chain(self.responses.tables())
            .chain(self.response_types.tables())
            .collect()
    }

    fn symbols(&mut self) -> &mut SymbolTable {
        &mut self.symbols
    }
}

/// Whether a policy denied the message. That is true of all dropped messages that a proxy reports,
/// as in Hubble; a packet can be dropped for other reasons.
fn is_denied(flow: &Flow, l7: &L7) -> bool {
    flow.verdict == Verdict::Dropped
        && (l7.source == MessageSource::Proxy || flow.drop_reason.is_policy_denial())
}

/// Hubble decides by the direction of the flow. A message found in a packet contains its own type.
fn is_response(flow: &Flow, l7: &L7) -> bool {
    match l7.source {
        MessageSource::Proxy => flow.is_reply == Some(true),
        MessageSource::Wire => l7.l7_type == L7Type::Response,
    }
}

/// The name of the response code. In Hubble, a code without a name gives the empty text.
fn rcode<'a>(buffer: &'a mut String, message: &Message, l7: &L7) -> &'a str {
    match (message.rcode, l7.source) {
        (None, MessageSource::Wire) => UNKNOWN,
        (Some(code), MessageSource::Wire) => {
            rcode_name(code).unwrap_or_else(|| format_number(buffer, code))
        }
        (code, MessageSource::Proxy) => rcode_name(code.unwrap_or_default()).unwrap_or_default(),
    }
}

fn join(buffer: &mut String, qtypes: &[u16]) {
    buffer.clear();
    for (index, qtype) in qtypes.iter().enumerate() {
        buffer.extend([if index == 0 { "" } else { "," }, qtype_name(*qtype)]);
    }
}
