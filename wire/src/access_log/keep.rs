//! What a flow is made of, kept from a record without its bytes: to find its parts again costs much
//! less than to read the record again.

use super::labels::{LabelForm, Labels};
use super::lists::{Addresses, Map, Numbers, Texts};
use super::view::{DnsView, EndpointView, HttpView, KafkaView, L7View, View};
use super::{Protocol, Variant};
use crate::text::Text;

/// Where the parts of a record lie in its data.
#[derive(Debug, Clone)]
pub struct Kept {
    variant: Variant,
    kind: Place,
    timestamp: Place,
    observation_point: Place,
    source: KeptEndpoint,
    destination: KeptEndpoint,
    ip_version: u8,
    verdict: Place,
    transport_protocol: u16,
    part: Part,
}

#[derive(Debug, Clone)]
struct KeptEndpoint {
    id: u64,
    ipv4: Place,
    ipv6: Place,
    port: u16,
    identity: u64,
    labels: Place,
    form: LabelForm,
}

/// The part that the record's flow is made of.
#[derive(Debug, Clone)]
enum Part {
    Dns {
        query: Place,
        ips: Place,
        are_plain: bool,
        ttl: u32,
        cnames: Place,
        observation_source: Place,
        rcode: i64,
        qtypes: Place,
        answer_types: Place,
    },
    Http {
        code: i64,
        method: Place,
        url: Option<Place>,
        protocol: Place,
        headers: Option<Place>,
    },
    Kafka {
        error_code: i64,
        api_version: i16,
        api_key: Place,
        correlation_id: i32,
        topic: Place,
    },
    L7 {
        proto: Place,
        fields: Option<Place>,
    },
}

#[derive(Debug, Clone, Copy, Default)]
struct Place {
    start: u32,
    len: u32,
}

impl Place {
    /// Of a part of `data`, which is no longer than a record may be. An empty part may lie
    /// anywhere.
    #[inline]
    fn of(part: &[u8], data: &[u8]) -> Self {
        if part.is_empty() {
            return Self::default();
        }
        let start = part.as_ptr().addr().wrapping_sub(data.as_ptr().addr());
        Self {
            start: start as u32,
            len: part.len() as u32,
        }
    }

    #[inline]
    fn of_text(self, data: &[u8]) -> Text<'_> {
        Text(self.get(data))
    }

    #[inline]
    fn get(self, data: &[u8]) -> &[u8] {
        let start = self.start as usize;
        data.get(start..start + self.len as usize)
            .unwrap_or_default()
    }
}

impl Kept {
    /// What a flow is made of, of a record that was read from `data`.
    #[must_use]
    pub fn of(view: &View<'_>, data: &[u8]) -> Self {
        let place = |text: Text<'_>| Place::of(text.0, data);
        Self {
            variant: view.variant,
            kind: place(view.kind),
            timestamp: place(view.timestamp),
            observation_point: place(view.observation_point),
            source: KeptEndpoint::of(&view.source, data),
            destination: KeptEndpoint::of(&view.destination, data),
            ip_version: view.ip_version,
            verdict: place(view.verdict),
            transport_protocol: view.transport_protocol,
            part: Part::of(view, data),
        }
    }

    /// The protocol that the record is about. Where it has several parts, the first one in Hubble's
    /// order counts.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        match self.part {
            Part::Dns { .. } => Protocol::Dns,
            Part::Http { .. } => Protocol::Http,
            Part::Kafka { .. } | Part::L7 { .. } => Protocol::Other,
        }
    }

    /// What was kept, in the data that it was read from. The texts of the labels are not known any
    /// more.
    #[must_use]
    pub fn view<'a>(&self, data: &'a [u8]) -> View<'a> {
        let mut view = View {
            variant: self.variant,
            kind: self.kind.of_text(data),
            timestamp: self.timestamp.of_text(data),
            observation_point: self.observation_point.of_text(data),
            source: self.source.view(data),
            destination: self.destination.view(data),
            ip_version: self.ip_version,
            verdict: self.verdict.of_text(data),
            transport_protocol: self.transport_protocol,
            ..View::default()
        };
        self.part.show(&mut view, data);
        view
    }
}

