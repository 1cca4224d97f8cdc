//! Encodes spans. Their attributes are those of the response's log record, seen from the request:
//! the client is the source.

use tidegate_format::hubble::FlowPeer;
use tidegate_format::text::push_address;
use tidegate_model::flow::Flow;

use super::Encoder;
use crate::otlp::logs::error_type::ErrorType;
use crate::otlp::logs::record_writer::{LogRecordWriter, write_span};
use crate::otlp::logs::template::{PeerTemplate, event, peer};
use crate::otlp::logs::{ends, l7};
use crate::otlp::mapping::{self, DESTINATION, PeerKeys, SOURCE};
use crate::otlp::spans::{Span, SpanKind};

impl Encoder {
    /// Appends the span that a flow ends to `out`, as a field of `ScopeSpans`.
    pub(in crate::otlp) fn encode_span(&mut self, flow: &Flow, span: &Span, out: &mut Vec<u8>) {
        let Some(l7) = flow.l7.as_deref() else {
            return;
        };
        let source = FlowPeer::source(flow);
        let destination = FlowPeer::destination(flow);
        let [client, server] = if ends::is_from_server(flow, l7) {
            [&destination, &source]
        } else {
            [&source, &destination]
        };
        let templates = [
            self.sources.get(client, &mut self.scratch),
            self.destinations.get(server, &mut self.scratch),
        ];
        let event = self.events.get(flow, &mut self.scratch);
        let is_error = ErrorType::of(flow).is_some();
        write_span(out, span, is_error, &mut self.scratch, |out| {
            let ends = [(&SOURCE, client), (&DESTINATION, server)];
            for ((keys, peer), template) in ends.into_iter().zip(templates) {
                write_peer(out, keys, peer, template);
            }
            out.encoded(|out| event.copy_section(event::ATTRIBUTES, out));
            write_network_peer(out, span.kind, client, server);
            ends::write(out, flow, l7, [&source, &destination]);
            l7::write_attributes(out, l7, &self.headers);
        });
    }
}

fn write_peer(
    out: &mut LogRecordWriter<'_>,
    keys: &PeerKeys,
    peer: &FlowPeer<'_>,
    template: &PeerTemplate,
) {
    out.encoded(|out| template.copy_sections(peer::ADDRESS, peer::ATTRIBUTES, out));
    if let Some(port) = peer.port {
        out.int(&keys.port, port);
    }
}

/// Writes the address of the other end, seen from where the span was observed.
fn write_network_peer(
    out: &mut LogRecordWriter<'_>,
    kind: SpanKind,
    client: &FlowPeer<'_>,
    server: &FlowPeer<'_>,
) {
    let other = match kind {
        SpanKind::Server => client,
        SpanKind::Client => server,
    };
    if let Some(address) = other.written_address() {
        out.string_with(mapping::NETWORK_PEER_ADDRESS, |text| {
            push_address(text, address)
        });
    }
    if let Some(port) = other.port {
        out.int(mapping::NETWORK_PEER_PORT, port);
    }
}
