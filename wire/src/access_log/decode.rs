//! Reads a `LogRecord` of any variant.
//!
//! Fields are matched by name, unknown ones are skipped, those that were not sent stay empty. A
//! field of another type is an error, as in Go, but only in a record that has it.

use super::decode_l7::{dns, http, kafka, l7};
use super::labels::{Labels, Memory};
use super::lists::Texts;
use super::view::{
    DnsView, EndpointView, HttpView, KafkaView, L7View, NodeView, ServiceView, View,
};
use super::{Error, LogRecord, MESSAGE_TYPE, Variant, tag};
use crate::gob::{Documents, TypeId, Value};
use crate::text::Text;

/// Bytes of one record, at most.
///
/// A [`LogRecord`] can take some thirty times its bytes, when a list holds nothing but empty texts;
/// a [`View`] takes none.
pub const MAX_RECORD: usize = 1024 * 1024;

/// Reads records, and remembers the type definitions that come with every one.
#[derive(Debug)]
pub struct Decoder {
    documents: Documents<Remembered>,
}

/// What goes with one set of definitions.
#[derive(Debug, Default)]
struct Remembered {
    /// The variant of the last record, by its type.
    variant: Option<(TypeId, Variant)>,
    labels: Memory,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            documents: Documents::with_tags(tag::of),
        }
    }
}

impl Decoder {
    /// Reads the data of a payload, its first byte included.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn read<'a>(&'a mut self, data: &'a [u8]) -> Result<View<'a>, Error> {
        let stream = match data {
            [MESSAGE_TYPE, stream @ ..] => stream,
            _ => return Err(Error::NotAccessLog(data.first().copied())),
        };
        if data.len() > MAX_RECORD {
            return Err(Error::TooLarge { length: data.len() });
        }
        let mut document = self.documents.open(stream)?;
        let (id, schema, serial) = (document.id(), document.schema, document.serial);
        let (value, remembered) = document.parts();
        let variant = match remembered.variant {
            Some((known, variant)) if known == id => variant,
            _ => Variant::of(schema, id)?,
        };
        remembered.variant = Some((id, variant));
        let mut view = View {
            variant,
            ..View::default()
        };
        record(value, &mut view, &mut remembered.labels)?;
        view.source.labels = view.source.labels.of_definitions(serial);
        view.destination.labels = view.destination.labels.of_definitions(serial);
        Ok(view)
    }

    /// Decodes the data of a payload into a record of its own.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn decode(&mut self, data: &[u8]) -> Result<LogRecord, Error> {
        self.read(data).map(|view| view.to_record())
    }
}

#[inline(never)]
fn record<'a>(value: Value<'_, 'a>, view: &mut View<'a>, labels: &mut Memory) -> Result<(), Error> {
    let mut fields = value.tagged()?;
    while let Some((tag, field)) = fields.next()? {
        match tag {
            tag::TYPE => view.kind = text(field)?,
            tag::TIMESTAMP => view.timestamp = text(field)?,
            tag::NODE_ADDRESS_INFO => node(field, &mut view.node)?,
            tag::OBSERVATION_POINT => view.observation_point = text(field)?,
            tag::SOURCE_ENDPOINT => endpoint(field, &mut view.source, labels)?,
            tag::DESTINATION_ENDPOINT => endpoint(field, &mut view.destination, labels)?,
            tag::IP_VERSION => view.ip_version = narrow(field.tagged_uint()?, "IPVersion")?,
            tag::VERDICT => view.verdict = text(field)?,
            tag::INFO => view.info = text(field)?,
            tag::METADATA => view.metadata = texts(field)?,
            tag::TRANSPORT_PROTOCOL => {
                view.transport_protocol = narrow(field.tagged_uint()?, "TransportProtocol")?
            }
            tag::FLOW_EVENT => view.flow_event = text(field)?,
            tag::SERVICE_INFO => service(field, view.service.insert(ServiceView::default()))?,
            tag::DROP_REASON => {
                view.drop_reason = Some(narrow(field.tagged_uint()?, "DropReason")?)
            }
            tag::HTTP => http(field, view.http.insert(HttpView::default()))?,
            tag::KAFKA => kafka(field, view.kafka.insert(KafkaView::default()))?,
            tag::DNS => dns(field, view.dns.insert(DnsView::default()))?,
            tag::L7 => l7(field, view.l7.insert(L7View::default()))?,
            _ => tag::pass(
                tag,
                field,
                &[
                    tag::TYPE,
                    tag::TIMESTAMP,
                    tag::NODE_ADDRESS_INFO,
                    tag::OBSERVATION_POINT,
                    tag::SOURCE_ENDPOINT,
                    tag::DESTINATION_ENDPOINT,
                    tag::IP_VERSION,
                    tag::VERDICT,
                    tag::INFO,
                    tag::METADATA,
                    tag::TRANSPORT_PROTOCOL,
                    tag::FLOW_EVENT,
                    tag::SERVICE_INFO,
                    tag::DROP_REASON,
                    tag::HTTP,
                    tag::KAFKA,
                    tag::DNS,
                    tag::L7,
                ],
            )?,
        }
    }
    Ok(())
}

