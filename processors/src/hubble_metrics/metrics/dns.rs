//! `dns`: queries, responses, and the record types in responses. Option `query` adds the name asked
//! for, `ignoreAAAA` leaves out messages about AAAA alone.
//!
//! Messages found on the wire follow the same rules, but for what Hubble's proxy never has: a
//! message of which the capture lacks a part has `unknown` in the label that depends on it, and if
//! answers are missing their types are not counted at all; of dropped messages only those that a
//! policy denied are `Policy denied`, whatever else dropped the others; and a response code without
//! a name is a number.

use tidegate_core::flow::{Dns as Message, Flow, L7, L7Record, L7Type, MessagePart, Seen, Verdict};
use tidegate_core::flow::{qtype_name, rcode_name};

use super::words::{UNKNOWN, digits};
use super::{Metric, Plugin, Sighted};
use crate::hubble_metrics::families::{ContextLabels, Families, PerSource, Sight};
use crate::hubble_metrics::series::{Changes, Count, Symbols, Texts};

const AAAA: u16 = 28;

pub(super) const PLUGIN: Plugin = Plugin {
    name: "dns",
    options: &["query", "ignoreaaaa"],
    conflicts: &[],
    build: |item, options, settings| {
        let families = Families::new(ContextLabels::First, options, settings);
        let with_query = item.has("query");
        let names =
            |own: &[&'static str]| [own, if with_query { &["query"] } else { &[] }].concat();
        let (messages, types) = (
            names(&["rcode", "qtypes", "ips_returned"]),
            names(&["type", "qtypes"]),
        );
        // Hubble has one help text for all three.
        let help = "Number of DNS queries observed";
        Box::new(Dns {
            queries: families.counter_per_source(
                ("hubble_dns_queries_total", help, "{query}"),
                "DNS queries found in captured packets",
                &messages,
            ),
            responses: families.counter_per_source(
                ("hubble_dns_responses_total", help, "{response}"),
                "DNS responses found in captured packets",
                &messages,
            ),
            response_types: families.counter_per_source(
                ("hubble_dns_response_types_total", help, "{record}"),
                "Answers of DNS responses found in captured packets, where all answers were captured",
                &types,
            ),
            symbols: Symbols::new(),
            with_query,
            ignore_aaaa: item.has("ignoreaaaa"),
            qtypes: String::new(),
            rcode: String::new(),
            ips: String::new(),
        })
    },
};

struct Dns {
    queries: PerSource<Count>,
    responses: PerSource<Count>,
    response_types: PerSource<Count>,
    symbols: Symbols,
    with_query: bool,
    ignore_aaaa: bool,
    qtypes: String,
    rcode: String,
    ips: String,
}

impl Metric for Dns {
    fn counts(&self, sighted: Sighted) -> bool {
        sighted != Sighted::Packet
    }

    fn observe(&mut self, sight: &mut Sight<'_>) {
        let flow = sight.flow;
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
        let (series, rcode) = match (is_denied, is_response) {
            // A response that was denied counts as a query too.
            (true, _) => (&mut self.queries, "Policy denied"),
            (false, true) => (&mut self.responses, rcode(&mut self.rcode, message, l7)),
            (false, false) => (&mut self.queries, ""),
        };
        let (qtypes, query) = (&*self.qtypes, &*message.query);
        let has_all_answers = !l7.missing.has(MessagePart::Answers);
        let ips = if has_all_answers {
            digits(&mut self.ips, message.ips.len())
        } else {
            UNKNOWN
        };
        let series = series.for_flow(flow);
        let count = if self.with_query {
            series.of(
                &Texts([rcode, qtypes, ips, query]),
                &mut self.symbols,
                sight,
            )
        } else {
            series.of(&Texts([rcode, qtypes, ips]), &mut self.symbols, sight)
        };
        count.add(1);
        let response_types = self.response_types.for_flow(flow);
        for rrtype in message
            .rrtypes
            .iter()
            .filter(|_| is_response && has_all_answers)
        {
            let count = if self.with_query {
                response_types.of(
                    &Texts([qtype_name(*rrtype), qtypes, query]),
                    &mut self.symbols,
                    sight,
                )
            } else {
                response_types.of(
                    &Texts([qtype_name(*rrtype), qtypes]),
                    &mut self.symbols,
                    sight,
                )
            };
            count.add(1);
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        self.queries
            .tables()
            .chain(self.responses.tables())
            .chain(self.response_types.tables())
            .collect()
    }
}

/// Whether a policy denied the message. Of what a proxy reports, that is all that was dropped, as
/// in Hubble; a packet can be dropped for many reasons.
fn is_denied(flow: &Flow, l7: &L7) -> bool {
    flow.verdict == Verdict::Dropped
        && (l7.seen == Seen::Proxy || flow.drop_reason.is_policy_denial())
}

/// Hubble goes by the flow; a message found in a packet is what it says it is.
fn is_response(flow: &Flow, l7: &L7) -> bool {
    match l7.seen {
        Seen::Proxy => flow.is_reply == Some(true),
        Seen::Wire => l7.l7_type == L7Type::Response,
    }
}

/// The name of the code. Hubble has the empty text for one without a name.
fn rcode<'a>(text: &'a mut String, message: &Message, l7: &L7) -> &'a str {
    match (message.rcode, l7.seen) {
        (None, Seen::Wire) => UNKNOWN,
        (Some(code), Seen::Wire) => rcode_name(code).unwrap_or_else(|| digits(text, code)),
        (code, Seen::Proxy) => rcode_name(code.unwrap_or_default()).unwrap_or_default(),
    }
}

fn join(text: &mut String, qtypes: &[u16]) {
    text.clear();
    for (at, qtype) in qtypes.iter().enumerate() {
        text.extend([if at == 0 { "" } else { "," }, qtype_name(*qtype)]);
    }
}
