//! The DNS part of an access-log record: Hubble's `pkg/hubble/parser/seven/dns.go` (v1.19.4).

use tidegate_model::flow::{Dns, DnsTypes, L7, L7Record, L7Type, Missing, Seen, word};
use tidegate_wire::text::Text;

use crate::l7::access_log::{Log, low_u32};
use crate::l7::pending::{Content, Exchange, OfProxy, Relayed};

/// What goes on the flow of a record.
pub(super) fn l7(log: &Log<'_>) -> L7 {
    let logged = log.view.dns.unwrap_or_default();
    let asked = Dns {
        query: logged.query.to_owned(),
        observation_source: word(logged.observation_source.0),
        qtypes: logged.qtypes.iter().collect(),
        ..Dns::default()
    };
    let dns = if log.l7_type == L7Type::Request {
        asked
    } else {
        Dns {
            ips: logged.ips.iter().collect(),
            ttl: Some(logged.ttl),
            cnames: logged.cnames.iter().map(Text::to_owned).collect(),
            rcode: Some(low_u32(logged.rcode.to_le_bytes())),
            rrtypes: logged.answer_types.iter().collect(),
            ..asked
        }
    };
    L7 {
        l7_type: log.l7_type,
        latency_ns: 0,
        observed_latency: None,
        record: L7Record::Dns(dns),
        trace_id: None,
        seen: Seen::Proxy,
        missing: Missing::NOTHING,
    }
}

/// What a record reports. Clients may vary the case of names, and packets are read in lower case;
/// `query` is kept for its capacity.
pub(super) fn exchange(log: &Log<'_>, content: &Content, query: &mut Vec<u8>) -> Option<Exchange> {
    let (dns, (client, _)) = (log.view.dns?, log.client()?);
    query.clear();
    query.extend_from_slice(dns.query.0);
    query.make_ascii_lowercase();
    let qtypes: DnsTypes = dns.qtypes.iter().collect();
    let content = Some(content.of((query.as_slice(), qtypes.as_slice())));
    Some(Exchange {
        client,
        client_port: None,
        is_response: log.l7_type == L7Type::Response,
        content,
    })
}

/// What else a record is about: a request that the proxy refused or could not forward gets its
/// answer from the proxy (`ServeDNS` in `pkg/fqdn/dnsproxy`), without a record of that; all others
/// went to the server, and came from there.
pub(super) fn of_proxy(log: &Log<'_>, exchange: &Exchange) -> Option<OfProxy> {
    let is_forwarded = log.view.verdict.0 == b"Forwarded";
    match (log.l7_type, is_forwarded) {
        (L7Type::Request, false) => Some(OfProxy::Answer(Exchange {
            is_response: true,
            ..*exchange
        })),
        (L7Type::Request | L7Type::Response, true) => {
            let is_response = exchange.is_response;
            let identity = if is_response {
                0
            } else {
                low_u32(log.view.source.identity.to_le_bytes())
            };
            Some(OfProxy::Relayed(Relayed {
                identity,
                is_response,
                content: exchange.content?,
            }))
        }
        _ => None,
    }
}
