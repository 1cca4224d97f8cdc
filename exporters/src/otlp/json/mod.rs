//! OTLP JSON of encoded OTLP messages (OTLP specification 1.9, "JSON Protobuf Encoding").
//!
//! Requests are encoded as protobuf, whatever the protocol. `http/json` is the exception rather
//! than the rule, so its bodies are made of the encoded message: [`schema`] has the fields of
//! opentelemetry-proto 1.9, [`wire`] reads protobuf, [`convert`] writes.

mod convert;
mod schema;
#[cfg(test)]
mod tests;
mod wire;

pub(super) use convert::to_json;
