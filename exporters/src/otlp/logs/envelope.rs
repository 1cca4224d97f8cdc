//! The bytes around the records of a request: `ExportLogsServiceRequest` with one
//! `ResourceLogs` with one `ScopeLogs` (opentelemetry-proto 1.9). Resource and scope are encoded
//! once. `ExportTraceServiceRequest` has the same fields with the same numbers, so it serves for
//! spans, too.

use prost::Message;

use crate::otlp::mapping::SCHEMA_URL;
use crate::otlp::protobuf::{field, field_header, field_len};
use crate::otlp::resource::{ResourceAttributes, scope};

/// `ExportLogsServiceRequest.resource_logs`
const RESOURCE_LOGS: u8 = 1;
/// `ResourceLogs.resource`
const RESOURCE: u8 = 1;
/// `ResourceLogs.scope_logs`
const SCOPE_LOGS: u8 = 2;
/// `ScopeLogs.scope`
const SCOPE: u8 = 1;

/// `ResourceLogs.schema_url` and `ScopeLogs.schema_url`
const SCHEMA: u8 = 3;

/// The encoded fields that precede the records.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    resource: Vec<u8>,
    scope: Vec<u8>,
}

impl Envelope {
    pub(crate) fn new(resource: &ResourceAttributes) -> Self {
        Self {
            resource: encoded_field(RESOURCE, &resource.to_message()),
            scope: encoded_field(SCOPE, &scope()),
        }
    }

    /// Returns the most bytes of encoded records that fit into a request of `max_bytes`.
    pub(super) fn max_records_len(&self, max_bytes: usize) -> usize {
        let overhead = self.len(max_bytes) - max_bytes;
        let fits = |records: &usize| self.len(*records) <= max_bytes;
        (max_bytes.saturating_sub(overhead)..max_bytes)
            .take_while(fits)
            .last()
            .unwrap_or(0)
    }

    /// Returns an upper bound of the length of [`Self::header`].
    pub(super) fn max_header_len(&self) -> usize {
        const MAX_FIELD_HEADER_LEN: usize = 11;
        2 * MAX_FIELD_HEADER_LEN + self.resource.len() + self.scope.len()
    }

    /// Returns the bytes before `records` bytes of encoded records, which end the request.
    pub(super) fn header(&self, records: usize) -> Vec<u8> {
        let mut header = Vec::with_capacity(self.max_header_len());
        field_header(&mut header, RESOURCE_LOGS, self.resource_logs_len(records));
        header.extend_from_slice(&self.resource);
        field_header(&mut header, SCOPE_LOGS, self.scope.len() + records);
        header.extend_from_slice(&self.scope);
        header
    }

    fn len(&self, records: usize) -> usize {
        field_len(self.resource_logs_len(records))
    }

    fn resource_logs_len(&self, records: usize) -> usize {
        self.resource.len() + field_len(self.scope.len() + records)
    }
}

/// Encodes a message as a field, followed by the URL of the schema of its attributes.
fn encoded_field(number: u8, message: &impl Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    field(&mut bytes, number, &message.encode_to_vec());
    field(&mut bytes, SCHEMA, SCHEMA_URL.as_bytes());
    bytes
}
