//! The DNS part of an access-log record, by the rules of Hubble's `pkg/hubble/parser/seven/dns.go`
//! (v1.19.4).

use tidegate_model::flow::{
    Dns, DnsTypes, L7, L7Record, L7Type, MessageSource, Missing, common_text,
};
use tidegate_wire::text::Text;

use crate::l7::access_log::{AccessLogEntry, low_u32};
use crate::l7::pending::{ContentHasher, ExchangeId, ProxyPackets, UpstreamExchange};

/// Returns the L7 part of a record's flow.
pub(super) fn l7(entry: &AccessLogEntry<'_>) -> L7 {
    let logged = entry.view.dns.unwrap_or_default();
    let question = Dns {
        query: logged.query.to_owned(),
        observation_source: common_text(logged.observation_source.0),
        qtypes: logged.qtypes.iter().collect(),
        ..Dns::default()
    };
    let dns = if entry.l7_type == L7Type::Request {
        question
    } else {
        Dns {
            ips: logged.ips.iter().collect(),
            ttl: Some(logged.ttl),
            cnames: logged.cnames.iter().map(Text::to_owned).collect(),
            rcode: Some(low_u32(logged.rcode.to_le_bytes())),
            rrtypes: logged.answer_types.iter().collect(),
            ..question
        }
    };
    L7 {
        l7_type: entry.l7_type,
        latency_ns: 0,
        observed_latency: None,
        record: L7Record::Dns(dns),
        trace_context: None,
        source: MessageSource::Proxy,
        missing: Missing::NOTHING,
    }
}

/// Returns the exchange that a record reports. Clients may vary the case of names, and names in
/// packets are compared in lower case; `query` is a buffer for that.
pub(super) fn exchange(
    entry: &AccessLogEntry<'_>,
    hasher: &ContentHasher,
    query: &mut Vec<u8>,
) -> Option<ExchangeId> {
    let dns = entry.view.dns?;
    let (client, _) = entry.client()?;
    query.clear();
    query.extend_from_slice(dns.query.0);
    query.make_ascii_lowercase();
    let qtypes: DnsTypes = dns.qtypes.iter().collect();
    Some(ExchangeId {
        client,
        client_port: None,
        is_response: entry.l7_type == L7Type::Response,
        content: Some(hasher.hash((query.as_slice(), qtypes.as_slice()))),
    })
}

/// Returns the other packets that a record is about. The proxy itself answers a request that it
/// refused or could not forward (`ServeDNS` in `pkg/fqdn/dnsproxy`), without a record of that
/// answer; any other message went to the server or came from it.
pub(super) fn proxy_packets(
    entry: &AccessLogEntry<'_>,
    exchange: &ExchangeId,
) -> Option<ProxyPackets> {
    let is_forwarded = entry.view.verdict.0 == b"Forwarded";
    let upstream = |identity| {
        Some(ProxyPackets::Upstream(UpstreamExchange {
            identity,
            is_response: exchange.is_response,
            content: exchange.content?,
        }))
    };
    match (entry.l7_type, is_forwarded) {
        (L7Type::Request, false) => Some(ProxyPackets::Answer(ExchangeId {
            is_response: true,
            ..*exchange
        })),
        (L7Type::Request, true) => upstream(low_u32(entry.view.source.identity.to_le_bytes())),
        (L7Type::Response, true) => upstream(0),
        _ => None,
    }
}
