//! Flows and other events in Hubble's formats (v1.19.4): the summary of a flow, the JSON lines of
//! its exporter, and the text formats of `hubble observe`: [`Printer`] prints any record in one of
//! them, [`Compact`] the lines of the default one.

mod compact;
mod debug;
mod dict;
mod escape;
mod json;
mod node_name;
mod printer;
mod quote;
mod rows;
mod service_address;
mod summary;
mod table;

pub use compact::{Compact, FlowPeer, arrow, push_identity, push_type};
pub use json::Json;
pub use printer::{Printer, TextFormat};
pub use service_address::HostPort;
pub use summary::push_summary;
pub use table::Table;
