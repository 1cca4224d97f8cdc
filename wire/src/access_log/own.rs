//! A record of its own, made of one that lies in its bytes.

use super::lists::{Map, Texts};
use super::view::{DnsView, EndpointView, HttpView, KafkaView, L7View, ServiceView, View};
use super::{
    Dns, Endpoint, Headers, Http, IpPort, Kafka, L7, LogRecord, NodeAddresses, ServiceInfo,
};
use crate::text::Text;

impl View<'_> {
    /// A copy of all that is in it.
    #[must_use]
    pub fn to_record(&self) -> LogRecord {
        LogRecord {
            variant: self.variant,
            kind: self.kind.to_owned(),
            timestamp: self.timestamp.to_owned(),
            node: NodeAddresses {
                ipv4: self.node.ipv4.to_owned(),
                ipv6: self.node.ipv6.to_owned(),
            },
            observation_point: self.observation_point.to_owned(),
            source: self.source.into(),
            destination: self.destination.into(),
            ip_version: self.ip_version,
            verdict: self.verdict.to_owned(),
            info: self.info.to_owned(),
            metadata: strings(self.metadata),
            transport_protocol: self.transport_protocol,
            flow_event: self.flow_event.to_owned(),
            service: self.service.map(Into::into),
            drop_reason: self.drop_reason,
            http: self.http.map(Into::into),
            kafka: self.kafka.map(Into::into),
            dns: self.dns.map(Into::into),
            l7: self.l7.map(Into::into),
        }
    }
}

impl From<EndpointView<'_>> for Endpoint {
    fn from(view: EndpointView<'_>) -> Self {
        let EndpointView {
            id,
            ipv4,
            ipv6,
            port,
            identity,
            labels,
        } = view;
        Self {
            id,
            ipv4: ipv4.to_owned(),
            ipv6: ipv6.to_owned(),
            port,
            identity,
            labels: labels.to_vec(),
        }
    }
}

impl From<ServiceView<'_>> for ServiceInfo {
    fn from(ServiceView { name, ip, port }: ServiceView<'_>) -> Self {
        Self {
            name: name.to_owned(),
            ip_port: IpPort {
                ip: ip.to_owned(),
                port,
            },
        }
    }
}

impl From<HttpView<'_>> for Http {
    fn from(view: HttpView<'_>) -> Self {
        Self {
            code: view.code,
            method: view.method.to_owned(),
            url: view.url.map(Text::to_owned),
            protocol: view.protocol.to_owned(),
            headers: headers(view.headers),
            missing_headers: headers(view.missing_headers),
            rejected_headers: headers(view.rejected_headers),
        }
    }
}

impl From<KafkaView<'_>> for Kafka {
    fn from(view: KafkaView<'_>) -> Self {
        let KafkaView {
            error_code,
            api_version,
            api_key,
            correlation_id,
            topic,
        } = view;
        Self {
            error_code,
            api_version,
            api_key: api_key.to_owned(),
            correlation_id,
            topic: topic.to_owned(),
        }
    }
}

impl From<DnsView<'_>> for Dns {
    fn from(view: DnsView<'_>) -> Self {
        Self {
            query: view.query.to_owned(),
            ips: view.ips.iter().collect(),
            ttl: view.ttl,
            cnames: strings(view.cnames),
            observation_source: view.observation_source.to_owned(),
            rcode: view.rcode,
            qtypes: view.qtypes.iter().collect(),
            answer_types: view.answer_types.iter().collect(),
        }
    }
}

impl From<L7View<'_>> for L7 {
    fn from(L7View { proto, fields }: L7View<'_>) -> Self {
        let fields = fields.map(|fields| {
            fields
                .iter()
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect()
        });
        Self {
            proto: proto.to_owned(),
            fields,
        }
    }
}

fn headers(map: Option<Map<'_, Texts<'_>>>) -> Headers {
    map.map(|map| {
        map.iter()
            .map(|(key, values)| (key.to_owned(), strings(values)))
            .collect()
    })
}

fn strings(texts: Texts<'_>) -> Vec<String> {
    texts.iter().map(Text::to_owned).collect()
}