fn node<'a>(value: Value<'_, 'a>, node: &mut NodeView<'a>) -> Result<(), Error> {
    let mut fields = value.tagged()?;
    while let Some((tag, field)) = fields.next()? {
        match tag {
            tag::IPV4 => node.ipv4 = text(field)?,
            tag::IPV6 => node.ipv6 = text(field)?,
            _ => tag::pass(tag, field, &[tag::IPV4, tag::IPV6])?,
        }
    }
    Ok(())
}

fn endpoint<'a>(
    value: Value<'_, 'a>,
    endpoint: &mut EndpointView<'a>,
    labels: &mut Memory,
) -> Result<(), Error> {
    let mut fields = value.tagged()?;
    while let Some((tag, field)) = fields.next()? {
        match tag {
            tag::ID => endpoint.id = field.tagged_uint()?,
            tag::IPV4 => endpoint.ipv4 = text(field)?,
            tag::IPV6 => endpoint.ipv6 = text(field)?,
            tag::PORT => endpoint.port = narrow(field.tagged_uint()?, "Port")?,
            tag::IDENTITY => endpoint.identity = field.tagged_uint()?,
            tag::LABELS => endpoint.labels = Labels::read(field, endpoint.identity, labels)?,
            _ => tag::pass(
                tag,
                field,
                &[
                    tag::ID,
                    tag::IPV4,
                    tag::IPV6,
                    tag::PORT,
                    tag::IDENTITY,
                    tag::LABELS,
                ],
            )?,
        }
    }
    Ok(())
}

fn service<'a>(value: Value<'_, 'a>, service: &mut ServiceView<'a>) -> Result<(), Error> {
    let mut fields = value.tagged()?;
    while let Some((tag, field)) = fields.next()? {
        match tag {
            tag::NAME => service.name = text(field)?,
            tag::IP_PORT => ip_port(field, service)?,
            _ => tag::pass(tag, field, &[tag::NAME, tag::IP_PORT])?,
        }
    }
    Ok(())
}

fn ip_port<'a>(value: Value<'_, 'a>, service: &mut ServiceView<'a>) -> Result<(), Error> {
    let mut fields = value.tagged()?;
    while let Some((tag, field)) = fields.next()? {
        match tag {
            tag::IP => service.ip = text(field)?,
            tag::PORT => service.port = narrow(field.tagged_uint()?, "Port")?,
            _ => tag::pass(tag, field, &[tag::IP, tag::PORT])?,
        }
    }
    Ok(())
}

pub(super) fn texts<'a>(value: Value<'_, 'a>) -> Result<Texts<'a>, Error> {
    list(value, |text| text.string().map(drop)).map(Texts)
}

/// The bytes of a list whose elements `check` reads.
pub(super) fn list<'a, E>(
    value: Value<'_, 'a>,
    mut check: impl FnMut(Value<'_, 'a>) -> Result<(), E>,
) -> Result<&'a [u8], Error>
where
    Error: From<E>,
{
    let (bytes, _) =
        value.bytes(|list| list.elements(|element| check(element).map_err(Error::from)))?;
    Ok(bytes)
}

/// A field whose tag says that it is a text.
#[inline(always)]
pub(super) fn text<'a>(value: Value<'_, 'a>) -> Result<Text<'a>, Error> {
    Ok(Text(value.tagged_string()?))
}

/// A number in the width that Cilium's field has.
#[inline]
pub(super) fn narrow<W, N: TryFrom<W>>(wide: W, field: &'static str) -> Result<N, Error> {
    N::try_from(wide).map_err(|_| Error::OutOfRange(field))
}
