//! Writes one `Span` (opentelemetry-proto 1.9). Its attributes are written as those of a log record,
//! and get the field number of a span's afterwards.

use super::{LogRecordWriter, write_length};
use crate::otlp::mapping::ATTRIBUTES;
use crate::otlp::protobuf::{LEN, field, field_header, fixed64, integer};
use crate::otlp::spans::Span;

/// `ScopeSpans.spans`
const SPANS: u8 = 2;

/// Field numbers of `Span`, and the one of `Status`.
mod field_number {
    pub(super) const TRACE_ID: u8 = 1;
    pub(super) const SPAN_ID: u8 = 2;
    pub(super) const PARENT_SPAN_ID: u8 = 4;
    pub(super) const NAME: u8 = 5;
    pub(super) const KIND: u8 = 6;
    pub(super) const START: u8 = 7;
    pub(super) const END: u8 = 8;
    pub(super) const ATTRIBUTES: u8 = 9;
    pub(super) const STATUS: u8 = 15;
    pub(super) const STATUS_CODE: u8 = 3;
    /// Tag of `flags`, whose number takes two bytes.
    pub(super) const FLAGS_TAG: [u8; 2] = [0x85, 1];
}

/// `Status.StatusCode.STATUS_CODE_ERROR`
const ERROR: u64 = 2;

/// Appends a span to `out`, with the attributes that `write_attributes` writes.
pub(in super::super) fn write_span(
    out: &mut Vec<u8>,
    span: &Span,
    is_error: bool,
    scratch: &mut String,
    write_attributes: impl FnOnce(&mut LogRecordWriter<'_>),
) {
    out.extend_from_slice(&[SPANS << 3 | LEN, 0, 0]);
    let start = out.len();
    field(out, field_number::TRACE_ID, &span.trace_id);
    field(out, field_number::SPAN_ID, &span.span_id);
    if let Some(parent_id) = &span.parent_id {
        field(out, field_number::PARENT_SPAN_ID, parent_id);
    }
    field(out, field_number::NAME, span.name.as_bytes());
    integer(out, field_number::KIND, span.kind as u64);
    fixed64(out, field_number::START, span.start.0);
    fixed64(out, field_number::END, span.end.0);
    let attributes = out.len();
    write_attributes(&mut LogRecordWriter::attributes_only(out, scratch));
    renumber(&mut out[attributes..]);
    if is_error {
        field_header(out, field_number::STATUS, 2);
        integer(out, field_number::STATUS_CODE, ERROR);
    }
    out.extend_from_slice(&field_number::FLAGS_TAG);
    out.extend_from_slice(&span.flags.to_le_bytes());
    write_length(out, start);
}

/// Replaces the tags of attributes by those of a span's attributes.
fn renumber(attributes: &mut [u8]) {
    let mut rest = attributes;
    while let [tag, bytes @ ..] = rest {
        debug_assert_eq!(*tag, ATTRIBUTES << 3 | LEN, "only attributes are written");
        *tag = field_number::ATTRIBUTES << 3 | LEN;
        let mut len = 0;
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            len |= usize::from(byte & 0x7f) << (7 * at);
            at += 1;
            if byte & 0x80 == 0 {
                break;
            }
        }
        rest = bytes.get_mut(at + len..).unwrap_or_default();
    }
}
