//! Splits an encoded request at the boundaries of its records. Requests with logs and with spans have
//! the same structure, in which only the names differ (opentelemetry-proto 1.9):
//!
//! - request: `resource_logs` or `resource_spans` = 1
//! - `ResourceLogs`, `ResourceSpans`: resource = 1, `scope_logs` or `scope_spans` = 2, schema URL = 3
//! - `ScopeLogs`, `ScopeSpans`: scope = 1, `log_records` or `spans` = 2, schema URL = 3

use crate::otlp::protobuf::{LEN, field};

/// The field with the parts of a request, of which each is of one resource.
const RESOURCE_PARTS: u64 = 1;
/// The field with the parts of one resource, of which each is of one scope; also that with the
/// records of one scope.
const INNER_PARTS: u64 = 2;

/// A field with a length, as all fields of these messages are.
#[derive(Clone, Copy)]
struct Field<'a> {
    number: u64,
    content: &'a [u8],
}

/// Splits a request into one with its first `n` records and one with the others, each with the
/// resources and scopes that its records need. `None` if the request is malformed.
pub(super) fn split(request: &[u8], n: u64) -> Option<[Vec<u8>; 2]> {
    let mut left = n;
    split_parts(request, RESOURCE_PARTS, &mut left, |resource, left| {
        split_parts(resource, INNER_PARTS, left, |scope, left| {
            split_parts(scope, INNER_PARTS, left, |record, left| {
                let record = Some(record.to_vec());
                let is_first = *left > 0;
                *left = left.saturating_sub(1);
                Some(if is_first {
                    [record, None]
                } else {
                    [None, record]
                })
            })
        })
    })
    .map(|halves| halves.map(Option::unwrap_or_default))
}

/// The number of records in a request; `None` if it is malformed.
pub(super) fn count(request: &[u8]) -> Option<u64> {
    let mut n = 0;
    for resource in parts(request, RESOURCE_PARTS)? {
        for scope in parts(resource, INNER_PARTS)? {
            n += parts(scope, INNER_PARTS)?.len() as u64;
        }
    }
    Some(n)
}

/// The halves of a message; `None` for one without records.
type Halves = [Option<Vec<u8>>; 2];

/// Splits a message whose parts are in the field `number`. Other fields go into both halves.
fn split_parts(
    message: &[u8],
    number: u64,
    left: &mut u64,
    mut split_part: impl FnMut(&[u8], &mut u64) -> Option<Halves>,
) -> Option<Halves> {
    let mut halves = [Vec::new(), Vec::new()];
    let mut has_parts = [false; 2];
    for one in fields(message)? {
        if one.number == number {
            let parts = split_part(one.content, left)?;
            for (at, part) in parts.into_iter().enumerate() {
                let Some(part) = part else { continue };
                has_parts[at] = true;
                field(&mut halves[at], u8::try_from(number).ok()?, &part);
            }
        } else {
            let number = u8::try_from(one.number)
                .ok()
                .filter(|number| *number < 16)?;
            for half in &mut halves {
                field(half, number, one.content);
            }
        }
    }
    let [first, second] = halves;
    Some([
        has_parts[0].then_some(first),
        has_parts[1].then_some(second),
    ])
}

/// The contents of the fields of this number.
fn parts(message: &[u8], number: u64) -> Option<Vec<&[u8]>> {
    let fields = fields(message)?.into_iter();
    let wanted = fields.filter(|one| one.number == number);
    Some(wanted.map(|one| one.content).collect())
}

/// The fields of a message; `None` if one has no length or is cut off.
fn fields(mut message: &[u8]) -> Option<Vec<Field<'_>>> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let tag = read_varint(&mut message)?;
        let len = usize::try_from(read_varint(&mut message)?).ok()?;
        if tag & 7 != u64::from(LEN) {
            return None;
        }
        let content = message.split_off(..len)?;
        fields.push(Field {
            number: tag >> 3,
            content,
        });
    }
    Some(fields)
}

fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.split_off_first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
    use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
    use opentelemetry_proto::tonic::resource::v1::Resource;
    use prost::Message as _;

    use super::{count, split};

    /// A request with as many records as these numbers for each scope of each resource.
    fn request(resources: &[&[u64]]) -> ExportLogsServiceRequest {
        let mut time = 0;
        let mut records = |n: u64| {
            let mut record = || {
                time += 1;
                LogRecord {
                    time_unix_nano: time,
                    event_name: "hubble.flow".repeat(30),
                    ..LogRecord::default()
                }
            };
            (0..n).map(|_| record()).collect()
        };
        let mut scope = |n: &u64| ScopeLogs {
            scope: Some(InstrumentationScope {
                name: "tidegate".to_owned(),
                ..InstrumentationScope::default()
            }),
            log_records: records(*n),
            schema_url: "https://scope".to_owned(),
        };
        let resource = |scopes: &&[u64]| ResourceLogs {
            resource: Some(Resource::default()),
            scope_logs: scopes.iter().map(&mut scope).collect(),
            schema_url: "https://resource".to_owned(),
        };
        ExportLogsServiceRequest {
            resource_logs: resources.iter().map(resource).collect(),
        }
    }

    fn times(request: &ExportLogsServiceRequest) -> Vec<u64> {
        let scopes = request.resource_logs.iter().flat_map(|logs| {
            assert_eq!(logs.schema_url, "https://resource");
            assert!(logs.resource.is_some());
            &logs.scope_logs
        });
        let records = scopes.flat_map(|logs| {
            assert_eq!(logs.schema_url, "https://scope");
            assert_eq!(logs.scope.as_ref().map(|scope| scope.name.len()), Some(8));
            &logs.log_records
        });
        records.map(|record| record.time_unix_nano).collect()
    }

    #[test]
    fn every_record_is_in_one_half_with_its_resource_and_scope() {
        for resources in [&[&[5_u64][..]][..], &[&[2, 3], &[1]], &[&[1]], &[]] {
            let request = request(resources);
            let all = times(&request);
            let bytes = request.encode_to_vec();
            assert_eq!(count(&bytes), Some(all.len() as u64));
            for n in 0..=all.len() {
                let halves = split(&bytes, n as u64).expect("a valid request");
                let [first, second] =
                    halves.map(|half| ExportLogsServiceRequest::decode(&half[..]).expect("valid"));
                assert_eq!(
                    [times(&first), times(&second)],
                    [&all[..n], &all[n..]],
                    "{n}"
                );
            }
        }
    }

    #[test]
    fn a_malformed_request_is_not_split() {
        let bytes = request(&[&[2, 1]]).encode_to_vec();
        for len in 1..bytes.len() {
            assert_eq!(split(&bytes[..len], 1), None, "{len}");
        }
        assert_eq!(split(&[0x08, 0x01], 1), None, "no length");
    }
}
