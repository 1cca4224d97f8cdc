//! Flows and other events in Hubble's formats (v1.19.4): the summary of a flow, the JSON lines of
//! its exporter, and the lines of `hubble observe -o compact`.

mod compact;
mod debug;
mod escape;
mod flow_id;
mod json;
mod quote;
mod service_address;
mod summary;

pub use compact::{Compact, FlowPeer, arrow, push_identity, push_type};
pub use flow_id::{FlowIds, uuid_text};
pub use json::Json;
pub use service_address::HostPort;
pub use summary::push_summary;
