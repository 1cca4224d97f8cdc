//! Writes one `LogRecord` (opentelemetry-proto 1.9) straight into bytes, its fields in the order of
//! their numbers, as generated encoders write them: an order of magnitude less work than building a
//! tree of messages for some twenty attributes.

use std::fmt::{Display, Write as _};

use tidegate_core::Timestamp;

use super::super::proto::{field, field_head, field_len, fixed64, integer, varint_len};

/// `ScopeLogs.log_records`
const LOG_RECORDS: u8 = 2;

/// Fields of `LogRecord`.
mod log_record {
    pub(super) const TIME: u8 = 1;
    pub(super) const SEVERITY_NUMBER: u8 = 2;
    pub(super) const SEVERITY_TEXT: u8 = 3;
    pub(super) const BODY: u8 = 5;
    pub(super) const ATTRIBUTES: u8 = 6;
    pub(super) const TRACE_ID: u8 = 9;
    pub(super) const OBSERVED_TIME: u8 = 11;
    pub(super) const EVENT_NAME: u8 = 12;
}

/// Fields of `KeyValue`.
mod key_value {
    pub(super) const KEY: u8 = 1;
    pub(super) const VALUE: u8 = 2;
}

/// Fields of `AnyValue`, and the one of `ArrayValue`.
mod any_value {
    pub(super) const STRING: u8 = 1;
    pub(super) const BOOL: u8 = 2;
    pub(super) const INT: u8 = 3;
    pub(super) const ARRAY: u8 = 5;
    pub(super) const ARRAY_VALUES: u8 = 1;
}

/// The severities that records have: number and text.
#[derive(Clone, Copy, Debug)]
pub(super) enum Severity {
    Debug = 5,
    Info = 9,
    Warn = 13,
}

/// What stands before the attributes.
#[derive(Debug)]
pub(super) struct Head<'a> {
    pub(super) time: Timestamp,
    pub(super) severity: Severity,
    pub(super) body: &'a str,
}

/// What stands behind them.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) trace_id: Option<[u8; 16]>,
    pub(super) observed: Timestamp,
    pub(super) event_name: &'static str,
}

/// A log record being written. Attributes come between [`Self::begin`] and [`Self::end`].
#[derive(Debug, Default)]
pub(super) struct Writer {
    fields: Vec<u8>,
    record: Vec<u8>,
    text: String,
}

impl Writer {
    /// Starts a record.
    pub(super) fn begin(&mut self, head: &Head<'_>) {
        let fields = &mut self.fields;
        fields.clear();
        let severity_text = match head.severity {
            Severity::Debug => "DEBUG",
            Severity::Info => "INFO",
            Severity::Warn => "WARN",
        };
        if head.time.is_known() {
            fixed64(fields, log_record::TIME, head.time.0);
        }
        integer(fields, log_record::SEVERITY_NUMBER, head.severity as u64);
        field(fields, log_record::SEVERITY_TEXT, severity_text.as_bytes());
        field_head(fields, log_record::BODY, field_len(head.body.len()));
        field(fields, any_value::STRING, head.body.as_bytes());
    }

    /// Ends the record, which [`Self::record`] then gives as a field of its envelope.
    pub(super) fn end(&mut self, tail: &Tail) {
        if let Some(trace_id) = tail.trace_id {
            field(&mut self.fields, log_record::TRACE_ID, &trace_id);
        }
        fixed64(&mut self.fields, log_record::OBSERVED_TIME, tail.observed.0);
        field(&mut self.fields, log_record::EVENT_NAME, tail.event_name.as_bytes());
        self.record.clear();
        field(&mut self.record, LOG_RECORDS, &self.fields);
    }

    /// Forgets the record that was written last.
    pub(super) fn clear(&mut self) {
        self.record.clear();
    }

    /// The record that was written last.
    pub(super) fn record(&self) -> &[u8] {
        &self.record
    }

    /// Adds a string.
    pub(super) fn text(&mut self, key: &str, value: &str) {
        self.key(key, field_len(value.len()));
        field(&mut self.fields, any_value::STRING, value.as_bytes());
    }

    /// Adds a string if there is one.
    pub(super) fn text_if_any(&mut self, key: &str, value: &str) {
        if !value.is_empty() {
            self.text(key, value);
        }
    }

    /// Adds a value as it is displayed.
    pub(super) fn shown(&mut self, key: &str, value: impl Display) {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        let _ = write!(text, "{value}");
        self.text(key, &text);
        self.text = text;
    }

    /// Adds an integer.
    pub(super) fn int(&mut self, key: &str, value: impl Into<i64>) {
        let value = value.into().cast_unsigned();
        self.key(key, 1 + varint_len(value));
        integer(&mut self.fields, any_value::INT, value);
    }

    /// Adds an integer that stands for nothing when it is zero.
    pub(super) fn int_if_any(&mut self, key: &str, value: impl Into<i64>) {
        let value = value.into();
        if value != 0 {
            self.int(key, value);
        }
    }

    /// Adds a boolean.
    pub(super) fn bool(&mut self, key: &str, value: bool) {
        self.key(key, 2);
        integer(&mut self.fields, any_value::BOOL, value.into());
    }

    /// Adds an array of strings if it has any.
    pub(super) fn list(&mut self, key: &str, values: &[impl AsRef<str>]) {
        if values.is_empty() {
            return;
        }
        let element_len = |value: &str| field_len(field_len(value.len()));
        let len = values.iter().map(|value| element_len(value.as_ref())).sum();
        self.key(key, field_len(len));
        field_head(&mut self.fields, any_value::ARRAY, len);
        for value in values {
            let value = value.as_ref();
            field_head(&mut self.fields, any_value::ARRAY_VALUES, field_len(value.len()));
            field(&mut self.fields, any_value::STRING, value.as_bytes());
        }
    }

    /// Writes an attribute up to its value, an `AnyValue` of `len` bytes.
    fn key(&mut self, key: &str, len: usize) {
        field_head(&mut self.fields, log_record::ATTRIBUTES, field_len(key.len()) + field_len(len));
        field(&mut self.fields, key_value::KEY, key.as_bytes());
        field_head(&mut self.fields, key_value::VALUE, len);
    }
}
