//! Attributes of a lost report.
//!
//! | attribute | type | meaning |
//! | --- | --- | --- |
//! | `cilium.lost.source` | string | who lost events: `PERF_EVENT_RING_BUFFER` and the like |
//! | `cilium.lost.count` | int | how many |
//! | `cilium.lost.cpu` | int | the CPU whose ring overflowed, where it is one CPU's |
//! | `cilium.lost.first_unix_nano`, `cilium.lost.last_unix_nano` | int | time of the first and last lost event, if known |

use tidegate_core::record::Lost;

use super::key::key;
use super::writer::Writer;

/// Writes them.
pub(super) fn write(out: &mut Writer<'_>, lost: &Lost) {
    let int = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    out.text(key!("cilium.lost.source"), lost.source.name());
    out.int(key!("cilium.lost.count"), int(lost.count));
    if let Some(cpu) = lost.cpu {
        out.int(key!("cilium.lost.cpu"), cpu);
    }
    if let Some((first, last)) = lost.span {
        out.int(key!("cilium.lost.first_unix_nano"), int(first.0));
        out.int(key!("cilium.lost.last_unix_nano"), int(last.0));
    }
}
