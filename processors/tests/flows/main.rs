//! The processors from `cilium_decode` to the L7 stages, fed with recorded and generated events.

mod access_log;
mod agent_events;
mod ambiguity;
mod arbitrary_bytes;
mod captured_messages;
mod dns_messages;
mod dns_proxy;
mod events;
mod http_connections;
mod http_messages;
mod http_streams;
mod http_support;
mod hubble_vectors;
mod kinds;
mod layouts;
mod learnt_names;
mod outcomes;
mod perf_vectors;
mod redaction;
mod release_differences;
mod releases;
mod sock;
mod support;
