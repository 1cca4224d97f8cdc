//! Reads a `LogRecord` of any variant.
//!
//! Fields are matched by name, unknown ones are skipped, those that were not sent stay empty. A field
//! of another type is an error, as in Go, but only in a record that has it.

use super::decode_l7::{dns, http, kafka, l7};
use super::{Endpoint, Error, IpPort, LogRecord, MESSAGE_TYPE, NodeAddresses, ServiceInfo, Variant};
use crate::gob::{Documents, Type, Value};

/// Bytes of one record, at most.
///
/// A decoded record can take some thirty times its bytes, when a list holds nothing but empty texts.
pub const MAX_RECORD: usize = 1024 * 1024;

/// Decodes records, and remembers the type definitions that come with every one.
#[derive(Debug, Default)]
pub struct Decoder {
    documents: Documents,
}

impl Decoder {
    /// Decodes the data of a payload, its first byte included.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn decode(&mut self, data: &[u8]) -> Result<LogRecord, Error> {
        let stream = match data {
            [MESSAGE_TYPE, stream @ ..] => stream,
            _ => return Err(Error::NotAccessLog(data.first().copied())),
        };
        if data.len() > MAX_RECORD {
            return Err(Error::TooLarge { length: data.len() });
        }
        let mut document = self.documents.open(stream)?;
        let variant = Variant::of(document.schema(), document.id())?;
        Ok(LogRecord { variant, ..record(document.value())? })
    }
}

fn record(value: Value<'_, '_>) -> Result<LogRecord, Error> {
    structure(value, |record: &mut LogRecord, name, field| {
        match name {
            "Type" => record.kind = text(field)?,
            "Timestamp" => record.timestamp = text(field)?,
            "NodeAddressInfo" => record.node = node(field)?,
            "ObservationPoint" => record.observation_point = text(field)?,
            "SourceEndpoint" => record.source = endpoint(field)?,
            "DestinationEndpoint" => record.destination = endpoint(field)?,
            "IPVersion" => record.ip_version = narrow(field.uint()?, "IPVersion")?,
            "Verdict" => record.verdict = text(field)?,
            "Info" => record.info = text(field)?,
            "Metadata" => record.metadata = list(field, text)?,
            "TransportProtocol" => {
                record.transport_protocol = narrow(field.uint()?, "TransportProtocol")?;
            }
            "FlowEvent" => record.flow_event = text(field)?,
            "ServiceInfo" => record.service = Some(service(field)?),
            "DropReason" => record.drop_reason = Some(narrow(field.uint()?, "DropReason")?),
            "HTTP" => record.http = Some(http(field)?),
            "Kafka" => record.kafka = Some(kafka(field)?),
            "DNS" => record.dns = Some(dns(field)?),
            "L7" => record.l7 = Some(l7(field)?),
            _ => field.skip()?,
        }
        Ok(())
    })
}

fn node(value: Value<'_, '_>) -> Result<NodeAddresses, Error> {
    structure(value, |node: &mut NodeAddresses, name, field| {
        match name {
            "IPv4" => node.ipv4 = text(field)?,
            "IPv6" => node.ipv6 = text(field)?,
            _ => field.skip()?,
        }
        Ok(())
    })
}

fn endpoint(value: Value<'_, '_>) -> Result<Endpoint, Error> {
    structure(value, |endpoint: &mut Endpoint, name, field| {
        match name {
            "ID" => endpoint.id = field.uint()?,
            "IPv4" => endpoint.ipv4 = text(field)?,
            "IPv6" => endpoint.ipv6 = text(field)?,
            "Port" => endpoint.port = narrow(field.uint()?, "Port")?,
            "Identity" => endpoint.identity = field.uint()?,
            "Labels" => endpoint.labels = list(field, label)?,
            _ => field.skip()?,
        }
        Ok(())
    })
}

/// A label as text, whether it comes as text or in its parts.
fn label(value: Value<'_, '_>) -> Result<String, Error> {
    if *value.ty()? == Type::String {
        return text(value);
    }
    let (mut source, mut key, mut content) = (&[][..], &[][..], &[][..]);
    value.fields(|name, field| {
        match name {
            "Source" => source = field.string()?,
            "Key" => key = field.string()?,
            "Value" => content = field.string()?,
            _ => field.skip()?,
        }
        Ok::<_, Error>(())
    })?;
    let mut label = String::with_capacity(source.len() + key.len() + content.len() + 2);
    push_lossy(&mut label, source);
    label.push(':');
    push_lossy(&mut label, key);
    if !content.is_empty() {
        label.push('=');
        push_lossy(&mut label, content);
    }
    Ok(label)
}

fn service(value: Value<'_, '_>) -> Result<ServiceInfo, Error> {
    structure(value, |service: &mut ServiceInfo, name, field| {
        match name {
            "Name" => service.name = text(field)?,
            "IPPort" => service.ip_port = ip_port(field)?,
            _ => field.skip()?,
        }
        Ok(())
    })
}

fn ip_port(value: Value<'_, '_>) -> Result<IpPort, Error> {
    structure(value, |ip_port: &mut IpPort, name, field| {
        match name {
            "IP" => ip_port.ip = text(field)?,
            "Port" => ip_port.port = narrow(field.uint()?, "Port")?,
            _ => field.skip()?,
        }
        Ok(())
    })
}

/// A struct, built by giving `set` each field's name and value.
pub(super) fn structure<T: Default>(
    value: Value<'_, '_>,
    mut set: impl FnMut(&mut T, &str, Value<'_, '_>) -> Result<(), Error>,
) -> Result<T, Error> {
    let mut built = T::default();
    value.fields(|name, field| set(&mut built, name, field))?;
    Ok(built)
}

pub(super) fn list<T>(
    value: Value<'_, '_>,
    mut element: impl FnMut(Value<'_, '_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut items = Vec::new();
    value.elements(|item| element(item).map(|item| items.push(item)))?;
    Ok(items)
}

pub(super) fn text(value: Value<'_, '_>) -> Result<String, Error> {
    Ok(lossy(value.string()?))
}

pub(super) fn lossy(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    push_lossy(&mut text, bytes);
    text
}

fn push_lossy(text: &mut String, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(valid) => text.push_str(valid),
        Err(_) => text.push_str(&String::from_utf8_lossy(bytes)),
    }
}

/// A number in the width that Cilium's field has.
pub(super) fn narrow<W, N: TryFrom<W>>(wide: W, field: &'static str) -> Result<N, Error> {
    N::try_from(wide).map_err(|_| Error::OutOfRange(field))
}
