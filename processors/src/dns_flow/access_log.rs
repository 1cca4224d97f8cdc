//! The DNS part of an access-log record: Hubble's `pkg/hubble/parser/seven/dns.go` (v1.19.4).

use tidegate_core::flow::{Dns, L7, L7Record, L7Type, Seen};
use tidegate_wire::access_log::LogRecord;

use crate::access_log_flow::{client, l7_type, low_u32};
use crate::wire_seen::{Content, Exchange};

/// Takes the DNS part out of a record.
pub(super) fn l7(log: &mut LogRecord) -> L7 {
    let l7_type = l7_type(log);
    let logged = log.dns.take().unwrap_or_default();
    let asked = Dns {
        query: logged.query,
        observation_source: logged.observation_source,
        qtypes: logged.qtypes,
        ..Dns::default()
    };
    let dns = if l7_type == L7Type::Request {
        asked
    } else {
        Dns {
            ips: logged.ips,
            ttl: logged.ttl,
            cnames: logged.cnames,
            rcode: low_u32(logged.rcode.to_le_bytes()),
            rrtypes: logged.answer_types,
            ..asked
        }
    };
    L7 { l7_type, latency_ns: 0, record: L7Record::Dns(dns), trace_id: None, seen: Seen::Proxy }
}

/// What a record reports. Clients may vary the case of names, and packets are read in lower case.
pub(super) fn exchange(log: &LogRecord, content: &Content) -> Option<Exchange> {
    let (dns, (client, _)) = (log.dns.as_ref()?, client(log)?);
    let query = dns.query.to_ascii_lowercase();
    let content = Some(content.of((query.as_str(), dns.qtypes.as_slice())));
    Some(Exchange { client, client_port: None, is_response: l7_type(log) == L7Type::Response, content })
}
