//! From frames to flows: the processors in a row, fed with recorded and made-up events.

mod access_log;
mod agent_events;
mod ambiguity;
mod any_bytes;
mod books;
mod dns_messages;
mod dns_proxy;
mod http_connections;
mod http_messages;
mod http_streams;
mod http_support;
mod hubble_vectors;
mod hubbles;
mod kinds;
mod layouts;
mod perf_vectors;
mod redaction;
mod releases;
mod sock;
mod support;
mod wire;
mod wire_messages;
