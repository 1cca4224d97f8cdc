//! Flows and other events as texts, in the forms that Hubble (v1.19.4) made customary: its ids, its
//! summaries, the lines of its exporter and the lines of `hubble observe`. Exporters share them.
//!
//! Everything here appends to a `String` that the caller reuses; nothing does I/O.

mod ascii;
mod compact;
mod debug;
mod digits;
mod escape;
mod json;
mod push;
mod quote;
mod service_address;
mod summary;
mod uuid;

pub(crate) use ascii::{Ascii, decimal_text};
pub use compact::{Compact, push_type};
pub(crate) use compact::{Peer, arrow, push_identity};
pub(crate) use digits::mac_text;
pub use json::Json;
pub(crate) use push::{push_address, push_answer, push_decimal};
pub use push::{push_rfc3339, push_stamp};
pub(crate) use service_address::HostPort;
pub use summary::push_summary;
pub use uuid::{Uuid, Uuids};
