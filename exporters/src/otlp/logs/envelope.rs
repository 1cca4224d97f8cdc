//! What stands around the log records of a request: `ExportLogsServiceRequest` with one
//! `ResourceLogs` with one `ScopeLogs`, after opentelemetry-proto 1.9. Resource and scope are
//! encoded once.

use prost::Message;

use super::super::proto::{field, field_head, field_len};
use super::super::resource::{Origin, scope};

/// `ExportLogsServiceRequest.resource_logs`
const RESOURCE_LOGS: u8 = 1;
/// `ResourceLogs.resource`
const RESOURCE: u8 = 1;
/// `ResourceLogs.scope_logs`
const SCOPE_LOGS: u8 = 2;
/// `ScopeLogs.scope`
const SCOPE: u8 = 1;

/// The encoded fields before the records.
#[derive(Debug)]
pub(in super::super) struct Envelope {
    resource: Vec<u8>,
    scope: Vec<u8>,
}

impl Envelope {
    pub(in super::super) fn new(origin: &Origin) -> Self {
        let (mut resource_field, mut scope_field) = (Vec::new(), Vec::new());
        field(
            &mut resource_field,
            RESOURCE,
            &origin.resource().encode_to_vec(),
        );
        field(&mut scope_field, SCOPE, &scope().encode_to_vec());
        Self {
            resource: resource_field,
            scope: scope_field,
        }
    }

    /// The most bytes of encoded records that a request of `bytes` has room for.
    pub(in super::super) fn room(&self, bytes: usize) -> usize {
        let overhead = self.len(bytes) - bytes;
        let fits = |records: &usize| self.len(*records) <= bytes;
        (bytes.saturating_sub(overhead)..bytes)
            .take_while(fits)
            .last()
            .unwrap_or(0)
    }

    /// No [`Self::head`] is longer.
    pub(in super::super) fn head_room(&self) -> usize {
        const FIELD: usize = 11;
        2 * FIELD + self.resource.len() + self.scope.len()
    }

    /// What stands before `records` bytes of encoded records, which end the request.
    pub(in super::super) fn head(&self, records: usize) -> Vec<u8> {
        let mut head = Vec::with_capacity(self.head_room());
        field_head(&mut head, RESOURCE_LOGS, self.resource_logs_len(records));
        head.extend_from_slice(&self.resource);
        field_head(&mut head, SCOPE_LOGS, self.scope.len() + records);
        head.extend_from_slice(&self.scope);
        head
    }

    fn len(&self, records: usize) -> usize {
        field_len(self.resource_logs_len(records))
    }

    fn resource_logs_len(&self, records: usize) -> usize {
        self.resource.len() + field_len(self.scope.len() + records)
    }
}
