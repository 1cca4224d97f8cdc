//! A record as it lies in its bytes: read whole and found right, with nothing copied.
//!
//! The fields are those of [`LogRecord`](super::LogRecord), which tells what they hold.

#![expect(missing_docs, reason = "the fields are documented at the owned record")]

use super::Variant;
use super::labels::Labels;
use super::lists::{Addresses, Map, Numbers, Texts};
use crate::text::Text;

#[derive(Debug, Clone, Copy, Default)]
pub struct View<'a> {
    pub variant: Variant,
    pub kind: Text<'a>,
    pub timestamp: Text<'a>,
    pub node: NodeView<'a>,
    pub observation_point: Text<'a>,
    pub source: EndpointView<'a>,
    pub destination: EndpointView<'a>,
    pub ip_version: u8,
    pub verdict: Text<'a>,
    pub info: Text<'a>,
    pub metadata: Texts<'a>,
    pub transport_protocol: u16,
    pub flow_event: Text<'a>,
    pub service: Option<ServiceView<'a>>,
    pub drop_reason: Option<u16>,
    pub http: Option<HttpView<'a>>,
    pub kafka: Option<KafkaView<'a>>,
    pub dns: Option<DnsView<'a>>,
    pub l7: Option<L7View<'a>>,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct NodeView<'a> {
    pub ipv4: Text<'a>,
    pub ipv6: Text<'a>,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct EndpointView<'a> {
    pub id: u64,
    pub ipv4: Text<'a>,
    pub ipv6: Text<'a>,
    pub port: u16,
    pub identity: u64,
    pub labels: Labels<'a>,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct ServiceView<'a> {
    pub name: Text<'a>,
    pub ip: Text<'a>,
    pub port: u16,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct HttpView<'a> {
    pub code: i64,
    pub method: Text<'a>,
    pub url: Option<Text<'a>>,
    pub protocol: Text<'a>,
    pub headers: Option<Map<'a, Texts<'a>>>,
    pub missing_headers: Option<Map<'a, Texts<'a>>>,
    pub rejected_headers: Option<Map<'a, Texts<'a>>>,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct KafkaView<'a> {
    pub error_code: i64,
    pub api_version: i16,
    pub api_key: Text<'a>,
    pub correlation_id: i32,
    pub topic: Text<'a>,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct DnsView<'a> {
    pub query: Text<'a>,
    pub ips: Addresses<'a>,
    pub ttl: u32,
    pub cnames: Texts<'a>,
    pub observation_source: Text<'a>,
    pub rcode: i64,
    pub qtypes: Numbers<'a>,
    pub answer_types: Numbers<'a>,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct L7View<'a> {
    pub proto: Text<'a>,
    pub fields: Option<Map<'a, Text<'a>>>,
}
