//! Flows, agent events, debug events and lost reports as OTLP log records, and the requests that
//! carry them.
//!
//! All records have `time_unix_nano`, the time of receipt; `observed_time_unix_nano`, when the
//! exporter took them; the attribute `log.record.uid`; and the `body` that is configured, the line of
//! `hubble observe` without its time by default.
//!
//! | record | `event_name` | `severity` |
//! | --- | --- | --- |
//! | flow | `hubble.flow` | WARN for the verdicts DROPPED and ERROR, else INFO |
//! | agent event | `hubble.agent_event` | WARN for a failed regeneration, else INFO |
//! | debug event | `hubble.debug_event` | DEBUG |
//! | lost report | `hubble.lost_events` | WARN |
//!
//! A flow has `trace_id`, `span_id` and `flags` of its request's header `traceparent`, if it is
//! valid.
//!
//! Reading order: [`record_writer`] writes one record in a single pass. [`flow`], [`l7`] with
//! [`url`], [`ends`] and [`error_type`], [`agent_event`], [`debug_event`] and [`lost`] write the
//! attributes of a record, in the forms of [`mod@format`]. [`template`] caches the encoded
//! parts that many flows have in common. [`encoder`] combines them. [`request`] collects encoded
//! records into requests, with [`envelope`] around them and their tickets. [`node_resource`] has
//! the attributes of the resource.

mod agent_event;
mod body;
mod debug_event;
mod encoder;
mod ends;
mod envelope;
mod error_type;
mod flow;
mod format;
mod header_filter;
mod l7;
mod lost;
mod node_resource;
mod record_writer;
mod request;
mod template;
mod url;

pub use encoder::Encoder;
pub use format::{Body, Labels, LogFormat};
pub(super) use node_resource::NodeResource;
pub(super) use request::{BatchConfig, LogRequest, LogRequestBuilder, Placement};
