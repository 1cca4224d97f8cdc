//! Attributes of a lost report; `uint` is as for [flows](super::flow).
//!
//! | attribute | type | meaning |
//! | --- | --- | --- |
//! | `cilium.lost.source` | string | who lost events: `PERF_EVENT_RING_BUFFER` and the like |
//! | `cilium.lost.count` | uint | how many |
//! | `cilium.lost.cpu` | int | the CPU whose ring overflowed, where it is one CPU's |
//! | `cilium.lost.first_unix_nano`, `cilium.lost.last_unix_nano` | uint | time of the first and last lost event, if known |

use tidegate_model::record::Lost;

use super::key::key;
use super::writer::Writer;

/// Writes them.
pub(super) fn write(out: &mut Writer<'_>, lost: &Lost) {
    out.text(key!("cilium.lost.source"), lost.source.name());
    out.unsigned(key!("cilium.lost.count"), lost.count);
    if let Some(cpu) = lost.cpu {
        out.int(key!("cilium.lost.cpu"), cpu);
    }
    if let Some((first, last)) = lost.span {
        out.unsigned(key!("cilium.lost.first_unix_nano"), first.0);
        out.unsigned(key!("cilium.lost.last_unix_nano"), last.0);
    }
}
