//! The body of a log record: the line of `hubble observe` without its time.

use itoa::Buffer;
use tidegate_format::hubble::arrow;
use tidegate_model::flow::Flow;

use super::record_writer::LogRecordWriter;
use super::template::{FlowTemplates, PeerTemplate, event, peer};

/// One peer in the line: name, port and identity.
struct PeerText<'a> {
    template: &'a PeerTemplate,
    name_section: usize,
    port: &'a str,
}

impl<'a> PeerText<'a> {
    fn new(template: &'a PeerTemplate, port: Option<u16>, digits: &'a mut Buffer) -> Self {
        match port {
            Some(port) => Self {
                template,
                name_section: peer::NAME_BEFORE_PORT,
                port: digits.format(port),
            },
            None => Self {
                template,
                name_section: peer::NAME,
                port: "",
            },
        }
    }

    fn len(&self) -> usize {
        self.template.section_len(self.name_section)
            + self.port.len()
            + self.template.section_len(peer::IDENTITY)
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.template.copy_section(self.name_section, out);
        out.extend_from_slice(self.port.as_bytes());
        self.template.copy_section(peer::IDENTITY, out);
    }
}

/// Writes the body of a flow from its templates: the bytes that
/// [`BODY_FORMAT`](super::record_writer::BODY_FORMAT) would write.
/// `ports` are those of source and destination.
pub(super) fn write_flow(
    out: &mut LogRecordWriter<'_>,
    flow: &Flow,
    templates: FlowTemplates<'_>,
    ports: [Option<u16>; 2],
) {
    let mut source_digits = Buffer::new();
    let mut destination_digits = Buffer::new();
    let source = PeerText::new(templates.source, ports[0], &mut source_digits);
    let destination = PeerText::new(templates.destination, ports[1], &mut destination_digits);
    let (left, right) = if flow.is_reply == Some(true) {
        (destination, source)
    } else {
        (source, destination)
    };
    let arrow = arrow(flow);
    let event_len = templates.event.section_len(event::LINE_END);
    let out = out.begin_body(left.len() + arrow.len() + right.len() + event_len);
    left.write(out);
    out.extend_from_slice(arrow.as_bytes());
    right.write(out);
    templates.event.copy_section(event::LINE_END, out);
}
