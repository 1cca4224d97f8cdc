//! Numbers, addresses and times as text.

mod address;
mod decimal;
mod time;

pub use address::{mac_text, push_address, push_dns_address};
pub(crate) use address::{push_mac, push_optional_address};
pub use decimal::push_decimal;
pub(crate) use decimal::push_signed;
pub use time::{TimeFormat, push_hubble_time, push_rfc3339, push_time};
