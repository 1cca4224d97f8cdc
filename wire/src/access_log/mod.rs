//! Access-log records: what Cilium's proxies report about HTTP, DNS, Kafka and other L7 traffic.
//!
//! Follows `LogRecord` of `pkg/proxy/accesslog/record.go`, Cilium 1.12 to 1.20-dev. A record is the
//! [`data`](crate::payload::Payload::data) of a payload: the byte [`MESSAGE_TYPE`] and a gob stream
//! of its own. Its shape changed between releases; the type definitions in the stream identify it.
//!
//! A [`RecordView`] borrows from the bytes of a record, [`RecordSpans`] are the positions of the
//! parts that a flow needs, and a [`LogRecord`] owns everything. All three, the field tags and the
//! encoder are generated from the list of fields in `record`. Nothing is interpreted: timestamps,
//! verdicts and the addresses of endpoints stay text, as sent.

mod answer_address;
mod decode;
mod encode;
mod error;
mod go_struct;
mod kind;
mod label_cache;
mod record;
mod span;
mod spans;
mod tag;
mod variant;

pub use answer_address::AnswerAddress;
pub use decode::Decoder;
pub use encode::Encoder;
pub use error::Error;
pub use kind::{Addresses, Headers, Map, Numbers, Texts};
pub use record::{
    Dns, DnsView, Endpoint, EndpointView, Http, HttpView, IpPort, IpPortView, Kafka, KafkaTopic,
    KafkaTopicView, KafkaView, L7, L7View, LabelForm, Labels, LogRecord, NodeAddresses,
    NodeAddressesView, RecordView, ServiceInfo, ServiceInfoView,
};
pub use spans::RecordSpans;
pub use variant::Variant;

/// The first byte of an access-log record.
pub const MESSAGE_TYPE: u8 = crate::event::message_type::ACCESS_LOG;

/// Maximum size of one record, in bytes.
///
/// A [`LogRecord`] can take some thirty times its bytes, when a list holds nothing but empty texts;
/// a [`RecordView`] takes none.
pub const MAX_RECORD: usize = 1024 * 1024;

/// The protocol that determines a record's flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// A record with a DNS part.
    Dns,
    /// A record with an HTTP part and no DNS part.
    Http,
    /// Any other record.
    Other,
}
