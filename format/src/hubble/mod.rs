//! Flows and other events as texts, in the forms that Hubble (v1.19.4) made customary: its ids, its
//! summaries, the lines of its exporter and the lines of `hubble observe`.

mod compact;
mod debug;
mod escape;
mod json;
mod quote;
mod service_address;
mod summary;
mod uuid;

pub use compact::{Compact, Peer, arrow, push_identity, push_type};
pub use json::Json;
pub use service_address::HostPort;
pub use summary::push_summary;
pub use uuid::{Uuid, Uuids};
