//! The parts of a record that a flow needs, as positions in its data. Finding the parts again costs
//! much less than reading the record again.

use super::Protocol;
use super::go_struct::GoStruct;
use super::record::{
    CommonSpans, Dns, DnsSpans, Http, HttpSpans, Kafka, KafkaSpans, L7, L7Spans, LogRecord,
    RecordView,
};

/// The positions of a record's parts in its data.
#[derive(Debug, Clone)]
pub struct RecordSpans {
    common: CommonSpans,
    part: PartSpans,
}

/// The protocol's part that the flow is made from. Where a record has several, the first one in
/// Hubble's order counts.
#[derive(Debug, Clone)]
enum PartSpans {
    Dns(DnsSpans),
    Http(HttpSpans),
    Kafka(KafkaSpans),
    L7(L7Spans),
}

impl RecordSpans {
    /// The positions of the parts of `view`, which was read from `data`.
    #[must_use]
    pub fn of(view: &RecordView<'_>, data: &[u8]) -> Self {
        Self {
            common: LogRecord::spans(view, data),
            part: PartSpans::of(view, data),
        }
    }

    /// The protocol that determines the flow.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        match self.part {
            PartSpans::Dns(_) => Protocol::Dns,
            PartSpans::Http(_) => Protocol::Http,
            PartSpans::Kafka(_) | PartSpans::L7(_) => Protocol::Other,
        }
    }

    /// Restores the retained parts from `data`, which the record was read from. Labels have no
    /// texts any more.
    #[must_use]
    pub fn view<'a>(&self, data: &'a [u8]) -> RecordView<'a> {
        let mut view = LogRecord::view(&self.common, data);
        match &self.part {
            PartSpans::Dns(spans) => view.dns = Some(Dns::view(spans, data)),
            PartSpans::Http(spans) => view.http = Some(Http::view(spans, data)),
            PartSpans::Kafka(spans) => view.kafka = Some(Kafka::view(spans, data)),
            PartSpans::L7(spans) => view.l7 = Some(L7::view(spans, data)),
        }
        view
    }
}

impl PartSpans {
    fn of(view: &RecordView<'_>, data: &[u8]) -> Self {
        if let Some(dns) = &view.dns {
            Self::Dns(Dns::spans(dns, data))
        } else if let Some(http) = &view.http {
            Self::Http(Http::spans(http, data))
        } else if let Some(kafka) = &view.kafka {
            Self::Kafka(Kafka::spans(kafka, data))
        } else {
            Self::L7(L7::spans(&view.l7.unwrap_or_default(), data))
        }
    }
}
