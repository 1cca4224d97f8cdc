//! `dns`: queries, responses, and the record types in responses. Option `query` adds the name asked for,
//! `ignoreAAAA` leaves out messages about AAAA alone.

use tidegate_core::flow::{L7Record, Verdict, qtype_name, rcode_name};

use super::words::digits;
use super::{Metric, Plugin, Sighted};
use crate::hubble_metrics::families::{ContextLabels, Families, Series, Sight};
use crate::hubble_metrics::series::{Changes, Count, Symbols, Texts};

const AAAA: u16 = 28;

pub(super) const PLUGIN: Plugin = Plugin {
    name: "dns",
    options: &["query", "ignoreaaaa"],
    conflicts: &[],
    build: |item, options, max_series| {
        let families = Families::new(ContextLabels::First, options, max_series);
        let with_query = item.has("query");
        let names = |own: &[&'static str]| [own, if with_query { &["query"] } else { &[] }].concat();
        let (messages, types) = (names(&["rcode", "qtypes", "ips_returned"]), names(&["type", "qtypes"]));
        // Hubble has one help text for all three.
        let help = "Number of DNS queries observed";
        Box::new(Dns {
            queries: families.counter(("hubble_dns_queries_total", help, "{query}"), &messages),
            responses: families.counter(("hubble_dns_responses_total", help, "{response}"), &messages),
            response_types: families.counter(("hubble_dns_response_types_total", help, "{record}"), &types),
            symbols: Symbols::new(),
            with_query,
            ignore_aaaa: item.has("ignoreaaaa"),
            qtypes: String::new(),
            digits: String::new(),
        })
    },
};

struct Dns {
    queries: Series<Count>,
    responses: Series<Count>,
    response_types: Series<Count>,
    symbols: Symbols,
    with_query: bool,
    ignore_aaaa: bool,
    qtypes: String,
    digits: String,
}

impl Metric for Dns {
    fn counts(&self, sighted: Sighted) -> bool {
        sighted != Sighted::Packet
    }

    fn observe(&mut self, sight: &mut Sight<'_>) {
        let flow = sight.flow;
        let Some(L7Record::Dns(message)) = flow.l7.as_deref().map(|l7| &l7.record) else { return };
        if self.ignore_aaaa && *message.qtypes == [AAAA] {
            return;
        }
        join(&mut self.qtypes, &message.qtypes);
        // A response that was denied counts as a query too.
        let (series, rcode) = match (flow.verdict, flow.is_reply) {
            (Verdict::Dropped, _) => (&mut self.queries, "Policy denied"),
            (_, Some(true)) => (&mut self.responses, rcode_name(message.rcode).unwrap_or_default()),
            _ => (&mut self.queries, ""),
        };
        let is_response = flow.verdict != Verdict::Dropped && flow.is_reply == Some(true);
        let (qtypes, query) = (&*self.qtypes, &*message.query);
        let ips = digits(&mut self.digits, message.ips.len());
        let count = if self.with_query {
            series.of(&Texts([rcode, qtypes, ips, query]), &mut self.symbols, sight)
        } else {
            series.of(&Texts([rcode, qtypes, ips]), &mut self.symbols, sight)
        };
        count.add(1);
        for rrtype in message.rrtypes.iter().filter(|_| is_response) {
            let count = if self.with_query {
                self.response_types.of(&Texts([qtype_name(*rrtype), qtypes, query]), &mut self.symbols, sight)
            } else {
                self.response_types.of(&Texts([qtype_name(*rrtype), qtypes]), &mut self.symbols, sight)
            };
            count.add(1);
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Changes> {
        vec![&mut self.queries.table, &mut self.responses.table, &mut self.response_types.table]
    }
}

fn join(text: &mut String, qtypes: &[u16]) {
    text.clear();
    for (at, qtype) in qtypes.iter().enumerate() {
        text.extend([if at == 0 { "" } else { "," }, qtype_name(*qtype)]);
    }
}
