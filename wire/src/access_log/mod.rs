//! Access-log records: what Cilium's proxies report about HTTP, DNS, Kafka and other L7 traffic.
//!
//! Follows `LogRecord` of `pkg/proxy/accesslog/record.go`, Cilium 1.12 to 1.20-dev. A record is the
//! [`data`](crate::payload::Payload::data) of a payload: the byte [`MESSAGE_TYPE`] and a gob stream
//! of its own. Its shape changed over the releases; what the stream defines tells which it is.
//! Doesn't interpret: timestamps, verdicts and addresses of endpoints stay text, as they were sent.

mod answer;
mod decode;
mod decode_l7;
mod encode;
mod error;
mod record;
mod schema;
mod variant;

pub use answer::Answer;
pub use decode::{Decoder, MAX_RECORD};
pub use encode::Encoder;
pub use error::Error;
pub use record::{Dns, Endpoint, Headers, Http, IpPort, Kafka, L7, LogRecord, NodeAddresses, ServiceInfo};
pub use variant::Variant;

/// The first byte of an access-log record.
pub const MESSAGE_TYPE: u8 = 129;
