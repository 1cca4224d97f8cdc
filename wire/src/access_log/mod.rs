//! Access-log records: what Cilium's proxies report about HTTP, DNS, Kafka and other L7 traffic.
//!
//! Follows `LogRecord` of `pkg/proxy/accesslog/record.go`, Cilium 1.12 to 1.20-dev. A record is the
//! [`data`](crate::payload::Payload::data) of a payload: the byte [`MESSAGE_TYPE`] and a gob stream
//! of its own. Its shape changed over the releases; what the stream defines tells which it is.
//!
//! A [`View`] is a record as it lies in its bytes, a [`Kept`] tells where the parts lie that a flow
//! is made of, a [`LogRecord`] has all of it as its own. Doesn't interpret: timestamps, verdicts
//! and addresses of endpoints stay text, as they were sent.

mod answer;
mod decode;
mod decode_l7;
mod encode;
mod error;
mod keep;
mod labels;
mod lists;
mod own;
mod record;
mod schema;
mod tag;
mod variant;
mod view;

pub use answer::Answer;
pub use decode::{Decoder, MAX_RECORD};
pub use encode::Encoder;
pub use error::Error;
pub use keep::Kept;
pub use labels::{LabelForm, Labels};
pub use lists::{Addresses, Map, Numbers, Texts};
pub use record::{
    Dns, Endpoint, Headers, Http, IpPort, Kafka, L7, LogRecord, NodeAddresses, ServiceInfo,
};
pub use variant::Variant;
pub use view::{DnsView, EndpointView, HttpView, KafkaView, L7View, NodeView, ServiceView, View};

/// The first byte of an access-log record.
pub const MESSAGE_TYPE: u8 = 129;

/// Whose part a record is to have its flow from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// A record with a DNS part.
    Dns,
    /// One with an HTTP part, and none about DNS.
    Http,
    /// Any other one.
    Other,
}
