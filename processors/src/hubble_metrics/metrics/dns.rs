//! `dns`: queries, responses, and the record types in responses. Option `query` adds the name asked for,
//! `ignoreAAAA` leaves out messages about AAAA alone.

use tidegate_core::flow::{Dns as Message, Flow, L7Record, Verdict, qtype_name, rcode_name};
use tidegate_core::ledger::Tally;

use super::{Metric, Plugin};
use crate::hubble_metrics::labels::{ContextLabels, Labels, Observation};
use crate::hubble_metrics::series::{Changes, Count, Table};

const AAAA: u16 = 28;

pub(super) const PLUGIN: Plugin = Plugin {
    name: "dns",
    options: &["query", "ignoreaaaa"],
    conflicts: &[],
    build: |item, max_series| {
        let labels = Labels::new(item, ContextLabels::First, max_series)?;
        let with_query = item.has("query");
        let names = |own: [&'static str; 3], n: usize| [&own[..n], if with_query { &["query"] } else { &[] }].concat();
        let messages = names(["rcode", "qtypes", "ips_returned"], 3);
        let types = names(["type", "qtypes", ""], 2);
        // Hubble has one help text for all three.
        let help = "Number of DNS queries observed";
        Ok(Box::new(Dns {
            queries: labels.counter(("hubble_dns_queries_total", help, "{query}"), &messages),
            responses: labels.counter(("hubble_dns_responses_total", help, "{response}"), &messages),
            response_types: labels.counter(("hubble_dns_response_types_total", help, "{record}"), &types),
            labels,
            with_query,
            ignore_aaaa: item.has("ignoreaaaa"),
            qtypes: String::new(),
        }))
    },
};

struct Dns {
    labels: Labels,
    queries: Table<Count>,
    responses: Table<Count>,
    response_types: Table<Count>,
    with_query: bool,
    ignore_aaaa: bool,
    qtypes: String,
}

impl Metric for Dns {
    fn counts_wire(&self) -> bool {
        true
    }

    fn observe(&mut self, flow: &Flow, tally: &mut Tally) {
        let Some(L7Record::Dns(message)) = flow.l7.as_deref().map(|l7| &l7.record) else { return };
        if self.ignore_aaaa && *message.qtypes == [AAAA] {
            return;
        }
        join(&mut self.qtypes, &message.qtypes);
        // A response that was denied counts as a query too.
        let (table, rcode) = match (flow.verdict, flow.is_reply) {
            (Verdict::Dropped, _) => (&mut self.queries, "Policy denied"),
            (_, Some(true)) => (&mut self.responses, rcode_name(message.rcode).unwrap_or_default()),
            _ => (&mut self.queries, ""),
        };
        let is_response = flow.verdict != Verdict::Dropped && flow.is_reply == Some(true);
        let observation = self.labels.of(flow).name(rcode).text(&self.qtypes).number(message.ips.len());
        query(observation, message, self.with_query).count(table, tally);
        for rrtype in message.rrtypes.iter().filter(|_| is_response) {
            let observation = self.labels.of(flow).name(qtype_name(*rrtype)).text(&self.qtypes);
            query(observation, message, self.with_query).count(&mut self.response_types, tally);
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        vec![&mut self.queries, &mut self.responses, &mut self.response_types]
    }
}

fn query<'a>(observation: Observation<'a>, message: &Message, with_query: bool) -> Observation<'a> {
    if with_query { observation.text(&message.query) } else { observation }
}

fn join(text: &mut String, qtypes: &[u16]) {
    text.clear();
    for (at, qtype) in qtypes.iter().enumerate() {
        text.extend([if at == 0 { "" } else { "," }, qtype_name(*qtype)]);
    }
}
