//! Numbers, addresses and times as text.

mod ascii;
mod digits;
mod push;

pub use ascii::{Ascii, decimal_text};
pub(crate) use digits::hex_text;
pub use digits::mac_text;
pub use push::{push_address, push_answer, push_decimal, push_rfc3339, push_stamp};
pub(crate) use push::{push_hex, push_mac, push_peer_address, push_signed};
