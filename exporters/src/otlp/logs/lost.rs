//! Attributes of a lost report; `uint` is as for [flows](super::flow).
//!
//! | attribute | type | meaning |
//! | --- | --- | --- |
//! | `cilium.lost.source` | string | what lost events: `PERF_EVENT_RING_BUFFER` and the like |
//! | `cilium.lost.count` | uint | number of events |
//! | `cilium.lost.cpu` | int | the CPU whose ring overflowed, if it belongs to one CPU |
//! | `cilium.lost.first_unix_nano`, `cilium.lost.last_unix_nano` | uint | time of the first and last lost event, if known |

use tidegate_model::record::Lost;

use super::attribute_key::key;
use super::record_writer::LogRecordWriter;

/// Writes the attributes of a lost report.
pub(super) fn write_attributes(out: &mut LogRecordWriter<'_>, lost: &Lost) {
    out.string(key!("cilium.lost.source"), lost.source.name());
    out.unsigned(key!("cilium.lost.count"), lost.count);
    if let Some(cpu) = lost.cpu {
        out.int(key!("cilium.lost.cpu"), cpu);
    }
    if let Some((first, last)) = lost.span {
        out.unsigned(key!("cilium.lost.first_unix_nano"), first.0);
        out.unsigned(key!("cilium.lost.last_unix_nano"), last.0);
    }
}
