//! The DNS part of an access-log record: Hubble's `pkg/hubble/parser/seven/dns.go` (v1.19.4).

use tidegate_core::flow::{Dns, L7, L7Record, L7Type, Seen};
use tidegate_wire::access_log::LogRecord;

use crate::access_log_flow::l7_type;

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
            rcode: u32::try_from(logged.rcode).unwrap_or_default(),
            rrtypes: logged.answer_types,
            ..asked
        }
    };
    L7 { l7_type, latency_ns: 0, record: L7Record::Dns(dns), trace_id: None, seen: Seen::Proxy }
}