impl KeptEndpoint {
    fn of(view: &EndpointView<'_>, data: &[u8]) -> Self {
        let EndpointView {
            id,
            ipv4,
            ipv6,
            port,
            identity,
            labels,
        } = *view;
        let (form, labels) = labels.raw();
        let [ipv4, ipv6, labels] = [ipv4.0, ipv6.0, labels].map(|part| Place::of(part, data));
        Self {
            id,
            ipv4,
            ipv6,
            port,
            identity,
            labels,
            form,
        }
    }

    fn view<'a>(&self, data: &'a [u8]) -> EndpointView<'a> {
        EndpointView {
            id: self.id,
            ipv4: self.ipv4.of_text(data),
            ipv6: self.ipv6.of_text(data),
            port: self.port,
            identity: self.identity,
            labels: Labels::of_form(self.form, self.labels.get(data)),
        }
    }
}

impl Part {
    fn of(view: &View<'_>, data: &[u8]) -> Self {
        let place = |part: &[u8]| Place::of(part, data);
        if let Some(DnsView {
            query,
            ips,
            ttl,
            cnames,
            observation_source,
            rcode,
            qtypes,
            answer_types,
        }) = view.dns
        {
            return Self::Dns {
                query: place(query.0),
                ips: place(ips.bytes),
                are_plain: ips.are_plain,
                ttl,
                cnames: place(cnames.0),
                observation_source: place(observation_source.0),
                rcode,
                qtypes: place(qtypes.0),
                answer_types: place(answer_types.0),
            };
        }
        if let Some(HttpView {
            code,
            method,
            url,
            protocol,
            headers,
            ..
        }) = view.http
        {
            let (url, headers) = (
                url.map(|url| place(url.0)),
                headers.map(|headers| place(headers.bytes())),
            );
            return Self::Http {
                code,
                method: place(method.0),
                url,
                protocol: place(protocol.0),
                headers,
            };
        }
        if let Some(KafkaView {
            error_code,
            api_version,
            api_key,
            correlation_id,
            topic,
        }) = view.kafka
        {
            let (api_key, topic) = (place(api_key.0), place(topic.0));
            return Self::Kafka {
                error_code,
                api_version,
                api_key,
                correlation_id,
                topic,
            };
        }
        let L7View { proto, fields } = view.l7.unwrap_or_default();
        Self::L7 {
            proto: place(proto.0),
            fields: fields.map(|fields| place(fields.bytes())),
        }
    }

    fn show<'a>(&self, view: &mut View<'a>, data: &'a [u8]) {
        match *self {
            Self::Dns {
                query,
                ips,
                are_plain,
                ttl,
                cnames,
                observation_source,
                rcode,
                qtypes,
                answer_types,
            } => {
                view.dns = Some(DnsView {
                    query: query.of_text(data),
                    ips: Addresses {
                        bytes: ips.get(data),
                        are_plain,
                    },
                    ttl,
                    cnames: Texts(cnames.get(data)),
                    observation_source: observation_source.of_text(data),
                    rcode,
                    qtypes: Numbers(qtypes.get(data)),
                    answer_types: Numbers(answer_types.get(data)),
                });
            }
            Self::Http {
                code,
                method,
                url,
                protocol,
                headers,
            } => {
                view.http = Some(HttpView {
                    code,
                    method: method.of_text(data),
                    url: url.map(|url| url.of_text(data)),
                    protocol: protocol.of_text(data),
                    headers: headers.map(|headers| Map::of_lists(headers.get(data))),
                    ..HttpView::default()
                });
            }
            Self::Kafka {
                error_code,
                api_version,
                api_key,
                correlation_id,
                topic,
            } => {
                let (api_key, topic) = (api_key.of_text(data), topic.of_text(data));
                view.kafka = Some(KafkaView {
                    error_code,
                    api_version,
                    api_key,
                    correlation_id,
                    topic,
                });
            }
            Self::L7 { proto, fields } => {
                let fields = fields.map(|fields| Map::of_texts(fields.get(data)));
                view.l7 = Some(L7View {
                    proto: proto.of_text(data),
                    fields,
                });
            }
        }
    }
}
