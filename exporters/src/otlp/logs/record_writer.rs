//! Writes one `LogRecord` (opentelemetry-proto 1.9) directly into its request, with fields in the
//! order of their numbers, as generated encoders write them. That is an order of magnitude less
//! work than building a tree of messages for some twenty attributes.
//!
//! The record's length is written last, into a gap of the usual width. [`attributes`] writes the
//! attributes, [`span`] a span.

mod attributes;
mod span;

pub(super) use span::write_span;

use tidegate_format::hubble::Compact;
use tidegate_model::Timestamp;
use tidegate_model::flow::TraceContext;

use crate::otlp::protobuf::{
    LEN, VARINT, field, field_header, field_len, fixed32, fixed64, varint,
};

/// The text format of bodies.
pub(super) const BODY_FORMAT: Compact = Compact::PLAIN;

/// `ScopeLogs.log_records`
const LOG_RECORDS: u8 = 2;

/// Bytes reserved for a record's length.
const LENGTH_GAP: usize = 2;

/// Field numbers of `LogRecord`.
mod log_record {
    pub(super) const TIME: u8 = 1;
    pub(super) const SEVERITY_NUMBER: u8 = 2;
    pub(super) const SEVERITY_TEXT: u8 = 3;
    pub(super) const BODY: u8 = 5;
    pub(super) const FLAGS: u8 = 8;
    pub(super) const TRACE_ID: u8 = 9;
    pub(super) const SPAN_ID: u8 = 10;
    pub(super) const OBSERVED_TIME: u8 = 11;
    pub(super) const EVENT_NAME: u8 = 12;
}

/// Field numbers of `AnyValue`, and those of `ArrayValue` and `KeyValueList`.
mod any_value {
    pub(super) const STRING: u8 = 1;
    pub(super) const BOOL: u8 = 2;
    pub(super) const INT: u8 = 3;
    pub(super) const ARRAY: u8 = 5;
    pub(super) const ARRAY_VALUES: u8 = 1;
    pub(super) const MAP: u8 = 6;
    pub(super) const MAP_ENTRIES: u8 = 1;
}

/// The severities in use, with their `SeverityNumber`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Severity {
    Debug = 5,
    Info = 9,
    Warn = 13,
}

/// The fields before the body.
#[derive(Debug)]
pub(super) struct RecordHeader {
    pub(super) time: Timestamp,
    pub(super) severity: Severity,
}

/// The fields after the attributes.
#[derive(Debug)]
pub(super) struct RecordTrailer {
    pub(super) trace_context: Option<TraceContext>,
    pub(super) observed: Timestamp,
    pub(super) event_name: &'static str,
}

/// Writes a log record. Attributes are written between [`Self::begin`] and [`Self::finish`].
#[derive(Debug)]
pub(super) struct LogRecordWriter<'a> {
    out: &'a mut Vec<u8>,
    /// Where the record's fields begin, after the gap for their length.
    start: usize,
    /// A buffer for texts.
    scratch: &'a mut String,
}

impl Severity {
    /// Writes number and text.
    fn write(self, out: &mut Vec<u8>) {
        const NUMBER: u8 = log_record::SEVERITY_NUMBER << 3 | VARINT;
        const TEXT: u8 = log_record::SEVERITY_TEXT << 3 | LEN;
        match self {
            Self::Debug => {
                out.extend_from_slice(&[NUMBER, self as u8, TEXT, 5, b'D', b'E', b'B', b'U', b'G'])
            }
            Self::Info => {
                out.extend_from_slice(&[NUMBER, self as u8, TEXT, 4, b'I', b'N', b'F', b'O'])
            }
            Self::Warn => {
                out.extend_from_slice(&[NUMBER, self as u8, TEXT, 4, b'W', b'A', b'R', b'N'])
            }
        }
    }
}

impl<'a> LogRecordWriter<'a> {
    /// Starts a record at the end of `out`. Its body, if it has one, is to be written next.
    pub(super) fn begin(
        out: &'a mut Vec<u8>,
        header: &RecordHeader,
        scratch: &'a mut String,
    ) -> Self {
        out.extend_from_slice(&[LOG_RECORDS << 3 | LEN, 0, 0]);
        let start = out.len();
        if header.time.is_known() {
            fixed64(out, log_record::TIME, header.time.0);
        }
        header.severity.write(out);
        Self {
            out,
            start,
            scratch,
        }
    }

    /// Writes the body that is in `scratch`.
    pub(super) fn body_from_scratch(&mut self) {
        self.begin_body(self.scratch.len());
        self.out.extend_from_slice(self.scratch.as_bytes());
    }

    /// Starts a body. The caller appends its `len` bytes to the returned buffer.
    pub(super) fn begin_body(&mut self, len: usize) -> &mut Vec<u8> {
        field_header(self.out, log_record::BODY, field_len(len));
        field_header(self.out, any_value::STRING, len);
        self.out
    }

    /// Writes attributes without a record around them to the end of `out`.
    pub(super) fn attributes_only(out: &'a mut Vec<u8>, scratch: &'a mut String) -> Self {
        let start = out.len();
        Self {
            out,
            start,
            scratch,
        }
    }

    /// Completes the record.
    pub(super) fn finish(mut self, trailer: &RecordTrailer) {
        if let Some(context) = trailer.trace_context {
            self.trace_context(context);
        }
        fixed64(self.out, log_record::OBSERVED_TIME, trailer.observed.0);
        field(
            self.out,
            log_record::EVENT_NAME,
            trailer.event_name.as_bytes(),
        );
        write_length(self.out, self.start);
    }
}

impl LogRecordWriter<'_> {
    fn trace_context(&mut self, context: TraceContext) {
        if context.flags != 0 {
            fixed32(self.out, log_record::FLAGS, context.flags.into());
        }
        field(self.out, log_record::TRACE_ID, &context.trace_id);
        field(self.out, log_record::SPAN_ID, &context.parent_id);
    }
}

/// Writes the number of bytes after `start` into the gap before it, which is resized if the length
/// needs more or fewer bytes.
fn write_length(out: &mut Vec<u8>, start: usize) {
    let len = out.len() - start;
    if (0x80..0x4000).contains(&len) {
        out[start - 2] = (len & 0x7f | 0x80) as u8;
        out[start - 1] = (len >> 7) as u8;
    } else {
        let mut encoded = Vec::new();
        varint(&mut encoded, len as u64);
        out.splice(start - LENGTH_GAP..start, encoded);
    }
}

#[cfg(test)]
mod tests;
