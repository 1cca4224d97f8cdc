//! Attributes of a lost report.

use tidegate_model::record::{Lost, LostSource};

use super::record_writer::LogRecordWriter;
use crate::otlp::mapping;

/// Writes the attributes of a lost report.
pub(super) fn write_attributes(out: &mut LogRecordWriter<'_>, lost: &Lost) {
    if lost.source != LostSource::Unknown {
        out.string(mapping::LOST_SOURCE, lost.source.name());
    }
    out.unsigned(mapping::LOST_COUNT, lost.count);
    if let Some(cpu) = lost.cpu {
        out.int(mapping::LOST_CPU, cpu);
    }
    if let Some((first, last)) = lost.span {
        out.unsigned(mapping::LOST_FIRST, first.0);
        out.unsigned(mapping::LOST_LAST, last.0);
    }
}
