//! Numbers as `top` shows them.

use crate::verbs::common::quantity::{self, grouped};

/// Bytes per second; `-` for none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is rounded, and not negative"
)]
pub(super) fn bytes(per_second: f64) -> String {
    if per_second <= 0.0 {
        "-".to_owned()
    } else {
        quantity::bytes(per_second.round().max(1.0) as u64)
    }
}

/// A share as a percentage; `-` for none.
pub(super) fn percent(share: f64) -> String {
    match share {
        none if none <= 0.0 => "-".to_owned(),
        little if little < 0.01 => "<1 %".to_owned(),
        share => format!("{:.0} %", share * 100.0),
    }
}

/// A number; `-` for 0.
pub(super) fn total(n: u64) -> String {
    if n == 0 { "-".to_owned() } else { grouped(n) }
}
