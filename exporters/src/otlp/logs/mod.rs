//! Flows, agent events, debug events and lost reports as OTLP log records, and the requests that
//! carry them.
//!
//! All records have `time_unix_nano`, the time of receipt; `observed_time_unix_nano`, when the
//! exporter took them; and a `body`, the line of `hubble observe` without its time.
//!
//! | record | `event_name` | `severity` | `attributes` |
//! | --- | --- | --- | --- |
//! | flow | `hubble.flow` | WARN for the verdicts DROPPED and ERROR, else INFO | [`flow`] and [`l7`] |
//! | agent event | `hubble.agent_event` | WARN for a failed regeneration, else INFO | [`agent_event`] |
//! | debug event | `hubble.debug_event` | DEBUG | [`debug_event`] |
//! | lost report | `hubble.lost_events` | WARN | [`lost`] |
//!
//! A flow has `trace_id`, `span_id` and `flags` of its request's header `traceparent`, if it is valid.
//!
//! Reading order: [`record_writer`] writes one record in a single pass, with names of attributes
//! from [`attribute_key`]. [`template`] caches the encoded parts that many flows have in common.
//! [`encoder`] combines both. [`request`] collects encoded records into requests, with [`envelope`]
//! around them and their [`tickets`]. [`node_resource`] has the attributes of the resource.

mod agent_event;
mod attribute_key;
mod body;
mod debug_event;
mod encoder;
mod envelope;
mod flow;
mod header_filter;
mod l7;
mod lost;
mod node_resource;
mod record_writer;
mod request;
mod template;
mod tickets;

pub use encoder::Encoder;
pub(super) use node_resource::NodeResource;
pub(super) use request::{BatchConfig, LogRequestBuilder, Placement};
pub(super) use tickets::{InFlightTickets, RequestTickets};
