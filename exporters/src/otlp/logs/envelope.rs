//! What stands around the log records of a request: `ExportLogsServiceRequest` with one `ResourceLogs`
//! with one `ScopeLogs`, after opentelemetry-proto 1.9. Resource and scope are encoded once.

use bytes::Bytes;
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
        field(&mut resource_field, RESOURCE, &origin.resource().encode_to_vec());
        field(&mut scope_field, SCOPE, &scope().encode_to_vec());
        Self { resource: resource_field, scope: scope_field }
    }

    /// Bytes of a request whose encoded records are `records` bytes together.
    pub(in super::super) fn len(&self, records: usize) -> usize {
        field_len(self.resource_logs_len(records))
    }

    /// What stands before the records, which end the request.
    pub(in super::super) fn head(&self, records: usize) -> Bytes {
        let mut head = Vec::with_capacity(self.resource.len() + self.scope.len() + 16);
        field_head(&mut head, RESOURCE_LOGS, self.resource_logs_len(records));
        head.extend_from_slice(&self.resource);
        field_head(&mut head, SCOPE_LOGS, self.scope.len() + records);
        head.extend_from_slice(&self.scope);
        head.into()
    }

    fn resource_logs_len(&self, records: usize) -> usize {
        self.resource.len() + field_len(self.scope.len() + records)
    }
}
